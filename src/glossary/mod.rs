//! Glossaries: terms with their prescribed translations, the files they are written in, and the
//! terms that occur in a text.
//!
//! Knows words, their endings and Korean particles; knows neither models nor prompts, nor what
//! becomes of a term that was not used.

mod affixes;
mod columns;
mod formats;
mod particles;
mod tbx;
mod term;
mod words;
mod write;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use aho_corasick::{AhoCorasick, MatchKind};

use crate::document::Span;
use crate::language::{Language, LanguagePair};

pub use formats::{GLOSSARY_FORMATS, GlossaryFormat, written};
pub use particles::particle_after;
pub use term::Term;
pub(crate) use words::{Places, Standing, Text};

/// Terms with an index by which those in a text are found. Cloning it is cheap.
#[derive(Clone, Default)]
pub struct Glossary(Arc<Indexed>);

#[derive(Default)]
struct Indexed {
    terms: Vec<Term>,
    /// Indexes for English and for Korean sources, made when they are first needed.
    english: OnceLock<Option<Index>>,
    korean: OnceLock<Option<Index>>,
}

/// Most alternatives of one term: as many as synonyms of a concept.
const MAX_ALTERNATIVES: usize = 50;

/// A term in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// The term, its source in the language of the text.
    pub term: Term,
    /// Where it first stands.
    pub span: Span,
}

/// Finds the terms of one source language.
struct Index {
    /// Terms in that direction.
    terms: Vec<Term>,
    /// Stems of their sources.
    stems: AhoCorasick,
    /// For each stem its terms.
    of_stem: Vec<Vec<usize>>,
}

impl From<Vec<Term>> for Glossary {
    fn from(terms: Vec<Term>) -> Self {
        Self(Arc::new(Indexed { terms, ..Indexed::default() }))
    }
}

impl Glossary {
    /// The terms as they were given.
    pub fn terms(&self) -> &[Term] {
        &self.0.terms
    }

    /// True if it has no terms.
    pub fn is_empty(&self) -> bool {
        self.0.terms.is_empty()
    }

    /// This glossary with the terms of another after its own. Of two with the same source the first
    /// is used; in the other direction their translations are alternatives, as within a glossary.
    pub fn with(&self, other: &[Term]) -> Self {
        if other.is_empty() { self.clone() } else { [self.terms(), other].concat().into() }
    }

    /// The terms that occur in a text, in the order of the text. A term that is part of a longer
    /// one there does not count. Takes time linear in the text, whatever number of terms there is.
    ///
    /// ```
    /// use malmoi::{Glossary, Language, LanguagePair, Term};
    /// let glossary: Glossary = vec![
    ///     Term::new("Ministry of Unification", "통일부"),
    ///     Term::new("ministry", "부처"),
    /// ].into();
    /// let to_korean = LanguagePair { from: Language::English, to: Language::Korean };
    /// let found = glossary.occurring("The Ministry of Unification said so.", to_korean);
    /// assert_eq!(found.len(), 1);
    /// assert_eq!(found[0].term.target, "통일부");
    /// // Terms serve both directions.
    /// let to_english = LanguagePair { from: Language::Korean, to: Language::English };
    /// let found = glossary.occurring("통일부는 밝혔다.", to_english);
    /// assert_eq!(found[0].term.target, "Ministry of Unification");
    /// ```
    pub fn occurring(&self, text: &str, languages: LanguagePair) -> Vec<Occurrence> {
        let index = match languages.from {
            Language::English => &self.0.english,
            Language::Korean => &self.0.korean,
        };
        match index.get_or_init(|| Index::of(&self.0.terms, languages)) {
            Some(index) => index.occurring(text, languages.from),
            None => Vec::new(),
        }
    }
}

impl std::fmt::Debug for Glossary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Glossary({} terms)", self.0.terms.len())
    }
}

