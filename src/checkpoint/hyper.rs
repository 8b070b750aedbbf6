//! Hyper-parameters and what else describes a model, from either of the two places they come from:
//! the JSON files of a folder, or the metadata of a GGUF file. A getter takes both spellings of a
//! name.
//!
//! Knows spellings; what a parameter means is the architectures' to know.

mod recommended;
mod templates;

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

pub use self::recommended::Recommended;
use super::gguf::Gguf;
use crate::error::{Error, Result};

/// No published config, tokenizer config or chat template comes near it.
const MAX_JSON_BYTES: u64 = 16 << 20;

/// Pre-tokenizers, by llama.cpp's names, of vocabularies whose texts begin with a token where a
/// file does not say.
const BEGINNING: &[&str] =
    &["llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "midm-2.0", "lfm2", "tekken"];

/// Names and numbers that describe a model.
pub struct Hyper {
    file: PathBuf,
    architecture: String,
    /// What stands around the parameters of a part of a larger network.
    around: Option<Json>,
    source: Source,
    /// How `generate` of the reference is called where nobody says otherwise.
    generation: Json,
    end_tokens: Vec<u32>,
    begin_token: Option<u32>,
    begins_texts: Option<bool>,
    chat_template: Option<String>,
    special: Vec<(String, String)>,
    /// Sampling defaults, where the checkpoint has some.
    pub recommended: Recommended,
}

enum Source {
    /// `config.json`; of a multimodal checkpoint its text part.
    Json(Json),
    /// Scalars and numeric arrays of the metadata, with the architecture's prefix taken off.
    Gguf(serde_json::Map<String, Json>),
}

impl Hyper {
    /// Reads `config.json`, `generation_config.json`, `tokenizer_config.json` and
    /// `chat_template.jinja` of a folder.
    pub(super) fn from_folder(folder: &Path) -> Result<Self> {
        let file = folder.join("config.json");
        let config = read_json(&file)?.ok_or_else(|| Error::NotFound { path: file.clone() })?;
        let own = read_json(&folder.join("generation_config.json"))?;
        let tokenizer = read_json(&folder.join("tokenizer_config.json"))?.unwrap_or(Json::Null);
        // Multimodal checkpoints nest the text network's parameters.
        let nested = config.get("text_config").filter(|text| text.is_object());
        let text = nested.unwrap_or(&config);
        let architecture = [text, &config]
            .iter()
            .find_map(|config| config.get("model_type")?.as_str())
            .ok_or_else(|| Error::malformed(&file, "it names no model_type"))?
            .to_string();
        // A folder without the file has its keys in config.json, from before there was one; else
        // those there do not count.
        let generation = own.clone().unwrap_or_else(|| config.clone());
        let own = own.unwrap_or(Json::Null);
        let mut end_tokens = token_ids(own.get("eos_token_id"));
        for id in token_ids(text.get("eos_token_id").or_else(|| config.get("eos_token_id"))) {
            if !end_tokens.contains(&id) {
                end_tokens.push(id);
            }
        }
        let begin_token =
            token_ids(text.get("bos_token_id").or_else(|| config.get("bos_token_id")))
                .first()
                .copied();
        let special = special_tokens(folder, &tokenizer)?;
        let chat_template = templates::of_folder(folder, &tokenizer)?;
        let begins_texts = tokenizer.get("add_bos_token").and_then(Json::as_bool);
        let recommended = Recommended::of_folder(&own);
        let source = Source::Json(text.clone());
        Ok(Self {
            file,
            architecture,
            around: nested.is_some().then(|| config.clone()),
            source,
            generation,
            end_tokens,
            begin_token,
            begins_texts,
            chat_template,
            special,
            recommended,
        })
    }

    /// Reads the metadata of a GGUF file.
    pub(super) fn from_gguf(gguf: &Gguf) -> Result<Self> {
        let file = gguf.file().path().to_path_buf();
        let architecture = gguf
            .text("general.architecture")
            .ok_or_else(|| Error::malformed(&file, "it has no general.architecture"))?
            .to_string();
        let source = Source::Gguf(gguf.scalars(&format!("{architecture}.")));
        let token = |key: &str| {
            gguf.number(&format!("tokenizer.ggml.{key}")).and_then(|id| u32::try_from(id).ok())
        };
        let mut end_tokens: Vec<u32> = ["eos_token_id", "eot_token_id", "eom_token_id"]
            .iter()
            .filter_map(|key| token(key))
            .collect();
        end_tokens.dedup();
        let chat_template = templates::of_gguf(gguf)?;
        let texts = |id: Option<u32>| {
            gguf.strings("tokenizer.ggml.tokens")?.nth(id? as usize).map(str::to_string)
        };
        let special = [
            ("bos_token", "bos_token_id"),
            ("eos_token", "eos_token_id"),
            ("unk_token", "unknown_token_id"),
        ]
        .iter()
        .filter_map(|(name, key)| Some((name.to_string(), texts(token(key))?)))
        .collect();
        let recommended = Recommended::of_gguf(gguf);
        let begin_token = token("bos_token_id");
        // Models of pieces begin texts unless they say otherwise, byte-level ones as
        // `llama_vocab::impl::load` of llama.cpp has it.
        let pieces = matches!(gguf.text("tokenizer.ggml.model"), Some("llama" | "gemma4"));
        let begins =
            pieces || gguf.text("tokenizer.ggml.pre").is_some_and(|pre| BEGINNING.contains(&pre));
        let begins_texts = Some(gguf.flag("tokenizer.ggml.add_bos_token").unwrap_or(begins));
        Ok(Self {
            file,
            architecture,
            around: None,
            source,
            generation: Json::Null,
            end_tokens,
            begin_token,
            begins_texts,
            chat_template,
            special,
            recommended,
        })
    }

    /// `model_type` of a folder, `general.architecture` of a GGUF file.
    pub fn architecture(&self) -> &str {
        &self.architecture
    }

    /// The file that says all this, for messages.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Whether it is GGUF metadata; the two differ in conventions beyond spelling.
    pub fn is_gguf(&self) -> bool {
        matches!(self.source, Source::Gguf(_))
    }

    /// A parameter as JSON: `json` is its path in `config.json` (`rope_scaling.factor`), `gguf` its
    /// name after the architecture's.
    pub fn get(&self, json: &str, gguf: &str) -> Option<&Json> {
        let found = match &self.source {
            Source::Json(config) => json.split('.').try_fold(config, |at, key| at.get(key)),
            Source::Gguf(metadata) => metadata.get(gguf),
        };
        found.filter(|value| !value.is_null())
    }

    /// A count that must be there and be from 1 to `most`.
    pub fn count(&self, json: &str, gguf: &str, most: usize) -> Result<usize> {
        let name = if self.is_gguf() { gguf } else { json };
        let value = self
            .get(json, gguf)
            .ok_or_else(|| Error::malformed(&self.file, format!("it has no {name}")))?;
        match value.as_u64() {
            Some(n) if (1..=most as u64).contains(&n) => Ok(n as usize),
            _ => Err(Error::malformed(
                &self.file,
                format!("{name} is {value}, expected 1 to {most}"),
            )),
        }
    }

    /// A count that may be absent.
    pub fn count_or(&self, json: &str, gguf: &str, most: usize, default: usize) -> Result<usize> {
        if self.get(json, gguf).is_none() { Ok(default) } else { self.count(json, gguf, most) }
    }

    /// Whether these are the parameters of a part of a larger network.
    pub fn is_nested(&self) -> bool {
        self.around.is_some()
    }

    /// A key of config.json: of the text part, or else of what stands around it.
    pub(super) fn whole(&self, key: &str) -> Option<&Json> {
        let around = || self.around.as_ref().and_then(|config| config.get(key));
        self.get(key, "-").or_else(around).filter(|value| !value.is_null())
    }

    /// A finite number that may be absent.
    pub fn number(&self, json: &str, gguf: &str) -> Result<Option<f64>> {
        let Some(value) = self.get(json, gguf) else { return Ok(None) };
        match value.as_f64().filter(|n| n.is_finite()) {
            Some(number) => Ok(Some(number)),
            None => {
                let name = if self.is_gguf() { gguf } else { json };
                Err(Error::malformed(&self.file, format!("{name} is {value}, expected a number")))
            }
        }
    }

    /// A list that may be absent.
    pub fn list(&self, json: &str, gguf: &str) -> Option<&Vec<Json>> {
        self.get(json, gguf)?.as_array()
    }

    /// A word that may be absent.
    pub fn word(&self, json: &str, gguf: &str) -> Option<&str> {
        self.get(json, gguf)?.as_str()
    }

    /// How texts are written where nobody says otherwise: a key of `generation_config.json`, or of
    /// what config.json has for a task by its name (`summarization`, `translation_en_to_ko`).
    pub fn generation(&self, task: &str, key: &str) -> Option<&Json> {
        let of_task = self.task(task).and_then(|task| task.get(key));
        of_task.or_else(|| self.generation.get(key)).filter(|value| !value.is_null())
    }

    fn task(&self, task: &str) -> Option<&Json> {
        self.get("task_specific_params", "-")?.get(task)
    }

    /// Words that stand before every source: `summarize: ` of T5, a blank of BART.
    pub fn words_before(&self, task: &str) -> Option<&str> {
        let of_task = self.task(task).and_then(|task| task.get("prefix"));
        of_task.or_else(|| self.get("prefix", "-"))?.as_str()
    }

    /// Token ids that such a key names, or else the key of the same name among the
    /// hyper-parameters.
    pub fn generation_ids(&self, task: &str, key: &str) -> Vec<u32> {
        token_ids(self.generation(task, key).or_else(|| self.get(key, key)))
    }

    /// Tokens that end a text, as far as the files say.
    pub fn end_tokens(&self) -> &[u32] {
        &self.end_tokens
    }

    /// The token a text begins with, if there is one.
    pub fn begin_token(&self) -> Option<u32> {
        self.begin_token
    }

    /// Whether texts begin with it where no chat template says so; `None` where the files leave it
    /// to the tokenizer.
    pub fn begins_texts(&self) -> Option<bool> {
        self.begins_texts
    }

    /// The Jinja source that turns messages into a prompt.
    pub fn chat_template(&self) -> Option<&str> {
        self.chat_template.as_deref()
    }

    /// Texts of special tokens by their names in templates: `bos_token`, `eos_token`, …
    pub fn special_tokens(&self) -> impl Iterator<Item = (&str, &str)> {
        self.special.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// An error about a parameter of this model.
    pub fn unsupported(&self, what: impl Into<String>, supported: impl Into<String>) -> Error {
        Error::Unsupported {
            what: what.into(),
            file: self.file.clone(),
            supported: supported.into(),
        }
    }
}

/// A JSON file, `None` where it is not there.
fn read_json(path: &Path) -> Result<Option<Json>> {
    let length = match std::fs::metadata(path) {
        Ok(found) => found.len(),
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

/// `eos_token_id` is a number or a list of them.
fn token_ids(value: Option<&Json>) -> Vec<u32> {
    let one = |value: &Json| value.as_u64().and_then(|id| u32::try_from(id).ok());
    match value {
        Some(Json::Array(several)) => several.iter().filter_map(one).collect(),
        Some(single) => one(single).into_iter().collect(),
        None => Vec::new(),
    }
}

/// A special token is its text, or an object with `content`.
fn token_text(value: &Json) -> Option<String> {
    value.as_str().or_else(|| value.get("content")?.as_str()).map(str::to_string)
}

/// Texts of special tokens by their names: those of tokenizer_config.json, else those of the older
/// special_tokens_map.json.
fn special_tokens(folder: &Path, tokenizer: &Json) -> Result<Vec<(String, String)>> {
    let older = read_json(&folder.join("special_tokens_map.json"))?.unwrap_or(Json::Null);
    let mut found: Vec<(String, String)> = Vec::new();
    for (name, value) in [tokenizer, &older].into_iter().filter_map(Json::as_object).flatten() {
        let new = name.ends_with("_token") && found.iter().all(|(known, _)| known != name);
        // A null in the first says that there is none.
        if let (true, Some(text)) =
            (new && tokenizer.get(name) != Some(&Json::Null), token_text(value))
        {
            found.push((name.clone(), text));
        }
    }
    Ok(found)
}
