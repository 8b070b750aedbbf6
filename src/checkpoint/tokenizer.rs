//! Text to token ids and back: this file and its folder alone know the `tokenizers` crate.
//!
//! Two kinds of text are told apart. *Trusted* text (the chat template's) may contain control
//! tokens; *plain* text (an article's) can't: `<|im_end|>` in it is encoded as the characters it
//! is. So the `tokenizers` object is told to overlook control tokens, and trusted text is cut at
//! them here. What stands between two of them is encoded as a whole, whichever kinds it is of: the
//! first word of an article may share a token with the blank before it, as in the texts that a
//! model was trained on.
//!
//! Sources: SentencePiece files of the families that are published with them, `tokenizer.json`,
//! `vocab.json` with `merges.txt`, or the metadata of a GGUF file.

mod gguf_vocabulary;
mod growth;
mod json;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ahash::AHashMap;
use tokenizers::models::bpe::BPE;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{AddedToken, AddedVocabulary, Model};

use super::gguf::Gguf;
use super::sentencepiece::{EncoderTemplate, Pieces, Row};
use crate::error::{Cause, Error, Result};
use crate::prompt_part::PromptPart;

/// Control tokens that end a turn or a text in the families we know: the metadata of many GGUF
/// files names only one of them. Those of `llama_vocab::impl::load` of llama.cpp that text models
/// have, and HyperCLOVA X's.
const TURN_ENDS: &[&str] = &[
    "<|eot_id|>",
    "<|im_end|>",
    "<|end|>",
    "<|return|>",
    "<end_of_turn>",
    "<turn|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|eom_id|>",
    "<EOT>",
    "[|endofturn|]",
    "<|endofturn|>",
    "<|stop|>",
    "</s>",
    "<eos>",
    "[EOS]",
    "[EOT]",
    "<end_of_utterance>",
];

/// Trusted texts whose ids are remembered.
const KEPT: usize = 64;
/// Stands before a text that is not the first of a prompt, so that the library does not treat it as
/// one: a noncharacter, which no text for interchange contains. It is never encoded.
const NOT_FIRST: &str = "\u{FDD0}";
/// Times a text is looked through for control tokens among its pieces.
const MAX_BREAKS: usize = 4;
/// What control tokens begin and end with.
const BRACKETS: &[(&str, &str)] =
    &[("<", ">"), ("[", "]"), ("{", "}"), ("|", "|"), ("◁", "▷"), ("__", "__")];
/// Tokens that stand around a source or before a text: a few, in any tokenizer.
const MAX_AROUND: usize = 64;

/// A token that is not made by merging.
#[derive(Debug, Clone)]
struct Added {
    text: String,
    id: u32,
    /// Never part of a text that people read.
    special: bool,
    /// Takes the white space on a side with it.
    strip: (bool, bool),
}

impl Added {
    fn new(text: String, id: u32, special: bool, strip: (bool, bool)) -> Self {
        // Turn ends are special even where the file says otherwise, except `</s>`, which depends on
        // the other tokens. Marks of reasoning stay visible, to be cut with the text between them.
        let ends = TURN_ENDS.contains(&text.as_str()) && text != "</s>";
        let special = ends || special && !crate::reasoning::is_mark(&text);
        Self { text, id, special, strip }
    }

    fn ends_turns(&self) -> bool {
        TURN_ENDS.contains(&self.text.as_str())
    }

    /// Whether it stands for what no other token can be made of.
    fn is_unknown(&self) -> bool {
        matches!(
            self.text.to_lowercase().as_str(),
            "<unk>" | "[unk]" | "<|unk|>" | "unk" | "<unknown>"
        )
    }

    /// Whether it only comes of trusted text: what is special, or looks like markup for the model.
    /// Other added tokens are words.
    fn is_control(&self) -> bool {
        let between = |(open, close): &(&str, &str)| {
            self.text.len() > open.len() + close.len()
                && self.text.starts_with(open)
                && self.text.ends_with(close)
        };
        self.special || BRACKETS.iter().any(between)
    }
}

/// Turns text into token ids and back.
pub struct Tokenizer {
    inner: Inner,
    added: Vec<Added>,
    /// Places in `added` by token id.
    added_ids: AHashMap<u32, usize>,
    /// Ids of trusted texts, by whether they are the first of a prompt: the same few stand around
    /// every article of a batch.
    frames: Mutex<AHashMap<(bool, String), Vec<u32>>>,
}

