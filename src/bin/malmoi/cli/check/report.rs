//! What `check` shows people: the findings of each pair with their words, counts, and the list of
//! checks.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use malmoi::checks::{CHECKS, Example, Scope};
use malmoi::{Language, beginning};
use serde_json::json;

use super::checked::Checked;
use crate::findings::{in_context, labels};

/// What was checked, and what was found.
#[derive(Default)]
pub(super) struct Counts {
    pub pairs: usize,
    /// Pairs with a doubt.
    pub doubtful: usize,
    pub unreadable: usize,
    dismissed: usize,
    /// Doubts by check.
    by_check: BTreeMap<String, usize>,
}

impl Counts {
    pub fn add(&mut self, checked: &Checked) {
        self.pairs += 1;
        self.unreadable += usize::from(checked.texts.is_err());
        self.dismissed += checked.findings.iter().filter(|finding| finding.dismissed).count();
        let mut doubts = checked.findings.iter().filter(|finding| finding.is_doubt()).peekable();
        self.doubtful += usize::from(doubts.peek().is_some());
        for finding in doubts {
            *self.by_check.entry(finding.check.clone()).or_default() += 1;
        }
    }
}

impl Counts {
    /// The counts in one line.
    pub fn line(&self, language: Language) -> String {
        let findings: usize = self.by_check.values().sum();
        let (pairs, doubtful) = (self.pairs, self.doubtful);
        let plural = |count: usize, word: &str| match count {
            1 => format!("1 {word}"),
            _ => format!("{count} {word}s"),
        };
        let is_korean = language == Language::Korean;
        let mut line = match (findings, is_korean) {
            (0, true) => format!("{pairs}쌍 검사, 지적 없음"),
            (_, true) => format!("{pairs}쌍 검사, {doubtful}쌍에 지적 {findings}건"),
            (0, false) => format!("{} checked, nothing found", plural(pairs, "pair")),
            (_, false) => {
                let place = if pairs == 1 { String::new() } else { format!(" in {doubtful}") };
                format!("{} checked, {}{place}", plural(pairs, "pair"), plural(findings, "finding"))
            }
        };
        let mut by_check: Vec<(&String, &usize)> = self.by_check.iter().collect();
        by_check.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (index, (check, count)) in by_check.into_iter().enumerate() {
            line += &format!("{}{check} {count}", if index == 0 { ": " } else { ", " });
        }
        match self.dismissed {
            0 => {}
            count if is_korean => line += &format!("; 전에 확인한 {count}건 제외"),
            count => line += &format!("; {count} dismissed before"),
        }
        line
    }
}

/// Adds a pair's findings and support to the text; nothing if it has neither.
pub(super) fn pair(text: &mut String, checked: &Checked, language: Language) {
    let Checked { pair, findings, texts, support, .. } = checked;
    let Ok((_, _, kind)) = texts else { return };
    let mut findings = findings.iter().filter(|finding| !finding.dismissed).peekable();
    if findings.peek().is_none() && support.is_none() {
        return;
    }
    if !pair.place.is_empty() {
        let id = pair.id.as_ref().map(|id| format!(" ({id})")).unwrap_or_default();
        let _ = writeln!(text, "{}{id}: {}", pair.place, beginning(&pair.source));
    }
    let words = labels(*kind, language);
    for finding in findings {
        let _ = writeln!(
            text,
            "  {}: {} [{}]",
            finding.check,
            finding.message_in(language),
            finding.hash
        );
        let places = [(finding.source, &pair.source), (finding.output, &pair.output)];
        for (what, (place, whole)) in words.iter().zip(places) {
            if let Some(shown) = place.and_then(|place| in_context(place, whole)) {
                let _ = writeln!(text, "    {what}: {shown}");
            }
        }
    }
    let support = support.as_deref().unwrap_or_default();
    for line in crate::findings::support(&pair.output, support, language) {
        let _ = writeln!(text, "  {line}");
    }
    text.push('\n');
}

/// The checks: for people, or one JSON object a line.
pub(super) fn list(json: bool) -> String {
    let mut text = String::new();
    for check in CHECKS {
        let summaries = check.scope != Scope::Translations;
        let kinds: Vec<&str> = check.kinds.iter().map(|kind| kind.name).collect();
        if json {
            let examples: Vec<_> = check.examples.iter().map(example).collect();
            let line = json!({"check": check.name, "describe": check.describe, "kinds": kinds, "summaries": summaries, "examples": examples});
            let _ = writeln!(text, "{line}");
            continue;
        }
        let scope = if summaries { "" } else { " (translations only)" };
        let _ = writeln!(text, "{}: {}{scope}", check.name, check.describe);
        let _ = writeln!(text, "  kinds: {}", kinds.join(", "));
        for Example { source, output, finding, .. } in check.examples {
            let _ = writeln!(text, "  {}\n    {source}\n    {output}", finding.unwrap_or("fine"));
        }
        text.push('\n');
    }
    text
}

fn example(example: &Example) -> serde_json::Value {
    let Example { source, output, output_kind, finding } = example;
    json!({"source": source, "output": output, "task": output_kind.as_str(), "finding": finding})
}
