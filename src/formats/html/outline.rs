//! The tree of a page: its block-level elements in document order, each with its range of blocks
//! and the signs in its attributes.

use std::ops::Range;

use super::runs::BlockSpan;
use super::signs::{self, ElementSigns};
use super::tags::HtmlAttribute;
use crate::document::Inline;
use crate::language::is_hangul;

/// An element of the tree.
pub(super) struct OutlineNode {
    /// Element name, lower case.
    pub name: &'static str,
    /// Index of the parent.
    pub parent: Option<usize>,
    /// Index after the last descendant; nodes are in document order.
    pub end: usize,
    /// Indices of its blocks.
    pub blocks: Range<usize>,
    /// Signs in its attributes.
    pub signs: ElementSigns,
}

/// Statistics of a block's text. Lengths are in characters; Hangul counts twice, because it says as
/// much in half the length.
pub(super) struct BlockStats {
    /// The innermost element.
    pub node: Option<usize>,
    /// Name of that element; empty outside of all.
    pub element: &'static str,
    /// Length of the text.
    pub length: usize,
    /// Length of the linked text.
    pub linked: usize,
    /// True if it ends like a sentence or quotation.
    pub ends: bool,
    /// True if it ends with a colon.
    pub introduces: bool,
    /// True if it is too small to read.
    pub small: bool,
    /// True for a publisher's imprint or a copyright notice.
    pub imprint: bool,
}

/// The elements and blocks of a page.
#[derive(Default)]
pub(super) struct Outline {
    /// Elements in document order, parents first.
    pub nodes: Vec<OutlineNode>,
    /// Blocks in document order.
    pub blocks: Vec<BlockStats>,
    open: Vec<usize>,
}

impl Outline {
    /// Opens an element.
    pub fn open(&mut self, name: &'static str, attributes: &[HtmlAttribute]) {
        let parent = self.open.last().copied();
        let blocks = self.blocks.len()..self.blocks.len();
        self.open.push(self.nodes.len());
        self.nodes.push(OutlineNode {
            name,
            parent,
            end: 0,
            blocks,
            signs: signs::of_element(name, attributes),
        });
    }

    /// Closes the innermost open element.
    pub fn close(&mut self) {
        if let Some(index) = self.open.pop() {
            let end = self.nodes.len();
            let node = &mut self.nodes[index];
            (node.end, node.blocks.end) = (end, self.blocks.len());
        }
    }

    /// Adds a block to the innermost open element.
    pub fn block(&mut self, element: &'static str, small: bool, text: &str, block: &BlockSpan) {
        let inline = Inline::read(&text[block.span.clone()]);
        let words = inline.text().trim();
        let linked =
            block.links.iter().map(|link| length(Inline::read(&text[link.clone()]).text().trim()));
        self.blocks.push(BlockStats {
            node: self.open.last().copied(),
            element,
            small,
            length: length(words),
            linked: linked.sum(),
            ends: words.ends_with(['.', '!', '?', '…', '。', '"', '”', '“', '»', '’', '」', '』']),
            introduces: words.ends_with([':', '：']),
            imprint: signs::is_imprint(words),
        });
    }

    /// An element and its ancestors, innermost first.
    pub fn around(&self, node: Option<usize>) -> impl Iterator<Item = usize> {
        std::iter::successors(node, |node| self.nodes[*node].parent)
    }
}

fn length(text: &str) -> usize {
    text.chars().map(|c| if is_hangul(c) { 2 } else { 1 }).sum()
}
