//! Step 2, segment: cuts a text into chunks that fit the context window with prompt and answer.

use std::cell::{Cell, RefCell};

use super::chunk::SourceChunk;
use super::prompt::PartEncoder;
use super::setup::TaskSetup;
use super::translation::DocumentTranslation;
use super::window::{REASONING_TOKENS, answer_limit, window};
use crate::document::{BlockKind, Document};
use crate::error::{Error, Result};
use crate::event::Observer;
use crate::finding::{Finding, beginning};
use crate::language::Language;
use crate::model::Model;
use crate::prompts::Task;
use crate::segment;

/// Upper bound on the tokens of a chunk to translate: small models drop sentences of longer ones.
const MAX_TRANSLATION_CHUNK: usize = 384;
/// Text and prompt are tokenized apart; a border between them may cost a token or two.
const MARGIN: usize = 16;

/// Cuts a text into chunks, each of which fits the window with its prompt and its answer.
pub(super) fn chunks<'t>(
    setup: &TaskSetup<'_>,
    task: Task,
    text: &'t str,
    observer: &mut Observer<'_>,
) -> Result<Vec<SourceChunk<'t>>> {
    let budget = budget(setup, task)?;
    if task != Task::Translate || setup.seq2seq.is_none() {
        return split(setup.model, text, budget, observer);
    }
    // Translators of this kind were trained on sentences; of several at once they drop some.
    let mut chunks = Vec::new();
    for sentence in segment::sentences(text) {
        chunks.extend(split(setup.model, sentence, budget, observer)?);
    }
    Ok(chunks)
}

/// Upper bound on the tokens of a chunk.
fn budget(setup: &TaskSetup<'_>, task: Task) -> Result<usize> {
    let window = window(setup);
    let empty_prompt = PartEncoder::new(setup, task)?.encode_alone("")?;
    let reasons =
        setup.seq2seq.is_none() && setup.model.reasoning_left_open(&empty_prompt).is_some();
    let frame = empty_prompt.len() + if reasons { REASONING_TOKENS } else { 0 };
    let room = window.saturating_sub(frame + MARGIN);
    let budget = match (task, &setup.seq2seq) {
        // Source and answer have a window each, and a translation must fit its own.
        (Task::Translate, Some(seq2seq)) => {
            room.min(MAX_TRANSLATION_CHUNK).min(seq2seq.search.logits_processors.max_length / 4 * 3)
        }
        (_, Some(_)) => room,
        (Task::Translate, None) => MAX_TRANSLATION_CHUNK.min(room.saturating_sub(64) / 4),
        (_, None) => room.saturating_sub(answer_limit(setup, task, 0)),
    };
    if budget < 16 {
        let what = "the prompt without any text".into();
        return Err(Error::TooLong { what, needed: frame, window });
    }
    Ok(budget)
}

/// Cuts a text into chunks of at most `budget` tokens.
pub(super) fn split<'t>(
    model: &Model,
    text: &'t str,
    budget: usize,
    observer: &mut Observer<'_>,
) -> Result<Vec<SourceChunk<'t>>> {
    let (observer, cancelled) = (RefCell::new(observer), Cell::new(false));
    // Most of the time is spent counting. After a cancellation every text counts as empty, so that
    // nothing is cut any further.
    let count = |text: &str| {
        cancelled.set(cancelled.get() || observer.borrow_mut().check().is_err());
        if cancelled.get() { 0 } else { model.count(text) }
    };
    let segments = segment::split(text, budget, &count);
    if cancelled.get() {
        return Err(Error::Cancelled);
    }
    let chunk = |segment: segment::TextSegment<'t>| SourceChunk {
        text: segment.text,
        tokens: segment.size,
    };
    Ok(segments.into_iter().map(chunk).collect())
}

/// Cuts the blocks of a document into chunks to translate. A block is one chunk if it fits; a block
/// without a word of the source language has none and stays as it is, which is a finding if it is
/// in the other language.
pub(super) fn blocks<'d>(
    setup: &TaskSetup<'_>,
    document: &'d Document,
    observer: &mut Observer<'_>,
) -> Result<(DocumentTranslation<'d>, Vec<Finding>)> {
    let from = setup.languages.from;
    let mut translation = DocumentTranslation::of(document, setup.languages.to);
    let mut findings = Vec::new();
    for block in document.blocks() {
        observer.check()?;
        let text = document.block_text(block);
        // The span of a stage or of a language code has no words to translate.
        let is_foreign =
            matches!(block.kind, BlockKind::Outside | BlockKind::Language | BlockKind::Stage(_));
        let language = if is_foreign { None } else { Language::detect(text) };
        let mut block_chunks = Vec::new();
        if language == Some(from) {
            for part in parts(text, document.package().is_some()) {
                block_chunks.extend(chunks(setup, Task::Translate, part, observer)?);
            }
        } else if language.is_some() {
            findings.extend(not_translated(text, from));
        }
        translation.add_block(block_chunks);
    }
    Ok((translation, findings))
}

/// The parts of a block that are translated apart, each with the white space after it. In an office
/// file they are between tabs, which are columns, and sentences on lines of their own.
fn parts(text: &str, is_packed: bool) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    if is_packed {
        for (at, separator) in text.match_indices(['\t', '\n']) {
            let words = text[start..at].trim_end();
            let is_end = separator == "\t"
                || words
                    .trim_end_matches(['"', '\'', '”', '’', ')'])
                    .ends_with(['.', '!', '?', ':']);
            // Further white space belongs to this part.
            let rest = &text[at + 1..];
            if is_end && !words.trim().is_empty() && !rest.starts_with(char::is_whitespace) {
                parts.push(&text[start..=at]);
                start = at + 1;
            }
        }
    }
    parts.push(&text[start..]);
    parts
}

/// A finding for a block that is in the other language already. Names and codes are too short for
/// one.
fn not_translated(text: &str, from: Language) -> Option<Finding> {
    const MIN_WORDS: usize = 4;
    if text.split_whitespace().count() < MIN_WORDS {
        return None;
    }
    let message = format!("'{}' is not in {} and was not translated", beginning(text), from.name());
    let korean =
        format!("{}가 아니어서 번역하지 않은 글: '{}'", from.korean_name(), beginning(text));
    Some(Finding::new("language", "not_translated", message).in_korean(korean).value("text", text))
}
