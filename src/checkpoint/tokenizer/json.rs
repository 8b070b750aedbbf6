//! `tokenizer.json`: what of it counts when texts are read, and what is left from training and does
//! not.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value as Json;
use tokenizers::{AddedToken, AddedVocabulary, ModelWrapper};

use super::{Added, growth, guarded};
use crate::error::Error;

/// The parts that change texts, beside the vocabulary.
#[derive(Deserialize)]
struct Steps {
    #[serde(default)]
    normalizer: Json,
    #[serde(default)]
    pre_tokenizer: Json,
    #[serde(default)]
    decoder: Json,
}

type Read = (tokenizers::Tokenizer, Vec<Added>, Vec<AddedToken>);

/// A tokenizer without its added tokens, those tokens, and the same for the library: all of them,
/// so that their ids stay, and those that only come of trusted text as special ones, which the
/// library is told to overlook.
pub(super) fn read(bytes: &[u8]) -> Result<Read, String> {
    let steps: Steps = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    growth::check(&steps.normalizer, &steps.pre_tokenizer, &steps.decoder)?;
    let mut inner = guarded(|| tokenizers::Tokenizer::from_bytes(bytes))?;
    let mut tokens: Vec<(u32, AddedToken)> = inner.get_added_tokens_decoder().into_iter().collect();
    tokens.sort_by_key(|(id, _)| *id);
    inner.with_added_vocabulary(AddedVocabulary::new());
    forget_training(&mut inner)?;
    let mut added = Vec::new();
    let mut known = Vec::new();
    for (id, token) in tokens {
        let one =
            Added::new(token.content.clone(), id, token.special, (token.lstrip, token.rstrip));
        known.push(AddedToken { special: one.is_control(), ..token });
        added.push(one);
    }
    Ok((inner, added, known))
}

/// What tokenizer_config.json calls special: texts, and ids where it has them.
#[derive(Deserialize, Default)]
struct Special {
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

/// The special tokens a tokenizer_config.json names: fine-tuned models have some that their
/// tokenizer.json only lists as words.
pub(super) fn control_tokens(path: &Path) -> Result<Vec<(String, Option<u32>)>, Error> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(Error::io("read", path, e)),
    };
    // What else the file may hold is its other readers' concern.
    let special: Special = serde_json::from_slice(&text).unwrap_or_default();
    let named = [special.bos_token, special.eos_token];
    let named =
        named.iter().filter_map(|token| token.as_str().or_else(|| token.get("content")?.as_str()));
    let named = named.map(|text| (text.to_string(), None));
    let added = special.added_tokens_decoder.into_iter().filter(|(_, token)| token.special);
    let added = added.map(|(id, token)| (token.content, id.parse().ok()));
    Ok(added.chain(named.collect::<Vec<_>>()).collect())
}

/// How texts were cut, filled up and cut at random for training is often saved with a tokenizer.
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
