//! Common words of news in both languages, as numbered concepts.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::language::is_hangul;

/// Number of a concept, the line of the table.
pub(in crate::checks) type Concept = u16;

/// Topics as bits, in the order in which the table names them.
pub(super) type Topics = u32;

/// The table: English words, `=`, the beginnings of Korean words, and topics after `|`.
const TABLE: &str = include_str!("dictionary.txt");
/// Most syllables of a Korean beginning.
const MAX_SYLLABLES: usize = 5;

struct Dictionary {
    english: HashMap<&'static str, Vec<Concept>>,
    korean: HashMap<&'static str, Vec<Concept>>,
    /// By concept, the topics that it shows and those of them that it needs.
    topics: Vec<(Topics, Topics)>,
}

static DICTIONARY: LazyLock<Dictionary> = LazyLock::new(|| {
    let mut dictionary =
        Dictionary { english: HashMap::new(), korean: HashMap::new(), topics: Vec::new() };
    let mut names: Vec<&str> = Vec::new();
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    for (concept, line) in (0..).zip(lines) {
        let (line, topics) = line.split_once('|').unwrap_or((line, ""));
        let (mut shown, mut needed) = (0, 0);
        for topic in topics.split(',').filter(|topic| !topic.is_empty()) {
            let name = topic.trim_start_matches('!');
            let at = names.iter().position(|known| *known == name).unwrap_or(names.len());
            if at == names.len() {
                names.push(name);
            }
            let bit = 1u32.checked_shl(at as u32).unwrap_or_default();
            shown |= bit;
            needed |= if topic.starts_with('!') { bit } else { 0 };
        }
        dictionary.topics.push((shown, needed));
        let Some((english, korean)) = line.split_once('=') else { continue };
        for word in english.split(',') {
            dictionary.english.entry(word).or_default().push(concept);
        }
        for word in korean.split(',') {
            dictionary.korean.entry(word).or_default().push(concept);
        }
    }
    dictionary
});

/// Topics that a concept shows.
pub(super) fn shown(concept: Concept) -> Topics {
    DICTIONARY.topics.get(usize::from(concept)).map_or(0, |(shown, _)| *shown)
}

/// Topics of which a text must show one to have a word of the concept.
pub(super) fn needed(concept: Concept) -> Topics {
    DICTIONARY.topics.get(usize::from(concept)).map_or(0, |(_, needed)| *needed)
}

/// Number of concepts, at most.
pub(super) const MAX_CONCEPTS: usize = 960;

/// Concepts of an English word in lower case, in any form.
pub(super) fn of_english(word: &str) -> Vec<Concept> {
    const ENDINGS: &[(&str, &str)] = &[
        ("", ""),
        ("'s", ""),
        ("’s", ""),
        ("s", ""),
        ("es", ""),
        ("ies", "y"),
        ("ed", ""),
        ("ed", "e"),
        ("ing", ""),
        ("ing", "e"),
        ("ied", "y"),
        ("ly", ""),
    ];
    let form = |(ending, base): &(&str, &str)| {
        let stem = word.strip_suffix(ending)?;
        if base.is_empty() {
            return DICTIONARY.english.get(stem).cloned();
        }
        DICTIONARY.english.get(format!("{stem}{base}").as_str()).cloned()
    };
    ENDINGS.iter().find_map(form).unwrap_or_default()
}

/// Reports the concepts of a Korean word: whether the word begins with a form of two or more
/// syllables, which is certain, and the concept.
pub(super) fn of_korean(word: &str, mut report: impl FnMut(bool, Concept)) {
    let starts = word.char_indices().filter(|(_, c)| is_hangul(*c)).map(|(at, _)| at);
    for start in starts {
        let rest = &word[start..];
        let ends = rest.char_indices().map(|(at, c)| at + c.len_utf8()).take(MAX_SYLLABLES);
        for (syllables, end) in (1..).zip(ends) {
            // A single syllable inside a word is chance.
            if syllables == 1 && start > 0 {
                continue;
            }
            for concept in DICTIONARY.korean.get(&rest[..end]).into_iter().flatten() {
                report(start == 0 && syllables > 1, *concept);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn korean(word: &str) -> Vec<(bool, Concept)> {
        let mut found = Vec::new();
        of_korean(word, |is_certain, concept| found.push((is_certain, concept)));
        found
    }

    #[test]
    fn forms_of_both_languages_have_the_same_concepts() {
        for (english, word) in
            [("ministers", "장관은"), ("flooded", "침수됐다"), ("cities", "도시에서")]
        {
            let concepts = of_english(english);
            assert!(korean(word).iter().any(|(certain, one)| *certain && concepts.contains(one)));
        }
        assert!(of_english("xyzzy").is_empty() && korean("쀍쀍").is_empty());
    }

    #[test]
    fn single_syllables_and_the_middle_of_words_are_less_certain() {
        assert!(korean("비가").iter().all(|(certain, _)| !certain));
        let port = of_english("port");
        assert!(korean("해민항구").iter().any(|(certain, one)| !certain && port.contains(one)));
    }

    #[test]
    fn every_line_of_the_table_is_read() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
        assert!(lines.clone().all(|line| line.matches('=').count() == 1));
        assert!(lines.count() <= MAX_CONCEPTS);
        let school = of_english("school")[0];
        assert_ne!(needed(school) & shown(of_english("teacher")[0]), 0);
        assert_eq!(
            (needed(school) & shown(of_english("tsunami")[0]), needed(of_english("hour")[0])),
            (0, 0)
        );
    }
}
