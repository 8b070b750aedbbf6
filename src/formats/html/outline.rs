//! A page as a tree: its block-level elements in order, each with the run of blocks it holds and
//! what its marks say of it.

use std::ops::Range;

use super::runs::BlockSpan;
use super::signs::{self, ElementSigns};
use super::tags::HtmlAttribute;
use crate::document::Inline;
use crate::language::is_hangul;

/// An element.
pub(super) struct OutlineNode {
    /// Its name, lower case.
    pub name: &'static str,
    /// Index of the element around it.
    pub parent: Option<usize>,
    /// Index after the last element in it: nodes stand in document order.
    pub end: usize,
    /// The blocks in it.
    pub blocks: Range<usize>,
    /// What its attributes say.
    pub signs: ElementSigns,
}

/// What the words of a block look like. Lengths are in characters, Hangul counted twice: it says as
/// much in half of them.
pub(super) struct BlockStats {
    /// The innermost element around it.
    pub node: Option<usize>,
    /// That element's name; empty where there is none.
    pub element: &'static str,
    /// Length of all words.
    pub length: usize,
    /// Length of those in links.
    pub linked: usize,
    /// Whether they end as sentences do, quotation marks included.
    pub ends: bool,
    /// Whether they end with a colon.
    pub introduces: bool,
    /// Whether they are too small to be read.
    pub small: bool,
    /// Whether they are the publisher's imprint or a claim to copyright.
    pub imprint: bool,
}

/// The elements of a page and its blocks.
#[derive(Default)]
pub(super) struct Outline {
    /// In document order: parents before what is in them.
    pub nodes: Vec<OutlineNode>,
    /// In document order.
    pub blocks: Vec<BlockStats>,
    open: Vec<usize>,
}

impl Outline {
    /// Begins an element.
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

    /// Ends the element that was opened last.
    pub fn close(&mut self) {
        if let Some(index) = self.open.pop() {
            let end = self.nodes.len();
            let node = &mut self.nodes[index];
            (node.end, node.blocks.end) = (end, self.blocks.len());
        }
    }

    /// Adds a block in the element that is open.
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

    /// An element and those around it, from the inside out.
    pub fn around(&self, node: Option<usize>) -> impl Iterator<Item = usize> {
        std::iter::successors(node, |node| self.nodes[*node].parent)
    }
}

fn length(words: &str) -> usize {
    words.chars().map(|c| if is_hangul(c) { 2 } else { 1 }).sum()
}
