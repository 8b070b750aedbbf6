//! A file format: its name and its reader.

use std::io::BufRead;

use super::{Fields, Item, ItemResult, ItemStream};
use crate::error::InputFault;

/// Size limit of one article or one feed, in bytes: far above real ones, against hostile input.
pub const MAX_BYTES: u64 = 64 << 20;

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
            Reader::Article(_) | Reader::Packed(_) => "one",
            Reader::Articles(_) => "one or many",
            Reader::Stream(_) => "many",
        }
    }
}

/// The function that reads a format, by the kind of its input and output.
#[derive(Clone, Copy)]
pub enum Reader {
    /// One article from a decoded text that is not blank; `Document::rejoin` writes the same format
    /// back.
    Article(fn(String) -> Result<Item, String>),
    /// One article from the bytes of a packed file; its translation is written as plain text.
    Packed(fn(&[u8]) -> Result<Item, String>),
    /// Several articles from a decoded text.
    Articles(fn(&str) -> Result<Vec<ItemResult>, String>),
    /// Several articles from a byte stream, one at a time.
    Stream(fn(Box<dyn BufRead + Send>, Fields) -> Result<ItemStream, InputFault>),
}
