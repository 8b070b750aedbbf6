//! What a parser of paragraphs has open: elements, runs and paragraphs.

use std::ops::Range;

use super::container::is_xml;
use super::dialect::{FieldMark, Role};
use super::pieces::{Atom, Paragraph, Piece};

/// What the end of an element means.
pub(super) enum Frame {
    Nothing,
    Paragraph,
    ParagraphProperties,
    Run,
    RunProperties {
        start: usize,
    },
    Text {
        start: usize,
    },
    Container {
        name: &'static str,
        inner_end: Option<usize>,
    },
    Inner,
    Properties {
        start: usize,
    },
    Character {
        letter: char,
        start: usize,
    },
    Fixed {
        name: &'static str,
        start: usize,
        from: usize,
    },
    /// `opens` is there for one that begins or ends a pair; `shown` for one with words, where they
    /// began.
    Object {
        name: &'static str,
        start: usize,
        opens: Option<bool>,
        shown: Option<usize>,
    },
    Alternatives {
        start: usize,
        first: usize,
    },
    Copy {
        first: usize,
    },
    Apart {
        name: &'static str,
        start: usize,
        before: Option<&'static str>,
    },
    Hidden {
        name: &'static str,
        start: usize,
    },
    Field {
        mark: FieldMark,
        start: usize,
    },
    Span {
        name: &'static str,
        start: usize,
        opens: bool,
    },
    DeletionEnd,
    Shape,
}

/// A run that is open.
pub(super) struct Run {
    pub tag: Range<usize>,
    pub properties: Range<usize>,
    pub style: Option<usize>,
    pub hidden: bool,
}

/// A paragraph that is open.
#[derive(Default)]
pub(super) struct Builder {
    pub at: usize,
    pub found: Paragraph,
    pub run: Option<Run>,
    pub texts: usize,
    pub properties: usize,
    /// Number of open elements whose content is not of this paragraph.
    pub opaque: usize,
    /// Number of open parts that are moved whole, with their words.
    pub fixed: usize,
    /// The code of an open field: its parts, and how many fields are open in it.
    pub code: Option<(Vec<Atom>, usize)>,
    /// Start of deleted text in the open text, and whether it goes on in the next.
    pub deleted: Option<usize>,
    pub in_deletion: bool,
    /// Number of paragraphs around it that are hidden.
    pub is_hidden: bool,
}

impl Builder {
    /// The role of an element at its place: one that no format has there is moved whole, with its
    /// words.
    pub fn allowed(&self, role: Role, in_container: bool) -> Role {
        let in_text = self.texts > 0;
        let in_run = in_text || self.run.is_some();
        match role {
            Role::ParagraphProperties if in_run || !self.found.pieces.is_empty() => {
                Role::Object("embedded")
            }
            Role::Run if in_run => Role::Fixed("format"),
            Role::RunProperties
                if in_text || self.run.as_ref().is_none_or(|run| run.style.is_some()) =>
            {
                Role::Object("embedded")
            }
            Role::Container(name) if in_run => Role::Fixed(name),
            Role::Inner if in_run || !in_container => Role::Fixed("control"),
            Role::Properties if in_run || !in_container => Role::Object("embedded"),
            Role::Trailing => Role::Object("embedded"),
            role => role,
        }
    }

    /// True if text is shown here.
    pub fn reads_words(&self) -> bool {
        let is_hidden = self.is_hidden || self.run.as_ref().is_some_and(|run| run.hidden);
        !is_hidden && self.code.is_none()
    }

    /// Adds words that are shown.
    pub fn add_words(&mut self, style: usize, add: impl FnOnce(&mut String)) {
        if self.deleted.is_some() || !self.reads_words() {
            return;
        }
        let from = self.found.words.len();
        add(&mut self.found.words);
        let length = self.found.words.len() - from;
        match self.found.pieces.last_mut() {
            // They are counted by the part that they are in.
            _ if self.fixed > 0 => {}
            Some(Piece::Words { length: before, style: last }) if *last == style => {
                *before += length;
            }
            _ => self.found.pieces.push(Piece::Words { length, style }),
        }
    }

    /// Adds a mark of a complex field.
    pub fn field(&mut self, mark: FieldMark, atom: Atom) {
        let code = self.code.take();
        let pieces = &mut self.found.pieces;
        match (mark, code) {
            (FieldMark::Begin, None) => self.code = Some((vec![atom], 0)),
            (FieldMark::Begin, Some((mut atoms, depth))) => {
                atoms.push(atom);
                self.code = Some((atoms, depth + 1));
            }
            (FieldMark::Separate, Some((mut atoms, 0))) => {
                atoms.push(atom);
                pieces.push(Piece::Open { name: "field", atoms, is_element: false });
            }
            (FieldMark::Separate, Some((mut atoms, depth))) => {
                atoms.push(atom);
                self.code = Some((atoms, depth));
            }
            (FieldMark::End, Some((mut atoms, 0))) => {
                // A field without a result.
                atoms.push(atom);
                let lone = |atom| Piece::Lone { name: "field-mark", atom };
                pieces.extend(atoms.into_iter().map(lone));
            }
            (FieldMark::End, Some((mut atoms, depth))) => {
                atoms.push(atom);
                self.code = Some((atoms, depth - 1));
            }
            (FieldMark::Separate, None) => {
                pieces.push(Piece::Lone { name: "field-mark", atom });
            }
            (FieldMark::End, None) => {
                pieces.push(Piece::Close { name: "field", atom, is_element: false });
            }
        }
    }
}

/// Adds words of which each run of white space is one space, and which begin with none.
pub(super) fn push_collapsed(found: &mut String, words: &str) {
    for letter in words.chars() {
        let is_blank = matches!(letter, ' ' | '\t' | '\n' | '\r');
        if !is_blank && is_xml(letter) {
            found.push(letter);
        } else if is_blank && !found.is_empty() && !found.ends_with(' ') {
            found.push(' ');
        }
    }
}
