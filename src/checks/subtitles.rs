//! Subtitles: cues that are read in too short a time, and lines that are too long or too many.
//!
//! Limits are those that Netflix publishes for programs for adults, in its guides of English and of
//! Korean subtitles.

use super::check::{Check, Example, FindingKind, Pair, Scope};
use super::options::CheckOptions;
use crate::document::Showing;
use crate::finding::Finding;
use crate::language::Language;

const SPEED: FindingKind = FindingKind::minor("reading_speed");
const LONG: FindingKind = FindingKind::minor("line_long");
const MANY: FindingKind = FindingKind::minor("lines_many");

pub(super) const CHECK: Check = Check {
    name: "subtitles",
    describe: "subtitles that are read in too short a time, or whose lines are too long or too many",
    kinds: &[SPEED, LONG, MANY],
    scope: Scope::Translations,
    // Times are in a file, not in a pair.
    examples: &[Example::fine("The bridge opened.", "다리가 열렸다.")],
    run: |_| Vec::new(),
};

/// What a viewer can read.
struct Limits {
    language: Language,
    /// Letters in a second.
    speed: f64,
    /// Letters in a line.
    line: f64,
    /// True if Latin letters, figures, marks and spaces count half.
    halves: bool,
}

const LIMITS: &[Limits] = &[
    Limits { language: Language::English, speed: 20.0, line: 42.0, halves: false },
    Limits { language: Language::Korean, speed: 12.0, line: 16.0, halves: true },
];
/// Most lines of a cue, in both languages.
const MAX_LINES: usize = 2;
/// Hundredths by which a cue may be faster: times of sources are seldom exact.
const TOLERANCE: f64 = 1.05;

fn limits(language: Language) -> Option<&'static Limits> {
    LIMITS.iter().find(|limits| limits.language == language)
}

impl Limits {
    /// The width of a letter in halves.
    fn halves(&self, c: char) -> u32 {
        let is_half = self.halves && (c.is_ascii() || !c.is_alphanumeric());
        if is_half { 1 } else { 2 }
    }

    fn length(&self, text: &str) -> f64 {
        text.chars().map(|c| f64::from(self.halves(c))).sum::<f64>() / 2.0
    }
}

/// The text of a block, with tags, in lines that a viewer can read.
pub(crate) fn in_lines(text: &str, showing: &Showing, language: Language) -> String {
    match limits(language) {
        Some(limits) => showing.wrapped(text, (limits.line * 2.0) as u32, |c| limits.halves(c)),
        None => text.to_string(),
    }
}

/// Findings for the blocks that are shown together, each with the index of its block.
pub(crate) fn of_cue(
    parts: &[Pair<'_>],
    showing: &Showing,
    options: &CheckOptions,
) -> Vec<(usize, Finding)> {
    let Some(limits) = parts.first().and_then(|pair| limits(pair.to)) else { return Vec::new() };
    let mut found = Vec::new();
    let letters: f64 = parts.iter().map(|pair| limits.length(pair.output.trim())).sum();
    if let Some(seconds) = showing.seconds() {
        let speed = letters / seconds;
        if speed > limits.speed * TOLERANCE {
            let english = format!(
                "shown for {seconds:.1} s: {speed:.0} characters a second, at most {:.0} can be read",
                limits.speed
            );
            let korean = format!(
                "{seconds:.1}초 동안 보이는 자막: 초당 {speed:.0}자로, 읽을 수 있는 {:.0}자보다 많음",
                limits.speed
            );
            let finding = CHECK.finding(SPEED, english, korean);
            found.push((0, finding.value("speed", (speed * 10.0).round() / 10.0)));
        }
    }
    let mut count = 0;
    for (index, pair) in parts.iter().enumerate() {
        let lines = Showing { line_break: "\n".into(), ..showing.clone() };
        let text = in_lines(pair.output.trim(), &lines, pair.to);
        count += text.lines().count();
        let longest = text.lines().map(|line| limits.length(line)).fold(0.0, f64::max);
        if longest > limits.line {
            let english =
                format!("a line of {longest:.0} characters; a subtitle has {:.0}", limits.line);
            let korean = format!("한 줄이 {longest:.0}자: 자막 한 줄은 {:.0}자까지", limits.line);
            found.push((index, CHECK.finding(LONG, english, korean).value("length", longest)));
        }
    }
    if count > MAX_LINES.max(parts.len()) {
        let english = format!("{count} lines on the screen; a subtitle has {MAX_LINES}");
        let korean = format!("화면에 {count}줄: 자막은 {MAX_LINES}줄까지");
        found.push((0, CHECK.finding(MANY, english, korean).value("lines", count)));
    }
    for (index, finding) in &mut found {
        let pair = &parts[*index];
        finding.hash = finding.fingerprint(pair.source, pair.output);
        finding.dismissed = options.dismissed.contains(&finding.hash);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::pairs::translation;
    use super::*;

    fn kinds(outputs: &[&str], seconds: u64) -> Vec<(usize, String)> {
        let showing = Showing { from: 1000, to: 1000 + seconds * 1000, line_break: "\n".into() };
        let source =
            if outputs[0].is_ascii() { "다리가 열렸다." } else { "The bridge opened." };
        let parts: Vec<Pair<'_>> =
            outputs.iter().map(|output| translation(source, output)).collect();
        let found = of_cue(&parts, &showing, &CheckOptions::default());
        found.into_iter().map(|(index, finding)| (index, finding.kind)).collect()
    }

    #[test]
    fn a_cue_that_is_shown_too_short_is_found_in_both_languages() {
        assert!(kinds(&["다리가 오늘 아침에 열렸다."], 2).is_empty());
        assert_eq!(
            kinds(&["다리가 오늘 아침에 열렸고 배가 떠났다."], 1),
            [(0, "reading_speed".into())]
        );
        assert!(kinds(&["The bridge was opened this morning."], 2).is_empty());
        assert_eq!(
            kinds(&["The bridge was opened this morning."], 1),
            [(0, "reading_speed".into())]
        );
        // The speakers of a cue are read in the same time.
        assert_eq!(
            kinds(&["- Is it open now?", "- Since this morning."], 1),
            [(0, "reading_speed".into())]
        );
        assert!(kinds(&["- Is it open now?", "- Since this morning."], 0).is_empty());
    }

    #[test]
    fn lines_that_are_too_long_or_too_many_are_found_after_they_are_broken() {
        let long = "The bridge over the harbour was opened this morning, said the mayor.";
        assert!(kinds(&[long], 9).is_empty(), "two lines");
        assert_eq!(
            kinds(&[&format!("{long} She thanked the crews of both ferries.")], 9),
            [(0, "lines_many".into())]
        );
        assert_eq!(
            kinds(&["가나다라마바사아자차카타파하가나다라마바사"], 9),
            [(0, "line_long".into())]
        );
        assert!(kinds(&["Haemin Harbour 24, 열림"], 9).is_empty(), "Latin letters count half");
    }
}
