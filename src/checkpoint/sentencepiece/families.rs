//! The families: where the ids of each come from, which special tokens it has, and where they
//! stand. Of files it reads only the class of the tokenizer.

use std::path::Path;

use super::codes;
use super::files::{TokenizerClass, TokenizerConfig, read_optional};
use super::special::EncoderTemplate;
use crate::error::Result;

/// A family of tokenizers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenizerFamily {
    Marian,
    Nllb,
    M2m100,
    Mbart,
    Mbart50,
    T5,
    Pegasus,
}

/// The source of token ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ids {
    /// `vocab.json`; `target_vocab.json` for a separate target vocabulary.
    Json,
    /// The order of the pieces in the model file.
    Order,
    /// Fairseq's: `<s>`, `<pad>`, `</s>` and `<unk>`, then the pieces after the model's first
    /// three, with their index plus one.
    Fairseq,
    /// The order of the pieces plus an offset, the number of special tokens for pre-training
    /// (`offset` in tokenizer_config.json, 103 by default).
    Offset,
}

/// The place of the source language token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SourceTokenPlace {
    Nowhere,
    Before,
    AfterEnd,
}

/// The place of the target language token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TargetTokenPlace {
    /// First token of the output, by force.
    First,
    /// Before the source text, if the model has language tokens.
    BeforeSource,
}

/// The properties of a family.
pub(in crate::checkpoint) struct Family {
    pub(super) kind: TokenizerFamily,
    /// `tokenizer_class` in tokenizer_config.json or config.json, without `Fast`.
    pub(super) classes: &'static [&'static str],
    /// `model_type` in config.json, if no class is named.
    pub(super) model_types: &'static [&'static str],
    pub(super) file: &'static str,
    pub(super) ids: Ids,
    /// Language codes whose tokens follow the vocabulary.
    pub(super) languages: &'static [&'static str],
    /// Text before and after the code in a language token.
    pub(super) brackets: (&'static str, &'static str),
    pub(super) source: SourceTokenPlace,
    pub(super) target: TargetTokenPlace,
}

/// All families.
pub(super) const FAMILIES: &[Family] = &[
    Family {
        kind: TokenizerFamily::Marian,
        classes: &["MarianTokenizer"],
        model_types: &["marian"],
        file: "source.spm",
        ids: Ids::Json,
        languages: &[],
        brackets: (">>", "<<"),
        source: SourceTokenPlace::Nowhere,
        target: TargetTokenPlace::BeforeSource,
    },
    Family {
        // Marian's own folders, whose vocabularies have names of their own: `of_marian`.
        kind: TokenizerFamily::Marian,
        classes: &[],
        model_types: &["marian-student"],
        file: "vocab.spm",
        ids: Ids::Order,
        languages: &[],
        brackets: (">>", "<<"),
        source: SourceTokenPlace::Nowhere,
        target: TargetTokenPlace::BeforeSource,
    },
    Family {
        // Dense NLLB models have the type `m2m_100`: see `Family::choose`.
        kind: TokenizerFamily::Nllb,
        classes: &["NllbTokenizer"],
        model_types: &["nllb", "nllb-moe"],
        file: "sentencepiece.bpe.model",
        ids: Ids::Fairseq,
        languages: &[codes::NLLB],
        brackets: ("", ""),
        source: SourceTokenPlace::Before,
        target: TargetTokenPlace::First,
    },
    Family {
        kind: TokenizerFamily::M2m100,
        classes: &["M2M100Tokenizer"],
        model_types: &["m2m_100"],
        file: "sentencepiece.bpe.model",
        ids: Ids::Json,
        languages: &[codes::M2M100],
        brackets: ("__", "__"),
        source: SourceTokenPlace::Before,
        target: TargetTokenPlace::First,
    },
    Family {
        kind: TokenizerFamily::Mbart,
        classes: &["MBartTokenizer"],
        model_types: &["mbart"],
        file: "sentencepiece.bpe.model",
        ids: Ids::Fairseq,
        languages: &[codes::MBART],
        brackets: ("", ""),
        source: SourceTokenPlace::AfterEnd,
        target: TargetTokenPlace::First,
    },
    Family {
        kind: TokenizerFamily::Mbart50,
        classes: &["MBart50Tokenizer"],
        model_types: &[],
        file: "sentencepiece.bpe.model",
        ids: Ids::Fairseq,
        languages: &[codes::MBART, codes::MBART50],
        brackets: ("", ""),
        source: SourceTokenPlace::Before,
        target: TargetTokenPlace::First,
    },
    Family {
        // `<2ko>` is MADLAD's; the others have no languages.
        kind: TokenizerFamily::T5,
        classes: &["T5Tokenizer", "MT5Tokenizer"],
        model_types: &["t5", "mt5", "umt5", "longt5", "switch_transformers"],
        file: "spiece.model",
        ids: Ids::Order,
        languages: &[],
        brackets: ("<2", ">"),
        source: SourceTokenPlace::Nowhere,
        target: TargetTokenPlace::BeforeSource,
    },
    Family {
        kind: TokenizerFamily::Pegasus,
        classes: &["PegasusTokenizer"],
        model_types: &["pegasus", "pegasus_x", "bigbird_pegasus"],
        file: "spiece.model",
        ids: Ids::Offset,
        languages: &[],
        brackets: ("", ""),
        source: SourceTokenPlace::Nowhere,
        target: TargetTokenPlace::BeforeSource,
    },
];

