//! The generation loop for decoder-only networks, with continuous batching.
//!
//! Every step runs one ragged batch: each decoding sequence contributes its last token and perhaps
//! a draft of the next ones, and the sequences in prefill share a budget of tokens (`pace.rs`).
//! If prefill and decode use different kernels, a step runs one batch for each [`Phase`]. A
//! finished sequence makes room for the next request, and after each step callers see the progress
//! and may cancel.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::drafts;
use super::options::{Generated, Options};
use super::pace::{Pace, PendingTokens, share_budget};
use super::prefix_cache::{MIN_SHARED_PREFIX, PrefixCache, shared_prefix_len};
use super::queue::{Control, GenerationRequest, RequestId, RequestQueue, Sink, run_call};
use super::sequence::{Sequence, SequenceLimits};
use crate::architectures::{Logits, Network, Row, State};
use crate::checkpoint::Tokenizer;
use crate::error::{Error, Result};
use crate::event::Finish;
use crate::kernels::Phase;

/// A decoder-only network with its tokenizer and limits.
pub struct Engine<'m> {
    /// The network.
    pub network: &'m dyn Network,
    /// Its tokenizer.
    pub tokenizer: &'m Tokenizer,
    /// Tokens that end a text.
    pub eos_tokens: &'m [u32],
    /// Maximum number of tokens of prompt and text together.
    pub context: usize,
    /// True if prefill and decode use the same kernels, so that one batch may hold both.
    pub phases_share_kernels: bool,
    /// True to prefill in chunks of a fixed size instead of one that follows the speed of the
    /// machine. Needed if results depend on the chunk size; those of the CPU kernels do not.
    pub fixed_chunks: bool,
}

/// Result of admitting a request.
enum Admission<'m> {
    /// It is a sequence now.
    Started(Box<Sequence<'m>>),
    /// It waits for another sequence that is computing the same prefix.
    Deferred(GenerationRequest),
    /// It cannot be started.
    Rejected(RequestId, Error),
}

/// The logits of a step and the row of a sequence in them.
type StepOutput = Result<(Arc<Logits>, usize)>;

impl<'m> Engine<'m> {
    /// Continues every prompt.
    pub fn generate(
        &self,
        prompts: &[Vec<u32>],
        options: &Options,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<Generated>> {
        let options = Arc::new(options.clone());
        let prompts = prompts.iter().map(|ids| (ids.clone(), options.clone())).collect();
        let mut cache = PrefixCache::default();
        run_call(prompts, sink, |queue, batch| self.serve(queue, batch, &mut cache))
    }

    /// The loop: admits requests while there is room, steps all sequences at once and returns
    /// finished texts, until the queue ends. `cache` has the prefixes of earlier calls.
    pub(crate) fn serve(
        &self,
        queue: &mut dyn RequestQueue,
        batch: usize,
        cache: &mut PrefixCache,
    ) {
        let mut active: Vec<Sequence<'m>> = Vec::new();
        let mut deferred: VecDeque<GenerationRequest> = VecDeque::new();
        let mut pace = Pace::new(self.fixed_chunks);
        loop {
            let idle = active.is_empty() && deferred.is_empty();
            let room = batch.max(1).saturating_sub(active.len() + deferred.len());
            let requests = queue.next_requests(room, idle);
            if idle && requests.is_empty() {
                return;
            }
            deferred.extend(requests);
            active.iter_mut().for_each(|sequence| sequence.has_dependents = false);
            for request in std::mem::take(&mut deferred) {
                if !queue.is_wanted(request.id) {
                    continue;
                }
                match self.admit(request, &mut active, cache) {
                    Admission::Started(sequence) => active.push(*sequence),
                    Admission::Deferred(request) => deferred.push_back(request),
                    Admission::Rejected(id, error) => queue.finish(id, Err(error)),
                }
            }
            if !active.is_empty() {
                self.step(&mut active, queue, &mut pace);
                for sequence in &active {
                    queue.send_progress(sequence.id, sequence.progress());
                }
            }
            let is_over = |sequence: &mut Sequence<'m>| {
                sequence.finish.is_some() || !queue.is_wanted(sequence.id)
            };
            let over: Vec<Sequence<'m>> = active.extract_if(.., is_over).collect();
            for sequence in over {
                cache.insert(sequence.processed_prompt(), &sequence.state);
                if sequence.finish.is_some() {
                    queue.finish(sequence.id, Ok(sequence.into_generated()));
                }
            }
        }
    }

