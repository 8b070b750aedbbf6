//! Association of English and Korean phrases by the pairs in which they stand: the log-likelihood
//! ratio (Dunning 1993) says whether it is chance, the Dice coefficient how exclusive it is.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::candidate::{Candidate, Evidence};
use super::phrases;

/// Least log-likelihood ratio: chance in one of a thousand.
const LEAST_RATIO: f64 = 10.83;
/// Least Dice coefficient of a name, and of words in lower case.
const LEAST_DICE: f64 = 0.5;
const LEAST_DICE_OF_WORDS: f64 = 0.7;
/// Fewest pairs of a name, and of words in lower case.
const FEWEST: usize = 2;
const FEWEST_OF_WORDS: usize = 3;
/// Pairs of a phrase that are counted; a term need not be counted further.
const MOST_PAIRS: usize = 500;

/// Phrases with the numbers of the pairs in which they stand, in order.
type Places = BTreeMap<String, Vec<usize>>;

/// Phrases of pairs.
pub(super) struct Association {
    english: Places,
    /// Korean phrases of each pair, by number, and the number of pairs of each.
    korean: Vec<Vec<usize>>,
    names: Vec<String>,
    counts: Vec<usize>,
}

/// An English and a Korean phrase.
struct Link<'a> {
    english: &'a str,
    korean: usize,
    together: usize,
    occurrences: usize,
    dice: f64,
}

impl Association {
    pub fn of(pairs: &[(&str, &str)]) -> Self {
        let mut english = Places::new();
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let (mut korean, mut names, mut counts) = (Vec::new(), Vec::new(), Vec::new());
        for (at, (en, ko)) in pairs.iter().enumerate() {
            for phrase in phrases::english(en) {
                english.entry(phrase).or_default().push(at);
            }
            let number = |phrase: String| {
                *numbers.entry(phrase).or_insert_with_key(|phrase| {
                    names.push(phrase.clone());
                    counts.push(0);
                    names.len() - 1
                })
            };
            let of_pair: Vec<usize> = phrases::korean(ko).into_iter().map(number).collect();
            of_pair.iter().for_each(|number| counts[*number] += 1);
            korean.push(of_pair);
        }
        fold_plurals(&mut english);
        Self { english, korean, names, counts }
    }

    /// Candidates that are more than chance. Each phrase is in one, and those that are taken in
    /// none.
    pub fn candidates(
        &self,
        english: &HashSet<String>,
        korean: &HashSet<String>,
    ) -> Vec<Candidate> {
        let mut links: Vec<Link<'_>> = Vec::new();
        for (phrase, places) in &self.english {
            let (fewest, least) = match phrase.starts_with(|c: char| c.is_ascii_lowercase()) {
                true => (FEWEST_OF_WORDS, LEAST_DICE_OF_WORDS),
                false => (FEWEST, LEAST_DICE),
            };
            if (fewest..=MOST_PAIRS).contains(&places.len()) && !english.contains(phrase) {
                let links_of = self.links(phrase, places);
                links.extend(links_of.filter(|link| link.together >= fewest && link.dice >= least));
            }
        }
        links.sort_by(|a, b| {
            let order = b.dice.total_cmp(&a.dice).then(b.together.cmp(&a.together));
            order.then_with(|| self.unlikeness(a).cmp(&self.unlikeness(b)))
        });
        let (mut linked, mut found) = (Linked::default(), Vec::new());
        for link in links {
            let (name, count) = (&self.names[link.korean], self.counts[link.korean]);
            let is_free = !korean.contains(name)
                && !linked.has(link.english, link.occurrences)
                && !linked.has(name, count);
            if is_free {
                linked.insert(link.english, link.occurrences);
                linked.insert(name, count);
                found.push(Candidate {
                    english: link.english.to_string(),
                    korean: name.clone(),
                    evidence: Evidence::Together,
                    together: link.together,
                    occurrences: link.occurrences,
                });
            }
        }
        found
    }

    /// The Korean phrases that stand with an English one.
    fn links<'a>(&'a self, english: &'a str, places: &[usize]) -> impl Iterator<Item = Link<'a>> {
        let mut together: BTreeMap<usize, usize> = BTreeMap::new();
        for number in places.iter().flat_map(|at| &self.korean[*at]) {
            *together.entry(*number).or_default() += 1;
        }
        let (pairs, occurrences) = (self.korean.len(), places.len());
        together.into_iter().filter_map(move |(korean, together)| {
            let other = self.counts[korean];
            let dice = 2.0 * together as f64 / (occurrences + other) as f64;
            let ratio = log_likelihood_ratio(together, occurrences, other, pairs);
            (ratio >= LEAST_RATIO).then_some(Link { english, korean, together, occurrences, dice })
        })
    }

