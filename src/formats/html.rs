//! HTML: a page of a news site, or a fragment from a feed.
//!
//! The document's text is the page itself; its blocks are the runs of text between block-level
//! elements. Knows page structure; boilerplate lines are recognized by
//! [`boilerplate`](super::boilerplate). Style sheets are not read.

mod blocks;
mod choose;
mod headline;
mod hidden;
mod metadata;
mod outline;
mod runs;
mod signs;
pub(super) mod tags;

use self::blocks::{Page, PageBlock, Region};
use self::choose::BlockRole;
use self::headline::Headline;
use self::outline::Outline;
use self::tags::{HtmlTag, HtmlTagKind};
use super::{Format, Item, Reader, article, plain, xml};
use crate::document::{Block, BlockKind, Document, Span};

pub(super) const FORMAT: Format = Format {
    name: "html",
    describe: "an HTML page",
    extensions: &["html", "htm", "xhtml"],
    title: "HTML",
    written: "HTML",
    kept: "all but the blocks of the article; tags within sentences move along",
    sniff,
    read: Reader::Article(read),
};

/// Bytes examined to recognize a page.
const EXAMINED_BYTES: usize = 4096;
/// True if bytes begin like a page: with a doctype, an `html` element or, without both, an element
/// that only pages have.
fn sniff(bytes: &[u8]) -> bool {
    // UTF-16 has a NUL byte next to each ASCII letter.
    let wide = bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF");
    let shown = bytes.iter().filter(|byte| !(wide && **byte == 0)).take(EXAMINED_BYTES).copied();
    let text = String::from_utf8_lossy(&shown.collect::<Vec<u8>>()).to_ascii_lowercase();
    let mut rest = text
        .trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{fffd}'));
    let mut xml = false;
    while let Some((skipped, after)) = [("<!--", "-->"), ("<?", "?>")]
        .iter()
        .find(|(begin, _)| rest.starts_with(begin))
        .and_then(|(_, end)| rest.split_once(end))
    {
        xml |= skipped.starts_with("<?xml");
        rest = after.trim_start();
    }
    let begins = |start: &str| {
        rest.strip_prefix(start)
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '-'))
    };
    let has =
        |name: &str| rest.contains(&format!("<{name}>")) || rest.contains(&format!("<{name} "));
    let fragment = || {
        let first =
            rest.strip_prefix('<').map(|rest| rest.split(|c: char| !c.is_alphanumeric()).next());
        match first {
            Some(Some("head" | "body" | "meta" | "title" | "link" | "script" | "style")) => {
                has("p") || has("body")
            }
            Some(Some(
                "p" | "div" | "article" | "section" | "main" | "table" | "center" | "h1" | "h2"
                | "h3",
            )) => true,
            // Another root: XML news formats also have `body` and `p`.
            Some(Some(name)) if !name.is_empty() => false,
            _ => has("body") || (has("p") && rest.contains("</p>")),
        }
    };
    begins("<!doctype html") || begins("<html") || (!xml && fragment())
}

pub(super) fn read(text: String) -> Result<Item, String> {
    let text = metadata::declare_utf8(text);
    let Page { blocks: page_blocks, metadata, outline } = blocks::find(&text)?;
    if page_blocks.is_empty() {
        return Err("has no text".to_string());
    }
    let mut blocks: Vec<Block> = page_blocks
        .iter()
        .map(|block| Block::from_markup(&text, block.span.clone(), BlockKind::Paragraph))
        .collect();
    let words: Vec<&str> = blocks.iter().map(words).collect();
    let mut roles = roles(&page_blocks, &outline);
    let content: Vec<bool> = roles.iter().map(|role| *role == BlockRole::Article).collect();
    let headline = headline::find(&text, &page_blocks, &words, &content, &metadata);
    if let Headline::Block(at) = headline {
        roles[at] = BlockRole::Article;
    }
    if !roles.contains(&BlockRole::Article) && !matches!(headline, Headline::Title(..)) {
        return Err("has no visible text".to_string());
    }
    let kinds = kinds(&page_blocks, &words, &roles, &headline);
    blocks.iter_mut().zip(kinds).for_each(|(block, kind)| block.kind = kind);
    if let Headline::Title(at, span) = headline {
        blocks[at] = Block::from_markup(&text, span, BlockKind::Title);
    }
    blocks.retain(|block| !holds_section(&text, block));
    let is_free = |span: &Span| {
        blocks.iter().all(|block| block.span.end <= span.start || span.end <= block.span.start)
    };
    let language = language(&text).filter(is_free);
    blocks.extend(language.map(|span| Block::new(span, BlockKind::Language)));
    blocks.sort_by_key(|block| block.span.start);
    Ok(Item {
        id: metadata.canonical.clone(),
        link: metadata.canonical.or(metadata.address),
        published: metadata.published.or(metadata.time),
        ..Item::from(Document::new(text, blocks))
    })
}

/// The span of the page's language code (`<html lang>`).
fn language(text: &str) -> Option<Span> {
    codes(text, &["lang"]).into_iter().next()
}

