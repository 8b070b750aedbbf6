//! Predicates that a text states or negates, and whether another text says the same of them.

use std::sync::LazyLock;

use super::force::{Force, Negation};
use crate::checks::lexicon::{Hit, Lexicon};
use crate::document::Span;
use crate::language::Language;

static PREDICATES: LazyLock<Lexicon> =
    LazyLock::new(|| Lexicon::new(include_str!("../lexicon/predicates.txt")));

/// Most bytes between a predicate and a word that denies it: "refused to confirm".
const DENIAL_REACH: usize = 24;

/// Syllables that negate the rest of a Korean word: "비정상", "미확인".
const NEGATIVE_PREFIXES: &[char] = &['비', '불', '무', '미', '부'];

/// What another text says of a negated predicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Evidence {
    /// It states it: a contradiction.
    Stated,
    /// It negates it, too.
    Negated,
    /// It has none of its words.
    Absent,
    /// The predicate is not in the table, or said of several things.
    Unknown,
}

/// How a text says a predicate.
#[derive(Debug, Clone, Copy, Default)]
struct Said {
    is_stated: bool,
    is_negated: bool,
    is_denied: bool,
}

/// The predicates of a text.
pub(super) struct Statements {
    hits: Vec<Hit>,
    /// By record of the table.
    said: Vec<Said>,
}

impl Statements {
    /// Reads a text whose negations and words of denial are known.
    pub fn of(text: &str, language: Language, negations: &[Negation], denials: &[Hit]) -> Self {
        let hits = PREDICATES.find(text, language);
        let mut said = vec![Said::default(); PREDICATES.records()];
        let mut is_negated = vec![false; hits.len()];
        let negating = |negation: &&Negation| negation.force != Force::Affix;
        for negation in negations.iter().filter(negating) {
            is_negated[inside(&hits, &negation.head)].fill(true);
        }
        for (hit, is_negated) in hits.iter().zip(&mut is_negated) {
            let before = text[..hit.span.start].chars().next_back();
            *is_negated |= before.is_some_and(|c| NEGATIVE_PREFIXES.contains(&c));
        }
        let denials: Vec<&Hit> = denials.iter().filter(|denial| denial.is_certain).collect();
        for (hit, is_negated) in hits.iter().zip(is_negated) {
            let said = &mut said[hit.record];
            said.is_negated |= is_negated;
            said.is_stated |= !is_negated && hit.is_certain;
            said.is_denied |= is_denied(hit, &denials, language);
            // A word that only may have the meaning is enough to leave a negation alone.
            said.is_denied |= !hit.is_certain;
        }
        Self { hits, said }
    }

    /// True if the text states the predicate that a word of a language begins with, and nowhere
    /// negates or denies it.
    pub fn states(&self, word: &str, language: Language) -> bool {
        let hits = PREDICATES.find(word, language);
        let is_stated = |hit: &Hit| {
            let said = self.said[hit.record];
            hit.span.start == 0
                && hit.is_certain
                && said.is_stated
                && !said.is_negated
                && !said.is_denied
        };
        hits.iter().any(is_stated)
    }

    /// What another text says of the predicate of a negation of this one.
    pub fn evidence(&self, negation: &Negation, other: &Self) -> Evidence {
        let head = &self.hits[inside(&self.hits, &negation.head)];
        let head = head.iter().filter(|hit| hit.is_certain);
        let (mut is_known, mut is_said, mut is_negated, mut is_clear) = (false, false, false, true);
        let mut is_stated = false;
        for hit in head {
            is_known = true;
            let (own, found) = (self.said[hit.record], other.said[hit.record]);
            is_said |= found.is_stated || found.is_negated || found.is_denied;
            is_negated |= found.is_negated;
            is_stated |= found.is_stated;
            is_clear &= !own.is_stated && !found.is_denied;
        }
        match (is_known, is_said) {
            (false, _) => Evidence::Unknown,
            (true, false) => Evidence::Absent,
            _ if is_negated => Evidence::Negated,
            _ if is_stated && is_clear => Evidence::Stated,
            _ => Evidence::Unknown,
        }
    }
}

/// The indices of the hits that overlap a span.
fn inside(hits: &[Hit], span: &Span) -> std::ops::Range<usize> {
    let mut from = hits.partition_point(|hit| hit.span.start < span.start);
    while from > 0 && hits[from - 1].span.end > span.start {
        from -= 1;
    }
    let to = hits.partition_point(|hit| hit.span.start < span.end);
    from..to.max(from)
}

/// True if a word of denial is next to a predicate: before it in English, after it in Korean.
fn is_denied(hit: &Hit, denials: &[&Hit], language: Language) -> bool {
    let after = denials.partition_point(|denial| denial.span.start < hit.span.end);
    match language {
        Language::Korean => denials
            .get(after)
            .is_some_and(|denial| denial.span.start - hit.span.end <= DENIAL_REACH),
        Language::English => {
            let before = denials.partition_point(|denial| denial.span.end <= hit.span.start);
            before
                .checked_sub(1)
                .is_some_and(|at| hit.span.start - denials[at].span.end <= DENIAL_REACH)
        }
    }
}
