//! THE loop: token ids in, texts out, for any network, any number of sequences at once.
//!
//! Every step gives the network one ragged batch: sequences that still read their prompt bring a chunk of it, the others their last
//! token. A sequence that ends makes room for the next prompt. Knows no document, no language and no prompt wording.

mod loops;
mod sampling;

use sampling::Sampler;
pub use sampling::Sampling;

use crate::architectures::{Network, Row, State, Want};
use crate::checkpoint::{TextStream, Tokenizer};
use crate::error::{Error, Result};
use crate::event::Finish;

/// Prompt tokens a sequence reads in one step: enough that weights are used well, few enough that others need not wait long.
const CHUNK: usize = 512;
/// Times a sequence may be rolled back out of a loop before it is given up.
const RESCUES: usize = 2;

/// How to generate.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The most tokens of a text.
    pub max_tokens: usize,
    /// How the next token is chosen.
    pub sampling: Sampling,
    /// What logits of tokens already in prompt or text are divided by (multiplied, where negative); 1 leaves them
    /// (Keskar et al. 2019, <https://arxiv.org/abs/1909.05858>).
    pub repetition_penalty: f32,
    /// No run of this many tokens comes twice in a text; 0 allows all.
    pub no_repeat_ngram: usize,
    /// Texts that end the output; they are not part of it.
    pub stop: Vec<String>,
    /// How many sequences are in flight at once.
    pub batch: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_tokens: 512,
            sampling: Sampling::Greedy,
            repetition_penalty: 1.0,
            no_repeat_ngram: 0,
            stop: Vec::new(),
            batch: 8,
        }
    }
}

/// A finished text.
#[derive(Debug, Clone, PartialEq)]
pub struct Generated {
    /// What was written, stop strings and special tokens left out.
    pub text: String,
    /// Why it ended.
    pub finish: Finish,
    /// How many tokens were written.
    pub tokens: usize,
    /// How many tokens of loops were taken back.
    pub rolled_back: usize,
}

/// What the loop works with.
pub struct Engine<'m> {
    /// The network.
    pub network: &'m dyn Network,
    /// Its vocabulary.
    pub tokenizer: &'m Tokenizer,
    /// Tokens that end a text.
    pub end_tokens: &'m [u32],
    /// The most tokens of prompt and text together.
    pub context: usize,
}

/// What whoever listens wants next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// More.
    More,
    /// Nothing more of this text: it ends here, as if the model had ended it.
    Enough,
    /// Nothing at all: everything ends with [`Error::Cancelled`].
    Cancel,
}

/// What the loop tells while it runs: text of a sequence that is certain.
pub type Sink<'s> = dyn FnMut(usize, &str) -> Next + 's;

impl<'m> Engine<'m> {
    /// Continues every prompt. Results stand in the order of the prompts, and do not depend on how many run at once.
    pub fn generate(
        &self,
        prompts: &[Vec<u32>],
        options: &Options,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<Generated>> {
        for prompt in prompts {
            if prompt.is_empty() || prompt.len() >= self.context {
                return Err(Error::TooLong {
                    what: "the prompt".into(),
                    needed: prompt.len() + 1,
                    window: self.context,
                });
            }
        }
        let shared = self.shared_prefix(prompts)?;
        let mut waiting = prompts.iter().enumerate();
        let mut active: Vec<Sequence<'m>> = Vec::new();
        let mut done: Vec<Option<Generated>> = prompts.iter().map(|_| None).collect();
        loop {
            while active.len() < options.batch.max(1) {
                let Some((index, prompt)) = waiting.next() else { break };
                let state = match &shared {
                    Some(state) => state.fork(),
                    None => self.begin()?,
                };
                active.push(Sequence::new(index, prompt, state, self, options));
            }
            if active.is_empty() {
                break;
            }
            self.step(&mut active, options, sink)?;
            for finished in active.extract_if(.., |sequence| sequence.finish.is_some()) {
                let index = finished.index;
                done[index] = Some(finished.result());
            }
        }
        Ok(done.into_iter().flatten().collect())
    }

    fn begin(&self) -> Result<State> {
        self.network
            .begin(&[&[]])?
            .pop()
            .ok_or_else(|| Error::Engine("a network that begins no sequence".into()))
    }

    /// What all prompts begin with, read once; `None` where it is not worth a step of its own.
    fn shared_prefix(&self, prompts: &[Vec<u32>]) -> Result<Option<State>> {
        const WORTHWHILE: usize = 16;
        let [first, rest @ ..] = prompts else { return Ok(None) };
        if rest.is_empty() {
            return Ok(None);
        }
        let common = |other: &Vec<u32>| first.iter().zip(other).take_while(|(a, b)| a == b).count();
        // Each prompt keeps a token of its own, whose logits it needs.
        let length = rest
            .iter()
            .map(|other| common(other).min(other.len() - 1))
            .min()
            .unwrap_or(0)
            .min(first.len() - 1);
        if length < WORTHWHILE {
            return Ok(None);
        }
        let mut state = self.begin()?;
        for tokens in first[..length].chunks(CHUNK) {
            self.network.forward(&mut [Row { state: &mut state, tokens, want: Want::Nothing }])?;
        }
        Ok(Some(state))
    }

    /// One batch through the network, one token for each sequence that has read its prompt.
    fn step(&self, active: &mut [Sequence<'m>], options: &Options, sink: &mut Sink<'_>) -> Result<()> {
        let mut rows: Vec<Row<'_>> = active.iter_mut().map(Sequence::row).collect();
        let logits = self.network.forward(&mut rows)?;
        for (row, sequence) in active.iter_mut().enumerate() {
            let scores = logits.last(row);
            if scores.is_empty() {
                continue;
            }
            if scores.iter().any(|score| score.is_nan()) {
                return Err(Error::Engine("the network computed a score that is not a number".into()));
            }
            let fresh = sequence.take(scores, self, options)?;
            match if fresh.is_empty() { Next::More } else { sink(sequence.index, &fresh) } {
                Next::More => {}
                Next::Enough => sequence.finish = Some(Finish::Stop),
                Next::Cancel => return Err(Error::Cancelled),
            }
        }
        Ok(())
    }
}

/// A text in the making.
struct Sequence<'m> {
    index: usize,
    state: State,
    /// Prompt and text.
    ids: Vec<u32>,
    /// Where the text begins.
    prompt: usize,
    sampler: Sampler,
    stream: TextStream<'m>,
    /// Ids of the text that no rescue will take back; the stream has seen them.
    committed: usize,
    /// Their text, and how much of it was given out.
    text: String,
    shown: usize,
    rescues: usize,
    rolled_back: usize,
    finish: Option<Finish>,
}

impl<'m> Sequence<'m> {
    fn new(index: usize, prompt: &[u32], state: State, engine: &Engine<'m>, options: &Options) -> Self {
        Self {
            index,
            state,
            ids: prompt.to_vec(),
            prompt: prompt.len(),
            sampler: Sampler::new(options, index as u64),
            stream: engine.tokenizer.stream(),
            committed: 0,
            text: String::new(),
            shown: 0,
            rescues: 0,
            rolled_back: 0,
            finish: None,
        }
    }

