//! Writes a package with new words. Parts without any are copied as they are, byte for byte.

use std::collections::HashMap;
use std::io::{Cursor, Write as _};
use std::ops::Range;

use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::codes::Codes;
use super::container::{Marked, encoded, zip_error};
use super::dialect::Dialect;
use super::pieces::{Paragraph, Part};
use super::render::render;
use crate::document::{Inline, escape};

/// New words for a span of a paragraph's words, with their tags.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::formats) struct Change {
    pub span: Range<usize>,
    pub marked: String,
}

/// The new words of a package, by the number of the paragraph.
pub(in crate::formats) type Changes = HashMap<usize, Vec<Change>>;

/// Where new words go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::formats) enum Layout {
    /// They take the place of the old ones.
    Instead,
    /// They follow in a paragraph of their own.
    After,
    /// They follow in the same paragraph, on a line of their own.
    Below,
}

/// A part of a package with its paragraphs.
pub(in crate::formats) struct XmlPart {
    pub name: String,
    pub xml: String,
    pub part: Part,
    /// Number of its first paragraph in the package.
    pub first: usize,
}

impl XmlPart {
    /// The XML with new words; `None` if there are none.
    pub fn rewritten(
        &self,
        dialect: &Dialect,
        changes: &Changes,
        layout: Layout,
    ) -> Option<String> {
        let count = self.part.paragraphs.len();
        if !(0..count).any(|at| changes.contains_key(&(self.first + at))) {
            return None;
        }
        let writer = PartWriter { part: self, dialect, changes, layout };
        let mut out = String::with_capacity(self.xml.len() + self.xml.len() / 4);
        writer.copy(0..self.xml.len(), &mut out);
        Some(out)
    }
}

struct PartWriter<'p> {
    part: &'p XmlPart,
    dialect: &'p Dialect,
    changes: &'p Changes,
    layout: Layout,
}

impl PartWriter<'_> {
    /// Appends a span of the XML, with new words for the paragraphs in it.
    fn copy(&self, span: Range<usize>, out: &mut String) {
        let (xml, paragraphs) = (&self.part.xml, &self.part.part.paragraphs);
        let mut from = span.start;
        let first_at = |place| paragraphs.partition_point(|found| found.whole.start < place);
        let mut at = first_at(span.start);
        while let Some(found) = paragraphs.get(at).filter(|found| found.whole.start < span.end) {
            at += 1;
            let Some(new) = self.new_words(at - 1) else { continue };
            let codes = Codes::of(found, xml, &self.part.part.styles);
            let marked = marked(found, new, &codes, self.repeated(found));
            match self.layout {
                Layout::Instead => {
                    out.push_str(&xml[from..found.content.start]);
                    self.render(found, &codes, &marked, false, out);
                    from = found.content.end;
                    at = first_at(found.content.end);
                }
                Layout::Below => {
                    let both = format!("{}\n{marked}", tagged(found, &codes));
                    out.push_str(&xml[from..found.content.start]);
                    self.render(found, &codes, &both, false, out);
                    from = found.content.end;
                    at = first_at(found.content.end);
                }
                Layout::After => {
                    // The paragraphs in it come first.
                    out.push_str(&xml[from..=found.whole.start]);
                    self.copy(found.whole.start + 1..found.whole.end, out);
                    out.push_str(&without_ids(&xml[found.whole.start..found.content.start]));
                    self.render(found, &codes, &marked, true, out);
                    out.push_str(&xml[found.content.end..found.whole.end]);
                    from = found.whole.end;
                    at = first_at(found.whole.end);
                }
            }
        }
        out.push_str(&xml[from.min(span.end)..span.end]);
    }

    fn render(
        &self,
        found: &Paragraph,
        codes: &Codes,
        marked: &str,
        words_only: bool,
        out: &mut String,
    ) {
        let part = (&*self.part.xml, self.dialect, &*self.part.part.styles);
        let mut copy = |span, out: &mut String| self.copy(span, out);
        render(part, found, codes, marked, words_only, &mut copy, out);
    }

    /// The new words of a paragraph; those of the one that it repeats, if it is a copy.
    fn new_words(&self, at: usize) -> Option<&[Change]> {
        let at = self.part.part.paragraphs[at].repeats.unwrap_or(at);
        self.changes.get(&(self.part.first + at)).map(Vec::as_slice)
    }

    /// The paragraph that a copy repeats, with its codes.
    fn repeated(&self, found: &Paragraph) -> Option<(&Paragraph, Codes)> {
        let original = &self.part.part.paragraphs[found.repeats?];
        Some((original, Codes::of(original, &self.part.xml, &self.part.part.styles)))
    }
}

