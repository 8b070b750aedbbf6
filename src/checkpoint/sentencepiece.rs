//! Text to ids and back by SentencePiece model files, for the families that are published with
//! nothing else (`source.spm`, `spiece.model`, `sentencepiece.bpe.model`).
//!
//! Such a file has pieces and rules but not the ids a network was trained with: [`TABLE`] says,
//! family by family, where those come from, which marks there are beside the pieces, and what
//! stands around a text. The same ids as transformers' tokenizers that use the SentencePiece
//! library (`tokenization_*.py` of version 4; version 5 rebuilds some of them upon `tokenizers`,
//! with other ids for some texts), with one difference: marks never come of text. `</s>`, `>>kor<<`
//! and `<2ko>` in an article are characters.
//!
//! Foreign files are checked. Parts of this module know one thing each: `families.rs` the table,
//! `codes.rs` its languages, `model.rs` the format, `charsmap.rs` normalization, `segment.rs`
//! cutting. Knows no network, and of a language only its code.

mod charsmap;
mod codes;
mod families;
mod model;
mod segment;

use std::path::{Path, PathBuf};

use ahash::{AHashMap, AHashSet};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use self::charsmap::BLANK;
pub(super) use self::families::Row;
use self::families::{Ids, Kind, TABLE};
use self::model::{Algorithm, Model, Normalization, Sort};
use self::segment::Cutter;
use super::gguf::Gguf;
use crate::error::{Error, Result};

/// The largest published models have five megabytes, their vocab.json four.
const MAX_FILE_BYTES: u64 = 100_000_000;

/// What `spiece.model` and the like are called in some folders.
const OTHER_NAME: &str = "tokenizer.model";

/// The number of the sort of pieces that are not used.
const UNUSED: u64 = 5;

/// Marks that nearly all the families have, in fairseq's order.
const BASE: [&str; 4] = ["<s>", "<pad>", "</s>", "<unk>"];

/// What a tokenizer_config.json may say that counts here.
#[derive(Deserialize, Default)]
struct Settings {
    tokenizer_class: Option<String>,
    /// Marian: ids of the target's pieces are in a file of their own.
    separate_vocabs: Option<bool>,
    /// NLLB: the source language's mark after the end, as the first models were trained.
    legacy_behaviour: Option<bool>,
    /// M2M-100: `m2m100` or `wmt21`.
    language_codes: Option<String>,
    /// T5: how many sentinels there are after the pieces.
    extra_ids: Option<u32>,
    additional_special_tokens: Option<Vec<serde_json::Value>>,
    /// Marian: what it translates from …
    source_lang: Option<String>,
    /// … and into.
    target_lang: Option<String>,
    /// Pegasus: how many marks there are before the pieces.
    offset: Option<u32>,
    added_tokens_decoder: Option<serde_json::Map<String, serde_json::Value>>,
}

/// The one thing that is asked of config.json.
#[derive(Deserialize, Default)]
struct Class {
    tokenizer_class: Option<String>,
}

/// How many bytes a `precompiled_charsmap` makes of a byte at most.
pub(super) fn growth_by_charsmap(bytes: &[u8]) -> std::result::Result<f64, String> {
    charsmap::Charsmap::parse(bytes).map(|map| map.growth())
}

/// A token that no text makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SpecialToken {
    pub text: String,
    pub id: u32,
    /// Never part of a text that people read.
    pub special: bool,
}

impl SpecialToken {
    fn special(text: impl Into<String>, id: usize) -> Self {
        Self { text: text.into(), id: id as u32, special: true }
    }
}

/// What stands around a text that is to be translated or summarized.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EncoderTemplate {
    /// Ids before the text's.
    pub before: Vec<u32>,
    /// Ids after them: the end, at least.
    pub after: Vec<u32>,
    /// What the first token of the output must be (after the one that starts every output).
    pub first: Option<u32>,
}

