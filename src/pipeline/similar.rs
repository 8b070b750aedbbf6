//! Examples from the desk's memory: translations of people whose sources are like a segment or like
//! one of its sentences.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::desk::{Desk, LEAST_LIKENESS, Match, Origin};
use crate::job::TaskOptions;
use crate::language::LanguagePair;
use crate::prompts::Example;
use crate::segment::sentences;
use crate::semantic;

/// A translation of people that a model is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SimilarExample {
    pub example: Example,
    /// Likeness of its source to the segment or to a sentence of it.
    pub percent: u8,
}

impl SimilarExample {
    /// True if it is near enough for its words to be expected in the answer.
    pub fn is_near(&self) -> bool {
        self.percent >= LEAST_LIKENESS
    }
}

/// The examples of each text, the most similar last. They are looked up once, so that the model is
/// shown those that the key of a segment names, whatever other processes write meanwhile.
#[derive(Default)]
pub(super) struct SimilarExamples(RefCell<HashMap<String, Rc<[SimilarExample]>>>);

impl SimilarExamples {
    /// The examples for a text. A memory that fails has none.
    pub fn of(
        &self,
        options: &TaskOptions,
        languages: LanguagePair,
        text: &str,
    ) -> Rc<[SimilarExample]> {
        if let Some(known) = self.0.borrow().get(text) {
            return known.clone();
        }
        let found: Rc<[SimilarExample]> = find(options, languages, text).into();
        self.0.borrow_mut().insert(text.to_string(), found.clone());
        found
    }
}

fn find(options: &TaskOptions, languages: LanguagePair, text: &str) -> Vec<SimilarExample> {
    let (Some(desk), Some(least)) = (&options.desk, options.similar) else { return Vec::new() };
    let max = options.examples.max();
    let similar = |text: &str, limit| {
        let found = desk.similar(languages, text, Origin::Imported, least, limit);
        found.unwrap_or_default()
    };
    let mut found = similar(text, max);
    let sentences = sentences(text);
    if sentences.len() > 1 {
        for sentence in sentences {
            found.extend(similar(sentence, max.min(1)));
        }
    }
    found.sort_by_cached_key(|one| std::cmp::Reverse(one.rank()));
    if least == 0 && found.len() < max {
        found.extend(by_meaning(desk, options, languages, text));
    }
    let mut shown: Vec<SimilarExample> = Vec::new();
    for Match { unit, percent, .. } in found {
        let example = Example { source: unit.source, target: unit.target };
        if shown.len() < max && shown.iter().all(|other| other.example != example) {
            shown.push(SimilarExample { example, percent });
        }
    }
    shown.reverse();
    shown
}

/// The nearest units by meaning, however far; none without an encoder, or if it fails.
fn by_meaning(
    desk: &Desk,
    options: &TaskOptions,
    languages: LanguagePair,
    text: &str,
) -> Vec<Match> {
    let (checks, max) = (&options.checks, options.examples.max());
    let least = f32::NEG_INFINITY;
    let found = semantic::similar(desk, checks, languages, text, Origin::Imported, least, max);
    found.unwrap_or_default()
}
