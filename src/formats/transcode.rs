//! Decodes a byte stream to UTF-8 while it is read, for formats split at line ends and commas.

use std::io::{self, BufRead, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8};

use super::{byte_order, encoding};

/// Buffer size, in bytes.
const BUFFER_BYTES: usize = 1 << 16;

/// The source as UTF-8: UTF-16 (as spreadsheets save "Unicode text") is decoded, byte order marks
/// are removed.
pub(super) fn to_utf8(mut source: Box<dyn BufRead + Send>) -> io::Result<Box<dyn BufRead + Send>> {
    let start = source.fill_buf()?;
    let known = byte_order::marked(start).filter(|(_, mark)| *mark > 0);
    let known = known.or_else(|| encoding::utf16_without_mark(start).map(|encoding| (encoding, 0)));
    let Some((encoding, mark)) = known else { return Ok(source) };
    source.consume(mark);
    Ok(if encoding == UTF_8 { source } else { Box::new(Transcoded::new(source, encoding)) })
}

/// A reader that decodes its source. Invalid bytes are an error.
pub(super) struct Transcoded {
    source: Box<dyn BufRead + Send>,
    encoding: &'static Encoding,
    decoder: Decoder,
    /// Number of source bytes decoded.
    read: u64,
    /// True after the end of the input: the decoder must not be called again.
    done: bool,
    /// Decoded and unread text: `text[from..to]`.
    text: Vec<u8>,
    from: usize,
    to: usize,
}

impl Transcoded {
    pub(super) fn new(source: Box<dyn BufRead + Send>, encoding: &'static Encoding) -> Self {
        let decoder = encoding.new_decoder_without_bom_handling();
        Self {
            source,
            encoding,
            decoder,
            read: 0,
            done: false,
            text: vec![0; BUFFER_BYTES],
            from: 0,
            to: 0,
        }
    }
}

impl BufRead for Transcoded {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.from == self.to && !self.done {
            let bytes = self.source.fill_buf()?;
            let last = bytes.is_empty();
            let (result, used, written) =
                self.decoder.decode_to_utf8_without_replacement(bytes, &mut self.text, last);
            self.source.consume(used);
            self.read += used as u64;
            (self.from, self.to) = (0, written);
            if let DecoderResult::Malformed(length, after) = result {
                (self.done, self.to) = (true, 0);
                let at = self.read.saturating_sub(u64::from(length) + u64::from(after));
                let reason = format!("byte {at} is not {}", self.encoding.name());
                return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
            }
            self.done = last && result == DecoderResult::InputEmpty;
        }
        Ok(&self.text[self.from..self.to])
    }

    fn consume(&mut self, length: usize) {
        self.from = (self.from + length).min(self.to);
    }
}

impl Read for Transcoded {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.read(out)?;
        self.consume(length);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &'static [u8]) -> io::Result<String> {
        let mut text = String::new();
        to_utf8(Box::new(io::BufReader::with_capacity(8, bytes)))?
            .read_to_string(&mut text)
            .map(|_| text)
    }

    #[test]
    fn characters_split_between_reads_are_decoded() {
        assert_eq!(read(b"\xFF\xFE\x00\xAC\x3D\xD8\x00\xDEa\x00").unwrap(), "가😀a");
        assert_eq!(read(b"\xEF\xBB\xBFa").unwrap(), "a");
        assert_eq!(read(b"").unwrap(), "");
        assert_eq!(read(b"\xEF\xBB\xBF\xEF\xBB\xBFa").unwrap(), "a");
        assert_eq!(read(b"i\0d\0,\0a\0\n\0\x00\xAC").unwrap(), "id,a\n가");
    }

    #[test]
    fn invalid_utf16_is_an_error() {
        assert!(read(b"\xFF\xFE\x3D\xD8a\x00").is_err());
        assert!(read(b"\xFF\xFEa").is_err());
    }
}
