//! Features of a sentence by which it is found again: stems of words, numbers, Latin words and,
//! across languages, the concepts of a dictionary.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::super::calendar::Named;
use super::super::comparison::Text;
use super::super::dictionary;
use crate::document::Span;
use crate::language::{Language, is_hangul, is_latin};

/// Hash of a feature, the same in every run.
pub(in crate::checks) type Feature = u64;

/// English words that tell nothing about the content.
#[rustfmt::skip]
const ENGLISH_STOP_WORDS: &[&str] = &[
    "a", "about", "after", "all", "also", "an", "and", "any", "are", "as", "at", "be", "been", "before", "being",
    "but", "by", "can", "could", "did", "do", "does", "for", "from", "had", "has", "have", "he", "her", "him", "his",
    "how", "i", "if", "in", "into", "is", "it", "its", "may", "more", "most", "no", "not", "of", "on", "one", "or",
    "other", "our", "out", "over", "said", "say", "says", "she", "should", "so", "some", "such", "than", "that",
    "the", "their", "them", "then", "there", "these", "they", "this", "those", "to", "told", "under", "up", "was",
    "we", "were", "what", "when", "where", "which", "while", "who", "will", "with", "would", "you", "your",
];

/// First two syllables of Korean words that tell nothing about the content.
#[rustfmt::skip]
const KOREAN_STOP_STEMS: &[&str] = &[
    "그는", "그녀", "그의", "그들", "이는", "이번", "이날", "이를", "있다", "있는", "있었", "있습", "있으", "없다", "없는",
    "했다", "하는", "하고", "하며", "한다", "했습", "합니", "됐다", "된다", "되는", "되었", "됩니", "것이", "것은", "것을",
    "것으", "대한", "대해", "위해", "위한", "따라", "따르", "통해", "밝혔", "말했", "전했", "덧붙", "설명", "하지", "그러",
    "그리", "또한", "또는", "함께", "이라", "이다", "입니", "라고", "다고", "지난", "오는", "현재", "때문", "경우", "우리",
];

/// What one word or number of a summary sentence says: any of these features supports it.
pub(in crate::checks) type Claim = Vec<Feature>;

/// Features of an article sentence, in ascending order. `portable` leaves only those that a
/// translation keeps: numbers, Latin words and concepts.
pub(in crate::checks) fn of(text: &Text<'_>, sentence: &Span, portable: bool) -> Vec<Feature> {
    let mut found = BTreeSet::new();
    found.extend(of_quantities(text, sentence));
    for word in words(&text.text[sentence.clone()]) {
        found.extend(of_word(word, text.language, portable));
        if portable {
            let concepts = match text.language {
                Language::English => dictionary::of_english(&word.to_lowercase()),
                Language::Korean => korean_concepts(word, false),
            };
            found.extend(concepts.iter().map(of_concept));
        }
    }
    found.into_iter().collect()
}

/// Claims of a summary sentence, each once.
pub(in crate::checks) fn claims(text: &Text<'_>, sentence: &Span, portable: bool) -> Vec<Claim> {
    let mut found: BTreeSet<Claim> =
        of_quantities(text, sentence).map(|feature| vec![feature]).collect();
    found.extend(word_claims(text, sentence, portable));
    found.into_iter().collect()
}

/// The claims of the words of a summary sentence, without its numbers and dates.
pub(in crate::checks) fn word_claims(
    text: &Text<'_>,
    sentence: &Span,
    portable: bool,
) -> BTreeSet<Claim> {
    let words = words(&text.text[sentence.clone()]);
    words.filter_map(|word| of_one(word, text.language, portable)).collect()
}

/// The claim of one word; `None` for one that tells nothing.
pub(in crate::checks) fn of_one(word: &str, language: Language, portable: bool) -> Option<Claim> {
    let concepts = match language {
        _ if !portable => Vec::new(),
        Language::English => dictionary::of_english(&word.to_lowercase()),
        Language::Korean => korean_concepts(word, true),
    };
    if !concepts.is_empty() {
        return Some(concepts.iter().map(of_concept).collect());
    }
    // A Korean article has no counterpart by which an English word could be looked up.
    if portable && language == Language::English {
        return None;
    }
    of_word(word, language, portable).map(|feature| vec![feature])
}

/// True for a word that tells nothing about the content.
pub(in crate::checks) fn is_stop_word(word: &str) -> bool {
    let second = word.char_indices().nth(2).map_or(word.len(), |(at, _)| at);
    ENGLISH_STOP_WORDS.contains(&word.to_lowercase().as_str())
        || KOREAN_STOP_STEMS.contains(&&word[..second])
}

