//! Office files: a zip of XML parts whose text is a sequence of paragraphs, read as an article and
//! written back with other words.
//!
//! A format is a function that names the parts with text, and a [`Dialect`]: the roles of its
//! elements. `paragraphs` reads a part; `codes` makes tags of what stands among the words, so that
//! they are placed as the tags of a page; `article` makes the document, whose blocks know their
//! paragraphs. `package` writes a copy: paragraphs with new words are written by `render`, other
//! bytes stay as they are. No file is written to disk, so names in the zip are harmless.

mod article;
mod beside;
mod codes;
mod container;
mod dialect;
mod frames;
mod languages;
#[cfg(test)]
mod misplaced;
mod package;
mod paragraphs;
mod pieces;
mod render;
mod words;
#[cfg(test)]
mod written;

pub(super) use article::{Office, Opened, PartSource};
pub(super) use beside::{beside, notes};
#[cfg(test)]
pub(super) use container::tests;
pub(super) use container::{
    DOCX, EPUB, HWPX, Marked, ODF, OLE, PPTX, Relation, XLSX, XmlNode, ZIP, ZipPackage, attribute,
    encrypted_error, is_encrypted, is_zip_with, main_part, ole_kind, properties, relations,
    resolved, value, walk,
};
pub(super) use dialect::{Dialect, FieldMark, ParagraphRank, Role};
pub(super) use languages::{LanguageCodes, is_language, with_country, with_tags, with_value};
pub(super) use package::{Layout, WrittenPart, write_parts};
pub(super) use words::{Paragraphs, headline};
