//! The encoding that a user names with `--encoding`.

use std::io::{self, BufRead, Read};

use encoding_rs::Encoding;

use super::encoding::label;
use super::transcode::Transcoded;
use super::unknown;
use crate::error::{Error, Result};

/// An encoding named by the user with `--encoding`.
///
/// ```
/// use malmoi::formats::Charset;
/// let korean: Charset = "cp949".parse().unwrap();
/// assert_eq!(korean.to_string(), "EUC-KR");
/// let error = "johab".parse::<Charset>().unwrap_err();
/// assert!(error.to_string().starts_with("encoding `johab` is not supported: convert the file"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charset(&'static Encoding);

impl std::str::FromStr for Charset {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        const UNKNOWN: &str = "is not one malmoi knows; try utf-8, cp949, utf-16 or windows-1252";
        let known = label(name.trim()).and_then(|known| known.ok_or_else(|| UNKNOWN.to_string()));
        let refuse =
            |reason: String| Error::unreadable(format!("encoding `{}`", name.trim()), reason);
        known.map(Self).map_err(refuse)
    }
}

impl std::fmt::Display for Charset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.name())
    }
}

impl Charset {
    /// Decodes the source to UTF-8 with a byte order mark, so that no later step guesses. Input
    /// with a byte order mark of its own and packed documents pass unchanged. Invalid bytes are an
    /// error with their position.
    pub fn utf8<R: Read + Send + 'static>(self, source: R) -> io::Result<Box<dyn BufRead + Send>> {
        let mut source = io::BufReader::with_capacity(1 << 16, source);
        let start = source.fill_buf()?;
        if Encoding::for_bom(start).is_some() || unknown::signature(start).is_some() {
            return Ok(Box::new(source));
        }
        let mark = io::Cursor::new(b"\xEF\xBB\xBF");
        Ok(Box::new(mark.chain(Transcoded::new(Box::new(source), self.0))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_encoding_takes_precedence() {
        let read = |name: &str, bytes: &'static [u8]| {
            let mut text = String::new();
            name.parse::<Charset>().unwrap().utf8(bytes)?.read_to_string(&mut text).map(|_| text)
        };
        assert_eq!(read("windows-1252", b"\xC4\xAB mayor\x92s").unwrap(), "\u{feff}Ä« mayor’s");
        assert_eq!(read("cp949", b"\xC4\xAB").unwrap(), "\u{feff}카");
        assert_eq!(read("utf-16be", b"\xAC\x00").unwrap(), "\u{feff}가");
        // A byte order mark takes precedence.
        assert_eq!(read("cp949", "\u{feff}가".as_bytes()).unwrap(), "\u{feff}가");
        let wrong = read("utf-8", b"abc\xFFdef").unwrap_err().to_string();
        assert!(wrong.contains("byte 3 is not UTF-8"), "{wrong}");
        for unknown in ["klingon", "", "iso-2022-kr", "UTF-7", "CP1361", "utf-32"] {
            assert!(unknown.parse::<Charset>().is_err(), "{unknown}");
        }
    }
}
