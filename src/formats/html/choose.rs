//! Chooses the blocks of a page that are its article.
//!
//! Each element holds a contiguous run of blocks, so its totals are differences of running sums,
//! and the whole choice takes linear time. Steps:
//!
//! 1. Set aside elements whose names mark them as surroundings, unless most of the page is inside.
//! 2. Find the article's element: the one marked as such, or the innermost with nearly all prose.
//! 3. Inside it, drop lists of links and headings without text below.
//! 4. Add sentences between the headline and that element.

use std::ops::Range;

use super::outline::{BlockStats, Outline};
use super::signs::{AsideSign, BodySign};

/// The role of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BlockRole {
    /// Part of the article.
    Article,
    /// The caption of a photo in the article.
    Caption,
    /// The rest of the page.
    Outside,
}

/// Shorter text is not prose (in characters; Hangul counts twice).
const MIN_PROSE: usize = 25;
/// Prose of this length counts in full even without a full stop; shorter lines count for less.
const MIN_PARAGRAPH: usize = 80;
/// Weight of a line that is not a sentence, in tenths.
const LINE_WEIGHT: usize = 3;
/// Percentage of the page's text above which an element is kept, whatever its name.
const MOST_OF_PAGE: usize = 40;
/// Percentage of the outer element's prose from which the inner element is chosen.
const NEARLY_ALL: usize = 85;
/// Number of sibling elements marked as the article's body from which they are its sections.
const SECTIONS: usize = 3;
/// Percentage of linked text above which an element or a line is a list of links.
const LINKED_ELEMENT: usize = 60;
const LINKED_LINE: usize = 80;
/// Shortest sentence before the article's element that belongs to it.
const MIN_LEAD: usize = 60;
/// Number of blocks before the article's element searched for the headline, and for lead sentences
/// if there is no headline.
const HEADLINE_BEFORE: usize = 40;
const LEAD_BEFORE: usize = 6;
/// Longest heading and longest label.
const MAX_HEADING: usize = 80;
const MAX_LABEL: usize = 40;
/// A heading is dropped if more blocks than this were dropped below it.
const MAX_GAP: usize = 3;
/// Limits for a photo caption: its length, the number of blocks in its element, and the depth below
/// that element.
const MAX_CAPTION: usize = 200;
const MAX_CAPTION_BLOCKS: usize = 4;
const MAX_CAPTION_DEPTH: usize = 4;

/// The role of each block of a page.
pub(super) fn block_roles(outline: &Outline) -> Vec<BlockRole> {
    let chooser = ArticleChooser::new(outline);
    let top = chooser.article_element();
    let mut kept = chooser.blocks_within(top);
    if let Some(top) = top {
        let mut lead = chooser.lead(outline.nodes[top].blocks.start, top);
        lead.append(&mut kept);
        kept = lead;
    }
    let kept = chooser.without_strays(kept, top);
    let is_caption: Vec<bool> = kept.iter().map(|block| chooser.is_caption(*block)).collect();
    let tells = |block: usize| {
        let block = &outline.blocks[block];
        heading(block).is_none() && weight(block) >= 10 * MIN_PROSE
    };
    let is_story = kept.iter().zip(&is_caption).any(|(block, caption)| !caption && tells(*block));
    let mut roles = vec![BlockRole::Outside; outline.blocks.len()];
    for (block, caption) in kept.into_iter().zip(is_caption) {
        roles[block] = if caption && is_story { BlockRole::Caption } else { BlockRole::Article };
    }
    roles
}

struct ArticleChooser<'o> {
    outline: &'o Outline,
    /// True for each element set aside, descendants included.
    aside: Vec<bool>,
    /// Running sum of prose before each block, in tenths of a character.
    prose: Vec<usize>,
}

impl<'o> ArticleChooser<'o> {
    fn new(outline: &'o Outline) -> Self {
        let aside = set_aside(outline);
        let weight = |block: &BlockStats| {
            if block.node.is_some_and(|node| aside[node]) { 0 } else { weight(block) }
        };
        let prose = running_sums(outline.blocks.iter().map(weight));
        Self { outline, aside, prose }
    }

    fn prose(&self, blocks: &Range<usize>) -> usize {
        self.prose[blocks.end] - self.prose[blocks.start]
    }