/// Turns text into ids and back.
pub(super) struct Pieces {
    row: &'static Row,
    path: PathBuf,
    cutter: Cutter,
    /// NLLB's source mark stands after the end.
    legacy: bool,
    /// What the folder says it translates from and into, where it does.
    direction: [Option<String>; 2],
    tokens: Tokens,
    /// Ids of bytes, for what no piece covers; none where that is unknown.
    bytes: Vec<u32>,
}

/// What a folder says of ids.
struct Tokens {
    /// Ids of the pieces, by their places.
    pieces: Vec<u32>,
    /// Ids of texts that may be no pieces: Marian's vocabulary is that of two models.
    listed: AHashMap<String, u32>,
    unknown: u32,
    end: u32,
    marks: Vec<SpecialToken>,
    words: Words,
}

impl Tokens {
    /// Adds what tokenizer_config.json says beside: tokens of fine-tuned models, or other ids for
    /// those that are in no file.
    fn add(&mut self, settings: &Settings) {
        let places = self.marks.iter().enumerate().map(|(place, mark)| (mark.text.clone(), place));
        let places: AHashMap<String, usize> = places.collect();
        for (id, token) in settings.added_tokens_decoder.iter().flatten() {
            let (Ok(id), Some(text)) = (id.parse(), token["content"].as_str()) else { continue };
            let special = token["special"].as_bool().unwrap_or(false);
            if text.is_empty() || BASE.contains(&text) || self.words.words.contains_key(&id) {
                continue;
            }
            match places.get(text) {
                Some(place) => self.marks[*place].id = id,
                None => self.marks.push(SpecialToken { text: text.to_string(), id, special }),
            }
            if !special {
                self.words.words.insert(id, Word::Text(text.to_string()));
            }
        }
    }
}