/// The spans of a page's language codes: `lang`, and `xml:lang` for XML.
pub(super) fn languages(text: &str) -> Vec<Span> {
    codes(text, &["lang", "xml:lang"])
}

fn codes(text: &str, names: &[&str]) -> Vec<Span> {
    let is_root =
        |tag: &HtmlTag| matches!(&tag.kind, HtmlTagKind::Open { name, .. } if name == "html");
    let Some(Span { start, end }) = tags::tags(text).find(is_root).map(|tag| tag.span) else {
        return Vec::new();
    };
    xml::attributes(&text[start..end])
        .filter(|(name, _)| names.iter().any(|wanted| name.eq_ignore_ascii_case(wanted)))
        .map(|(_, value)| start + value.start..start + value.end)
        .collect()
}

fn words(block: &Block) -> &str {
    block.inline.as_ref().map_or("", |inline| inline.text().trim())
}

/// The role of each block. If no article was found, every shown block outside of navigation,
/// headers and footers is the article.
fn roles(page_blocks: &[PageBlock], outline: &Outline) -> Vec<BlockRole> {
    let roles = choose::block_roles(outline);
    if roles.contains(&BlockRole::Article) {
        return roles;
    }
    let with = |is_article: &dyn Fn(&PageBlock) -> bool| {
        let role = |block: &PageBlock| {
            if is_article(block) { BlockRole::Article } else { BlockRole::Outside }
        };
        let roles: Vec<BlockRole> = page_blocks.iter().map(role).collect();
        roles.contains(&BlockRole::Article).then_some(roles)
    };
    let shown = |block: &PageBlock| block.element != "title" && !block.hidden;
    let inside = |block: &PageBlock| {
        shown(block) && !matches!(block.region, Region::Navigation | Region::Around)
    };
    with(&inside).or_else(|| with(&shown)).unwrap_or(roles)
}

/// The kind of each block. The `title` element is translated like every block, but is not part of
/// the article, unless the page has no other headline.
fn kinds(
    page_blocks: &[PageBlock],
    words: &[&str],
    roles: &[BlockRole],
    headline: &Headline,
) -> Vec<BlockKind> {
    let inside: Vec<usize> =
        (0..page_blocks.len()).filter(|at| roles[*at] == BlockRole::Article).collect();
    let lines: Vec<&str> = inside.iter().map(|at| words[*at]).collect();
    let outside = |(block, role): (&PageBlock, &BlockRole)| match block.element {
        "title" => BlockKind::boilerplate("page title"),
        _ if *role == BlockRole::Caption => BlockKind::boilerplate("photo caption"),
        _ => BlockKind::Outside,
    };
    let mut kinds: Vec<BlockKind> = page_blocks.iter().zip(roles).map(outside).collect();
    for (at, kind) in inside.into_iter().zip(article::kinds(&lines)) {
        kinds[at] = match headline {
            Headline::Block(headline) if *headline == at => BlockKind::Title,
            Headline::Block(_) | Headline::Title(..) if kind == BlockKind::Title => {
                BlockKind::Paragraph
            }
            _ => kind,
        };
    }
    kinds
}

/// The texts of a chapter of a book, which is XHTML: spans of those that are shown, and their
/// elements.
pub(super) fn chapter(text: &str) -> Result<Vec<(Span, &'static str)>, String> {
    let blocks = blocks::find_in_xml(text)?.blocks.into_iter().filter(|block| !block.hidden);
    let found = blocks.map(|block| (block.span, block.element));
    Ok(found.filter(|(span, _)| !text[span.clone()].contains(SECTION)).collect())
}

/// Reads an HTML fragment that comes with a headline of its own: all text except boilerplate. A
/// fragment without tags is plain text with entities.
pub(super) fn fragment(html: &str) -> Result<Document, String> {
    let text = html.to_string();
    let spans: Vec<Span> = if blocks::before_first_tag(&text).len() < text.len() {
        blocks::find(&text)?
            .blocks
            .into_iter()
            .filter(|block| !block.hidden)
            .map(|block| block.span)
            .collect()
    } else {
        plain::blocks(&text)
    };
    let mut blocks: Vec<Block> = spans
        .into_iter()
        .map(|span| Block::from_markup(&text, span, BlockKind::Paragraph))
        .collect();
    let words: Vec<&str> = blocks.iter().map(words).collect();
    let kinds = article::kinds(&words);
    for (block, kind) in blocks.iter_mut().zip(kinds).filter(|(_, kind)| *kind != BlockKind::Title)
    {
        block.kind = kind;
    }
    blocks.retain(|block| !holds_section(&text, block));
    Ok(Document::new(text, blocks))
}

/// True for a CDATA section: HTML reads it as a comment up to the next bracket,
/// [`Inline`](crate::document::Inline) as text. Such blocks are left unchanged.
fn holds_section(text: &str, block: &Block) -> bool {
    text[block.span.clone()].contains(SECTION)
}

/// The beginning of a CDATA section.
const SECTION: &str = "<![CDATA[";

#[cfg(test)]
mod agencies;
#[cfg(test)]
mod growth;
#[cfg(test)]
mod tests;
