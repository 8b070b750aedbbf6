//! An attempt: one more answer to a text, in another way than the job's. Many attempts are
//! generated together, so that the model reads its weights once for all.

use std::sync::Arc;

use super::chunk::{ChunkResult, SourceChunk};
use super::finish::finish;
use super::length_limit::{LengthLimit, StreamedOutput};
use super::progress::StageProgress;
use super::prompt::PartEncoder;
use super::setup::TaskSetup;
use super::window::{self, REASONING_TOKENS};
use crate::error::Result;
use crate::event::Observer;
use crate::generation::{Control, LexicalRules, Options, Sampling, Update};
use crate::glossary::Term;
use crate::prompts::Task;
use crate::reasoning::Answer;

/// A text, and the way to answer it.
pub(super) struct Attempt<'t> {
    pub text: &'t str,
    /// Prescribed translations beside the job's glossary.
    pub terms: Vec<Term>,
    /// Seed of random sampling; `None` takes the likeliest token each time.
    pub seed: Option<u64>,
    /// Numbers and phrases of the answer.
    pub rules: LexicalRules,
}

/// Answers all attempts, in order. Their segments have the mean log-probability as score.
pub(super) fn answers(
    setup: &TaskSetup<'_>,
    task: Task,
    attempts: &[Attempt<'_>],
    progress: &mut StageProgress,
    observer: &mut Observer<'_>,
) -> Result<Vec<ChunkResult>> {
    let encoder = PartEncoder::new(setup, task)?;
    let mut chunks = Vec::with_capacity(attempts.len());
    let mut prompts = Vec::with_capacity(attempts.len());
    let mut similar = Vec::with_capacity(attempts.len());
    for attempt in attempts {
        observer.check()?;
        chunks.push(SourceChunk { text: attempt.text, tokens: setup.model.count(attempt.text) });
        let prompt = encoder.encode(attempt.text.trim(), &attempt.terms)?;
        prompts.push(prompt.ids);
        similar.push(prompt.similar);
    }
    let reasoning = encoder.open_reasoning(&prompts);
    let mut retried = progress.for_retry();
    let lengths = chunks.iter().zip(&prompts).map(|(chunk, ids)| (chunk.tokens, ids.len()));
    retried.begin_batch(lengths);
    let mut requests = Vec::with_capacity(attempts.len());
    for (index, ids) in prompts.into_iter().enumerate() {
        let mut options = options(setup, task, &chunks[index], &encoder);
        options.sampling = Sampling::Greedy;
        if let Some(seed) = attempts[index].seed {
            options.sample_as_recommended(setup.model.sampling_defaults(), seed);
        }
        if reasoning[index].is_some() {
            options.max_tokens += REASONING_TOKENS;
        } else if attempts[index].rules != LexicalRules::default() {
            let rules = attempts[index].rules.clone();
            options.lexical_constraint = Some(setup.model.lexical_constraint(rules));
        }
        requests.push((ids, Arc::new(options)));
    }
    let limit = LengthLimit::of(setup, task);
    let mut streams: Vec<(Answer, StreamedOutput)> =
        reasoning.iter().map(|mark| (Answer::after(*mark), StreamedOutput::new(limit))).collect();
    let mut sink = |index: usize, update: Update<'_>| {
        if retried.update(index, &update) {
            observer.event(&retried.event());
        }
        let (answer, output) = &mut streams[index];
        if let Update::Text(text) = update {
            output.push(&answer.push(text));
        }
        match observer.check() {
            Err(_) => Control::Cancel,
            Ok(()) if output.is_full() => Control::Stop,
            Ok(()) => Control::Continue,
        }
    };
    let generated = setup.model.generate_each(requests, &mut sink)?;
    retried.end_batch();
    progress.add_retry(&retried);
    let results = chunks.iter().zip(generated).zip(reasoning).zip(&similar);
    Ok(results
        .map(|(((chunk, generated), mark), similar)| {
            finish(setup, task, chunk, generated, mark, similar)
        })
        .collect())
}

fn options(
    setup: &TaskSetup<'_>,
    task: Task,
    chunk: &SourceChunk<'_>,
    encoder: &PartEncoder<'_>,
) -> Options {
    let mut options = setup.job.generation.clone();
    options.max_tokens = window::answer_limit(setup, task, chunk.tokens);
    options.stop.extend_from_slice(encoder.stop());
    options.beam_search = setup.seq2seq.as_ref().map(|seq2seq| seq2seq.search.clone());
    options.scores = true;
    options
}
