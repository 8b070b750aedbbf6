//! Beam search for encoder–decoder networks, and greedy search as its case of one beam: the
//! hypotheses and scores of `generate` in `transformers` 5, at any batch size.
//!
//! Sutskever et al. 2014, <https://arxiv.org/abs/1409.3215>; reference:
//! `GenerationMixin._beam_search`. Each encoder input has a search of its own, which knows no
//! network: it names the beams to continue and receives their logits. Beams are rows of one batch.
//! The state of a beam moves to its successor, and is copied only if there are several.

use std::borrow::Cow;
use std::sync::Arc;

use super::logits_rules::{LogitsProcessors, TokenHistory};
use crate::architectures::{LogitsFor, Network, Row, State};
use crate::error::{Error, Result};
use crate::kernels::{Phase, has_no_nan, log_sum_exp, threads};

/// Lower than any score of a hypothesis.
const LOWEST: f32 = -1e9;

/// Logits of the first output token for an encoder input.
pub(crate) fn first_logits(
    network: &dyn Network,
    config: &BeamSearchConfig,
    input: &[u32],
) -> Result<Vec<f32>> {
    let tokens = &[config.decoder_start_token_id];
    let mut states = network.begin(&[input], Phase::Prefill)?;
    let mut rows: Vec<Row<'_>> =
        states.iter_mut().map(|state| Row { state, tokens, logits: LogitsFor::Last }).collect();
    Ok(network.forward(&mut rows, Phase::Prefill)?.last(0).to_vec())
}

/// Settings of a beam search.
#[derive(Debug, Clone, PartialEq)]
pub struct BeamSearchConfig {
    /// Number of beams; 1 is greedy search.
    pub num_beams: usize,
    /// Exponent of the length by which scores are divided: above zero it favors long texts.
    pub length_penalty: f32,
    /// When a search ends.
    pub early_stopping: EarlyStopping,
    /// First token of the decoder.
    pub decoder_start_token_id: u32,
    /// Bans, penalties and forced tokens.
    pub logits_processors: LogitsProcessors,
}

/// When a search ends that has as many finished hypotheses as beams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EarlyStopping {
    /// At once.
    Yes,
    /// When the best beam has a lower score than all of them at its present length.
    #[default]
    No,
    /// When the best beam has a lower score than all of them at any length.
    Never,
}

/// A finished text.
#[derive(Debug, Clone, PartialEq)]
pub struct Hypothesis {
    /// Its tokens, without the start token and with the end token.
    pub ids: Vec<u32>,
    /// Log-probability of each token, after logits processing.
    pub scores: Vec<f32>,
    /// Log-probability of the whole, with length penalty; `None` for greedy search.
    pub score: Option<f32>,
    /// True if it ended by itself, false if it reached the maximum length.
    pub is_finished: bool,
}

/// Searches for several encoder inputs, `batch` of them at a time; returns up to `num_beams`
/// hypotheses for each, best first.
pub fn search(
    network: &dyn Network,
    inputs: &[&[u32]],
    config: &BeamSearchConfig,
    batch: usize,
) -> Result<Vec<Vec<Hypothesis>>> {
    let config = Arc::new(config.clone());
    let mut waiting = inputs.iter().enumerate();
    let mut searches = BeamBatch::new(network);
    let mut results: Vec<Vec<Hypothesis>> = inputs.iter().map(|_| Vec::new()).collect();
    loop {
        let room = batch.max(1).saturating_sub(searches.len());
        let next: Vec<_> = waiting
            .by_ref()
            .take(room)
            .map(|(index, input)| (index, *input, config.clone()))
            .collect();
        if !next.is_empty() {
            searches.begin(next)?;
        }
        if searches.len() == 0 {
            return Ok(results);
        }
        searches.step()?;
        for (index, hypotheses) in searches.take_finished() {
            results[index] = hypotheses?;
        }
    }
}

/// Searches that run in one batch, each with a tag of its caller.
pub(super) struct BeamBatch<'n, T> {
    network: &'n dyn Network,
    active: Vec<(T, Arc<BeamSearchConfig>, Search)>,
}

impl<'n, T: Send> BeamBatch<'n, T> {
    pub fn new(network: &'n dyn Network) -> Self {
        Self { network, active: Vec::new() }
    }

    /// Number of searches.
    pub fn len(&self) -> usize {
        self.active.len()
    }

    /// The tag of each search and its number of generated tokens.
    pub fn progress(&self) -> impl Iterator<Item = (&T, usize)> {
        self.active.iter().map(|(tag, _, search)| (tag, search.written()))
    }

