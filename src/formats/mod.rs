//! File formats: bytes in, a [`Document`] out.
//!
//! A format is one file here and one line in [`FORMATS`]; whatever it reads keeps its text byte for byte between the blocks it
//! names, so that a translation can be put back. Knows encodings, structure and what surrounds an article; knows nothing of
//! paths (a name is only for messages and for its ending), of models or of tasks.

mod article;
mod encoding;
mod furniture;
mod plain;
mod visible;

pub use encoding::decode;
pub use visible::visible;

use crate::document::Document;
use crate::error::{Error, Result};

/// A way of writing texts down.
pub struct Format {
    /// Its name, as `--format` takes it.
    pub name: &'static str,
    /// What it is, in half a line.
    pub describe: &'static str,
    /// Endings of file names, without the dot, in small letters.
    pub endings: &'static [&'static str],
    /// Whether a text looks like it, for input without a telling name.
    pub claims: fn(&str) -> bool,
    /// Reads a decoded text that is not blank.
    pub read: fn(String) -> Result<Document>,
}

/// Every format, the most particular first: the last one claims everything.
pub const FORMATS: &[Format] = &[plain::FORMAT];

/// Reads a text in whatever format and encoding it is. `name` is the file's name, or "standard input".
///
/// ```
/// use malmoi::formats::read;
/// let document = read(b"Back To Top\n\nMinisters meet in Seoul\n\nThe ministers met on Thursday.\n", "news.txt").unwrap();
/// assert_eq!(document.title(), Some("Ministers meet in Seoul"));
/// assert_eq!(document.article(), "Ministers meet in Seoul\n\nThe ministers met on Thursday.");
/// assert_eq!(document.furniture().collect::<Vec<_>>(), [("navigation", "Back To Top")]);
///
/// let error = read(b"%PDF-1.7 ...", "news.pdf").unwrap_err();
/// assert!(error.to_string().starts_with("news.pdf is not text: it is a PDF"));
/// ```
pub fn read(bytes: &[u8], name: &str) -> Result<Document> {
    let text = decode(bytes, name)?;
    if text.trim().is_empty() {
        return Err(Error::UnreadableInput { name: name.to_string(), reason: "is empty".to_string() });
    }
    (detect(name, &text).read)(text)
}

/// The format a file's name promises, else the first that claims its text.
pub fn detect(name: &str, text: &str) -> &'static Format {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase()).unwrap_or_default();
    let named = FORMATS.iter().find(|format| format.endings.contains(&ending.as_str()));
    named.or_else(|| FORMATS.iter().find(|format| (format.claims)(text))).unwrap_or(&plain::FORMAT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_endings_are_unique_and_the_last_format_claims_everything() {
        let mut names: Vec<_> =
            FORMATS.iter().flat_map(|format| format.endings.iter().chain([&format.name])).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all, "{names:?}");
        assert!(FORMATS.last().is_some_and(|format| (format.claims)("anything")));
    }

    #[test]
    fn blank_input_is_named_as_empty() {
        for bytes in [&b""[..], b" \r\n\t", b"\xEF\xBB\xBF\n"] {
            assert_eq!(read(bytes, "a.txt").unwrap_err().to_string(), "a.txt is empty");
        }
    }
}
