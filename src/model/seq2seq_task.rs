//! The input of an encoder–decoder model for a task: task prefix, tokens around the text, and the
//! settings of the beam search.

use crate::checkpoint::{EncoderTemplate, Tokenizer};
use crate::error::Result;
use crate::generation::BeamSearchConfig;

/// How an encoder–decoder model is used for a task.
#[derive(Debug, Clone)]
pub struct Seq2SeqTask {
    /// Tokens around every text.
    pub(super) template: EncoderTemplate,
    /// Task prefix prepended to every text.
    pub(super) prefix: String,
    /// Settings of the beam search.
    pub search: BeamSearchConfig,
}

impl Seq2SeqTask {
    /// The token ids of a text as the encoder's input.
    pub(super) fn encoder_input(&self, tokenizer: &Tokenizer, text: &str) -> Result<Vec<u32>> {
        let ids = tokenizer.encode(&format!("{}{text}", self.prefix))?;
        Ok([&self.template.before[..], &ids, &self.template.after].concat())
    }
}
