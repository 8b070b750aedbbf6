//! The loop for networks that read a source: sources in, the best texts that searches find for them
//! out.
//!
//! Searches join and leave between steps, as sequences do in the other loop. Knows no document, no
//! language and no wording.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::beam::{Beams, Found, Round};
use super::pace::Pace;
use super::{Ask, Desk, Generated, Reached, Tag, loops};
use crate::architectures::Network;
use crate::checkpoint::Tokenizer;
use crate::error::{Error, Result};
use crate::event::Finish;

/// Sources that are searched where a sequence of the other loop would be: they are sentences, not
/// articles.
const FOR_ONE: usize = 4;

/// What the loop works with.
pub(crate) struct Searcher<'m> {
    pub network: &'m dyn Network,
    pub tokenizer: &'m Tokenizer,
    /// The most tokens of a source, and of a text.
    pub context: usize,
    /// How the checkpoint wants sources to be searched.
    pub beams: &'m Beams,
    /// See [`Engine::fixed_chunks`](super::Engine::fixed_chunks).
    pub fixed_chunks: bool,
}

/// A search that is under way: who asked for it, and the length of its source.
struct Asked {
    tag: Tag,
    read: usize,
}

impl Searcher<'_> {
    /// Searches under way at once for a batch of `batch` sequences.
    pub fn at_once(batch: usize) -> usize {
        batch.max(1) * FOR_ONE
    }

    /// Takes sources while there is room, steps all searches at once, gives texts back, until the
    /// desk has no more.
    pub fn serve(&self, desk: &mut dyn Desk, batch: usize) {
        let mut round: Round<'_, Asked> = Round::new(self.network);
        let mut waiting: VecDeque<Ask> = VecDeque::new();
        let mut pace = Pace::new(self.fixed_chunks);
        loop {
            let idle = round.len() == 0 && waiting.is_empty();
            let asks =
                desk.next(Self::at_once(batch).saturating_sub(round.len() + waiting.len()), idle);
            if idle && asks.is_empty() {
                return;
            }
            waiting.extend(asks);
            waiting.retain(|ask| desk.is_wanted(ask.tag));
            self.begin(&mut waiting, &mut round, desk, &mut pace);
            if round.len() > 0
                && let Err(error) = round.step()
            {
                let reason = error.to_string();
                round.abandon().for_each(|asked| {
                    desk.done(asked.tag, Err(Error::Engine(reason.clone().into())))
                });
            }
            for (Asked { tag, read }, written) in round.tags() {
                desk.reached(*tag, Reached { read: *read, written });
            }
            for (Asked { tag, .. }, found) in round.over() {
                let generated = found.and_then(|found| self.text(found));
                if let Ok(generated) = &generated {
                    // The answer changes nothing: the text is whole.
                    desk.text(&[(tag, generated.text.clone())]);
                }
                desk.done(tag, generated);
            }
            round.retain(|asked| desk.is_wanted(asked.tag));
        }
    }

    /// Reads some of the sources that wait, as many as the budget of a step holds, together; if
    /// that fails, one by one: an error is only that source's whose it is. A single source cannot
    /// be read in parts.
    fn begin(
        &self,
        waiting: &mut VecDeque<Ask>,
        round: &mut Round<'_, Asked>,
        desk: &mut dyn Desk,
        pace: &mut Pace,
    ) {
        let mut asks: Vec<Ask> = Vec::new();
        let (mut tokens, budget) = (0, pace.budget(0));
        while let Some(ask) = waiting.pop_front() {
            let needed = ask.prompt.len();
            if needed == 0 || needed > self.context {
                let what = "a source".to_string();
                desk.done(ask.tag, Err(Error::TooLong { what, needed, window: self.context }));
            } else if !asks.is_empty() && tokens + needed > budget {
                waiting.push_front(ask);
                break;
            } else {
                tokens += needed;
                asks.push(ask);
            }
        }
        if asks.is_empty() {
            return;
        }
        let asked = |ask: &Ask| Asked { tag: ask.tag, read: ask.prompt.len() };
        let beams: Vec<Arc<Beams>> = asks.iter().map(|ask| self.search(ask)).collect();
        let all = asks
            .iter()
            .zip(&beams)
            .map(|(ask, beams)| (asked(ask), &ask.prompt[..], beams.clone()));
        let all: Vec<_> = all.collect();
        let began = Instant::now();
        if round.begin(all).is_ok() {
            pace.learn(tokens, began.elapsed());
            return;
        }
        for (ask, beams) in asks.iter().zip(beams) {
            if let Err(error) = round.begin(vec![(asked(ask), &ask.prompt[..], beams)]) {
                desk.done(ask.tag, Err(error));
            }
        }
    }

    /// The search an ask wants.
    fn search(&self, ask: &Ask) -> Arc<Beams> {
        let options = &ask.options;
        let mut beams = options.search.as_ref().unwrap_or(self.beams).clone();
        let rules = &mut beams.rules;
        // The start is none of the text's.
        rules.max_length = (options.max_tokens + 1).min(rules.max_length).min(self.context);
        if options.repetition_penalty != 1.0 {
            rules.repetition_penalty = options.repetition_penalty;
        }
        if options.no_repeat_ngram > 0 {
            rules.no_repeat_ngram = options.no_repeat_ngram;
        }
        Arc::new(beams)
    }

    fn text(&self, found: Vec<Found>) -> Result<Generated> {
        let best = found.into_iter().next();
        let Found { mut ids, scores, is_whole, .. } =
            best.ok_or_else(|| Error::Engine("a search that found nothing".into()))?;
        ids.retain(|id| !self.beams.rules.ends.contains(id));
        let (mut finish, mut rolled_back) =
            (if is_whole { Finish::Stop } else { Finish::Length }, 0);
        if let Some(kept) = loops::repetition(&ids).looping {
            rolled_back = ids.len() - kept;
            ids.truncate(kept);
            finish = Finish::Looped;
        }
        Ok(Generated {
            text: self.tokenizer.decode(&ids)?,
            finish,
            tokens: ids.len(),
            rolled_back,
            looked_up: 0,
            scores,
        })
    }
}
