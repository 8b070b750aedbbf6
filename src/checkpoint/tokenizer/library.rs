//! A tokenizer of the `tokenizers` crate, set to ignore control tokens in texts.

use std::path::{Path, PathBuf};

use tokenizers::{AddedVocabulary, DecoderWrapper, Model};

use super::added::AddedToken;
use crate::checkpoint::sentencepiece::{EncoderTemplate, Family, unknown_language};
use crate::error::{Cause, Error, Result};

/// Stands before a text that is not the first of a prompt, so that the library does not treat it as
/// the first: a noncharacter, which no text for interchange contains. It is never encoded.
pub(super) const NOT_FIRST: &str = "\u{FDD0}";
/// Maximum rounds of breaking up control tokens that a text contains as pieces.
const MAX_BREAKS: usize = 4;
/// Maximum tokens that a tokenizer may add around every text.
const MAX_AROUND: usize = 64;

/// A tokenizer of the crate, and the tokens it adds around a text.
pub(super) struct Library {
    inner: tokenizers::Tokenizer,
    /// The id of [`NOT_FIRST`] in it, if there is a free one.
    not_first: Option<u32>,
    /// The model's file or folder, for messages.
    path: PathBuf,
    /// The SentencePiece family, which decides where language tokens stand.
    family: Option<&'static Family>,
    before: Vec<u32>,
    after: Vec<u32>,
}

impl Library {
    /// Prepares a tokenizer without added tokens, to which `known` are added. Tries it out once:
    /// the crate panics late on some malformed files. An added token that is no control token must
    /// get its own id.
    pub(super) fn new(
        mut inner: tokenizers::Tokenizer,
        added: &[AddedToken],
        known: Vec<tokenizers::AddedToken>,
    ) -> std::result::Result<Self, String> {
        let (before, after, not_first) = guarded(|| -> std::result::Result<_, Cause> {
            let not_first = add_tokens(&mut inner, known)?;
            for token in added.iter().filter(|token| !token.is_control()) {
                if inner.token_to_id(&token.text) != Some(token.id) {
                    let (text, id) = (&token.text, token.id);
                    return Err(format!("the added token `{text}` has another id than {id}").into());
                }
            }
            let ids = inner.encode_fast("Probe 1: 한글, ½ and 😀.\n\tA second line…", false)?;
            inner.decode(ids.get_ids(), false)?;
            let whole = inner.encode("a", true)?;
            let is_special = whole.get_special_tokens_mask();
            let start = is_special.iter().position(|special| *special == 0).unwrap_or(0);
            let last = is_special.iter().rposition(|special| *special == 0);
            let end = last.map_or(whole.len(), |last| last + 1);
            let ids = whole.get_ids();
            Ok((ids[..start].to_vec(), ids[end..].to_vec(), not_first))
        })?;
        if before.len().max(after.len()) > MAX_AROUND {
            return Err(format!("it adds {} tokens to every text", before.len() + after.len()));
        }
        Ok(Self { inner, not_first, path: PathBuf::new(), family: None, before, after })
    }

    /// Sets the model's folder and its SentencePiece family.
    pub(super) fn set_folder(&mut self, folder: &Path, family: Option<&'static Family>) {
        self.path = folder.to_path_buf();
        self.family = family;
    }

    /// Removes added words with an id beyond the network's vocabulary; they are encoded as other
    /// text then.
    pub(super) fn forget_beyond(&mut self, vocabulary: usize) -> Result<()> {
        let words = self.inner.get_added_tokens_decoder();
        let (mut kept, beyond): (Vec<_>, Vec<_>) =
            words.into_iter().partition(|(id, token)| token.special || (*id as usize) < vocabulary);
        if beyond.iter().all(|(id, _)| Some(*id) == self.not_first) {
            return Ok(());
        }
        kept.retain(|(id, _)| Some(*id) != self.not_first);
        kept.sort_by_key(|(id, _)| *id);
        let kept = kept.into_iter().map(|(_, token)| token).collect();
        let inner = &mut self.inner;
        inner.with_added_vocabulary(AddedVocabulary::new());
        self.not_first =
            guarded(|| add_tokens(inner, kept)).map_err(|reason| unusable(&self.path, reason))?;
        Ok(())
    }

    /// Token ids of a text between two control tokens. One that is not the `first` of a prompt gets
    /// no leading blank. `is_control` tells the ids that no text may have.
    pub(super) fn encode(
        &self,
        text: &str,
        first: bool,
        is_control: impl Fn(u32) -> bool,
    ) -> Result<Vec<u32>> {
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let mut text = text.replace(NOT_FIRST, "");
        if !first && self.not_first.is_some() {
            text.insert_str(0, NOT_FIRST);
        }
        let fail = |reason: String| Error::Engine(reason.into());
        let encode = |text: &str| guarded(|| self.inner.encode_fast(text, false)).map_err(fail);
        let mut ids = encode(&text)?.get_ids().to_vec();
        for _ in 0..MAX_BREAKS {
            if self.not_first.is_none() || !ids.iter().any(|id| is_control(*id)) {
                break;
            }
            // Some vocabularies have their control tokens among the pieces of texts: such pieces
            // are broken up after their first character.
            let encoded = guarded(|| self.inner.encode(&*text, false)).map_err(fail)?;
            let spans = encoded.get_ids().iter().zip(encoded.get_offsets());
            let spans: Vec<(usize, usize)> =
                spans.filter(|(id, _)| is_control(**id)).map(|(_, span)| *span).collect();
            for (start, end) in spans.into_iter().rev() {
                let second = text.get(start..end).and_then(|span| span.char_indices().nth(1));
                if let Some((at, _)) = second {
                    text.insert_str(start + at, NOT_FIRST);
                }
            }
            ids = encode(&text)?.get_ids().to_vec();
        }
        ids.retain(|id| Some(*id) != self.not_first && !is_control(*id));
        Ok(ids)
    }

