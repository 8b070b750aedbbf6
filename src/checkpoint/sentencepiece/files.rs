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

/// The entries of a `vocab.yml`, in its order: a piece and its id on each line.
pub(super) fn read_list(path: &Path) -> Result<Vec<(String, u32)>> {
    let bytes = read_file(path)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let entry = |(at, line): (usize, &str)| {
        let wrong =
            || Error::malformed(path, format!("line {} has no piece and id: {line}", at + 1));
        let (key, id) = line.rsplit_once(':').ok_or_else(wrong)?;
        let piece = yaml_key(key).ok_or_else(wrong)?;
        Ok((piece, id.trim().parse().map_err(|_| wrong())?))
    };
    lines.map(entry).collect()
}

/// A key of YAML: plain, in single quotes with a doubled one inside, or in double quotes with
/// escapes.
fn yaml_key(key: &str) -> Option<String> {
    let inside = |quote| key.trim().strip_prefix(quote)?.strip_suffix(quote);
    if let Some(text) = inside('\'') {
        return Some(text.replace("''", "'"));
    }
    let Some(text) = inside('"') else { return Some(key.trim().to_string()) };
    let mut piece = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            piece.push(c);
            continue;
        }
        let digits = match chars.next()? {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            other => {
                // Names of control characters; all others stand for themselves.
                piece.push(match other {
                    'a' => '\u{7}',
                    't' => '\t',
                    'n' => '\n',
                    'r' => '\r',
                    'e' => '\u{1b}',
                    '0' => '\0',
                    '_' => '\u{a0}',
                    'N' => '\u{85}',
                    'L' => '\u{2028}',
                    'P' => '\u{2029}',
                    other => other,
                });
                continue;
            }
        };
        let code: String = chars.by_ref().take(digits).collect();
        piece.push(char::from_u32(u32::from_str_radix(&code, 16).ok()?)?);
    }
    Some(piece)
}

fn read_file(path: &Path) -> Result<Vec<u8>> {
    compressed::read(path, MAX_FILE_BYTES)
}

pub(super) fn unusable(path: &Path, reason: String) -> Error {
    Error::malformed(path, format!("not a usable tokenizer: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_yaml_are_read_in_all_their_quotes() {
        for (key, piece) in [
            ("▁the", "▁the"),
            ("'▁it''s'", "▁it's"),
            ("\":\"", ":"),
            (r#""\"""#, "\""),
            (r#""\\""#, "\\"),
            (r#""\u2581\x41""#, "▁A"),
            (r#""\L""#, "\u{2028}"),
        ] {
            assert_eq!(yaml_key(key).as_deref(), Some(piece), "{key}");
        }
        assert_eq!(yaml_key(r#""\u12""#), Some("\u{12}".into()));
        assert_eq!(yaml_key(r#""\ud800""#), None);
    }

    #[test]
    fn a_list_of_pieces_names_its_wrong_line() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "</s>: 0\n<unk>: 1\n\":\": 2\n").unwrap();
        let list = read_list(file.path()).unwrap();
        assert_eq!(list[2], (":".to_string(), 2));
        std::fs::write(file.path(), "</s>: 0\n▁the\n").unwrap();
        assert!(read_list(file.path()).unwrap_err().to_string().contains("line 2"));
    }
}
