//! Beam search, and greedy search by the same rules, for networks that read a source: the texts and scores that `generate` of
//! `transformers` 5 finds, at any batch size.
//!
//! Sutskever et al. 2014, <https://arxiv.org/abs/1409.3215>; reference: `GenerationMixin._beam_search`. Each source has a search of its
//! own, which knows no network: it says which beams it wants continued and is given scores. Beams are rows of one batch, and a beam's
//! state goes to its successor; it is copied only where there are several.

use super::rules::Rules;
use crate::architectures::{Network, Row, State, Want};
use crate::error::{Error, Result};

/// Worse than any score of a text.
const NEVER: f32 = -1e9;

/// How to search.
#[derive(Debug, Clone, PartialEq)]
pub struct Beams {
    /// Texts that are followed at once; one is a greedy search.
    pub width: usize,
    /// Scores are divided by the length to this power: above zero long texts are preferred.
    pub length_penalty: f32,
    /// When a search is over.
    pub early_stopping: EarlyStopping,
    /// The token that the decoder starts with.
    pub start: u32,
    /// What is forbidden and forced.
    pub rules: Rules,
}

/// When a search that has found as many texts as it follows is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EarlyStopping {
    /// At once.
    Yes,
    /// When the best that is still followed is worse as it is.
    #[default]
    No,
    /// When it could not become better, however long it grew.
    Never,
}

/// A text that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Its tokens, the start left out, the end included.
    pub ids: Vec<u32>,
    /// The logarithm of its probability, over its length; of a greedy search none.
    pub score: Option<f32>,
}

