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
use crate::document::{Block, Document, Kind, Span};

pub(super) const FORMAT: Format = Format {
    name: "html",
    describe: "a page of a site, in HTML",
    extensions: &["html", "htm", "xhtml"],
    sniff,
    read: Reader::Article(read),
};

/// Bytes examined to recognize a page.
const LOOKED_AT: usize = 4096;
/// True if bytes begin like a page: with a doctype, an `html` element or, without both, an element
/// that only pages have.
fn sniff(bytes: &[u8]) -> bool {
    // UTF-16 has a NUL byte next to each ASCII letter.
    let wide = bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF");
    let shown = bytes.iter().filter(|byte| !(wide && **byte == 0)).take(LOOKED_AT).copied();
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

fn read(text: String) -> Result<Item, String> {
    let text = metadata::declare_utf8(text);
    let Page { blocks: found, metadata, outline } = blocks::find(&text)?;
    if found.is_empty() {
        return Err("holds no words".to_string());
    }
    let mut blocks: Vec<Block> = found
        .iter()
        .map(|found| Block::of_markup(&text, found.span.clone(), Kind::Paragraph))
        .collect();
    let words: Vec<&str> = blocks.iter().map(words).collect();
    let mut roles = roles(&found, &outline);
    let content: Vec<bool> = roles.iter().map(|role| *role == BlockRole::Article).collect();
    let headline = headline::find(&text, &found, &words, &content, &metadata);
    if let Headline::Block(at) = headline {
        roles[at] = BlockRole::Article;
    }
    if !roles.contains(&BlockRole::Article) && !matches!(headline, Headline::Title(..)) {
        return Err("holds no words that a browser shows".to_string());
    }
    let kinds = kinds(&found, &words, &roles, &headline);
    blocks.iter_mut().zip(kinds).for_each(|(block, kind)| block.kind = kind);
    if let Headline::Title(at, span) = headline {
        blocks[at] = Block::of_markup(&text, span, Kind::Title);
    }
    blocks.retain(|block| !holds_section(&text, block));
    let is_free = |span: &Span| {
        blocks.iter().all(|block| block.span.end <= span.start || span.end <= block.span.start)
    };
    let language = language(&text).filter(is_free);
    blocks.extend(language.map(|span| Block::new(span, Kind::Language)));
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
    let is_root =
        |tag: &HtmlTag| matches!(&tag.kind, HtmlTagKind::Open { name, .. } if name == "html");
    let Span { start, end } = tags::tags(text).find(is_root)?.span;
    let named =
        xml::attributes(&text[start..end]).find(|(name, _)| name.eq_ignore_ascii_case("lang"));
    named.map(|(_, value)| start + value.start..start + value.end)
}

fn words(block: &Block) -> &str {
    block.inline.as_ref().map_or("", |inline| inline.text().trim())
}

/// The role of each block. If no article was found, every shown block outside of navigation,
/// headers and footers is the article.
fn roles(found: &[PageBlock], outline: &Outline) -> Vec<BlockRole> {
    let roles = choose::block_roles(outline);
    if roles.contains(&BlockRole::Article) {
        return roles;
    }
    let any = |is: &dyn Fn(&PageBlock) -> bool| {
        let kept = found
            .iter()
            .map(|block| if is(block) { BlockRole::Article } else { BlockRole::Outside });
        Some(kept.collect::<Vec<BlockRole>>()).filter(|roles| roles.contains(&BlockRole::Article))
    };
    let shown = |block: &PageBlock| block.element != "title" && !block.hidden;
    let inside = |block: &PageBlock| {
        shown(block) && !matches!(block.region, Region::Navigation | Region::Around)
    };
    any(&inside).or_else(|| any(&shown)).unwrap_or(roles)
}

/// The kind of each block. The `title` element is translated like every block, but is not part of
/// the article, unless the page has no other headline.
fn kinds(
    found: &[PageBlock],
    words: &[&str],
    roles: &[BlockRole],
    headline: &Headline,
) -> Vec<Kind> {
    let inside: Vec<usize> =
        (0..found.len()).filter(|at| roles[*at] == BlockRole::Article).collect();
    let lines: Vec<&str> = inside.iter().map(|at| words[*at]).collect();
    let outside = |(block, role): (&PageBlock, &BlockRole)| match block.element {
        "title" => Kind::boilerplate("page title"),
        _ if *role == BlockRole::Caption => Kind::boilerplate("photo caption"),
        _ => Kind::Outside,
    };
    let mut kinds: Vec<Kind> = found.iter().zip(roles).map(outside).collect();
    for (at, kind) in inside.into_iter().zip(article::kinds(&lines)) {
        kinds[at] = match headline {
            Headline::Block(headline) if *headline == at => Kind::Title,
            Headline::Block(_) | Headline::Title(..) if kind == Kind::Title => Kind::Paragraph,
            _ => kind,
        };
    }
    kinds
}

/// Reads an HTML fragment that comes with a headline of its own: all text except boilerplate. A
/// fragment without tags is plain text with entities.
pub(super) fn fragment(html: &str) -> Result<Document, String> {
    let text = html.to_string();
    let spans: Vec<Span> = match blocks::whole(&text).len() < text.len() {
        true => blocks::find(&text)?
            .blocks
            .into_iter()
            .filter(|found| !found.hidden)
            .map(|found| found.span)
            .collect(),
        false => plain::blocks(&text),
    };
    let mut blocks: Vec<Block> =
        spans.into_iter().map(|span| Block::of_markup(&text, span, Kind::Paragraph)).collect();
    let words: Vec<&str> = blocks.iter().map(words).collect();
    let kinds = article::kinds(&words);
    for (block, kind) in blocks.iter_mut().zip(kinds).filter(|(_, kind)| *kind != Kind::Title) {
        block.kind = kind;
    }
    blocks.retain(|block| !holds_section(&text, block));
    Ok(Document::new(text, blocks))
}

/// True for a CDATA section: HTML reads it as a comment up to the next bracket,
/// [`Inline`](crate::document::Inline) as text. Such blocks are left unchanged.
fn holds_section(text: &str, block: &Block) -> bool {
    text[block.span.clone()].contains("<![CDATA[")
}

#[cfg(test)]
mod agencies;
#[cfg(test)]
mod growth;
#[cfg(test)]
mod tests;