    pub(super) fn decode(&self, ids: &[u32]) -> Result<String> {
        guarded(|| self.inner.decode(ids, false)).map_err(|reason| Error::Engine(reason.into()))
    }

    /// The bytes of a piece in the middle of a text: by the byte alphabet of GPT-2, or with `▁` for
    /// a space and `<0xEB>` for a byte, as in SentencePiece.
    pub(super) fn token_bytes(&self, id: u32) -> Vec<u8> {
        let Some(piece) = self.inner.id_to_token(id).filter(|_| Some(id) != self.not_first) else {
            return Vec::new();
        };
        if self.is_byte_level() {
            let bytes: Option<Vec<u8>> = piece.chars().map(byte_of_letter).collect();
            return bytes.unwrap_or_else(|| piece.into_bytes());
        }
        let byte = piece.strip_prefix("<0x").and_then(|rest| rest.strip_suffix('>'));
        match byte.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => vec![byte],
            None => piece.replace('\u{2581}', " ").into_bytes(),
        }
    }

    fn is_byte_level(&self) -> bool {
        match self.inner.get_decoder() {
            Some(DecoderWrapper::ByteLevel(_)) => true,
            Some(DecoderWrapper::Sequence(steps)) => {
                steps.get_decoders().iter().any(|step| matches!(step, DecoderWrapper::ByteLevel(_)))
            }
            _ => false,
        }
    }

    /// Tokens that the tokenizer adds before a text.
    pub(super) fn before(&self) -> &[u32] {
        &self.before
    }

    /// The tokens around an encoder input: by the rules of the family, with the EOS token `end` and
    /// the language tokens among `added`, or else those that the tokenizer adds to every text.
    pub(super) fn encoder_template(
        &self,
        (from, into): (&str, &str),
        end: Option<u32>,
        added: &[AddedToken],
    ) -> Result<EncoderTemplate> {
        let Some(family) = self.family else {
            let (before, after) = (self.before.clone(), self.after.clone());
            return Ok(EncoderTemplate { before, after, first: None });
        };
        let tokens = added.iter().map(|token| (token.text.as_str(), token.id));
        let template = EncoderTemplate { after: end.into_iter().collect(), ..Default::default() };
        family
            .encoder_template((from, into), template, None, tokens)
            .map_err(|code| unknown_language(&code, &self.path))
    }

    pub(super) fn id_of(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token).filter(|id| Some(*id) != self.not_first)
    }

    pub(super) fn largest_id(&self) -> Option<u32> {
        self.inner.get_vocab(false).into_values().max()
    }
}

/// The byte that a letter stands for in byte-level vocabularies: printable bytes are letters of
/// Latin-1, the others those from U+0100 on, in order.
fn byte_of_letter(letter: char) -> Option<u8> {
    let is_printable = |byte: &u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let code = u32::from(letter);
    if code < 0x100 {
        return u8::try_from(code).ok().filter(is_printable);
    }
    (0..=0xffu8).filter(|byte| !is_printable(byte)).nth(code as usize - 0x100)
}

/// Adds tokens in the order of their ids, so that they keep them. Control tokens are overlooked in
/// texts. Returns the id of [`NOT_FIRST`], unless a vocabulary with gaps has a piece with that id.
fn add_tokens(
    inner: &mut tokenizers::Tokenizer,
    tokens: Vec<tokenizers::AddedToken>,
) -> std::result::Result<Option<u32>, Cause> {
    let not_first = tokenizers::AddedToken::from(NOT_FIRST, false).normalized(false);
    inner.add_tokens(tokens.iter().cloned().chain([not_first]))?;
    inner.set_encode_special_tokens(true);
    let id = inner.token_to_id(NOT_FIRST).ok_or("it takes no more tokens")?;
    if inner.get_model().id_to_token(id).is_none_or(|piece| piece == NOT_FIRST) {
        return Ok(Some(id));
    }
    inner.with_added_vocabulary(AddedVocabulary::new());
    inner.add_tokens(tokens)?;
    inner.set_encode_special_tokens(true);
    Ok(None)
}

/// Calls foreign code that panics on some malformed input; a panic becomes an error.
pub(super) fn guarded<T, E: ToString>(
    work: impl FnOnce() -> std::result::Result<T, E>,
) -> std::result::Result<T, String> {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the tokenizers library cannot read it".to_string()),
    }
}

pub(super) fn unusable(path: &Path, reason: String) -> Error {
    Error::malformed(path, format!("not a usable tokenizer: {reason}"))
}
