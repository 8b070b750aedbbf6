//! The check `meaning`: sentences without a near sentence in the other text, by the vectors of an
//! encoder. Without an encoder it finds nothing.
//!
//! A translation is aligned with its source (`alignment.rs`); what stays alone on one side was left
//! out or added, what stays alone on both sides was replaced, or moved if the two are near. A
//! summary may leave out what it likes: only its sentences without a near one in the article count.
//! Vectors tell topics apart, not who did what to whom: swapped roles are not found.

mod alignment;

use self::alignment::{Alignment, align};
use super::check::{Check, Example, FindingKind, OutputKind, Scope};
use super::comparison::Comparison;
use super::spans::excerpt;
use super::vectors::{Unit, Vectors, quotations_joined};
use crate::document::Span;
use crate::finding::Finding;

const OMITTED: FindingKind = FindingKind::major("meaning_omitted");
const INVENTED: FindingKind = FindingKind::major("meaning_invented");
const REPLACED: FindingKind = FindingKind::major("meaning_replaced");
const MOVED: FindingKind = FindingKind::major("meaning_moved");

/// Letters of the shortest sentence that vectors can place.
const MIN_SIZE: f32 = 25.0;
/// Similarity from which two sentences that stand alone are one that was moved.
const MIN_MOVED: f32 = 0.35;
/// Similarity below which a summary's sentence is not in the article.
const MIN_SUPPORT: f32 = 0.12;
/// Findings for one pair: a text that differs this often is another text.
const MAX_FINDINGS: usize = 8;

pub(super) const CHECK: Check = Check {
    name: "meaning",
    describe: "sentences left out, added, replaced or moved, by an encoder of sentences",
    kinds: &[OMITTED, INVENTED, REPLACED, MOVED],
    scope: Scope::Article,
    examples: &[
        Example::found(
            OMITTED,
            "The harbor of Haemin opened again on Monday. Two ferries had collided there in March. Fishermen welcomed the news.",
            "해민 항구가 월요일에 다시 문을 열었다. 어민들은 이 소식을 반겼다.",
        ),
        Example::found(
            INVENTED,
            "해민 항구가 월요일에 다시 문을 열었다. 어민들은 이 소식을 반겼다.",
            "The harbor of Haemin opened again on Monday. Two ferries had collided there in March. Fishermen welcomed the news.",
        ),
        Example::found(
            MOVED,
            "The harbor of Haemin opened again on Monday. Two ferries had collided there in March. Fishermen welcomed the news.",
            "해민 항구가 월요일에 다시 문을 열었다. 어민들은 이 소식을 반겼다. 3월에는 여객선 두 척이 그곳에서 충돌했다.",
        ),
        Example::fine(
            "The harbor of Haemin opened again on Monday. Two ferries had collided there in March. Fishermen welcomed the news.",
            "해민 항구가 월요일에 다시 문을 열었다. 3월에는 여객선 두 척이 그곳에서 충돌했다. 어민들은 이 소식을 반겼다.",
        ),
        Example::fine(
            "The harbor of Haemin opened again on Monday. Two ferries had collided there in March.",
            "해민 항구가 월요일에 다시 문을 열었는데, 3월에는 여객선 두 척이 그곳에서 충돌했다.",
        ),
    ],
    run,
};

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let Some(vectors) = comparison.vectors() else { return Vec::new() };
    if comparison.pair.kind == OutputKind::Summary {
        return unsupported(comparison, vectors);
    }
    let source = quotations_joined(comparison.pair.source, &vectors.source);
    let output = quotations_joined(comparison.pair.output, &vectors.output);
    let alignment = align(&source, &output);
    let mut findings = alone(comparison, &source, &output, &alignment);
    findings.truncate(MAX_FINDINGS);
    findings
}

/// Findings for what stays alone in an alignment.
fn alone(
    comparison: &Comparison<'_>,
    source: &[Unit],
    output: &[Unit],
    alignment: &Alignment,
) -> Vec<Finding> {
    let pair = comparison.pair;
    let (original, made) = comparison.words();
    let (original_ko, made_ko) = comparison.korean_words();
    let large = |unit: &Unit| unit.size >= MIN_SIZE;
    let mut findings = Vec::new();
    let mut added = alignment.alone_in_output.clone();
    let mut left = Vec::new();
    for at in alignment.alone_in_source.iter().copied() {
        let near = (0..output.len()).find(|other| alignment.is_counterpart(at, *other, MIN_MOVED));
        let Some(other) = near else {
            left.push(at);
            continue;
        };
        added.retain(|unit| *unit != other);
        let place = alignment.output_place(other);
        if large(&source[at]) && !alignment.source_place(at).touches(place) {
            findings.push(moved(comparison, &source[at], &output[other]));
        }
    }
    added.retain(|other| {
        let near = (0..source.len()).find(|at| alignment.is_counterpart(*at, *other, MIN_MOVED));
        let Some(at) = near else { return true };
        let place = alignment.source_place(at);
        if large(&output[*other]) && !alignment.output_place(*other).touches(place) {
            findings.push(moved(comparison, &source[at], &output[*other]));
        }
        false
    });
    for at in left.into_iter().filter(|at| large(&source[*at])) {
        let words = excerpt(&pair.source[source[at].span.clone()]);
        let place = alignment.source_place(at);
        let stand_in = added
            .iter()
            .position(|other| alignment.output_place(*other).beads_before == place.beads_before);
        let finding = match stand_in.map(|index| added.remove(index)) {
            Some(other) => {
                let found = excerpt(&pair.output[output[other].span.clone()]);
                CHECK
                    .finding(
                        REPLACED,
                        format!("'{found}' does not mean what the {original} says: '{words}'"),
                        format!("{original_ko}과 뜻이 다른 문장: '{found}'"),
                    )
                    .in_output(output[other].span.clone())
                    .expected(words)
                    .found(found)
            }
            None => CHECK.finding(
                OMITTED,
                format!("no sentence of the {made} means '{words}'"),
                format!("{made_ko}에 빠진 문장: '{words}'"),
            ),
        };
        findings.push(finding.in_source(source[at].span.clone()));
    }
    for other in added.into_iter().filter(|other| large(&output[*other])) {
        findings.push(invented(comparison, output[other].span.clone()));
    }
    findings
}

