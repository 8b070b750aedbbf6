//! THE loop: token ids in, texts out, for any network, any number of sequences at once.
//!
//! Every step gives the network one ragged batch: each sequence that writes brings its last token
//! and perhaps a draft of those after it, and those that read their prompts share a budget of
//! tokens (see `pace.rs`). There are two batches where prompts and texts are not computed alike
//! (see [`Phase`]). A sequence that ends makes room for the next prompt, and after each step callers
//! are told how far it is and may cancel. Knows no document, no language and no prompt wording.

mod batcher;
pub mod beam;
mod drafts;
mod loops;
mod pace;
mod rules;
mod sampling;
mod sequence;
pub(crate) mod settings;
mod sources;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

pub(crate) use batcher::Batcher;
pub use beam::Beams;
use pace::{Pace, shares};
pub use rules::Rules;
pub use sampling::Sampling;
use sequence::Sequence;
pub(crate) use sources::Searcher;

use crate::architectures::{Logits, Network, Row, State};
use crate::checkpoint::Tokenizer;
use crate::error::{Error, Result};
use crate::event::Finish;
use crate::kernels::Phase;

/// How to generate.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The most tokens of a text.
    pub max_tokens: usize,
    /// How the next token is chosen.
    pub sampling: Sampling,
    /// What logits of tokens already in prompt or text are divided by (multiplied, where
    /// negative); 1 leaves them (Keskar et al. 2019, <https://arxiv.org/abs/1909.05858>).
    pub repetition_penalty: f32,
    /// No run of this many tokens comes twice in a text; 0 allows all.
    pub no_repeat_ngram: usize,
    /// What the checkpoint forbids of a text that is continued: bad words, tokens that are
    /// suppressed, an early end.
    pub rules: Arc<Rules>,
    /// Texts that end the output; they are not part of it.
    pub stop: Vec<String>,
    /// How many sequences are in flight at once.
    pub batch: usize,
    /// Whether what may come next is looked up in what was read, and verified by the network
    /// several tokens at a time. The texts are the same where the network computes the same
    /// for a token whatever it is computed beside, which the CPU's kernels do.
    pub drafts: bool,
    /// For models that read a source: how it is searched, where not as the checkpoint says.
    /// Sampling is not for them.
    pub search: Option<Beams>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_tokens: 512,
            sampling: Sampling::Greedy,
            repetition_penalty: 1.0,
            no_repeat_ngram: 0,
            rules: Arc::default(),
            stop: Vec::new(),
            batch: 8,
            drafts: true,
            search: None,
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
    /// How many tokens came as they were looked up.
    pub looked_up: usize,
    /// Logarithms of the probabilities of tokens, the end's among them. Only of models that read a
    /// source.
    pub scores: Vec<f32>,
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
    /// Prompts are computed as texts are, so that one step may have both.
    pub phases_share_kernels: bool,
    /// Prompts are read in chunks that do not depend on the machine's speed. Needed where results
    /// depend on how many tokens are computed together, which those of the CPU's kernels do not.
    pub fixed_chunks: bool,
}

/// What a caller wants next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// More.
    More,
    /// Nothing more of this text: it ends here, as if the model had ended it.
    Enough,
    /// Nothing at all: everything ends with [`Error::Cancelled`].
    Cancel,
}

/// What the loop tells of a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News<'t> {
    /// How far it is. Told after every step, and again while nothing changes: a cancellation is
    /// heard in between. [`Next::Enough`] counts as [`Next::More`] here.
    At(Reached),
    /// Text that has become certain.
    Text(&'t str),
    /// It is finished.
    Done,
}

/// How far a sequence is, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reached {
    /// Tokens of its prompt, or source, that were read.
    pub read: usize,
    /// Tokens that were written.
    pub written: usize,
}

/// Takes news of the sequence with an index.
pub type Sink<'s> = dyn FnMut(usize, News<'_>) -> Next + 's;

/// Where prompts come from and where texts go.
pub(crate) trait Desk {
    /// Up to `room` more prompts, and a few beyond that for callers that have none under way. Where
    /// nothing else is under way (`idle`) it may wait for one; to bring none then ends the loop.
    fn next(&mut self, room: usize, idle: bool) -> Vec<Ask>;

    /// Takes the text that became certain with one token of each; says for each what is wanted
    /// next.
    fn text(&mut self, fresh: &[(Tag, String)]) -> Vec<Next>;

