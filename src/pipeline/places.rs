//! Where the segments of a translation lie: in the article they come from, and in the whole text
//! that was made.

use std::ops::Range;

use super::write::{Part, Written, block_text};
use crate::document::{Document, Kind};

/// The translated text, and where each segment's source and translation start.
pub(super) struct Joined {
    pub text: String,
    /// In [`Document::article`]; `None` for furniture, which is no part of it.
    pub sources: Vec<Option<usize>>,
    /// In `text`; `None` where tags or escapes stand among the words.
    pub outputs: Vec<Option<usize>>,
}

/// Puts the translations of all parts into the document.
pub(super) fn join(
    document: &Document,
    parts: &[Part<'_>],
    written: &[Written],
    blocks: &[Range<usize>],
) -> Joined {
    let mut joined = Joined {
        text: String::new(),
        sources: vec![None; parts.len()],
        outputs: vec![None; parts.len()],
    };
    let (mut article, mut end, mut behind) = (0, 0, 0);
    let text = document.rejoin(|index, block| {
        let range = blocks[index].clone();
        let text = block_text(parts, written, range.clone());
        let start = end + (block.span.start - behind);
        behind = block.span.end;
        let length = match &text {
            Some(text) if block.inline.is_some() => document.placed(block, text.clone()).0.len(),
            Some(text) => text.len(),
            None => block.span.len(),
        };
        end = start + length;
        let words = document.block_text(block);
        let within = matches!(block.kind, Kind::Title | Kind::Paragraph);
        // Escaped words and words among tags are longer in the text than by themselves.
        let verbatim = text.as_ref().is_some_and(|text| text.len() == length);
        let (mut source, mut output) = (article, start);
        for at in range {
            let part = parts[at].text;
            let lead = part.len() - part.trim_start().len();
            joined.sources[at] = within.then_some(source + lead);
            joined.outputs[at] = verbatim.then_some(output);
            source += part.len();
            output += written[at].segment.text.len() + part.len() - part.trim_end().len();
        }
        if within {
            article += words.len() + "\n\n".len();
        }
        text
    });
    Joined { text, ..joined }
}