    /// The element that holds the article; `None` for the whole page.
    fn article_element(&self) -> Option<usize> {
        let nodes = &self.outline.nodes;
        let total = self.prose.last().copied().unwrap_or(0);
        // The clearest sign with enough prose wins: a page may use the same class for comments.
        for (body, share) in [
            (BodySign::Property, 0),
            (BodySign::Named, 40),
            (BodySign::Article, 40),
            (BodySign::Main, 50),
        ] {
            let marked: Vec<usize> = (0..nodes.len())
                .filter(|node| nodes[*node].signs.body == Some(body) && !self.aside[*node])
                .collect();
            let prose = |node: usize| self.prose(&nodes[node].blocks);
            let most = marked.iter().copied().max_by_key(|node| (prose(*node), *node));
            let Some(most) = most.map(|most| self.common_parent(most, &marked)) else { continue };
            if prose(most) == 0 || prose(most) * 100 < total * share {
                continue;
            }
            // Wrappers often have the same name as the wrapped element.
            let closer = |top: usize, node: usize| {
                let within = node > top && node < nodes[top].end;
                if within && prose(node) * 100 >= prose(top) * NEARLY_ALL { node } else { top }
            };
            return Some(marked.into_iter().fold(most, closer));
        }
        self.innermost(total)
    }

    /// The common parent of elements with the same sign if none of them has most of their prose: an
    /// article in sections.
    fn common_parent(&self, most: usize, marked: &[usize]) -> usize {
        let nodes = &self.outline.nodes;
        let prose = |node: usize| self.prose(&nodes[node].blocks);
        let parts = marked.iter().copied().filter(|node| nodes[*node].parent == nodes[most].parent);
        let (count, of_all) =
            parts.fold((0, 0), |(count, all), node| (count + 1, all + prose(node)));
        match nodes[most].parent {
            Some(around)
                if count >= SECTIONS
                    && 2 * prose(most) < of_all
                    && nodes[most].signs.body >= Some(BodySign::Named) =>
            {
                around
            }
            _ => most,
        }
    }

    /// The innermost element with nearly all of its parent's prose.
    fn innermost(&self, total: usize) -> Option<usize> {
        let nodes = &self.outline.nodes;
        let (mut top, mut inside, mut have) = (None, 0..nodes.len(), total);
        while have > 0 {
            let children = std::iter::successors(Some(inside.start), |node| {
                nodes.get(*node).map(|node| node.end)
            });
            let children =
                children.take_while(|node| *node < inside.end).filter(|node| !self.aside[*node]);
            let Some(most) = children.max_by_key(|node| self.prose(&nodes[*node].blocks)) else {
                break;
            };
            let prose = self.prose(&nodes[most].blocks);
            let is_text = matches!(nodes[most].name, "p" | "li" | "pre" | "h1" | "h2");
            if prose * 100 < have * NEARLY_ALL || is_text {
                break;
            }
            (top, inside, have) = (Some(most), most + 1..nodes[most].end, prose);
        }
        top
    }

    /// Blocks inside an element that are neither set aside nor in lists of links.
    fn blocks_within(&self, top: Option<usize>) -> Vec<usize> {
        let Outline { nodes, blocks, .. } = self.outline;
        let lengths = running_sums(blocks.iter().map(|block| block.length));
        let linked = running_sums(blocks.iter().map(|block| block.linked));
        let inside = top.map_or(0..nodes.len(), |top| top + 1..nodes[top].end);
        let mut links = vec![false; nodes.len()];
        for node in inside {
            let Range { start, end } = nodes[node].blocks;
            let (length, linked) = (lengths[end] - lengths[start], linked[end] - linked[start]);
            let holds_links = linked * 100 > length * LINKED_ELEMENT
                && matches!(
                    nodes[node].name,
                    "article"
                        | "div"
                        | "dl"
                        | "form"
                        | "h2"
                        | "h3"
                        | "h4"
                        | "header"
                        | "li"
                        | "ol"
                        | "p"
                        | "section"
                        | "table"
                        | "td"
                        | "tr"
                        | "ul"
                );
            links[node] = holds_links || nodes[node].parent.is_some_and(|parent| links[parent]);
        }
        let range = top.map_or(0..blocks.len(), |top| nodes[top].blocks.clone());
        let belongs = |at: &usize| {
            let BlockStats { node, element, length, linked, small, .. } = &blocks[*at];
            let in_text = matches!(*element, "p" | "td");
            *element != "title"
                && !small
                && node.is_none_or(|node| !self.aside[node] && !links[node])
                && (in_text || linked * 100 < length * LINKED_LINE)
        };
        range.filter(belongs).collect()
    }

    /// Sentences between the headline and the article's element.
    fn lead(&self, start: usize, top: usize) -> Vec<usize> {
        let blocks = &self.outline.blocks;
        let is_headline = |at: &usize| blocks[*at].element == "h1";
        let end = self.outline.nodes[top].blocks.end;
        // An element with the headline inside also holds the lead.
        if (start..end.min(start + LEAD_BEFORE)).any(|at| is_headline(&at)) {
            return Vec::new();
        }
        let headline = (start.saturating_sub(HEADLINE_BEFORE)..start).rfind(is_headline);
        let from = headline.map_or(start.saturating_sub(LEAD_BEFORE), |at| at + 1);
        let belongs = |at: &usize| {
            let block = &blocks[*at];
            !matches!(block.element, "title" | "figcaption" | "li" | "td")
                && block.node.is_some_and(|node| !self.aside[node])
                && weight(block) > 0
                && block.length >= MIN_LEAD
                && block.linked * 10 < block.length * 3
                && (headline.is_some() || block.ends)
        };
        (from..start).filter(belongs).collect()
    }

