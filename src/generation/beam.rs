//! Beam search, and greedy search by the same rules, for networks that read a source: the texts and
//! scores that `generate` of `transformers` 5 finds, at any batch size.
//!
//! Sutskever et al. 2014, <https://arxiv.org/abs/1409.3215>; reference: `GenerationMixin._beam_search`. Each source has a search of its
//! own, which knows no network: it says which beams it wants continued and is given scores. Beams
//! are rows of one batch, and a beam's state goes to its successor; it is copied only where there
//! are several.

use std::sync::Arc;

use super::rules::Rules;
use crate::architectures::{Network, Row, State, Want};
use crate::error::{Error, Result};
use crate::kernels::{Phase, are_numbers, log_sum_exp, pool};

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
    /// What each of them added to the logarithm of the text's probability, by the rules of the
    /// search.
    pub scores: Vec<f32>,
    /// The logarithm of its probability, over its length; of a greedy search none.
    pub score: Option<f32>,
    /// Whether it ended by itself, and not because it became as long as it may.
    pub is_whole: bool,
}

/// Searches for several sources, `at_once` of them at a time; gives up to `width` texts for each,
/// best first.
pub fn search(
    network: &dyn Network,
    sources: &[&[u32]],
    beams: &Beams,
    at_once: usize,
) -> Result<Vec<Vec<Found>>> {
    let beams = Arc::new(beams.clone());
    let mut waiting = sources.iter().enumerate();
    let mut round = Round::new(network);
    let mut found: Vec<Vec<Found>> = sources.iter().map(|_| Vec::new()).collect();
    loop {
        let next = waiting.by_ref().take(at_once.max(1).saturating_sub(round.len()));
        let next: Vec<_> = next.map(|(index, source)| (index, *source, beams.clone())).collect();
        if !next.is_empty() {
            round.begin(next)?;
        }
        if round.len() == 0 {
            return Ok(found);
        }
        round.step()?;
        for (index, result) in round.over() {
            found[index] = result?;
        }
    }
}

/// Searches that go on together, each with a tag that says what it is for.
pub(super) struct Round<'n, T> {
    network: &'n dyn Network,
    active: Vec<(T, Arc<Beams>, Search)>,
}

impl<'n, T: Send> Round<'n, T> {
    pub fn new(network: &'n dyn Network) -> Self {
        Self { network, active: Vec::new() }
    }

    pub fn len(&self) -> usize {
        self.active.len()
    }

    /// Tags, and how many tokens their texts have.
    pub fn tags(&self) -> impl Iterator<Item = (&T, usize)> {
        self.active.iter().map(|(tag, _, search)| (tag, search.written()))
    }

    /// Forgets searches that are no longer wanted.
    pub fn retain(&mut self, mut wanted: impl FnMut(&T) -> bool) {
        self.active.retain(|(tag, ..)| wanted(tag));
    }

    /// Reads sources, all in one batch.
    pub fn begin(&mut self, sources: Vec<(T, &[u32], Arc<Beams>)>) -> Result<()> {
        let texts: Vec<&[u32]> = sources.iter().map(|(_, source, _)| *source).collect();
        let states = self.network.begin(&texts, Phase::Prefill)?;
        for ((tag, _, beams), state) in sources.into_iter().zip(states) {
            let search = Search::new(&beams, state);
            self.active.push((tag, beams, search));
        }
        Ok(())
    }

    /// One batch through the network, one token for each text that is followed.
    pub fn step(&mut self) -> Result<()> {
        let mut rows: Vec<Row<'_>> =
            self.active.iter_mut().flat_map(|(.., search)| search.rows()).collect();
        let logits = self.network.forward(&mut rows, Phase::Decode)?;
        drop(rows);
        let first = self.active.iter().scan(0, |row, (.., search)| {
            *row += search.running.len();
            Some(*row - search.running.len())
        });
        let first: Vec<usize> = first.collect();
        pool::map(&mut self.active, |index, (_, beams, search)| {
            let rows = first[index]..first[index] + search.running.len();
            let scores: Vec<&[f32]> = rows.map(|row| logits.last(row)).collect();
            search.advance(beams, &scores);
        });
        Ok(())
    }