    /// Starts a sequence from the longest prefix that another sequence or the cache has.
    fn admit(
        &self,
        request: GenerationRequest,
        active: &mut [Sequence<'m>],
        cache: &PrefixCache,
    ) -> Admission<'m> {
        let GenerationRequest { id, ref prompt, .. } = request;
        if prompt.is_empty() || prompt.len() >= self.context {
            let (what, needed) = ("the prompt".to_string(), prompt.len() + 1);
            return Admission::Rejected(id, Error::TooLong { what, needed, window: self.context });
        }
        // Prompts only: generated tokens were not computed as prefill.
        let prompts = active.iter().map(|other| (&other.ids[..other.prompt_len], &other.state));
        let best = prompts
            .chain(cache.iter())
            .enumerate()
            .map(|(at, (ids, state))| {
                // One token of the prompt remains, because its logits are needed.
                let shared = shared_prefix_len(prompt, ids).min(prompt.len() - 1);
                (shared, state, at)
            })
            .max_by_key(|(shared, state, _)| (*shared, state.len() >= *shared));
        let state = match best.filter(|(shared, ..)| *shared >= MIN_SHARED_PREFIX) {
            Some((shared, state, at)) if state.len() < shared => {
                if let Some(other) = active.get_mut(at) {
                    other.has_dependents = true;
                }
                return Admission::Deferred(request);
            }
            Some((shared, state, _)) => {
                let mut state = state.fork();
                state.truncate(shared);
                Ok(state)
            }
            None => self.new_state(),
        };
        let limits = SequenceLimits { context: self.context, eos_tokens: self.eos_tokens };
        match state {
            Ok(state) => Admission::Started(Box::new(Sequence::new(
                request,
                state,
                limits,
                self.tokenizer.stream(),
            ))),
            Err(error) => Admission::Rejected(id, error),
        }
    }

    fn new_state(&self) -> Result<State> {
        self.network
            .begin(&[&[]], Phase::Prefill)?
            .pop()
            .ok_or_else(|| Error::Engine("the network returned no state".into()))
    }

    /// One batch through the network, or one for each phase: the last token of each decoding
    /// sequence with its draft, and chunks of prompts within the budget.
    fn step(&self, active: &mut Vec<Sequence<'m>>, queue: &mut dyn RequestQueue, pace: &mut Pace) {
        let pending: Vec<PendingTokens> = active.iter().map(Sequence::pending).collect();
        let decoding = pending.iter().filter(|pending| pending.tokens == 0).count();
        let max_draft = drafts::max_len(decoding);
        let shares = share_budget(pace.budget(decoding), &pending);
        for (sequence, share) in active.iter_mut().zip(&shares) {
            sequence.plan(*share, max_draft);
        }
        let began = Instant::now();
        let outputs = self.forward(active);
        pace.record(shares.iter().sum(), began.elapsed());
        let errors = Self::choose_tokens(active, &outputs, queue);
        active.iter_mut().for_each(Sequence::end_step);
        let mut errors = outputs
            .into_iter()
            .map(|output| output.and_then(Result::err))
            .zip(errors)
            .map(|(forward, choice)| choice.or(forward));
        active.retain(|sequence| match errors.next().flatten() {
            Some(error) => {
                queue.finish(sequence.id, Err(error));
                false
            }
            None => true,
        });
    }

