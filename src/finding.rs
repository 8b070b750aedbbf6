//! Findings: doubts about an output, and notes, as serializable data; and the support of a summary.
//! Knows nothing of the checks that make them.

mod fingerprint;

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use fingerprint::Fingerprints;

use crate::language::Language;

/// The severity of a finding, most severe first.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The text is unusable: in the wrong language, cut off, or not a translation.
    Critical,
    /// A fact may be wrong: a number, a name, a quotation.
    #[default]
    Major,
    /// The form is wrong, the facts are probably right.
    Minor,
}

impl Severity {
    /// Weight in the score of a text, which is the sum over its doubts.
    pub fn weight(self) -> u32 {
        match self {
            Self::Critical => 4,
            Self::Major => 2,
            Self::Minor => 1,
        }
    }
}

/// A span of a text in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Start in the segment's text, or in the whole text if the finding has no segment.
    pub start: usize,
    /// End in the same text.
    pub end: usize,
    /// Start in the whole article
    /// ([`Document::article`](crate::document::Document::article)) or in the outcome's text; `None`
    /// if unknown, as in an intermediate text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<usize>,
}

impl Place {
    /// The words of the span; `None` if it is not inside `text`.
    pub fn of(self, text: &str) -> Option<&str> {
        text.get(self.start..self.end)
    }
}

impl From<Range<usize>> for Place {
    fn from(range: Range<usize>) -> Self {
        Self { start: range.start, end: range.end, offset: None }
    }
}

/// A doubt about an output, or a note on how it was made.
///
/// Made by [`Finding::new`] and setters:
///
/// ```
/// use malmoi::Finding;
/// let message = "'17' appears in the original but not in the translation";
/// let finding = Finding::new("numbers", "number_lost", message)
///     .in_source(10..12)
///     .value("number", 17.0);
/// assert!(finding.is_doubt());
/// let json = serde_json::to_string(&finding)?;
/// assert_eq!(serde_json::from_str::<Finding>(&json)?, finding);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Name of the check: one of [`checks::CHECKS`](crate::checks::CHECKS), `loop`, `glossary`,
    /// `reasoning`, or one of [`Finding::NOTES`].
    pub check: String,
    /// Kind of the finding, for programs: a name in [`Check::kinds`](crate::checks::Check::kinds),
    /// or another for checks outside that table. Empty in files of old versions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Severity.
    #[serde(default)]
    pub severity: Severity,
    /// Index of the outcome's segment; `None` for the whole text.
    pub segment: Option<usize>,
    /// One sentence for an editor, in English.
    pub message: String,
    /// The same sentence in Korean. Empty in files of old versions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message_ko: String,
    /// Span of the words in the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Place>,
    /// Span of the words in the output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Place>,
    /// Words of the source, or what follows from them, that the output should have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// Words of the output in their place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// Values of the message, by name: `number`, `ratio`, `language`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Value>,
    /// Its [`fingerprint`](Self::fingerprint). Empty for notes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hash: String,
    /// True if somebody has looked at it before and found it to be no error.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dismissed: bool,
}

impl Finding {
    /// Checks whose findings are notes, not doubts: boilerplate that was left out, sampling
    /// settings of the checkpoint that are not supported, a text that is its own summary, a chunk
    /// that was split and then translated, an answer that was written again or by the second model,
    /// tags that were lost. `sentences` occurs in old files only.
    pub const NOTES: &[&str] =
        &["furniture", "repaired", "sampling", "second", "sentences", "short", "split", "tags"];