    /// Takes how far a sequence is, after each step. Does not wait for an answer.
    fn reached(&mut self, tag: Tag, reached: Reached);

    /// Takes a finished text, or the reason why there is none.
    fn done(&mut self, tag: Tag, result: Result<Generated>);

    /// Whether a caller still waits for this text. Asked after each step.
    fn is_wanted(&self, tag: Tag) -> bool;
}

/// Which text: of which call, and its place there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tag {
    pub call: usize,
    pub index: usize,
}

/// A prompt to continue.
pub(crate) struct Ask {
    pub tag: Tag,
    pub prompt: Vec<u32>,
    pub options: Arc<Options>,
}

/// The desk of one call: prompts in a list, texts into another.
struct Call<'c, 's> {
    asks: std::vec::IntoIter<Ask>,
    sink: &'c mut Sink<'s>,
    done: Vec<Option<Generated>>,
    failed: Option<Error>,
}

impl Call<'_, '_> {
    fn tell(&mut self, index: usize, news: News<'_>) -> Next {
        let next = if self.failed.is_some() { Next::Cancel } else { (self.sink)(index, news) };
        if next == Next::Cancel {
            self.failed.get_or_insert(Error::Cancelled);
        }
        next
    }
}

impl Desk for Call<'_, '_> {
    fn next(&mut self, room: usize, _: bool) -> Vec<Ask> {
        if self.failed.is_some() { Vec::new() } else { self.asks.by_ref().take(room).collect() }
    }

    fn text(&mut self, fresh: &[(Tag, String)]) -> Vec<Next> {
        fresh.iter().map(|(tag, text)| self.tell(tag.index, News::Text(text))).collect()
    }

    fn reached(&mut self, tag: Tag, reached: Reached) {
        self.tell(tag.index, News::At(reached));
    }

    fn done(&mut self, tag: Tag, result: Result<Generated>) {
        match result {
            Ok(generated) => {
                self.done[tag.index] = Some(generated);
                self.tell(tag.index, News::Done);
            }
            Err(error) => drop(self.failed.get_or_insert(error)),
        }
    }

    fn is_wanted(&self, _: Tag) -> bool {
        self.failed.is_none()
    }
}

/// Gives prompts to a loop and waits for all their texts. Results stand in the order of the
/// prompts, and do not depend on how many run at once.
pub(crate) fn answer(
    prompts: &[Vec<u32>],
    options: &Options,
    sink: &mut Sink<'_>,
    serve: impl FnOnce(&mut dyn Desk, usize),
) -> Result<Vec<Generated>> {
    let shared = Arc::new(options.clone());
    let ask = |(index, prompt): (usize, &Vec<u32>)| Ask {
        tag: Tag { call: 0, index },
        prompt: prompt.clone(),
        options: shared.clone(),
    };
    let asks: Vec<Ask> = prompts.iter().enumerate().map(ask).collect();
    let mut call = Call {
        asks: asks.into_iter(),
        sink,
        done: prompts.iter().map(|_| None).collect(),
        failed: None,
    };
    serve(&mut call, options.batch);
    match call.failed {
        Some(error) => Err(error),
        None => Ok(call.done.into_iter().flatten().collect()),
    }
}