impl Pieces {
    /// The file that a folder of this type has, where it has SentencePiece files at all.
    pub fn file(model_type: &str) -> Option<&'static str> {
        Row::choose(model_type, None, false).map(|row| row.file)
    }

    /// Whether a folder has such files.
    pub fn are_in(folder: &Path, model_type: &str) -> bool {
        let row = Row::of_folder(folder, model_type).ok().flatten();
        row.is_some_and(|row| [row.file, OTHER_NAME].iter().any(|file| folder.join(file).exists()))
    }

    /// Reads the files of a folder. `model_type` is config.json's.
    pub fn read(folder: &Path, model_type: &str) -> Result<Self> {
        let settings: Settings = read_optional(&folder.join("tokenizer_config.json"))?;
        let Some(row) = Row::of_folder(folder, model_type)? else {
            let known: Vec<&str> = TABLE.iter().flat_map(|row| row.model_types).copied().collect();
            return Err(Error::Unsupported {
                what: format!("a SentencePiece tokenizer of `{model_type}`"),
                file: folder.to_path_buf(),
                supported: known.join(", "),
            });
        };
        let named = folder.join(row.file);
        let path = if named.exists() { named } else { folder.join(OTHER_NAME) };
        let model = open(&path)?;
        let tokens = match row.ids {
            Ids::Listed => listed(folder, row, &model, &settings)?,
            _ => placed(row, &model, &settings).map_err(|reason| unusable(&path, reason))?,
        };
        Self::built(row, &path, model, tokens, &settings).map_err(|reason| unusable(&path, reason))
    }

    /// Builds what the metadata of a GGUF file describe (`tokenizer.ggml.model` is `t5`): the
    /// pieces, and how text is changed before it is cut, as llama.cpp's converter writes them.
    pub fn from_gguf(gguf: &Gguf) -> Result<Self> {
        let path = gguf.file().path();
        let key = |name: &str| format!("tokenizer.ggml.{name}");
        let numbers = |name: &str| {
            gguf.numbers(&key(name)).ok_or_else(|| unusable(path, format!("no {}", key(name))))
        };
        let tokens = gguf
            .strings(&key("tokens"))
            .ok_or_else(|| unusable(path, "no tokenizer.ggml.tokens".into()))?;
        let pieces = tokens.zip(numbers("scores")?).zip(numbers("token_type")?);
        let pieces: Vec<(&str, f32, u64)> =
            pieces.map(|((text, score), sort)| (text, score as f32, sort as u64)).collect();
        // What fills the vocabulary up is no piece.
        let is_filling =
            |(text, _, sort): &&(&str, f32, u64)| *sort == UNUSED && text.starts_with("[PAD");
        let count = pieces.len() - pieces.iter().rev().take_while(is_filling).count();
        let default = Normalization::default();
        let normalization = Normalization {
            charsmap: gguf.numbers(&key("precompiled_charsmap")).map_or_else(Vec::new, |bytes| {
                // Bytes, whose sign nobody agrees about.
                bytes.map(|byte| byte as i64 as u8).collect()
            }),
            add_blank: gguf.flag(&key("add_space_prefix")).unwrap_or(default.add_blank),
            squeeze: gguf.flag(&key("remove_extra_whitespaces")).unwrap_or(default.squeeze),
            ..default
        };
        let settings = Settings { extra_ids: Some(0), ..Settings::default() };
        let row = TABLE.iter().find(|row| row.kind == Kind::T5);
        let row = row.ok_or_else(|| unusable(path, "no family of that kind".into()))?;
        let built =
            Model::of_pieces(pieces[..count].iter().copied(), normalization).and_then(|model| {
                let tokens = placed(row, &model, &settings)?;
                Self::built(row, path, model, tokens, &settings)
            });
        built.map_err(|reason| unusable(path, reason))
    }

    fn built(
        row: &'static Row,
        path: &Path,
        model: Model,
        mut tokens: Tokens,
        settings: &Settings,
    ) -> std::result::Result<Self, String> {
        tokens.add(settings);
        let texts: AHashSet<&str> = tokens.marks.iter().map(|mark| mark.text.as_str()).collect();
        tokens.listed.retain(|text, _| !texts.contains(text.as_str()));
        let mut bytes = vec![0; if model.bytes { 256 } else { 0 }];
        for (piece, id) in tokens.pieces.iter().enumerate() {
            if let Sort::Byte(byte) = model.sort(piece) {
                bytes[usize::from(byte)] = *id;
            }
        }
        let cutter = Cutter::new(model, |text| texts.contains(text))?;
        let legacy = row.kind == Kind::Nllb && settings.legacy_behaviour == Some(true);
        let direction = [settings.source_lang.clone(), settings.target_lang.clone()];
        Ok(Self { row, path: path.to_path_buf(), cutter, legacy, direction, tokens, bytes })
    }

    /// Ids of a text that may say anything: no mark can come of it.
    pub fn encode(&self, text: &str) -> Vec<u32> {
        let normalized = self.cutter.normalize(text);
        let mut ids = Vec::new();
        for (range, piece) in self.cutter.cut(&normalized) {
            match piece {
                Some(piece) => ids.push(self.tokens.pieces[piece]),
                None if !self.bytes.is_empty() => {
                    ids.extend(normalized[range].bytes().map(|byte| self.bytes[usize::from(byte)]));
                }
                None => {
                    let listed = self.tokens.listed.get(&normalized[range]);
                    ids.push(listed.copied().unwrap_or(self.tokens.unknown));
                }
            }
        }
        ids
    }

    /// The text of ids, without marks that are not shown.
    pub fn decode(&self, ids: &[u32]) -> String {
        let words = &self.tokens.words;
        let mut text = String::new();
        let mut bytes = Vec::new();
        let mut trim = words.trim;
        for id in ids {
            match words.words.get(id) {
                Some(Word::Byte(byte)) => bytes.push(*byte),
                Some(Word::Text(word)) => {
                    push_bytes(&mut text, &mut bytes);
                    let mut word = word.as_str();
                    if trim
                        && text.is_empty()
                        && let Some(rest) = word.strip_prefix(BLANK)
                    {
                        word = rest;
                        // One blank was put before the text; more of them mean something, unless
                        // runs of them became one.
                        trim = words.trim_all;
                    }
                    text.extend(word.chars().map(|c| if c == BLANK { ' ' } else { c }));
                }
                None => {}
            }
        }
        push_bytes(&mut text, &mut bytes);
        text
    }

    /// The id of a mark or a piece by its exact text.
    pub fn id_of(&self, token: &str) -> Option<u32> {
        let mark = self.tokens.marks.iter().find(|mark| mark.text == token).map(|mark| mark.id);
        let piece = || self.cutter.model.find(token).map(|piece| self.tokens.pieces[piece]);
        match self.row.ids {
            Ids::Listed => mark.or_else(|| self.tokens.listed.get(token).copied()),
            _ => mark.or_else(piece),
        }
    }

    /// Tokens that no text makes.
    pub fn marks(&self) -> &[SpecialToken] {
        &self.tokens.marks
    }

    /// The largest id that a text can have.
    pub fn largest_id(&self) -> Option<u32> {
        self.tokens.pieces.iter().copied().max()
    }

    /// Whether an id is part of what people read, if only a blank that shows before other text.
    pub fn shows(&self, id: u32) -> bool {
        self.tokens.words.words.contains_key(&id)
    }

    /// What stands around a text in one language (`en`, `ko`) that is to become one in another.
    pub fn encoder_template(&self, from: &str, into: &str) -> Result<EncoderTemplate> {
        let unknown = |code: &str| unknown_language(code, &self.path);
        let template =
            EncoderTemplate { after: vec![self.tokens.end], ..EncoderTemplate::default() };
        let marks = self.tokens.marks.iter().map(|mark| (mark.text.as_str(), mark.id));
        if self.legacy {
            let mut template = self
                .row
                .encoder_template((from, into), template, None, marks)
                .map_err(|code| unknown(&code))?;
            template.after.append(&mut template.before);
            return Ok(template);
        }
        // The blank that is put before every text stands before the mark as well, where that was
        // part of the text once.
        let how = &self.cutter.model.normalization;
        let is_part = self.row.kind == Kind::T5 && how.add_blank && !how.blank_last;
        let blank = if is_part { self.id_of("▁") } else { None };
        let of_row = self.row.encoder_template((from, into), template.clone(), blank, marks);
        if self.row.kind != Kind::Marian
            || of_row.as_ref().is_ok_and(|of_row| !of_row.before.is_empty())
        {
            return of_row.map_err(|code| unknown(&code));
        }
        // A model of one direction needs no mark for it, whatever else its vocabulary holds.
        let said =
            self.direction.each_ref().map(|said| said.as_deref().and_then(families::code_of));
        match said
            .iter()
            .zip([from, into])
            .find(|(said, wanted)| said.is_some_and(|code| code != *wanted))
        {
            Some(_) => Err(Error::Unsupported {
                what: format!("translation from `{from}` into `{into}`"),
                file: self.path.clone(),
                supported: format!(
                    "`{}` into `{}`",
                    said[0].unwrap_or("?"),
                    said[1].unwrap_or("?")
                ),
            }),
            None if said[1].is_some() => Ok(template),
            None => of_row.map_err(|code| unknown(&code)),
        }
    }
}

