//! Reads `tokenizer.json`, without its settings for training, and the special tokens of
//! `tokenizer_config.json`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value as Json;
use tokenizers::{AddedVocabulary, ModelWrapper};

use super::added::{AddedToken, Strip};
use super::growth;
use super::library::guarded;
use crate::error::Error;

/// The steps that change texts, apart from the vocabulary.
#[derive(Deserialize)]
struct Steps {
    #[serde(default)]
    normalizer: Json,
    #[serde(default)]
    pre_tokenizer: Json,
    #[serde(default)]
    decoder: Json,
}

type Parts = (tokenizers::Tokenizer, Vec<AddedToken>, Vec<tokenizers::AddedToken>);

/// A tokenizer without its added tokens, those tokens, and the same tokens for the library. The
/// library gets all of them, so that they keep their ids, with control tokens marked as special,
/// because it is set to ignore special tokens.
pub(super) fn read(bytes: &[u8]) -> Result<Parts, String> {
    let steps: Steps = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    growth::check(&steps.normalizer, &steps.pre_tokenizer, &steps.decoder)?;
    let mut inner = guarded(|| tokenizers::Tokenizer::from_bytes(bytes))?;
    let mut tokens: Vec<(u32, tokenizers::AddedToken)> =
        inner.get_added_tokens_decoder().into_iter().collect();
    tokens.sort_by_key(|(id, _)| *id);
    inner.with_added_vocabulary(AddedVocabulary::new());
    forget_training(&mut inner)?;
    let mut added = Vec::new();
    let mut known = Vec::new();
    for (id, token) in tokens {
        let strip = Strip { left: token.lstrip, right: token.rstrip };
        let control = AddedToken::new(token.content.clone(), id, token.special, strip);
        known.push(tokenizers::AddedToken { special: control.is_control(), ..token });
        added.push(control);
    }
    Ok((inner, added, known))
}

/// The special tokens of tokenizer_config.json: texts, some with ids.
#[derive(Deserialize, Default)]
struct SpecialTokens {
    #[serde(default)]
    added_tokens_decoder: BTreeMap<String, Token>,
    #[serde(default)]
    bos_token: Json,
    #[serde(default)]
    eos_token: Json,
}

#[derive(Deserialize)]
struct Token {
    content: String,
    #[serde(default)]
    special: bool,
}

/// The special tokens of a tokenizer_config.json, with their ids if it has them. Fine-tuned models
/// have some that their tokenizer.json lists as words.
pub(super) fn control_tokens(path: &Path) -> Result<Vec<(String, Option<u32>)>, Error> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(Error::io("read", path, e)),
    };
    // Other keys of the file are checked by their own readers.
    let special: SpecialTokens = serde_json::from_slice(&text).unwrap_or_default();
    let mut tokens = Vec::new();
    for (id, token) in special.added_tokens_decoder {
        if token.special {
            tokens.push((token.content, id.parse().ok()));
        }
    }
    for token in [special.bos_token, special.eos_token] {
        let text = token.as_str().or_else(|| token.get("content")?.as_str());
        tokens.extend(text.map(|text| (text.to_string(), None)));
    }
    Ok(tokens)
}

/// Removes truncation, padding and sampling, which are often saved with a tokenizer after training.
fn forget_training(inner: &mut tokenizers::Tokenizer) -> Result<(), String> {
    inner.with_truncation(None).map_err(|e| e.to_string())?;
    inner.with_padding(None);
    match inner.get_model().clone() {
        ModelWrapper::BPE(mut model) if model.dropout.is_some() => {
            model.dropout = None;
            inner.with_model(model);
        }
        ModelWrapper::Unigram(mut model) if model.alpha.is_some() || model.nbest_size.is_some() => {
            (model.alpha, model.nbest_size) = (None, None);
            inner.with_model(model);
        }
        _ => {}
    }
    Ok(())
}
