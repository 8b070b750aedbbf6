//! One text in the making: what the network is to read next, what follows from its scores, and
//! which of it is certain.
//!
//! Knows ids and text; knows neither the network nor other sequences.

use std::sync::Arc;

use super::drafts::Drafts;
use super::pace::Unread;
use super::sampling::Sampler;
use super::{Ask, Engine, Generated, Options, Reached, Tag, loops};
use crate::architectures::{Row, State, Want};
use crate::checkpoint::TextStream;
use crate::error::{Error, Result};
use crate::event::Finish;
use crate::kernels::{Phase, are_numbers};

/// Times a sequence may be rolled back out of a loop before it is given up.
const RESCUES: usize = 2;

/// A text in the making.
pub(super) struct Sequence<'m> {
    pub tag: Tag,
    options: Arc<Options>,
    pub state: State,
    /// Prompt and text.
    pub ids: Vec<u32>,
    /// Where the text begins.
    pub prompt: usize,
    /// Another prompt begins as this one does, and waits until that is read.
    pub awaited: bool,
    /// Prompt tokens that were read, also where a part of them is read again.
    read: usize,
    /// What the network reads in this step: what it has not seen yet, or as much of it as goes
    /// into one, and a draft of what comes then.
    reading: Vec<u32>,
    /// How many of those are a draft …
    drafted: usize,
    /// … how many of the draft came, and whether the last one did.
    came: usize,
    on_course: bool,
    drafts: Drafts,
    sampler: Sampler,
    stream: TextStream<'m>,
    /// Ids of the text that no rescue will take back; the stream has seen them.
    committed: usize,
    /// Their text, and how much of it was given out.
    text: String,
    shown: usize,
    rescues: usize,
    rolled_back: usize,
    looked_up: usize,
    pub finish: Option<Finish>,
}

/// A number for the random stream of a prompt: its FNV-1a hash.
fn stream_of(prompt: &[u32]) -> u64 {
    let bytes = prompt.iter().flat_map(|id| id.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl<'m> Sequence<'m> {
    pub fn new(ask: Ask, state: State, engine: &Engine<'m>) -> Self {
        let Ask { tag, prompt, options } = ask;
        // Of the prompt, not of its place in the call: that depends on how many run at once.
        let stream = stream_of(&prompt);
        Self {
            tag,
            state,
            prompt: prompt.len(),
            awaited: false,
            read: 0,
            ids: prompt,
            sampler: Sampler::new(&options, stream),
            options,
            reading: Vec::new(),
            drafted: 0,
            came: 0,
            on_course: false,
            drafts: Drafts::default(),
            stream: engine.tokenizer.stream(),
            committed: 0,
            text: String::new(),
            shown: 0,
            rescues: 0,
            rolled_back: 0,
            looked_up: 0,
            finish: None,
        }
    }

    /// What it has to read before it can be continued.
    pub fn to_read(&self) -> Unread {
        let (read, end) = (self.state.len(), self.ids.len());
        // The last token of a text alone is what it is continued from.
        let continues = read >= self.prompt && read + 1 == end;
        Unread {
            tokens: if continues { 0 } else { self.reading_end() - read },
            awaited: self.awaited,
        }
    }

    /// How far it is.
    pub fn reached(&self) -> Reached {
        let read = self.read.max(self.state.len().min(self.prompt));
        Reached { read, written: self.ids.len() - self.prompt }
    }

    /// What the next step is for.
    pub fn phase(&self) -> Phase {
        if self.state.len() < self.prompt { Phase::Prefill } else { Phase::Decode }
    }

    /// Up to where a step may read: a prompt and its text are not computed in one way.
    fn reading_end(&self) -> usize {
        if self.state.len() < self.prompt { self.prompt } else { self.ids.len() }
    }

    /// Decides what the network reads in the next step: `share` tokens, or the last token of a text
    /// and up to `most` that are looked up. Without a share nothing is read of what is to be read.
    pub fn plan(&mut self, share: usize, most: usize, engine: &Engine<'m>) {
        let (unread, read) = (self.to_read().tokens, self.state.len());
        let count = if unread == 0 { 1 } else { share.min(unread) };
        self.reading.clear();
        self.reading.extend(&self.ids[read..read + count]);
        (self.drafted, self.came) = (0, 0);
        if self.options.drafts && unread == 0 {
            let to_come = self.options.max_tokens.saturating_sub(self.ids.len() - self.prompt);
            let room = engine.context - self.ids.len();
            let most = most
                .min(to_come.min(room).saturating_sub(1))
                .min(self.state.ahead().saturating_sub(1));
            let draft = self.drafts.look_up(&self.ids, most);
            self.drafted = draft.len();
            self.reading.extend(draft);
        }
    }

    /// Plans the same step anew, without a draft, after the state was cut back.
    pub fn plan_again(&mut self, engine: &Engine<'m>) {
        let share = (self.reading.len() - self.drafted).max(1);
        self.plan(share, 0, engine);
    }

    /// Whether anything was planned.
    pub fn reads(&self) -> bool {
        !self.reading.is_empty()
    }

    /// Whether a draft is part of what was planned.
    pub fn has_draft(&self) -> bool {
        self.drafted > 0
    }

    /// What was planned.
    pub fn row(&mut self) -> Row<'_> {
        let want = match self.drafted {
            _ if self.state.len() + self.reading.len() < self.ids.len() => Want::Nothing,
            0 => Want::Last,
            _ => Want::All,
        };
        Row { state: &mut self.state, tokens: &self.reading, want }
    }

    /// Chooses the next token by scores; gives the text that became certain.
    pub fn take(&mut self, scores: &[f32], engine: &Engine<'m>) -> Result<String> {
        let before = self.ids.len();
        let text = self.choose(scores, engine)?;
        let next = (self.ids.len() == before + 1).then(|| self.ids[before]);
        let drafted = self.reading.get(self.reading.len() - self.drafted + self.came).copied();
        self.on_course = next.is_some() && next == drafted;
        self.came += usize::from(self.on_course);
        Ok(text)
    }

    /// Whether the token that was chosen last is the draft's, so that scores of the one after it
    /// are there.
    pub fn goes_on(&self) -> bool {
        self.on_course && self.finish.is_none()
    }

    /// Ends a step: what was read of a draft and did not come is forgotten.
    pub fn settle(&mut self) {
        self.read = self.read.max(self.state.len().min(self.prompt));
        if self.drafted > 0 {
            self.drafts.learn(self.drafted, self.came);
            self.looked_up += self.came;
            self.state.truncate(self.ids.len() - 1);
        }
    }

    fn choose(&mut self, scores: &[f32], engine: &Engine<'m>) -> Result<String> {
        if !are_numbers(scores) {
            return Err(Error::Engine("the network computed a score that is not a number".into()));
        }
        let options = &*self.options.clone();
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
        if self.finish.is_none()
            && (written >= options.max_tokens || self.ids.len() >= engine.context)
        {
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

    /// Text that was not given out yet. The beginning of a stop string waits until it is known not
    /// to be one.
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

    pub fn result(self) -> Generated {
        Generated {
            text: self.text,
            finish: self.finish.unwrap_or(Finish::Length),
            tokens: self.ids.len() - self.prompt,
            rolled_back: self.rolled_back,
            looked_up: self.looked_up,
            scores: Vec::new(),
        }
    }
}
