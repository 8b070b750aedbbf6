//! The document of an office file: the article and what is beside it, each block with its place.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::codes::Codes;
use super::container::{Marked, ZipPackage};
use super::dialect::Dialect;
use super::languages::LanguageCodes;
use super::package::{Change, Changes, Layout, WrittenPart, XmlPart, write_parts};
use super::paragraphs;
use super::pieces::Paragraph;
use super::words::headline;
use crate::document::{Block, BlockKind, Document, Inline, Package, Place};
use crate::formats::{Item, NewWords, record};

/// A format of office files.
pub(in crate::formats) struct Office {
    /// Its name.
    pub(in crate::formats) name: &'static str,
    /// Its name in messages.
    pub(in crate::formats) kind: &'static str,
    /// Opens a package: its parts with text, in order.
    pub(in crate::formats) open: fn(&mut ZipPackage<'_>) -> Result<Opened, String>,
    /// Where a translation goes beside its source.
    pub(in crate::formats) beside: Layout,
    /// Name of a part with the first words of the document, for previews.
    pub(in crate::formats) preview: Option<&'static str>,
    /// Where it has codes of languages, if it has.
    pub(in crate::formats) languages: Option<LanguageCodes>,
}

/// An opened package.
pub(in crate::formats) struct Opened {
    pub parts: Vec<PartSource>,
    pub dialect: Dialect,
    /// What the package says of the article.
    pub item: Item,
    /// Paragraphs that stay as they are, by their words, as something else names them.
    pub kept: HashSet<String>,
}

/// A part with text.
pub(in crate::formats) struct PartSource {
    pub name: String,
    /// What its paragraphs are, if not part of the article.
    pub apart: Option<&'static str>,
}

/// Longest text for previews, in characters.
const PREVIEW_CHARS: usize = 1000;

/// The paragraphs of all parts.
struct Contents {
    parts: Vec<(XmlPart, Option<Marked>)>,
    dialect: Dialect,
    item: Item,
    kept: HashSet<String>,
}

impl Office {
    /// Reads a file.
    pub(in crate::formats) fn read(&self, bytes: &[u8]) -> Result<Item, String> {
        let contents = self.contents(bytes)?;
        let document = contents.document()?.in_package(Package::new(self.name, bytes));
        Ok(Item { document, ..contents.item })
    }

    fn contents(&self, bytes: &[u8]) -> Result<Contents, String> {
        let mut package = ZipPackage::open(bytes, self.kind)?;
        let Opened { parts, dialect, item, kept } = (self.open)(&mut package)?;
        let (mut lines, mut first, mut read) = (0, 0, Vec::new());
        // A part that several others refer to is read once.
        let mut names = HashSet::new();
        for PartSource { name, apart } in parts {
            if !names.insert(name.clone()) {
                continue;
            }
            let Some((xml, encoding)) = package.encoded_part(&name)? else { continue };
            let part = paragraphs::read(&xml, &dialect, apart, &mut lines)?;
            let count = part.paragraphs.len();
            read.push((XmlPart { name, xml, part, first }, encoding));
            first += count;
        }
        Ok(Contents { parts: read, dialect, item, kept })
    }

    /// Writes a copy of a file with new words.
    pub(in crate::formats) fn write(
        &self,
        package: &Package,
        words: NewWords<'_>,
    ) -> Result<Vec<u8>, String> {
        // Later words count.
        let mut all: HashMap<Place, String> = HashMap::new();
        all.extend(package.changed().iter().cloned());
        all.extend(words.placed);
        let mut changes = Changes::new();
        for (place, marked) in all {
            let Place { paragraph, span } = place;
            changes.entry(paragraph).or_default().push(Change { span, marked });
        }
        for words in changes.values_mut() {
            words.sort_by_key(|new| new.span.start);
        }
        self.written(package, &changes, words.is_bilingual, words.text)
    }

    fn written(
        &self,
        package: &Package,
        changes: &Changes,
        is_bilingual: bool,
        beginning: &str,
    ) -> Result<Vec<u8>, String> {
        let bytes = &*package.bytes;
        let contents = self.contents(bytes)?;
        let layout = if is_bilingual { self.beside } else { Layout::Instead };
        let mut replaced = Vec::new();
        for (part, encoding) in &contents.parts {
            if let Some(text) = part.rewritten(&contents.dialect, changes, layout) {
                let (name, encoding) = (part.name.clone(), *encoding);
                replaced.push(WrittenPart { name, text, encoding });
            }
        }
        if let (Some(codes), Some(relabeled), false) =
            (self.languages, package.relabeled(), replaced.is_empty())
        {
            for part in &mut replaced {
                if let Some(text) = (codes.relabel)(&part.text, relabeled) {
                    part.text = text;
                }
            }
            let mut package = ZipPackage::open(bytes, self.kind)?;
            for name in codes.parts {
                // A damaged part stays as it is.
                let part = package.encoded_part(name).ok().flatten();
                let part = part.filter(|_| replaced.iter().all(|part| part.name != *name));
                let Some((text, encoding)) = part else { continue };
                if let Some(text) = (codes.relabel)(&text, relabeled) {
                    replaced.push(WrittenPart { name: name.to_string(), text, encoding });
                }
            }
        }
        if let (Some(preview), false) = (self.preview, replaced.is_empty()) {
            let mark = ZipPackage::open(bytes, self.kind)?.encoded_part(preview).ok().flatten();
            if let Some((_, encoding)) = mark {
                let text = beginning.chars().take(PREVIEW_CHARS).collect::<String>();
                let (name, text) = (preview.to_string(), text.replace('\n', "\r\n"));
                replaced.push(WrittenPart { name, text, encoding });
            }
        }
        write_parts(bytes, replaced)
    }
}

/// A paragraph with its number in the package and its part.
type Numbered<'c> = (usize, &'c Paragraph, &'c XmlPart);

impl Contents {
    fn paragraphs(&self) -> impl Iterator<Item = Numbered<'_>> {
        self.parts.iter().flat_map(|(part, _)| {
            let paragraphs = part.part.paragraphs.iter().enumerate();
            paragraphs
                .filter(|(_, found)| found.repeats.is_none())
                .map(move |(at, found)| (part.first + at, found, part))
        })
    }