/// Searches for several sources, `at_once` of them at a time; gives up to `width` texts for each, best first.
///
/// `go_on` is asked after each step.
pub fn search(
    network: &dyn Network,
    sources: &[&[u32]],
    beams: &Beams,
    at_once: usize,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<Vec<Vec<Found>>> {
    // The longest first: those that are read together are of about one length, and the last ones are short.
    let mut order: Vec<usize> = (0..sources.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(sources[*index].len()));
    let mut waiting = order.into_iter();
    let mut active: Vec<(usize, Search)> = Vec::new();
    let mut found: Vec<Vec<Found>> = sources.iter().map(|_| Vec::new()).collect();
    loop {
        let next: Vec<usize> = waiting.by_ref().take(at_once.max(1) - active.len()).collect();
        if !next.is_empty() {
            let texts: Vec<&[u32]> = next.iter().map(|index| sources[*index]).collect();
            let states = network.begin(&texts)?;
            active.extend(next.into_iter().zip(states.into_iter().map(|state| Search::new(beams, state))));
        }
        if active.is_empty() {
            return Ok(found);
        }
        if !go_on() {
            return Err(Error::Cancelled);
        }
        let mut rows: Vec<Row<'_>> = active.iter_mut().flat_map(|(_, search)| search.rows()).collect();
        let logits = network.forward(&mut rows)?;
        drop(rows);
        let mut row = 0;
        for (_, search) in &mut active {
            let scores: Vec<&[f32]> = (row..row + search.running.len()).map(|row| logits.last(row)).collect();
            row += scores.len();
            search.advance(beams, &scores)?;
        }
        for (index, search) in active.extract_if(.., |(_, search)| search.is_over) {
            found[index] = search.best(beams);
        }
    }
}

/// The search for one source.
struct Search {
    /// Texts that are followed, best first.
    running: Vec<Beam>,
    /// The best that have ended; a worse score than any means that there is none yet.
    ended: Vec<Ended>,
    /// Whether something better may still come.
    improvable: bool,
    is_over: bool,
}

struct Beam {
    ids: Vec<u32>,
    score: f32,
    state: State,
}

#[derive(Clone)]
struct Ended {
    ids: Vec<u32>,
    score: f32,
    is_there: bool,
}

/// A text that one more token would make.
struct Candidate {
    beam: usize,
    token: u32,
    score: f32,
}

impl Search {
    fn new(beams: &Beams, state: State) -> Self {
        // All follow the same text at first, of which one counts.
        let beam = |index: usize| Beam {
            ids: vec![beams.start],
            score: if index == 0 { 0.0 } else { NEVER },
            state: state.fork(),
        };
        let none = Ended { ids: Vec::new(), score: NEVER, is_there: false };
        Self {
            running: (0..beams.width.max(1)).map(beam).collect(),
            ended: vec![none; beams.width.max(1)],
            improvable: true,
            is_over: false,
        }
    }

    /// What the network has not read of each beam.
    fn rows(&mut self) -> impl Iterator<Item = Row<'_>> {
        self.running.iter_mut().map(|Beam { ids, state, .. }| {
            let tokens = &ids[state.len()..];
            Row { state, tokens, want: Want::Last }
        })
    }

    /// Goes a token further, by the logits for each beam.
    fn advance(&mut self, beams: &Beams, logits: &[&[f32]]) -> Result<()> {
        if logits.iter().any(|logits| logits.iter().any(|logit| logit.is_nan())) {
            return Err(Error::Engine("the network computed a score that is not a number".into()));
        }
        match beams.width {
            0 | 1 => self.advance_greedily(beams, logits[0]),
            _ => self.advance_beams(beams, logits),
        }
        Ok(())
    }

    fn advance_greedily(&mut self, beams: &Beams, logits: &[f32]) {
        let beam = &mut self.running[0];
        let mut scores = logits.to_vec();
        beams.rules.apply(&beam.ids, &mut scores);
        let next = best(&scores, 1).first().map_or(0, |(token, _)| *token);
        beam.ids.push(next as u32);
        self.is_over = hits_end(&beams.rules, &beam.ids);
        if self.is_over {
            self.ended = vec![Ended { ids: beam.ids.clone(), score: 0.0, is_there: true }];
        }
    }

    fn advance_beams(&mut self, beams: &Beams, logits: &[&[f32]]) {
        let Beams { width, length_penalty, early_stopping, rules, .. } = beams;
        let mut candidates = Vec::new();
        let kept = (1 + rules.ends.len()).max(2) * width;
        for (index, (beam, logits)) in self.running.iter().zip(logits).enumerate() {
            let mut scores = log_softmax(logits);
            rules.apply(&beam.ids, &mut scores);
            scores.iter_mut().for_each(|score| *score += beam.score);
            let of_beam = best(&scores, kept).into_iter();
            candidates.extend(of_beam.map(|(token, score)| Candidate {
                beam: index,
                token: token as u32,
                score,
            }));
        }
        // Among equals the first, as they stand in one row.
        candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
        candidates.truncate(kept);
        let text = |candidate: &Candidate| {
            let mut ids = self.running[candidate.beam].ids.clone();
            ids.push(candidate.token);
            ids
        };
        let texts: Vec<Vec<u32>> = candidates.iter().map(text).collect();
        let ends: Vec<bool> = texts.iter().map(|ids| hits_end(rules, ids)).collect();

        // Those that go on.
        let penalty = |hit: bool| if hit { NEVER } else { 0.0 };
        let mut going: Vec<usize> = (0..candidates.len()).collect();
        let going_score = |index: usize| candidates[index].score + penalty(ends[index]);
        going.sort_by(|a, b| going_score(*b).total_cmp(&going_score(*a)));
        going.truncate(*width);

        // Those that ended, among the best that ended before.
        let written = texts.first().map_or(1, |ids| ids.len() - 1);
        let is_full = self.ended.iter().all(|ended| ended.is_there) && *early_stopping == EarlyStopping::Yes;
        let mut merged = std::mem::take(&mut self.ended);
        for (index, (candidate, ids)) in candidates.iter().zip(&texts).enumerate() {
            // Only what is among the best counts as an end.
            let just_ended = ends[index] && index < *width;
            let mut score = candidate.score / power(written, *length_penalty);
            score += penalty(is_full) + penalty(!self.improvable) + penalty(!just_ended);
            merged.push(Ended { ids: ids.clone(), score, is_there: just_ended });
        }
        merged.sort_by(|a, b| b.score.total_cmp(&a.score));
        merged.truncate(*width);
        self.ended = merged;

        let all_end = ends.iter().all(|end| *end);
        self.running = going_on(std::mem::take(&mut self.running), &candidates, &going, going_score, texts);
        self.improvable &= self.may_improve(beams, written);
        let is_full = self.ended.iter().all(|ended| ended.is_there) && *early_stopping == EarlyStopping::Yes;
        self.is_over = !self.improvable || is_full || all_end;
    }

    /// Whether the best that is followed could still become better than the worst that ended.
    fn may_improve(&self, beams: &Beams, written: usize) -> bool {
        let could_grow = beams.early_stopping == EarlyStopping::Never && beams.length_penalty > 0.0;
        let length = if could_grow { beams.rules.max_length - 1 } else { written };
        let best = self.running.first().map_or(NEVER, |beam| beam.score);
        let best = best / power(length, beams.length_penalty);
        let worst = self.ended.iter().map(|ended| ended.score).fold(f32::INFINITY, f32::min);
        self.ended.iter().any(|ended| best > if ended.is_there { worst } else { NEVER })
    }

    /// What was found, best first.
    fn best(self, beams: &Beams) -> Vec<Found> {
        let found = |ended: Ended| Found {
            ids: ended.ids.get(1..).unwrap_or_default().to_vec(),
            score: (beams.width > 1).then_some(ended.score),
        };
        self.ended.into_iter().map(found).collect()
    }
}

