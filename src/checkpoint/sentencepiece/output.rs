//! The text of token ids.

use ahash::{AHashMap, AHashSet};

use super::charsmap::BLANK;
use super::model::{SentencePieceModel, byte_of};
use super::special::SpecialToken;

/// A token of an output.
pub(super) enum OutputToken {
    Text(String),
    /// A byte of a character that no piece covers.
    Byte(u8),
}

/// The tokens that show in an output, by id.
#[derive(Default)]
pub(super) struct OutputVocabulary {
    tokens: AHashMap<u32, OutputToken>,
    /// Removes a leading blank, which was put before the text.
    trim: bool,
    /// Removes all leading blanks.
    trim_all: bool,
}

impl OutputVocabulary {
    /// The tokens of a model, which decides about bytes and blanks.
    pub(super) fn new(
        model: &SentencePieceModel,
        tokens: Vec<(String, u32)>,
        special: &[SpecialToken],
    ) -> Self {
        let normalization = &model.normalization;
        let mut output = Self {
            trim: normalization.add_blank || normalization.collapse_blanks,
            trim_all: normalization.collapse_blanks,
            ..Self::default()
        };
        // By text: their ids differ in a target vocabulary of its own.
        let hidden: AHashSet<&str> =
            special.iter().filter(|token| token.special).map(|token| token.text.as_str()).collect();
        for (text, id) in tokens.into_iter().filter(|(text, _)| !hidden.contains(text.as_str())) {
            let byte = byte_of(&text).filter(|_| model.byte_fallback);
            output.insert(id, byte.map_or(OutputToken::Text(text), OutputToken::Byte));
        }
        output
    }

    pub(super) fn insert(&mut self, id: u32, token: OutputToken) {
        self.tokens.insert(id, token);
    }

    /// True if a token shows in an output.
    pub(super) fn contains(&self, id: u32) -> bool {
        self.tokens.contains_key(&id)
    }

    /// The bytes of a token in the middle of a text; none for hidden tokens.
    pub(super) fn token_bytes(&self, id: u32) -> Vec<u8> {
        match self.tokens.get(&id) {
            Some(OutputToken::Byte(byte)) => vec![*byte],
            Some(OutputToken::Text(text)) => text.replace(BLANK, " ").into_bytes(),
            None => Vec::new(),
        }
    }

    /// The text of ids, without hidden tokens.
    pub(super) fn decode(&self, ids: &[u32]) -> String {
        let mut text = String::new();
        let mut bytes = Vec::new();
        let mut trim = self.trim;
        for id in ids {
            match self.tokens.get(id) {
                Some(OutputToken::Byte(byte)) => bytes.push(*byte),
                Some(OutputToken::Text(token)) => {
                    push_bytes(&mut text, &mut bytes);
                    let mut token = token.as_str();
                    if trim
                        && text.is_empty()
                        && let Some(rest) = token.strip_prefix(BLANK)
                    {
                        token = rest;
                        // Further blanks belong to the text, unless encoding collapses them.
                        trim = self.trim_all;
                    }
                    text.extend(token.chars().map(|c| if c == BLANK { ' ' } else { c }));
                }
                None => {}
            }
        }
        push_bytes(&mut text, &mut bytes);
        text
    }
}

/// Appends bytes as UTF-8. Each invalid byte becomes U+FFFD, as in the library.
fn push_bytes(text: &mut String, bytes: &mut Vec<u8>) {
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '\u{FFFD}'));
    }
    bytes.clear();
}
