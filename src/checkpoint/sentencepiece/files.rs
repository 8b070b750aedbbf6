//! The JSON files next to a SentencePiece model, and reading of both.

use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::model::{Algorithm, SentencePieceModel};
use crate::error::{Error, Result};
use crate::files::compressed;

/// The largest published models have five megabytes, the largest vocab.json four.
const MAX_FILE_BYTES: u64 = 100_000_000;

/// The keys of tokenizer_config.json that matter here.
#[derive(Deserialize, Default)]
pub(super) struct TokenizerConfig {
    pub(super) tokenizer_class: Option<String>,
    /// Marian: the ids of the target's pieces are in a file of their own.
    pub(super) separate_vocabs: Option<bool>,
    /// NLLB: the source language token stands after EOS, as in the first models.
    pub(super) legacy_behaviour: Option<bool>,
    /// M2M-100: `m2m100` or `wmt21`.
    pub(super) language_codes: Option<String>,
    /// T5: number of sentinels after the pieces.
    pub(super) extra_ids: Option<u32>,
    pub(super) additional_special_tokens: Option<Vec<serde_json::Value>>,
    /// Marian: the language it translates from.
    pub(super) source_lang: Option<String>,
    /// Marian: the language it translates into.
    pub(super) target_lang: Option<String>,
    /// Pegasus: number of special tokens before the pieces.
    pub(super) offset: Option<u32>,
    pub(super) added_tokens_decoder: Option<serde_json::Map<String, serde_json::Value>>,
}

/// The key of config.json that matters here.
#[derive(Deserialize, Default)]
pub(super) struct TokenizerClass {
    pub(super) tokenizer_class: Option<String>,
}

/// Reads a model with a supported algorithm.
pub(super) fn read_model(path: &Path) -> Result<SentencePieceModel> {
    let model =
        SentencePieceModel::parse(&read_file(path)?).map_err(|reason| unusable(path, reason))?;
    let unsupported = match model.algorithm {
        Algorithm::Unigram | Algorithm::Bpe => return Ok(model),
        Algorithm::Word => "word",
        Algorithm::Char => "char",
    };
    Err(Error::Unsupported {
        what: format!("a SentencePiece model of type `{unsupported}`"),
        file: path.to_path_buf(),
        supported: "unigram, bpe".into(),
    })
}

/// A JSON file; the default if there is none.
pub(super) fn read_optional<T: DeserializeOwned + Default>(path: &Path) -> Result<T> {
    if !path.exists() {
        return Ok(T::default());
    }
    serde_json::from_slice(&read_file(path)?).map_err(|e| Error::malformed(path, e.to_string()))
}

/// The entries of a vocab.json, in its order.
pub(in crate::checkpoint) fn read_vocabulary(path: &Path) -> Result<Vec<(String, u32)>> {
    let entries: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&read_file(path)?)
            .map_err(|e| Error::malformed(path, e.to_string()))?;
    let mut vocabulary = Vec::with_capacity(entries.len());
    for (text, id) in entries {
        match id.as_u64().map(u32::try_from) {
            Some(Ok(id)) => vocabulary.push((text, id)),
            _ => return Err(Error::malformed(path, format!("the id of `{text}` is {id}"))),
        }
    }
    Ok(vocabulary)
}

fn read_file(path: &Path) -> Result<Vec<u8>> {
    compressed::read(path, MAX_FILE_BYTES)
}

pub(super) fn unusable(path: &Path, reason: String) -> Error {
    Error::malformed(path, format!("not a usable tokenizer: {reason}"))
}
