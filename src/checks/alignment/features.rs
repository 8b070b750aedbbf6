//! What sentences are compared by: length and anchors.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::super::calendar::Named;
use super::super::dictionary::{self, Concept, MAX_CONCEPTS};
use super::super::lengths;
use super::super::text::Text;
use crate::document::Span;
use crate::language::{Language, is_hangul};

/// Most words and numbers of a sentence that are anchors.
const MAX_ANCHORS: usize = 48;
/// Most that the anchors of a step can lower its cost by.
pub(super) const MAX_GAIN: f64 = 12.0;

/// Cost of an anchor of weight 1 that one side alone has.
const ALONE: f64 = 0.5;
/// Gain of one that both sides have.
const SHARED: f64 = 0.9;

/// A set of concepts.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Concepts([u64; MAX_CONCEPTS / 64]);

impl Concepts {
    fn insert(&mut self, concept: Concept) {
        if let Some(word) = self.0.get_mut(usize::from(concept) / 64) {
            *word |= 1 << (concept % 64);
        }
    }

    fn has(&self, concept: Concept) -> bool {
        self.0.get(usize::from(concept) / 64).is_some_and(|word| word >> (concept % 64) & 1 == 1)
    }

    fn add(&mut self, other: &Self) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word |= other;
        }
    }

    fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    fn and(&self, other: &Self) -> Self {
        let mut both = *self;
        for (word, other) in both.0.iter_mut().zip(&other.0) {
            *word &= other;
        }
        both
    }
}

/// A sentence as it is compared.
#[derive(Debug, Clone, Default)]
pub(super) struct Features {
    pub chars: usize,
    /// English: the concepts of each word that has some.
    words: Vec<Vec<Concept>>,
    /// Concepts that the counterpart should have.
    certain: Concepts,
    /// Concepts that it may have.
    possible: Concepts,
    /// Values of numbers.
    numbers: Vec<u64>,
    /// Numbers that the counterpart should have.
    needed: Vec<u64>,
    /// Hashes of words in Latin script, in lower case.
    latin: Vec<u64>,
    /// Months and days of the week, one bit each.
    dates: u32,
    is_question: bool,
    has_quotation: bool,
}

/// The sentences of a text.
pub(super) fn read(text: &Text<'_>) -> Vec<Features> {
    text.sentences().iter().map(|span| passage(text, span)).collect()
}

/// A passage of a text.
pub(super) fn passage(text: &Text<'_>, span: &Span) -> Features {
    let words = &text.text[span.clone()];
    let mut features =
        Features { chars: lengths::chars(words, text.language), ..Features::default() };
    let stated = &text.numbers().stated;
    let first = stated.partition_point(|number| number.start < span.start);
    for number in
        stated[first..].iter().take_while(|number| number.start < span.end).take(MAX_ANCHORS)
    {
        features.numbers.push(number.value.to_bits());
        if number.needs_counterpart() {
            features.needed.push(number.value.to_bits());
        }
    }
    let calendar = text.calendar();
    for month in inside(&calendar.months, span) {
        features.dates |= 1 << (month.index % 16);
    }
    for day in inside(&calendar.weekdays, span) {
        features.dates |= 1 << (16 + day.index % 16);
    }
    features.is_question = words.trim_end_matches(['"', '”', '’', '\'']).ends_with('?');
    features.has_quotation = words.contains(['"', '“', '”', '‘']);
    for word in words.split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’' | '.')) {
        features.add_word(word.trim_matches('.'), text.language);
    }
    features
}

/// The names of days or months inside a span.
fn inside<'n>(names: &'n [Named], span: &Span) -> &'n [Named] {
    let from = names.partition_point(|name| name.span.start < span.start);
    let to = names.partition_point(|name| name.span.start < span.end);
    &names[from..to.max(from)]
}

impl Features {
    fn add_word(&mut self, word: &str, language: Language) {
        if language == Language::Korean && word.contains(is_hangul) {
            let (certain, possible) = (&mut self.certain, &mut self.possible);
            dictionary::of_korean(word, |is_certain, concept| {
                possible.insert(concept);
                if is_certain {
                    certain.insert(concept);
                }
            });
        }
        let latin: String =
            word.chars().take_while(|c| !is_hangul(*c)).flat_map(char::to_lowercase).collect();
        if !latin.starts_with(char::is_alphabetic) || self.latin.len() >= 2 * MAX_ANCHORS {
            return;
        }
        if language == Language::English {
            self.latin.push(hash(latin.trim_end_matches("'s").trim_end_matches("’s")));
            let concepts = dictionary::of_english(&latin);
            for concept in &concepts {
                self.possible.insert(*concept);
            }
            if !concepts.is_empty()
                && self.words.len() < MAX_ANCHORS
                && !self.words.contains(&concepts)
            {
                self.words.push(concepts);
            }
        } else if latin.len() > 2 {
            self.latin.push(hash(&latin));
        }
    }
}

fn hash(word: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    word.hash(&mut hasher);
    hasher.finish()
}

/// Anchors of two groups, found in both or in one alone, by weight.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Anchors {
    pub shared: f64,
    pub alone: f64,
}

impl Anchors {
    pub fn of(english: &[Features], korean: &[Features]) -> Self {
        let mut anchors = Self::default();
        let union = |side: &[Features], which: fn(&Features) -> &Concepts| {
            let mut all = Concepts::default();
            side.iter().for_each(|one| all.add(which(one)));
            all
        };
        let known = union(korean, |one| &one.possible);
        for words in english.iter().flat_map(|one| &one.words) {
            anchors.count(words.iter().any(|concept| known.has(*concept)), 1.0);
        }
        let known = union(english, |one| &one.possible);
        let certain = union(korean, |one| &one.certain);
        let shared = certain.and(&known).count();
        anchors.alone += f64::from(certain.count() - shared);
        let numbers =
            |side: &[Features], number: &u64| side.iter().any(|one| one.numbers.contains(number));
        for number in english.iter().flat_map(|one| &one.needed) {
            anchors.count(numbers(korean, number), 2.0);
        }
        for number in korean.iter().flat_map(|one| &one.needed) {
            anchors.count(numbers(english, number), 1.0);
        }
        let latin = |word: &u64| english.iter().any(|one| one.latin.contains(word));
        for word in korean.iter().flat_map(|one| &one.latin) {
            anchors.count(latin(word), 1.5);
        }
        let dates = |side: &[Features]| side.iter().fold(0, |all, one| all | one.dates);
        let (one, other) = (dates(english), dates(korean));
        anchors.shared += f64::from((one & other).count_ones()) * 2.0;
        anchors.alone += f64::from((one ^ other).count_ones()) * 2.0;
        let quotes = |side: &[Features]| side.iter().any(|one| one.has_quotation);
        match (quotes(english), quotes(korean)) {
            (true, true) => anchors.shared += 1.0,
            (false, false) => {}
            _ => anchors.alone += 1.0,
        }
        let asks = |side: &[Features]| side.iter().any(|one| one.is_question);
        match (asks(english), asks(korean)) {
            (true, true) => anchors.shared += 2.0,
            (false, false) => {}
            _ => anchors.alone += 2.0,
        }
        anchors
    }

    fn count(&mut self, is_shared: bool, weight: f64) {
        if is_shared {
            self.shared += weight;
        } else {
            self.alone += weight;
        }
    }

    /// The cost of a group with these anchors: about 0 for as many as translations have.
    pub fn cost(self) -> f64 {
        (ALONE * self.alone - SHARED * self.shared).max(-MAX_GAIN)
    }
}