    /// Drops headings and labels without text below, and stray lines after the end.
    fn without_strays(&self, kept: Vec<usize>, top: Option<usize>) -> Vec<usize> {
        let blocks = &self.outline.blocks;
        let mut remaining: Vec<usize> = Vec::with_capacity(kept.len());
        for at in kept.into_iter().rev() {
            let block = &blocks[at];
            let next = remaining.last().copied();
            let level = heading(block).filter(|level| *level > 1 && block.length <= MAX_HEADING);
            let over_nothing = level.is_some_and(|level| {
                next.is_none_or(|next| {
                    next - at > MAX_GAP
                        || heading(&blocks[next]).is_some_and(|of_next| of_next <= level)
                })
            });
            let introduces_nothing = block.introduces
                && block.length < MAX_LABEL
                && next.is_none_or(|next| next > at + 1);
            if !over_nothing && !introduces_nothing {
                remaining.push(at);
            }
        }
        remaining.reverse();
        // Lines directly in the article's element belong to it: results, prices.
        let is_stray = |block: &BlockStats| {
            let element =
                matches!(block.element, "article" | "center" | "div" | "main" | "section")
                    || heading(block).is_some_and(|l| l > 1);
            element && block.node != top && block.length < MIN_LEAD && !block.ends
        };
        while remaining.len() > MAX_GAP && remaining.last().is_some_and(|at| is_stray(&blocks[*at]))
        {
            remaining.pop();
        }
        remaining
    }

    fn is_caption(&self, at: usize) -> bool {
        let block = &self.outline.blocks[at];
        let is_part = |node: &usize| {
            matches!(self.outline.nodes[*node].name, "article" | "body" | "main" | "section")
        };
        let mut around = self
            .outline
            .around(block.node)
            .take(MAX_CAPTION_DEPTH)
            .take_while(|node| !is_part(node));
        block.length <= MAX_CAPTION
            && around.any(|node| {
                let node = &self.outline.nodes[node];
                node.name == "figcaption"
                    || (node.signs.caption && node.blocks.len() <= MAX_CAPTION_BLOCKS)
            })
    }
}

/// Elements to set aside by their signs, with all descendants. A sign is ignored on an element with
/// most of the page's text, the headline or the article's body; hidden elements are always set
/// aside, and the page's footer is where there is prose outside it.
fn set_aside(outline: &Outline) -> Vec<bool> {
    let plain =
        running_sums(outline.blocks.iter().map(|block| block.length.saturating_sub(block.linked)));
    let headlines =
        running_sums(outline.blocks.iter().map(|block| usize::from(block.element == "h1")));
    let all = plain.last().copied().unwrap_or(0);
    let prose = running_sums(outline.blocks.iter().map(weight));
    let all_prose = prose.last().copied().unwrap_or(0);
    let mut aside: Vec<bool> = Vec::with_capacity(outline.nodes.len());
    for node in &outline.nodes {
        let Range { start, end } = node.blocks;
        let is_footer = node.name == "footer" && prose[end] - prose[start] < all_prose;
        let is_most = !is_footer && (plain[end] - plain[start]) * 100 > all * MOST_OF_PAGE;
        let is_body = node.signs.body >= Some(BodySign::Named);
        let has_headline = headlines[end] > headlines[start];
        let own = match node.signs.aside {
            None => false,
            Some(AsideSign::Hidden) => true,
            Some(AsideSign::Frame) => !is_most && !is_body,
            Some(AsideSign::Around) => !is_most && !is_body && !has_headline,
        };
        aside.push(own || node.parent.is_some_and(|parent| aside[parent]));
    }
    aside
}

/// Weight of a block as prose, in tenths of a character.
fn weight(block: &BlockStats) -> usize {
    let BlockStats { length, linked, .. } = *block;
    if block.element == "title"
        || block.imprint
        || block.small
        || length < MIN_PROSE
        || 2 * linked > length
    {
        return 0;
    }
    (length - linked) * if length >= MIN_PARAGRAPH || block.ends { 10 } else { LINE_WEIGHT }
}

fn heading(block: &BlockStats) -> Option<u8> {
    block.element.strip_prefix('h').and_then(|level| level.parse().ok())
}

/// Running sums: the sum before each number, then the total.
fn running_sums(numbers: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut totals = vec![0];
    totals.extend(numbers.scan(0_usize, |total, number| {
        *total = total.saturating_add(number);
        Some(*total)
    }));
    totals
}
