//! A record: the named fields of one article, in any format.
//!
//! Knows the meaning of field names; knows no syntax. A new format of records only needs to split
//! its input and to look up a field by name.

use std::io::BufRead;

use unicode_normalization::UnicodeNormalization;

use super::{Fields, Form, Item, plain};
use crate::document::Document;

/// Longest record, in bytes; longer ones are skipped.
pub(super) const MAX_RECORD_BYTES: u64 = 16 << 20;

/// Length of an unreadable record's beginning in reports, in bytes.
const EXCERPT_BYTES: usize = 200;

/// Field names that no option sets.
const VERSION: &[&str] = &["version", "판"];
const LINK: &[&str] = &["link", "url", "링크", "주소", "기사주소", "원문링크"];
const PUBLISHED: &[&str] = &[
    "published",
    "date",
    "날짜",
    "일자",
    "일시",
    "게시일",
    "게재일",
    "발행일",
    "작성일",
    "입력일",
    "등록일",
];
const SLUG: &[&str] = &["slug"];

/// The article of a record; `get` returns a field by name. Blank fields count as missing.
pub(super) fn article(
    fields: &Fields,
    get: impl Fn(&str) -> Option<String>,
) -> Result<Item, String> {
    let standard = |names: &[&str]| names.iter().find_map(|name| words(get(name)?));
    let configured = |names: &[String]| names.iter().find_map(|name| words(get(name)?));
    let Some(body) = configured(&fields.text) else {
        return Err(if fields.text.iter().any(|name| get(name).is_some()) {
            "is empty".to_string()
        } else {
            format!("has no field {}", fields.text.join(", "))
        });
    };
    Ok(Item {
        id: configured(&fields.id),
        version: standard(VERSION),
        link: standard(LINK),
        published: standard(PUBLISHED),
        slug: standard(SLUG),
        form: Form::Words,
        ..Item::from(with_headline(configured(&fields.title), body)?)
    })
}

/// A field name without case, spaces and byte order marks: "기사 본문" equals "기사본문".
pub(super) fn normalized(name: &str) -> String {
    let is_kept = |c: &char| !c.is_whitespace() && *c != '\u{feff}';
    name.nfc().filter(is_kept).flat_map(char::to_lowercase).collect()
}

fn words(text: String) -> Option<String> {
    (!text.trim().is_empty()).then_some(text)
}

/// An article from a headline and a plain text.
pub(super) fn with_headline(title: Option<String>, body: String) -> Result<Document, String> {
    if body.trim().is_empty() {
        return Err("is empty".to_string());
    }
    match title.filter(|title| !title.trim().is_empty()) {
        // The headline is given: a second line that looks like one is a paragraph.
        Some(title) => {
            let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
            plain::read(format!("{title}\n\n{body}")).map(|document| document.with_title(&title))
        }
        None => plain::read(body),
    }
}

/// The beginning of a record, for reports.
pub(super) fn excerpt(record: &[u8]) -> String {
    let mut end = record.len().min(EXCERPT_BYTES);
    // UTF-8 is not cut inside a character.
    while end > EXCERPT_BYTES - 3 && end < record.len() && record[end] & 0xC0 == 0x80 {
        end -= 1;
    }
    String::from_utf8_lossy(&record[..end]).trim_end().to_string()
}

/// The reason why a record was skipped.
pub(super) fn too_long_reason() -> String {
    format!("is longer than {} MB", MAX_RECORD_BYTES >> 20)
}

/// Skips to the end of the line without keeping it. Returns the read error as a message, or "".
pub(super) fn skip_line(source: &mut dyn BufRead) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Item, String> {
        article(&Fields::default(), |name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_string())
        })
    }

    #[test]
    fn a_blank_field_gives_way_to_the_next_name() {
        let item =
            read(&[("text", " "), ("body", "They met."), ("link", ""), ("url", "http://a/b")])
                .unwrap();
        assert_eq!(item.document.article(), "They met.");
        assert_eq!(item.link.as_deref(), Some("http://a/b"));
    }

    #[test]
    fn a_blank_text_and_a_missing_text_are_different_errors() {
        assert_eq!(read(&[("text", "")]).unwrap_err(), "is empty");
        assert_eq!(
            read(&[("title", "x")]).unwrap_err(),
            "has no field text, body, content, article, 본문, 내용, 기사, 기사본문, 기사내용, 기사전문, 원문, 전문"
        );
    }

    #[test]
    fn an_excerpt_ends_with_a_complete_character() {
        assert_eq!(excerpt("가".repeat(100).as_bytes()), "가".repeat(66));
        assert_eq!(excerpt(b"short \r\n"), "short");
    }
}
