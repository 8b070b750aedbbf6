//! Words that stand among tags and entities, as in HTML and XML: taken out to be read, and others put in their place.
//!
//! Knows what a tag and an entity look like; knows no vocabulary of any format.

use serde::{Deserialize, Serialize};

use super::Span;

/// Words of a block, and the tags that stand between them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inline {
    text: String,
    tags: Vec<Tag>,
}

/// A tag as it stands in the source, and before which byte of the words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Tag {
    at: usize,
    raw: String,
}

impl Inline {
    /// Takes the words out of the content of an element. Comments and processing instructions are tags; white space is one space,
    /// as a browser shows it, and so is a `<br>`.
    ///
    /// ```
    /// use malmoi::document::Inline;
    /// let inline = Inline::read("Sales rose <b>3&nbsp;%</b>\n  at <a href=\"x\">Hanbit &amp; Co.</a>");
    /// assert_eq!(inline.text(), "Sales rose 3\u{a0}% at Hanbit & Co.");
    /// let (raw, lost) = inline.put("<Hanbit & Co.> 매출이 3\u{a0}% 늘었다");
    /// assert_eq!(raw, "&lt;<a href=\"x\">Hanbit &amp; Co.</a>&gt; 매출이 <b>3\u{a0}%</b> 늘었다");
    /// assert!(lost.is_empty());
    /// ```
    pub fn read(raw: &str) -> Self {
        let (mut text, mut tags) = (String::new(), Vec::new());
        let mut rest = raw;
        while let Some(at) = rest.find(['<', '&']) {
            add(&mut text, &rest[..at]);
            rest = &rest[at..];
            let length = if rest.starts_with('<') { tag_length(rest) } else { None };
            if let Some(words) = rest.strip_prefix("<![CDATA[").and_then(|rest| rest.split_once("]]>")) {
                add(&mut text, words.0);
                rest = words.1;
            } else if let Some(length) = length {
                let raw = &rest[..length];
                if name_of(raw).is_some_and(|name| name.eq_ignore_ascii_case("br")) {
                    add(&mut text, " ");
                }
                tags.push(Tag { at: text.len(), raw: raw.to_string() });
                rest = &rest[length..];
            } else if let Some((c, length)) = entity(rest) {
                add(&mut text, &c);
                rest = &rest[length..];
            } else {
                add(&mut text, &rest[..1]);
                rest = &rest[1..];
            }
        }
        add(&mut text, rest);
        Self { text, tags }
    }

    /// The words.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// New words with the tags around them: those at the ends stay there, an element inside goes around the same words where the
    /// new text has them. Gives the tags of elements that found no place, too.
    pub fn put(&self, words: &str) -> (String, Vec<&str>) {
        let (mut lead, mut tail, mut inner) = (String::new(), String::new(), Vec::new());
        let words_start = self.text.len() - self.text.trim_start().len();
        let words_end = self.text.trim_end().len();
        for tag in &self.tags {
            match tag.at {
                at if at <= words_start && !tag.raw.starts_with("</") && self.spans_all(tag, words_end) => {
                    lead.push_str(&tag.raw);
                }
                at if at >= words_end && tag.raw.starts_with("</") && self.closes_all(tag, words_start) => {
                    tail.push_str(&tag.raw);
                }
                _ => inner.push(tag),
            }
        }
        // Words may come in another order than in the source, as they do between English and Korean.
        let mut places: Vec<(Span, &str, &str)> = Vec::new();
        let mut lost = Vec::new();
        let mut at = 0;
        while at < inner.len() {
            let open = inner[at];
            // `<br/>`, comments: where they stood among the words nobody knows.
            let Some(close) = self.close_of(&inner, at) else {
                lost.push(open.raw.as_str());
                at += 1;
                continue;
            };
            let inside = self.text[open.at..inner[close].at].trim();
            let free = |span: &Span| {
                places.iter().all(|(taken, ..)| span.end <= taken.start || taken.end <= span.start)
            };
            let found = words.match_indices(inside).map(|(start, _)| start..start + inside.len()).find(free);
            // Elements within elements hold the same words: the outermost decides.
            match found.filter(|_| !inside.is_empty()) {
                Some(span) => places.push((span, &open.raw, &inner[close].raw)),
                None => lost.push(open.raw.as_str()),
            }
            at = close + 1;
        }
        places.sort_by_key(|(span, ..)| span.start);
        let mut raw = lead;
        let mut from = 0;
        for (span, open, close) in places {
            raw.push_str(&escape(&words[from..span.start]));
            raw.push_str(open);
            raw.push_str(&escape(&words[span.clone()]));
            raw.push_str(close);
            from = span.end;
        }
        raw.push_str(&escape(&words[from..]));
        raw.push_str(&tail);
        (raw, lost)
    }

    /// Whether an opening tag's element goes on to the end of the words.
    fn spans_all(&self, open: &Tag, end: usize) -> bool {
        let tags: Vec<&Tag> = self.tags.iter().collect();
        let Some(at) = self.tags.iter().position(|tag| std::ptr::eq(tag, open)) else { return false };
        self.close_of(&tags, at).is_some_and(|close| tags[close].at >= end)
    }

    /// Whether a closing tag's element begins with the words.
    fn closes_all(&self, close: &Tag, start: usize) -> bool {
        let tags: Vec<&Tag> = self.tags.iter().collect();
        let Some(at) = self.tags.iter().position(|tag| std::ptr::eq(tag, close)) else { return false };
        (0..at).any(|open| tags[open].at <= start && self.close_of(&tags, open) == Some(at))
    }

