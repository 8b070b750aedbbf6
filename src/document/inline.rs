//! Words that stand among tags and entities, as in HTML and XML: taken out to be read, and others put in their place.
//!
//! Knows what a tag and an entity look like, and reads them as browsers do; of the vocabulary of formats it knows the line break.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::Span;

/// Words of a block, and the tags that stand between them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inline {
    text: String,
    tags: Vec<Tag>,
    /// Whether `&` begins an entity, and words are escaped.
    escaped: bool,
}

/// A tag as it stands in the source, and before which byte of the words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Tag {
    at: usize,
    raw: String,
}

impl Inline {
    /// Whether every tag stands on a character border of the words, in order.
    pub(super) fn is_sound(&self) -> bool {
        let mut end = 0;
        self.tags
            .iter()
            .all(|tag| tag.at >= std::mem::replace(&mut end, tag.at) && self.text.is_char_boundary(tag.at))
    }

    /// Takes the words out of the content of an element. Comments and processing instructions are tags. A run of white space is one
    /// space, and so is a line break: where a program wrapped the source says nothing about its sentences.
    ///
    /// ```
    /// use malmoi::document::Inline;
    /// let inline = Inline::read("Sales rose <b>3&nbsp;%</b> at <a href=\"x\">Hanbit &amp; Co.</a>");
    /// assert_eq!(inline.text(), "Sales rose 3\u{a0}% at Hanbit & Co.");
    /// let (raw, lost) = inline.put("<Hanbit & Co.> 매출이 3\u{a0}% 늘었다");
    /// assert_eq!(raw, "&lt;<a href=\"x\">Hanbit &amp; Co.</a>&gt; 매출이 <b>3\u{a0}%</b> 늘었다");
    /// assert!(lost.is_empty());
    /// ```
    pub fn read(raw: &str) -> Self {
        Self::of(raw, true)
    }

    /// The same where tags are tags and nothing else is escaped, as in SubRip.
    pub fn unescaped(raw: &str) -> Self {
        Self::of(raw, false)
    }

    fn of(raw: &str, escaped: bool) -> Self {
        let (mut text, mut tags) = (String::new(), Vec::new());
        let mut rest = raw;
        // What has no end from one place on has none further on: it is looked for once.
        let (mut tags_end, mut sections_end) = (true, true);
        while let Some(at) = rest.find(['<', '&']) {
            push_words(&mut text, &rest[..at]);
            rest = &rest[at..];
            let section = rest.strip_prefix("<![CDATA[").filter(|_| sections_end);
            let words = section.and_then(|rest| rest.split_once("]]>"));
            sections_end &= section.is_none() || words.is_some();
            let begins = tags_end && words.is_none() && begins_tag(rest);
            let length = if begins { tag_length(rest) } else { None };
            tags_end &= !begins || length.is_some();
            if let Some(words) = words {
                push_words(&mut text, words.0);
                rest = words.1;
            } else if let Some(length) = length {
                let raw = &rest[..length];
                tags.push(Tag { at: text.len(), raw: raw.to_string() });
                if name(raw).eq_ignore_ascii_case("br") && !text.is_empty() {
                    push_words(&mut text, " ");
                }
                rest = &rest[length..];
            } else if let Some((c, length)) = entity(rest).filter(|_| escaped) {
                push_words(&mut text, &c);
                rest = &rest[length..];
            } else {
                push_words(&mut text, &rest[..1]);
                rest = &rest[1..];
            }
        }
        push_words(&mut text, rest);
        Self { text, tags, escaped }
    }