/// Who cuts texts.
enum Inner {
    /// The `tokenizers` crate, and what stands around a source.
    Library(Box<Library>, Around),
    /// Our own reader of SentencePiece models.
    Pieces(Box<Pieces>),
}

/// The crate's tokenizer.
struct Library {
    inner: tokenizers::Tokenizer,
    /// The id that [`NOT_FIRST`] has in it, where there is room for one.
    not_first: Option<u32>,
}

/// What a library tokenizer's files say of what stands around a source.
#[derive(Default)]
struct Around {
    /// The folder, for messages.
    path: PathBuf,
    /// Where marks of languages stand, in the families that have some.
    row: Option<&'static Row>,
    before: Vec<u32>,
    after: Vec<u32>,
}

impl Tokenizer {
    /// Reads whichever tokenizer a folder has. `model_type` is config.json's.
    pub fn from_folder(folder: &Path, model_type: &str) -> Result<Self> {
        let whole = folder.join("tokenizer.json");
        if Pieces::are_in(folder, model_type) {
            return Self::from_pieces(folder, model_type);
        }
        let mut tokenizer = if whole.exists() {
            Self::from_file(&whole)?
        } else if folder.join("merges.txt").exists() {
            Self::from_merges(folder)?
        } else {
            let reason = match Pieces::file(model_type) {
                Some(file) => format!("it has no tokenizer: neither {file} nor tokenizer.json"),
                None => "it has no tokenizer: no tokenizer.json".to_string(),
            };
            return Err(Error::malformed(folder, reason));
        };
        if let Inner::Library(_, around) = &mut tokenizer.inner {
            around.path = folder.to_path_buf();
            around.row = Row::of_folder(folder, model_type)?;
        }
        tokenizer.learn_control(json::control_tokens(&folder.join("tokenizer_config.json"))?);
        Ok(tokenizer)
    }

    /// Adds control tokens that are in the vocabulary, or behind it, without being marked as such
    /// there.
    fn learn_control(&mut self, tokens: Vec<(String, Option<u32>)>) {
        for (text, id) in tokens {
            let (known, listed) =
                (self.added.iter().any(|token| token.text == text), self.id_of(&text));
            let Some(id) = listed.or(id).filter(|_| !known && !text.is_empty()) else { continue };
            let token = Added::new(text, id, true, (false, false));
            if token.is_control() && self.added_by_id(id).is_none() {
                self.added_ids.insert(id, self.added.len());
                self.added.push(token);
            }
        }
    }

    /// Reads the SentencePiece files of a folder.
    pub fn from_pieces(folder: &Path, model_type: &str) -> Result<Self> {
        Ok(Self::of_pieces(Pieces::read(folder, model_type)?))
    }

    fn of_pieces(pieces: Pieces) -> Self {
        let mark = |mark: &super::sentencepiece::SpecialToken| {
            Added::new(mark.text.clone(), mark.id, mark.special, (false, false))
        };
        let added = pieces.marks().iter().map(mark).collect();
        Self::new(Inner::Pieces(Box::new(pieces)), added)
    }