/// An error about a language by its code.
pub(super) fn unknown_language(code: &str, path: &Path) -> Error {
    Error::Unsupported {
        what: format!("the language `{code}`"),
        file: path.to_path_buf(),
        supported: "the languages the model was trained with".into(),
    }
}

/// What ids are in an output; marks that are not shown are none of them.
#[derive(Default)]
struct Words {
    words: AHashMap<u32, Word>,
    /// Whether a blank at the start is left out …
    trim: bool,
    /// … and those after it.
    trim_all: bool,
}

enum Word {
    Text(String),
    Byte(u8),
}

impl Words {
    /// Those of a model, which decides what bytes are and how blanks are treated.
    fn new(model: &Model, tokens: Vec<(String, u32)>, marks: &[SpecialToken]) -> Self {
        let how = &model.normalization;
        let mut words =
            Self { trim: how.add_blank || how.squeeze, trim_all: how.squeeze, ..Self::default() };
        // By their texts: where the target has a vocabulary of its own, their ids are others there.
        let special = marks.iter().filter(|mark| mark.special).map(|mark| mark.text.as_str());
        let special: AHashSet<&str> = special.collect();
        for (text, id) in tokens.into_iter().filter(|(text, _)| !special.contains(text.as_str())) {
            let byte = model::byte_of(&text).filter(|_| model.bytes);
            words.words.insert(id, byte.map_or(Word::Text(text), Word::Byte));
        }
        words
    }
}

