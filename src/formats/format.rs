//! A file format: its name and its reader.

use std::io::BufRead;

use super::{Fields, Item, ItemResult, ItemStream};
use crate::document::{Package, Place};
use crate::error::InputFault;

/// A file format that articles are read from.
pub struct Format {
    /// Name of the format, for messages and tests.
    pub name: &'static str,
    /// Description for the help, half a line.
    pub describe: &'static str,
    /// File name extensions, lower case, without the dot.
    pub extensions: &'static [&'static str],
    /// Name for people, as `malmoi formats` lists it.
    pub title: &'static str,
    /// The format a translation is written in, half a line.
    pub written: &'static str,
    /// What a translation keeps of the source, half a line.
    pub kept: &'static str,
    /// True if input that begins with these bytes looks like this format; asked when the file name
    /// decides nothing.
    pub sniff: fn(&[u8]) -> bool,
    /// The function that reads it.
    pub read: Reader,
}

impl Format {
    /// How many articles a file has: "one", "one or many", "many".
    pub fn articles(&self) -> &'static str {
        match self.read {
            Reader::Article(_) | Reader::Office { .. } | Reader::Packed(_) => "one",
            Reader::Articles(_) => "one or many",
            Reader::Stream(_) => "many",
        }
    }
}

/// New words for an office file.
#[derive(Debug, Clone, Default)]
pub struct NewWords<'t> {
    /// Words with their tags, by their places; later ones count.
    pub placed: Vec<(Place, String)>,
    /// True if they follow the old ones instead of taking their place.
    pub is_bilingual: bool,
    /// The new text, of which some formats keep the beginning for previews.
    pub text: &'t str,
}

/// The function that reads a format, by the kind of its input and output.
#[derive(Clone, Copy)]
pub enum Reader {
    /// One article from a decoded text that is not blank; `Document::rejoin` writes the same format
    /// back.
    Article(fn(String) -> Result<Item, String>),
    /// One article from an office file; its translation is written into a copy of the file.
    Office {
        /// Reads the file.
        read: fn(&[u8]) -> Result<Item, String>,
        /// Writes a copy with new words for places, with their tags.
        write: fn(&Package, NewWords<'_>) -> Result<Vec<u8>, String>,
    },
    /// One article from the bytes of a packed file; its translation is written as plain text.
    Packed(fn(&[u8]) -> Result<Item, String>),
    /// Several articles from a decoded text.
    Articles(fn(&str) -> Result<Vec<ItemResult>, String>),
    /// Several articles from a byte stream, one at a time.
    Stream(fn(Box<dyn BufRead + Send>, Fields) -> Result<ItemStream, InputFault>),
}
