//! What is doubtful about a text that was made: plain data, serialisable. Knows nothing of how it
//! was found.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How much a doubt matters, most first.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The text cannot be used as it is: it is in the wrong language, cut off, or not a translation
    /// at all.
    Critical,
    /// A fact may be wrong: a number, a name, a quotation.
    #[default]
    Major,
    /// The facts are right, as far as can be seen, and the form is not.
    Minor,
}

/// A stretch of a text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Where it starts and ends in the segment's text; in the whole text where the finding has no
    /// segment.
    pub start: usize,
    /// See `start`.
    pub end: usize,
    /// Where it starts in the whole: the article
    /// ([`Document::article`](crate::document::Document::article)) or the outcome's text; `None`
    /// where that is not known, as in an intermediate text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<usize>,
}

impl Place {
    /// The words that stand there; `None` where the text is another one.
    pub fn of(self, text: &str) -> Option<&str> {
        text.get(self.start..self.end)
    }
}

impl From<Range<usize>> for Place {
    fn from(range: Range<usize>) -> Self {
        Self { start: range.start, end: range.end, offset: None }
    }
}

/// Something that did not carry over from source to output, or was left out: a doubt, not an error.
///
/// Made with [`Finding::new`] and what is known besides:
/// ```
/// use malmoi::Finding;
/// let finding = Finding::new("numbers", "number_lost", "'17' appears in the original but not in the translation")
///     .in_source(10..12)
///     .value("number", 17.0);
/// assert!(finding.is_doubt());
/// let json = serde_json::to_string(&finding)?;
/// assert_eq!(serde_json::from_str::<Finding>(&json)?, finding);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Which check found it: a name in [`checks::CHECKS`](crate::checks::CHECKS), `loop`,
    /// `glossary`, `reasoning`, or one of [`Finding::NOTES`].
    pub check: String,
    /// What it is, for programs: a name in [`Check::kinds`](crate::checks::Check::kinds) or the
    /// check's own. Empty in findings written before there were kinds.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// How much it matters.
    #[serde(default)]
    pub severity: Severity,
    /// Index into the outcome's segments; `None` where it concerns the whole text.
    pub segment: Option<usize>,
    /// One sentence for the reader.
    pub message: String,
    /// The words in doubt, in the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Place>,
    /// The words in doubt, in the output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Place>,
    /// What the sentence says, as data: `number`, `ratio`, `language`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Value>,
}

impl Finding {
    /// Names of what is said for completeness and puts nothing in doubt: furniture that was left
    /// out, recommendations for sampling that are not followed, a text that is its own summary, a
    /// part that was split smaller and then came out whole, tags without words of theirs in the
    /// output. `sentences` stands in older files only.
    pub const NOTES: &[&str] = &["furniture", "sampling", "sentences", "short", "split", "tags"];

    /// A finding about the whole text, of middling severity.
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
            source: None,
            output: None,
            values: BTreeMap::new(),
        }
    }

    /// The same, mattering more or less.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// The same about a segment, where there is one.
    #[must_use]
    pub fn at(mut self, segment: impl Into<Option<usize>>) -> Self {
        self.segment = segment.into();
        self
    }

    /// The same with the place of the words in the source.
    #[must_use]
    pub fn in_source(mut self, place: impl Into<Place>) -> Self {
        self.source = Some(place.into());
        self
    }

    /// The same with the place of the words in the output.
    #[must_use]
    pub fn in_output(mut self, place: impl Into<Place>) -> Self {
        self.output = Some(place.into());
        self
    }

    /// The same with a value that the sentence mentions.
    #[must_use]
    pub fn value(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.values.insert(name.to_string(), value.into());
        self
    }

    /// Whether an editor should look. `--strict` goes by this.
    pub fn is_doubt(&self) -> bool {
        !Self::NOTES.contains(&self.check.as_str())
    }

    /// Where the findings' places lie in the whole, when their segment's texts start there. Places
    /// without a segment are places in the whole already.
    pub(crate) fn offset(&mut self, source: Option<usize>, output: Option<usize>) {
        for (place, start) in [(&mut self.source, source), (&mut self.output, output)] {
            if let (Some(place), Some(start)) = (place, start) {
                place.offset = Some(start + place.start);
            }
        }
    }

    /// Each once, the most important first, notes last; among equals in the order of the text.
    ///
    /// ```
    /// use malmoi::{Finding, Severity};
    /// let mut findings = vec![
    ///     Finding::new("split", "split", "translated again in 2 pieces").at(0),
    ///     Finding::new("numbers", "number_lost", "'17' is lost").at(2),
    ///     Finding::new("numbers", "number_lost", "'5' is lost").at(1),
    ///     Finding::new("numbers", "number_lost", "'17' is lost").at(2),
    ///     Finding::new("length", "cut", "the text was cut at 64 tokens").at(3).severity(Severity::Critical),
    /// ];
    /// Finding::arrange(&mut findings);
    /// let order: Vec<_> = findings.iter().map(|one| (one.check.as_str(), one.segment)).collect();
    /// assert_eq!(order, [("length", Some(3)), ("numbers", Some(1)), ("numbers", Some(2)), ("split", Some(0))]);
    /// ```
    pub fn arrange(findings: &mut Vec<Self>) {
        let mut seen = std::collections::HashSet::new();
        findings.retain(|one| {
            let said = (one.check.clone(), one.kind.clone(), one.message.clone(), one.segment);
            seen.insert(said)
        });
        findings.sort_by_key(|one| (!one.is_doubt(), one.severity, one.segment));
    }

    /// Those that say the same of several segments put together, in the order given: what a person
    /// needs to be told once.
    ///
    /// ```
    /// use malmoi::Finding;
    /// let cut = |segment| Finding::new("length", "cut", "the text was cut at 64 tokens").at(segment);
    /// let findings = [cut(0), Finding::new("copied", "copied", "it is the text again").at(1), cut(2)];
    /// let told = Finding::merged(&findings);
    /// assert_eq!((told.len(), &told[0].segments[..]), (2, &[0, 2][..]));
    /// ```
    pub fn merged<'f>(findings: impl IntoIterator<Item = &'f Self>) -> Vec<Merged<'f>> {
        let mut places = std::collections::HashMap::new();
        let mut merged: Vec<Merged<'f>> = Vec::new();
        for finding in findings {
            let place = *places.entry((&finding.check, &finding.message)).or_insert(merged.len());
            if place == merged.len() {
                merged.push(Merged { finding, segments: Vec::new() });
            }
            merged[place].segments.extend(finding.segment);
        }
        merged
    }
}

/// A finding, and every segment it was found in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged<'f> {
    /// The first of them.
    pub finding: &'f Finding,
    /// The segments of all of them.
    pub segments: Vec<usize>,
}

/// The first words of a text, for saying where something is: at most seven, and forty characters.
///
/// ```
/// assert_eq!(malmoi::beginning("The port of Haemin\nopened on Monday."), "The port of Haemin opened on Monday.");
/// assert_eq!(malmoi::beginning("해민항이 월요일에 문을 열었다고 한서진 시장이 오후에 밝혔다."), "해민항이 월요일에 문을 열었다고 한서진 시장이 오후에…");
/// ```
pub fn beginning(text: &str) -> String {
    const WORDS: usize = 7;
    const LETTERS: usize = 40;
    let mut words = text.split_whitespace();
    let mut shown = String::new();
    for (count, word) in words.by_ref().take(WORDS).enumerate() {
        let room = LETTERS.saturating_sub(shown.chars().count());
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