impl Index {
    /// `None` without terms, or if there are too many for an index.
    fn of(terms: &[Term], languages: LanguagePair) -> Option<Self> {
        let terms = oriented(terms, languages);
        let mut stems: Vec<String> = Vec::new();
        let mut of_stem: Vec<Vec<usize>> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        for (at, term) in terms.iter().enumerate() {
            let word = term.source.trim().to_ascii_lowercase();
            let stem = word[..words::stem(&word, languages.from)].to_string();
            if stem.is_empty() {
                continue;
            }
            let number = *known.entry(stem.clone()).or_insert_with(|| {
                stems.push(stem);
                of_stem.push(Vec::new());
                stems.len() - 1
            });
            of_stem[number].push(at);
        }
        if stems.is_empty() {
            return None;
        }
        let stems = AhoCorasick::builder().match_kind(MatchKind::Standard).build(stems).ok()?;
        Some(Self { terms, stems, of_stem })
    }

    fn occurring(&self, text: &str, language: Language) -> Vec<Occurrence> {
        let text = Text::new(text);
        let mut found: Vec<(Span, usize)> = Vec::new();
        for hit in self.stems.find_overlapping_iter(text.lower_case()) {
            for &at in &self.of_stem[hit.pattern().as_usize()] {
                let span = self.terms[at].span_at(&text, hit.start(), language);
                found.extend(span.map(|span| (span, at)));
            }
        }
        longest(&mut found);
        let mut seen = vec![false; self.terms.len()];
        found.retain(|(_, at)| !std::mem::replace(&mut seen[*at], true));
        found
            .into_iter()
            .map(|(span, at)| Occurrence { term: self.terms[at].clone(), span })
            .collect()
    }
}

/// Terms in a direction. Turned terms with one source become alternatives, up to a bound: with
/// quay and wharf for 부두, either is right for 부두.
fn oriented(terms: &[Term], languages: LanguagePair) -> Vec<Term> {
    let mut oriented: Vec<Term> = Vec::with_capacity(terms.len());
    let mut turned: HashMap<String, usize> = HashMap::new();
    let mut known: HashSet<(usize, String)> = HashSet::new();
    for term in terms {
        let new = term.oriented(languages);
        if new.source != term.source {
            let first = *turned.entry(new.source.clone()).or_insert(oriented.len());
            let is_new = known.insert((first, new.target.clone()));
            if first < oriented.len() {
                if is_new && oriented[first].alternatives.len() < MAX_ALTERNATIVES {
                    oriented[first].alternatives.push(new.target);
                }
                continue;
            }
        }
        oriented.push(new);
    }
    oriented
}

/// Keeps the longest of overlapping spans, in text order; on ties the first term wins.
fn longest(found: &mut Vec<(Span, usize)>) {
    found.sort_by_key(|(span, at)| (span.start, std::cmp::Reverse(span.end), *at));
    let mut kept: Vec<(Span, usize)> = Vec::new();
    for (span, at) in found.drain(..) {
        match kept.last() {
            Some((last, _)) if span.start < last.end => {
                if span.len() > last.len() {
                    kept.pop();
                    kept.push((span, at));
                }
            }
            _ => kept.push((span, at)),
        }
    }
    *found = kept;
}

#[cfg(test)]
mod tests {
    use super::*;

    const EN_KO: LanguagePair = LanguagePair { from: Language::English, to: Language::Korean };
    const KO_EN: LanguagePair = LanguagePair { from: Language::Korean, to: Language::English };

    fn found(glossary: &Glossary, text: &str, languages: LanguagePair) -> Vec<(String, String)> {
        let found = glossary.occurring(text, languages).into_iter();
        found.map(|one| (text[one.span].to_string(), one.term.target)).collect()
    }

    fn glossary(terms: &[(&str, &str)]) -> Glossary {
        terms.iter().map(|(a, b)| Term::new(*a, *b)).collect::<Vec<_>>().into()
    }