    /// What the network has not seen yet, or as much of it as goes into one step.
    fn row(&mut self) -> Row<'_> {
        let unread = &self.ids[self.state.len()..];
        let last = unread.len() <= CHUNK;
        let tokens = if last { unread } else { &unread[..CHUNK] };
        Row { state: &mut self.state, tokens, want: if last { Want::Last } else { Want::Nothing } }
    }

    /// Chooses the next token; gives the text that became certain.
    fn take(&mut self, scores: &[f32], engine: &Engine<'m>, options: &Options) -> Result<String> {
        let next = self.sampler.pick(scores, &self.ids, self.prompt);
        if engine.end_tokens.contains(&next) {
            return self.end(Finish::Stop, options);
        }
        self.ids.push(next);
        let written = self.ids.len() - self.prompt;
        let repetition = loops::repetition(&self.ids[self.prompt..]);
        if let Some(kept) = repetition.looping {
            // Part of the second run may have been given out before it was known to be one.
            return self.rescue(kept.max(self.committed), options);
        }
        // What is repeating may have to be taken back; the rest is certain.
        self.commit(repetition.certain, options)?;
        if self.finish.is_none() && (written >= options.max_tokens || self.ids.len() >= engine.context) {
            return self.end(Finish::Length, options);
        }
        Ok(self.fresh(options))
    }

    /// Takes a loop back and makes another one unlikely.
    fn rescue(&mut self, kept: usize, options: &Options) -> Result<String> {
        let length = self.prompt + kept;
        self.rolled_back += self.ids.len() - length;
        self.ids.truncate(length);
        if self.rescues == RESCUES {
            return self.end(Finish::Looped, options);
        }
        self.rescues += 1;
        self.sampler.discourage_repetition(self.rescues);
        // The last kept token is read again: its logits are needed.
        self.state.truncate(length - 1);
        Ok(String::new())
    }

    /// Hands ids up to `count` to the stream, and looks for stop strings in what comes out.
    fn commit(&mut self, count: usize, options: &Options) -> Result<()> {
        for at in self.committed..count {
            let from = self.text.len();
            self.text.push_str(&self.stream.push(self.ids[self.prompt + at])?);
            self.committed = at + 1;
            if self.cut_at_stop(from, options) {
                break;
            }
        }
        Ok(())
    }

    /// Ends the text before the first stop string that ends after byte `from`.
    fn cut_at_stop(&mut self, from: usize, options: &Options) -> bool {
        let found = options.stop.iter().filter(|stop| !stop.is_empty()).filter_map(|stop| {
            let mut start = from.saturating_sub(stop.len());
            while !self.text.is_char_boundary(start) {
                start -= 1;
            }
            Some(start + self.text[start..].find(stop.as_str())?)
        });
        let Some(at) = found.min() else { return false };
        self.text.truncate(at);
        self.finish = Some(Finish::Stop);
        true
    }

    fn end(&mut self, finish: Finish, options: &Options) -> Result<String> {
        self.commit(self.ids.len() - self.prompt, options)?;
        if self.finish.is_none() {
            let from = self.text.len();
            self.text.push_str(&self.stream.finish()?);
            if !self.cut_at_stop(from, options) {
                self.finish = Some(finish);
            }
        }
        Ok(self.fresh(options))
    }

    /// Text that was not given out yet. The beginning of a stop string waits until it is known not to be one.
    fn fresh(&mut self, options: &Options) -> String {
        let mut certain = self.text.len();
        if self.finish.is_none() {
            for stop in &options.stop {
                let held = (1..stop.len())
                    .rev()
                    .filter(|n| stop.is_char_boundary(*n))
                    .find(|n| self.text.ends_with(&stop[..*n]));
                certain = certain.min(self.text.len() - held.unwrap_or(0));
            }
        }
        let fresh = self.text.get(self.shown..certain).unwrap_or_default().to_string();
        self.shown = self.shown.max(certain);
        fresh
    }

    fn result(self) -> Generated {
        Generated {
            text: self.text,
            finish: self.finish.unwrap_or(Finish::Length),
            tokens: self.ids.len() - self.prompt,
            rolled_back: self.rolled_back,
        }
    }
}
