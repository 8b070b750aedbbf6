//! How a checkpoint wants its sources to be searched: `generation_config.json`, or older
//! checkpoints' keys of config.json.
//!
//! Reference: `GenerationConfig` of `transformers` 5, and its pipelines for what config.json says
//! of a task. Two things differ: where no `max_length` is said a text may become as long as the
//! network allows, not 20 tokens; and nothing is ever sampled.

use serde_json::Value as Json;

use super::beam::{Beams, EarlyStopping};
use super::rules::Rules;
use crate::checkpoint::Hyper;
use crate::error::{Error, Result};

/// Nobody gains by more.
const MAX_WIDTH: f64 = 64.0;

impl Beams {
    /// The search a checkpoint asks for, for a task by its name in config.json (`summarization`,
    /// `translation_en_to_ko`). `vocabulary` and `context` are the network's.
    pub fn of_checkpoint(
        hyper: &Hyper,
        task: &str,
        vocabulary: usize,
        context: usize,
    ) -> Result<Self> {
        let read = Reader { hyper, task };
        let ids = |key: &str| read.ids(key, vocabulary);
        let start = ids("decoder_start_token_id")?;
        let start = if start.is_empty() { ids("bos_token_id")? } else { start };
        let Some(start) = start.first().copied() else {
            return Err(Error::malformed(hyper.file(), "it names no decoder_start_token_id"));
        };
        let mut forced_first = ids("forced_bos_token_id")?.first().copied();
        if read.flag("force_bos_token_to_be_generated") {
            forced_first = forced_first.or(ids("bos_token_id")?.first().copied());
        }
        let mut ends = ids("eos_token_id")?;
        if ends.is_empty() {
            ends.extend(hyper.end_tokens());
        }
        let early_stopping = match hyper.generation(task, "early_stopping") {
            Some(Json::Bool(true)) => EarlyStopping::Yes,
            Some(Json::String(word)) if word == "never" => EarlyStopping::Never,
            _ => EarlyStopping::No,
        };
        let most = context as f64;
        let max_length = match read.number("max_new_tokens", most)? {
            Some(count) => count + 1.0,
            None => read.number("max_length", most)?.unwrap_or(most),
        };
        let count = |key: &str| read.number(key, most).map(|count| count.unwrap_or(0.0) as usize);
        Ok(Self {
            width: read.number("num_beams", MAX_WIDTH)?.unwrap_or(1.0).max(1.0) as usize,
            length_penalty: read.number("length_penalty", f64::MAX)?.unwrap_or(1.0) as f32,
            early_stopping,
            start,
            rules: Rules {
                repetition_penalty: read.number("repetition_penalty", f64::MAX)?.unwrap_or(1.0)
                    as f32,
                no_repeat_ngram: count("no_repeat_ngram_size")?,
                bad_words: read.words("bad_words_ids")?,
                min_length: count("min_length")?,
                min_new_tokens: count("min_new_tokens")?,
                forced_first,
                forced_last: ids("forced_eos_token_id")?,
                suppressed: ids("suppress_tokens")?,
                suppressed_first: ids("begin_suppress_tokens")?,
                ends,
                max_length: (max_length as usize).clamp(2, context),
            },
        })
    }
}

impl Rules {
    /// What a checkpoint of a network that continues texts forbids of them.
    pub fn of_checkpoint(hyper: &Hyper, vocabulary: usize, ends: &[u32]) -> Result<Self> {
        let read = Reader { hyper, task: "" };
        Ok(Self {
            repetition_penalty: 1.0,
            no_repeat_ngram: read
                .number("no_repeat_ngram_size", f64::from(u16::MAX))?
                .unwrap_or(0.0) as usize,
            bad_words: read.words("bad_words_ids")?,
            suppressed: read.ids("suppress_tokens", vocabulary)?,
            suppressed_first: read.ids("begin_suppress_tokens", vocabulary)?,
            min_new_tokens: read.number("min_new_tokens", f64::from(u16::MAX))?.unwrap_or(0.0)
                as usize,
            ends: ends.to_vec(),
            ..Self::default()
        })
    }
}

/// Texts that end an output, as a checkpoint has them: one, or a list.
pub(crate) fn stop_strings(hyper: &Hyper) -> Result<Vec<String>> {
    /// No checkpoint has as many.
    const MOST: usize = 64;
    let stops = match hyper.generation("", "stop_strings") {
        None => Vec::new(),
        Some(Json::String(one)) => vec![one.clone()],
        Some(several) => {
            serde_json::from_value(several.clone()).unwrap_or_else(|_| vec![String::new()])
        }
    };
    if stops.len() > MOST || stops.iter().any(String::is_empty) {
        let reason = format!("stop_strings are not 1 to {MOST} texts");
        return Err(Error::malformed(hyper.file(), reason));
    }
    Ok(stops)
}

struct Reader<'h> {
    hyper: &'h Hyper,
    task: &'h str,
}

impl Reader<'_> {
    fn wrong(&self, key: &str, value: impl std::fmt::Display, expected: &str) -> Error {
        Error::malformed(self.hyper.file(), format!("{key} is {value}, expected {expected}"))
    }

    /// A number; what is more than `most` is as good as that.
    fn number(&self, key: &str, most: f64) -> Result<Option<f64>> {
        let Some(value) = self.hyper.generation(self.task, key) else { return Ok(None) };
        match value.as_f64().filter(|number| number.is_finite()) {
            Some(number) => Ok(Some(number.min(most))),
            None => Err(self.wrong(key, value, "a number")),
        }
    }

    fn flag(&self, key: &str) -> bool {
        self.hyper.generation(self.task, key).and_then(Json::as_bool).unwrap_or(false)
    }

    fn ids(&self, key: &str, vocabulary: usize) -> Result<Vec<u32>> {
        let ids = self.hyper.generation_ids(self.task, key);
        match ids.iter().find(|id| **id as usize >= vocabulary) {
            Some(id) => {
                Err(self.wrong(key, id, &format!("a token of a vocabulary of {vocabulary}")))
            }
            None => Ok(ids),
        }
    }

    fn words(&self, key: &str) -> Result<Vec<Vec<u32>>> {
        let Some(value) = self.hyper.generation(self.task, key) else { return Ok(Vec::new()) };
        serde_json::from_value(value.clone()).map_err(|_| self.wrong(key, value, "lists of tokens"))
    }
}