/// Adds what bytes mean to a text. What is no UTF-8 is shown byte by byte, as the library does.
fn push_bytes(text: &mut String, bytes: &mut Vec<u8>) {
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '\u{FFFD}'));
    }
    bytes.clear();
}

/// Ids from vocab.json.
fn listed(folder: &Path, row: &Row, model: &Model, settings: &Settings) -> Result<Tokens> {
    let path = folder.join("vocab.json");
    let vocabulary = read_vocabulary(&path)?;
    let ids: AHashMap<String, u32> = vocabulary.iter().cloned().collect();
    let named = |name: &str| {
        ids.get(name).copied().ok_or_else(|| Error::malformed(&path, format!("it has no `{name}`")))
    };
    let (unknown, end) = (named("<unk>")?, named("</s>")?);
    let mut marks = Vec::new();
    for name in BASE {
        marks.extend(ids.get(name).map(|id| SpecialToken::special(name, *id as usize)));
    }
    let pieces =
        (0..model.len()).map(|piece| ids.get(model.text(piece)).copied().unwrap_or(unknown));
    let pieces: Vec<u32> = pieces.collect();
    let known = pieces.iter().filter(|id| **id != unknown).count();
    if known * 2 < pieces.len() {
        let reason =
            format!("only {known} of the {} pieces of {} are in it", pieces.len(), row.file);
        return Err(Error::malformed(&path, reason));
    }
    let words = if row.kind == Kind::Marian {
        let tags = vocabulary.iter().filter(|(text, _)| row.is_language(text));
        marks.extend(tags.map(|(text, id)| SpecialToken::special(text, *id as usize)));
        let shown = open(&folder.join("target.spm"))?;
        let target = match settings.separate_vocabs {
            Some(true) => read_vocabulary(&folder.join("target_vocab.json"))?,
            _ => vocabulary,
        };
        Words::new(&shown, target, &marks)
    } else {
        let known = match settings.language_codes.as_deref() {
            None | Some("m2m100") => row.languages,
            Some("wmt21") => &[codes::WMT21],
            Some(other) => return Err(unusable(&path, format!("its languages are `{other}`"))),
        };
        marks.extend(languages(row, known, vocabulary.len()));
        Words::new(model, vocabulary, &marks)
    };
    Ok(Tokens { pieces, listed: ids, unknown, end, marks, words })
}