    /// The words.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// New words with the tags around them: those at the ends stay there, an element inside goes around the same words where the
    /// new text has them. Gives the tags of elements that found no place, too.
    pub fn put(&self, words: &str) -> (String, Vec<&str>) {
        let (mut lead, mut tail) = (String::new(), String::new());
        let words_start = self.text.len() - self.text.trim_start().len();
        let words_end = self.text.trim_end().len();
        let partners = self.partners();
        // Words may come in another order than in the source, as they do between English and Korean.
        let mut places: Vec<(Span, &str, &str)> = Vec::new();
        let mut lost = Vec::new();
        let mut placed = 0;
        for (at, tag) in self.tags.iter().enumerate() {
            let Some(partner) = partners[at] else {
                // Where it stood among the words nobody knows: a picture goes to their end, a line break has no meaning there.
                match () {
                    _ if tag.at <= words_start && tag.at < words_end => lead.push_str(&tag.raw),
                    _ if tag.at >= words_end || is_picture(&tag.raw) => tail.push_str(&tag.raw),
                    _ if at >= placed => lost.push(tag.raw.as_str()),
                    _ => {}
                }
                continue;
            };
            let (open, close) = (&self.tags[at.min(partner)], &self.tags[at.max(partner)]);
            if open.at <= words_start && close.at >= words_end {
                if at < partner { &mut lead } else { &mut tail }.push_str(&tag.raw);
                continue;
            }
            // Elements within elements hold the same words: the outermost decides.
            if at < placed || partner < at {
                continue;
            }
            let inside = self.text[open.at..close.at].trim();
            let free = |span: &Span| {
                places.iter().all(|(taken, ..)| span.end <= taken.start || taken.end <= span.start)
            };
            let found = words.match_indices(inside).map(|(start, _)| start..start + inside.len()).find(free);
            match found.filter(|_| !inside.is_empty()) {
                Some(span) => places.push((span, &open.raw, &close.raw)),
                None => lost.push(open.raw.as_str()),
            }
            placed = partner + 1;
        }
        places.sort_by_key(|(span, ..)| span.start);
        let escape = |words: &str| if self.escaped { escape(words) } else { words.to_string() };
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

    /// For each tag the one that begins or ends the same element, if it is there.
    fn partners(&self) -> Vec<Option<usize>> {
        let mut partners = vec![None; self.tags.len()];
        let mut open: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, tag) in self.tags.iter().enumerate() {
            if let Some(name) = element(&tag.raw) {
                open.entry(name.to_ascii_lowercase()).or_default().push(at);
            } else if let Some(name) = tag.raw.strip_prefix("</").map(name)
                && let Some(begin) = open.get_mut(&name.to_ascii_lowercase()).and_then(Vec::pop)
            {
                (partners[begin], partners[at]) = (Some(at), Some(begin));
            }
        }
        partners
    }
}

/// Adds words, each run of white space as one space. What a browser shows as a space of its own (`&nbsp;`) is kept.
fn push_words(text: &mut String, words: &str) {
    let mut space = text.ends_with(' ');
    for c in words.chars() {
        let blank = is_blank(c);
        if !(blank && space) {
            text.push(if blank { ' ' } else { c });
        }
        space = blank;
    }
}

/// White space of markup.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}')
}

/// What follows the bracket of an opening tag up to white space, a slash or the other bracket.
fn name(tag: &str) -> &str {
    let inside = tag.trim_start_matches('<');
    inside.split(|c: char| is_blank(c) || matches!(c, '/' | '>')).next().unwrap_or_default()
}

/// The name of an opening tag's element; `None` for closing and empty tags, comments and instructions.
fn element(tag: &str) -> Option<&str> {
    let name = name(tag);
    (name.starts_with(|c: char| c.is_ascii_alphabetic()) && !tag.ends_with("/>")).then_some(name)
}

/// Whether a tag stands for something to be seen.
fn is_picture(tag: &str) -> bool {
    let name = name(tag).to_ascii_lowercase();
    matches!(&*name, "img" | "input" | "embed" | "source" | "image" | "media-reference")
}

/// Whether a text begins with a tag, comment or instruction. A name in Hangul is none of a tag ("<한빛일보>").
fn begins_tag(text: &str) -> bool {
    let rest = text.strip_prefix('<').unwrap_or_default();
    rest.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'))
}

/// How long a tag, comment or instruction is; `None` where the text ends before it does. Where quotation marks count is what the
/// HTML standard says: after an equals sign only.
fn tag_length(text: &str) -> Option<usize> {
    if let Some(comment) = text.strip_prefix("<!--") {
        let empty = [">", "->"].iter().find(|end| comment.starts_with(**end)).map(|end| end.len());
        let ends = || {
            let mut at = 0;
            loop {
                at += comment[at..].find("--")? + 2;
                match &comment.as_bytes()[at..] {
                    [b'>', ..] => return Some(at + 1),
                    [b'!', b'>', ..] => return Some(at + 2),
                    // "--->" ends a comment, too.
                    [b'-', ..] => at -= 1,
                    _ => {}
                }
            }
        };
        return empty.or_else(ends).map(|length| length + 4);
    }
    let bytes = text.as_bytes();
    let named = if bytes.get(1) == Some(&b'/') { 2 } else { 1 };
    if !bytes.get(named)?.is_ascii_alphabetic() {
        return text.find('>').map(|at| at + 1);
    }
    let past = |from: usize, is: fn(u8) -> bool| {
        bytes[from..].iter().position(|byte| !is(*byte)).map(|length| from + length)
    };
    let mut at = past(named, |byte| !is_blank(byte.into()) && !matches!(byte, b'/' | b'>'))?;
    loop {
        at = past(at, |byte| is_blank(byte.into()) || byte == b'/')?;
        if bytes[at] == b'>' {
            return Some(at + 1);
        }
        // An attribute begins with whatever stands here, even an equals sign.
        at = past(at + 1, |byte| !is_blank(byte.into()) && !matches!(byte, b'/' | b'>' | b'='))?;
        let equals = past(at, |byte| is_blank(byte.into()))?;
        if bytes[equals] == b'=' {
            at = past(equals + 1, |byte| is_blank(byte.into()))?;
            at = match bytes[at] {
                b'"' => past(at + 1, |byte| byte != b'"')? + 1,
                b'\'' => past(at + 1, |byte| byte != b'\'')? + 1,
                _ => past(at, |byte| !is_blank(byte.into()) && byte != b'>')?,
            };
        }
    }
}

