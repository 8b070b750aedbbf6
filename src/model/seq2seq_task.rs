//! The input of an encoder–decoder model for a task: task prefix, tokens around the text, and the
//! settings of the beam search.

use super::alignment::Alignment;
use crate::architectures::Network;
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

    /// The alignment of an output, given as text and token ids, with its source.
    pub(super) fn align(
        &self,
        network: &dyn Network,
        tokenizer: &Tokenizer,
        context: usize,
        source: &str,
        (output, ids): (&str, &[u32]),
    ) -> Result<Option<Alignment>> {
        let input = self.encoder_input(tokenizer, source)?;
        let Some((_, before_last)) = ids.split_last() else { return Ok(None) };
        if !self.prefix.is_empty() || input.len() > context || ids.len() > context {
            return Ok(None);
        }
        let first = self.template.before.len();
        let words = first..input.len() - self.template.after.len();
        let spans = tokenizer.spans(&input[words], source).zip(tokenizer.spans(ids, output));
        let Some((source, output)) = spans else { return Ok(None) };
        let read = [&[self.search.decoder_start_token_id], before_last].concat();
        let weights = network.align(&input, &read)?;
        Ok(weights.map(|weights| Alignment::new(source, output, first, &weights)))
    }
}