    /// The closing tag that belongs to an opening one.
    fn close_of(&self, tags: &[&Tag], open: usize) -> Option<usize> {
        let name = element(&tags[open].raw)?;
        let mut depth = 0;
        for (at, tag) in tags.iter().enumerate().skip(open) {
            if element(&tag.raw) == Some(name) {
                depth += 1;
            } else if tag.raw.strip_prefix("</").is_some_and(|rest| rest.trim_end_matches('>').trim() == name)
            {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
        }
        None
    }
}

/// Words at the end of others, with one space where there is white space.
fn add(text: &mut String, words: &str) {
    for c in words.chars() {
        match c {
            ' ' | '\t' | '\n' | '\r' if text.is_empty() || text.ends_with(' ') => {}
            '\t' | '\n' | '\r' => text.push(' '),
            c => text.push(c),
        }
    }
}

/// The name of an opening tag's element; `None` for closing and empty tags, comments and instructions.
fn element(tag: &str) -> Option<&str> {
    name_of(tag).filter(|_| !tag.ends_with("/>"))
}

/// The name in an opening or empty tag.
fn name_of(tag: &str) -> Option<&str> {
    let inside = tag.strip_prefix('<')?.strip_suffix('>')?;
    let name = inside.split(|c: char| c.is_whitespace() || c == '/').next()?;
    name.starts_with(|c: char| c.is_alphabetic()).then_some(name)
}

/// How long the tag, comment or instruction is that a text begins with; `None` where it is a lone `<`.
fn tag_length(text: &str) -> Option<usize> {
    if text.starts_with("<!--") {
        return Some(text.find("-->")? + 3);
    }
    let begins = text[1..].starts_with(|c: char| c.is_alphabetic() || matches!(c, '/' | '!' | '?'));
    let mut quote = None;
    for (at, c) in text.char_indices().skip(1) {
        match (c, quote) {
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            ('>', None) => return begins.then_some(at + 1),
            ('<', None) => return None,
            _ => {}
        }
    }
    None
}

/// The characters an entity stands for, and its length. Names are those that text needs; others stay as they are written.
fn entity(text: &str) -> Option<(String, usize)> {
    const LONGEST: usize = 12;
    const NAMES: &[(&str, &str)] = &[
        ("amp", "&"),
        ("lt", "<"),
        ("gt", ">"),
        ("quot", "\""),
        ("apos", "'"),
        ("nbsp", "\u{a0}"),
        ("middot", "·"),
        ("hellip", "…"),
        ("lsquo", "‘"),
        ("rsquo", "’"),
        ("ldquo", "“"),
        ("rdquo", "”"),
        ("ndash", "–"),
        ("mdash", "—"),
        ("copy", "©"),
        ("reg", "®"),
        ("trade", "™"),
        ("euro", "€"),
        ("pound", "£"),
        ("yen", "¥"),
        ("deg", "°"),
        ("times", "×"),
    ];
    let end = text.bytes().take(LONGEST).position(|byte| byte == b';')?;
    let name = &text[1..end];
    let code = match name.strip_prefix('#') {
        Some(hex) if hex.starts_with(['x', 'X']) => u32::from_str_radix(&hex[1..], 16).ok(),
        Some(decimal) => decimal.parse().ok(),
        None => None,
    };
    // No character of control comes in by its number.
    let numbered = code.and_then(char::from_u32).filter(|c| !c.is_control() || matches!(c, '\n' | '\t'));
    let named = || NAMES.iter().find(|(known, _)| *known == name).map(|(_, c)| (*c).to_string());
    Some((numbered.map(String::from).or_else(named)?, end + 1))
}

/// Words as they may stand between tags.
pub fn escape(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn put(raw: &str, words: &str) -> String {
        Inline::read(raw).put(words).0
    }

    #[test]
    fn tags_around_all_the_words_stay_around_them() {
        assert_eq!(put("<b><i>One</i></b>", "하나"), "<b><i>하나</i></b>");
        assert_eq!(put(" <span class=\"a>b\">One</span> ", "하나"), "<span class=\"a>b\">하나</span>");
        assert_eq!(put("<![CDATA[A < B]]>", "가 < 나"), "가 &lt; 나");
    }

    #[test]
    fn an_element_goes_around_its_words_or_is_said_to_be_lost() {
        let inline = Inline::read("<b>SEOUL</b> -- The <a href='1'>Hanbit Co.</a> report<br/>ends.");
        let (raw, lost) = inline.put("SEOUL -- 보고서가 끝났다.");
        assert_eq!(raw, "<b>SEOUL</b> -- 보고서가 끝났다.");
        assert_eq!(lost, ["<a href='1'>", "<br/>"]);
    }

    #[test]
    fn what_is_no_tag_and_no_entity_is_text() {
        for raw in ["a < b", "AT&T", "x &unknown; y", "1 <2", "<"] {
            assert_eq!(Inline::read(raw).text(), raw);
        }
        assert_eq!(Inline::read("서울<br/>부산 <b> 대전\n </b> 목포").text(), "서울 부산 대전 목포");
        assert_eq!(Inline::read("&#xAC00;&#44032;&#0;&hellip;").text(), "가가&#0;…");
    }

    proptest! {
        #[test]
        fn any_content_is_read_and_any_words_are_put(raw in "([가-힣a-c &;<>/=\"'#x0-9!-]|<b>|</b>|<a href=\"x\">|</a>|&amp;){0,30}", words in "\\PC{0,20}") {
            let inline = Inline::read(&raw);
            let (written, _) = inline.put(&words);
            let back = Inline::read(&written);
            let (shown, expected) = (back.text(), Inline::read(&escape(&words)));
            prop_assert_eq!(shown, expected.text());
        }
    }
}
