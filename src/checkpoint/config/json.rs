//! The JSON files of a model folder, and the forms that token ids and special tokens have in them.

use std::path::Path;

use serde_json::Value as Json;

use crate::error::{Error, Result};

/// Far above every published config, tokenizer config and chat template.
const MAX_JSON_BYTES: u64 = 16 << 20;

/// A JSON file; `None` if there is none.
pub(super) fn read(path: &Path) -> Result<Option<Json>> {
    let length = match std::fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Error::io("read", path, e)),
    };
    if length > MAX_JSON_BYTES {
        return Err(Error::malformed(path, format!("{length} bytes are too many for such a file")));
    }
    let text = std::fs::read(path).map_err(|e| Error::io("read", path, e))?;
    serde_json::from_slice(&text)
        .map(Some)
        .map_err(|e| Error::malformed(path, format!("not JSON: {e}")))
}

/// The ids of a key such as `eos_token_id`: a number or a list of numbers.
pub(super) fn token_ids(value: Option<&Json>) -> Vec<u32> {
    match value {
        Some(Json::Array(several)) => several.iter().filter_map(token_id).collect(),
        Some(single) => token_id(single).into_iter().collect(),
        None => Vec::new(),
    }
}

fn token_id(value: &Json) -> Option<u32> {
    value.as_u64().and_then(|id| u32::try_from(id).ok())
}

/// The text of a special token: a string, or an object with `content`.
fn token_text(value: &Json) -> Option<String> {
    value.as_str().or_else(|| value.get("content")?.as_str()).map(str::to_string)
}

/// Names and texts of special tokens: the keys `*_token` of tokenizer_config.json, then of the
/// older special_tokens_map.json.
pub(super) fn special_tokens(folder: &Path, tokenizer: &Json) -> Result<Vec<(String, String)>> {
    let older = read(&folder.join("special_tokens_map.json"))?.unwrap_or(Json::Null);
    let mut tokens: Vec<(String, String)> = Vec::new();
    for (name, value) in [tokenizer, &older].into_iter().filter_map(Json::as_object).flatten() {
        let is_new = name.ends_with("_token") && tokens.iter().all(|(known, _)| known != name);
        // A null in tokenizer_config.json says that there is no such token.
        let is_null = tokenizer.get(name) == Some(&Json::Null);
        if is_new
            && !is_null
            && let Some(text) = token_text(value)
        {
            tokens.push((name.clone(), text));
        }
    }
    Ok(tokens)
}
