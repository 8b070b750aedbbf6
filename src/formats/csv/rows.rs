//! Splits a CSV file of any length into rows, one at a time.
//!
//! Knows quotes and line ends, whose bytes are the same in every ASCII-compatible encoding;
//! splitting a row into columns is the caller's task. A stray quote would swallow all rows up to
//! the next quote or the end of the file. So a row is held up to [`MAX_RECORD_BYTES`]; if its quote
//! is never closed, reading continues after the quote's line.

use std::io::{self, BufRead};

use crate::formats::Unreadable;
use crate::formats::record::{MAX_RECORD_BYTES, excerpt, too_long_reason};

/// A row without its line end.
pub(super) struct CsvRow {
    /// Number of its first line.
    pub(super) line: usize,
    /// Bytes of the row.
    pub(super) bytes: Vec<u8>,
}

/// The rows of a source.
pub(super) struct CsvRows {
    source: Box<dyn BufRead + Send>,
    /// Bytes to read again before the source continues, from `at` on.
    pushback: Vec<u8>,
    at: usize,
    /// Number of the next line.
    line: usize,
    /// True if the last byte was a carriage return, which a line feed completes.
    returned: bool,
}

/// State of the scanner within a row.
#[derive(Clone, Copy, PartialEq)]
enum CsvState {
    /// At the start of a column, where a quote opens.
    Start,
    /// In an unquoted column, where a quote is a character.
    Plain,
    /// In quotes, where a line end is a character.
    Quoted,
    /// After a quote in quotes: the first of a pair, or the closing one.
    Quote,
    /// After a quote that is neither.
    Wrong,
    /// After the row.
    Done,
}

/// How a row ended.
enum RowEnd {
    Whole,
    TooLong,
    /// The quote at this byte is never closed.
    Open(usize, &'static str),
}

impl CsvRows {
    pub(super) fn new(source: Box<dyn BufRead + Send>) -> Self {
        Self { source, pushback: Vec::new(), at: 0, line: 1, returned: false }
    }

    /// The next row that is not blank. Columns end at any of `separators`.
    pub(super) fn next(&mut self, separators: &[u8]) -> Option<Result<CsvRow, Unreadable>> {
        loop {
            let line = self.line;
            let mut bytes = Vec::new();
            let fail = |bytes: &[u8], reason: String| {
                Some(Err(Unreadable { place: format!("line {line}"), reason, raw: excerpt(bytes) }))
            };
            match self.read_row(separators, &mut bytes) {
                Ok(RowEnd::Whole) if bytes.is_empty() => return None,
                Ok(RowEnd::Whole) => {
                    self.count(&bytes);
                    let length = bytes.trim_ascii_end().len();
                    // Only the line end is removed: a tab may separate empty columns.
                    let ends = |byte: &u8| matches!(byte, b'\n' | b'\r');
                    let kept = bytes.iter().rposition(|byte| !ends(byte)).map_or(0, |at| at + 1);
                    bytes.truncate(kept);
                    if length > 0 {
                        return Some(Ok(CsvRow { line, bytes }));
                    }
                }
                Ok(RowEnd::TooLong) => {
                    self.count(&bytes);
                    let skipped = self.skip(separators, &bytes);
                    return fail(&bytes, too_long_reason() + &skipped);
                }
                Ok(RowEnd::Open(at, reason)) => {
                    let (length, skipped) = self.resume_after(&bytes, at);
                    return fail(&bytes[..length], reason.to_string() + &skipped);
                }
                // No byte can be read after this: the next call reports the end.
                Err(error) => {
                    self.source = Box::new(io::empty());
                    return fail(&bytes, format!("cannot be read: {error}"));
                }
            }
        }
    }

    fn fill(&mut self) -> io::Result<&[u8]> {
        // An interrupted read is repeated.
        while self.at >= self.pushback.len() {
            match self.source.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(_) => return self.source.fill_buf(),
            }
        }
        Ok(&self.pushback[self.at..])
    }

    fn consume(&mut self, length: usize) {
        if self.at < self.pushback.len() {
            self.at += length;
        } else if length > 0 {
            self.pushback = Vec::new();
            self.at = 0;
            self.source.consume(length);
        }
    }

