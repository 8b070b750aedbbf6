//! The families: where each one's ids come from, which marks it has, and where they stand. One
//! table; of files it asks only which class of tokenizer they name.

use std::path::Path;

use super::{Class, EncoderTemplate, Settings, codes, read_optional};
use crate::error::Result;

/// The families that are told apart here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Marian,
    Nllb,
    M2m100,
    Mbart,
    Mbart50,
    T5,
    Pegasus,
}

/// Where a family's ids come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ids {
    /// `vocab.json`, piece by piece; `target_vocab.json` for the target's where they are separate.
    Listed,
    /// The places of the pieces.
    Places,
    /// Fairseq's: `<s>`, `<pad>`, `</s>` and `<unk>`, and then the pieces after the model's own
    /// three, so one further on.
    Fairseq,
    /// The places of the pieces after so many marks for pre-training (`offset` in
    /// tokenizer_config.json, 103).
    Offset,
}

/// Where the source language's mark stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Nowhere,
    Before,
    AfterEnd,
}

/// Where the target language's mark stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// The first token of the output is forced to it.
    First,
    /// Before the source text, where the model has such marks at all.
    BeforeSource,
}

pub(in crate::checkpoint) struct Row {
    pub(super) kind: Kind,
    /// `tokenizer_class` in tokenizer_config.json or config.json, without `Fast`.
    pub(super) classes: &'static [&'static str],
    /// `model_type` where no class is named.
    pub(super) model_types: &'static [&'static str],
    pub(super) file: &'static str,
    pub(super) ids: Ids,
    /// Languages whose marks have the ids after the vocabulary's.
    pub(super) languages: &'static [&'static str],
    /// What stands around a language's code in its mark.
    pub(super) mark: (&'static str, &'static str),
    pub(super) source: Source,
    pub(super) target: Target,
}

pub(super) const TABLE: &[Row] = &[
    Row {
        kind: Kind::Marian,
        classes: &["MarianTokenizer"],
        model_types: &["marian"],
        file: "source.spm",
        ids: Ids::Listed,
        languages: &[],
        mark: (">>", "<<"),
        source: Source::Nowhere,
        target: Target::BeforeSource,
    },
    Row {
        // Dense NLLB models are of type `m2m_100`: see `Row::choose`.
        kind: Kind::Nllb,
        classes: &["NllbTokenizer"],
        model_types: &["nllb", "nllb-moe"],
        file: "sentencepiece.bpe.model",
        ids: Ids::Fairseq,
        languages: &[codes::NLLB],
        mark: ("", ""),
        source: Source::Before,
        target: Target::First,
    },
    Row {
        kind: Kind::M2m100,
        classes: &["M2M100Tokenizer"],
        model_types: &["m2m_100"],
        file: "sentencepiece.bpe.model",
        ids: Ids::Listed,
        languages: &[codes::M2M100],
        mark: ("__", "__"),
        source: Source::Before,
        target: Target::First,
    },
    Row {
        kind: Kind::Mbart,
        classes: &["MBartTokenizer"],
        model_types: &["mbart"],
        file: "sentencepiece.bpe.model",
        ids: Ids::Fairseq,
        languages: &[codes::MBART],
        mark: ("", ""),
        source: Source::AfterEnd,
        target: Target::First,
    },
    Row {
        kind: Kind::Mbart50,
        classes: &["MBart50Tokenizer"],
        model_types: &[],
        file: "sentencepiece.bpe.model",
        ids: Ids::Fairseq,
        languages: &[codes::MBART, codes::MBART50],
        mark: ("", ""),
        source: Source::Before,
        target: Target::First,
    },
    Row {
        // `<2ko>` is MADLAD's; the others have no languages.
        kind: Kind::T5,
        classes: &["T5Tokenizer", "MT5Tokenizer"],
        model_types: &["t5", "mt5", "umt5", "longt5", "switch_transformers"],
        file: "spiece.model",
        ids: Ids::Places,
        languages: &[],
        mark: ("<2", ">"),
        source: Source::Nowhere,
        target: Target::BeforeSource,
    },
    Row {
        kind: Kind::Pegasus,
        classes: &["PegasusTokenizer"],
        model_types: &["pegasus", "pegasus_x", "bigbird_pegasus"],
        file: "spiece.model",
        ids: Ids::Offset,
        languages: &[],
        mark: ("", ""),
        source: Source::Nowhere,
        target: Target::BeforeSource,
    },
];

