//! UTF-16 as UTF-8 while it is read: what spreadsheets call "Unicode text". Its bytes cannot be cut at commas.

use std::io::{self, BufRead, Read};

use encoding_rs::{Decoder, DecoderResult, UTF_16BE, UTF_16LE};

/// How much is held, in bytes.
const HELD: usize = 1 << 16;

/// The same source, in UTF-8 where a byte order mark says that it is UTF-16. The mark itself is gone.
pub(super) fn utf8(mut source: Box<dyn BufRead + Send>) -> io::Result<Box<dyn BufRead + Send>> {
    let (encoding, mark) = match source.fill_buf()? {
        [0xFF, 0xFE, ..] => (Some(UTF_16LE), 2),
        [0xFE, 0xFF, ..] => (Some(UTF_16BE), 2),
        [0xEF, 0xBB, 0xBF, ..] => (None, 3),
        _ => (None, 0),
    };
    source.consume(mark);
    let Some(encoding) = encoding else { return Ok(source) };
    let decoder = encoding.new_decoder_without_bom_handling();
    Ok(Box::new(Wide { source, decoder, done: false, text: vec![0; HELD], from: 0, to: 0 }))
}

struct Wide {
    source: Box<dyn BufRead + Send>,
    decoder: Decoder,
    /// A decoder that has seen the end must not be asked again.
    done: bool,
    /// What is decoded and not yet taken: `text[from..to]`.
    text: Vec<u8>,
    from: usize,
    to: usize,
}

impl BufRead for Wide {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.from == self.to && !self.done {
            let bytes = self.source.fill_buf()?;
            let last = bytes.is_empty();
            let (result, used, written) =
                self.decoder.decode_to_utf8_without_replacement(bytes, &mut self.text, last);
            self.source.consume(used);
            (self.from, self.to) = (0, written);
            let malformed = matches!(result, DecoderResult::Malformed(..));
            self.done = malformed || (last && result == DecoderResult::InputEmpty);
            if malformed {
                self.to = 0;
                return Err(io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-16"));
            }
        }
        Ok(&self.text[self.from..self.to])
    }

    fn consume(&mut self, length: usize) {
        self.from = (self.from + length).min(self.to);
    }
}

impl Read for Wide {
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
        utf8(Box::new(io::BufReader::with_capacity(3, bytes)))?.read_to_string(&mut text).map(|_| text)
    }

    #[test]
    fn characters_across_the_pieces_that_are_read_come_whole() {
        assert_eq!(read(b"\xFF\xFE\x00\xAC\x3D\xD8\x00\xDEa\x00").unwrap(), "가😀a");
        assert_eq!(read(b"\xEF\xBB\xBFa").unwrap(), "a");
        assert_eq!(read(b"").unwrap(), "");
    }

    #[test]
    fn what_is_no_utf16_is_an_error_and_not_a_question_mark() {
        assert!(read(b"\xFF\xFE\x3D\xD8a\x00").is_err());
        assert!(read(b"\xFF\xFEa").is_err());
    }
}
