//! Consistency of a run: the same source with two translations. Holds hashes of what was seen, not
//! texts, so that a run may be long.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use super::check::{OutputKind, Pair};
use super::dismissals::Dismissals;
use crate::finding::{Finding, Severity};

/// Fewest words of a source: shorter ones, such as headings, may be translated in several ways.
const MIN_WORDS: usize = 4;

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
pub struct Consistency(HashMap<[u8; 16], Seen>);

/// The first translation of a source.
#[derive(Debug)]
struct Seen {
    output: [u8; 16],
    place: String,
}

impl Consistency {
    /// Compares a pair with those before it; `place` is where it stands, for messages about later
    /// pairs.
    pub fn compare(
        &mut self,
        pair: &Pair<'_>,
        place: &str,
        dismissed: &Dismissals,
    ) -> Option<Finding> {
        let is_long = pair.source.split_whitespace().nth(MIN_WORDS - 1).is_some();
        if pair.kind != OutputKind::Translation || !is_long {
            return None;
        }
        let output = digest(pair.output);
        let seen = self
            .0
            .entry(digest(pair.source))
            .or_insert_with(|| Seen { output, place: place.to_string() });
        if seen.output == output {
            return None;
        }
        let first = &seen.place;
        let message = format!("the same original has another translation at {first}");
        let mut finding = Finding::new("consistency", "two_translations", message)
            .in_korean(format!("같은 원문의 다른 번역: {first}"))
            .severity(Severity::Minor);
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
        assert!(!compare("See also", "참고", OutputKind::Translation));
        assert!(!compare("See also", "함께 보기", OutputKind::Translation));
    }
}