    /// Reads `tokenizer.json`.
    pub fn from_file(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|e| Error::io("read", path, e))?;
        let read = json::read(&bytes)
            .and_then(|(inner, added, words)| Self::of_library(inner, added, words));
        read.map_err(|reason| unusable(path, reason))
    }

    /// Reads `vocab.json` and `merges.txt`, as BART was first published: byte-level BPE with
    /// RoBERTa's marks.
    fn from_merges(folder: &Path) -> Result<Self> {
        const MARKS: [&str; 5] = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"];
        let path = folder.join("merges.txt");
        let fail = |reason: String| unusable(&path, reason);
        let vocabulary = super::sentencepiece::read_vocabulary(&folder.join("vocab.json"))?;
        let merges = std::fs::read_to_string(&path).map_err(|e| Error::io("read", &path, e))?;
        let lines = merges.lines().filter(|line| !line.starts_with("#version") && !line.is_empty());
        let pair = |line: &str| line.split_once(' ').map(|(a, b)| (a.to_string(), b.to_string()));
        let merges: Option<Vec<_>> = lines.map(pair).collect();
        let merges = merges.ok_or_else(|| fail("a line is not two tokens".into()))?;
        let added = |name: &&str| {
            let (text, id) = vocabulary.iter().find(|(text, _)| text == name)?;
            Some(Added::new(text.clone(), *id, true, (false, *name == "<mask>")))
        };
        let added: Vec<Added> = MARKS.iter().filter_map(added).collect();
        let tokens: AHashMap<String, u32> = vocabulary
            .iter()
            .filter(|(text, _)| !MARKS.contains(&text.as_str()))
            .cloned()
            .collect();
        let bpe =
            guarded(|| BPE::builder().vocab_and_merges(tokens, merges).build()).map_err(fail)?;
        let mut inner = tokenizers::Tokenizer::new(bpe);
        inner.with_pre_tokenizer(Some(ByteLevel::new(false, true, true)));
        inner.with_decoder(Some(ByteLevel::default()));
        Self::of_library(inner, added, Vec::new()).map_err(fail)
    }

    /// Builds what a GGUF file's metadata describes.
    pub fn from_gguf(gguf: &Gguf) -> Result<Self> {
        if gguf.text("tokenizer.ggml.model") == Some("t5") {
            return Pieces::from_gguf(gguf).map(Self::of_pieces);
        }
        let (inner, mut added) = gguf_vocabulary::read(gguf)?;
        // Of several of one text the first is found.
        added
            .retain(|token| token.is_control() || inner.token_to_id(&token.text) == Some(token.id));
        // Words and blanks are in the vocabulary, so that the library finds their ids; it need not
        // know control tokens.
        let words = added.iter().filter(|token| !token.is_control());
        let words = words
            .map(|token| AddedToken::from(token.text.clone(), false).normalized(false))
            .collect();
        Self::of_library(inner, added, words).map_err(|reason| unusable(gguf.file().path(), reason))
    }

    fn new(inner: Inner, mut added: Vec<Added>) -> Self {
        // `</s>` is also a tag of HTML: where another token ends turns it may be a word.
        let is_other_end =
            |token: &Added| token.special && token.text != "</s>" && token.ends_turns();
        let is_end = !added.iter().any(is_other_end);
        added
            .iter_mut()
            .filter(|token| token.text == "</s>")
            .for_each(|token| token.special |= is_end);
        let added_ids = added.iter().enumerate().map(|(at, token)| (token.id, at)).collect();
        Self { inner, added, added_ids, frames: Mutex::default() }
    }

    /// A tokenizer without added tokens, those tokens, and those of them that it should know. Tries
    /// the whole out once: `tokenizers` panics late on some malformed files.
    fn of_library(
        mut inner: tokenizers::Tokenizer,
        mut added: Vec<Added>,
        known: Vec<AddedToken>,
    ) -> std::result::Result<Self, String> {
        added.retain(|token| !token.text.is_empty() && token.text != NOT_FIRST);
        let (before, after, not_first) = guarded(|| -> std::result::Result<_, Cause> {
            let not_first = know(&mut inner, known)?;
            let moved = |token: &&Added| {
                !token.is_control() && inner.token_to_id(&token.text) != Some(token.id)
            };
            if let Some(token) = added.iter().find(moved) {
                return Err(format!(
                    "the added token `{}` has another id than {}",
                    token.text, token.id
                )
                .into());
            }
            let ids = inner.encode_fast("Probe 1: 한글, ½ and 😀.\n\tA second line…", false)?;
            inner.decode(ids.get_ids(), false)?;
            let whole = inner.encode("a", true)?;
            let text = whole.get_special_tokens_mask().iter().position(|special| *special == 0);
            let rest = whole.get_special_tokens_mask().iter().rposition(|special| *special == 0);
            let (text, rest) = (text.unwrap_or(0), rest.map_or(whole.len(), |last| last + 1));
            Ok((whole.get_ids()[..text].to_vec(), whole.get_ids()[rest..].to_vec(), not_first))
        })?;
        if before.len().max(after.len()) > MAX_AROUND {
            return Err(format!("it adds {} tokens to every text", before.len() + after.len()));
        }
        let around = Around { before, after, ..Around::default() };
        // The library knows how words are written in its vocabulary.
        added.retain(Added::is_control);
        Ok(Self::new(Inner::Library(Box::new(Library { inner, not_first }), around), added))
    }

    /// Forgets added words that a network of a smaller vocabulary has no row for: they are spelled
    /// out then.
    pub fn forget_beyond(&mut self, vocabulary: usize) -> Result<()> {
        let Inner::Library(library, around) = &mut self.inner else { return Ok(()) };
        let known = library.inner.get_added_tokens_decoder();
        let (mut kept, beyond): (Vec<_>, Vec<_>) =
            known.into_iter().partition(|(id, token)| token.special || (*id as usize) < vocabulary);
        if beyond.iter().all(|(id, _)| Some(*id) == library.not_first) {
            return Ok(());
        }
        kept.retain(|(id, _)| Some(*id) != library.not_first);
        kept.sort_by_key(|(id, _)| *id);
        let kept = kept.into_iter().map(|(_, token)| token).collect();
        let inner = &mut library.inner;
        inner.with_added_vocabulary(AddedVocabulary::new());
        library.not_first =
            guarded(|| know(inner, kept)).map_err(|reason| unusable(&around.path, reason))?;
        Ok(())
    }

    /// Ids of text between two control tokens. One that is not the `first` of a prompt gets no
    /// blank that only a beginning gets.
    fn try_encode(&self, text: &str, first: bool) -> Result<Vec<u32>> {
        let Library { inner, not_first } = match &self.inner {
            Inner::Library(library, _) => &**library,
            Inner::Pieces(pieces) => return Ok(pieces.encode(text)),
        };
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let mut text =
            if text.contains(NOT_FIRST) { text.replace(NOT_FIRST, "") } else { text.to_string() };
        if !first && not_first.is_some() {
            text.insert_str(0, NOT_FIRST);
        }
        let fail = |reason: String| Error::Engine(reason.into());
        let is_control = |id: &u32| self.added_by_id(*id).is_some_and(|token| !token.is_unknown());
        let mut ids =
            guarded(|| inner.encode_fast(&*text, false)).map_err(fail)?.get_ids().to_vec();
        for _ in 0..MAX_BREAKS {
            if not_first.is_none() || !ids.iter().any(is_control) {
                break;
            }
            // Some vocabularies have their control tokens among the pieces of texts: those are
            // taken apart.
            let encoded = guarded(|| inner.encode(&*text, false)).map_err(fail)?;
            let spans = encoded.get_ids().iter().zip(encoded.get_offsets());
            let spans: Vec<(usize, usize)> =
                spans.filter(|(id, _)| is_control(id)).map(|(_, span)| *span).collect();
            for (start, end) in spans.into_iter().rev() {
                let second = text.get(start..end).and_then(|span| span.char_indices().nth(1));
                if let Some((at, _)) = second {
                    text.insert_str(start + at, NOT_FIRST);
                }
            }
            ids = guarded(|| inner.encode_fast(&*text, false)).map_err(fail)?.get_ids().to_vec();
        }
        ids.retain(|id| Some(*id) != *not_first && !is_control(id));
        Ok(ids)
    }

    /// Tokens that stand before a text that is to be continued, as the tokenizer's own files have
    /// it.
    pub fn before(&self) -> &[u32] {
        match &self.inner {
            Inner::Library(_, around) => &around.before,
            Inner::Pieces(_) => &[],
        }
    }

    /// What stands around a source in one language (by its code: `en`) from which a text in another
    /// is made.
    ///
    /// Fails where the model has marks for languages, and none for one of these.
    pub fn encoder_template(&self, from: &str, into: &str) -> Result<EncoderTemplate> {
        match &self.inner {
            Inner::Pieces(pieces) => pieces.encoder_template(from, into),
            Inner::Library(_, Around { path, row, before, after }) => match row {
                Some(row) => {
                    let marks = self.added.iter().map(|token| (token.text.as_str(), token.id));
                    let end = self.id_of("</s>").into_iter().collect();
                    row.encoder_template(
                        (from, into),
                        EncoderTemplate { after: end, ..EncoderTemplate::default() },
                        None,
                        marks,
                    )
                    .map_err(|code| super::sentencepiece::unknown_language(&code, path))
                }
                None => Ok(EncoderTemplate {
                    before: before.clone(),
                    after: after.clone(),
                    first: None,
                }),
            },
        }
    }

    /// Ids of text that may say anything: no control token can come of it.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        self.try_encode(text, true)
    }

    /// Ids of text of our own or of the checkpoint's template, control tokens included.
    pub fn encode_trusted(&self, text: &str) -> Result<Vec<u32>> {
        self.encode_parts(&[PromptPart::Template(text)])
    }

    /// Ids of a text of several pieces, as if it were one: only control tokens part what is encoded
    /// together.
    pub fn encode_parts(&self, parts: &[PromptPart<&str>]) -> Result<Vec<u32>> {
        let mut ids = Vec::new();
        // Text since the last control token, and whether all of it is trusted.
        let (mut text, mut trusted) = (String::new(), true);
        let mut strip = false;
        for part in parts {
            let mut rest = match *part {
                PromptPart::Template(template) => template,
                PromptPart::UserText(user) => {
                    text.push_str(if std::mem::take(&mut strip) {
                        user.trim_start()
                    } else {
                        user
                    });
                    trusted = false;
                    continue;
                }
            };
            while let Some((at, token)) = self.first_control(rest) {
                let before = &rest[..at];
                text.push_str(if std::mem::take(&mut strip) {
                    before.trim_start()
                } else {
                    before
                });
                let whole = if token.strip.0 { text.trim_end() } else { &text };
                self.push_ids(whole, trusted, &mut ids)?;
                text.clear();
                trusted = true;
                ids.push(token.id);
                rest = &rest[at + token.text.len()..];
                strip = token.strip.1;
            }
            text.push_str(if strip && !rest.is_empty() { rest.trim_start() } else { rest });
            strip &= rest.is_empty();
        }
        self.push_ids(&text, trusted, &mut ids)?;
        Ok(ids)
    }

    /// Encodes what stands before the next control token.
    fn push_ids(&self, text: &str, trusted: bool, ids: &mut Vec<u32>) -> Result<()> {
        let first = ids.is_empty();
        if text.is_empty() || !trusted {
            ids.extend(self.try_encode(text, first)?);
            return Ok(());
        }
        let frames = || self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (first, text.to_string());
        if let Some(known) = frames().get(&key) {
            ids.extend(known);
            return Ok(());
        }
        let fresh = self.try_encode(text, first)?;
        ids.extend(&fresh);
        let mut frames = frames();
        if frames.len() >= KEPT {
            frames.clear();
        }
        frames.insert(key, fresh);
        Ok(())
    }

    /// The first control token in a text; of several at one place the longest.
    fn first_control<'s>(&'s self, text: &str) -> Option<(usize, &'s Added)> {
        let control = self.added.iter().filter(|token| token.is_control());
        let found = control.filter_map(|token| Some((text.find(&token.text)?, token)));
        found.min_by_key(|(at, token)| (*at, std::cmp::Reverse(token.text.len())))
    }

    /// How many tokens a plain text takes.
    pub fn count(&self, text: &str) -> usize {
        self.encode(text).map_or(text.len(), |ids| ids.len())
    }

    /// The text of ids, without special tokens.
    pub fn decode(&self, ids: &[u32]) -> Result<String> {
        let inner = match &self.inner {
            Inner::Library(library, _) => &library.inner,
            // Knows its marks, which have other ids in the outputs of some models.
            Inner::Pieces(pieces) => return Ok(pieces.decode(ids)),
        };
        let mut text = String::new();
        for part in
            ids.chunk_by(|a, b| self.added_by_id(*a).is_none() && self.added_by_id(*b).is_none())
        {
            match self.added_by_id(part[0]) {
                Some(token) if token.special => {}
                Some(token) => text.push_str(&token.text),
                None => {
                    let decoded = guarded(|| inner.decode(part, false));
                    text.push_str(&decoded.map_err(|reason| Error::Engine(reason.into()))?);
                }
            }
        }
        Ok(text)
    }

    /// Whether it is a token that is never shown.
    fn is_mark(&self, id: u32) -> bool {
        match &self.inner {
            Inner::Library(..) => false,
            Inner::Pieces(pieces) => pieces.decode(&[id]).is_empty() && !pieces.shows(id),
        }
    }

    fn added_by_id(&self, id: u32) -> Option<&Added> {
        self.added_ids.get(&id).map(|at| &self.added[*at])
    }

    /// The id of a token by its exact text.
    pub fn id_of(&self, token: &str) -> Option<u32> {
        let added = self.added.iter().find(|added| added.text == token).map(|added| added.id);
        added.or_else(|| match &self.inner {
            Inner::Library(library, _) => {
                library.inner.token_to_id(token).filter(|id| Some(*id) != library.not_first)
            }
            Inner::Pieces(pieces) => pieces.id_of(token),
        })
    }

    /// The largest id that a text can have, where that is known.
    pub fn largest_id(&self) -> Option<u32> {
        match &self.inner {
            Inner::Library(library, _) => library.inner.get_vocab(false).into_values().max(),
            Inner::Pieces(pieces) => pieces.largest_id(),
        }
    }

    /// Control tokens that end a turn in some family, where this vocabulary has them.
    pub fn turn_ends(&self) -> impl Iterator<Item = u32> {
        let ends = |token: &&Added| token.special && token.ends_turns();
        self.added.iter().filter(ends).map(|token| token.id)
    }

    /// Texts that would be control tokens if they were trusted: what an output must not contain.
    pub fn special_texts(&self) -> impl Iterator<Item = &str> {
        self.added.iter().filter(|token| token.special).map(|token| token.text.as_str())
    }

    /// Turns ids into text as they come.
    pub fn stream(&self) -> TextStream<'_> {
        TextStream { tokenizer: self, ids: Vec::new(), whole: 0, shown: 0 }
    }
}

