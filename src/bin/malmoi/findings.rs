//! Findings as lines of text: merged, with their places, most important first, at most a screenful.

use malmoi::checks::OutputKind;
use malmoi::{Finding, Language, Merged, Outcome, Place, Severity, Support, beginning};

/// Maximum number of lines without `--all-findings`: with the result they fit 24 lines.
const SCREENFUL: usize = 12;
/// Maximum number of kinds of boilerplate in the line about it.
const BOILERPLATE_KINDS: usize = 6;

/// Characters shown on each side of the words of a finding.
const CONTEXT_CHARS: usize = 30;

/// A line of text about findings.
pub(crate) struct FindingLine {
    /// `None` if the finding puts nothing in doubt.
    pub severity: Option<Severity>,
    pub text: String,
}

/// The findings of an outcome as lines: one screenful, or `all`.
pub(crate) fn lines(outcome: &Outcome, all: bool, language: Language) -> Vec<FindingLine> {
    let (dismissed, findings): (Vec<&Finding>, Vec<&Finding>) =
        outcome.findings.iter().partition(|finding| finding.dismissed);
    let (boilerplate, mut others): (Vec<&Finding>, Vec<&Finding>) =
        findings.into_iter().partition(|finding| finding.check == "furniture");
    let mut lines: Vec<FindingLine> = left_out(&boilerplate, all, language).into_iter().collect();
    others.sort_by_key(|finding| (!finding.is_doubt(), finding.severity));
    let merged = Finding::merged(others);
    let limit = if all { usize::MAX } else { SCREENFUL };
    lines.extend(merged.iter().take(limit).map(|finding| line(finding, outcome, language)));
    let hidden = merged.len().saturating_sub(limit);
    if hidden > 0 {
        let text = match language {
            Language::English => format!("… and {hidden} more; --all-findings shows them"),
            Language::Korean => format!("… 외 {hidden}건: --all-findings로 모두 표시"),
        };
        lines.push(FindingLine { severity: None, text });
    }
    if !dismissed.is_empty() {
        let text = match language {
            Language::English => format!("{} dismissed before", dismissed.len()),
            Language::Korean => format!("전에 확인한 {}건 제외", dismissed.len()),
        };
        lines.push(FindingLine { severity: None, text });
    }
    lines
}

/// A finding with the beginning of its first segment, unless there is only one segment.
fn line(merged: &Merged<'_>, outcome: &Outcome, language: Language) -> FindingLine {
    let finding = merged.finding;
    let beginning_of =
        |index: &usize| outcome.segments.get(*index).map(|segment| beginning(&segment.source));
    let first = merged.segments.first().filter(|_| outcome.segments.len() > 1);
    let is_korean = language == Language::Korean;
    let place = match (first.and_then(beginning_of), merged.segments.len()) {
        (Some(first), 1) if is_korean => format!(", '{first}'"),
        (Some(first), count) if is_korean => format!(", '{first}' 등 {count}곳"),
        (Some(first), 1) => format!(", at '{first}'"),
        (Some(first), count) => format!(", in {count} places, first at '{first}'"),
        (None, _) => String::new(),
    };
    let support = support_of(finding, outcome)
        .map(|words| match language {
            Language::English => format!("; the article says: '{words}'"),
            Language::Korean => format!("; 기사: '{words}'"),
        })
        .unwrap_or_default();
    let text = format!("{}{place}: {}{support}", finding.check, finding.message_in(language));
    FindingLine { severity: finding.is_doubt().then_some(finding.severity), text }
}

/// Words of the article that a sentence of a summary comes from, for a finding about the sentence.
fn support_of(finding: &Finding, outcome: &Outcome) -> Option<String> {
    let at = finding.output?.offset?;
    let sentence = |support: &&Support| {
        let Place { start, end, .. } = support.output;
        (start..end).contains(&at)
    };
    let words = &outcome.support.iter().find(sentence)?.words;
    (!words.is_empty()).then(|| shortened(words))
}

/// The sentences of a summary, each with the words of the article that support it.
pub(crate) fn support(summary: &str, support: &[Support], language: Language) -> Vec<String> {
    let line = |support: &Support| {
        let sentence = beginning(support.output.of(summary).unwrap_or_default());
        let words = shortened(&support.words);
        match (language, words.is_empty()) {
            (Language::English, true) => format!("'{sentence}' has no support in the article"),
            (Language::English, false) => format!("'{sentence}' is supported by: '{words}'"),
            (Language::Korean, true) => format!("'{sentence}': 기사에 근거 없음"),
            (Language::Korean, false) => format!("'{sentence}'의 근거: '{words}'"),
        }
    };
    support.iter().map(line).collect()
}

/// What the source and the output of a pair are called.
pub(crate) fn labels(kind: OutputKind, language: Language) -> [&'static str; 2] {
    match (kind, language) {
        (OutputKind::Translation, Language::English) => ["original", "translation"],
        (OutputKind::Translation, Language::Korean) => ["원문", "번역문"],
        (OutputKind::Summary, Language::English) => ["article", "summary"],
        (OutputKind::Summary, Language::Korean) => ["기사", "요약문"],
    }
}