    /// Takes out the searches that are over.
    pub fn over(&mut self) -> impl Iterator<Item = (T, Result<Vec<Found>>)> {
        let over = self.active.extract_if(.., |(.., search)| search.is_over);
        over.map(|(tag, beams, search)| match search.failed {
            true => (
                tag,
                Err(Error::Engine("the network computed a score that is not a number".into())),
            ),
            false => (tag, Ok(search.best(&beams))),
        })
    }

    /// Takes all out, to say why they cannot go on.
    pub fn abandon(&mut self) -> impl Iterator<Item = T> {
        self.active.drain(..).map(|(tag, ..)| tag)
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
    /// A score was not a number.
    failed: bool,
}

struct Beam {
    text: Text,
    score: f32,
    state: State,
}

/// What a beam has written: tokens, the start among them, and what each added to the score.
#[derive(Clone, Default)]
struct Text {
    ids: Vec<u32>,
    scores: Vec<f32>,
}

impl Text {
    fn with(&self, token: u32, score: f32) -> Self {
        let mut longer = self.clone();
        longer.ids.push(token);
        longer.scores.push(score);
        longer
    }
}

#[derive(Clone)]
struct Ended {
    text: Text,
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
            text: Text { ids: vec![beams.start], scores: Vec::new() },
            score: if index == 0 { 0.0 } else { NEVER },
            state: state.fork(),
        };
        let none = Ended { text: Text::default(), score: NEVER, is_there: false };
        Self {
            running: (0..beams.width.max(1)).map(beam).collect(),
            ended: vec![none; beams.width.max(1)],
            improvable: true,
            is_over: false,
            failed: false,
        }
    }

    /// Tokens of the texts that are followed, the start left out.
    fn written(&self) -> usize {
        self.running.first().map_or(0, |beam| beam.text.ids.len().saturating_sub(1))
    }

    /// What the network has not read of each beam.
    fn rows(&mut self) -> impl Iterator<Item = Row<'_>> {
        self.running.iter_mut().map(|Beam { text, state, .. }| {
            let tokens = &text.ids[state.len()..];
            Row { state, tokens, want: Want::Last }
        })
    }

    /// Goes a token further, by the logits for each beam.
    fn advance(&mut self, beams: &Beams, logits: &[&[f32]]) {
        self.failed = !logits.iter().all(|logits| are_numbers(logits));
        match beams.width {
            _ if self.failed => self.is_over = true,
            0 | 1 => self.advance_greedily(beams, logits[0]),
            _ => self.advance_beams(beams, logits),
        }
    }

    fn advance_greedily(&mut self, beams: &Beams, logits: &[f32]) {
        let text = &mut self.running[0].text;
        let mut scores = logits.to_vec();
        beams.rules.apply(&text.ids, &mut scores);
        let next = best(&scores, 1).first().map_or(0, |(token, _)| *token);
        text.ids.push(next as u32);
        text.scores.push(logits[next] - log_sum_exp(logits));
        self.is_over = hits_end(&beams.rules, &text.ids);
        if self.is_over {
            self.ended = vec![Ended { text: text.clone(), score: 0.0, is_there: true }];
        }
    }

    fn advance_beams(&mut self, beams: &Beams, logits: &[&[f32]]) {
        let Beams { width, length_penalty, early_stopping, rules, .. } = beams;
        let kept = (1 + rules.ends.len()).max(2) * width;
        let of_beam = |(index, beam): (usize, &Beam)| {
            let off = log_sum_exp(logits[index]);
            let mut scores: Vec<f32> = logits[index].iter().map(|logit| logit - off).collect();
            rules.apply(&beam.text.ids, &mut scores);
            scores.iter_mut().for_each(|score| *score += beam.score);
            let candidate = |(token, score)| Candidate { beam: index, token: token as u32, score };
            best(&scores, kept).into_iter().map(candidate).collect::<Vec<_>>()
        };
        let mut candidates: Vec<Candidate> =
            self.running.iter().enumerate().flat_map(of_beam).collect();
        // Among equals the first, as they stand in one row.
        candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
        candidates.truncate(kept);
        let text = |candidate: &Candidate| {
            let beam = &self.running[candidate.beam];
            beam.text.with(candidate.token, candidate.score - beam.score)
        };
        let texts: Vec<Text> = candidates.iter().map(text).collect();
        let ends: Vec<bool> = texts.iter().map(|text| hits_end(rules, &text.ids)).collect();

        // Those that go on.
        let penalty = |hit: bool| if hit { NEVER } else { 0.0 };
        let mut going: Vec<usize> = (0..candidates.len()).collect();
        let going_score = |index: usize| candidates[index].score + penalty(ends[index]);
        going.sort_by(|a, b| going_score(*b).total_cmp(&going_score(*a)));
        going.truncate(*width);

        // Those that ended, among the best that ended before.
        let written = texts.first().map_or(1, |text| text.scores.len());
        let is_full =
            self.ended.iter().all(|ended| ended.is_there) && *early_stopping == EarlyStopping::Yes;
        let mut merged = std::mem::take(&mut self.ended);
        for (index, (candidate, text)) in candidates.iter().zip(&texts).enumerate() {
            // Only what is among the best counts as an end.
            let just_ended = ends[index] && index < *width;
            let mut score = candidate.score / power(written, *length_penalty);
            score += penalty(is_full) + penalty(!self.improvable) + penalty(!just_ended);
            merged.push(Ended { text: text.clone(), score, is_there: just_ended });
        }
        merged.sort_by(|a, b| b.score.total_cmp(&a.score));
        merged.truncate(*width);
        self.ended = merged;

        let all_end = ends.iter().all(|end| *end);
        self.running =
            going_on(std::mem::take(&mut self.running), &candidates, &going, going_score, texts);
        self.improvable &= self.may_improve(beams, written);
        let is_full =
            self.ended.iter().all(|ended| ended.is_there) && *early_stopping == EarlyStopping::Yes;
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
            ids: ended.text.ids.get(1..).unwrap_or_default().to_vec(),
            scores: ended.text.scores,
            is_whole: is_whole(&beams.rules, &ended.text.ids),
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
    mut texts: Vec<Text>,
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
            beams.push(Beam {
                text: std::mem::take(&mut texts[*index]),
                score: score(*index),
                state,
            });
        }
    }
    beams
}

