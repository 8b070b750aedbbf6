//! Fingerprints of findings: hashes of the words concerned and the paragraphs around them.
//!
//! Each paragraph is read once, however many findings it has: linear in the texts and the findings.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use super::{Finding, Place};

/// Hexadecimal digits of a fingerprint.
const DIGITS: usize = 16;
/// Bytes of a paragraph above which its own hash stands for it.
const MAX_PART: usize = 4 << 10;

impl Finding {
    /// Sixteen hexadecimal digits of a SHA-256 over the check, the kind, the words concerned and
    /// the paragraphs around them: the same wherever these stand, and in every message language.
    ///
    /// ```
    /// use malmoi::Finding;
    /// let [source, output] = ["It hurt 17 people.", "71명이 다쳤다."];
    /// let finding = |at| Finding::new("numbers", "number_lost", "").in_source(at..at + 2);
    /// let hash = finding(8).fingerprint(source, output);
    /// assert_eq!(finding(15).fingerprint(&format!("A fire\n{source}"), output), hash);
    /// assert_ne!(finding(8).fingerprint(source, "다쳤다."), hash);
    /// ```
    pub fn fingerprint(&self, source: &str, output: &str) -> String {
        Fingerprints::new(source, output).of(self)
    }
}

/// Fingerprints of the findings of one pair of texts.
pub(crate) struct Fingerprints<'t> {
    texts: [Paragraphs<'t>; 2],
}

impl<'t> Fingerprints<'t> {
    pub fn new(source: &'t str, output: &'t str) -> Self {
        Self { texts: [source, output].map(Paragraphs::new) }
    }

    /// [`Finding::fingerprint`] of one finding.
    pub fn of(&mut self, finding: &Finding) -> String {
        let mut hash = Sha256::new();
        let mut add = |part: &str| {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        };
        add(&finding.check);
        add(&finding.kind);
        for words in [&finding.expected, &finding.found] {
            add(words.as_deref().unwrap_or_default());
        }
        for (text, place) in self.texts.iter_mut().zip([finding.source, finding.output]) {
            let words = place.and_then(|place| Some((place, place.of(text.text)?)));
            add(words.map_or("", |(_, words)| words));
            add(text.around(words.map(|(place, _)| place)));
        }
        let mut digits = format!("{:x}", hash.finalize());
        digits.truncate(DIGITS);
        digits
    }
}

/// A text, with what was read of its paragraphs.
struct Paragraphs<'t> {
    text: &'t str,
    /// Byte offsets of the line breaks, in ascending order.
    breaks: Vec<usize>,
    /// What a hash takes of a part of the text, by its first and its last byte.
    parts: HashMap<(usize, usize), String>,
}

impl<'t> Paragraphs<'t> {
    fn new(text: &'t str) -> Self {
        let breaks = text.match_indices('\n').map(|(at, _)| at).collect();
        Self { text, breaks, parts: HashMap::new() }
    }

    /// What a hash takes of the lines that a place is on, or of the whole text without one: the
    /// words with single spaces, or a hash of those if they are long.
    fn around(&mut self, place: Option<Place>) -> &str {
        let (start, end) = place.map_or((0, self.text.len()), |place| self.lines(place));
        let text = &self.text[start..end];
        self.parts.entry((start, end)).or_insert_with(|| {
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            if words.len() > MAX_PART { format!("{:x}", Sha256::digest(&words)) } else { words }
        })
    }

    /// Start and end of the lines that a place is on.
    fn lines(&self, place: Place) -> (usize, usize) {
        let before = self.breaks.partition_point(|at| *at < place.start);
        let after = self.breaks.partition_point(|at| *at < place.end);
        let start = before.checked_sub(1).map_or(0, |index| self.breaks[index] + 1);
        (start, self.breaks.get(after).copied().unwrap_or(self.text.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(place: std::ops::Range<usize>) -> Finding {
        Finding::new("numbers", "number_lost", "").in_source(place)
    }

    #[test]
    fn other_paragraphs_do_not_change_a_fingerprint() {
        for line in ["It hurt 17 people.".to_string(), "It hurt 17 people. ".repeat(400)] {
            let hash = finding(8..10).fingerprint(&line, "");
            let moved = format!("A fire\n{line}\nThe end");
            assert_eq!(finding(15..17).fingerprint(&moved, ""), hash);
            let changed = line.replacen("people", "men", 1);
            assert_ne!(finding(8..10).fingerprint(&changed, ""), hash);
            assert_ne!(finding(8..10).fingerprint(&line, "It did"), hash);
            assert_eq!(finding(10..12).fingerprint(&line.replace(' ', "  "), ""), hash);
        }
    }

    #[test]
    fn a_place_over_line_breaks_has_all_its_lines_around_it() {
        let text = "one\ntwo three\nfour\nfive";
        let words = |place: std::ops::Range<usize>| {
            Paragraphs::new(text).around(Some(place.into())).to_string()
        };
        assert_eq!(words(0..1), "one");
        assert_eq!(words(4..13), "two three");
        assert_eq!(words(8..15), "two three four");
        assert_eq!(words(3..4), "one two three");
        assert_eq!(words(20..23), "five");
        assert_eq!(Paragraphs::new(text).around(None), "one two three four five");
    }

    #[test]
    fn a_long_line_is_read_once_for_all_its_findings() {
        let line = "17 ".repeat(10_000);
        let mut fingerprints = Fingerprints::new(&line, &line);
        for at in 0..10_000 {
            fingerprints.of(&finding(3 * at..3 * at + 2));
        }
        for text in fingerprints.texts {
            let sizes: Vec<usize> = text.parts.values().map(String::len).collect();
            assert_eq!(sizes, [64]);
        }
    }
}
