//! The vocabulary of a network: ids of pieces and special tokens, which a model file does not have.

use std::path::Path;

use ahash::AHashMap;

use super::charsmap::BLANK;
use super::codes;
use super::families::{Family, Ids, TokenizerFamily};
use super::files::{TokenizerConfig, read_list, read_model, read_vocabulary, unusable};
use super::model::{PieceType, SentencePieceModel};
use super::output::{OutputToken, OutputVocabulary};
use super::special::{BASE, SpecialToken};
use crate::error::{Error, Result};

/// Upper bound on T5's sentinels; published models have at most 300.
const MAX_SENTINELS: usize = 10_000;

/// Ids of pieces and special tokens.
pub(super) struct Vocabulary {
    /// Ids of the pieces, by their index in the model file.
    pub(super) pieces: Vec<u32>,
    /// Ids of texts that need not be pieces: Marian's vocabulary is that of two models.
    pub(super) listed: AHashMap<String, u32>,
    pub(super) unknown: u32,
    pub(super) end: u32,
    pub(super) special: Vec<SpecialToken>,
    pub(super) output: OutputVocabulary,
}

impl Vocabulary {
    /// Ids from vocab.json.
    pub(super) fn from_json(
        folder: &Path,
        family: &Family,
        model: &SentencePieceModel,
        config: &TokenizerConfig,
    ) -> Result<Self> {
        let path = folder.join("vocab.json");
        let vocabulary = read_vocabulary(&path)?;
        let Listed { ids, pieces, unknown, end, mut special } =
            Listed::new(&path, family, model, &vocabulary)?;
        let output = if family.kind == TokenizerFamily::Marian {
            let languages = vocabulary.iter().filter(|(text, _)| family.is_language(text));
            special.extend(languages.map(|(text, id)| SpecialToken::hidden(text, *id as usize)));
            let target_model = read_model(&folder.join("target.spm"))?;
            let target = match config.separate_vocabs {
                Some(true) => read_vocabulary(&folder.join("target_vocab.json"))?,
                _ => vocabulary,
            };
            OutputVocabulary::new(&target_model, target, &special)
        } else {
            let lists = match config.language_codes.as_deref() {
                None | Some("m2m100") => family.languages,
                Some("wmt21") => &[codes::WMT21],
                Some(other) => {
                    return Err(unusable(&path, format!("its languages are `{other}`")));
                }
            };
            special.extend(language_tokens(family, lists, vocabulary.len()));
            OutputVocabulary::new(model, vocabulary, &special)
        };
        Ok(Self { pieces, listed: ids, unknown, end, special, output })
    }

    /// Ids from a list of the pieces of both languages, `vocab.yml` of OPUS-MT.
    pub(super) fn from_list(
        path: &Path,
        family: &Family,
        source: &SentencePieceModel,
        target: &SentencePieceModel,
    ) -> Result<Self> {
        let vocabulary = read_list(path)?;
        let Listed { ids, pieces, unknown, end, special } =
            Listed::new(path, family, source, &vocabulary)?;
        let output = OutputVocabulary::new(target, vocabulary, &special);
        Ok(Self { pieces, listed: ids, unknown, end, special, output })
    }

    /// Ids from the order of the pieces in the model file.
    pub(super) fn from_order(
        family: &Family,
        model: &SentencePieceModel,
        config: &TokenizerConfig,
    ) -> std::result::Result<Self, String> {
        let mut special = Vec::new();
        // The first pieces are special tokens of the model, which these families have elsewhere.
        let (shift, first) = match family.ids {
            Ids::Fairseq => {
                if model.unknown != 0 {
                    return Err(format!(
                        "piece {} is for unknown text, not the first",
                        model.unknown
                    ));
                }
                for name in BASE {
                    special.push(SpecialToken::hidden(name, special.len()));
                }
                special.extend(language_tokens(family, family.languages, model.len() + 1));
                special.push(SpecialToken::hidden("<mask>", model.len() + special.len() - 3));
                (1, 3)
            }
            Ids::Offset => {
                let offset = config.offset.unwrap_or(103) as usize;
                if offset > u16::MAX.into() {
                    return Err(format!("its offset is {offset}"));
                }
                special.extend([SpecialToken::hidden("<pad>", 0), SpecialToken::hidden("</s>", 1)]);
                if offset > 0 {
                    special.extend([
                        SpecialToken::hidden("<mask_1>", 2),
                        SpecialToken::hidden("<mask_2>", 3),
                    ]);
                    special.extend(
                        (2..offset).map(|number| {
                            SpecialToken::hidden(format!("<unk_{number}>"), number + 2)
                        }),
                    );
                }
                (offset, 2)
            }
            _ => (0, 0),
        };
        let mut tokens = Vec::new();
        for piece in first..model.len() {
            let (text, id) = (model.text(piece).to_string(), (piece + shift) as u32);
            let is_special = match model.piece_type(piece) {
                PieceType::Control | PieceType::Unknown => Some(true),
                PieceType::Normal | PieceType::UserDefined
                    if family.kind == TokenizerFamily::T5 && is_t5_special(family, &text) =>
                {
                    Some(true)
                }
                // Pegasus writes `<n>` for the end of a line. User-defined pieces without brackets
                // are digits and the like: text.
                PieceType::UserDefined if is_bracketed(&text) => Some(false),
                _ => None,
            };
            special.extend(is_special.map(|special| SpecialToken {
                text: text.clone(),
                id,
                special,
            }));
            tokens.push((text, id));
        }
        if family.kind == TokenizerFamily::T5 {
            special.extend(sentinels(config, model.len()));
        }
        let unknown = if family.ids == Ids::Fairseq { 3 } else { (model.unknown + shift) as u32 };
        let end = special.iter().find(|token| token.text == "</s>").ok_or("it has no `</s>`")?.id;
        let pieces = (0..model.len()).map(|piece| (piece + shift) as u32).collect();
        let output = OutputVocabulary::new(model, tokens, &special);
        Ok(Self { pieces, listed: AHashMap::default(), unknown, end, special, output })
    }

