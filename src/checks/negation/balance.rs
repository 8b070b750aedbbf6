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
        let contradicted = self
            .affixed_beyond(other)
            .or_else(|| self.without_beyond(other))
            .or_else(|| self.gradable_beyond(other));
        if contradicted.is_some() {
            return contradicted;
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
        let full = self.found.iter().filter(|negation| negation.force.is_full()).count();
        if full <= other.plain() + reserve {
            return None;
        }
        let english = if self.language == Language::English { self.text } else { other.text };
        let is_likely = |(_, evidence): &&(&Negation, Evidence)| match evidence {
            Evidence::Unknown => english.len() <= MAX_UNKNOWN,
            Evidence::Absent => english.len() <= MAX_PARAPHRASED,
            Evidence::Stated | Evidence::Negated => false,
        };
        evidence.iter().find(is_likely).map(|(negation, _)| negation.span.clone())
    }

    /// True if nothing in the text negates or denies.
    fn is_silent(&self) -> bool {
        self.found.is_empty() && self.denials.is_empty()
    }

    /// A negated Korean adjective that the other text states, denying nothing: "쉽지 않다", easy.
    fn gradable_beyond(&self, other: &Self) -> Option<Span> {
        if other.language == self.language || !other.is_silent() {
            return None;
        }
        let gradable = self.found.iter().filter(|negation| negation.is_gradable);
        let is_stated = |negation: &&Negation| {
            self.statements().evidence(negation, other.statements()) == Evidence::Stated
        };
        gradable.take(MAX_LOOKED_UP).find(is_stated).map(|negation| negation.span.clone())
    }

    /// A word with a negative affix whose stem the other text states, denying nothing: "unrelated",
    /// 관련이 있는; "irreplaceable", 대체할 수 있는; 비정상, normal.
    fn affixed_beyond(&self, other: &Self) -> Option<Span> {
        if other.language == self.language || !other.is_silent() {
            return None;
        }
        let affixed = self.found.iter().filter(|negation| negation.force == Force::Affix);
        let is_stated = |negation: &&Negation| {
            let word = self.text[negation.span.clone()].to_lowercase();
            if self.language == Language::Korean {
                let stem = korean::without_prefix(&word);
                return other.statements().states(stem, Language::Korean);
            }
            let is_of_ability =
                ["able", "ible", "ably", "ibly"].iter().any(|end| word.ends_with(end));
            // Korean gives it with a low probability.
            if word == "unlikely" {
                return false;
            }
            if is_of_ability && other.text.contains("수 있") && !english::has_ability(self.text) {
                return true;
            }
            other.statements().states(english::without_affix(&word), Language::English)
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
}
