//! Weak kinds of findings in long translations: paragraph by paragraph, and sentence by sentence.
//!
//! A kind that is limited to short texts is looked for in each paragraph that is short enough, and
//! in the sentences of the others, where each has its counterpart. Knows nothing of what the checks
//! look for.

use super::check::{Check, FindingKind, OutputKind, Pair};
use super::comparison::Comparison;
use super::spans::shifted;
use crate::document::Span;
use crate::finding::{Finding, Place};
use crate::segment::lines;

/// Findings of the kinds that are too weak for the whole text.
pub(super) fn findings(checks: &[Check], comparison: &Comparison<'_>) -> Vec<Finding> {
    let pair = comparison.pair;
    let sentences = comparison.source.sentences().len();
    if pair.kind != OutputKind::Translation || sentences < 2 {
        return Vec::new();
    }
    let is_silent = |kind: &FindingKind| kind.in_passages && kind.max_sentences < sentences;
    let checks: Vec<&Check> =
        checks.iter().filter(|check| check.kinds.iter().any(is_silent)).collect();
    if checks.is_empty() {
        return Vec::new();
    }
    let run = |part: &Part, is_reported: &dyn Fn(&FindingKind) -> bool| {
        let pair = part.pair(pair);
        let comparison = comparison.passage(&pair);
        let mut found = Vec::new();
        for check in &checks {
            let kinds: Vec<&FindingKind> =
                check.kinds.iter().filter(|kind| is_silent(kind) && is_reported(kind)).collect();
            if kinds.is_empty() {
                continue;
            }
            let mut findings = (check.run)(&comparison);
            findings.retain(|finding| kinds.iter().any(|kind| kind.name == finding.kind));
            found.extend(findings.into_iter().map(|finding| part.shifted(finding)));
        }
        found
    };
    let mut found = Vec::new();
    let paragraphs = paragraphs(pair);
    let is_whole = paragraphs.len() == 1;
    for paragraph in paragraphs {
        let of_paragraph = paragraph.pair(pair);
        let of_paragraph = comparison.passage(&of_paragraph);
        let length = of_paragraph.source.sentences().len();
        found.extend(run(&paragraph, &|kind| length <= kind.max_sentences));
        let sentences = match is_whole {
            true => sentences_of(comparison),
            false => sentences_of(&of_paragraph),
        };
        for sentence in sentences {
            let sentence = if is_whole { sentence } else { sentence.inside(&paragraph) };
            found.extend(run(&sentence, &|kind| length > kind.max_sentences));
        }
    }
    found
}

/// A part of the source and its translation.
struct Part {
    source: Span,
    output: Span,
}

impl Part {
    fn pair<'t>(&self, whole: &Pair<'t>) -> Pair<'t> {
        let source = &whole.source[self.source.clone()];
        Pair { source, output: &whole.output[self.output.clone()], ..*whole }
    }

    /// A part of another, with spans in the whole texts.
    fn inside(self, other: &Self) -> Self {
        Self {
            source: shifted(self.source, other.source.start),
            output: shifted(self.output, other.output.start),
        }
    }

    /// A finding of the part, with places in the whole texts.
    fn shifted(&self, finding: Finding) -> Finding {
        let place = |place: Option<Place>, start| {
            place.map(|place| Place::from(shifted(place.start..place.end, start)))
        };
        let source = place(finding.source, self.source.start);
        Finding { source, output: place(finding.output, self.output.start), ..finding }
    }
}

/// The paragraphs with their translations; the whole texts if they have not equally many.
fn paragraphs(pair: &Pair<'_>) -> Vec<Part> {
    let (source, output) = (blocks(pair.source), blocks(pair.output));
    if source.len() != output.len() {
        return vec![Part { source: 0..pair.source.len(), output: 0..pair.output.len() }];
    }
    source.into_iter().zip(output).map(|(source, output)| Part { source, output }).collect()
}

/// Spans of the blocks between blank lines, or of the lines if there is no blank line.
fn blocks(text: &str) -> Vec<Span> {
    let groups = lines::paragraphs(text);
    match groups.as_slice() {
        [lines] => lines.clone(),
        _ => groups
            .iter()
            .filter_map(|lines| Some(lines.first()?.start..lines.last()?.end))
            .collect(),
    }
}

