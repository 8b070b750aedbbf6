//! Examples from the desk's memory: translations of people whose sources are like a segment or like
//! one of its sentences.

use crate::desk::{Desk, LEAST_LIKENESS, Match, Origin};
use crate::language::LanguagePair;
use crate::prompts::Example;
use crate::segment::sentences;

/// Upper bound on the examples of a segment.
const MAX_EXAMPLES: usize = 3;

/// Examples for a text with their likeness in percent, the most similar last. A memory that fails
/// has none.
pub(super) fn examples(desk: &Desk, languages: LanguagePair, text: &str) -> Vec<(Example, u8)> {
    let find = |text: &str, limit| {
        let found = desk.similar(languages, text, Origin::Imported, LEAST_LIKENESS, limit);
        found.unwrap_or_default()
    };
    let mut found = find(text, MAX_EXAMPLES);
    let sentences = sentences(text);
    if sentences.len() > 1 {
        for sentence in sentences {
            found.extend(find(sentence, 1));
        }
    }
    found.sort_by_key(|one| std::cmp::Reverse(one.percent));
    let mut shown: Vec<(Example, u8)> = Vec::new();
    for Match { unit, percent, .. } in found {
        let example = Example { source: unit.source, target: unit.target };
        if shown.len() < MAX_EXAMPLES && shown.iter().all(|(other, _)| *other != example) {
            shown.push((example, percent));
        }
    }
    shown.reverse();
    shown
}
