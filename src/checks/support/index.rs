//! An index of an article's sentences by their features.

use std::collections::{BTreeSet, HashMap};

use super::features::{Claim, Feature};
use crate::document::Span;

/// Most places of a feature that are looked at: a frequent one tells little.
const MAX_POSTINGS: usize = 48;

/// Features of the article's sentences, and the sentences of each feature.
pub(in crate::checks) struct Index {
    sentences: Vec<Vec<Feature>>,
    postings: HashMap<Feature, (usize, Vec<usize>)>,
}

impl Index {
    pub fn new(sentences: Vec<Vec<Feature>>) -> Self {
        let mut postings: HashMap<Feature, (usize, Vec<usize>)> = HashMap::new();
        for (at, features) in sentences.iter().enumerate() {
            for feature in features {
                let (count, places) = postings.entry(*feature).or_default();
                *count += 1;
                if places.len() < MAX_POSTINGS {
                    places.push(at);
                }
            }
        }
        Self { sentences, postings }
    }

    /// Weight of a claim, larger for a rarer one; the largest for one the article lacks.
    fn weight(&self, claim: &Claim) -> f32 {
        let count = |feature| self.postings.get(feature).map_or(0, |(count, _)| *count);
        let count = claim.iter().map(count).max().filter(|count| *count > 0);
        (1.0 + self.sentences.len() as f32 / count.map_or(0.5, |count| count as f32)).ln()
    }

    /// True if a sentence in `range` supports a claim.
    fn supports(&self, claim: &Claim, range: Span) -> bool {
        let has = |feature| {
            self.sentences[range.clone()].iter().any(|one| one.binary_search(feature).is_ok())
        };
        claim.iter().any(has)
    }

    /// Share of the weight of `claims` that the sentences in `range` support.
    pub fn coverage(&self, claims: &[Claim], range: Span) -> f32 {
        let (mut had, mut all) = (0.0, f32::MIN_POSITIVE);
        for claim in claims {
            let weight = self.weight(claim);
            all += weight;
            if self.supports(claim, range.clone()) {
                had += weight;
            }
        }
        had / all
    }

    /// Number of `claims` that the sentences in `range` support.
    pub fn shared(&self, claims: &[Claim], range: Span) -> usize {
        claims.iter().filter(|claim| self.supports(claim, range.clone())).count()
    }

    /// The sentences that share a claim, by the share of the claims' weight, largest first.
    pub fn ranked(&self, claims: &[Claim]) -> Vec<(usize, f32)> {
        let mut scores: HashMap<usize, f32> = HashMap::new();
        let mut all = f32::MIN_POSITIVE;
        for claim in claims {
            let weight = self.weight(claim);
            all += weight;
            let places = |feature| self.postings.get(feature).map_or(&[][..], |(_, places)| places);
            let places: BTreeSet<usize> = claim.iter().flat_map(places).copied().collect();
            for at in places {
                *scores.entry(at).or_default() += weight;
            }
        }
        let mut ranked: Vec<(usize, f32)> =
            scores.into_iter().map(|(at, score)| (at, score / all)).collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        ranked
    }

    /// The windows of one to three sentences around a sentence.
    pub fn windows(&self, at: usize) -> impl Iterator<Item = Span> {
        let end = self.sentences.len();
        let (before, after) = (at.saturating_sub(1), (at + 2).min(end));
        [at..at + 1, before..at + 1, at..after, before..after].into_iter()
    }
}
