//! Demands on a new answer, from the source and from the doubts about the first answer: numbers
//! that it may contain, phrases that it should contain, and terms for the prompt.

use crate::checks::{self, known_rendering, magnitudes, renderings};
use crate::finding::Finding;
use crate::generation::LexicalRules;
use crate::glossary::Term;
use crate::language::{Language, LanguagePair};
use crate::pipeline::setup::TaskSetup;
use crate::prompts::Task;

/// The check of terms.
const GLOSSARY: &str = "glossary";

/// Demands on a new answer.
pub(super) struct Demands {
    to: Language,
    /// Words of the source with a prescribed rendering, and its alternatives.
    missing: Vec<Missing>,
    /// Numbers that the answer may contain.
    numbers: Vec<String>,
    /// True if a number of the first answer is doubted.
    doubts_numbers: bool,
}

struct Missing {
    source: String,
    /// Renderings, the most usual first.
    renderings: Vec<String>,
    /// True if the doubt names these words as lost, false if they are only prescribed.
    is_translation: bool,
}

impl Demands {
    pub fn of(setup: &TaskSetup<'_>, source: &str, doubts: &[Finding]) -> Self {
        let LanguagePair { from, to } = setup.languages;
        let (stated, numbers) = renderings(source, from, to);
        let mut missing: Vec<Missing> = Vec::new();
        for doubt in doubts {
            let Some(expected) = doubt.expected.as_deref() else { continue };
            let words = doubt.source.and_then(|place| place.of(source)).unwrap_or(expected);
            let number = stated
                .iter()
                .find(|number| number.source == expected && !number.renderings.is_empty());
            let renderings = match number {
                Some(number) => number.renderings.clone(),
                None => {
                    // What the glossary asks for is written as it is, in whatever script.
                    let is_ready = doubt.check == GLOSSARY || is_written_in(expected, to);
                    let known = || known_rendering(expected, to);
                    match if is_ready { Some(expected.to_string()) } else { known() } {
                        Some(rendering) => vec![rendering],
                        None => continue,
                    }
                }
            };
            if missing.iter().any(|other| other.source == words) {
                continue;
            }
            let is_translation = setup.job.task == Task::Translate && words != renderings[0];
            missing.push(Missing { source: words.to_string(), renderings, is_translation });
        }
        let has_digit = |words: &Option<String>| {
            words.as_ref().is_some_and(|words| words.contains(|c: char| c.is_ascii_digit()))
        };
        let doubts_numbers =
            doubts.iter().any(|doubt| has_digit(&doubt.expected) || has_digit(&doubt.found));
        Self { to, missing, numbers, doubts_numbers }
    }

    /// True if an answer with the likeliest tokens would be the first answer again.
    pub fn are_empty(&self) -> bool {
        self.missing.is_empty() && !self.doubts_numbers
    }

    /// Terms for the prompt of a text that has the words.
    pub fn terms_in(&self, text: &str) -> Vec<Term> {
        let is_in = |missing: &&Missing| missing.is_translation && text.contains(&missing.source);
        let term =
            |missing: &Missing| Term::new(missing.source.clone(), missing.renderings[0].clone());
        self.missing.iter().filter(is_in).map(term).collect()
    }

    /// Rules for the answer to a text.
    pub fn rules_for(&self, setup: &TaskSetup<'_>, text: &str) -> LexicalRules {
        let missing = self.missing.iter().filter(|missing| text.contains(&missing.source));
        let mut phrases: Vec<Vec<String>> =
            missing.map(|missing| missing.renderings.clone()).collect();
        let terms = checks::terms_in(text, setup.languages, &setup.job.options.checks);
        let renderings = |term: &Term| term.renderings().map(str::to_string).collect();
        phrases.extend(terms.iter().map(|one| renderings(&one.term)));
        LexicalRules {
            numbers: Some(self.numbers.clone()),
            magnitudes: magnitudes(self.to),
            phrases,
        }
    }
}

/// True if words can stand in a text of a language as they are.
fn is_written_in(words: &str, language: Language) -> bool {
    let has_hangul = words.chars().any(|c| ('가'..='힣').contains(&c));
    let has_latin = words.chars().any(|c| c.is_ascii_alphanumeric());
    match language {
        Language::Korean => has_hangul,
        Language::English => has_latin && !has_hangul,
    }
}
