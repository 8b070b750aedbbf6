//! A translation under way: the chunks of a document's blocks, and the results so far.

use std::ops::Range;

use super::chunk::{ChunkResult, SourceChunk, trailing_space};
use crate::checks;
use crate::document::{Counterpart, Document, Inline, Span};
use crate::language::Language;

pub(super) struct DocumentTranslation<'d> {
    pub document: &'d Document,
    /// The language of the translation.
    pub to: Language,
    pub chunks: Vec<SourceChunk<'d>>,
    /// For each block of the document its range in `chunks`.
    pub blocks: Vec<Range<usize>>,
    /// For each chunk the words of elements that lie within it, as spans of its trimmed text.
    pub tagged: Vec<Vec<Span>>,
    /// Results of the first chunks, in order.
    pub results: Vec<ChunkResult>,
}

impl<'d> DocumentTranslation<'d> {
    pub fn of(document: &'d Document, to: Language) -> Self {
        Self {
            document,
            to,
            chunks: Vec::new(),
            blocks: Vec::new(),
            tagged: Vec::new(),
            results: Vec::new(),
        }
    }

    /// Adds the chunks of the next block.
    pub fn add_block(&mut self, chunks: Vec<SourceChunk<'d>>) {
        let start = self.chunks.len();
        let block = self.document.blocks().get(self.blocks.len());
        let inline = block.and_then(|block| block.inline.as_ref()).filter(|_| !chunks.is_empty());
        self.tagged.extend(tagged(&chunks, inline.map(Inline::elements).unwrap_or_default()));
        self.chunks.extend(chunks);
        self.blocks.push(start..self.chunks.len());
    }

    /// True if all chunks of a block have their results.
    pub fn is_finished(&self, block: usize) -> bool {
        self.blocks[block].end <= self.results.len()
    }

    /// The new text of a finished block: the translations of its chunks with the white space that
    /// was between them. `None` for a block without chunks.
    pub fn block_text(&self, block: usize) -> Option<String> {
        let range = self.blocks[block].clone();
        if range.is_empty() {
            return None;
        }
        let mut text = String::new();
        for (chunk, result) in self.chunks[range.clone()].iter().zip(&self.results[range]) {
            text.push_str(&result.segment.text);
            text.push_str(trailing_space(chunk.text));
        }
        text.truncate(text.trim_end().len());
        Some(text)
    }

    /// The new text of a finished block with its tags, and the tags that are lost.
    pub fn marked(&self, block: usize) -> Option<Marked<'d>> {
        let words = self.block_text(block)?;
        let document = self.document;
        let source = &document.blocks()[block];
        let counterparts = self.counterparts(block);
        let length = words.len();
        if document.package().is_some() {
            let (packed, lost) = document.with_markup_at(source, words.clone(), &counterparts);
            return Some(Marked { is_plain: true, text: words, lost, packed: Some(packed) });
        }
        let (text, lost) = document.with_markup_at(source, words, &counterparts);
        let text = match &source.shown {
            Some(shown) => checks::in_lines(&text, shown, self.to),
            None => text,
        };
        Some(Marked { is_plain: text.len() == length, text, lost, packed: None })
    }

    /// The counterparts of all chunks of a block, in its texts.
    fn counterparts(&self, block: usize) -> Vec<Counterpart> {
        let range = self.blocks[block].clone();
        let (mut source, mut target, mut all) = (0, 0, Vec::new());
        for (chunk, result) in self.chunks[range.clone()].iter().zip(&self.results[range]) {
            let lead = chunk.text.len() - chunk.text.trim_start().len();
            let known = result.counterparts.iter().cloned();
            all.extend(known.map(|one| one.shifted(source + lead, target)));
            source += chunk.text.len();
            target += result.segment.text.len() + trailing_space(chunk.text).len();
        }
        all
    }
}

/// The new text of a block with its tags, unless they are in a package.
pub(super) struct Marked<'d> {
    pub text: String,
    /// Tags that found no place among the new words.
    pub lost: Vec<&'d str>,
    /// True if there are neither tags nor escapes among the words.
    pub is_plain: bool,
    /// The words with their tags, for the package; `text` has none.
    pub packed: Option<String>,
}

/// For each chunk of a block those of the block's elements that lie within it, in its trimmed text.
fn tagged(chunks: &[SourceChunk<'_>], elements: Vec<Span>) -> Vec<Vec<Span>> {
    let mut tagged = vec![Vec::new(); chunks.len()];
    let (mut chunk, mut start) = (0, 0);
    // Elements are in the order of their starts.
    for span in elements {
        while chunk < chunks.len() && start + chunks[chunk].text.len() <= span.start {
            start += chunks[chunk].text.len();
            chunk += 1;
        }
        let Some(text) = chunks.get(chunk).map(|chunk| chunk.text) else { break };
        let first = start + text.len() - text.trim_start().len();
        if first <= span.start && span.end <= start + text.trim_end().len() {
            tagged[chunk].push(span.start - first..span.end - first);
        }
    }
    tagged
}