    /// A finding about the whole text, of severity [`Major`](Severity::Major).
    pub fn new(
        check: impl Into<String>,
        kind: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            check: check.into(),
            kind: kind.into(),
            severity: Severity::default(),
            segment: None,
            message: message.into(),
            message_ko: String::new(),
            source: None,
            output: None,
            expected: None,
            found: None,
            values: BTreeMap::new(),
            hash: String::new(),
            dismissed: false,
        }
    }

    /// Sets the message in Korean.
    #[must_use]
    pub fn in_korean(mut self, message: impl Into<String>) -> Self {
        self.message_ko = message.into();
        self
    }

    /// The message in a language; in English if it has none in Korean.
    pub fn message_in(&self, language: Language) -> &str {
        match language {
            Language::Korean if !self.message_ko.is_empty() => &self.message_ko,
            _ => &self.message,
        }
    }

    /// Sets the severity.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Sets the index of the segment.
    #[must_use]
    pub fn at(mut self, segment: impl Into<Option<usize>>) -> Self {
        self.segment = segment.into();
        self
    }

    /// Sets the span of the words in the source.
    #[must_use]
    pub fn in_source(mut self, place: impl Into<Place>) -> Self {
        self.source = Some(place.into());
        self
    }

    /// Sets the span of the words in the output.
    #[must_use]
    pub fn in_output(mut self, place: impl Into<Place>) -> Self {
        self.output = Some(place.into());
        self
    }

    /// Sets what the output should have.
    #[must_use]
    pub fn expected(mut self, words: impl Into<String>) -> Self {
        self.expected = Some(words.into());
        self
    }

    /// Sets what the output has.
    #[must_use]
    pub fn found(mut self, words: impl Into<String>) -> Self {
        self.found = Some(words.into());
        self
    }

    /// Adds a value of the message.
    #[must_use]
    pub fn value(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.values.insert(name.to_string(), value.into());
        self
    }

    /// True for a doubt, which an editor should look at and which `--strict` fails on; false for a
    /// note and for what is dismissed.
    pub fn is_doubt(&self) -> bool {
        !self.dismissed && !Self::NOTES.contains(&self.check.as_str())
    }

    /// Sets the offsets of both spans, given the starts of the segment's texts in the whole texts.
    pub(crate) fn set_offsets(&mut self, source: Option<usize>, output: Option<usize>) {
        for (place, start) in [(&mut self.source, source), (&mut self.output, output)] {
            if let (Some(place), Some(start)) = (place, start) {
                place.offset = Some(start + place.start);
            }
        }
    }

    /// Removes duplicates and sorts: doubts by severity, then notes; equal ones in the order of the
    /// text.
    ///
    /// ```
    /// use malmoi::{Finding, Severity};
    /// let mut findings = vec![
    ///     Finding::new("split", "split", "translated again in 2 pieces").at(0),
    ///     Finding::new("numbers", "number_lost", "'17' is lost").at(2),
    ///     Finding::new("numbers", "number_lost", "'5' is lost").at(1),
    ///     Finding::new("numbers", "number_lost", "'17' is lost").at(2),
    ///     Finding::new("length", "cut", "cut at 64 tokens").at(3).severity(Severity::Critical),
    /// ];
    /// Finding::arrange(&mut findings);
    /// let order: Vec<_> = findings.iter().map(|f| (f.check.as_str(), f.segment)).collect();
    /// let first = [("length", Some(3)), ("numbers", Some(1)), ("numbers", Some(2))];
    /// assert_eq!((&order[..3], order[3]), (&first[..], ("split", Some(0))));
    /// ```
    pub fn arrange(findings: &mut Vec<Self>) {
        let mut seen = std::collections::HashSet::new();
        findings.retain(|finding| {
            let Self { check, kind, message, segment, .. } = finding;
            seen.insert((check.clone(), kind.clone(), message.clone(), *segment))
        });
        findings.sort_by_key(|finding| (!finding.is_doubt(), finding.severity, finding.segment));
    }

    /// Merges findings of one check with the same message, in the given order.
    ///
    /// ```
    /// use malmoi::Finding;
    /// let cut = |segment| Finding::new("length", "cut", "cut at 64 tokens").at(segment);
    /// let copied = Finding::new("copied", "copied", "identical to the original").at(1);
    /// let findings = [cut(0), copied, cut(2)];
    /// let merged = Finding::merged(&findings);
    /// assert_eq!((merged.len(), &merged[0].segments[..]), (2, &[0, 2][..]));
    /// ```
    pub fn merged<'f>(findings: impl IntoIterator<Item = &'f Self>) -> Vec<Merged<'f>> {
        let mut indices = std::collections::HashMap::new();
        let mut merged: Vec<Merged<'f>> = Vec::new();
        for finding in findings {
            let index = *indices.entry((&finding.check, &finding.message)).or_insert(merged.len());
            if index == merged.len() {
                merged.push(Merged { finding, segments: Vec::new() });
            }
            merged[index].segments.extend(finding.segment);
        }
        merged
    }
}

/// The article sentences that support one sentence of a summary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Support {
    /// Span of the sentence in the summary.
    pub output: Place,
    /// Span of one to three neighboring sentences in the article; `None` if none supports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Place>,
    /// The words of that span.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub words: String,
    /// Share of the summary sentence, weighted by the rarity of its words, that the article
    /// sentences have: 0 to 1. Across languages, numbers, dates and words of a dictionary count.
    pub coverage: f32,
}

/// Findings of one check with the same message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged<'f> {
    /// The first finding.
    pub finding: &'f Finding,
    /// The segments of all findings.
    pub segments: Vec<usize>,
}

/// The first words of a text, to identify a passage: at most seven words and forty characters.
///
/// ```
/// let text = "The port of Haemin\nopened on Monday.";
/// assert_eq!(malmoi::beginning(text), "The port of Haemin opened on Monday.");
/// let text = "해민항이 월요일에 문을 열었다고 한서진 시장이 오후에 밝혔다.";
/// assert_eq!(malmoi::beginning(text), text.replace(" 밝혔다.", "…"));
/// ```
pub fn beginning(text: &str) -> String {
    const MAX_WORDS: usize = 7;
    const MAX_CHARS: usize = 40;
    let mut words = text.split_whitespace();
    let mut shown = String::new();
    for (count, word) in words.by_ref().take(MAX_WORDS).enumerate() {
        let room = MAX_CHARS.saturating_sub(shown.chars().count());
        if room == 0 {
            return shown + "…";
        }
        if count > 0 {
            shown.push(' ');
        }
        shown.extend(word.chars().take(room));
        if word.chars().nth(room).is_some() {
            return shown + "…";
        }
    }
    if words.next().is_some() {
        shown.push('…');
    }
    shown
}
