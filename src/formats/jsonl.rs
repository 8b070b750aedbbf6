//! JSON Lines: one object per line, one article per object.

use std::io::{BufRead, Read as _};

use serde_json::Value;

use super::encoding::decode_part;
use super::record::{self, MAX_RECORD_BYTES, excerpt, skip_line, too_long_reason};
use super::transcode;
use super::{Fields, Format, Item, ItemResult, Reader, Unreadable};

pub(super) const FORMAT: Format = Format {
    name: "jsonl",
    describe: "JSON Lines, one article per line",
    extensions: &["jsonl", "ndjson"],
    title: "JSON Lines",
    written: "JSON Lines",
    kept: "ids",
    sniff: |bytes| {
        let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let whole = || serde_json::from_slice::<Value>(first).is_ok_and(|value| value.is_object());
        // A first line longer than the bytes examined.
        let begun = first.len() == bytes.len() && first.starts_with(b"{\"");
        first.starts_with(b"{") && (begun || whole())
    },
    read: Reader::Stream(|source, fields| {
        let source =
            transcode::to_utf8(source).map_err(|error| format!("cannot be read: {error}"))?;
        Ok(Box::new(JsonLines { source, fields, number: 0 }))
    }),
};

struct JsonLines {
    source: Box<dyn BufRead + Send>,
    fields: Fields,
    number: usize,
}

impl Iterator for JsonLines {
    type Item = ItemResult;

    fn next(&mut self) -> Option<ItemResult> {
        loop {
            self.number += 1;
            let mut line = Vec::new();
            let fail = |line: &[u8], reason: String| {
                let place = format!("line {}", self.number);
                Some(Err(Unreadable { place, reason, raw: excerpt(line) }))
            };
            match (&mut self.source).take(MAX_RECORD_BYTES).read_until(b'\n', &mut line) {
                Ok(0) => return None,
                Ok(_) => {}
                // No byte can be read after this: the next call reports the end.
                Err(error) => {
                    self.source = Box::new(std::io::empty());
                    return fail(&line, format!("cannot be read: {error}"));
                }
            }
            if line.len() as u64 == MAX_RECORD_BYTES && !line.ends_with(b"\n") {
                let skipped = skip_line(&mut *self.source);
                return fail(&line, too_long_reason() + &skipped);
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            return match article(&line, &self.fields) {
                Ok(item) => Some(Ok(item)),
                Err(reason) => fail(&line, reason),
            };
        }
    }
}

/// The article of a JSON object.
pub(super) fn article(line: &[u8], fields: &Fields) -> Result<Item, String> {
    let text = decode_part(line).map_err(|fault| fault.to_string())?;
    let record: Value =
        serde_json::from_str(&text).map_err(|error| format!("is not JSON: {error}"))?;
    if !record.is_object() {
        return Err("is not a JSON object".to_string());
    }
    let named = |name: &str| {
        let folded = || {
            record
                .as_object()?
                .iter()
                .find(|(key, _)| record::normalized(key) == record::normalized(name))
        };
        record.get(name).or_else(|| folded().map(|(_, value)| value))
    };
    record::article(fields, |name| words(named(name)?))
}

/// A string, or a number as written.
fn words(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Fields, ItemResult, items};

    fn read(text: &'static str) -> Vec<ItemResult> {
        items(text.as_bytes(), "a.jsonl", Fields::default()).unwrap().collect()
    }

    #[test]
    fn known_fields_make_an_article() {
        let found = read(
            "{\"id\":7,\"title\":\"하나\",\"content\":\"둘이다.\",\"url\":\"http://a/b\",\"date\":\"2026-01-07\"}\n\n",
        );
        let item = found[0].as_ref().unwrap();
        assert_eq!((item.id.as_deref(), item.link.as_deref()), (Some("7"), Some("http://a/b")));
        assert_eq!(item.document.title(), Some("하나"));
        assert_eq!(item.document.article(), "하나\n\n둘이다.");
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn korean_names_and_utf16_are_read() {
        let text = "{\"아이디\":\"a7\",\"제목\":\"다리\",\"본문\":\"다리가 열렸다.\",\"게시일\":\"2026-01-07\"}\n{\"ID\":8,\"Title\":\"배\",\"Body\":\"배가 떴다.\"}\n";
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [text.as_bytes().to_vec(), wide, format!("\u{feff}{text}").into_bytes()] {
            let found: Vec<ItemResult> =
                items(std::io::Cursor::new(bytes), "a.jsonl", Fields::default()).unwrap().collect();
            let items: Vec<_> = found.into_iter().map(Result::unwrap).collect();
            assert_eq!(items[0].document.article(), "다리\n\n다리가 열렸다.");
            assert_eq!(
                (items[0].id.as_deref(), items[0].published.as_deref()),
                (Some("a7"), Some("2026-01-07"))
            );
            assert_eq!(
                (items[1].id.as_deref(), items[1].document.title()),
                (Some("8"), Some("배"))
            );
        }
    }

    #[test]
    fn an_unreadable_line_is_reported_and_the_others_are_read() {
        let found = read(
            "{\"text\":\"One.\"}\n{\"text\":\n[1]\n{\"title\":\"x\"}\n{\"text\":\" \"}\n{\"text\":\"Two.\"}",
        );
        let reasons: Vec<String> = found
            .iter()
            .filter_map(|one| one.as_ref().err())
            .map(|e| format!("{} {}", e.place, e.reason))
            .collect();
        assert_eq!(
            reasons,
            [
                "line 2 is not JSON: EOF while parsing a value at line 2 column 0",
                "line 3 is not a JSON object",
                "line 4 has no field text, body, content, article, 본문, 내용, 기사, 기사본문, 기사내용, 기사전문, 원문, 전문",
                "line 5 is empty"
            ]
        );
        assert_eq!(found.iter().flatten().count(), 2);
    }

    #[test]
    fn an_overlong_line_is_skipped_without_being_held_in_memory() {
        let long = std::io::Read::take(std::io::repeat(b'x'), 40 << 20);
        let source = std::io::Read::chain(long, &b"\n{\"text\":\"Two.\"}"[..]);
        let found: Vec<ItemResult> = items(source, "a.jsonl", Fields::default()).unwrap().collect();
        assert_eq!(found[0].as_ref().unwrap_err().reason, "is longer than 16 MB");
        assert_eq!(found[1].as_ref().unwrap().document.article(), "Two.");
    }
}
