//! The words of the digest in the language of the results. Knows nothing of items.

use crate::batch::desk_use::{DeskUse, UnusedTerm};
use crate::checks::GlossaryUse;
use crate::desk::Origin;
use crate::language::Language;
use crate::outcome::MemoryUse;

/// Headings and labels.
pub(super) struct Words {
    /// Of the page.
    pub title: &'static str,
    pub notice: &'static str,
    pub filters: &'static str,
    pub filter: &'static str,
    pub items: &'static str,
    pub original: &'static str,
    pub intermediate: &'static str,
    pub article: &'static str,
    pub support: &'static str,
    /// Before the other items of a story.
    pub also: &'static str,
    pub models: &'static str,
    /// Of the filters by language and by source.
    pub language: &'static str,
    pub source: &'static str,
    pub all: &'static str,
    /// Of the link to the cards.
    pub top: &'static str,
}

const ENGLISH: Words = Words {
    title: "News digest",
    notice: "Machine-generated summaries and translations. Check before publication.",
    filters: "Filters",
    filter: "Only items to check",
    items: "Contents",
    original: "Original headline",
    intermediate: "Summary before translation",
    article: "Full article",
    support: "Supported by",
    also: "Also in",
    models: "Models:",
    language: "Language of the article",
    source: "Source",
    all: "All",
    top: "Back to all items",
};

const KOREAN: Words = Words {
    title: "뉴스 다이제스트",
    notice: "기계가 요약하고 번역한 기사입니다. 보도하기 전에 확인하십시오.",
    filters: "거르기",
    filter: "확인할 기사만",
    items: "차례",
    original: "원래 제목",
    intermediate: "번역 전 요약",
    article: "기사 원문",
    support: "근거 문장",
    also: "같은 소식",
    models: "모델:",
    language: "기사 언어",
    source: "출처",
    all: "전체",
    top: "전체 기사로",
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

    /// What items owe to the desk's memory: "Memory: 3 of 8 segments reused". `None` if nothing.
    pub fn memory(language: Language, owed: &DeskUse) -> Option<String> {
        let DeskUse { segments, confirmed, imported, after_examples, nearest_example, .. } = *owed;
        let reused = confirmed + imported;
        let part = |count: usize, text: String| (count > 0).then_some(text);
        let origins = match language {
            Language::English => [
                part(confirmed, format!("{confirmed} confirmed")),
                part(imported, format!("{imported} imported")),
            ],
            Language::Korean => [
                part(confirmed, format!("확정 {confirmed}개")),
                part(imported, format!("가져온 번역 {imported}개")),
            ],
        };
        let origins = origins.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let nearest = nearest_example.unwrap_or_default();
        let parts = match language {
            Language::English => [
                part(
                    reused,
                    format!("{reused} of {} reused ({origins})", plural(segments, "segment")),
                ),
                part(
                    after_examples,
                    format!("{after_examples} written after examples (nearest {nearest} %)"),
                ),
            ],
            Language::Korean => [
                part(reused, format!("세그먼트 {segments}개 중 {reused}개 재사용({origins})")),
                part(
                    after_examples,
                    format!("{after_examples}개는 비슷한 번역을 참고(최고 {nearest}%)"),
                ),
            ],
        };
        let parts = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let label = match language {
            Language::English => "Memory",
            Language::Korean => "번역 메모리",
        };
        (!parts.is_empty()).then(|| format!("{label}: {parts}"))
    }

    /// How items used the glossary: "Terms: 7 of 8 as prescribed". `None` if no term occurs.
    pub fn terms(
        language: Language,
        GlossaryUse { terms, used }: GlossaryUse,
        unused: &[UnusedTerm<'_>],
    ) -> Option<String> {
        /// Terms that are named.
        const MAX_NAMED: usize = 8;
        let named = unused.iter().take(MAX_NAMED);
        let mut named: Vec<String> =
            named.map(|unused| format!("{} → {}", unused.term, unused.prescribed)).collect();
        if unused.len() > MAX_NAMED {
            named.push("…".into());
        }
        let named = named.join(", ");
        let (counts, others) = match language {
            Language::English => {
                (format!("Terms: {used} of {terms} as prescribed"), "; not as prescribed: ")
            }
            Language::Korean => {
                (format!("용어: {terms}개 중 {used}개 용어집대로"), "; 다르게 번역됨: ")
            }
        };
        let others = if named.is_empty() { String::new() } else { format!("{others}{named}") };
        (terms > 0).then(|| counts + &others)
    }

    /// What one segment owes to the memory: "confirmed translation", "example 85 %".
    pub fn segment(language: Language, memory: &MemoryUse) -> Option<String> {
        let nearest = memory.examples.iter().max();
        Some(match (language, memory.reused) {
            (Language::English, Some(Origin::Confirmed)) => "confirmed translation".into(),
            (Language::Korean, Some(Origin::Confirmed)) => "확정 번역".into(),
            (Language::English, Some(Origin::Imported)) => "imported translation".into(),
            (Language::Korean, Some(Origin::Imported)) => "가져온 번역".into(),
            (Language::English, _) => format!("example {} %", nearest?),
            (Language::Korean, _) => format!("참고 번역 {}%", nearest?),
        })
    }
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_owed_to_the_desk_is_a_sentence_in_both_languages() {
        let owed = DeskUse {
            segments: 8,
            confirmed: 2,
            imported: 1,
            after_examples: 2,
            nearest_example: Some(85),
            ..DeskUse::default()
        };
        let unused = [UnusedTerm { term: "harbour", prescribed: "항만" }];
        let used = GlossaryUse { terms: 8, used: 7 };
        let sentences = |language| {
            [Words::memory(language, &owed), Words::terms(language, used, &unused)]
                .map(Option::unwrap_or_default)
        };
        assert_eq!(
            sentences(Language::English),
            [
                "Memory: 3 of 8 segments reused (2 confirmed, 1 imported), \
                 2 written after examples (nearest 85 %)",
                "Terms: 7 of 8 as prescribed; not as prescribed: harbour → 항만",
            ]
        );
        assert_eq!(
            sentences(Language::Korean),
            [
                "번역 메모리: 세그먼트 8개 중 3개 재사용(확정 2개, 가져온 번역 1개), \
                 2개는 비슷한 번역을 참고(최고 85%)",
                "용어: 8개 중 7개 용어집대로; 다르게 번역됨: harbour → 항만",
            ]
        );
        let machine = DeskUse { segments: 8, machine: 8, ..DeskUse::default() };
        assert_eq!(Words::memory(Language::English, &machine), None);
        assert_eq!(Words::terms(Language::English, GlossaryUse::default(), &[]), None);
    }
}