fn hits_end(rules: &Rules, ids: &[u32]) -> bool {
    ids.len() >= rules.max_length || ids.last().is_some_and(|last| rules.ends.contains(last))
}

/// An end that is forced upon the longest texts is none of theirs.
fn is_whole(rules: &Rules, ids: &[u32]) -> bool {
    let forced = !rules.forced_last.is_empty() && ids.len() >= rules.max_length;
    !forced && ids.last().is_some_and(|last| rules.ends.contains(last))
}

/// In double precision, as the reference has it.
fn power(length: usize, penalty: f32) -> f32 {
    (length as f64).powf(f64::from(penalty)) as f32
}

/// The places and values of the `count` largest, largest first; of equals the first.
fn best(scores: &[f32], count: usize) -> Vec<(usize, f32)> {
    /// Most stretches hold none of them, which their largest shows.
    const STRETCH: usize = 64;
    let mut best: Vec<(usize, f32)> = Vec::with_capacity(count + 1);
    for (stretch, scores) in scores.chunks(STRETCH).enumerate() {
        let is_full = best.len() == count;
        if is_full && !scores.iter().fold(false, |any, score| any | (*score > best[count - 1].1)) {
            continue;
        }
        for (place, score) in scores.iter().enumerate() {
            if best.len() < count || *score > best[best.len() - 1].1 {
                let at = best.partition_point(|(_, other)| other >= score);
                best.insert(at, (stretch * STRETCH + place, *score));
                best.truncate(count);
            }
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
}
