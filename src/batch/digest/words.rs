//! The words of the digest in the language of the results. Knows nothing of items.

use crate::language::Language;

/// Headings and labels.
pub(super) struct Words {
    pub notice: &'static str,
    pub filter: &'static str,
    pub items: &'static str,
    pub original: &'static str,
    pub intermediate: &'static str,
    pub article: &'static str,
    pub support: &'static str,
    /// Before the other items of a story.
    pub also: &'static str,
    pub models: &'static str,
}

const ENGLISH: Words = Words {
    notice: "Machine-generated summaries and translations. Check before publication.",
    filter: "Show only items to check",
    items: "Contents",
    original: "Original headline",
    intermediate: "Summary before translation",
    article: "Full article",
    support: "Supported by",
    also: "Also in",
    models: "Models:",
};

const KOREAN: Words = Words {
    notice: "기계가 요약하고 번역한 기사입니다. 보도하기 전에 확인하십시오.",
    filter: "확인이 필요한 기사만 보기",
    items: "차례",
    original: "원래 제목",
    intermediate: "번역 전 요약",
    article: "기사 원문",
    support: "근거 문장",
    also: "같은 소식",
    models: "모델:",
};

/// The words in a language.
pub(super) fn words(language: Language) -> &'static Words {
    match language {
        Language::English => &ENGLISH,
        Language::Korean => &KOREAN,
    }
}

impl Words {
    /// Number of findings that put an item in doubt: "2 points to check".
    pub fn doubts(language: Language, count: usize) -> String {
        match language {
            Language::English => format!("{} to check", plural(count, "point")),
            Language::Korean => format!("확인할 점 {count}개"),
        }
    }

    /// Numbers of all items, of items to check, of failed items, and of items in the digest.
    pub fn figures(language: Language, [all, doubtful, failed, shown]: [usize; 4]) -> String {
        let part = |count: usize, text: String| (count > 0).then_some(text);
        let hidden = |text: String| (shown < all).then_some(text);
        let parts = match language {
            Language::English => [
                Some(plural(all, "item")),
                part(doubtful, format!("{doubtful} to check")),
                part(failed, format!("{failed} failed (reasons in failed.jsonl)")),
                hidden(format!("latest {shown} shown (all in items.jsonl)")),
            ],
            Language::Korean => [
                Some(format!("기사 {all}건")),
                part(doubtful, format!("확인 필요 {doubtful}건")),
                part(failed, format!("실패 {failed}건(이유는 failed.jsonl)")),
                hidden(format!("최근 {shown}건만 표시(전체는 items.jsonl)")),
            ],
        };
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}