/// The sentences with their translations; none unless each has one of its own, in place.
fn sentences_of(comparison: &Comparison<'_>) -> Vec<Part> {
    let (source, output) = (comparison.source.sentences(), comparison.output.sentences());
    if source.len() < 2 || source.len() != output.len() {
        return Vec::new();
    }
    let groups = &comparison.alignment().groups;
    let is_plain = groups.iter().all(|group| group.source.len() == 1 && group.output.len() == 1);
    if !is_plain {
        return Vec::new();
    }
    groups
        .iter()
        .map(|group| Part {
            source: source[group.source.start].clone(),
            output: output[group.output.start].clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::pairs::translation;
    use super::super::{CheckOptions, check};
    use crate::finding::Finding;

    const ENGLISH: [&str; 6] = [
        "The port of Haemin reopened on Monday after a storm. Ferries left in the morning.",
        "Residents had waited for three days. Many slept in the terminal. Shops gave them soup.",
        "Mayor Han Seo-jin visited the harbor. She thanked the crews. Her office praised them.",
        "The council rejected the new budget on Tuesday. Members had argued for hours.",
        "The mayor did not confirm the figures. A report is due in May.",
        "Schools opened again this week. Buses run as usual. The library has moved to Sea Street.",
    ];
    const KOREAN: [&str; 6] = [
        "해민항이 폭풍 뒤 월요일에 다시 문을 열었다. 여객선은 아침에 떠났다.",
        "주민들은 사흘을 기다렸다. 많은 이가 터미널에서 잤다. 가게들은 수프를 나눠 줬다.",
        "한서진 시장이 항구를 방문했다. 그는 선원들에게 감사했다. 시장실은 선원들을 칭찬했다.",
        "의회는 화요일에 새 예산안을 부결했다. 의원들은 몇 시간 동안 논쟁했다.",
        "시장은 수치를 확인하지 않았다. 보고서는 5월에 나온다.",
        "이번 주 학교는 다시 문을 열었다. 버스는 평소처럼 다닌다. 도서관은 바다길로 옮겼다.",
    ];

    /// The doubts of a translation whose parts are joined in a way.
    fn doubts(source: &[&str], output: &[&str], between: &str) -> Vec<Finding> {
        let (source, output) = (source.join(between), output.join(between));
        let mut found = check(&translation(&source, &output), &CheckOptions::default());
        for doubt in &found {
            assert!(doubt.source.is_none_or(|place| place.of(&source).is_some()));
            assert!(doubt.output.is_none_or(|place| place.of(&output).is_some()));
            let said = doubt.output.and_then(|place| place.of(&output)).unwrap_or_default();
            assert!(doubt.found.as_deref().is_none_or(|words| words == said), "{said}");
        }
        found.retain(|doubt| doubt.kind.starts_with("direction") || doubt.kind.starts_with("neg"));
        found
    }

    fn replaced(texts: [&str; 6], from: &str, to: &str) -> [String; 6] {
        let changed = texts.map(|text| text.replace(from, to));
        assert_ne!(changed.concat(), texts.concat());
        changed
    }

    #[test]
    fn an_opposite_and_a_negation_in_one_paragraph_of_an_article_are_found() {
        for between in ["\n\n", "\n", " "] {
            assert_eq!(doubts(&ENGLISH, &KOREAN, between), []);
            assert_eq!(doubts(&KOREAN, &ENGLISH, between), []);
            for (from, to, kind, words) in [
                ("부결했다", "가결했다", "direction_reversed", "가결"),
                ("확인하지 않았다", "확인했다", "negation_lost", "시장은 수치를 확인했다"),
                ("문을 열었다", "문을 열지 않았다", "negation_added", "열지 않았다"),
            ] {
                let wrong = replaced(KOREAN, from, to);
                let found = doubts(&ENGLISH, &wrong.each_ref().map(String::as_str), between);
                let places = KOREAN.concat().matches(from).count();
                assert_eq!(found.len(), places, "{between:?} {to} {found:?}");
                assert_eq!(found[0].kind, kind);
                let place = found[0].output.unwrap();
                assert!(place.of(&wrong.join(between)).unwrap().contains(words));
            }
            for (from, to, kind) in [
                ("rejected", "passed", "direction_reversed"),
                ("did not confirm", "confirmed", "negation_lost"),
                ("opened again", "did not open", "negation_added"),
            ] {
                let wrong = replaced(ENGLISH, from, to);
                let found = doubts(&KOREAN, &wrong.each_ref().map(String::as_str), between);
                assert_eq!(found.len(), 1, "{between:?} {to} {found:?}");
                assert_eq!(found[0].kind, kind);
            }
        }
    }

    #[test]
    fn a_short_text_is_not_searched_twice() {
        let (source, output) = ("The council rejected the budget.", "의회는 예산안을 가결했다.");
        let found = check(&translation(source, output), &CheckOptions::default());
        assert_eq!(found.len(), 1, "{found:?}");
        let (source, output) = (["Ferries left.", source], ["여객선이 떠났다.", output]);
        assert_eq!(doubts(&source, &output, "\n\n").len(), 1);
    }
}