/// Ids from the places of the pieces.
fn placed(row: &Row, model: &Model, settings: &Settings) -> std::result::Result<Tokens, String> {
    let mut marks = Vec::new();
    // The first pieces are the model's own marks, which these families have elsewhere.
    let (shift, first) = match row.ids {
        Ids::Fairseq => {
            if model.unknown != 0 {
                return Err(format!(
                    "piece {} is for what is unknown, not the first",
                    model.unknown
                ));
            }
            for name in BASE {
                marks.push(SpecialToken::special(name, marks.len()));
            }
            marks.extend(languages(row, row.languages, model.len() + 1));
            marks.push(SpecialToken::special("<mask>", model.len() + marks.len() - 3));
            (1, 3)
        }
        Ids::Offset => {
            let offset = settings.offset.unwrap_or(103) as usize;
            if offset > u16::MAX.into() {
                return Err(format!("its offset is {offset}"));
            }
            marks.extend([SpecialToken::special("<pad>", 0), SpecialToken::special("</s>", 1)]);
            if offset > 0 {
                marks.extend([
                    SpecialToken::special("<mask_1>", 2),
                    SpecialToken::special("<mask_2>", 3),
                ]);
                marks
                    .extend((2..offset).map(|number| {
                        SpecialToken::special(format!("<unk_{number}>"), number + 2)
                    }));
            }
            (offset, 2)
        }
        _ => (0, 0),
    };
    let mut tokens = Vec::new();
    for piece in first..model.len() {
        let (text, id) = (model.text(piece), piece + shift);
        let mark = match model.sort(piece) {
            Sort::Control | Sort::Unknown => Some(true),
            Sort::Normal | Sort::UserDefined if row.kind == Kind::T5 && is_t5_mark(row, text) => {
                Some(true)
            }
            // Pegasus writes `<n>` for the end of a line. Those without brackets are digits and the
            // like: text.
            Sort::UserDefined if is_bracketed(text) => Some(false),
            _ => None,
        };
        marks.extend(mark.map(|special| SpecialToken {
            text: text.to_string(),
            id: id as u32,
            special,
        }));
        tokens.push((text.to_string(), id as u32));
    }
    if row.kind == Kind::T5 {
        marks.extend(sentinels(settings, model.len()));
    }
    let unknown = if row.ids == Ids::Fairseq { 3 } else { (model.unknown + shift) as u32 };
    let end = marks.iter().find(|mark| mark.text == "</s>").ok_or("it has no `</s>`")?.id;
    let pieces = (0..model.len()).map(|piece| (piece + shift) as u32).collect();
    let words = Words::new(model, tokens, &marks);
    Ok(Tokens { pieces, listed: AHashMap::default(), unknown, end, marks, words })
}

/// The marks of languages, which have the ids from `first` on.
fn languages(row: &Row, lists: &[&str], first: usize) -> Vec<SpecialToken> {
    let (open, close) = row.mark;
    let codes = lists.iter().flat_map(|list| list.split_whitespace());
    codes
        .enumerate()
        .map(|(at, code)| SpecialToken::special(format!("{open}{code}{close}"), first + at))
        .collect()
}

/// T5's marks for gaps, which have the ids after the pieces, the last of them first.
fn sentinels(settings: &Settings, first: usize) -> Vec<SpecialToken> {
    let is_sentinel = |token: &serde_json::Value| {
        let text = token.as_str().or_else(|| token["content"].as_str());
        text.is_some_and(|text| text.starts_with("<extra_id_"))
    };
    // Those are added with the ids given there.
    if settings.added_tokens_decoder.iter().flatten().any(|(_, token)| is_sentinel(token)) {
        return Vec::new();
    }
    let named = settings
        .additional_special_tokens
        .iter()
        .flatten()
        .filter(|token| is_sentinel(token))
        .count();
    let count =
        settings.extra_ids.map_or(if named > 0 { named } else { 100 }, |count| count as usize);
    // Nobody has more than 300.
    let count = count.min(10_000);
    (0..count)
        .map(|at| SpecialToken::special(format!("<extra_id_{at}>"), first + count - 1 - at))
        .collect()
}

/// Whether a piece is `<2ko>` or `▁<extra_id_0>`, of whatever sort it may be.
fn is_t5_mark(row: &Row, text: &str) -> bool {
    let text = text.trim_start_matches(BLANK);
    text.starts_with("<extra_id_") || row.is_language(text)
}

fn is_bracketed(text: &str) -> bool {
    let ends = (text.chars().next(), text.chars().next_back());
    text.len() > 2
        && matches!(ends, (Some('<'), Some('>')) | (Some('['), Some(']')) | (Some('{'), Some('}')))
}

fn unusable(path: &Path, reason: String) -> Error {
    Error::malformed(path, format!("not a usable tokenizer: {reason}"))
}

