//! One sequence being generated: which tokens the network computes next, which token follows from
//! the logits, and which text is final.
//!
//! Knows token ids and text; knows neither the network nor other sequences.

use std::sync::Arc;

use super::drafts::Drafts;
use super::loops;
use super::options::{Generated, Options};
use super::pace::PendingTokens;
use super::queue::{GenerationRequest, Progress, RequestId};
use super::sampling::Sampler;
use crate::architectures::{LogitsFor, Row, State};
use crate::checkpoint::DecodeStream;
use crate::error::{Error, Result};
use crate::event::Finish;
use crate::kernels::{Phase, has_no_nan, log_sum_exp};

/// Maximum number of times a sequence is rolled back out of a loop before it is ended.
const MAX_ROLLBACKS: usize = 2;

/// Limits of a sequence.
#[derive(Debug, Clone, Copy)]
pub(super) struct SequenceLimits<'m> {
    /// Maximum number of tokens of prompt and text together.
    pub context: usize,
    /// Tokens that end a text.
    pub eos_tokens: &'m [u32],
}

/// A sequence being generated.
pub(super) struct Sequence<'m> {
    pub id: RequestId,
    options: Arc<Options>,
    limits: SequenceLimits<'m>,
    pub state: State,
    /// Prompt and generated tokens.
    pub ids: Vec<u32>,
    /// Number of prompt tokens.
    pub prompt_len: usize,
    /// True if another request has the same prefix and waits until it is computed.
    pub has_dependents: bool,
    /// Prompt tokens that were processed, at most: progress never goes back.
    prompt_progress: usize,
    /// Tokens of this step: a chunk of those the state lacks, then the draft.
    planned: Vec<u32>,
    /// Number of draft tokens among them.
    draft_len: usize,
    /// Number of draft tokens that the network confirmed in this step.
    accepted: usize,
    /// True if the last chosen token is that of the draft.
    draft_matches: bool,
    drafts: Drafts,
    sampler: Sampler,
    stream: DecodeStream<'m>,
    /// Number of generated tokens that no rollback will take back; the stream has decoded them.
    committed: usize,
    /// Their text.
    text: String,
    /// Bytes of the text that were sent to the caller.
    sent: usize,
    rollbacks: usize,
    rolled_back: usize,
    accepted_draft_tokens: usize,
    /// Log-probabilities of the generated tokens, if the options ask for them.
    scores: Vec<f32>,
    pub finish: Option<Finish>,
}