/// Features of the numbers, months and days of the week in a sentence.
fn of_quantities(text: &Text<'_>, sentence: &Span) -> impl Iterator<Item = Feature> {
    let calendar = text.calendar();
    let months = inside(&calendar.months, sentence).map(|one| hash(&("month", one.index)));
    let days = inside(&calendar.weekdays, sentence).map(|one| hash(&("day", one.index)));
    let stated = &text.numbers().stated;
    let first = stated.partition_point(|number| number.start < sentence.start);
    let numbers = stated[first..].iter().take_while(|number| number.start < sentence.end);
    let numbers = numbers.map(|number| hash(&number.value.to_bits()));
    months.chain(days).chain(numbers).collect::<Vec<_>>().into_iter()
}

/// The names of days or months that begin inside a sentence.
fn inside<'n>(names: &'n [Named], sentence: &Span) -> impl Iterator<Item = &'n Named> {
    let (first, end) =
        (names.partition_point(|name| name.span.start < sentence.start), sentence.end);
    names[first..].iter().take_while(move |name| name.span.start < end)
}

fn words(sentence: &str) -> impl Iterator<Item = &str> {
    sentence.split(|c: char| !c.is_alphanumeric() && c != '-').filter(|word| !word.is_empty())
}

/// Concepts that a Korean word has, or also those that it may have.
fn korean_concepts(word: &str, only_certain: bool) -> Vec<dictionary::Concept> {
    let mut found = Vec::new();
    dictionary::of_korean(word, |is_certain, concept| {
        if is_certain || !only_certain {
            found.push(concept);
        }
    });
    found
}

fn of_concept(concept: &dictionary::Concept) -> Feature {
    hash(&("concept", *concept))
}

/// Features of the words beside a passage: of two words before it and two after it.
pub(super) fn around(text: &str, at: usize, length: usize, language: Language) -> Vec<Feature> {
    let words = |part: &mut dyn Iterator<Item = &str>| -> Vec<Feature> {
        part.take(2).filter_map(|word| of_word(word, language, false)).collect()
    };
    let is_between = |c: char| !c.is_alphanumeric();
    let mut found = words(&mut text[..at].rsplit(is_between).filter(|word| !word.is_empty()));
    let after = text.get(at + length..).unwrap_or_default();
    found.extend(words(&mut after.split(is_between).filter(|word| !word.is_empty())));
    found
}

fn of_word(word: &str, language: Language, portable: bool) -> Option<Feature> {
    if word.starts_with(is_latin) {
        let end = word.find(is_hangul).unwrap_or(word.len());
        let lower = word[..end].to_lowercase();
        let is_stop = ENGLISH_STOP_WORDS.contains(&lower.as_str()) || lower.len() < 2;
        return (!is_stop).then(|| hash(stem(&lower)));
    }
    if portable || language == Language::English || !word.starts_with(is_hangul) {
        return None;
    }
    let (end, _) = word.char_indices().nth(2).unwrap_or((word.len(), ' '));
    let stem = &word[..end];
    let is_stop = KOREAN_STOP_STEMS.contains(&stem) || stem.chars().nth(1).is_none();
    (!is_stop).then(|| hash(stem))
}

/// An English word without the endings of inflection, which may cut too much: "cities" and "city"
/// share "cit".
fn stem(word: &str) -> &str {
    const MIN_STEM: usize = 3;
    ["ies", "ing", "ied", "ed", "es", "s", "y", "e"]
        .iter()
        .filter_map(|ending| word.strip_suffix(ending))
        .find(|stem| stem.len() >= MIN_STEM)
        .unwrap_or(word)
}

fn hash(value: &(impl Hash + ?Sized)) -> Feature {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inflected_words_share_a_stem() {
        for (one, other) in [("cities", "city"), ("opened", "opening"), ("closes", "closed")] {
            assert_eq!(stem(one), stem(other));
        }
        assert_ne!(stem("port"), stem("part"));
        assert_eq!(stem("bus"), "bus");
    }

    #[test]
    fn particles_and_endings_do_not_matter() {
        let of = |word| of_word(word, Language::Korean, false);
        assert_eq!(of("다리를"), of("다리가"));
        assert_eq!(of("개통했다"), of("개통하기로"));
        assert_eq!(of("NATO와"), of("NATO는"));
        assert_eq!((of("그는"), of("수")), (None, None));
    }
}
