//! Findings for a person: each once, where it is, the most important first, at most a screenful.

use malmoi::{Finding, Merged, Outcome, Severity, beginning};

/// Doubts shown unless all are asked for: with the result they fit a terminal of 24 lines.
const SCREENFUL: usize = 12;
/// Kinds of furniture named in the one line about it.
const FURNITURE: usize = 6;

/// A line about a result.
pub(crate) struct Line {
    /// `None` for what puts nothing in doubt.
    pub severity: Option<Severity>,
    pub text: String,
}

/// The lines of an outcome, those that fit a screen unless `all`.
pub(crate) fn lines(outcome: &Outcome, all: bool) -> Vec<Line> {
    let (furniture, others): (Vec<&Finding>, Vec<&Finding>) =
        outcome.findings.iter().partition(|finding| finding.check == "furniture");
    let mut lines: Vec<Line> = left_out(&furniture, all).into_iter().collect();
    let mut others = others;
    others.sort_by_key(|finding| (!finding.is_doubt(), finding.severity));
    let told = Finding::merged(others);
    let limit = if all { usize::MAX } else { SCREENFUL };
    lines.extend(told.iter().take(limit).map(|one| line(one, outcome)));
    let hidden = told.len().saturating_sub(limit);
    if hidden > 0 {
        let text = format!("… and {hidden} more; --all-findings shows them");
        lines.push(Line { severity: None, text });
    }
    lines
}

fn line(told: &Merged<'_>, outcome: &Outcome) -> Line {
    let finding = told.finding;
    // With a single segment its first words are those of the whole text, which say nothing.
    let words = |segment: &usize| outcome.segments.get(*segment).map(|one| beginning(&one.source));
    let first = told.segments.first().filter(|_| outcome.segments.len() > 1).and_then(words);
    let place = match (first, told.segments.len()) {
        (Some(first), 1) => format!(", at '{first}'"),
        (Some(first), count) => format!(", in {count} places, first at '{first}'"),
        (None, _) => String::new(),
    };
    let text = format!("{}{place}: {}", finding.check, finding.message);
    Line { severity: finding.is_doubt().then_some(finding.severity), text }
}

/// One line about everything around the article that was left out.
fn left_out(furniture: &[&Finding], all: bool) -> Option<Line> {
    let messages: Vec<&str> = furniture
        .iter()
        .map(|finding| finding.message.trim_start_matches("left out as "))
        .collect();
    let limit = if all { messages.len() } else { FURNITURE.min(messages.len()) };
    let hidden = messages.len() - limit;
    let more = if hidden > 0 { format!("; and {hidden} more") } else { String::new() };
    let text = format!("left out as page furniture: {}{more}", messages[..limit].join("; "));
    (!messages.is_empty()).then_some(Line { severity: None, text })
}

#[cfg(test)]
mod tests {
    use malmoi::{Finish, Language, Route, Segment, Tokens};

    use super::*;

    fn outcome(findings: Vec<Finding>) -> Outcome {
        let segment = |source: &str| Segment {
            source: source.into(),
            text: "번역".into(),
            finish: Finish::Stop,
            score: None,
        };
        Outcome {
            task: malmoi::prompts::Task::Translate,
            model: "m".into(),
            from: Language::English,
            to: Language::Korean,
            route: Route::Direct,
            text: "번역".into(),
            finish: Finish::Stop,
            tokens: Tokens::default(),
            segments: vec![
                segment("The port of Haemin opened."),
                segment("It cost 412 million won."),
            ],
            findings,
            intermediate: None,
            seconds: 0.0,
        }
    }

    fn shown(findings: Vec<Finding>, all: bool) -> Vec<String> {
        lines(&outcome(findings), all).into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn a_doubt_says_where_it_is_and_the_gravest_comes_first() {
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
    fn a_hundred_doubts_are_a_screenful_until_all_are_asked_for() {
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
}
