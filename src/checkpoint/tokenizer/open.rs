//! Tokenizers from the files of a folder or the metadata of a GGUF file.

use std::path::Path;

use ahash::AHashMap;
use tokenizers::models::bpe::BPE;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;

use super::added::{AddedToken, Strip};
use super::codec::{Backend, Tokenizer};
use super::library::{Library, NOT_FIRST, guarded, unusable};
use super::{gguf_vocabulary, json};
use crate::checkpoint::gguf::Gguf;
use crate::checkpoint::marian;
use crate::checkpoint::sentencepiece::{Family, SentencePiece, SpecialToken, read_vocabulary};
use crate::error::{Error, Result};

impl Tokenizer {
    /// Reads the tokenizer of a folder, in whichever form it is. `model_type` is that of
    /// config.json.
    pub fn from_folder(folder: &Path, model_type: &str) -> Result<Self> {
        if model_type == marian::MODEL_TYPE {
            return SentencePiece::of_marian(folder).map(Self::from_sentencepiece);
        }
        if SentencePiece::is_in(folder, model_type) {
            return Self::from_pieces(folder, model_type);
        }
        let json = folder.join("tokenizer.json");
        let mut tokenizer = if json.exists() {
            Self::from_file(&json)?
        } else if folder.join("merges.txt").exists() {
            Self::from_merges(folder)?
        } else {
            let reason = match SentencePiece::file(model_type) {
                Some(file) => format!("it has no tokenizer: neither {file} nor tokenizer.json"),
                None => "it has no tokenizer: no tokenizer.json".to_string(),
            };
            return Err(Error::malformed(folder, reason));
        };
        if let Backend::Library(library) = &mut tokenizer.backend {
            library.set_folder(folder, Family::of_folder(folder, model_type)?);
        }
        let tokens = json::control_tokens(&folder.join("tokenizer_config.json"))?;
        tokenizer.learn_control(tokens);
        Ok(tokenizer)
    }

    /// Adds control tokens, given by text and perhaps id, that the vocabulary has without marking
    /// them as such, or that follow it.
    fn learn_control(&mut self, tokens: Vec<(String, Option<u32>)>) {
        for (text, id) in tokens {
            let is_added = self.added.iter().any(|token| token.text == text);
            let Some(id) = self.id_of(&text).or(id) else { continue };
            if !is_added && !text.is_empty() {
                self.add_control(AddedToken::new(text, id, true, Strip::default()));
            }
        }
    }

    /// Reads the SentencePiece files of a folder.
    pub fn from_pieces(folder: &Path, model_type: &str) -> Result<Self> {
        SentencePiece::read(folder, model_type).map(Self::from_sentencepiece)
    }

    fn from_sentencepiece(model: SentencePiece) -> Self {
        let added = |token: &SpecialToken| {
            AddedToken::new(token.text.clone(), token.id, token.special, Strip::default())
        };
        let added = model.special_tokens().iter().map(added).collect();
        Self::new(Backend::SentencePiece(Box::new(model)), added)
    }

    /// Reads `tokenizer.json`.
    pub fn from_file(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|e| Error::io("read", path, e))?;
        json::read(&bytes)
            .and_then(|(inner, added, known)| Self::from_library(inner, added, known))
            .map_err(|reason| unusable(path, reason))
    }

    /// Reads `vocab.json` and `merges.txt`, as BART was first published: byte-level BPE with the
    /// special tokens of RoBERTa.
    fn from_merges(folder: &Path) -> Result<Self> {
        const SPECIAL: [&str; 5] = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"];
        let path = folder.join("merges.txt");
        let fail = |reason: String| unusable(&path, reason);
        let vocabulary = read_vocabulary(&folder.join("vocab.json"))?;
        let text = std::fs::read_to_string(&path).map_err(|e| Error::io("read", &path, e))?;
        let mut merges = Vec::new();
        for line in text.lines().filter(|line| !line.starts_with("#version") && !line.is_empty()) {
            let (left, right) =
                line.split_once(' ').ok_or_else(|| fail("a line is not two tokens".into()))?;
            merges.push((left.to_string(), right.to_string()));
        }
        let mut added = Vec::new();
        for name in SPECIAL {
            if let Some((text, id)) = vocabulary.iter().find(|(text, _)| text == name) {
                let strip = Strip { left: false, right: name == "<mask>" };
                added.push(AddedToken::new(text.clone(), *id, true, strip));
            }
        }
        let tokens: AHashMap<String, u32> = vocabulary
            .iter()
            .filter(|(text, _)| !SPECIAL.contains(&text.as_str()))
            .cloned()
            .collect();
        let bpe =
            guarded(|| BPE::builder().vocab_and_merges(tokens, merges).build()).map_err(fail)?;
        let mut inner = tokenizers::Tokenizer::new(bpe);
        inner.with_pre_tokenizer(Some(ByteLevel::new(false, true, true)));
        inner.with_decoder(Some(ByteLevel::default()));
        Self::from_library(inner, added, Vec::new()).map_err(fail)
    }

    /// Builds the tokenizer that the metadata of a GGUF file describe.
    pub fn from_gguf(gguf: &Gguf) -> Result<Self> {
        if gguf.text("tokenizer.ggml.model") == Some("t5") {
            return SentencePiece::from_gguf(gguf).map(Self::from_sentencepiece);
        }
        let (inner, mut added) = gguf_vocabulary::read(gguf)?;
        // Of several added words with the same text, the library finds the first.
        added
            .retain(|token| token.is_control() || inner.token_to_id(&token.text) == Some(token.id));
        // Words and blanks are in the vocabulary, where the library finds their ids; it need not
        // know control tokens.
        let known = added
            .iter()
            .filter(|token| !token.is_control())
            .map(|token| tokenizers::AddedToken::from(token.text.clone(), false).normalized(false))
            .collect();
        Self::from_library(inner, added, known)
            .map_err(|reason| unusable(gguf.file().path(), reason))
    }

    /// A tokenizer of the crate without added tokens, all added tokens, and those of them that the
    /// crate should know.
    fn from_library(
        inner: tokenizers::Tokenizer,
        mut added: Vec<AddedToken>,
        known: Vec<tokenizers::AddedToken>,
    ) -> std::result::Result<Self, String> {
        added.retain(|token| !token.text.is_empty() && token.text != NOT_FIRST);
        let library = Library::new(inner, &added, known)?;
        // The library decodes words.
        added.retain(AddedToken::is_control);
        Ok(Self::new(Backend::Library(Box::new(library)), added))
    }
}