/// The random stream of a prompt: its FNV-1a hash.
fn random_stream(prompt: &[u32]) -> u64 {
    let bytes = prompt.iter().flat_map(|id| id.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl<'m> Sequence<'m> {
    pub fn new(
        request: GenerationRequest,
        state: State,
        limits: SequenceLimits<'m>,
        stream: DecodeStream<'m>,
    ) -> Self {
        let GenerationRequest { id, prompt, options } = request;
        // From the prompt, not from its index in the call: texts must not depend on the batch.
        let sampler =
            Sampler::new(options.sampling.clone(), options.processors(), random_stream(&prompt));
        Self {
            id,
            options,
            limits,
            state,
            prompt_len: prompt.len(),
            ids: prompt,
            has_dependents: false,
            prompt_progress: 0,
            planned: Vec::new(),
            draft_len: 0,
            accepted: 0,
            draft_matches: false,
            drafts: Drafts::default(),
            sampler,
            stream,
            committed: 0,
            text: String::new(),
            sent: 0,
            rollbacks: 0,
            rolled_back: 0,
            accepted_draft_tokens: 0,
            scores: Vec::new(),
            finish: None,
        }
    }

    /// Tokens to compute before the next token can be chosen.
    pub fn pending(&self) -> PendingTokens {
        let (processed, end) = (self.state.len(), self.ids.len());
        let decodes = processed >= self.prompt_len && processed + 1 == end;
        PendingTokens {
            tokens: if decodes { 0 } else { self.phase_end() - processed },
            has_dependents: self.has_dependents,
        }
    }

    pub fn progress(&self) -> Progress {
        let read = self.prompt_progress.max(self.state.len().min(self.prompt_len));
        Progress { read, written: self.ids.len() - self.prompt_len }
    }

    /// The prompt tokens that the state holds.
    pub fn processed_prompt(&self) -> &[u32] {
        &self.ids[..self.prompt_len.min(self.state.len())]
    }

    /// The phase of the next step.
    pub fn phase(&self) -> Phase {
        if self.state.len() < self.prompt_len { Phase::Prefill } else { Phase::Decode }
    }

    /// End of the tokens that belong to the phase of the next step.
    fn phase_end(&self) -> usize {
        if self.state.len() < self.prompt_len { self.prompt_len } else { self.ids.len() }
    }

    /// Chooses the tokens of the next step: `share` pending tokens, or the last token and a draft
    /// of up to `max_draft` tokens.
    pub fn plan(&mut self, share: usize, max_draft: usize) {
        let (pending, processed) = (self.pending().tokens, self.state.len());
        let count = if pending == 0 { 1 } else { share.min(pending) };
        self.planned.clear();
        self.planned.extend(&self.ids[processed..processed + count]);
        (self.draft_len, self.accepted) = (0, 0);
        if self.options.drafts && pending == 0 {
            let max_new = self.options.max_tokens.saturating_sub(self.ids.len() - self.prompt_len);
            let room = self.limits.context - self.ids.len();
            let max_draft = max_draft
                .min(max_new.min(room).saturating_sub(1))
                .min(self.state.removable().saturating_sub(1));
            let draft = self.drafts.propose(&self.ids, max_draft);
            self.draft_len = draft.len();
            self.planned.extend(draft);
        }
    }

    /// Plans the same step again without a draft, after the state was truncated.
    pub fn plan_without_draft(&mut self) {
        let share = (self.planned.len() - self.draft_len).max(1);
        self.plan(share, 0);
    }

    pub fn has_planned(&self) -> bool {
        !self.planned.is_empty()
    }

    pub fn has_draft(&self) -> bool {
        self.draft_len > 0
    }

    /// The planned tokens as a row of a batch.
    pub fn row(&mut self) -> Row<'_> {
        let logits = match self.draft_len {
            _ if self.state.len() + self.planned.len() < self.ids.len() => LogitsFor::None,
            0 => LogitsFor::Last,
            _ => LogitsFor::All,
        };
        Row { state: &mut self.state, tokens: &self.planned, logits }
    }

    /// Chooses the next token from its logits; returns the text that became final.
    pub fn choose_token(&mut self, logits: &[f32]) -> Result<String> {
        let before = self.ids.len();
        let text = self.append_token(logits)?;
        let chosen = (self.ids.len() == before + 1).then(|| self.ids[before]);
        let draft = &self.planned[self.planned.len() - self.draft_len..];
        self.draft_matches = chosen.is_some() && chosen == draft.get(self.accepted).copied();
        self.accepted += usize::from(self.draft_matches);
        Ok(text)
    }

    /// True if the last chosen token is that of the draft, so that this step has the logits of the
    /// next one too.
    pub fn draft_goes_on(&self) -> bool {
        self.draft_matches && self.finish.is_none()
    }

    /// Ends a step: removes rejected draft tokens from the state.
    pub fn end_step(&mut self) {
        self.prompt_progress = self.prompt_progress.max(self.state.len().min(self.prompt_len));
        if self.draft_len > 0 {
            self.drafts.record(self.draft_len, self.accepted);
            self.accepted_draft_tokens += self.accepted;
            self.state.truncate(self.ids.len() - 1);
        }
    }

    fn append_token(&mut self, logits: &[f32]) -> Result<String> {
        if !has_no_nan(logits) {
            return Err(Error::Engine("the network computed a logit that is NaN".into()));
        }
        let options = &*self.options.clone();
        let next = self.sampler.next_token(logits, &self.ids, self.prompt_len);
        if options.scores {
            self.scores.push(logits[next as usize] - log_sum_exp(logits));
        }
        if self.limits.eos_tokens.contains(&next) {
            return self.end(Finish::Stop, options);
        }
        self.ids.push(next);
        let written = self.ids.len() - self.prompt_len;
        let repetition = loops::repetition(&self.ids[self.prompt_len..]);
        if let Some(kept) = repetition.cut_at {
            // Part of the second run may have been committed before the loop was detected.
            return self.roll_back(kept.max(self.committed), options);
        }
        self.commit(repetition.stable, options)?;
        let is_full = written >= options.max_tokens || self.ids.len() >= self.limits.context;
        if self.finish.is_none() && is_full {
            return self.end(Finish::Length, options);
        }
        Ok(self.take_new_text(options))
    }

    /// Removes a loop, `kept` generated tokens remain; makes another loop less likely.
    fn roll_back(&mut self, kept: usize, options: &Options) -> Result<String> {
        let length = self.prompt_len + kept;
        self.rolled_back += self.ids.len() - length;
        self.ids.truncate(length);
        self.scores.truncate(kept);
        if self.rollbacks == MAX_ROLLBACKS {
            return self.end(Finish::Looped, options);
        }
        self.rollbacks += 1;
        self.sampler.discourage_repetition(self.rollbacks);
        // The last token is computed again, because its logits are needed.
        self.state.truncate(length - 1);
        Ok(String::new())
    }

    /// Decodes the first `count` generated tokens and looks for stop strings in the new text.
    fn commit(&mut self, count: usize, options: &Options) -> Result<()> {
        for at in self.committed..count {
            let from = self.text.len();
            self.text.push_str(&self.stream.push(self.ids[self.prompt_len + at])?);
            self.committed = at + 1;
            if self.cut_at_stop(from, options) {
                break;
            }
        }
        Ok(())
    }

    /// Ends the text before the first stop string that ends after byte `from`.
    fn cut_at_stop(&mut self, from: usize, options: &Options) -> bool {
        let starts = options.stop.iter().filter(|stop| !stop.is_empty()).filter_map(|stop| {
            let mut start = from.saturating_sub(stop.len());
            while !self.text.is_char_boundary(start) {
                start -= 1;
            }
            Some(start + self.text[start..].find(stop.as_str())?)
        });
        let Some(start) = starts.min() else { return false };
        self.text.truncate(start);
        self.finish = Some(Finish::Stop);
        true
    }

    fn end(&mut self, finish: Finish, options: &Options) -> Result<String> {
        self.commit(self.ids.len() - self.prompt_len, options)?;
        if self.finish.is_none() {
            let from = self.text.len();
            self.text.push_str(&self.stream.finish()?);
            if !self.cut_at_stop(from, options) {
                self.finish = Some(finish);
            }
        }
        Ok(self.take_new_text(options))
    }

    /// The final text that was not sent yet. A suffix that may be the beginning of a stop string
    /// is held back.
    fn take_new_text(&mut self, options: &Options) -> String {
        let mut end = self.text.len();
        if self.finish.is_none() {
            for stop in &options.stop {
                let held_back = (1..stop.len())
                    .rev()
                    .filter(|n| stop.is_char_boundary(*n))
                    .find(|n| self.text.ends_with(&stop[..*n]));
                end = end.min(self.text.len() - held_back.unwrap_or(0));
            }
        }
        let new_text = self.text.get(self.sent..end).unwrap_or_default().to_string();
        self.sent = self.sent.max(end);
        new_text
    }

    pub fn into_generated(self) -> Generated {
        Generated {
            text: self.text,
            finish: self.finish.unwrap_or(Finish::Length),
            tokens: self.ids.len() - self.prompt_len,
            rolled_back: self.rolled_back,
            accepted_draft_tokens: self.accepted_draft_tokens,
            ids: Vec::new(),
            scores: self.scores,
        }
    }
}
