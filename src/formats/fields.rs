//! Names of the fields of a record, by their role.

/// Field names of a record by role. Of several names, the first with a value is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields {
    /// Names of the identifier.
    pub id: Vec<String>,
    /// Names of the headline.
    pub title: Vec<String>,
    /// Names of the text.
    pub text: Vec<String>,
}

impl Default for Fields {
    fn default() -> Self {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_string()).collect();
        Self {
            id: names(&[
                "id",
                "guid",
                "번호",
                "기사번호",
                "아이디",
                "기사아이디",
                "문서번호",
                "일련번호",
            ]),
            title: names(&["title", "headline", "제목", "기사제목", "표제", "헤드라인"]),
            text: names(&[
                "text",
                "body",
                "content",
                "article",
                "본문",
                "내용",
                "기사",
                "기사본문",
                "기사내용",
                "기사전문",
                "원문",
                "전문",
            ]),
        }
    }
}