/// The characters an entity stands for, and its length. What is no entity stays as it is written.
fn entity(text: &str) -> Option<(String, usize)> {
    if !text.starts_with('&') {
        return None;
    }
    /// "&CounterClockwiseContourIntegral;"
    const LONGEST: usize = 33;
    /// Names that texts are full of; the other two thousand are looked up in the tokenizer's table.
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
    // Numbers between ASCII and Latin-1 are Windows-1252, from the editors that wrote them ("&#146;"). No character of control
    // comes in by its number.
    let windows = |code| encoding_rs::WINDOWS_1252.decode(&[code]).0.chars().next();
    let character = |code| match code {
        0x80..=0x9f => u8::try_from(code).ok().and_then(windows),
        code => char::from_u32(code),
    };
    let numbered = code.and_then(character).filter(|c| !c.is_control() || matches!(c, '\n' | '\t'));
    let named = || NAMES.iter().find(|(known, _)| *known == name).map(|(_, c)| (*c).to_string());
    let known = || code.is_none().then(|| listed(&text[..=end])).flatten();
    Some((numbered.map(String::from).or_else(named).or_else(known)?, end + 1))
}

/// What an entity stands for by the HTML standard's list.
fn listed(raw: &str) -> Option<String> {
    if !raw[1..raw.len() - 1].bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let decoded = html5gum::Tokenizer::new(raw).flatten().find_map(|token| match token {
        html5gum::Token::String(decoded) => String::from_utf8(decoded.value.0).ok(),
        _ => None,
    })?;
    // "&notes;" begins like the entity "not", and an author who left the semicolon out meant no entity here.
    (!decoded.ends_with(';')).then_some(decoded)
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
    fn pictures_stay_and_line_breaks_at_the_ends_do() {
        assert_eq!(
            put("<img src=a> One <img src=b> two.<br>", "하나 둘."),
            "<img src=a>하나 둘.<img src=b><br>"
        );
    }

    #[test]
    fn what_is_no_tag_and_no_entity_is_text() {
        for raw in
            ["a < b", "AT&T", "x &unknown; y", "1 <2", "<", "<한빛일보>", "a <b", "<lt;", "&notes;", "&가;"]
        {
            assert_eq!(Inline::read(raw).text(), raw);
        }
        assert_eq!(Inline::read("&#xAC00;&#44032;&#0;&hellip;&eacute;&bull;&#146;").text(), "가가&#0;…é•’");
    }

    #[test]
    fn quotation_marks_count_where_a_value_begins_and_nowhere_else() {
        assert_eq!(Inline::read("<a href=it's>One</a> <i title='a>b' \"x>two</i>").text(), "One two");
        assert_eq!(Inline::read("<!-->a<!-- b > --!>c<?d \"?>e").text(), "ace");
    }

    #[test]
    fn white_space_and_line_breaks_are_one_space() {
        let inline = Inline::read("Ministers\n\t meet<br>\r\n in <b> Seoul</b><BR/>today&nbsp; .");
        assert_eq!(inline.text(), "Ministers meet in Seoul today\u{a0} .");
        assert_eq!(inline.put("오늘 Seoul").0, "오늘 <b>Seoul</b>");
        assert_eq!(put("<B>SEOUL</b> One", "SEOUL 하나"), "<B>SEOUL</b> 하나");
    }

    proptest! {
        #[test]
        fn any_content_is_read_and_any_words_are_put(raw in "([가-힣a-c &;<>/=\"'#x0-9!-]|<b>|</b>|<a href=\"x\">|</a>|&amp;){0,30}", words in "\\PC{0,20}") {
            let inline = Inline::read(&raw);
            prop_assert!(inline.is_sound());
            let (written, _) = inline.put(&words);
            let back = Inline::read(&written);
            let once = words.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
            prop_assert_eq!(back.text().trim_matches(' '), once);
        }
    }
}
