//! Text out of a stream of token ids.

use super::codec::Tokenizer;
use crate::error::Result;

/// Tokens after which an incomplete character counts as broken; a character takes at most four.
const MAX_HELD: usize = 8;

/// Decodes token ids one at a time. A syllable may take several tokens, and some tokens are spaces
/// that show only before a letter, so text is returned only when later ids cannot change it.
pub struct DecodeStream<'t> {
    tokenizer: &'t Tokenizer,
    /// Ids of the last complete characters, as context for decoders that need it, and the ids after
    /// them.
    ids: Vec<u32>,
    /// Number of ids that make complete characters.
    complete: usize,
    /// Bytes of the text of the complete characters.
    shown: usize,
}

impl Tokenizer {
    /// Decodes ids one at a time.
    pub fn stream(&self) -> DecodeStream<'_> {
        DecodeStream { tokenizer: self, ids: Vec::new(), complete: 0, shown: 0 }
    }
}

impl DecodeStream<'_> {
    /// Adds an id; returns the text that is now certain, which may be empty.
    pub fn push(&mut self, id: u32) -> Result<String> {
        if self.tokenizer.is_hidden(id) {
            // It would stand where the decoder of the next ids expects the start of the text.
            return Ok(String::new());
        }
        self.ids.push(id);
        let text = self.tokenizer.decode(&self.ids)?;
        if text.ends_with('\u{FFFD}') && self.ids.len() - self.complete <= MAX_HELD {
            return Ok(String::new());
        }
        let fresh = text.get(self.shown..).unwrap_or_default().to_string();
        self.ids.drain(..self.complete);
        self.complete = self.ids.len();
        self.shown = self.tokenizer.decode(&self.ids)?.len();
        Ok(fresh)
    }

    /// Returns the text held back until the end.
    pub fn finish(&mut self) -> Result<String> {
        let text = self.tokenizer.decode(&self.ids)?;
        let rest =
            text.get(self.shown..).unwrap_or_default().trim_end_matches('\u{FFFD}').to_string();
        self.shown = text.len();
        Ok(rest)
    }
}