    #[test]
    fn terms_are_found_inflected_and_with_particles() {
        let glossary = glossary(&[
            ("ferry", "여객선"),
            ("National Assembly", "국회"),
            ("AI", "인공지능"),
            ("council of Haemin", "해민시의회"),
            ("council", "의회"),
        ]);
        let told = found(&glossary, "Ferries of the Council of Haemin; aide, AI's FERRY.", EN_KO);
        let told: Vec<(&str, &str)> = told.iter().map(|(a, b)| (&**a, &**b)).collect();
        assert_eq!(
            told,
            [("Ferries", "여객선"), ("Council of Haemin", "해민시의회"), ("AI", "인공지능")]
        );
        let told = found(&glossary, "국회에서는 여객선을, 인공지능이 국회의원은", KO_EN);
        let told: Vec<&str> = told.iter().map(|(_, target)| &**target).collect();
        assert_eq!(told, ["National Assembly", "ferry", "AI"]);
    }

    #[test]
    fn a_short_word_in_capitals_is_no_common_word() {
        let glossary = glossary(&[("IT", "정보기술"), ("Us", "어스")]);
        assert_eq!(found(&glossary, "It told us of its plan.", EN_KO), []);
        assert_eq!(found(&glossary, "The IT firm Us grew.", EN_KO).len(), 2);
    }

    #[test]
    fn the_longest_of_overlapping_terms_counts() {
        let glossary =
            glossary(&[("port", "항구"), ("old port", "구항"), ("port city", "항구 도시")]);
        let told = found(&glossary, "the old port, a port city", EN_KO);
        assert_eq!(
            told,
            [("old port".into(), "구항".into()), ("port city".into(), "항구 도시".into())]
        );
    }

    #[test]
    fn a_korean_term_is_found_as_the_head_of_a_compound() {
        let glossary = glossary(&[
            ("city council", "시의회"),
            ("market", "시장"),
            ("port", "항"),
            ("meeting", "회의"),
            ("Iran", "이란"),
        ]);
        let told = found(&glossary, "해민시의회는 새 도매시장에 해민항을", KO_EN);
        let told: Vec<&str> = told.iter().map(|(_, target)| &**target).collect();
        assert_eq!(told, ["city council", "market"]);
        // A part of a first syllable, a committee's particle, "what is called an event".
        for text in ["전시장의", "시의회장이", "위원회의", "사건이란"] {
            assert_eq!(found(&glossary, text, KO_EN), [], "{text}");
        }
    }

    #[test]
    fn translations_of_one_word_are_alternatives_in_the_other_direction() {
        let glossary =
            glossary(&[("quay", "부두"), ("pier", "잔교"), ("wharf", "부두"), ("quay", "부두")]);
        let terms: Vec<Term> =
            glossary.occurring("부두와 잔교", KO_EN).into_iter().map(|one| one.term).collect();
        assert_eq!(terms[0].renderings().collect::<Vec<_>>(), ["quay", "wharf"]);
        assert_eq!(terms[1].renderings().collect::<Vec<_>>(), ["pier"]);
        assert_eq!(found(&glossary, "The wharf and the quay", EN_KO).len(), 2);
    }

    #[test]
    fn a_term_has_fifty_alternatives_at_most() {
        let terms: Vec<Term> = (0..200).map(|at| Term::new(format!("quay{at}"), "부두")).collect();
        let glossary = Glossary::from(terms);
        let found = glossary.occurring("부두", KO_EN);
        assert_eq!(found[0].term.alternatives.len(), 50);
        assert_eq!(glossary.occurring("quay199", EN_KO).len(), 1);
    }

    #[test]
    fn translations_of_another_glossary_are_alternatives_where_terms_are_turned_around() {
        let both = glossary(&[("quay", "부두")]).with(&[Term::new("wharf", "부두")]);
        let found = both.occurring("부두", KO_EN);
        assert_eq!(found[0].term.renderings().collect::<Vec<_>>(), ["quay", "wharf"]);
    }

    #[test]
    fn of_two_terms_with_one_source_the_first_is_used() {
        let mine = glossary(&[("harbour", "항만")]);
        let both = mine.with(&[Term::new("Harbour", "항구"), Term::new("desk", "데스크")]);
        let told = found(&both, "a harbour and a desk", EN_KO);
        assert_eq!(told, [("harbour".into(), "항만".into()), ("desk".into(), "데스크".into())]);
    }
}