    /// Reads a row with its line end.
    fn read_row(&mut self, separators: &[u8], row: &mut Vec<u8>) -> io::Result<RowEnd> {
        let (mut place, mut opened) = (CsvState::Start, 0);
        loop {
            let room = (MAX_RECORD_BYTES as usize).saturating_sub(row.len());
            let bytes = self.fill()?;
            let mut used = 0;
            for byte in bytes.iter().take(room) {
                let next = step(place, *byte, separators);
                if place == CsvState::Start && next == CsvState::Quoted {
                    opened = row.len() + used;
                }
                place = next;
                used += 1;
                if matches!(place, CsvState::Done | CsvState::Wrong) {
                    break;
                }
            }
            row.extend_from_slice(&bytes[..used]);
            let full = row.len() as u64 >= MAX_RECORD_BYTES;
            self.consume(used);
            match place {
                CsvState::Done => return Ok(RowEnd::Whole),
                CsvState::Wrong => {
                    return Ok(RowEnd::Open(opened, "closes a quote in the middle of a column"));
                }
                CsvState::Quoted if full || used == 0 => {
                    return Ok(RowEnd::Open(opened, "opens a quote that is not closed"));
                }
                _ if full => return Ok(RowEnd::TooLong),
                _ if used == 0 => return Ok(RowEnd::Whole),
                _ => {}
            }
        }
    }

    /// Skips the rest of a row whose beginning was read. Returns the read error as a message, or
    /// "".
    fn skip(&mut self, separators: &[u8], begun: &[u8]) -> String {
        let mut place =
            begun.iter().fold(CsvState::Start, |place, byte| step(place, *byte, separators));
        while place != CsvState::Done {
            let (line, returned) = (self.line, self.returned);
            let bytes = match self.fill() {
                Ok([]) => break,
                Ok(bytes) => bytes,
                Err(error) => return format!(", and cannot be read: {error}"),
            };
            let ends = |byte: &u8| {
                place = step(place, *byte, separators);
                place == CsvState::Done
            };
            let used = bytes.iter().position(ends).map_or(bytes.len(), |at| at + 1);
            let after = count_lines(line, returned, &bytes[..used]);
            (self.line, self.returned) = after;
            self.consume(used);
        }
        String::new()
    }

    /// Continues after the line of an unclosed quote. Returns the number of bytes of the row that
    /// are lost.
    ///
    /// All quotes up to the error are in pairs, otherwise one of them would have closed the row. So
    /// no line in between opens a long quotation, and no byte is read more than twice, whatever the
    /// file.
    fn resume_after(&mut self, row: &[u8], quote: usize) -> (usize, String) {
        let Some(length) = row[quote..].iter().position(|byte| matches!(byte, b'\n' | b'\r'))
        else {
            self.count(row);
            return (row.len(), self.skip(&[], &[]));
        };
        let (lost, rest) = row.split_at(quote + length + 1);
        self.count(lost);
        // Bytes that are already being read again are not copied.
        if self.pushback.is_empty() {
            (self.pushback, self.at) = (rest.to_vec(), 0)
        } else {
            self.at -= rest.len()
        }
        (lost.len(), String::new())
    }

    fn count(&mut self, bytes: &[u8]) {
        (self.line, self.returned) = count_lines(self.line, self.returned, bytes);
    }
}

/// The line number after some bytes. `\n`, `\r` and `\r\n` each end one line.
fn count_lines(line: usize, returned: bool, bytes: &[u8]) -> (usize, bool) {
    bytes.iter().fold((line, returned), |(line, returned), byte| match byte {
        b'\n' if returned => (line, false),
        b'\n' | b'\r' => (line + 1, *byte == b'\r'),
        _ => (line, false),
    })
}

