//! Encoding of text to token ids, and decoding.

use std::sync::{Mutex, PoisonError};

use ahash::AHashMap;

use super::added::AddedToken;
use super::library::Library;
use crate::checkpoint::sentencepiece::{EncoderTemplate, SentencePiece};
use crate::error::Result;
use crate::prompt_part::PromptPart;

/// Capacity of the cache of encoded template texts.
const CACHED_TEXTS: usize = 64;

/// Encodes text to token ids and decodes them.
pub struct Tokenizer {
    pub(super) backend: Backend,
    pub(super) added: Vec<AddedToken>,
    /// Indices into `added` by token id.
    added_ids: AHashMap<u32, usize>,
    /// Ids of template texts, by whether they are the first of a prompt: the same few surround
    /// every article of a batch.
    template_ids: Mutex<AHashMap<(bool, String), Vec<u32>>>,
}

/// The implementation of a tokenizer.
pub(super) enum Backend {
    /// The `tokenizers` crate.
    Library(Box<Library>),
    /// Our reader of SentencePiece models.
    SentencePiece(Box<SentencePiece>),
}

impl Tokenizer {
    pub(super) fn new(backend: Backend, mut added: Vec<AddedToken>) -> Self {
        // `</s>` is also an HTML tag: it is special only if no other token ends turns.
        let has_other_end =
            added.iter().any(|token| token.special && token.text != "</s>" && token.ends_turns());
        for token in added.iter_mut().filter(|token| token.text == "</s>") {
            token.special |= !has_other_end;
        }
        let added_ids = added.iter().enumerate().map(|(at, token)| (token.id, at)).collect();
        Self { backend, added, added_ids, template_ids: Mutex::default() }
    }

    /// Adds a control token, unless its id is that of another one.
    pub(super) fn add_control(&mut self, token: AddedToken) {
        if token.is_control() && self.added_by_id(token.id).is_none() {
            self.added_ids.insert(token.id, self.added.len());
            self.added.push(token);
        }
    }

    /// Removes added words with an id beyond the network's vocabulary; they are encoded as other
    /// text then.
    pub fn forget_beyond(&mut self, vocabulary: usize) -> Result<()> {
        match &mut self.backend {
            Backend::Library(library) => library.forget_beyond(vocabulary),
            Backend::SentencePiece(_) => Ok(()),
        }
    }

    /// Tokens that the tokenizer adds before a prompt, according to its files.
    pub fn before(&self) -> &[u32] {
        match &self.backend {
            Backend::Library(library) => library.before(),
            Backend::SentencePiece(_) => &[],
        }
    }

    /// The tokens around an encoder input in one language (by its code: `en`) for an output in
    /// another. Fails if the model has language tokens, but none for one of these.
    pub fn encoder_template(&self, from: &str, into: &str) -> Result<EncoderTemplate> {
        match &self.backend {
            Backend::SentencePiece(model) => model.encoder_template(from, into),
            Backend::Library(library) => {
                library.encoder_template((from, into), self.id_of("</s>"), &self.added)
            }
        }
    }