impl<'m> Engine<'m> {
    /// Continues every prompt.
    pub fn generate(
        &self,
        prompts: &[Vec<u32>],
        options: &Options,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<Generated>> {
        answer(prompts, options, sink, |desk, batch| self.serve(desk, batch))
    }

    /// The loop: takes prompts while there is room, steps all sequences at once, gives texts back,
    /// until the desk has no more.
    pub(crate) fn serve(&self, desk: &mut dyn Desk, batch: usize) {
        let mut active: Vec<Sequence<'m>> = Vec::new();
        let mut waiting: VecDeque<Ask> = VecDeque::new();
        let mut recent = Recent::default();
        let mut pace = Pace::new(self.fixed_chunks);
        loop {
            let idle = active.is_empty() && waiting.is_empty();
            let room = batch.max(1).saturating_sub(active.len() + waiting.len());
            let asks = desk.next(room, idle);
            if idle && asks.is_empty() {
                return;
            }
            waiting.extend(asks);
            active.iter_mut().for_each(|one| one.awaited = false);
            for ask in std::mem::take(&mut waiting) {
                if !desk.is_wanted(ask.tag) {
                    continue;
                }
                match self.start(ask, &mut active, &recent) {
                    Start::Now(sequence) => active.push(*sequence),
                    // Its beginning is being read for another.
                    Start::Later(ask) => waiting.push_back(ask),
                    Start::Never(tag, error) => desk.done(tag, Err(error)),
                }
            }
            if !active.is_empty() {
                self.step(&mut active, desk, &mut pace);
                active.iter().for_each(|one| desk.reached(one.tag, one.reached()));
            }
            let over = |one: &mut Sequence<'m>| one.finish.is_some() || !desk.is_wanted(one.tag);
            let over: Vec<Sequence<'m>> = active.extract_if(.., over).collect();
            for sequence in over {
                recent.keep(&sequence);
                if sequence.finish.is_some() {
                    desk.done(sequence.tag, Ok(sequence.result()));
                }
            }
        }
    }

    /// Begins a sequence with what is known of its beginning from others.
    fn start(&self, ask: Ask, active: &mut [Sequence<'m>], recent: &Recent) -> Start<'m> {
        let Ask { tag, ref prompt, .. } = ask;
        if prompt.is_empty() || prompt.len() >= self.context {
            let (what, needed) = ("the prompt".to_string(), prompt.len() + 1);
            return Start::Never(tag, Error::TooLong { what, needed, window: self.context });
        }
        // Of its prompt only: what was written was not read as a prompt is.
        let others = active.iter().map(|one| (&one.ids[..one.prompt], &one.state));
        let others =
            others.chain(recent.0.iter().map(|(ids, state)| (&ids[..], state))).enumerate();
        // Each prompt keeps a token of its own, whose logits it needs.
        let known =
            others.map(|(at, (ids, state))| (common(prompt, ids).min(prompt.len() - 1), state, at));
        let best = known.max_by_key(|(length, state, _)| (*length, state.len() >= *length));
        let state = match best.filter(|(length, ..)| *length >= WORTHWHILE) {
            Some((length, state, at)) if state.len() < length => {
                if let Some(other) = active.get_mut(at) {
                    other.awaited = true;
                }
                return Start::Later(ask);
            }
            Some((length, state, _)) => {
                let mut state = state.fork();
                state.truncate(length);
                Ok(state)
            }
            None => self.begin(),
        };
        match state {
            Ok(state) => Start::Now(Box::new(Sequence::new(ask, state, self))),
            Err(error) => Start::Never(tag, error),
        }
    }

    fn begin(&self) -> Result<State> {
        self.network
            .begin(&[&[]], Phase::Prefill)?
            .pop()
            .ok_or_else(|| Error::Engine("a network that begins no sequence".into()))
    }

    /// One batch through the network, or one for each phase: a token, or those of a draft that come,
    /// for each sequence that writes, and a share of the budget for those that read.
    fn step(&self, active: &mut Vec<Sequence<'m>>, desk: &mut dyn Desk, pace: &mut Pace) {
        let unread: Vec<pace::Unread> = active.iter().map(Sequence::to_read).collect();
        let writing = unread.iter().filter(|unread| unread.tokens == 0).count();
        let (drafts, shares) = (drafts::most(writing), shares(pace.budget(writing), &unread));
        for (one, share) in active.iter_mut().zip(&shares) {
            one.plan(*share, drafts, self);
        }
        let began = Instant::now();
        let computed = self.compute(active);
        pace.learn(shares.iter().sum(), began.elapsed());
        let mut scores: Vec<_> = computed
            .iter()
            .map(|computed| match computed {
                Some(Ok((logits, row))) => Some(logits.row(*row)),
                _ => None,
            })
            .collect();
        let mut failed: Vec<Option<Error>> = active.iter().map(|_| None).collect();
        // Token by token, so that whoever listens need not know of drafts.
        let mut going: Vec<usize> = (0..active.len()).collect();
        while !going.is_empty() {
            let mut fresh = Vec::new();
            going.retain(|row| {
                let Some(scores) = scores[*row].as_mut().and_then(Iterator::next) else {
                    return false;
                };
                match active[*row].take(scores, self) {
                    Ok(text) if text.is_empty() => {}
                    Ok(text) => fresh.push((*row, text)),
                    Err(error) => failed[*row] = Some(error),
                }
                failed[*row].is_none()
            });
            let (rows, texts): (Vec<usize>, Vec<(Tag, String)>) =
                fresh.into_iter().map(|(row, text)| (row, (active[row].tag, text))).unzip();
            for (row, next) in rows.into_iter().zip(desk.text(&texts)) {
                match next {
                    Next::More | Next::Cancel => {}
                    Next::Enough => active[row].finish = Some(Finish::Stop),
                }
            }
            going.retain(|row| active[*row].goes_on());
        }
        drop(scores);
        active.iter_mut().for_each(Sequence::settle);
        let computed = computed.into_iter().map(|computed| computed.and_then(Result::err));
        let mut failures = computed.zip(failed).map(|(computed, failed)| failed.or(computed));
        active.retain(|sequence| match failures.next().flatten() {
            Some(error) => {
                desk.done(sequence.tag, Err(error));
                false
            }
            None => true,
        });
    }

    /// For each sequence that reads something in this step the scores of it, and which row of them
    /// they are.
    fn compute(&self, active: &mut [Sequence<'m>]) -> Vec<Option<Computed>> {
        let mut computed: Vec<Option<Computed>> = active.iter().map(|_| None).collect();
        // Decided before any of them is computed: a prompt that has been read is in another phase.
        let phases: Vec<Option<Phase>> =
            active.iter().map(|one| one.reads().then(|| one.phase())).collect();
        let mut compute = |phase: Phase, in_it: &dyn Fn(Phase) -> bool| {
            let some =
                active.iter_mut().enumerate().filter(|(at, _)| phases[*at].is_some_and(in_it));
            let (places, some): (Vec<usize>, Vec<&mut Sequence<'m>>) = some.unzip();
            for (place, one) in places.into_iter().zip(self.compute_some(some, phase)) {
                computed[place] = Some(one);
            }
        };
        if self.phases_share_kernels {
            compute(Phase::Decode, &|_| true);
        } else {
            for phase in Phase::ALL {
                compute(phase, &|other| other == phase);
            }
        }
        computed
    }

    /// The same of sequences that are in one phase.
    fn compute_some(&self, mut some: Vec<&mut Sequence<'m>>, phase: Phase) -> Vec<Computed> {
        if some.is_empty() {
            return Vec::new();
        }
        let before: Vec<usize> = some.iter().map(|one| one.state.len()).collect();
        let mut rows: Vec<Row<'_>> = some.iter_mut().map(|one| one.row()).collect();
        match self.network.forward(&mut rows, phase) {
            Ok(logits) => {
                let logits = Arc::new(logits);
                (0..some.len()).map(|row| Ok((logits.clone(), row))).collect()
            }
            Err(error) if some.len() == 1 && !some[0].has_draft() => vec![Err(error)],
            // One of them is to blame, or a draft that need not come; the others must not suffer
            // for it.
            Err(_) => {
                let alone = |(sequence, before): (&mut Sequence<'m>, usize)| {
                    // Less may be left than was read before the step.
                    sequence.state.truncate(before);
                    sequence.plan_again(self);
                    let phase = sequence.phase();
                    let logits = self.network.forward(&mut [sequence.row()], phase)?;
                    Ok((Arc::new(logits), 0))
                };
                some.into_iter().zip(before).map(alone).collect()
            }
        }
    }
}

/// Scores of what a sequence read, and which row of them they are.
type Computed = Result<(Arc<Logits>, usize)>;

enum Start<'m> {
    Now(Box<Sequence<'m>>),
    Later(Ask),
    Never(Tag, Error),
}

/// A shared beginning shorter than this (tokens) is read again: it costs less than looking after
/// it.
const WORTHWHILE: usize = 16;

/// Sequences that ended not long ago, one for each way to begin: the next prompt of a feed begins
/// like one of them.
#[derive(Default)]
struct Recent(Vec<(Vec<u32>, State)>);

impl Recent {
    const MOST: usize = 4;

    fn keep(&mut self, sequence: &Sequence<'_>) {
        let read = sequence.state.len();
        let mut ids = sequence.ids[..sequence.prompt.min(read)].to_vec();
        let mut state = sequence.state.fork();
        if let Some(at) = self.0.iter().position(|(other, _)| common(other, &ids) >= WORTHWHILE) {
            // What two of them share is the wording; the rest was an article.
            let (other, _) = self.0.remove(at);
            ids.truncate(common(&other, &ids));
        }
        // Recurrent layers may remember less.
        ids.truncate(state.truncate(ids.len()));
        if ids.len() >= WORTHWHILE {
            self.0.push((ids, state));
        }
        if self.0.len() > Self::MOST {
            self.0.remove(0);
        }
    }
}

fn common(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