/// Text out of a stream of ids. A syllable may take several tokens and some tokens are spaces that
/// only show before a letter, so that text is given out only where later ids can't change it.
pub struct TextStream<'t> {
    tokenizer: &'t Tokenizer,
    /// The last ids that made whole characters, for decoders to which it matters what comes
    /// before, and the ids after them.
    ids: Vec<u32>,
    /// How many of them made whole characters …
    whole: usize,
    /// … and how many bytes of their text.
    shown: usize,
}

/// A character takes four tokens at most; what is still broken after this many is broken text.
const MAX_HELD: usize = 8;

impl TextStream<'_> {
    /// Adds an id; gives the text that is now certain, which may be empty.
    pub fn push(&mut self, id: u32) -> Result<String> {
        if self.tokenizer.is_mark(id) {
            // It would stand where the next ids' decoder looks for the start of the text.
            return Ok(String::new());
        }
        self.ids.push(id);
        let text = self.tokenizer.decode(&self.ids)?;
        if text.ends_with('\u{FFFD}') && self.ids.len() - self.whole <= MAX_HELD {
            return Ok(String::new());
        }
        let fresh = text.get(self.shown..).unwrap_or_default().to_string();
        self.ids.drain(..self.whole);
        self.whole = self.ids.len();
        self.shown = self.tokenizer.decode(&self.ids)?.len();
        Ok(fresh)
    }

    /// What was held back to the end.
    pub fn finish(&mut self) -> Result<String> {
        let text = self.tokenizer.decode(&self.ids)?;
        let rest =
            text.get(self.shown..).unwrap_or_default().trim_end_matches('\u{FFFD}').to_string();
        self.shown = text.len();
        Ok(rest)
    }
}