/// The state after a byte.
fn step(place: CsvState, byte: u8, separators: &[u8]) -> CsvState {
    match (place, byte) {
        (CsvState::Quoted, b'"') => CsvState::Quote,
        (CsvState::Quoted, _) => CsvState::Quoted,
        (CsvState::Start | CsvState::Quote, b'"') => CsvState::Quoted,
        (_, b'\n' | b'\r') => CsvState::Done,
        (_, byte) if separators.contains(&byte) => CsvState::Start,
        // A space before the separator is a harmless slip.
        (CsvState::Quote, byte) if byte != b' ' => CsvState::Wrong,
        _ => CsvState::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Read as _};

    use proptest::prelude::*;

    fn rows(text: &[u8]) -> Vec<(usize, Result<String, String>)> {
        let mut rows = CsvRows::new(Box::new(Cursor::new(text.to_vec())));
        std::iter::from_fn(|| rows.next(b","))
            .map(|row| match row {
                Ok(row) => (row.line, Ok(String::from_utf8_lossy(&row.bytes).into_owned())),
                Err(error) => (
                    error.place.trim_start_matches("line ").parse().unwrap_or(0),
                    Err(error.reason),
                ),
            })
            .collect()
    }

    #[test]
    fn line_ends_between_quotes_belong_to_the_row_and_count_as_lines() {
        let ok = |line, text: &str| (line, Ok(text.to_string()));
        assert_eq!(
            rows(b"a,\"b\r\nc\"\r\n\r\nd,e\n\"f\"\"\n\",g"),
            [ok(1, "a,\"b\r\nc\""), ok(4, "d,e"), ok(5, "\"f\"\"\n\",g")]
        );
        assert_eq!(rows(b"a,b\rc,5\" d\re"), [ok(1, "a,b"), ok(2, "c,5\" d"), ok(3, "e")]);
    }

    #[test]
    fn an_unclosed_quote_costs_only_its_own_line() {
        let open = Err("opens a quote that is not closed".to_string());
        assert_eq!(
            rows(b"a,b\n1,\"x\n2,y\n3,z\n"),
            [
                (1, Ok("a,b".into())),
                (2, open.clone()),
                (3, Ok("2,y".into())),
                (4, Ok("3,z".into()))
            ]
        );
        assert_eq!(rows(b"1,\"x"), [(1, open)]);
        let wrong = Err("closes a quote in the middle of a column".to_string());
        assert_eq!(
            rows(b"1,\"x\n2,y\n3,\"z\"\n4,\"the \"\"end\"\" \" \n"),
            [
                (1, wrong),
                (2, Ok("2,y".into())),
                (3, Ok("3,\"z\"".into())),
                (4, Ok("4,\"the \"\"end\"\" \" ".into()))
            ]
        );
    }

    #[test]
    fn a_file_of_unclosed_quotes_is_read_in_linear_time() {
        let mut rows =
            CsvRows::new(Box::new(Cursor::new("\"a\n\"\"b\n\"\"\"\",\"x".repeat(200_000))));
        let wrong = std::iter::from_fn(|| rows.next(b",")).filter(Result::is_err).count();
        assert!(wrong > 100_000, "{wrong}");
    }

    #[test]
    fn endless_quotes_and_rows_are_not_held_in_memory() {
        let row = |mut rows: CsvRows| {
            let first = rows.next(b",").map(|row| row.map(|_| ()).unwrap_err().reason).unwrap();
            let next =
                rows.next(b",").and_then(Result::ok).map(|row| (row.line, row.bytes)).unwrap();
            (first, next)
        };
        let long = |byte: u8| io::repeat(byte).take(40 << 20);
        let source = (&b"\""[..]).chain(long(b'x')).chain(&b"\na,b\n"[..]);
        let open = row(CsvRows::new(Box::new(io::BufReader::new(source))));
        assert_eq!(open, ("opens a quote that is not closed".to_string(), (2, b"a,b".to_vec())));
        let source = (&b"\"\n\","[..]).chain(long(b'x')).chain(&b"\na,b\n"[..]);
        let long = row(CsvRows::new(Box::new(io::BufReader::new(source))));
        assert_eq!(long, ("is longer than 16 MB".to_string(), (3, b"a,b".to_vec())));
    }

    proptest! {
        #[test]
        fn rows_end_like_those_of_the_csv_crate(text in "[ab,\"\n\r]{0,40}") {
            let mut reader = ::csv::ReaderBuilder::new()
                .has_headers(false).flexible(true).from_reader(text.as_bytes());
            let theirs: Vec<Vec<String>> = reader.records().flatten()
                .map(|record| record.iter().map(str::to_string).collect()).collect();
            // The csv crate closes every quote, so unclosed ones are not compared.
            let ours = rows(text.as_bytes());
            let ours: Result<Vec<String>, String> = ours.into_iter().map(|(_, row)| row).collect();
            if let Ok(ours) = ours {
                let ours: Vec<Vec<String>> = ours.iter()
                    .map(|row| super::super::columns::columns(row, b',').unwrap().iter().map(str::to_string).collect())
                    .collect();
                prop_assert_eq!(ours, theirs);
            }
        }

        #[test]
        fn no_bytes_make_it_panic_or_loop(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(rows(&text).len() <= text.len());
        }
    }
}
