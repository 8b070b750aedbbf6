//! The digest's own words, in the language of the results. Knows nothing of items.

use crate::language::Language;

/// Words and phrases of the page around the items.
pub(super) struct Words {
    pub notice: &'static str,
    pub filter: &'static str,
    pub items: &'static str,
    pub original: &'static str,
    pub intermediate: &'static str,
    pub article: &'static str,
    pub models: &'static str,
}

const ENGLISH: Words = Words {
    notice: "Summaries and translations made by a machine. Check before use.",
    filter: "Only items with doubts",
    items: "Items",
    original: "Original headline",
    intermediate: "Summary before it was translated",
    article: "The article",
    models: "Made with",
};

const KOREAN: Words = Words {
    notice: "기계가 요약하고 번역한 글입니다. 쓰기 전에 확인하십시오.",
    filter: "확인할 점이 있는 기사만 보기",
    items: "기사 목록",
    original: "원래 제목",
    intermediate: "번역하기 전의 요약",
    article: "기사 원문",
    models: "모델",
};

/// The words in a language.
pub(super) fn words(language: Language) -> &'static Words {
    match language {
        Language::English => &ENGLISH,
        Language::Korean => &KOREAN,
    }
}

impl Words {
    /// How many doubts an item has: "2 doubts".
    pub fn doubts(language: Language, count: usize) -> String {
        match language {
            Language::English => plural(count, "doubt"),
            Language::Korean => format!("확인할 점 {count}개"),
        }
    }

    /// What a digest holds: all items, those with doubts, those that failed, and those shown.
    pub fn figures(language: Language, [all, doubtful, failed, shown]: [usize; 4]) -> String {
        let part = |count: usize, words: String| (count > 0).then_some(words);
        let hidden = (shown < all).then_some(());
        let parts = match language {
            Language::English => [
                Some(plural(all, "item")),
                part(doubtful, format!("{doubtful} with doubts")),
                part(failed, format!("{failed} failed (failed.jsonl says why)")),
                hidden.map(|()| format!("the last {shown} are shown, all are in items.jsonl")),
            ],
            Language::Korean => [
                Some(format!("기사 {all}건")),
                part(doubtful, format!("확인할 점이 있는 기사 {doubtful}건")),
                part(failed, format!("실패 {failed}건(이유는 failed.jsonl)")),
                hidden.map(|()| format!("마지막 {shown}건만 보임(전부는 items.jsonl)")),
            ],
        };
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}