/// Adds tokens in the order of their ids, so that these stay; control tokens are overlooked in
/// texts. Gives the id of [`NOT_FIRST`], unless a vocabulary with gaps has that id for a piece.
fn know(
    inner: &mut tokenizers::Tokenizer,
    tokens: Vec<AddedToken>,
) -> std::result::Result<Option<u32>, Cause> {
    let mark = AddedToken::from(NOT_FIRST, false).normalized(false);
    inner.add_tokens(tokens.iter().cloned().chain([mark]))?;
    inner.set_encode_special_tokens(true);
    let id = inner.token_to_id(NOT_FIRST).ok_or("it takes no more tokens")?;
    if inner.get_model().id_to_token(id).is_none_or(|piece| piece == NOT_FIRST) {
        return Ok(Some(id));
    }
    inner.with_added_vocabulary(AddedVocabulary::new());
    inner.add_tokens(tokens)?;
    inner.set_encode_special_tokens(true);
    Ok(None)
}

/// Runs foreign code that is known to panic on malformed input and gives its message instead.
fn guarded<T, E: ToString>(
    work: impl FnOnce() -> std::result::Result<T, E>,
) -> std::result::Result<T, String> {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the tokenizers library cannot read it".to_string()),
    }
}

fn unusable(path: &Path, reason: String) -> Error {
    Error::malformed(path, format!("not a usable tokenizer: {reason}"))
}
