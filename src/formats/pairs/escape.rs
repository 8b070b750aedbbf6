//! Text as XML 1.0: escaped, and without the characters that XML cannot hold. Knows no vocabulary.

use std::io::{self, Write};

/// True for a character that XML 1.0 allows.
pub(super) fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// Writes the content of an element. Returns the number of characters that XML cannot hold; each is
/// written as U+FFFD.
pub(super) fn text(out: &mut dyn Write, text: &str) -> io::Result<u64> {
    escaped(out, text, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '\r' => Some("&#13;"),
        _ => None,
    })
}

/// Writes an attribute with a space before it, like [`text`]. Line breaks and tabs are kept.
pub(super) fn attribute(out: &mut dyn Write, name: &str, value: &str) -> io::Result<u64> {
    write!(out, " {name}=\"")?;
    let replaced = escaped(out, value, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\r' => Some("&#13;"),
        '\n' => Some("&#10;"),
        '\t' => Some("&#9;"),
        _ => None,
    })?;
    out.write_all(b"\"")?;
    Ok(replaced)
}

/// Writes a short list of attributes, each name once.
pub(super) fn attributes(out: &mut dyn Write, list: &[(String, String)]) -> io::Result<u64> {
    let mut replaced = 0;
    for (at, (name, value)) in list.iter().enumerate() {
        if list[..at].iter().all(|(other, _)| other != name) {
            replaced += attribute(out, name, value)?;
        }
    }
    Ok(replaced)
}

fn escaped(
    out: &mut dyn Write,
    text: &str,
    entity: impl Fn(char) -> Option<&'static str>,
) -> io::Result<u64> {
    let (mut from, mut replaced) = (0, 0);
    for (at, c) in text.char_indices() {
        let written = match entity(c) {
            Some(entity) => entity,
            None if is_allowed(c) => continue,
            None => {
                replaced += 1;
                "\u{FFFD}"
            }
        };
        out.write_all(&text.as_bytes()[from..at])?;
        out.write_all(written.as_bytes())?;
        from = at + c.len_utf8();
    }
    out.write_all(&text.as_bytes()[from..])?;
    Ok(replaced)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut dyn Write) -> io::Result<u64>) -> (String, u64) {
        let mut out = Vec::new();
        let replaced = write(&mut out).unwrap();
        (String::from_utf8(out).unwrap(), replaced)
    }

    #[test]
    fn markup_and_line_breaks_are_escaped_and_controls_are_replaced_and_counted() {
        assert_eq!(
            written(|out| text(out, "a<b> & \"c\"\r\n\u{1}\u{FFFE}😀")),
            ("a&lt;b&gt; &amp; \"c\"&#13;\n\u{FFFD}\u{FFFD}😀".to_string(), 2)
        );
        assert_eq!(
            written(|out| attribute(out, "x", "a\"\n\t")),
            (" x=\"a&quot;&#10;&#9;\"".to_string(), 0)
        );
    }
}
