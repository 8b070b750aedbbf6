//! Particles: a Korean particle that stands alone has lost the noun before it.
//!
//! Knows particles that are no word of their own. One after a number, a Latin word or a mark may be
//! a slip of spacing, which is left alone.

use super::check::{Check, Example, FindingKind, Scope};
use super::comparison::Comparison;
use super::spans::{context, excerpt, with_offsets};
use crate::finding::Finding;
use crate::language::{Language, is_hangul};

const ALONE: FindingKind = FindingKind::major("particle_alone");

pub(super) const CHECK: Check = Check {
    name: "particles",
    describe: "Korean particles without their noun",
    kinds: &[ALONE],
    scope: Scope::Article,
    examples: &[
        Example::found(ALONE, "Han spoke with HBS.", "한 씨는 와의 인터뷰에서 말했다."),
        Example::found(ALONE, "The port of Haemin closed.", "지난달 의 항구가 문을 닫았다."),
        Example::fine("Han spoke with HBS.", "한 씨는 HBS 와의 인터뷰에서 말했다."),
        Example::fine("The silver price rose.", "국제 은 가격이 올랐다."),
    ],
    run,
};

/// Particles that are no other word. 은 is silver, 이 "this", 가 "go", 과 a department.
#[rustfmt::skip]
const PARTICLES: &[&str] = &[
    "는", "를", "을", "의", "와의", "과의", "에서", "에게", "으로", "에서의", "에게서", "에서는", "에게는", "에는",
    "으로부터", "이라는", "라는", "이라고",
];

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    if comparison.pair.to != Language::Korean {
        return Vec::new();
    }
    let text = comparison.pair.output;
    let alone = words(text).find(|(start, word)| {
        PARTICLES.contains(&word.trim_end_matches([',', '.']))
            && follows_hangul_or_nothing(&text[..*start])
            && !comparison.pair.source.contains(word)
    });
    let finding = |(start, word): (usize, &str)| {
        let word = word.trim_end_matches([',', '.']);
        let span = start..start + word.len();
        let around = excerpt(&text[context(text, span.clone())]);
        let english = format!("the particle '{word}' has no noun before it: '{around}'");
        let korean = format!("앞말이 빠진 조사 '{word}': '{around}'");
        CHECK.finding(ALONE, english, korean).in_output(span).found(word)
    };
    alone.map(finding).into_iter().collect()
}

/// The words between spaces, with their byte offsets.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    with_offsets(text.split_inclusive(char::is_whitespace).collect())
        .map(|(at, word)| (at, word.trim_end()))
}

/// True if a text is empty or ends, before its last spaces, with Hangul or a comma after Hangul.
fn follows_hangul_or_nothing(before: &str) -> bool {
    let before = before.trim_end();
    before.is_empty() || before.trim_end_matches(',').ends_with(is_hangul)
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{messages, run, summary, translation};
    use super::*;

    #[test]
    fn a_particle_without_its_noun_is_named() {
        let message = "the particle '에게' has no noun before it: '어제 에게 상을'";
        let korean = "시장은 어제 에게 상을 줬다.";
        assert_eq!(messages(run(&CHECK, &translation("Han won a prize.", korean))), [message]);
        assert_eq!(messages(run(&CHECK, &summary("한 씨가 왔다.", korean))), [message]);
        for korean in ["는 어제 왔다.", "그러나, 를 떠났다.", "그는 이라는 책을 썼다."]
        {
            assert_eq!(run(&CHECK, &translation("Han came.", korean)).len(), 1, "{korean}");
        }
    }

    #[test]
    fn spaces_after_other_scripts_and_words_like_particles_are_left_alone() {
        for korean in [
            "그는 2026년 7월 7 에서 8 까지 머물렀다.",
            "그는 ‘네’ 라는 말을 했다.",
            "이 은 그릇은 그 의사가 가 본 과 사무실에 있다.",
            "BBC 는 보도했다.",
        ] {
            assert_eq!(run(&CHECK, &translation("He stayed.", korean)), [], "{korean}");
        }
        assert_eq!(run(&CHECK, &translation("그는 에서 왔다.", "He came from.")), []);
    }
}
