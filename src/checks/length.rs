//! Length: a translation that is much shorter or longer than usual lacks something or has invented
//! it.

use super::check::{Check, Example, FindingKind, OutputKind, Pair, Scope};
use super::comparison::Comparison;
use super::lengths;
use super::spans::excerpt;
use crate::finding::Finding;
use crate::language::Language;

const SHORT: FindingKind = FindingKind::critical("too_short");
const LONG: FindingKind = FindingKind::critical("too_long");
const NO_SUMMARY: FindingKind = FindingKind::critical("no_summary");

pub(super) const CHECK: Check = Check {
    name: "length",
    describe: "a translation of unusual length, a summary of a word or two",
    kinds: &[SHORT, LONG, NO_SUMMARY],
    scope: Scope::Article,
    examples: &[
        Example::found(
            SHORT,
            "The mayor said the harbour would stay closed until the storm had passed.",
            "시장이 말했다.",
        ),
        Example::fine(
            "The mayor said the harbour would stay closed until the storm had passed.",
            "시장은 폭풍이 지나갈 때까지 항구를 닫아 두겠다고 밝혔다.",
        ),
    ],
    run,
};

/// Fewest words of an article whose summary needs [`MIN_SUMMARY_WORDS`].
const MIN_ARTICLE_WORDS: usize = 20;
/// Fewest words of a summary: fewer are another answer of the model.
const MIN_SUMMARY_WORDS: usize = 3;

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let pair = comparison.pair;
    if pair.kind == OutputKind::Summary {
        return no_summary(pair).into_iter().collect();
    }
    if pair.from == pair.to {
        return Vec::new();
    }
    let source = lengths::chars(pair.source, pair.from);
    let output = lengths::chars(pair.output, pair.to);
    if source < fewest_chars(pair.from) {
        return Vec::new();
    }
    let ratio = output as f64 / source as f64;
    let (low, high) = lengths::usual_ratios(pair.from, source);
    if (low..=high).contains(&ratio) {
        return Vec::new();
    }
    let (kind, unusual) = if ratio < low { (SHORT, "short") } else { (LONG, "long") };
    let message = format!(
        "the translation is unusually {unusual}: {ratio:.2} times the length of the original; \
         {low:.2} to {high:.2} is usual"
    );
    let unusual = if ratio < low { "짧음" } else { "긺" };
    let korean = format!(
        "번역문이 지나치게 {unusual}: 원문 길이의 {ratio:.2}배 (보통 {low:.2}~{high:.2}배)"
    );
    let finding = CHECK.finding(kind, message, korean);
    vec![finding.value("ratio", ratio).value("low", low).value("high", high)]
}

fn no_summary(pair: &Pair<'_>) -> Option<Finding> {
    let words = pair.output.split_whitespace().count();
    let is_long = pair.source.split_whitespace().nth(MIN_ARTICLE_WORDS).is_some();
    if !is_long || !(1..MIN_SUMMARY_WORDS).contains(&words) {
        return None;
    }
    let message = format!("the summary is only '{}'", excerpt(pair.output));
    let place = 0..pair.output.len();
    let korean = format!("요약문이 '{}'뿐임", excerpt(pair.output));
    Some(CHECK.finding(NO_SUMMARY, message, korean).in_output(place).value("words", words))
}

/// Fewest characters of a source: the lengths of headlines vary too much, as they drop words.
fn fewest_chars(from: Language) -> usize {
    match from {
        Language::English => 40,
        Language::Korean => 20,
    }
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{run, summary, translation};
    use super::*;

    const ENGLISH: &str = "The two ministers discussed over the phone on Wednesday how to tighten their security collaboration.";
    const KOREAN: &str =
        "두 장관은 수요일 전화 통화에서 안보 협력을 강화하는 방안을 논의했다고 국방부가 밝혔다.";

    #[test]
    fn a_whole_translation_has_the_usual_length() {
        assert!(run(&CHECK, &translation(ENGLISH, KOREAN)).is_empty());
        assert!(run(&CHECK, &translation(KOREAN, ENGLISH)).is_empty());
    }

    #[test]
    fn half_a_translation_and_a_tale_are_found() {
        assert!(
            run(&CHECK, &translation(ENGLISH, "두 장관은 논의했다."))[0]
                .message
                .starts_with("the translation is unusually short: 0.11")
        );
        assert!(
            run(&CHECK, &translation(ENGLISH, &KOREAN.repeat(3)))[0]
                .message
                .contains("unusually long")
        );
        assert!(run(&CHECK, &translation(KOREAN, "The ministers talked.")).len() == 1);
    }

    #[test]
    fn a_concise_translation_and_one_full_of_glosses_are_left_alone() {
        for (source, good) in [
            ("A commission was set up to look into it all.", "조사 위원회가 새로 꾸려졌다."),
            (
                "Han Seo-jin of Haemin beat Lee Jae-min of Dongcheon.",
                "해민(Haemin)의 한서진(Han Seo-jin)이 동천(Dongcheon)의 이재민(Lee Jae-min)을 이겼다.",
            ),
        ] {
            assert!(run(&CHECK, &translation(source, good)).is_empty(), "{good}");
        }
    }

    #[test]
    fn a_word_is_no_summary_of_an_article() {
        let article = format!("{ENGLISH} {ENGLISH}");
        assert_eq!(
            run(&CHECK, &summary(&article, "BANANA"))[0].message,
            "the summary is only 'BANANA'"
        );
        assert!(run(&CHECK, &summary(&article, "Ministers discuss security")).is_empty());
        assert!(run(&CHECK, &summary("Ministers meet in Haemin.", "Ministers meet")).is_empty());
    }

    #[test]
    fn headlines_and_summaries_are_not_measured() {
        assert!(
            run(
                &CHECK,
                &translation("Ministers meet", "한미 국방장관, 서울서 만나 협력 논의하기로")
            )
            .is_empty()
        );
        assert!(run(&CHECK, &summary(ENGLISH, "They talked.")).is_empty());
    }
}