    /// Drops searches that are no longer wanted.
    pub fn retain(&mut self, mut is_wanted: impl FnMut(&T) -> bool) {
        self.active.retain(|(tag, ..)| is_wanted(tag));
    }

    /// Encodes inputs in one batch and starts a search for each.
    pub fn begin(&mut self, inputs: Vec<(T, &[u32], Arc<BeamSearchConfig>)>) -> Result<()> {
        let tokens: Vec<&[u32]> = inputs.iter().map(|(_, tokens, _)| *tokens).collect();
        let states = self.network.begin(&tokens, Phase::Prefill)?;
        for ((tag, _, config), state) in inputs.into_iter().zip(states) {
            let search = Search::new(&config, state);
            self.active.push((tag, config, search));
        }
        Ok(())
    }

    /// Runs one token of every beam of every search, in one batch.
    pub fn step(&mut self) -> Result<()> {
        let mut rows: Vec<Row<'_>> =
            self.active.iter_mut().flat_map(|(.., search)| search.rows()).collect();
        let logits = self.network.forward(&mut rows, Phase::Decode)?;
        drop(rows);
        let mut first_rows = Vec::with_capacity(self.active.len());
        let mut row = 0;
        for (.., search) in &self.active {
            first_rows.push(row);
            row += search.beams.len();
        }
        threads::parallel_map(&mut self.active, |index, (_, config, search)| {
            let rows = first_rows[index]..first_rows[index] + search.beams.len();
            let logits: Vec<&[f32]> = rows.map(|row| logits.last(row)).collect();
            search.advance(config, &logits);
        });
        Ok(())
    }

    /// Removes the finished searches and returns their hypotheses.
    pub fn take_finished(&mut self) -> impl Iterator<Item = (T, Result<Vec<Hypothesis>>)> {
        let finished = self.active.extract_if(.., |(.., search)| search.is_over);
        finished.map(|(tag, config, search)| {
            if search.failed {
                (tag, Err(Error::Engine("the network computed a logit that is NaN".into())))
            } else {
                (tag, Ok(search.into_hypotheses(&config)))
            }
        })
    }

    /// Removes all searches, after an error.
    pub fn drain(&mut self) -> impl Iterator<Item = T> {
        self.active.drain(..).map(|(tag, ..)| tag)
    }
}

/// The search for one encoder input.
struct Search {
    /// Unfinished hypotheses, best first.
    beams: Vec<Beam>,
    /// The best finished hypotheses, best first; padded with empty ones of the lowest score.
    finished: Vec<FinishedBeam>,
    /// True while an unfinished hypothesis may become better than the finished ones.
    may_improve: bool,
    is_over: bool,
    /// True after a logit that is NaN.
    failed: bool,
}

struct Beam {
    text: BeamTokens,
    score: f32,
    state: State,
}

/// Tokens of a beam, the start token first, and the score of each of the others.
#[derive(Clone, Default)]
struct BeamTokens {
    ids: Vec<u32>,
    scores: Vec<f32>,
}

impl BeamTokens {
    fn with(&self, token: u32, score: f32) -> Self {
        let mut longer = self.clone();
        longer.ids.push(token);
        longer.scores.push(score);
        longer
    }
}

#[derive(Clone)]
struct FinishedBeam {
    text: BeamTokens,
    score: f32,
    /// False for padding.
    exists: bool,
}

/// A beam with one more token.
struct NextToken {
    beam: usize,
    token: u32,
    score: f32,
}

impl Search {
    fn new(config: &BeamSearchConfig, state: State) -> Self {
        let num_beams = config.num_beams.max(1);
        // All beams are equal at first, so only one of them gets a score that counts.
        let beam = |index: usize| Beam {
            text: BeamTokens { ids: vec![config.decoder_start_token_id], scores: Vec::new() },
            score: if index == 0 { 0.0 } else { LOWEST },
            state: state.fork(),
        };
        let padding = FinishedBeam { text: BeamTokens::default(), score: LOWEST, exists: false };
        Self {
            beams: (0..num_beams).map(beam).collect(),
            finished: vec![padding; num_beams],
            may_improve: true,
            is_over: false,
            failed: false,
        }
    }

    /// Number of generated tokens.
    fn written(&self) -> usize {
        self.beams.first().map_or(0, |beam| beam.text.ids.len().saturating_sub(1))
    }

