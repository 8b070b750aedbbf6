//! The configuration of a model: hyper-parameters, special tokens, chat template, generation and
//! sampling defaults. Read from the JSON files of a folder or from the metadata of a GGUF file.
//!
//! Knows the keys of both; the meaning of a hyper-parameter is known to the architectures only.

mod chat_templates;
mod json;
mod key;
mod sampling_defaults;

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

pub use self::key::Key;
pub use self::sampling_defaults::SamplingDefaults;
use super::gguf::Gguf;
use crate::error::{Error, Result};

/// Pre-tokenizers, by llama.cpp's names, whose vocabularies add a BOS token unless the file says
/// otherwise.
const PRE_TOKENIZERS_WITH_BOS: &[&str] =
    &["llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "midm-2.0", "lfm2", "tekken"];

/// The configuration of a model.
pub struct ModelConfig {
    file: PathBuf,
    architecture: String,
    /// The whole `config.json`, if the parameters are those of its `text_config`.
    outer: Option<Json>,
    source: ConfigSource,
    /// `generation_config.json`, or the `config.json` of an older folder, which has the same keys.
    generation: Json,
    eos_tokens: Vec<u32>,
    bos_token: Option<u32>,
    add_bos_token: Option<bool>,
    chat_template: Option<String>,
    special_tokens: Vec<(String, String)>,
    /// Sampling defaults recommended by the checkpoint.
    pub sampling_defaults: SamplingDefaults,
}

enum ConfigSource {
    /// `config.json`; the `text_config` of a multimodal checkpoint.
    Json(Json),
    /// Scalars and numeric arrays of the metadata, without the architecture's prefix.
    Gguf(serde_json::Map<String, Json>),
}

impl ModelConfig {
    /// Reads `config.json`, `generation_config.json`, `tokenizer_config.json`,
    /// `special_tokens_map.json` and the chat template of a folder.
    pub(super) fn from_folder(folder: &Path) -> Result<Self> {
        let file = folder.join("config.json");
        let config = json::read(&file)?.ok_or_else(|| Error::NotFound { path: file.clone() })?;
        let generation_config = json::read(&folder.join("generation_config.json"))?;
        let tokenizer = json::read(&folder.join("tokenizer_config.json"))?.unwrap_or(Json::Null);
        // Multimodal checkpoints nest the parameters of the text network.
        let nested = config.get("text_config").filter(|text| text.is_object());
        let text = nested.unwrap_or(&config);
        let either = |key: &str| text.get(key).or_else(|| config.get(key));
        let architecture = [text, &config]
            .iter()
            .find_map(|config| config.get("model_type")?.as_str())
            .ok_or_else(|| Error::malformed(&file, "it names no model_type"))?
            .to_string();
        // Older folders have these keys in config.json; next to a generation_config.json they do
        // not count there.
        let generation = generation_config.clone().unwrap_or_else(|| config.clone());
        let generation_config = generation_config.unwrap_or(Json::Null);
        let mut eos_tokens = json::token_ids(generation_config.get("eos_token_id"));
        for id in json::token_ids(either("eos_token_id")) {
            if !eos_tokens.contains(&id) {
                eos_tokens.push(id);
            }
        }
        let bos_token = json::token_ids(either("bos_token_id")).first().copied();
        let special_tokens = json::special_tokens(folder, &tokenizer)?;
        let chat_template = chat_templates::of_folder(folder, &tokenizer)?;
        let add_bos_token = tokenizer.get("add_bos_token").and_then(Json::as_bool);
        let sampling_defaults = SamplingDefaults::of_folder(&generation_config);
        let source = ConfigSource::Json(text.clone());
        Ok(Self {
            file,
            architecture,
            outer: nested.is_some().then(|| config.clone()),
            source,
            generation,
            eos_tokens,
            bos_token,
            add_bos_token,
            chat_template,
            special_tokens,
            sampling_defaults,
        })
    }

    /// The configuration of another format of weights: the keys of `config.json`, and the file that
    /// they come from.
    pub(super) fn from_json(file: PathBuf, config: Json) -> Result<Self> {
        let architecture = config.get("model_type").and_then(Json::as_str);
        let architecture = architecture
            .ok_or_else(|| Error::malformed(&file, "it names no model_type"))?
            .to_string();
        Ok(Self {
            architecture,
            outer: None,
            eos_tokens: json::token_ids(config.get("eos_token_id")),
            bos_token: None,
            add_bos_token: None,
            chat_template: None,
            special_tokens: Vec::new(),
            sampling_defaults: SamplingDefaults::of_folder(&Json::Null),
            generation: config.clone(),
            source: ConfigSource::Json(config),
            file,
        })
    }

    /// Reads the metadata of a GGUF file.
    pub(super) fn from_gguf(gguf: &Gguf) -> Result<Self> {
        let file = gguf.file().path().to_path_buf();
        let architecture = gguf
            .text("general.architecture")
            .ok_or_else(|| Error::malformed(&file, "it has no general.architecture"))?
            .to_string();
        let source = ConfigSource::Gguf(gguf.scalars(&format!("{architecture}.")));
        let token = |key: &str| {
            gguf.number(&format!("tokenizer.ggml.{key}")).and_then(|id| u32::try_from(id).ok())
        };
        let mut eos_tokens: Vec<u32> = ["eos_token_id", "eot_token_id", "eom_token_id"]
            .iter()
            .filter_map(|key| token(key))
            .collect();
        eos_tokens.dedup();
        let chat_template = chat_templates::of_gguf(gguf)?;
        let token_text = |id: Option<u32>| {
            gguf.strings("tokenizer.ggml.tokens")?.nth(id? as usize).map(str::to_string)
        };
        let special_tokens = [
            ("bos_token", "bos_token_id"),
            ("eos_token", "eos_token_id"),
            ("unk_token", "unknown_token_id"),
        ]
        .iter()
        .filter_map(|(name, key)| Some((name.to_string(), token_text(token(key))?)))
        .collect();
        // SentencePiece models add a BOS token unless the file says otherwise, byte-level ones by
        // their pre-tokenizer: `llama_vocab::impl::load` of llama.cpp.
        let is_sentencepiece =
            matches!(gguf.text("tokenizer.ggml.model"), Some("llama" | "gemma4"));
        let pre_tokenizer = gguf.text("tokenizer.ggml.pre");
        let default = is_sentencepiece
            || pre_tokenizer.is_some_and(|name| PRE_TOKENIZERS_WITH_BOS.contains(&name));
        Ok(Self {
            file,
            architecture,
            outer: None,
            source,
            generation: Json::Null,
            eos_tokens,
            bos_token: token("bos_token_id"),
            add_bos_token: Some(gguf.flag("tokenizer.ggml.add_bos_token").unwrap_or(default)),
            chat_template,
            special_tokens,
            sampling_defaults: SamplingDefaults::of_gguf(gguf),
        })
    }

    /// `model_type` of a folder, `general.architecture` of a GGUF file.
    pub fn architecture(&self) -> &str {
        &self.architecture
    }

    /// The file the hyper-parameters come from, for messages.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// True for GGUF metadata. The two sources differ in more conventions than their keys.
    pub fn is_gguf(&self) -> bool {
        matches!(self.source, ConfigSource::Gguf(_))
    }

    /// A hyper-parameter as JSON; `None` if it is missing or null.
    pub fn get(&self, key: Key<'_>) -> Option<&Json> {
        let value = match &self.source {
            ConfigSource::Json(config) => {
                key.json?.split('.').try_fold(config, |object, name| object.get(name))
            }
            ConfigSource::Gguf(metadata) => metadata.get(key.gguf?),
        };
        value.filter(|value| !value.is_null())
    }

    /// A required count from 1 to `most`.
    pub fn count(&self, key: Key<'_>, most: usize) -> Result<usize> {
        let name = self.name(key);
        let value = self
            .get(key)
            .ok_or_else(|| Error::malformed(&self.file, format!("it has no {name}")))?;
        match value.as_u64() {
            Some(n) if (1..=most as u64).contains(&n) => Ok(n as usize),
            _ => Err(Error::malformed(
                &self.file,
                format!("{name} is {value}, expected 1 to {most}"),
            )),
        }
    }

    /// A count from 1 to `most`, or the default if it is missing.
    pub fn count_or(&self, key: Key<'_>, most: usize, default: usize) -> Result<usize> {
        if self.get(key).is_none() { Ok(default) } else { self.count(key, most) }
    }

    /// True if these are the parameters of the text network of a multimodal checkpoint.
    pub fn is_nested(&self) -> bool {
        self.outer.is_some()
    }

    /// A key of `config.json`: of `text_config` if it is there, else of the whole file.
    pub(super) fn text_or_outer(&self, key: &str) -> Option<&Json> {
        let outer = || self.outer.as_ref().and_then(|config| config.get(key));
        self.get(Key::json(key)).or_else(outer).filter(|value| !value.is_null())
    }

    /// A finite number; `None` if it is missing.
    pub fn number(&self, key: Key<'_>) -> Result<Option<f64>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match value.as_f64().filter(|n| n.is_finite()) {
            Some(number) => Ok(Some(number)),
            None => {
                let name = self.name(key);
                Err(Error::malformed(&self.file, format!("{name} is {value}, expected a number")))
            }
        }
    }

    /// A list; `None` if it is missing or something else.
    pub fn list(&self, key: Key<'_>) -> Option<&Vec<Json>> {
        self.get(key)?.as_array()
    }

    /// A string; `None` if it is missing or something else.
    pub fn string(&self, key: Key<'_>) -> Option<&str> {
        self.get(key)?.as_str()
    }

    /// The name of a key in the source at hand, for messages.
    fn name<'k>(&self, key: Key<'k>) -> &'k str {
        let name = if self.is_gguf() { key.gguf.or(key.json) } else { key.json.or(key.gguf) };
        name.unwrap_or_default()
    }

    /// A generation default: a key of `task_specific_params` for the task (`summarization`,
    /// `translation_en_to_ko`), else of `generation_config.json`.
    pub fn generation(&self, task: &str, key: &str) -> Option<&Json> {
        let of_task = self.task_params(task).and_then(|params| params.get(key));
        of_task.or_else(|| self.generation.get(key)).filter(|value| !value.is_null())
    }

    fn task_params(&self, task: &str) -> Option<&Json> {
        self.get(Key::json("task_specific_params"))?.get(task)
    }

    /// Task prefix prepended to the encoder input: `summarize: ` for T5, a space for BART.
    pub fn task_prefix(&self, task: &str) -> Option<&str> {
        let of_task = self.task_params(task).and_then(|params| params.get("prefix"));
        of_task.or_else(|| self.get(Key::json("prefix")))?.as_str()
    }

    /// The token ids of a generation default, else of the hyper-parameter with the same name.
    pub fn generation_ids(&self, task: &str, key: &str) -> Vec<u32> {
        json::token_ids(self.generation(task, key).or_else(|| self.get(Key::both(key, key))))
    }

    /// End-of-sequence tokens named in the files.
    pub fn eos_tokens(&self) -> &[u32] {
        &self.eos_tokens
    }

    /// The beginning-of-sequence token.
    pub fn bos_token(&self) -> Option<u32> {
        self.bos_token
    }

    /// Whether to prepend the BOS token when there is no chat template; `None` if the files leave
    /// it to the tokenizer.
    pub fn add_bos_token(&self) -> Option<bool> {
        self.add_bos_token
    }

    /// The Jinja source of the chat template.
    pub fn chat_template(&self) -> Option<&str> {
        self.chat_template.as_deref()
    }

    /// Special tokens as pairs of name (`bos_token`, `eos_token`, …) and text, for templates.
    pub fn special_tokens(&self) -> impl Iterator<Item = (&str, &str)> {
        self.special_tokens.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// An error about an unsupported feature of this model.
    pub fn unsupported(&self, what: impl Into<String>, supported: impl Into<String>) -> Error {
        Error::Unsupported {
            what: what.into(),
            file: self.file.clone(),
            supported: supported.into(),
        }
    }
}
