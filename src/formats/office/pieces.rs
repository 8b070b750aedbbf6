//! A paragraph as the pieces of its part: words, and spans of the XML that are no words.

use std::ops::Range;

use super::dialect::ParagraphRank;

/// Where a piece of XML may stand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Level {
    /// Between runs.
    Paragraph,
    /// In a run, between texts.
    Run,
    /// Between the words of a text.
    Text,
}

/// A span of the XML that is moved whole.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Atom {
    pub span: Range<usize>,
    pub level: Level,
    pub style: usize,
}

/// A piece of a paragraph.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    /// Text of `length` bytes in a style.
    Words { length: usize, style: usize },
    /// A character of the words that is an element.
    Character { letter: char, atom: Atom },
    /// An element that stands alone.
    Lone { name: &'static str, atom: Atom },
    /// The start of a pair: of an element, or a mark.
    Open { name: &'static str, atoms: Vec<Atom>, is_element: bool },
    /// Its end.
    Close { name: &'static str, atom: Atom, is_element: bool },
    /// A part of `length` bytes of text that is moved as a whole.
    Fixed { name: &'static str, length: usize, atom: Atom },
}

/// The format of a run: spans of its tag and of its properties.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Style {
    pub tag: Range<usize>,
    pub properties: Range<usize>,
}

/// A paragraph.
#[derive(Debug, Clone, Default)]
pub(super) struct Paragraph {
    pub words: String,
    pub pieces: Vec<Piece>,
    /// The element.
    pub whole: Range<usize>,
    /// What of it is written anew when the words change.
    pub content: Range<usize>,
    /// The tag of its texts, without brackets.
    pub text_tag: Range<usize>,
    pub rank: Option<ParagraphRank>,
    /// What it is, if not part of the article.
    pub apart: Option<&'static str>,
    /// For a copy for older programs, the number of the paragraph that it repeats.
    pub repeats: Option<usize>,
}

/// The paragraphs of a part, in the order of their start.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub paragraphs: Vec<Paragraph>,
    pub styles: Vec<Style>,
}
