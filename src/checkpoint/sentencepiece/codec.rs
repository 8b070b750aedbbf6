//! Encoding of text to token ids with a SentencePiece model, and decoding.

use std::path::{Path, PathBuf};

use ahash::AHashSet;

use super::families::{self, FAMILIES, Family, Ids, TokenizerFamily};
use super::files::{TokenizerConfig, read_model, read_optional, unusable};
use super::model::{Normalization, PieceType, SentencePieceModel, UNUSED};
use super::segment::Segmenter;
use super::special::{EncoderTemplate, SpecialToken, unknown_language};
use super::vocabulary::Vocabulary;
use crate::checkpoint::gguf::Gguf;
use crate::checkpoint::marian::{EOS, MODEL_TYPE, MarianFolder};
use crate::error::{Error, Result};

/// Name of the model file in some folders, instead of the family's.
const OTHER_NAME: &str = "tokenizer.model";

/// Encodes text to token ids and decodes them.
pub(in crate::checkpoint) struct SentencePiece {
    family: &'static Family,
    path: PathBuf,
    segmenter: Segmenter,
    /// NLLB: the source language token stands after EOS.
    legacy: bool,
    /// The languages the model translates from and into, if the folder names them.
    direction: [Option<String>; 2],
    vocabulary: Vocabulary,
    /// Ids of bytes, for text that no piece covers; empty if the model has none.
    bytes: Vec<u32>,
}