/// The words of a place between those around them, on one line.
pub(crate) fn in_context(place: Place, whole: &str) -> Option<String> {
    let (before, after) = (whole.get(..place.start)?, whole.get(place.end..)?);
    let words = place.of(whole)?;
    let start = before.char_indices().rev().take(CONTEXT_CHARS).last().map_or(0, |(at, _)| at);
    let start = if before.is_empty() { 0 } else { start };
    let end = after.char_indices().nth(CONTEXT_CHARS).map_or(after.len(), |(at, _)| at);
    let shown = format!(
        "{}{}[{words}]{}{}",
        if start > 0 { "…" } else { "" },
        &before[start..],
        &after[..end],
        if end < after.len() { "…" } else { "" }
    );
    Some(shown.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A passage on one line, cut at a word.
pub(crate) fn shortened(passage: &str) -> String {
    const MAX_CHARS: usize = 200;
    let mut line = String::new();
    for word in passage.split_whitespace() {
        if line.chars().count() + word.chars().count() >= MAX_CHARS {
            return line + " …";
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line += word;
    }
    line
}

/// One line about all page boilerplate that was left out.
pub(crate) fn left_out(
    boilerplate: &[&Finding],
    all: bool,
    language: Language,
) -> Option<FindingLine> {
    if boilerplate.is_empty() {
        return None;
    }
    let [starts, heading, more] = match language {
        Language::English => ["left out as ", "left out as page boilerplate", "; and {} more"],
        Language::Korean => ["제외: ", "기사 밖의 글 제외", "; 외 {}건"],
    };
    let messages: Vec<&str> = boilerplate
        .iter()
        .map(|finding| finding.message_in(language).trim_start_matches(starts))
        .collect();
    let limit = if all { messages.len() } else { BOILERPLATE_KINDS.min(messages.len()) };
    let mut text = format!("{heading}: {}", messages[..limit].join("; "));
    if messages.len() > limit {
        text += &more.replace("{}", &(messages.len() - limit).to_string());
    }
    Some(FindingLine { severity: None, text })
}

#[cfg(test)]
mod tests {
    use malmoi::{Finish, Route, Segment, Tokens};

    use super::*;

    fn outcome(findings: Vec<Finding>) -> Outcome {
        let segment = |source: &str| Segment {
            source: source.into(),
            text: "번역".into(),
            finish: Finish::Stop,
            score: None,
            estimate: None,
            memory: None,
            model: None,
        };
        Outcome {
            task: malmoi::prompts::Task::Translate,
            model: "m".into(),
            from: Language::English,
            to: Language::Korean,
            route: Route::Direct,
            text: "번역".into(),
            file: None,
            finish: Finish::Stop,
            tokens: Tokens::default(),
            segments: vec![
                segment("The port of Haemin opened."),
                segment("It cost 412 million won."),
            ],
            findings,
            support: Vec::new(),
            glossary: None,
            second: None,
            intermediate: None,
            provenance: malmoi::Provenance::default(),
            seconds: 0.0,
        }
    }

    fn shown(findings: Vec<Finding>, all: bool) -> Vec<String> {
        lines(&outcome(findings), all, Language::English)
            .into_iter()
            .map(|line| line.text)
            .collect()
    }

    #[test]
    fn findings_name_their_place_and_the_gravest_comes_first() {
        let lost = Finding::new("numbers", "number_lost", "'412' is missing").at(1);
        let cut = |segment| {
            Finding::new("length", "cut", "the text was cut")
                .at(segment)
                .severity(Severity::Critical)
        };
        let note = Finding::new("split", "split", "translated again in 2 pieces").at(0);
        assert_eq!(
            shown(vec![note, lost, cut(0), cut(1)], false),
            [
                "length, in 2 places, first at 'The port of Haemin opened.': the text was cut",
                "numbers, at 'It cost 412 million won.': '412' is missing",
                "split, at 'The port of Haemin opened.': translated again in 2 pieces",
            ]
        );
    }

    #[test]
    fn a_hundred_findings_are_a_screenful_unless_all_are_requested() {
        let many = |count: usize| -> Vec<Finding> {
            (0..count)
                .map(|n| Finding::new("numbers", "number_lost", format!("'{n}' is missing")))
                .collect()
        };
        let lines = shown(many(100), false);
        assert_eq!(lines.len(), SCREENFUL + 1);
        assert_eq!(lines[SCREENFUL], "… and 88 more; --all-findings shows them");
        assert_eq!(shown(many(100), true).len(), 100);
        assert_eq!(shown(many(SCREENFUL), false).len(), SCREENFUL);
    }

    #[test]
    fn words_are_shown_between_those_around_them() {
        let text = "The fire at the port of Haemin\nhurt 17 people on Monday, the minister said in the evening.";
        let at = text.find("17").unwrap();
        assert_eq!(
            in_context(Place::from(at..at + 2), text).as_deref(),
            Some("…re at the port of Haemin hurt [17] people on Monday, the ministe…")
        );
        assert_eq!(in_context(Place::from(0..3), "The fire").as_deref(), Some("[The] fire"));
        assert_eq!(in_context(Place::from(0..99), "The fire"), None);
    }
}