/// Reads a model whose way of cutting is known.
fn open(path: &Path) -> Result<Model> {
    let model = Model::parse(&read_file(path)?).map_err(|reason| unusable(path, reason))?;
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

fn read_file(path: &Path) -> Result<Vec<u8>> {
    let size = std::fs::metadata(path).map_err(|e| Error::io("read", path, e))?.len();
    if size > MAX_FILE_BYTES {
        return Err(Error::malformed(
            path,
            format!("{size} bytes are too many for what it should be"),
        ));
    }
    std::fs::read(path).map_err(|e| Error::io("read", path, e))
}

fn read_optional<T: DeserializeOwned + Default>(path: &Path) -> Result<T> {
    if !path.exists() {
        return Ok(T::default());
    }
    serde_json::from_slice(&read_file(path)?).map_err(|e| Error::malformed(path, e.to_string()))
}

/// The entries of a vocab.json, in its order.
pub(super) fn read_vocabulary(path: &Path) -> Result<Vec<(String, u32)>> {
    let entries: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&read_file(path)?)
            .map_err(|e| Error::malformed(path, e.to_string()))?;
    let entry = |(text, id): (String, serde_json::Value)| match id.as_u64().map(u32::try_from) {
        Some(Ok(id)) => Ok((text, id)),
        _ => Err(Error::malformed(path, format!("the id of `{text}` is {id}"))),
    };
    entries.into_iter().map(entry).collect()
}

/// Whether bytes are a model that can be used; if so, it also encodes and decodes. The fuzz target
/// calls this.
pub(super) fn try_out(bytes: &[u8]) -> bool {
    let Some(row) = TABLE.iter().find(|row| row.kind == Kind::T5) else { return false };
    let made = Model::parse(bytes).and_then(|model| {
        let settings = Settings { extra_ids: Some(0), ..Settings::default() };
        let tokens = placed(row, &model, &settings)?;
        Pieces::built(row, Path::new("bytes"), model, tokens, &settings)
    });
    made.is_ok_and(|pieces| {
        let ids = pieces.encode("Kim 김, </s> 7.5%\n  ㅋㅋㅋ ½");
        pieces.decode(&ids);
        !ids.is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::model::tests::{field, piece, small, trainer, varint};
    use super::*;

    /// A model that falls back to bytes, with pieces of every sort.
    fn full(algorithm: u64) -> Vec<u8> {
        let bytes = (0..256)
            .map(|byte| piece(&format!("<0x{byte:02X}>"), 0.0, 6))
            .collect::<Vec<_>>()
            .concat();
        let more =
            [piece("ab", -3.0, 1), piece("7.5", 0.0, 4), piece("b", -4.0, 1), piece("m ", -9.0, 5)];
        [small(), bytes, more.concat(), trainer(3, algorithm), trainer(35, 1)].concat()
    }

    #[test]
    fn whole_models_are_usable() {
        assert!(try_out(&small()));
        assert!(try_out(&full(1)) && try_out(&full(2)));
    }

    #[test]
    fn wrong_bytes_are_refused_or_harmless() {
        for (whole, step) in [(small(), 1), (full(1), 13), (full(2), 17)] {
            for length in (0..whole.len()).step_by(step) {
                try_out(&whole[..length]);
            }
            for at in (0..whole.len()).step_by(step) {
                for change in [1, 2, 4, 8, 0x80, 0xff] {
                    let mut bytes = whole.clone();
                    bytes[at] ^= change;
                    try_out(&bytes);
                }
            }
        }
    }

    #[test]
    fn lengths_and_charsmaps_that_cannot_be_are_refused() {
        let huge = [varint(1 << 3 | 2), varint(1 << 40), small()].concat();
        assert!(!try_out(&[small(), huge].concat()));
        for charsmap in [&b"\xff\xff\xff\xff0000"[..], b"123", b"\x02\0\0\0ab"] {
            let spec = field(3, 2, &field(2, 2, charsmap));
            assert!(!try_out(&[small(), spec].concat()), "{charsmap:?}");
        }
        assert!(!try_out(&piece("<unk>", 0.0, 2)), "a model without an end");
    }
}
