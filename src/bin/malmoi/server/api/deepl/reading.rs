//! How the texts of a request are read: plain, with its sentences split as asked, or with tags.

use malmoi::document::{Block, BlockKind, Document};

use super::super::super::incoming::Incoming;
use super::super::shortened;
use super::super::texts::ReadText;
use super::markup::{Kept, TagRules};
use crate::engine::Failure;
use crate::engine::task::document;

/// A way of reading.
#[derive(Debug, Clone)]
pub(super) enum Reading {
    /// Paragraphs; lines that a program has wrapped are joined.
    Paragraphs,
    /// Each line on its own.
    Lines,
    /// Paragraphs between blank lines; other line breaks are spaces.
    BlankLines,
    /// The whole text as one paragraph.
    Whole,
    Html,
    /// XML, and what becomes of words that stay as they are.
    Xml(TagRules, Kept),
}

impl Reading {
    /// What a request asks for. Tagged text has its sentences between tags: there a line break is
    /// white space, whatever `split_sentences` says.
    pub fn of(incoming: &Incoming) -> Result<Self, Failure> {
        let split = incoming.text("split_sentences")?.unwrap_or_default();
        let plain = match split.as_str() {
            "" => Self::Paragraphs,
            "1" | "true" => Self::Lines,
            "nonewlines" => Self::BlankLines,
            "0" | "false" => Self::Whole,
            _ => {
                let message = "`split_sentences` must be 0, 1 or nonewlines";
                return Err(Failure::Invalid(message.into()));
            }
        };
        let version = incoming.text("tag_handling_version")?.unwrap_or_default();
        if !["", "v1", "v2"].contains(&version.as_str()) {
            return Err(Failure::Invalid("`tag_handling_version` must be v1 or v2".into()));
        }
        let handling = incoming.text("tag_handling")?.unwrap_or_default();
        if handling == "xml" {
            return Ok(Self::Xml(TagRules::of(incoming)?, Kept::InSentence));
        }
        for name in ["splitting_tags", "non_splitting_tags", "ignore_tags", "outline_detection"] {
            let is_empty = incoming.texts(name).is_ok_and(|names| {
                names.is_none_or(|names| names.iter().all(|name| name.trim().is_empty()))
            });
            if !is_empty {
                return Err(Failure::Invalid(format!("`{name}` needs `tag_handling` xml")));
            }
        }
        match handling.as_str() {
            "" => Ok(plain),
            "html" => Ok(Self::Html),
            other => {
                let message = format!("tag_handling `{}` is not supported", shortened(other));
                Err(Failure::Invalid(message))
            }
        }
    }

    pub fn is_markup(&self) -> bool {
        matches!(self, Self::Html | Self::Xml(..))
    }

    /// Reads a text.
    pub fn read(&self, text: &str) -> Result<ReadText, Failure> {
        match self {
            Self::Paragraphs => document(text, "txt").map(ReadText::from),
            Self::Lines => Ok(Document::from_lines(text.to_string()).into()),
            Self::BlankLines => Ok(Document::from_lines(unwrapped(text)).into()),
            Self::Whole => Ok(whole(text).into()),
            Self::Html => document(text, "html").map(ReadText::from),
            Self::Xml(rules, kept) => rules.read(text, *kept),
        }
    }
}

/// The text as one paragraph.
fn whole(text: &str) -> Document {
    let start = text.len() - text.trim_start().len();
    let span = start..start + text.trim().len();
    let blocks = vec![Block::new(span, BlockKind::Paragraph)];
    Document::new(text.to_string(), blocks)
}

/// The text with its lines joined; blank lines stay.
fn unwrapped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut is_open = false;
    for line in text.lines() {
        let is_blank = line.trim().is_empty();
        if !out.is_empty() || is_blank {
            out.push(if is_open && !is_blank { ' ' } else { '\n' });
        }
        out.push_str(if is_open && !is_blank { line.trim_start() } else { line });
        is_open = !is_blank;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_are_borders_spaces_or_part_of_the_text() {
        let text = " The ferry left\nat nine.\n\nIt was full.\n";
        let blocks = |reading: Reading| -> Vec<String> {
            let document = reading.read(text).unwrap().document;
            document.blocks().iter().map(|block| document.block_text(block).into()).collect()
        };
        assert_eq!(blocks(Reading::Lines), ["The ferry left", "at nine.", "It was full."]);
        assert_eq!(blocks(Reading::BlankLines), ["The ferry left at nine.", "It was full."]);
        assert_eq!(blocks(Reading::Whole), [text.trim()]);
        assert_eq!(unwrapped("a\n\n\nb\nc"), "a\n\n\nb c");
    }
}