    /// Chooses the next tokens of each sequence and sends their text. Proceeds token by token, in
    /// all sequences at once, so that drafts make no difference to callers. Returns an error for
    /// each sequence that failed.
    fn choose_tokens(
        active: &mut [Sequence<'m>],
        outputs: &[Option<StepOutput>],
        queue: &mut dyn RequestQueue,
    ) -> Vec<Option<Error>> {
        let mut logits: Vec<_> = outputs
            .iter()
            .map(|output| match output {
                Some(Ok((logits, row))) => Some(logits.row(*row)),
                _ => None,
            })
            .collect();
        let mut errors: Vec<Option<Error>> = active.iter().map(|_| None).collect();
        let mut remaining: Vec<usize> = (0..active.len()).collect();
        while !remaining.is_empty() {
            let (mut rows, mut texts) = (Vec::new(), Vec::new());
            remaining.retain(|row| {
                let Some(logits) = logits[*row].as_mut().and_then(Iterator::next) else {
                    return false;
                };
                match active[*row].choose_token(logits) {
                    Ok(text) if text.is_empty() => {}
                    Ok(text) => {
                        rows.push(*row);
                        texts.push((active[*row].id, text));
                    }
                    Err(error) => errors[*row] = Some(error),
                }
                errors[*row].is_none()
            });
            for (row, control) in rows.into_iter().zip(queue.send_text(&texts)) {
                match control {
                    Control::Continue | Control::Cancel => {}
                    Control::Stop => active[row].finish = Some(Finish::Stop),
                }
            }
            remaining.retain(|row| active[*row].draft_goes_on());
        }
        errors
    }

    /// Runs the planned tokens of all sequences; `None` for a sequence without any.
    fn forward(&self, active: &mut [Sequence<'m>]) -> Vec<Option<StepOutput>> {
        let mut outputs: Vec<Option<StepOutput>> = active.iter().map(|_| None).collect();
        // Taken before the first batch, which may move a sequence on to the next phase.
        let phases: Vec<Option<Phase>> = active
            .iter()
            .map(|sequence| sequence.has_planned().then(|| sequence.phase()))
            .collect();
        let mut run = |phase: Phase, is_included: &dyn Fn(Phase) -> bool| {
            let (rows, batch): (Vec<usize>, Vec<&mut Sequence<'m>>) = active
                .iter_mut()
                .enumerate()
                .filter(|(row, _)| phases[*row].is_some_and(is_included))
                .unzip();
            for (row, output) in rows.into_iter().zip(self.forward_batch(batch, phase)) {
                outputs[row] = Some(output);
            }
        };
        if self.phases_share_kernels {
            run(Phase::Decode, &|_| true);
        } else {
            for phase in Phase::ALL {
                run(phase, &|other| other == phase);
            }
        }
        outputs
    }

    /// Runs one batch. If it fails the sequences are run one by one and without their drafts, so
    /// that an error reaches only the sequence that causes it.
    fn forward_batch(&self, mut batch: Vec<&mut Sequence<'m>>, phase: Phase) -> Vec<StepOutput> {
        if batch.is_empty() {
            return Vec::new();
        }
        let before: Vec<usize> = batch.iter().map(|sequence| sequence.state.len()).collect();
        let mut rows: Vec<Row<'_>> = batch.iter_mut().map(|sequence| sequence.row()).collect();
        match self.network.forward(&mut rows, phase) {
            Ok(logits) => {
                let logits = Arc::new(logits);
                (0..batch.len()).map(|row| Ok((logits.clone(), row))).collect()
            }
            Err(error) if batch.len() == 1 && !batch[0].has_draft() => vec![Err(error)],
            Err(_) => {
                let alone = |(sequence, before): (&mut Sequence<'m>, usize)| {
                    // The state may return to an earlier position than `before`.
                    sequence.state.truncate(before);
                    sequence.plan_without_draft();
                    let phase = sequence.phase();
                    let logits = self.network.forward(&mut [sequence.row()], phase)?;
                    Ok((Arc::new(logits), 0))
                };
                batch.into_iter().zip(before).map(alone).collect()
            }
        }
    }
}
