//! The generation loop for encoder–decoder networks, with continuous batching: encoder inputs in,
//! the best hypotheses of their beam searches out.
//!
//! Searches join and leave between steps. Knows no document, no language and no wording.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::beam::{BeamBatch, BeamSearchConfig, Hypothesis};
use super::loops;
use super::options::Generated;
use super::pace::Pace;
use super::queue::{GenerationRequest, Progress, RequestId, RequestQueue};
use crate::architectures::Network;
use crate::checkpoint::Tokenizer;
use crate::error::{Error, Result};
use crate::event::Finish;

/// Searches for each sequence of a batch: encoder inputs are sentences, not articles.
const SEARCHES_PER_SEQUENCE: usize = 4;

/// An encoder–decoder network with its tokenizer, limits and settings.
pub(crate) struct Seq2SeqEngine<'m> {
    pub network: &'m dyn Network,
    pub tokenizer: &'m Tokenizer,
    /// Maximum number of tokens of an encoder input, and of a text.
    pub context: usize,
    /// The checkpoint's search settings.
    pub config: &'m BeamSearchConfig,
    /// See [`Engine::fixed_chunks`](super::Engine::fixed_chunks).
    pub fixed_chunks: bool,
}

/// The tag of a search: its request, and the length of its encoder input.
struct SearchTag {
    id: RequestId,
    input_len: usize,
}

impl SearchTag {
    fn of(request: &GenerationRequest) -> Self {
        Self { id: request.id, input_len: request.prompt.len() }
    }
}

impl Seq2SeqEngine<'_> {
    /// Maximum number of searches in flight for a batch of `batch` sequences.
    pub fn max_searches(batch: usize) -> usize {
        batch.max(1) * SEARCHES_PER_SEQUENCE
    }

    /// The loop: admits requests while there is room, steps all searches at once and returns
    /// finished texts, until the queue ends.
    pub fn serve(&self, queue: &mut dyn RequestQueue, batch: usize) {
        let mut searches: BeamBatch<'_, SearchTag> = BeamBatch::new(self.network);
        let mut waiting: VecDeque<GenerationRequest> = VecDeque::new();
        let mut pace = Pace::new(self.fixed_chunks);
        loop {
            let idle = searches.len() == 0 && waiting.is_empty();
            let in_flight = searches.len() + waiting.len();
            let room = Self::max_searches(batch).saturating_sub(in_flight);
            let requests = queue.next_requests(room, idle);
            if idle && requests.is_empty() {
                return;
            }
            waiting.extend(requests);
            waiting.retain(|request| queue.is_wanted(request.id));
            self.begin(&mut waiting, &mut searches, queue, &mut pace);
            if searches.len() > 0
                && let Err(error) = searches.step()
            {
                let reason = error.to_string();
                for tag in searches.drain() {
                    queue.finish(tag.id, Err(Error::Engine(reason.clone().into())));
                }
            }
            for (tag, written) in searches.progress() {
                queue.send_progress(tag.id, Progress { read: tag.input_len, written });
            }
            for (SearchTag { id, .. }, hypotheses) in searches.take_finished() {
                let generated = hypotheses.and_then(|hypotheses| self.generated(hypotheses));
                if let Ok(generated) = &generated {
                    // The answer changes nothing: the text is complete.
                    queue.send_text(&[(id, generated.text.clone())]);
                }
                queue.finish(id, generated);
            }
            searches.retain(|tag| queue.is_wanted(tag.id));
        }
    }

    /// Encodes as many waiting inputs as the token budget holds, in one batch. If that fails they
    /// are encoded one by one, so that an error reaches only the request that causes it. A single
    /// input cannot be encoded in chunks.
    fn begin(
        &self,
        waiting: &mut VecDeque<GenerationRequest>,
        searches: &mut BeamBatch<'_, SearchTag>,
        queue: &mut dyn RequestQueue,
        pace: &mut Pace,
    ) {
        let mut requests: Vec<GenerationRequest> = Vec::new();
        let (mut tokens, budget) = (0, pace.budget(0));
        while let Some(request) = waiting.pop_front() {
            let needed = request.prompt.len();
            if needed == 0 || needed > self.context {
                let what = "a source".to_string();
                let error = Error::TooLong { what, needed, window: self.context };
                queue.finish(request.id, Err(error));
            } else if !requests.is_empty() && tokens + needed > budget {
                waiting.push_front(request);
                break;
            } else {
                tokens += needed;
                requests.push(request);
            }
        }
        if requests.is_empty() {
            return;
        }
        let configs: Vec<Arc<BeamSearchConfig>> =
            requests.iter().map(|request| self.config_for(request)).collect();
        let inputs: Vec<_> = requests
            .iter()
            .zip(&configs)
            .map(|(request, config)| (SearchTag::of(request), &request.prompt[..], config.clone()))
            .collect();
        let began = Instant::now();
        if searches.begin(inputs).is_ok() {
            pace.record(tokens, began.elapsed());
            return;
        }
        for (request, config) in requests.iter().zip(configs) {
            let input = (SearchTag::of(request), &request.prompt[..], config);
            if let Err(error) = searches.begin(vec![input]) {
                queue.finish(request.id, Err(error));
            }
        }
    }

    /// The search settings of a request.
    fn config_for(&self, request: &GenerationRequest) -> Arc<BeamSearchConfig> {
        let options = &request.options;
        let mut config = options.beam_search.as_ref().unwrap_or(self.config).clone();
        let processors = &mut config.logits_processors;
        // The start token is not a new one.
        processors.max_length =
            (options.max_tokens + 1).min(processors.max_length).min(self.context);
        processors.lexical_constraint = options.lexical_constraint.clone();
        if options.repetition_penalty != 1.0 {
            processors.repetition_penalty = options.repetition_penalty;
        }
        if options.no_repeat_ngram > 0 {
            processors.no_repeat_ngram_size = options.no_repeat_ngram;
        }
        Arc::new(config)
    }

    /// The text of the best hypothesis. A loop at its end is cut off.
    fn generated(&self, hypotheses: Vec<Hypothesis>) -> Result<Generated> {
        let Some(best) = hypotheses.into_iter().next() else {
            return Err(Error::Engine("the beam search found no hypothesis".into()));
        };
        let Hypothesis { mut ids, scores, is_finished, .. } = best;
        ids.retain(|id| !self.config.logits_processors.eos_token_ids.contains(id));
        let mut finish = if is_finished { Finish::Stop } else { Finish::Length };
        let mut rolled_back = 0;
        if let Some(kept) = loops::repetition(&ids).cut_at {
            rolled_back = ids.len() - kept;
            ids.truncate(kept);
            finish = Finish::Looped;
        }
        Ok(Generated {
            text: self.tokenizer.decode(&ids)?,
            finish,
            tokens: ids.len(),
            rolled_back,
            accepted_draft_tokens: 0,
            ids,
            scores,
        })
    }
}