    /// The tokens of each beam that its state lacks.
    fn rows(&mut self) -> impl Iterator<Item = Row<'_>> {
        self.beams.iter_mut().map(|Beam { text, state, .. }| {
            let tokens = &text.ids[state.len()..];
            Row { state, tokens, logits: LogitsFor::Last }
        })
    }

    /// Adds a token to each beam, by its logits.
    fn advance(&mut self, config: &BeamSearchConfig, logits: &[&[f32]]) {
        if !logits.iter().all(|logits| has_no_nan(logits)) {
            (self.failed, self.is_over) = (true, true);
        } else if config.num_beams <= 1 {
            self.advance_greedily(config, logits[0]);
        } else {
            self.advance_beams(config, logits);
        }
    }

    fn advance_greedily(&mut self, config: &BeamSearchConfig, logits: &[f32]) {
        let processors = &config.logits_processors;
        let text = &mut self.beams[0].text;
        let mut scores = Cow::Borrowed(logits);
        processors.apply(TokenHistory::decoder(&text.ids), &mut scores);
        let next = top_k(&scores, 1).first().map_or(0, |(token, _)| *token);
        text.ids.push(next as u32);
        text.scores.push(logits[next] - log_sum_exp(logits));
        self.is_over = has_ended(processors, &text.ids);
        if self.is_over {
            self.finished = vec![FinishedBeam { text: text.clone(), score: 0.0, exists: true }];
        }
    }

    fn advance_beams(&mut self, config: &BeamSearchConfig, logits: &[&[f32]]) {
        let BeamSearchConfig { num_beams, length_penalty, .. } = *config;
        let processors = &config.logits_processors;
        let candidates = self.candidates(config, logits);
        let texts: Vec<BeamTokens> = candidates
            .iter()
            .map(|candidate| {
                let beam = &self.beams[candidate.beam];
                beam.text.with(candidate.token, candidate.score - beam.score)
            })
            .collect();
        let ends: Vec<bool> = texts.iter().map(|text| has_ended(processors, &text.ids)).collect();
        let penalty = |applies: bool| if applies { LOWEST } else { 0.0 };

        // The best candidates that have not ended become the beams.
        let beam_score = |index: usize| candidates[index].score + penalty(ends[index]);
        let mut next_beams: Vec<usize> = (0..candidates.len()).collect();
        next_beams.sort_by(|a, b| beam_score(*b).total_cmp(&beam_score(*a)));
        next_beams.truncate(num_beams);

        // Candidates that have ended join the finished hypotheses if they are among the best.
        let written = texts.first().map_or(1, |text| text.scores.len());
        let stopped = self.stops_early(config);
        let mut finished = std::mem::take(&mut self.finished);
        for (index, (candidate, text)) in candidates.iter().zip(&texts).enumerate() {
            let just_ended = ends[index] && index < num_beams;
            let mut score = candidate.score / length_factor(written, length_penalty);
            score += penalty(stopped) + penalty(!self.may_improve) + penalty(!just_ended);
            finished.push(FinishedBeam { text: text.clone(), score, exists: just_ended });
        }
        finished.sort_by(|a, b| b.score.total_cmp(&a.score));
        finished.truncate(num_beams);
        self.finished = finished;

        let all_end = ends.iter().all(|end| *end);
        let parents = std::mem::take(&mut self.beams);
        self.beams = succeed(parents, &candidates, &next_beams, beam_score, texts);
        self.may_improve &= self.can_still_improve(config, written);
        self.is_over = !self.may_improve || self.stops_early(config) || all_end;
    }

    /// The best continuations of all beams, best first; the earlier beam first on ties.
    fn candidates(&self, config: &BeamSearchConfig, logits: &[&[f32]]) -> Vec<NextToken> {
        let processors = &config.logits_processors;
        // Enough that `num_beams` of them do not end.
        let count = (1 + processors.eos_token_ids.len()).max(2) * config.num_beams;
        let mut candidates = Vec::new();
        for (index, beam) in self.beams.iter().enumerate() {
            let log_sum = log_sum_exp(logits[index]);
            let mut scores =
                Cow::Owned(logits[index].iter().map(|logit| logit - log_sum).collect::<Vec<f32>>());
            processors.apply(TokenHistory::decoder(&beam.text.ids), &mut scores);
            scores.to_mut().iter_mut().for_each(|score| *score += beam.score);
            for (token, score) in top_k(&scores, count) {
                candidates.push(NextToken { beam: index, token: token as u32, score });
            }
        }
        candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
        candidates.truncate(count);
        candidates
    }

    /// True if the search ends as soon as it has enough finished hypotheses, and has them.
    fn stops_early(&self, config: &BeamSearchConfig) -> bool {
        config.early_stopping == EarlyStopping::Yes
            && self.finished.iter().all(|finished| finished.exists)
    }

    /// True if the best beam could become better than the worst finished hypothesis.
    fn can_still_improve(&self, config: &BeamSearchConfig, written: usize) -> bool {
        let at_any_length =
            config.early_stopping == EarlyStopping::Never && config.length_penalty > 0.0;
        let length = if at_any_length { config.logits_processors.max_length - 1 } else { written };
        let best = self.beams.first().map_or(LOWEST, |beam| beam.score);
        let best = best / length_factor(length, config.length_penalty);
        let worst =
            self.finished.iter().map(|finished| finished.score).fold(f32::INFINITY, f32::min);
        self.finished.iter().any(|finished| best > if finished.exists { worst } else { LOWEST })
    }

    /// The finished hypotheses, best first.
    fn into_hypotheses(self, config: &BeamSearchConfig) -> Vec<Hypothesis> {
        let hypothesis = |finished: FinishedBeam| Hypothesis {
            ids: finished.text.ids.get(1..).unwrap_or_default().to_vec(),
            scores: finished.text.scores,
            is_finished: ended_by_itself(&config.logits_processors, &finished.text.ids),
            score: (config.num_beams > 1).then_some(finished.score),
        };
        self.finished.into_iter().map(hypothesis).collect()
    }
}