    /// Token ids of user text: never a control token.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        self.encode_plain(text, true)
    }

    /// Token ids of a template's text, control tokens included.
    pub fn encode_trusted(&self, text: &str) -> Result<Vec<u32>> {
        self.encode_parts(&[PromptPart::Template(text)])
    }

    /// Token ids of a text in several parts. The text between two control tokens is encoded as a
    /// whole, across the borders of parts.
    pub fn encode_parts(&self, parts: &[PromptPart<&str>]) -> Result<Vec<u32>> {
        let mut ids = Vec::new();
        // The text since the last control token, and whether all of it is a template's.
        let (mut text, mut is_template) = (String::new(), true);
        let mut strip = false;
        for part in parts {
            let mut rest = match *part {
                PromptPart::Template(template) => template,
                PromptPart::UserText(user) => {
                    let strips = std::mem::take(&mut strip);
                    text.push_str(if strips { user.trim_start() } else { user });
                    is_template = false;
                    continue;
                }
            };
            while let Some((at, token)) = self.first_control(rest) {
                let before = &rest[..at];
                let strips = std::mem::take(&mut strip);
                text.push_str(if strips { before.trim_start() } else { before });
                let whole = if token.strip.left { text.trim_end() } else { &text };
                self.push_ids(whole, is_template, &mut ids)?;
                text.clear();
                is_template = true;
                ids.push(token.id);
                rest = &rest[at + token.text.len()..];
                strip = token.strip.right;
            }
            text.push_str(if strip && !rest.is_empty() { rest.trim_start() } else { rest });
            strip &= rest.is_empty();
        }
        self.push_ids(&text, is_template, &mut ids)?;
        Ok(ids)
    }

    /// Encodes the text before the next control token. Texts of templates are cached.
    fn push_ids(&self, text: &str, is_template: bool, ids: &mut Vec<u32>) -> Result<()> {
        let first = ids.is_empty();
        if text.is_empty() || !is_template {
            ids.extend(self.encode_plain(text, first)?);
            return Ok(());
        }
        let cache = || self.template_ids.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (first, text.to_string());
        if let Some(cached) = cache().get(&key) {
            ids.extend(cached);
            return Ok(());
        }
        let fresh = self.encode_plain(text, first)?;
        ids.extend(&fresh);
        let mut cache = cache();
        if cache.len() >= CACHED_TEXTS {
            cache.clear();
        }
        cache.insert(key, fresh);
        Ok(())
    }

    /// Token ids of a text without control tokens.
    fn encode_plain(&self, text: &str, first: bool) -> Result<Vec<u32>> {
        match &self.backend {
            Backend::SentencePiece(model) => Ok(model.encode(text)),
            Backend::Library(library) => library.encode(text, first, |id| {
                self.added_by_id(id).is_some_and(|token| !token.is_unknown())
            }),
        }
    }

    /// The first control token in a text; the longest of several at one place.
    fn first_control<'s>(&'s self, text: &str) -> Option<(usize, &'s AddedToken)> {
        let control = self.added.iter().filter(|token| token.is_control());
        let places = control.filter_map(|token| Some((text.find(&token.text)?, token)));
        places.min_by_key(|(at, token)| (*at, std::cmp::Reverse(token.text.len())))
    }

    /// Number of tokens of a user text.
    pub fn count(&self, text: &str) -> usize {
        self.encode(text).map_or(text.len(), |ids| ids.len())
    }

    /// The text of token ids, without special tokens.
    pub fn decode(&self, ids: &[u32]) -> Result<String> {
        let library = match &self.backend {
            Backend::Library(library) => library,
            // It knows its special tokens, which have other ids in the outputs of some models.
            Backend::SentencePiece(model) => return Ok(model.decode(ids)),
        };
        let mut text = String::new();
        for run in
            ids.chunk_by(|a, b| self.added_by_id(*a).is_none() && self.added_by_id(*b).is_none())
        {
            match self.added_by_id(run[0]) {
                Some(token) if token.special => {}
                Some(token) => text.push_str(&token.text),
                None => text.push_str(&library.decode(run)?),
            }
        }
        Ok(text)
    }

    /// The bytes of one token in the middle of a text; none for special tokens.
    pub fn token_bytes(&self, id: u32) -> Vec<u8> {
        match (&self.backend, self.added_by_id(id)) {
            (_, Some(token)) if token.special => Vec::new(),
            (_, Some(token)) => token.text.clone().into_bytes(),
            (Backend::Library(library), None) => library.token_bytes(id),
            (Backend::SentencePiece(model), None) => model.token_bytes(id),
        }
    }

    /// True for a token of a SentencePiece model that never shows in a text.
    pub(super) fn is_hidden(&self, id: u32) -> bool {
        match &self.backend {
            Backend::Library(_) => false,
            Backend::SentencePiece(model) => model.decode(&[id]).is_empty() && !model.shows(id),
        }
    }

    fn added_by_id(&self, id: u32) -> Option<&AddedToken> {
        self.added_ids.get(&id).map(|at| &self.added[*at])
    }

    /// The id of a token by its exact text.
    pub fn id_of(&self, token: &str) -> Option<u32> {
        let added = self.added.iter().find(|added| added.text == token).map(|added| added.id);
        added.or_else(|| match &self.backend {
            Backend::Library(library) => library.id_of(token),
            Backend::SentencePiece(model) => model.id_of(token),
        })
    }

    /// The largest id that a text can have, if it is known.
    pub fn largest_id(&self) -> Option<u32> {
        match &self.backend {
            Backend::Library(library) => library.largest_id(),
            Backend::SentencePiece(model) => model.largest_id(),
        }
    }

    /// Ids of the control tokens that end a turn or a text.
    pub fn turn_ends(&self) -> impl Iterator<Item = u32> {
        let ends = |token: &&AddedToken| token.special && token.ends_turns();
        self.added.iter().filter(ends).map(|token| token.id)
    }

    /// Texts of special tokens, which an output must not contain.
    pub fn special_texts(&self) -> impl Iterator<Item = &str> {
        self.added.iter().filter(|token| token.special).map(|token| token.text.as_str())
    }
}