    /// The ids of this vocabulary for sources, and those of another one for outputs.
    pub(super) fn with_output_of(self, target: Self) -> Self {
        Self { special: target.special, output: target.output, ..self }
    }

    /// Adds the tokens of tokenizer_config.json: those of fine-tuned models, or other ids for
    /// special tokens that are in no file.
    pub(super) fn add(&mut self, config: &TokenizerConfig) {
        let indices: AHashMap<String, usize> = self
            .special
            .iter()
            .enumerate()
            .map(|(index, token)| (token.text.clone(), index))
            .collect();
        for (id, token) in config.added_tokens_decoder.iter().flatten() {
            let (Ok(id), Some(text)) = (id.parse(), token["content"].as_str()) else { continue };
            let special = token["special"].as_bool().unwrap_or(false);
            if text.is_empty() || BASE.contains(&text) || self.output.contains(id) {
                continue;
            }
            match indices.get(text) {
                Some(index) => self.special[*index].id = id,
                None => self.special.push(SpecialToken { text: text.to_string(), id, special }),
            }
            if !special {
                self.output.insert(id, OutputToken::Text(text.to_string()));
            }
        }
    }
}

/// What a list of ids says about the pieces of a model.
struct Listed {
    ids: AHashMap<String, u32>,
    pieces: Vec<u32>,
    unknown: u32,
    end: u32,
    special: Vec<SpecialToken>,
}

impl Listed {
    fn new(
        path: &Path,
        family: &Family,
        model: &SentencePieceModel,
        vocabulary: &[(String, u32)],
    ) -> Result<Self> {
        let ids: AHashMap<String, u32> = vocabulary.iter().cloned().collect();
        let required = |name: &str| {
            let missing = || Error::malformed(path, format!("it has no `{name}`"));
            ids.get(name).copied().ok_or_else(missing)
        };
        let (unknown, end) = (required("<unk>")?, required("</s>")?);
        let mut special = Vec::new();
        for name in BASE {
            special.extend(ids.get(name).map(|id| SpecialToken::hidden(name, *id as usize)));
        }
        if family.kind == TokenizerFamily::Marian {
            let languages = vocabulary.iter().filter(|(text, _)| family.is_language(text));
            special.extend(languages.map(|(text, id)| SpecialToken::hidden(text, *id as usize)));
        }
        let pieces: Vec<u32> = (0..model.len())
            .map(|piece| ids.get(model.text(piece)).copied().unwrap_or(unknown))
            .collect();
        let listed = pieces.iter().filter(|id| **id != unknown).count();
        if listed * 2 < pieces.len() {
            let (all, file) = (pieces.len(), family.file);
            let reason = format!("only {listed} of the {all} pieces of {file} are in it");
            return Err(Error::malformed(path, reason));
        }
        Ok(Self { ids, pieces, unknown, end, special })
    }
}

/// The language tokens of the families that have them in no file, with ids from `first` on.
fn language_tokens(family: &Family, lists: &[&str], first: usize) -> Vec<SpecialToken> {
    let (open, close) = family.brackets;
    let codes = lists.iter().flat_map(|list| list.split_whitespace());
    codes
        .enumerate()
        .map(|(at, code)| SpecialToken::hidden(format!("{open}{code}{close}"), first + at))
        .collect()
}

/// T5's sentinels, with the ids after the pieces in descending order.
fn sentinels(config: &TokenizerConfig, first: usize) -> Vec<SpecialToken> {
    let is_sentinel = |token: &serde_json::Value| {
        let text = token.as_str().or_else(|| token["content"].as_str());
        text.is_some_and(|text| text.starts_with("<extra_id_"))
    };
    // Those in added_tokens_decoder are added with the ids given there.
    if config.added_tokens_decoder.iter().flatten().any(|(_, token)| is_sentinel(token)) {
        return Vec::new();
    }
    let named = config.additional_special_tokens.iter().flatten();
    let named = named.filter(|token| is_sentinel(token)).count();
    let default = if named > 0 { named } else { 100 };
    let count = config.extra_ids.map_or(default, |count| count as usize).min(MAX_SENTINELS);
    (0..count)
        .map(|at| SpecialToken::hidden(format!("<extra_id_{at}>"), first + count - 1 - at))
        .collect()
}

/// True for `<2ko>` or `▁<extra_id_0>`, whatever the type of the piece.
fn is_t5_special(family: &Family, text: &str) -> bool {
    let text = text.trim_start_matches(BLANK);
    text.starts_with("<extra_id_") || family.is_language(text)
}

fn is_bracketed(text: &str) -> bool {
    let ends = (text.chars().next(), text.chars().next_back());
    text.len() > 2
        && matches!(ends, (Some('<'), Some('>')) | (Some('['), Some(']')) | (Some('{'), Some('}')))
}
