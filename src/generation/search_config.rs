//! Generation settings of a checkpoint: `generation_config.json`, or the same keys of an older
//! `config.json`.
//!
//! Reference: `GenerationConfig` of `transformers` 5, and its pipelines for the task-specific
//! settings of `config.json`. Two differences: without a `max_length` a text may be as long as the
//! network allows, not 20 tokens; and encoder–decoder models never sample.

use serde_json::Value as Json;

use super::beam::{BeamSearchConfig, EarlyStopping};
use super::logits_rules::LogitsProcessors;
use crate::checkpoint::ModelConfig;
use crate::error::{Error, Result};

/// Upper bound on `num_beams`, against hostile configs.
const MAX_BEAMS: f64 = 64.0;
/// Upper bound on the number of stop strings.
const MAX_STOP_STRINGS: usize = 64;

impl BeamSearchConfig {
    /// The search settings of a checkpoint for a task by its name in `config.json`
    /// (`summarization`, `translation_en_to_ko`). `vocabulary` and `context` are the network's.
    pub fn from_checkpoint(
        model_config: &ModelConfig,
        task: &str,
        vocabulary: usize,
        context: usize,
    ) -> Result<Self> {
        let config = GenerationConfig { model_config, task };
        let ids = |key: &str| config.ids(key, vocabulary);
        let mut start = ids("decoder_start_token_id")?;
        if start.is_empty() {
            start = ids("bos_token_id")?;
        }
        let Some(decoder_start_token_id) = start.first().copied() else {
            return Err(Error::malformed(
                model_config.file(),
                "it names no decoder_start_token_id",
            ));
        };
        let mut forced_bos_token_id = ids("forced_bos_token_id")?.first().copied();
        if config.flag("force_bos_token_to_be_generated") {
            let bos_token_id = ids("bos_token_id")?.first().copied();
            forced_bos_token_id = forced_bos_token_id.or(bos_token_id);
        }
        let mut eos_token_ids = ids("eos_token_id")?;
        if eos_token_ids.is_empty() {
            eos_token_ids.extend(model_config.eos_tokens());
        }
        let early_stopping = match model_config.generation(task, "early_stopping") {
            Some(Json::Bool(true)) => EarlyStopping::Yes,
            Some(Json::String(word)) if word == "never" => EarlyStopping::Never,
            _ => EarlyStopping::No,
        };
        let max = context as f64;
        let max_length = match config.number("max_new_tokens", max)? {
            Some(count) => count + 1.0,
            None => config.number("max_length", max)?.unwrap_or(max),
        };
        let number = |key: &str, default: f64| -> Result<f32> {
            Ok(config.number(key, f64::MAX)?.unwrap_or(default) as f32)
        };
        let count = |key: &str| config.count(key, max);
        Ok(Self {
            num_beams: config.number("num_beams", MAX_BEAMS)?.unwrap_or(1.0).max(1.0) as usize,
            length_penalty: number("length_penalty", 1.0)?,
            early_stopping,
            decoder_start_token_id,
            logits_processors: LogitsProcessors {
                repetition_penalty: number("repetition_penalty", 1.0)?,
                no_repeat_ngram_size: count("no_repeat_ngram_size")?,
                bad_words_ids: config.token_lists("bad_words_ids")?,
                min_length: count("min_length")?,
                min_new_tokens: count("min_new_tokens")?,
                forced_bos_token_id,
                forced_eos_token_ids: ids("forced_eos_token_id")?,
                suppress_tokens: ids("suppress_tokens")?,
                begin_suppress_tokens: ids("begin_suppress_tokens")?,
                eos_token_ids,
                max_length: (max_length as usize).clamp(2, context),
                lexical_constraint: None,
            },
        })
    }
}

impl LogitsProcessors {
    /// The settings of a decoder-only checkpoint; penalties are left to the caller's options.
    pub fn from_checkpoint(
        model_config: &ModelConfig,
        vocabulary: usize,
        eos_tokens: &[u32],
    ) -> Result<Self> {
        let config = GenerationConfig { model_config, task: "" };
        let max = f64::from(u16::MAX);
        Ok(Self {
            repetition_penalty: 1.0,
            no_repeat_ngram_size: config.count("no_repeat_ngram_size", max)?,
            bad_words_ids: config.token_lists("bad_words_ids")?,
            suppress_tokens: config.ids("suppress_tokens", vocabulary)?,
            begin_suppress_tokens: config.ids("begin_suppress_tokens", vocabulary)?,
            min_new_tokens: config.count("min_new_tokens", max)?,
            eos_token_ids: eos_tokens.to_vec(),
            ..Self::default()
        })
    }
}

/// Stop strings of a checkpoint: a single one, or a list.
pub(crate) fn stop_strings(model_config: &ModelConfig) -> Result<Vec<String>> {
    let stops = match model_config.generation("", "stop_strings") {
        None => Vec::new(),
        Some(Json::String(stop)) => vec![stop.clone()],
        Some(list) => serde_json::from_value(list.clone()).unwrap_or_else(|_| vec![String::new()]),
    };
    if stops.len() > MAX_STOP_STRINGS || stops.iter().any(String::is_empty) {
        let reason = format!("stop_strings are not 1 to {MAX_STOP_STRINGS} texts");
        return Err(Error::malformed(model_config.file(), reason));
    }
    Ok(stops)
}

/// Typed access to the settings for a task.
struct GenerationConfig<'h> {
    model_config: &'h ModelConfig,
    task: &'h str,
}

impl GenerationConfig<'_> {
    fn get(&self, key: &str) -> Option<&Json> {
        self.model_config.generation(self.task, key)
    }

    fn invalid(&self, key: &str, value: impl std::fmt::Display, expected: &str) -> Error {
        Error::malformed(self.model_config.file(), format!("{key} is {value}, expected {expected}"))
    }

    /// A number, at most `max`.
    fn number(&self, key: &str, max: f64) -> Result<Option<f64>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match value.as_f64().filter(|number| number.is_finite()) {
            Some(number) => Ok(Some(number.min(max))),
            None => Err(self.invalid(key, value, "a number")),
        }
    }

    /// A count, at most `max`; 0 without the key.
    fn count(&self, key: &str, max: f64) -> Result<usize> {
        Ok(self.number(key, max)?.unwrap_or(0.0) as usize)
    }

    fn flag(&self, key: &str) -> bool {
        self.get(key).and_then(Json::as_bool).unwrap_or(false)
    }

    /// Token ids, one or a list, each within the vocabulary.
    fn ids(&self, key: &str, vocabulary: usize) -> Result<Vec<u32>> {
        let ids = self.model_config.generation_ids(self.task, key);
        match ids.iter().find(|id| **id as usize >= vocabulary) {
            Some(id) => {
                Err(self.invalid(key, id, &format!("a token of a vocabulary of {vocabulary}")))
            }
            None => Ok(ids),
        }
    }

    fn token_lists(&self, key: &str) -> Result<Vec<Vec<u32>>> {
        let Some(value) = self.get(key) else { return Ok(Vec::new()) };
        serde_json::from_value(value.clone())
            .map_err(|_| self.invalid(key, value, "lists of tokens"))
    }
}