impl SentencePiece {
    /// The name of the model file in folders of this type, if they have one.
    pub fn file(model_type: &str) -> Option<&'static str> {
        Family::choose(model_type, None, false).map(|family| family.file)
    }

    /// True if a folder has a SentencePiece model.
    pub fn is_in(folder: &Path, model_type: &str) -> bool {
        let family = Family::of_folder(folder, model_type).ok().flatten();
        family.is_some_and(|family| {
            [family.file, OTHER_NAME].iter().any(|file| folder.join(file).exists())
        })
    }

    /// Reads the files of a folder. `model_type` is that of config.json.
    pub fn read(folder: &Path, model_type: &str) -> Result<Self> {
        let config: TokenizerConfig = read_optional(&folder.join("tokenizer_config.json"))?;
        let Some(family) = Family::of_folder(folder, model_type)? else {
            let supported: Vec<&str> =
                FAMILIES.iter().flat_map(|family| family.model_types).copied().collect();
            return Err(Error::Unsupported {
                what: format!("a SentencePiece tokenizer of `{model_type}`"),
                file: folder.to_path_buf(),
                supported: supported.join(", "),
            });
        };
        let mut path = folder.join(family.file);
        if !path.exists() {
            path = folder.join(OTHER_NAME);
        }
        let model = read_model(&path)?;
        let vocabulary = match family.ids {
            Ids::Json => Vocabulary::from_json(folder, family, &model, &config)?,
            _ => Vocabulary::from_order(family, &model, &config)
                .map_err(|reason| unusable(&path, reason))?,
        };
        Self::new(family, &path, model, vocabulary, &config)
            .map_err(|reason| unusable(&path, reason))
    }

    /// Reads the vocabularies of a folder of Marian's, whose ids are the order of the pieces.
    pub fn of_marian(folder: &Path) -> Result<Self> {
        let Some(files) = MarianFolder::find(folder)? else {
            return Err(Error::malformed(folder, "it has no model of Marian"));
        };
        let path = &files.source_vocabulary;
        let unusable = |reason: String| unusable(path, reason);
        let family = FAMILIES.iter().find(|family| family.model_types.contains(&MODEL_TYPE));
        let family = family.ok_or_else(|| unusable("no family of that kind".into()))?;
        let [source_lang, target_lang] = files.direction;
        let config = TokenizerConfig { source_lang, target_lang, ..TokenizerConfig::default() };
        let model = read_model(path)?;
        let is_shared = files.target_vocabulary == *path;
        let target = (!is_shared).then(|| read_model(&files.target_vocabulary)).transpose()?;
        let vocabulary = if let Some(list) = &files.list {
            let target = target.as_ref().unwrap_or(&model);
            Vocabulary::from_list(list, family, &model, target)?
        } else {
            let in_order = |model| Vocabulary::from_order(family, model, &config).map_err(unusable);
            match &target {
                Some(target) => in_order(&model)?.with_output_of(in_order(target)?),
                None => in_order(&model)?,
            }
        };
        match vocabulary.special.iter().find(|token| token.text == "</s>") {
            Some(end) if end.id == EOS => {}
            _ => return Err(unusable(format!("its `</s>` is not token {EOS}"))),
        }
        Self::new(family, path, model, vocabulary, &config).map_err(unusable)
    }

    /// Builds the tokenizer that the metadata of a GGUF file describe (`tokenizer.ggml.model` is
    /// `t5`): pieces and normalization, as llama.cpp's converter writes them.
    pub fn from_gguf(gguf: &Gguf) -> Result<Self> {
        let path = gguf.file().path();
        let key = |name: &str| format!("tokenizer.ggml.{name}");
        let numbers = |name: &str| {
            gguf.numbers(&key(name)).ok_or_else(|| unusable(path, format!("no {}", key(name))))
        };
        let tokens = gguf
            .strings(&key("tokens"))
            .ok_or_else(|| unusable(path, "no tokenizer.ggml.tokens".into()))?;
        let pieces: Vec<(&str, f32, u64)> = tokens
            .zip(numbers("scores")?)
            .zip(numbers("token_type")?)
            .map(|((text, score), piece_type)| (text, score as f32, piece_type as u64))
            .collect();
        // Padding at the end of the vocabulary is no piece.
        let is_padding = |(text, _, piece_type): &&(&str, f32, u64)| {
            *piece_type == UNUSED && text.starts_with("[PAD")
        };
        let count = pieces.len() - pieces.iter().rev().take_while(is_padding).count();
        let default = Normalization::default();
        let normalization = Normalization {
            charsmap: gguf.numbers(&key("precompiled_charsmap")).map_or_else(Vec::new, |bytes| {
                // Bytes, signed in some files and unsigned in others.
                bytes.map(|byte| byte as i64 as u8).collect()
            }),
            add_blank: gguf.flag(&key("add_space_prefix")).unwrap_or(default.add_blank),
            collapse_blanks: gguf
                .flag(&key("remove_extra_whitespaces"))
                .unwrap_or(default.collapse_blanks),
            ..default
        };
        SentencePieceModel::of_pieces(pieces[..count].iter().copied(), normalization)
            .and_then(|model| Self::without_folder(path, model))
            .map_err(|reason| unusable(path, reason))
    }

    /// A T5 tokenizer of a model alone.
    fn without_folder(path: &Path, model: SentencePieceModel) -> std::result::Result<Self, String> {
        let config = TokenizerConfig { extra_ids: Some(0), ..TokenizerConfig::default() };
        let family = FAMILIES.iter().find(|family| family.kind == TokenizerFamily::T5);
        let family = family.ok_or("no family of that kind")?;
        let vocabulary = Vocabulary::from_order(family, &model, &config)?;
        Self::new(family, path, model, vocabulary, &config)
    }

    fn new(
        family: &'static Family,
        path: &Path,
        model: SentencePieceModel,
        mut vocabulary: Vocabulary,
        config: &TokenizerConfig,
    ) -> std::result::Result<Self, String> {
        vocabulary.add(config);
        let special: AHashSet<&str> =
            vocabulary.special.iter().map(|token| token.text.as_str()).collect();
        vocabulary.listed.retain(|text, _| !special.contains(text.as_str()));
        let mut bytes = vec![0; if model.byte_fallback { 256 } else { 0 }];
        for (piece, id) in vocabulary.pieces.iter().enumerate() {
            if let PieceType::Byte(byte) = model.piece_type(piece) {
                bytes[usize::from(byte)] = *id;
            }
        }
        let segmenter = Segmenter::new(model, |text| special.contains(text))?;
        let legacy = family.kind == TokenizerFamily::Nllb && config.legacy_behaviour == Some(true);
        let direction = [config.source_lang.clone(), config.target_lang.clone()];
        Ok(Self {
            family,
            path: path.to_path_buf(),
            segmenter,
            legacy,
            direction,
            vocabulary,
            bytes,
        })
    }

    /// Token ids of a text: never a special token.
    pub fn encode(&self, text: &str) -> Vec<u32> {
        let normalized = self.segmenter.normalize(text);
        let mut ids = Vec::new();
        for (range, piece) in self.segmenter.segment(&normalized) {
            match piece {
                Some(piece) => ids.push(self.vocabulary.pieces[piece]),
                None if !self.bytes.is_empty() => {
                    ids.extend(normalized[range].bytes().map(|byte| self.bytes[usize::from(byte)]));
                }
                None => {
                    let listed = self.vocabulary.listed.get(&normalized[range]);
                    ids.push(listed.copied().unwrap_or(self.vocabulary.unknown));
                }
            }
        }
        ids
    }

    /// The text of token ids, without hidden tokens.
    pub fn decode(&self, ids: &[u32]) -> String {
        self.vocabulary.output.decode(ids)
    }

    /// The bytes of a token in the middle of a text; none for hidden tokens.
    pub fn token_bytes(&self, id: u32) -> Vec<u8> {
        self.vocabulary.output.token_bytes(id)
    }

    /// The id of a special token or a piece by its exact text.
    pub fn id_of(&self, token: &str) -> Option<u32> {
        let special = self.vocabulary.special.iter().find(|special| special.text == token);
        if let Some(special) = special {
            return Some(special.id);
        }
        match self.family.ids {
            Ids::Json => self.vocabulary.listed.get(token).copied(),
            _ => self.segmenter.model.find(token).map(|piece| self.vocabulary.pieces[piece]),
        }
    }

    /// Tokens that no text is encoded to.
    pub fn special_tokens(&self) -> &[SpecialToken] {
        &self.vocabulary.special
    }

    /// The largest id that a text can have.
    pub fn largest_id(&self) -> Option<u32> {
        self.vocabulary.pieces.iter().copied().max()
    }

    /// True if a token is part of outputs, if only as a blank before other text.
    pub fn shows(&self, id: u32) -> bool {
        self.vocabulary.output.contains(id)
    }

    /// The tokens around a text in one language (`en`, `ko`) for an output in another.
    pub fn encoder_template(&self, from: &str, into: &str) -> Result<EncoderTemplate> {
        let unknown = |code: String| unknown_language(&code, &self.path);
        let template =
            EncoderTemplate { after: vec![self.vocabulary.end], ..EncoderTemplate::default() };
        let special = self.vocabulary.special.iter().map(|token| (token.text.as_str(), token.id));
        if self.legacy {
            let mut template = self
                .family
                .encoder_template((from, into), template, None, special)
                .map_err(unknown)?;
            template.after.append(&mut template.before);
            return Ok(template);
        }
        // In T5 the language token belongs to the text, so the blank before every text stands
        // before the token.
        let normalization = &self.segmenter.model.normalization;
        let in_text = self.family.kind == TokenizerFamily::T5
            && normalization.add_blank
            && !normalization.blank_last;
        let blank = if in_text { self.id_of("▁") } else { None };
        let by_family =
            self.family.encoder_template((from, into), template.clone(), blank, special);
        if self.family.kind != TokenizerFamily::Marian
            || by_family.as_ref().is_ok_and(|by_family| !by_family.before.is_empty())
        {
            return by_family.map_err(unknown);
        }
        // A Marian model of one direction needs no language token, whatever its vocabulary has.
        // A language that is neither English nor Korean stands for itself.
        let [source, target] = self.direction.each_ref().map(|name| {
            let name = name.as_deref()?;
            Some(families::code_of(name).unwrap_or(name))
        });
        let direction = [source, target];
        let is_other =
            |(code, wanted): (&Option<&str>, &str)| code.is_some_and(|code| code != wanted);
        if direction.iter().zip([from, into]).any(is_other) {
            let [source, target] = direction.map(|code| code.unwrap_or("?"));
            return Err(Error::Unsupported {
                what: format!("translation from `{from}` into `{into}`"),
                file: self.path.clone(),
                supported: format!("`{source}` into `{target}`"),
            });
        }
        if direction[1].is_some() { Ok(template) } else { by_family.map_err(unknown) }
    }
}

/// True if bytes are a usable model, which is then tried out. The fuzz target calls this.
pub(in crate::checkpoint) fn try_out(bytes: &[u8]) -> bool {
    let model = SentencePieceModel::parse(bytes)
        .and_then(|model| SentencePiece::without_folder(Path::new("bytes"), model));
    model.is_ok_and(|model| {
        let ids = model.encode("Kim 김, </s> 7.5%\n  ㅋㅋㅋ ½");
        model.decode(&ids);
        !ids.is_empty()
    })
}
