//! Whether one text negates more than another can stand for.

use std::cell::OnceCell;
use std::sync::LazyLock;

use super::force::{Force, Negation};
use super::statements::{Evidence, Statements};
use super::{english, korean};
use crate::checks::dictionary;
use crate::checks::lexicon::{Hit, Lexicon};
use crate::document::Span;
use crate::language::Language;

static DENIALS: LazyLock<Lexicon> =
    LazyLock::new(|| Lexicon::new(include_str!("../lexicon/negatives.txt")));

/// The negations of a text, with the words that deny without one.
pub(super) struct Negations<'t> {
    text: &'t str,
    language: Language,
    found: Vec<Negation>,
    denials: Vec<Hit>,
    statements: OnceCell<Statements>,
}

/// Most negations of a sentence whose predicates are looked up.
const MAX_LOOKED_UP: usize = 8;
/// Most bytes of an English sentence in which a predicate that is not in the table is a doubt.
const MAX_UNKNOWN: usize = 240;
/// Most bytes of one in which a predicate without its translation is a doubt: a longer sentence has
/// more room to say it otherwise.
const MAX_PARAPHRASED: usize = 160;

impl<'t> Negations<'t> {
    /// Reads a sentence or a short text.
    pub fn of(text: &'t str, language: Language) -> Self {
        let found = match language {
            Language::English => english::negations(text),
            Language::Korean => korean::negations(text),
        };
        let denials = DENIALS.find(text, language);
        Self { text, language, found, denials, statements: OnceCell::new() }
    }

    fn count(&self, force: Force) -> usize {
        self.found.iter().filter(|negation| negation.force == force).count()
    }

    /// Negations proper.
    fn plain(&self) -> usize {
        [Force::Plain, Force::Soft, Force::Dependent].map(|force| self.count(force)).iter().sum()
    }

    fn statements(&self) -> &Statements {
        self.statements
            .get_or_init(|| Statements::of(self.text, self.language, &self.found, &self.denials))
    }

    /// Words that deny without a negation and have no translation in the other text.
    fn denials_beyond(&self, other: &Self) -> usize {
        let mut left = vec![0_usize; DENIALS.records()];
        for hit in self.denials.iter().filter(|hit| hit.is_certain) {
            left[hit.record] += 1;
        }
        for hit in &other.denials {
            left[hit.record] = left[hit.record].saturating_sub(1);
        }
        left.iter().sum()
    }

    /// The last negation whose predicate the other text states, if it has fewer negations; else one
    /// of more negations than it can stand for.
    pub fn beyond(&self, other: &Negations<'t>) -> Option<Span> {
        if let Some(contradicted) =
            self.affixed_beyond(other).or_else(|| self.without_beyond(other))
        {
            return Some(contradicted);
        }
        if self.plain() <= other.plain() {
            return None;
        }
        let looked_up = self.found.iter().rev().filter(|negation| negation.force.is_full());
        let evidence: Vec<(&Negation, Evidence)> = looked_up
            .take(MAX_LOOKED_UP)
            .map(|negation| (negation, self.statements().evidence(negation, other.statements())))
            .collect();
        let weak = other.count(Force::Weak).saturating_sub(self.count(Force::Weak));
        let stated = evidence.iter().find(|(_, evidence)| *evidence == Evidence::Stated);
        if let Some((negation, _)) = stated.filter(|_| weak == 0) {
            return Some(negation.span.clone());
        }
        let affixed = other.count(Force::Affix).saturating_sub(self.count(Force::Affix));
        let reserve = other.denials_beyond(self) + weak + affixed;
        let full = self.count(Force::Plain) + self.count(Force::Soft);
        if full <= other.plain() + reserve {
            return None;
        }
        let length = self.english(other).len();
        let is_silent = other.found.is_empty() && other.denials.is_empty();
        let is_likely = |(negation, evidence): &&(&Negation, Evidence)| {
            (negation.force == Force::Plain || is_silent)
                && match evidence {
                    Evidence::Unknown => length <= MAX_UNKNOWN,
                    Evidence::Absent => length <= MAX_PARAPHRASED,
                    Evidence::Stated | Evidence::Negated => false,
                }
        };
        evidence.iter().find(is_likely).map(|(negation, _)| negation.span.clone())
    }

    /// An English word with a negative affix whose stem a Korean text states that denies nothing:
    /// "unrelated", 관련이 있는; "irreplaceable", 대체할 수 있는.
    fn affixed_beyond(&self, other: &Self) -> Option<Span> {
        let is_silent = other.found.is_empty() && other.denials.is_empty();
        if self.language != Language::English || other.language == self.language || !is_silent {
            return None;
        }
        let affixed = self.found.iter().filter(|negation| negation.force == Force::Affix);
        let is_stated = |negation: &&Negation| {
            let word = self.text[negation.span.clone()].to_lowercase();
            let is_of_ability =
                ["able", "ible", "ably", "ibly"].iter().any(|end| word.ends_with(end));
            // Korean gives it with a low probability.
            if word == "unlikely" {
                return false;
            }
            if is_of_ability {
                return other.text.contains("수 있") && !english::has_ability(self.text);
            }
            other.statements().states(english::without_affix(&word))
        };
        affixed.take(MAX_LOOKED_UP).find(is_stated).map(|negation| negation.span.clone())
    }

    /// A Korean noun with 없이 whose English noun stands after "with".
    fn without_beyond(&self, other: &Self) -> Option<Span> {
        if self.language != Language::Korean || other.language == self.language {
            return None;
        }
        let accompanied: Vec<_> = english::accompanied(other.text)
            .flat_map(|word| dictionary::of_english(&word))
            .collect();
        let is_with = |negation: &&Negation| {
            let words = &self.text[negation.span.clone()];
            let Some(noun) = words.strip_suffix("없이") else { return false };
            let mut is_same = false;
            dictionary::of_korean(noun.trim_end(), |is_certain, concept| {
                is_same |= is_certain && accompanied.contains(&concept);
            });
            is_same
        };
        let negations = self.found.iter().filter(|negation| negation.force != Force::Weak);
        negations.take(MAX_LOOKED_UP).find(is_with).map(|negation| negation.span.clone())
    }

    fn english(&self, other: &Self) -> &'t str {
        if self.language == Language::English { self.text } else { other.text }
    }
}