/// Two-letter codes, and their spellings in language tokens.
const SPELLINGS: &[(&str, &[&str])] =
    &[("en", &["en", "eng", "eng_Latn", "en_XX"]), ("ko", &["ko", "kor", "kor_Hang", "ko_KR"])];

/// The two-letter code of a spelling.
pub(super) fn code_of(spelling: &str) -> Option<&'static str> {
    SPELLINGS.iter().find(|(_, spellings)| spellings.contains(&spelling)).map(|(code, _)| *code)
}

impl Family {
    /// The family of a model. The class of the tokenizer decides, because NLLB and M2M-100 share an
    /// architecture, and so do mBART and mBART-50.
    pub(super) fn choose(
        model_type: &str,
        class: Option<&str>,
        has_vocab_json: bool,
    ) -> Option<&'static Self> {
        let class = class.map(|class| class.strip_suffix("Fast").unwrap_or(class));
        let by_class = FAMILIES
            .iter()
            .find(|family| class.is_some_and(|class| family.classes.contains(&class)));
        let kind = if model_type == "m2m_100" && !has_vocab_json { "nllb" } else { model_type };
        by_class.or_else(|| FAMILIES.iter().find(|family| family.model_types.contains(&kind)))
    }

    /// The family of a folder.
    pub fn of_folder(folder: &Path, model_type: &str) -> Result<Option<&'static Self>> {
        let tokenizer: TokenizerConfig = read_optional(&folder.join("tokenizer_config.json"))?;
        let config: TokenizerClass = read_optional(&folder.join("config.json"))?;
        let class = tokenizer.tokenizer_class.as_deref().or(config.tokenizer_class.as_deref());
        Ok(Self::choose(model_type, class, folder.join("vocab.json").exists()))
    }

    /// Adds language tokens to a template, for a text in the first language and an output in the
    /// second. `blank` goes before a target token that stands before the text. `tokens` are the
    /// special tokens of the model. Fails with the code of a language without a token.
    pub fn encoder_template<'m>(
        &self,
        (from, into): (&str, &str),
        mut template: EncoderTemplate,
        blank: Option<u32>,
        tokens: impl Iterator<Item = (&'m str, u32)> + Clone,
    ) -> std::result::Result<EncoderTemplate, String> {
        let has_languages = tokens.clone().any(|(text, _)| self.is_language(text));
        let language = |code: &str| {
            let mut spellings = self.tokens_of(code).into_iter();
            let token =
                spellings.find_map(|spelling| tokens.clone().find(|(text, _)| *text == spelling));
            token.map(|(_, id)| id).ok_or_else(|| code.to_string())
        };
        match self.source {
            SourceTokenPlace::Nowhere => {}
            SourceTokenPlace::Before => template.before.push(language(from)?),
            SourceTokenPlace::AfterEnd => template.after.push(language(from)?),
        }
        match self.target {
            TargetTokenPlace::First => template.first = Some(language(into)?),
            TargetTokenPlace::BeforeSource if !has_languages => {}
            TargetTokenPlace::BeforeSource => {
                template.before.extend(blank);
                template.before.push(language(into)?);
            }
        }
        Ok(template)
    }

    /// The possible tokens of a language, by its two-letter code.
    fn tokens_of(&self, code: &str) -> Vec<String> {
        let spellings = SPELLINGS.iter().find(|(short, _)| *short == code);
        let spellings = spellings.map_or(&[][..], |(_, spellings)| *spellings);
        let (open, close) = self.brackets;
        spellings.iter().map(|spelling| format!("{open}{spelling}{close}")).collect()
    }

    /// True for a language token, in families that have brackets around the code.
    pub fn is_language(&self, token: &str) -> bool {
        let (open, close) = self.brackets;
        let inner = token.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
        let is_code = |inner: &str| {
            inner.starts_with(|c: char| c.is_ascii_alphabetic())
                && inner
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
        };
        !open.is_empty() && inner.is_some_and(is_code)
    }
}
