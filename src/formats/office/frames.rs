//! What a parser of paragraphs has open: elements, runs and paragraphs.

use std::ops::Range;

use super::dialect::{FieldMark, Role};
use super::pieces::{Atom, Paragraph};

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
}
