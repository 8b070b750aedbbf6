//! JSON Lines: an object a line, an article an object.

use std::io::{BufRead, Read as _};

use serde_json::Value;

use super::{Fields, Form, Format, Found, Item, Read, Records, Unreadable, decode, plain};
use crate::document::Document;

pub(super) const FORMAT: Format = Format {
    name: "jsonl",
    describe: "JSON Lines, an article a line",
    endings: &["jsonl", "ndjson"],
    claims: |bytes| {
        let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        first.starts_with(b"{") && serde_json::from_slice::<Value>(first).is_ok_and(|value| value.is_object())
    },
    read: Read::Records(|source, fields| Ok(Box::new(Lines { source, fields, number: 0 }) as Records)),
};

/// The longest line that is read; what is beyond it is skipped unread.
const LONGEST: u64 = 16 << 20;
/// How much of an unreadable line is kept.
const SHOWN: usize = 200;

struct Lines {
    source: Box<dyn BufRead>,
    fields: Fields,
    number: usize,
}

impl Iterator for Lines {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            self.number += 1;
            let mut line = Vec::new();
            let fail = |line: &[u8], reason: String| {
                let raw = String::from_utf8_lossy(&line[..line.len().min(SHOWN)]).trim_end().to_string();
                Some(Err(Unreadable { place: format!("line {}", self.number), reason, raw }))
            };
            match (&mut self.source).take(LONGEST).read_until(b'\n', &mut line) {
                Ok(0) => return None,
                Ok(_) => {}
                // Nothing can be read after this; whoever reads on is told that there is no more.
                Err(error) => {
                    self.source = Box::new(std::io::empty());
                    return fail(&line, format!("cannot be read: {error}"));
                }
            }
            if line.len() as u64 == LONGEST && !line.ends_with(b"\n") {
                let skipped = skip_line(&mut *self.source);
                return fail(&line, format!("is longer than {} MB{skipped}", LONGEST >> 20));
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

/// Reads to the end of a line without keeping it.
fn skip_line(source: &mut dyn BufRead) -> String {
    loop {
        let (used, done) = match source.fill_buf() {
            Ok([]) => return String::new(),
            Ok(bytes) => match bytes.iter().position(|byte| *byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (bytes.len(), false),
            },
            Err(error) => return format!(", and cannot be read: {error}"),
        };
        source.consume(used);
        if done {
            return String::new();
        }
    }
}

fn article(line: &[u8], fields: &Fields) -> Result<Item, String> {
    let text =
        decode(line, "line").map_err(|error| error.to_string().trim_start_matches("line ").to_string())?;
    let record: Value = serde_json::from_str(&text).map_err(|error| format!("is not JSON: {error}"))?;
    if !record.is_object() {
        return Err("is not a JSON object".to_string());
    }
    let text = |names: &[String]| names.iter().find_map(|name| words(record.get(name)?));
    let body = text(&fields.text).ok_or_else(|| format!("has no field {}", fields.text.join(", ")))?;
    Ok(Item {
        id: text(&fields.id),
        version: words(record.get("version").unwrap_or(&Value::Null)),
        link: words(record.get("link").or_else(|| record.get("url")).unwrap_or(&Value::Null)),
        published: words(record.get("published").or_else(|| record.get("date")).unwrap_or(&Value::Null)),
        slug: words(record.get("slug").unwrap_or(&Value::Null)),
        form: Form::Words,
        document: titled(text(&fields.title), body)?,
    })
}

/// A string, or a number as it is written.
fn words(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// An article of a headline and a plain text.
pub(super) fn titled(title: Option<String>, body: String) -> Result<Document, String> {
    if body.trim().is_empty() {
        return Err("is empty".to_string());
    }
    match title.filter(|title| !title.trim().is_empty()) {
        // The headline is known, and what looks like another below it is a paragraph.
        Some(title) => {
            let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
            plain::read(format!("{title}\n\n{body}")).map(|document| document.with_title(&title))
        }
        None => plain::read(body),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Fields, Found, items};

    fn read(text: &'static str) -> Vec<Found> {
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
    fn a_line_that_is_no_article_is_named_and_the_others_are_read() {
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
                "line 4 has no field text, body, content",
                "line 5 is empty"
            ]
        );
        assert_eq!(found.iter().flatten().count(), 2);
    }

    #[test]
    fn a_line_too_long_is_skipped_without_being_held() {
        let long = std::io::Read::take(std::io::repeat(b'x'), 40 << 20);
        let source = std::io::Read::chain(long, &b"\n{\"text\":\"Two.\"}"[..]);
        let found: Vec<Found> = items(source, "a.jsonl", Fields::default()).unwrap().collect();
        assert_eq!(found[0].as_ref().unwrap_err().reason, "is longer than 16 MB");
        assert_eq!(found[1].as_ref().unwrap().document.article(), "Two.");
    }
}