/// The beginning of a paragraph without what only one element may be named.
fn without_ids(beginning: &str) -> String {
    const NAMES: [&str; 4] = [" xml:id=\"", " text:id=\"", " w14:paraId=\"", " w14:textId=\""];
    let (tag, rest) = beginning.split_at(beginning.find('>').unwrap_or(0));
    let mut tag = tag.to_string();
    for name in NAMES {
        if let Some(start) = tag.find(name)
            && let Some(length) = tag[start + name.len()..].find('"')
        {
            tag.replace_range(start..start + name.len() + length + 1, "");
        }
    }
    tag + rest
}

/// The words of a paragraph with their tags.
fn tagged(found: &Paragraph, codes: &Codes) -> String {
    let tags = codes.tags(std::slice::from_ref(&(0..found.words.len()))).pop();
    let inline = Inline::with_tags(found.words.clone(), tags.unwrap_or_default());
    inline.put(&found.words).0
}

/// All the words of a paragraph with their tags, the new ones in their spans.
fn marked(
    found: &Paragraph,
    new: &[Change],
    codes: &Codes,
    original: Option<(&Paragraph, Codes)>,
) -> String {
    let spans: Vec<Range<usize>> = new.iter().map(|new| new.span.clone()).collect();
    let own = codes.tags(&spans);
    let is_same = original.as_ref().is_none_or(|(_, codes)| codes.tags(&spans) == own);
    let mut out = String::new();
    let mut from = 0;
    for (new, tags) in new.iter().zip(own) {
        out.push_str(&escape(found.words.get(from..new.span.start).unwrap_or_default()));
        if is_same {
            out.push_str(&new.marked);
        } else {
            // The tags of a copy are its own.
            let words = found.words.get(new.span.clone()).unwrap_or_default();
            let inline = Inline::with_tags(words.to_string(), tags);
            out.push_str(&inline.put(Inline::marked(&new.marked).text()).0);
        }
        from = new.span.end;
    }
    out.push_str(&escape(found.words.get(from..).unwrap_or_default()));
    out
}

/// A part with its new text.
pub(in crate::formats) struct WrittenPart {
    pub name: String,
    pub text: String,
    /// Encoding with a mark of it.
    pub encoding: Option<Marked>,
}

/// A package with other texts for some parts.
pub(in crate::formats) fn write_parts(
    bytes: &[u8],
    parts: Vec<WrittenPart>,
) -> Result<Vec<u8>, String> {
    let contents = |part: WrittenPart| (part.name, encoded(&part.text, part.encoding));
    write(bytes, &parts.into_iter().map(contents).collect())
}

/// A zip with other contents for some entries; the rest is copied without being unpacked.
fn write(bytes: &[u8], contents: &HashMap<String, Vec<u8>>) -> Result<Vec<u8>, String> {
    if contents.is_empty() {
        return Ok(bytes.to_vec());
    }
    let failed = |error: zip::result::ZipError| zip_error(&error);
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(failed)?;
    let replaced: HashMap<usize, &Vec<u8>> = contents
        .iter()
        .filter_map(|(name, content)| Some((zip.index_for_name(name)?, content)))
        .collect();
    let mut writer = ZipWriter::new(Cursor::new(Vec::with_capacity(bytes.len())));
    writer.set_raw_comment(zip.comment().to_vec().into_boxed_slice()).map_err(failed)?;
    for index in 0..zip.len() {
        let entry = zip.by_index_raw(index).map_err(failed)?;
        let Some(content) = replaced.get(&index) else {
            writer.raw_copy_file(entry).map_err(failed)?;
            continue;
        };
        let name = entry.name().map_err(failed)?.into_owned();
        let method = match entry.compression() {
            CompressionMethod::Stored => CompressionMethod::Stored,
            _ => CompressionMethod::Deflated,
        };
        let options = entry.options().compression_method(method);
        drop(entry);
        writer.start_file(name, options).map_err(failed)?;
        let io = |error: std::io::Error| format!("cannot be written: {error}");
        writer.write_all(content).map_err(io)?;
    }
    Ok(writer.finish().map_err(failed)?.into_inner())
}
