//! Special tokens, and the tokens around an encoder input.

use std::path::Path;

use crate::error::Error;

/// Special tokens of nearly all families, in fairseq's order.
pub(super) const BASE: [&str; 4] = ["<s>", "<pad>", "</s>", "<unk>"];

/// A token that no text is encoded to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::checkpoint) struct SpecialToken {
    pub text: String,
    pub id: u32,
    /// Never part of a text for readers.
    pub special: bool,
}

impl SpecialToken {
    /// A token that is never part of a text for readers.
    pub(super) fn hidden(text: impl Into<String>, id: usize) -> Self {
        Self { text: text.into(), id: id as u32, special: true }
    }
}

/// The tokens around a text that an encoder–decoder model translates or summarizes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EncoderTemplate {
    /// Token ids before the text.
    pub before: Vec<u32>,
    /// Token ids after the text; EOS, at least.
    pub after: Vec<u32>,
    /// The first token of the output (after `decoder_start_token_id`), if it is forced.
    pub first: Option<u32>,
}

/// An error about a language by its code.
pub(in crate::checkpoint) fn unknown_language(code: &str, path: &Path) -> Error {
    Error::Unsupported {
        what: format!("the language `{code}`"),
        file: path.to_path_buf(),
        supported: "the languages the model was trained with".into(),
    }
}
