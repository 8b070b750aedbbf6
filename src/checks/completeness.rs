//! Completeness: sentences that a translation omits, adds, or puts in another order.

use super::check::{Check, Example, FindingKind, OutputKind, Scope};
use super::comparison::Comparison;
use super::spans::excerpt;
use crate::document::Span;
use crate::finding::Finding;

const OMITTED: FindingKind = FindingKind::critical("sentence_omitted");
const ADDED: FindingKind = FindingKind::critical("sentence_added");
const REORDERED: FindingKind = FindingKind::major("sentences_reordered");

pub(super) const CHECK: Check = Check {
    name: "completeness",
    describe: "sentences that a translation omits, adds or reorders",
    kinds: &[OMITTED, ADDED, REORDERED],
    scope: Scope::Translations,
    examples: &[
        Example::found(
            OMITTED,
            "The port reopened on Monday. Police arrested 12 suspects. Ships left in the morning.",
            "항구가 월요일에 다시 문을 열었다. 배들은 아침에 떠났다.",
        ),
        Example::found(
            ADDED,
            "The port reopened on Monday. Ships left in the morning.",
            "항구가 월요일에 다시 문을 열었다. 경찰이 용의자 12명을 체포했다. 배들은 아침에 떠났다.",
        ),
        Example::found(
            REORDERED,
            "The port reopened on Monday. Police arrested 12 suspects at the museum.",
            "경찰은 박물관에서 용의자 12명을 체포했다. 항구가 월요일에 다시 문을 열었다.",
        ),
        Example::fine(
            "The port reopened on Monday. Police arrested 12 suspects. Ships left in the morning.",
            "항구가 월요일에 다시 문을 열었고 경찰은 용의자 12명을 체포했다. 배는 아침에 떠났다.",
        ),
        Example::fine(
            "The port, which had been closed for a week, reopened on Monday. Ships left.",
            "항구가 월요일에 다시 문을 열었다. 일주일 동안 닫혀 있었다. 배들이 떠났다.",
        ),
    ],
    run,
};

/// Smallest margin over the best alignment without errors that is a finding.
const MIN_MARGIN: f64 = 1.0;
/// What each sentence adds to it: there are more wrong alignments of a longer text.
const MARGIN_PER_SENTENCE: f64 = 0.15;

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let pair = comparison.pair;
    let alignment = comparison.alignment();
    let (source, output) = (comparison.source.sentences(), comparison.output.sentences());
    let sentences = source.len().max(output.len()) as f64;
    let is_clear = alignment.margin >= MIN_MARGIN + MARGIN_PER_SENTENCE * sentences;
    if pair.kind != OutputKind::Translation || !is_clear {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for group in &alignment.groups {
        let finding = if group.is_crossed {
            let first = output[group.output.start].clone();
            let words = excerpt(&pair.output[first.clone()]);
            let message = format!("'{words}' and the sentence after it have changed places");
            CHECK
                .finding(REORDERED, message, format!("뒤 문장과 순서가 바뀜: '{words}'"))
                .in_output(first)
        } else if group.output.is_empty() {
            if has_doubtful_end(pair.source, source, group.source.start) {
                continue;
            }
            let lost = source[group.source.start].clone();
            let words = excerpt(&pair.source[lost.clone()]);
            let message = format!("'{words}' is missing from the translation");
            CHECK
                .finding(OMITTED, message, format!("번역문에 빠진 문장: '{words}'"))
                .in_source(lost)
        } else if group.source.is_empty() {
            if has_doubtful_end(pair.output, output, group.output.start) {
                continue;
            }
            let added = output[group.output.start].clone();
            let words = excerpt(&pair.output[added.clone()]);
            let message = format!("'{words}' has no counterpart in the original");
            CHECK.finding(ADDED, message, format!("원문에 없는 문장: '{words}'")).in_output(added)
        } else {
            continue;
        };
        findings.push(finding.value("margin", alignment.margin));
    }
    findings
}

/// True if a sentence or one beside it may go on in the other text: after an ellipsis, or before a
/// bracket.
fn has_doubtful_end(text: &str, sentences: &[Span], at: usize) -> bool {
    let beside = &sentences[at.saturating_sub(1)..sentences.len().min(at + 2)];
    beside.iter().any(|sentence| {
        let words = &text[sentence.clone()];
        let after = text[sentence.end..].trim_start();
        words.ends_with("...") || words.ends_with('…') || after.starts_with('(')
    })
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{messages, run, translation};
    use super::*;

    const ENGLISH: &str = "The council raised the tax on Monday. Voters protested against 20 officers. The \
                           mayor promised 300 new jobs.";
    const KOREAN: &str = "의회는 월요일에 세금을 올렸다. 유권자들은 경찰 20명에 항의하며 시위했다. 시장은 새 일자리 300개를 약속했다.";

    #[test]
    fn each_sentence_may_be_lost_in_both_directions() {
        let english = [
            "The council raised the tax on Monday.",
            "Voters protested against 20 officers.",
            "The mayor promised 300 new jobs.",
        ];
        for lost in english {
            let rest = ENGLISH.replace(lost, "").trim().to_string();
            let found = run(&CHECK, &translation(ENGLISH, KOREAN));
            assert!(found.is_empty(), "{found:?}");
            let found = run(&CHECK, &translation(KOREAN, &rest));
            assert_eq!(found.first().map(|one| one.kind.as_str()), Some(OMITTED.name), "{lost}");
            let found = run(&CHECK, &translation(&rest, KOREAN));
            assert_eq!(found.first().map(|one| one.kind.as_str()), Some(ADDED.name), "{lost}");
        }
    }

    #[test]
    fn a_sentence_before_a_bracket_or_after_an_ellipsis_may_be_part_of_another() {
        let korean = "의회는 월요일에 세금을 올렸다. 유권자들은 경찰 20명에 항의하며 시위했다 ... 시장은 새 일자리 300개를 약속했다.";
        let english = ENGLISH.replace("Voters protested against 20 officers. ", "");
        assert!(run(&CHECK, &translation(korean, &english)).is_empty());
        let korean = korean.replace(" ... ", ". (경찰은 답하지 않았다.) ");
        assert!(run(&CHECK, &translation(&korean, &english)).is_empty());
    }

    #[test]
    fn the_sentence_is_named() {
        let korean = KOREAN.replace("유권자들은 경찰 20명에 항의하며 시위했다. ", "");
        let message = "'Voters protested against 20 officers.' is missing from the translation";
        assert_eq!(messages(run(&CHECK, &translation(ENGLISH, &korean))), [message]);
    }
}
