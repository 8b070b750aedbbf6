//! Consistency of a run: the same source with two translations, and two sources with the same one.
//! Holds hashes of what was seen, not texts, and a bounded number of them.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use super::super::check::{OutputKind, Pair};
use super::super::dismissals::Dismissals;
use super::kinds::{SAME_TRANSLATION, TWO_TRANSLATIONS, finding};
use crate::finding::Finding;

/// Fewest words of a source: shorter ones, such as headings, may be translated in several ways.
const MIN_WORDS: usize = 4;

/// Fewest letters of a translation that belongs to one source.
const MIN_LETTERS: usize = 20;
/// Most texts that are remembered; later ones are compared with these.
const MAX_TEXTS: usize = 100_000;

/// The translations of a run so far.
///
/// ```
/// use malmoi::{Language, checks::{Consistency, Dismissals, OutputKind, Pair}};
/// let pair = |output| Pair {
///     source: "The port stayed closed on Monday.",
///     output,
///     from: Language::English,
///     to: Language::Korean,
///     kind: OutputKind::Translation,
/// };
/// let mut run = Consistency::default();
/// let none = Dismissals::default();
/// assert_eq!(run.compare(&pair("항구는 월요일 문을 닫았다."), "line 1", &none), None);
/// let found = run.compare(&pair("항만은 월요일에 폐쇄됐다."), "line 7", &none).unwrap();
/// assert_eq!(found.message, "the same original has another translation at line 1");
/// ```
#[derive(Debug, Default)]
pub struct Consistency {
    by_source: Texts,
    by_output: Texts,
}

/// The first partner of each text.
#[derive(Debug, Default)]
struct Texts(HashMap<[u8; 16], Seen>);

#[derive(Debug)]
struct Seen {
    partner: [u8; 16],
    place: String,
}

impl Texts {
    /// The place of another partner of the same text; remembers the first.
    fn other_place(&mut self, text: [u8; 16], partner: [u8; 16], place: &str) -> Option<String> {
        match self.0.get(&text) {
            Some(seen) => (seen.partner != partner).then(|| seen.place.clone()),
            None => {
                if self.0.len() < MAX_TEXTS {
                    self.0.insert(text, Seen { partner, place: place.to_string() });
                }
                None
            }
        }
    }
}

impl Consistency {
    /// Compares a pair with those before it; `place` is where it stands, for messages about later
    /// pairs and their value `place`.
    pub fn compare(
        &mut self,
        pair: &Pair<'_>,
        place: &str,
        dismissed: &Dismissals,
    ) -> Option<Finding> {
        if pair.kind != OutputKind::Translation {
            return None;
        }
        let is_long = pair.source.split_whitespace().nth(MIN_WORDS - 1).is_some();
        let letters = pair.output.chars().filter(|c| c.is_alphabetic()).count();
        let (source, output) = (digest(pair.source), digest(pair.output));
        let of_source =
            if is_long { self.by_source.other_place(source, output, place) } else { None };
        let is_whole = is_long && letters >= MIN_LETTERS;
        let of_output =
            if is_whole { self.by_output.other_place(output, source, place) } else { None };
        let (kind, first, english, korean) = if let Some(first) = of_source {
            let english = format!("the same original has another translation at {first}");
            let korean = format!("같은 원문의 다른 번역: {first}");
            (TWO_TRANSLATIONS, first, english, korean)
        } else {
            let first = of_output?;
            let english = format!("another original has the same translation at {first}");
            let korean = format!("다른 원문의 같은 번역: {first}");
            (SAME_TRANSLATION, first, english, korean)
        };
        let mut finding = finding(kind, english, korean).value("place", first);
        finding.hash = finding.fingerprint(pair.source, pair.output);
        finding.dismissed = dismissed.contains(&finding.hash);
        Some(finding)
    }
}

/// A hash of the words of a text.
fn digest(text: &str) -> [u8; 16] {
    let mut hash = Sha256::new();
    for word in text.split_whitespace() {
        hash.update(word);
        hash.update(" ");
    }
    let mut short = [0; 16];
    short.copy_from_slice(&hash.finalize()[..16]);
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn only_other_words_for_the_same_long_source_are_a_finding() {
        let mut run = Consistency::default();
        let mut compare = |source, output, kind| {
            let (from, to) = (Language::English, Language::Korean);
            let pair = Pair { source, output, from, to, kind };
            run.compare(&pair, "line 1", &Dismissals::default()).is_some()
        };
        let long = "The port stayed closed on Monday.";
        assert!(!compare(long, "항구는 월요일 문을 닫았다.", OutputKind::Translation));
        assert!(!compare(long, "항구는  월요일 문을 닫았다.\n", OutputKind::Translation));
        assert!(!compare(long, "항구가 닫혔다.", OutputKind::Summary));
        assert!(compare(long, "항만은 월요일에 폐쇄됐다.", OutputKind::Translation));
        let other = "The mayor opened a new bridge.";
        let long_output = "항만청은 여객선 운항을 중단했다고 월요일에 발표했다.";
        assert!(!compare("The ferry was stopped on Monday.", long_output, OutputKind::Translation));
        assert!(compare(other, long_output, OutputKind::Translation));
        assert!(!compare("See also", "참고", OutputKind::Translation));
        assert!(!compare("See also", "함께 보기", OutputKind::Translation));
    }
}