    /// For links that are equally strong: the difference of their numbers of words, then a longer
    /// English phrase before a shorter, then a Korean one without its particle.
    fn unlikeness(&self, link: &Link<'_>) -> (usize, std::cmp::Reverse<usize>, usize, String) {
        let name = &self.names[link.korean];
        let words = |text: &str| text.split(' ').count();
        let (english, korean) = (words(link.english), words(name));
        let both = format!("{} {name}", link.english);
        (english.abs_diff(korean), std::cmp::Reverse(english), name.len(), both)
    }
}

/// Phrases that are in a candidate, with their numbers of pairs, by the beginnings of their words.
#[derive(Default)]
struct Linked<'a>(HashMap<String, Vec<(&'a str, usize)>>);

impl<'a> Linked<'a> {
    fn insert(&mut self, phrase: &'a str, count: usize) {
        for word in phrase.split(' ') {
            self.0.entry(beginning(word)).or_default().push((phrase, count));
        }
    }

    /// True for a phrase that is in a candidate, or that always stands with one: as a part of it,
    /// or with a particle.
    fn has(&self, phrase: &str, count: usize) -> bool {
        let mut others =
            phrase.split(' ').filter_map(|word| self.0.get(&beginning(word))).flatten();
        others.any(|(other, of_other)| {
            phrase == *other
                || count == *of_other && (is_part(phrase, other) || is_part(other, phrase))
        })
    }
}

fn beginning(word: &str) -> String {
    word.chars().take(2).collect()
}

/// True if a phrase begins another one, or all of its words are words of the other one.
fn is_part(phrase: &str, other: &str) -> bool {
    other.starts_with(phrase)
        || phrase.split(' ').all(|word| other.split(' ').any(|of_other| of_other == word))
}

/// Puts the pairs of a plural to those of its singular.
fn fold_plurals(english: &mut Places) {
    let plurals: Vec<(String, String)> = english
        .keys()
        .filter_map(|phrase| {
            let stem = phrase.strip_suffix('s')?;
            let singulars = [stem.to_string(), stem.strip_suffix('e')?.to_string()];
            let singular = singulars.into_iter().find(|singular| english.contains_key(singular))?;
            Some((phrase.clone(), singular))
        })
        .collect();
    for (plural, singular) in plurals {
        let places = english.remove(&plural).unwrap_or_default();
        let of_singular = english.entry(singular).or_default();
        let all: BTreeSet<usize> = places.into_iter().chain(of_singular.drain(..)).collect();
        of_singular.extend(all);
    }
}

/// The log-likelihood ratio G² of two phrases that stand together in some of a number of pairs.
fn log_likelihood_ratio(together: usize, one: usize, other: usize, pairs: usize) -> f64 {
    let table = [
        (together, one, other),
        (one - together, one, pairs - other),
        (other - together, pairs - one, other),
        (pairs + together - one - other, pairs - one, pairs - other),
    ];
    let term = |(observed, row, column): (usize, usize, usize)| {
        let expected = row as f64 * column as f64 / pairs as f64;
        let observed = observed as f64;
        if observed == 0.0 { 0.0 } else { observed * (observed / expected).ln() }
    };
    2.0 * table.into_iter().map(term).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_ratio_is_that_of_the_table() {
        // 8 pairs, 3 of each phrase, all together: 2 (3 ln 8/3 + 5 ln 8/5).
        let expected = 2.0 * (3.0 * (8.0f64 / 3.0).ln() + 5.0 * (8.0f64 / 5.0).ln());
        assert!((log_likelihood_ratio(3, 3, 3, 8) - expected).abs() < 1e-9);
        assert!(log_likelihood_ratio(1, 2, 4, 8).abs() < 1e-9, "as often as by chance");
    }

    proptest! {
        #[test]
        fn the_ratio_is_never_negative(a in 0usize..20, b in 0usize..20, c in 0usize..20, d in 1usize..20) {
            let ratio = log_likelihood_ratio(a, a + b, a + c, a + b + c + d);
            prop_assert!(ratio > -1e-9, "{}", ratio);
        }

        #[test]
        fn any_pairs_are_read(pairs in proptest::collection::vec(("[a-cA-C '.-]{0,40}", "[가는을 (A)다.]{0,40}"), 0..6)) {
            let pairs: Vec<(&str, &str)> = pairs.iter().map(|(a, b)| (&**a, &**b)).collect();
            for one in super::super::candidates(&pairs) {
                prop_assert!(one.together <= pairs.len());
            }
        }
    }
}