    fn is_kept(&self, found: &Paragraph) -> bool {
        self.kept.contains(found.words.trim())
    }

    /// The article: its headline is the paragraph in the title style, or the only first-level
    /// heading, wherever it is. What is beside the article follows it.
    fn document(&self) -> Result<Document, String> {
        let (mut body, apart): (Vec<Numbered>, Vec<Numbered>) = self
            .paragraphs()
            .partition(|(_, found, _)| found.apart.is_none() && !self.is_kept(found));
        let ranks: Vec<_> = body.iter().map(|(_, found, _)| found.rank).collect();
        let title = headline(&ranks).map(|at| body.remove(at));
        if body.is_empty() {
            return Err("has no text".to_string());
        }
        let mut places: Vec<TextPlace> = Vec::new();
        let mut text = String::new();
        let headline =
            title.map(|(_, found, _)| found.words.split_whitespace().collect::<Vec<_>>().join(" "));
        if let (Some(headline), Some(title)) = (&headline, title) {
            let is_collapsed = headline != title.1.words.trim();
            places.push(TextPlace { span: 0..headline.len(), found: title, is_collapsed });
            text = format!("{headline}\n\n");
        }
        let body_start = text.len();
        for (number, numbered) in body.iter().enumerate() {
            if number > 0 {
                text.push_str("\n\n");
            }
            let start = text.len();
            text.push_str(numbered.1.words.trim());
            places.push(TextPlace {
                span: start..text.len(),
                found: *numbered,
                is_collapsed: false,
            });
        }
        let body = text[body_start..].to_string();
        let read = record::with_headline(headline, body)?;
        let mut spans: Vec<(Range<usize>, BlockKind)> =
            read.blocks().iter().map(|block| (block.span.clone(), block.kind.clone())).collect();
        let mut text = read.text().to_string();
        for (number, found, part) in apart {
            text.truncate(text.trim_end().len());
            text.push_str("\n\n");
            let start = text.len();
            text.push_str(found.words.trim());
            let kind = match found.apart {
                Some(apart) if !self.is_kept(found) => BlockKind::boilerplate(apart),
                _ => BlockKind::Outside,
            };
            spans.push((start..text.len(), kind));
            let found = (number, found, part);
            places.push(TextPlace { span: start..text.len(), found, is_collapsed: false });
        }
        Ok(Document::new(text, blocks(spans, &places)))
    }
}

/// Where a paragraph is in the text.
struct TextPlace<'c> {
    span: Range<usize>,
    found: Numbered<'c>,
    /// True if each run of its white space is one space, as in a headline.
    is_collapsed: bool,
}

/// Blocks with their tags and places. Both lists are in the order of the text.
fn blocks(spans: Vec<(Range<usize>, BlockKind)>, places: &[TextPlace]) -> Vec<Block> {
    let mut blocks = Vec::with_capacity(spans.len());
    let mut spans = spans.into_iter().peekable();
    for TextPlace { span: outer, found: (number, found, part), is_collapsed } in places {
        let mut inner = Vec::new();
        while let Some(block) = spans.next_if(|(span, _)| span.start < outer.end) {
            inner.push(block);
        }
        let lead = found.words.len() - found.words.trim_start().len();
        let trimmed = lead..lead + found.words.trim().len();
        let of_words: Vec<Range<usize>> = match (*is_collapsed, inner.len()) {
            (true, 1) => vec![trimmed],
            (true, _) => Vec::new(),
            (false, _) => {
                let moved = |at: usize| at - outer.start + lead;
                inner.iter().map(|(span, _)| moved(span.start)..moved(span.end)).collect()
            }
        };
        let codes = Codes::of(found, &part.xml, &part.part.styles);
        let mut tags = codes.tags(&of_words).into_iter();
        let mut of_words = of_words.into_iter();
        for (span, kind) in inner {
            let mut block = Block::new(span, kind);
            if let (Some(words), Some(tags)) = (of_words.next(), tags.next()) {
                let raw = &found.words[words.clone()];
                block.inline = Some(match *is_collapsed {
                    true => collapsed(raw, tags),
                    false => Inline::with_tags(raw.to_string(), tags),
                });
                block.place = Some(Place { paragraph: *number, span: words });
            }
            blocks.push(block);
        }
    }
    blocks
}

/// Words with each run of white space as one space, and their tags.
fn collapsed(words: &str, tags: Vec<(usize, String)>) -> Inline {
    let mut out = String::with_capacity(words.len());
    let mut tags = tags.into_iter().peekable();
    let mut moved = Vec::new();
    for (at, letter) in words.char_indices() {
        while let Some((_, tag)) = tags.next_if(|(place, _)| *place <= at) {
            moved.push((out.len(), tag));
        }
        if !letter.is_whitespace() {
            out.push(letter);
        } else if !out.ends_with(' ') {
            out.push(' ');
        }
    }
    let end = out.len();
    moved.extend(tags.map(|(_, tag)| (end, tag)));
    Inline::with_tags(out, moved)
}