/// How languages are written in these families' marks, by their codes of two letters.
const SPELLINGS: &[(&str, &[&str])] =
    &[("en", &["en", "eng", "eng_Latn", "en_XX"]), ("ko", &["ko", "kor", "kor_Hang", "ko_KR"])];

/// The code of two letters of a language that is written in one of these ways.
pub(super) fn code_of(spelling: &str) -> Option<&'static str> {
    SPELLINGS.iter().find(|(_, spellings)| spellings.contains(&spelling)).map(|(code, _)| *code)
}

impl Row {
    /// The row of a model. The class decides: NLLB and M2M-100 are one architecture, and so are
    /// mBART and mBART-50.
    pub(super) fn choose(
        model_type: &str,
        class: Option<&str>,
        listed: bool,
    ) -> Option<&'static Self> {
        let class = class.map(|class| class.strip_suffix("Fast").unwrap_or(class));
        let by_class =
            TABLE.iter().find(|row| class.is_some_and(|class| row.classes.contains(&class)));
        let kind = if model_type == "m2m_100" && !listed { "nllb" } else { model_type };
        by_class.or_else(|| TABLE.iter().find(|row| row.model_types.contains(&kind)))
    }

    /// The row of a folder.
    pub fn of_folder(folder: &Path, model_type: &str) -> Result<Option<&'static Self>> {
        let settings: Settings = read_optional(&folder.join("tokenizer_config.json"))?;
        let config: Class = read_optional(&folder.join("config.json"))?;
        let class = settings.tokenizer_class.as_deref().or(config.tokenizer_class.as_deref());
        Ok(Self::choose(model_type, class, folder.join("vocab.json").exists()))
    }

    /// Puts the marks of languages into what stands around a text that is to go from the first into
    /// the second. `blank` is put before a mark that stands before the text. Fails with the
    /// code of a language that has no mark.
    pub fn encoder_template<'m>(
        &self,
        (from, into): (&str, &str),
        mut template: EncoderTemplate,
        blank: Option<u32>,
        marks: impl Iterator<Item = (&'m str, u32)> + Clone,
    ) -> std::result::Result<EncoderTemplate, String> {
        let has_marks = marks.clone().any(|(text, _)| self.is_language(text));
        let language = |code: &str| {
            let spellings = self.marks_of(code);
            // The first spelling that there is.
            let found = spellings
                .iter()
                .find_map(|spelling| marks.clone().find(|(text, _)| text == spelling));
            found.map(|(_, id)| id).ok_or_else(|| code.to_string())
        };
        match self.source {
            Source::Nowhere => {}
            Source::Before => template.before.push(language(from)?),
            Source::AfterEnd => template.after.push(language(from)?),
        }
        match self.target {
            Target::First => template.first = Some(language(into)?),
            Target::BeforeSource if !has_marks => {}
            Target::BeforeSource => {
                template.before.extend(blank);
                template.before.push(language(into)?);
            }
        }
        Ok(template)
    }

    /// The marks that a language may have, by its code of two letters.
    pub fn marks_of(&self, code: &str) -> Vec<String> {
        let spellings = SPELLINGS.iter().find(|(short, _)| *short == code);
        let spellings = spellings.map_or(&[][..], |(_, spellings)| *spellings);
        let (open, close) = self.mark;
        spellings.iter().map(|spelling| format!("{open}{spelling}{close}")).collect()
    }

    /// Whether a token is the mark of some language, where those are bracketed.
    pub fn is_language(&self, token: &str) -> bool {
        let (open, close) = self.mark;
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