/// The beams that follow; a parent's state goes to its last child.
fn going_on(
    parents: Vec<Beam>,
    candidates: &[Candidate],
    going: &[usize],
    score: impl Fn(usize) -> f32,
    mut texts: Vec<Vec<u32>>,
) -> Vec<Beam> {
    let mut children = vec![0; parents.len()];
    going.iter().for_each(|index| children[candidates[*index].beam] += 1);
    let mut states: Vec<Option<State>> = parents.into_iter().map(|beam| Some(beam.state)).collect();
    let mut beams = Vec::new();
    for index in going {
        let parent = candidates[*index].beam;
        children[parent] -= 1;
        let state = match children[parent] {
            0 => states[parent].take(),
            _ => states[parent].as_ref().map(State::fork),
        };
        if let Some(state) = state {
            beams.push(Beam { ids: std::mem::take(&mut texts[*index]), score: score(*index), state });
        }
    }
    beams
}

fn hits_end(rules: &Rules, ids: &[u32]) -> bool {
    ids.len() >= rules.max_length || ids.last().is_some_and(|last| rules.ends.contains(last))
}

/// In double precision, as the reference has it.
fn power(length: usize, penalty: f32) -> f32 {
    (length as f64).powf(f64::from(penalty)) as f32
}

fn log_softmax(logits: &[f32]) -> Vec<f32> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = logits.iter().map(|logit| (logit - largest).exp()).sum();
    let off = largest + sum.ln();
    logits.iter().map(|logit| logit - off).collect()
}

/// The places and values of the `count` largest, largest first; of equals the first.
fn best(scores: &[f32], count: usize) -> Vec<(usize, f32)> {
    let mut best: Vec<(usize, f32)> = Vec::with_capacity(count + 1);
    for (place, score) in scores.iter().enumerate() {
        if best.len() < count || *score > best[best.len() - 1].1 {
            let at = best.partition_point(|(_, other)| other >= score);
            best.insert(at, (place, *score));
            best.truncate(count);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_come_in_order_and_of_equals_the_first() {
        assert_eq!(best(&[1.0, 3.0, 2.0, 3.0, 0.0], 3), [(1, 3.0), (3, 3.0), (2, 2.0)]);
        assert_eq!(best(&[f32::NEG_INFINITY; 2], 3).len(), 2);
    }

    #[test]
    fn logarithms_of_probabilities_sum_to_one() {
        let sum: f32 = log_softmax(&[1.0, -2.0, 0.5]).iter().map(|score| score.exp()).sum();
        assert!((sum - 1.0).abs() < 1e-6);
    }
}