/// The finding for a sentence that stands elsewhere.
fn moved(comparison: &Comparison<'_>, source: &Unit, output: &Unit) -> Finding {
    let (original, _) = comparison.words();
    let (original_ko, _) = comparison.korean_words();
    let words = excerpt(&comparison.pair.output[output.span.clone()]);
    CHECK
        .finding(
            MOVED,
            format!("'{words}' stands in another place than in the {original}"),
            format!("{original_ko}과 순서가 다른 문장: '{words}'"),
        )
        .in_source(source.span.clone())
        .in_output(output.span.clone())
}

/// Sentences of a summary that no sentence of the article is near to.
fn unsupported(comparison: &Comparison<'_>, vectors: &Vectors) -> Vec<Finding> {
    let far = vectors.output.iter().enumerate().filter(|(index, unit)| {
        unit.size >= MIN_SIZE
            && vectors.nearest(*index, 1).first().is_some_and(|(_, near)| *near < MIN_SUPPORT)
    });
    far.map(|(_, unit)| invented(comparison, unit.span.clone())).take(MAX_FINDINGS).collect()
}

fn invented(comparison: &Comparison<'_>, span: Span) -> Finding {
    let (original, _) = comparison.words();
    let (original_ko, _) = comparison.korean_words();
    let words = excerpt(&comparison.pair.output[span.clone()]);
    CHECK
        .finding(
            INVENTED,
            format!("no sentence of the {original} means '{words}'"),
            format!("{original_ko}에 없는 문장: '{words}'"),
        )
        .in_output(span)
}

#[cfg(test)]
mod tests {
    use super::super::pairs;
    use super::*;
    use crate::checks::CheckOptions;

    fn kinds(source: &str, output: &str) -> Vec<String> {
        let found = CHECK.findings(&pairs::translation(source, output), &pairs::options());
        found.into_iter().map(|finding| finding.kind).collect()
    }

    const ENGLISH: [&str; 3] = [
        "The harbor of Haemin opened again on Monday.",
        "Two ferries had collided there in March.",
        "Fishermen welcomed the news.",
    ];
    const KOREAN: [&str; 3] = [
        "해민 항구가 월요일에 다시 문을 열었다.",
        "3월에는 여객선 두 척이 그곳에서 충돌했다.",
        "어민들은 이 소식을 반겼다.",
    ];

    #[test]
    fn a_sentence_of_another_place_is_a_replacement() {
        let swapped = [KOREAN[0], "검찰은 은행장을 사기 혐의로 기소했다고 발표했다.", KOREAN[2]];
        assert_eq!(kinds(&ENGLISH.join(" "), &swapped.join(" ")), ["meaning_replaced"]);
        let swapped = [ENGLISH[0], "Prosecutors charged the bank director with fraud.", ENGLISH[2]];
        assert_eq!(kinds(&KOREAN.join(" "), &swapped.join(" ")), ["meaning_replaced"]);
    }

    #[test]
    fn nothing_is_found_without_an_encoder() {
        let pair = pairs::translation("The harbor opened again on Monday.", KOREAN[1]);
        assert!(CHECK.findings(&pair, &CheckOptions::default()).is_empty());
    }

    #[test]
    fn a_summary_may_leave_out_but_not_add() {
        let article = ENGLISH.join(" ");
        let run = |summary: &str| {
            let found = CHECK.findings(&pairs::summary(&article, summary), &pairs::options());
            found.into_iter().map(|finding| finding.kind).collect::<Vec<_>>()
        };
        assert!(run("The harbor of Haemin opened again.").is_empty());
        let added = "The harbor opened again. Prosecutors charged the bank director with fraud.";
        assert_eq!(run(added), ["meaning_invented"]);
    }

    #[test]
    fn a_quotation_may_be_split_into_sentences() {
        let source = "\"The harbor opened again. Two ferries had collided,\" fishermen said.";
        let output = "\"항구가 다시 열렸다. 여객선 두 척이 충돌했다.\" 어민들이 말했다.";
        assert!(kinds(source, output).is_empty());
    }
}
