//! The loop for networks that read a source: sources in, the best texts that searches find for them out.
//!
//! Searches join and leave between steps, as sequences do in the other loop. Knows no document, no language and no wording.

use std::collections::VecDeque;
use std::sync::Arc;

use super::beam::{Beams, Found, Round};
use super::{Ask, Desk, Generated, Next, Tag, loops};
use crate::architectures::Network;
use crate::checkpoint::Tokenizer;
use crate::error::{Error, Result};
use crate::event::Finish;

/// Sources that are searched where a sequence of the other loop would be: they are sentences, not articles.
const FOR_ONE: usize = 4;
/// Steps after which whoever waits is asked whether to go on.
const ASKED_EVERY: usize = 4;

/// What the loop works with.
pub(crate) struct Searcher<'m> {
    pub network: &'m dyn Network,
    pub tokenizer: &'m Tokenizer,
    /// The most tokens of a source, and of a text.
    pub context: usize,
    /// How the checkpoint wants sources to be searched.
    pub beams: &'m Beams,
}

impl Searcher<'_> {
    /// Takes sources while there is room, steps all searches at once, gives texts back, until the desk has no more.
    pub fn serve(&self, desk: &mut dyn Desk, batch: usize) {
        let mut round: Round<'_, Tag> = Round::new(self.network);
        let mut steps = 0;
        loop {
            let room = (batch.max(1) * FOR_ONE).saturating_sub(round.len());
            let asks = if room > 0 { desk.next(room, round.len() == 0) } else { Vec::new() };
            if round.len() == 0 && asks.is_empty() {
                return;
            }
            self.begin(asks, &mut round, desk);
            if round.len() > 0
                && let Err(error) = round.step()
            {
                let reason = error.to_string();
                round.abandon().for_each(|tag| desk.done(tag, Err(Error::Engine(reason.clone().into()))));
            }
            for (tag, found) in round.over() {
                let generated = found.and_then(|found| self.text(found));
                if let Ok(generated) = &generated {
                    // What is said to it changes nothing: the text is whole.
                    desk.text(&[(tag, generated.text.clone())]);
                }
                desk.done(tag, generated);
            }
            steps += 1;
            if steps % ASKED_EVERY == 0 {
                let waiting: Vec<(Tag, String)> = round.tags().map(|tag| (*tag, String::new())).collect();
                let said = desk.text(&waiting);
                let mut said = said.into_iter();
                round.retain(|_| said.next() != Some(Next::Cancel));
            }
            round.retain(|tag| desk.is_wanted(*tag));
        }
    }

    /// Reads sources together; if that fails, one by one: only those that are to blame must suffer for it.
    fn begin(&self, asks: Vec<Ask>, round: &mut Round<'_, Tag>, desk: &mut dyn Desk) {
        let mut waiting: VecDeque<Ask> = VecDeque::new();
        for ask in asks {
            let needed = ask.prompt.len();
            if needed == 0 || needed > self.context {
                let what = "a source".to_string();
                desk.done(ask.tag, Err(Error::TooLong { what, needed, window: self.context }));
            } else {
                waiting.push_back(ask);
            }
        }
        let source = |ask: &Ask| (ask.tag, self.search(ask));
        let searches: Vec<(Tag, Arc<Beams>)> = waiting.iter().map(source).collect();
        let all = waiting.iter().zip(&searches);
        let all: Vec<_> = all.map(|(ask, (tag, beams))| (*tag, &ask.prompt[..], beams.clone())).collect();
        if all.is_empty() || round.begin(all).is_ok() {
            return;
        }
        for (ask, (tag, beams)) in waiting.iter().zip(searches) {
            if let Err(error) = round.begin(vec![(tag, &ask.prompt[..], beams)]) {
                desk.done(tag, Err(error));
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
        let (mut finish, mut rolled_back) = (if is_whole { Finish::Stop } else { Finish::Length }, 0);
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