/// The beams of the next step. The state of a parent moves to its last child.
fn succeed(
    parents: Vec<Beam>,
    candidates: &[NextToken],
    next_beams: &[usize],
    score: impl Fn(usize) -> f32,
    mut texts: Vec<BeamTokens>,
) -> Vec<Beam> {
    let mut children = vec![0; parents.len()];
    next_beams.iter().for_each(|index| children[candidates[*index].beam] += 1);
    let mut states: Vec<Option<State>> = parents.into_iter().map(|beam| Some(beam.state)).collect();
    let mut beams = Vec::new();
    for index in next_beams {
        let parent = candidates[*index].beam;
        children[parent] -= 1;
        let state = match children[parent] {
            0 => states[parent].take(),
            _ => states[parent].as_ref().map(State::fork),
        };
        if let Some(state) = state {
            let text = std::mem::take(&mut texts[*index]);
            beams.push(Beam { text, score: score(*index), state });
        }
    }
    beams
}

fn has_ended(processors: &LogitsProcessors, ids: &[u32]) -> bool {
    ids.len() >= processors.max_length || ends_with_eos(processors, ids)
}

/// True if the text ends with an end token that was not forced by the maximum length.
fn ended_by_itself(processors: &LogitsProcessors, ids: &[u32]) -> bool {
    let is_forced =
        !processors.forced_eos_token_ids.is_empty() && ids.len() >= processors.max_length;
    !is_forced && ends_with_eos(processors, ids)
}

fn ends_with_eos(processors: &LogitsProcessors, ids: &[u32]) -> bool {
    ids.last().is_some_and(|last| processors.eos_token_ids.contains(last))
}

/// `length^penalty`, in f64 like the reference.
fn length_factor(length: usize, penalty: f32) -> f32 {
    (length as f64).powf(f64::from(penalty)) as f32
}

/// Indices and values of the `count` largest scores, largest first; the first one on ties.
fn top_k(scores: &[f32], count: usize) -> Vec<(usize, f32)> {
    /// Most blocks hold none of them, which one comparison of all their scores shows.
    const BLOCK: usize = 64;
    let mut top: Vec<(usize, f32)> = Vec::with_capacity(count + 1);
    for (block, scores) in scores.chunks(BLOCK).enumerate() {
        let is_full = top.len() == count;
        if is_full && !scores.iter().fold(false, |any, score| any | (*score > top[count - 1].1)) {
            continue;
        }
        for (index, score) in scores.iter().enumerate() {
            if top.len() < count || *score > top[top.len() - 1].1 {
                let at = top.partition_point(|(_, other)| other >= score);
                top.insert(at, (block * BLOCK + index, *score));
                top.truncate(count);
            }
        }
    }
    top
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_come_in_order_and_the_first_on_ties() {
        assert_eq!(top_k(&[1.0, 3.0, 2.0, 3.0, 0.0], 3), [(1, 3.0), (3, 3.0), (2, 2.0)]);
        assert_eq!(top_k(&[f32::NEG_INFINITY; 2], 3).len(), 2);
    }
}
