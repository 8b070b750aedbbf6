//! JSON: a list of objects, one article per object, as in archives and database exports.
//!
//! The list is split while it is read, so that an archive of any length takes the memory of one
//! record. Other JSON does not tell which strings are articles and is refused.

use std::io::BufRead;

use super::jsonl;
use super::record::{MAX_RECORD_BYTES, excerpt, too_long_reason};
use super::transcode;
use super::{Fields, Format, ItemResult, ItemStream, Reader, Unreadable, xml};
use crate::error::InputFault;

pub(super) const FORMAT: Format = Format {
    name: "json",
    describe: "a JSON list of objects, one article per object",
    extensions: &[],
    title: "A list of JSON objects",
    written: "JSON Lines",
    kept: "ids",
    sniff: |bytes| {
        let start = xml::beginning(bytes);
        let mut letters = start.chars().filter(|c| !c.is_whitespace());
        letters.next() == Some('[') && letters.next() == Some('{')
    },
    read: Reader::Stream(read),
};

/// The remaining objects of a list.
struct JsonObjects {
    source: Box<dyn BufRead + Send>,
    fields: Fields,
    number: usize,
    done: bool,
}

fn read(source: Box<dyn BufRead + Send>, fields: Fields) -> Result<ItemStream, InputFault> {
    let mut source =
        transcode::to_utf8(source).map_err(|error| format!("cannot be read: {error}"))?;
    // The opening bracket of the list.
    let mut bracket = Vec::new();
    source.read_until(b'[', &mut bracket).map_err(|error| format!("cannot be read: {error}"))?;
    Ok(Box::new(JsonObjects { source, fields, number: 0, done: false }))
}

/// Position within the list.
#[derive(Default)]
struct ListPosition {
    /// Number of open brackets within the element.
    depth: usize,
    quoted: bool,
    escaped: bool,
}

impl ListPosition {
    /// Advances by a byte; true if it ends the current element.
    fn step(&mut self, byte: u8) -> bool {
        if self.quoted {
            let escapes = byte == b'\\' && !self.escaped;
            self.quoted = byte != b'"' || self.escaped;
            self.escaped = escapes;
            return false;
        }
        match byte {
            b'"' => self.quoted = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' if self.depth > 0 => self.depth -= 1,
            b',' | b']' if self.depth == 0 => return true,
            _ => {}
        }
        false
    }
}

impl Iterator for JsonObjects {
    type Item = ItemResult;

    fn next(&mut self) -> Option<ItemResult> {
        while !self.done {
            self.number += 1;
            let mut element = Vec::new();
            let cut = self.read_element(&mut element);
            let fail = |reason: String| {
                let place = format!("record {}", self.number);
                Some(Err(Unreadable { place, reason, raw: excerpt(element.trim_ascii()) }))
            };
            match cut {
                Err(error) => {
                    self.done = true;
                    return fail(format!("cannot be read: {error}"));
                }
                Ok(ElementEnd::TooLong) => return fail(too_long_reason()),
                Ok(ElementEnd::Open) => {
                    self.done = true;
                    return fail("breaks off: the list is not closed".to_string());
                }
                Ok(ElementEnd::Whole) if element.trim_ascii().is_empty() => {}
                Ok(ElementEnd::Whole) => {
                    return match jsonl::article(&element, &self.fields) {
                        Ok(item) => Some(Ok(item)),
                        Err(reason) => fail(reason),
                    };
                }
            }
        }
        None
    }
}

enum ElementEnd {
    Whole,
    TooLong,
    Open,
}

impl JsonObjects {
    /// Reads an element to its end. One that is too long is skipped.
    fn read_element(&mut self, element: &mut Vec<u8>) -> std::io::Result<ElementEnd> {
        let (mut place, mut too_long) = (ListPosition::default(), false);
        loop {
            let bytes = match self.source.fill_buf() {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                bytes => bytes?,
            };
            if bytes.is_empty() {
                return Ok(ElementEnd::Open);
            }
            let end = bytes.iter().position(|byte| place.step(*byte));
            let length = end.unwrap_or(bytes.len());
            too_long |= element.len() + length > MAX_RECORD_BYTES as usize;
            if !too_long {
                element.extend_from_slice(&bytes[..length]);
            }
            let last = end.map(|at| bytes[at] == b']');
            self.source.consume(length + usize::from(end.is_some()));
            if let Some(last) = last {
                self.done = last;
                return Ok(if too_long { ElementEnd::TooLong } else { ElementEnd::Whole });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::super::{Fields, ItemResult, items};

    fn read(text: impl Into<Vec<u8>>) -> Vec<ItemResult> {
        items(std::io::Cursor::new(text.into()), "archive.json", Fields::default())
            .unwrap()
            .collect()
    }

    fn told(text: &str) -> Vec<String> {
        let tell = |found: ItemResult| match found {
            Ok(item) => item.document.article(),
            Err(bad) => format!("{}: {}", bad.place, bad.reason),
        };
        read(text).into_iter().map(tell).collect()
    }

    #[test]
    fn each_object_of_a_list_is_an_article() {
        let found = read(
            " [\n {\"id\": 1, \"title\": \"항구 정비\", \"body\": \"해민시는 \\\"항구]\\\"를 정비한다.\", \"tags\": [\"a\", {\"b\": 1}]},\n {\"기사번호\": 2, \"제목\": \"배\", \"본문\": \"배가 돌아왔다.\"} ]\n",
        );
        let items: Vec<_> = found.into_iter().map(Result::unwrap).collect();
        assert_eq!(items[0].document.article(), "항구 정비\n\n해민시는 \"항구]\"를 정비한다.");
        assert_eq!(items[1].id.as_deref(), Some("2"));
        assert_eq!(items[1].document.article(), "배\n\n배가 돌아왔다.");
        assert_eq!(items.len(), 2);
    }

    #[test]
    fn an_unreadable_record_is_reported_and_the_others_are_read() {
        assert_eq!(
            told(
                "[{\"text\": \"One.\"}, 7, {\"x\": 1}, {\"text\": \"a\" \"b\"}, {\"text\": \"Two.\"}, {\"text\": \"cut"
            ),
            [
                "One.",
                "record 2: is not a JSON object",
                "record 3: has no field text, body, content, article, 본문, 내용, 기사, 기사본문, 기사내용, 기사전문, 원문, 전문",
                "record 4: is not JSON: expected `,` or `}` at line 1 column 15",
                "Two.",
                "record 6: breaks off: the list is not closed",
            ]
        );
    }

    #[test]
    fn an_overlong_record_is_not_held_in_memory() {
        let long = std::io::repeat(b'x').take(40 << 20);
        let source = (&b"[{\"text\":\""[..]).chain(long).chain(&b"\"},{\"text\":\"Two.\"}]"[..]);
        let found: Vec<ItemResult> = items(source, "a.json", Fields::default()).unwrap().collect();
        assert_eq!(found[0].as_ref().unwrap_err().reason, "is longer than 16 MB");
        assert_eq!(found[1].as_ref().unwrap().document.article(), "Two.");
    }
}
