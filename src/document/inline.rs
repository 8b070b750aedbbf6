//! Words among tags and entities, as in HTML and XML: extracts them, and puts other words in their
//! place.
//!
//! Knows the syntax of tags and entities, as browsers read it, and the line break; knows no other
//! element of any format.

mod put;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// Words of a block, and the tags between them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inline {
    text: String,
    tags: Vec<Tag>,
    /// True if `&` begins an entity and words are escaped.
    escaped: bool,
    /// True if all of it is written with the escapes of a string in C.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    quoted: bool,
    /// True if a tag without a place goes to the end of the words: its content is needed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    keeps_tags: bool,
}

/// A tag as written in the source, and the byte of the words it comes before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Tag {
    at: usize,
    raw: String,
}

impl Inline {
    /// True if the tags are in order and on character boundaries of the words.
    pub(super) fn is_sound(&self) -> bool {
        let mut end = 0;
        self.tags.iter().all(|tag| {
            tag.at >= std::mem::replace(&mut end, tag.at) && self.text.is_char_boundary(tag.at)
        })
    }

    /// Extracts the words of an element's content. Comments and processing instructions count as
    /// tags. A run of white space is one space, and so is a line break.
    ///
    /// ```
    /// use malmoi::document::Inline;
    /// let raw = "Sales rose <b>3&nbsp;%</b> at <a href='x'>Hanbit &amp; Co.</a>";
    /// let inline = Inline::read(raw);
    /// assert_eq!(inline.text(), "Sales rose 3\u{a0}% at Hanbit & Co.");
    /// let (raw, lost) = inline.put("<Hanbit & Co.> 매출이 3\u{a0}% 늘었다");
    /// let link = "<a href='x'>Hanbit &amp; Co.</a>";
    /// assert_eq!(raw, format!("&lt;{link}&gt; 매출이 <b>3\u{a0}%</b> 늘었다"));
    /// assert!(lost.is_empty());
    /// ```
    pub fn read(raw: &str) -> Self {
        Self::of(raw, true, &['<', '&'], &[])
    }

    /// Extracts the words of a segment of a translators' file: elements of these names are one tag
    /// with all that is in them, and no tag is left out of the result.
    ///
    /// ```
    /// use malmoi::document::Inline;
    /// let inline = Inline::segment("Open <ph id='1'>{0}</ph> in <g id='2'>Haemin</g>.", &["ph"]);
    /// assert_eq!(inline.text(), "Open in Haemin.");
    /// let (raw, lost) = inline.put("Haemin에서 연다.");
    /// assert_eq!(raw, "<g id='2'>Haemin</g>에서 연다.<ph id='1'>{0}</ph>");
    /// assert_eq!(lost, ["<ph id='1'>{0}</ph>"]);
    /// ```
    pub fn segment(raw: &str, codes: &[&str]) -> Self {
        Self { keeps_tags: true, ..Self::of(raw, true, &['<', '&'], codes) }
    }

    /// Extracts the words of a text of a book. A mark that refers to a note (`<a href="#n1">1</a>`)
    /// is one tag with its number, and so is a mark of a page of the printed book.
    pub(crate) fn chapter(raw: &str) -> Self {
        Self::of(raw, true, &['<', '&'], &[NOTE])
    }

    /// Extracts the words of a string with markup in it, which is written with the escapes of C:
    /// `\"`, `\\`, `\t`.
    pub fn quoted(words: &str) -> Self {
        Self { quoted: true, ..Self::of(words, false, &['<'], &[]) }
    }

    /// Extracts the words of a subtitle cue: time stamps (`<00:01.500>`), overrides of SubStation
    /// Alpha (`{\i1}`) and its line breaks (`\N`) are tags as well. SubRip has no escapes.
    pub fn subtitle(raw: &str, escaped: bool) -> Self {
        Self::of(raw, escaped, &['<', '&', '{', '\\'], &[])
    }

    /// Words, with tags before some of their bytes, which are in order. Tags end with the names of
    /// their elements, and words are escaped, as in markup.
    pub(crate) fn with_tags(text: String, tags: Vec<(usize, String)>) -> Self {
        let tags = tags.into_iter().map(|(at, raw)| Tag { at, raw }).collect();
        Self { text, tags, escaped: true, quoted: false, keeps_tags: false }
    }

    /// Reads what [`put`](Self::put) wrote: white space is kept, and no tag is a character.
    pub(crate) fn marked(raw: &str) -> Self {
        let mut inline = Self::with_tags(String::new(), Vec::new());
        let mut rest = raw;
        while let Some(at) = rest.find('<') {
            let (words, tag) = rest.split_at(at);
            inline.text.push_str(&unescape(words));
            let length = note_length(tag).or_else(|| tag_length(tag)).unwrap_or(tag.len());
            inline.tags.push(Tag { at: inline.text.len(), raw: tag[..length].to_string() });
            rest = &tag[length..];
        }
        inline.text.push_str(&unescape(rest));
        inline
    }

    fn of(raw: &str, escaped: bool, marks: &[char], codes: &[&str]) -> Self {
        let (mut text, mut tags) = (String::new(), Vec::new());
        // Elements that are one tag and have no end are searched for only once.
        let mut codes = codes.to_vec();
        let mut rest = raw;
        // A tag or section without an end is searched for only once: there is none further on.
        let (mut tags_end, mut sections_end) = (true, true);
        while let Some(at) = rest.find(marks) {
            push_words(&mut text, &rest[..at]);
            rest = &rest[at..];
            if let Some(length) =
                Some(marks.len()).filter(|marks| *marks > 2).and_then(|_| subtitle_mark(rest))
            {
                tags.push(Tag { at: text.len(), raw: rest[..length].to_string() });
                if rest.starts_with('\\') && !text.is_empty() {
                    push_words(&mut text, " ");
                }
                rest = &rest[length..];
                continue;
            }
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
                let length = code_length(rest, length, &mut codes);
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
        Self { text, tags, escaped, quoted: false, keeps_tags: false }
    }

    /// The words.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// True for a tag that shows a picture or a control.
    fn is_picture(&self, tag: &str) -> bool {
        let name = name(tag).to_ascii_lowercase();
        matches!(&*name, "img" | "input" | "embed" | "source" | "image" | "media-reference")
            || self.is_anchor(tag)
    }

    /// True for a tag that must not be lost: what it stands for is in another place, or is no word.
    /// Each tag of a segment has a name, so that this says nothing there.
    fn is_anchor(&self, tag: &str) -> bool {
        is_code(name(tag)) || !self.keeps_tags && (is_target(tag) || note_length(tag).is_some())
    }
}

/// The length of the tag a text begins with, or of its whole element if its name is in `codes`. An
/// element without an end takes its name off the list.
fn code_length(text: &str, tag: usize, codes: &mut Vec<&str>) -> usize {
    if codes.first() == Some(&NOTE) {
        return note_length(text).unwrap_or(tag);
    }
    let Some(at) =
        element(&text[..tag]).and_then(|name| codes.iter().position(|code| *code == name))
    else {
        return tag;
    };
    let end = format!("</{}>", codes[at]);
    match text[tag..].find(&end) {
        Some(length) => tag + length + end.len(),
        None => {
            codes.swap_remove(at);
            tag
        }
    }
}

/// In place of names of elements: marks of notes are one tag.
const NOTE: &str = "";

/// The length of the mark of a note or a page that a text begins with: a link within the book whose
/// words are a number or a sign, with the elements around it.
fn note_length(text: &str) -> Option<usize> {
    /// Longest mark in bytes, and its most tags.
    const MAX: (usize, usize) = (600, 8);
    let text = &text[..text.floor_char_boundary(MAX.0)];
    let (mut at, mut depth, mut is_link, mut signs) = (0, 0_usize, false, 0);
    for _ in 0..MAX.1 {
        let rest = &text[at..];
        let length = tag_length(rest).filter(|_| begins_tag(rest))?;
        let tag = &rest[..length];
        at += length;
        if tag.starts_with("</") {
            depth = depth.checked_sub(1)?;
        } else if element(tag).is_some() {
            is_link |= name(tag) == "a" && tag.contains("href=") && tag.contains('#');
            is_link |= tag.contains("pagebreak");
            depth += 1;
        }
        if depth == 0 {
            return (is_link && signs > 0).then_some(at);
        }
        let words = &text[at..];
        let is_sign = |c: char| c.is_ascii_digit() || "*†‡§[]()↩↑^\u{fe0e} ".contains(c);
        let end = words.char_indices().take(8).find(|(_, c)| !is_sign(*c))?.0;
        signs += end;
        at += end;
        if !text[at..].starts_with('<') {
            return None;
        }
    }
    None
}

/// Appends words, each run of white space as one space; a non-breaking space is kept.
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

/// The name of a tag: up to white space, a slash or the closing bracket.
fn name(tag: &str) -> &str {
    let inside = tag.trim_start_matches('<');
    inside.split(|c: char| is_blank(c) || matches!(c, '/' | '>')).next().unwrap_or_default()
}

/// The element name of an opening tag; `None` for closing and empty tags, comments and
/// instructions.
fn element(tag: &str) -> Option<&str> {
    if let Some(rest) = tag.strip_prefix("{\\") {
        let letters = override_name(rest);
        return override_end(tag)
            .is_none()
            .then_some(letters)
            .filter(|letters| !letters.is_empty());
    }
    let name = name(tag);
    // A code of a translators' file holds its own end.
    let is_whole = tag.ends_with("/>")
        || tag
            .strip_suffix('>')
            .is_some_and(|rest| rest.strip_suffix(name).is_some_and(|rest| rest.ends_with("</")));
    (name.starts_with(|c: char| c.is_ascii_alphabetic()) && !is_whole).then_some(name)
}

/// The name of an override: "i" of `i1}`, "fs" of `fs20}`.
fn override_name(rest: &str) -> &str {
    &rest[..rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len())]
}

/// The name of a closing override such as `{\i0}` or `{\c}`.
fn override_end(tag: &str) -> Option<&str> {
    let rest = tag.strip_prefix("{\\")?;
    let name = override_name(rest);
    matches!(&rest[name.len()..], "0}" | "}").then_some(name)
}

/// The length of the subtitle mark that a text begins with.
fn subtitle_mark(text: &str) -> Option<usize> {
    /// Longest override in bytes.
    const MAX_LENGTH: usize = 250;
    if text.starts_with("{\\") {
        return text.bytes().take(MAX_LENGTH).position(|byte| byte == b'}').map(|at| at + 1);
    }
    // Styles of MicroDVD: `{y:i}`, `{c:$0000ff}`.
    if let Some(rest) = text.strip_prefix('{') {
        let is_style = rest.starts_with(['y', 'Y', 'c', 'C', 'f', 'F', 's', 'S', 'p', 'P'])
            && rest[1..].starts_with(':');
        return rest
            .bytes()
            .take(MAX_LENGTH)
            .position(|byte| byte == b'}' || byte == b' ')
            .filter(|end| is_style && rest.as_bytes()[*end] == b'}')
            .map(|end| end + 2);
    }
    if text.starts_with("\\N") || text.starts_with("\\n") || text.starts_with("\\h") {
        return Some(2);
    }
    let stamp = text.strip_prefix('<')?;
    let end = stamp.bytes().take(16).position(|byte| byte == b'>')?;
    let clock = |byte: u8| byte.is_ascii_digit() || matches!(byte, b':' | b'.' | b',');
    (end > 3 && stamp[..end].contains(':') && stamp[..end].bytes().all(clock)).then_some(end + 2)
}

/// The length of the tag, comment or subtitle mark that a text begins with.
pub(super) fn tag_at(text: &str) -> Option<usize> {
    let is_tag = text.starts_with('<') && begins_tag(text);
    subtitle_mark(text).or_else(|| tag_length(text).filter(|_| is_tag))
}

/// True for a tag with a name that links refer to.
fn is_target(tag: &str) -> bool {
    tag.match_indices("id=").take(8).any(|(at, _)| {
        let before = tag[..at].strip_suffix("xml:").unwrap_or(&tag[..at]);
        before.ends_with(is_blank)
    })
}

/// True for the name of a tag of an office document that must not be lost.
fn is_code(name: &str) -> bool {
    #[rustfmt::skip]
    const NAMES: &[&str] = &[
        "bookmark", "comment", "deletion", "embedded", "endnote", "equation", "field-mark",
        "footnote", "hidden-text", "insertion-mark", "sign", "slide-number",
    ];
    NAMES.contains(&name)
}

/// True if a text begins with a tag, comment or instruction. Tags have no Hangul names:
/// "<한빛일보>" is text.
fn begins_tag(text: &str) -> bool {
    let rest = text.strip_prefix('<').unwrap_or_default();
    rest.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'))
}

/// The length of a tag, comment or instruction; `None` if it does not end. Quotation marks count
/// after an equals sign only, as the HTML standard says.
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
                    // "--->" ends a comment as well.
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
    let skip = |from: usize, is_skipped: fn(u8) -> bool| {
        bytes[from..].iter().position(|byte| !is_skipped(*byte)).map(|length| from + length)
    };
    let mut at = skip(named, |byte| !is_blank(byte.into()) && !matches!(byte, b'/' | b'>'))?;
    loop {
        at = skip(at, |byte| is_blank(byte.into()) || byte == b'/')?;
        if bytes[at] == b'>' {
            return Some(at + 1);
        }
        // Any byte begins an attribute, even an equals sign.
        at = skip(at + 1, |byte| !is_blank(byte.into()) && !matches!(byte, b'/' | b'>' | b'='))?;
        let equals = skip(at, |byte| is_blank(byte.into()))?;
        if bytes[equals] == b'=' {
            at = skip(equals + 1, |byte| is_blank(byte.into()))?;
            at = match bytes[at] {
                b'"' => skip(at + 1, |byte| byte != b'"')? + 1,
                b'\'' => skip(at + 1, |byte| byte != b'\'')? + 1,
                _ => skip(at, |byte| !is_blank(byte.into()) && byte != b'>')?,
            };
        }
    }
}

/// The characters of the entity a text begins with, and its length.
fn entity(text: &str) -> Option<(String, usize)> {
    if !text.starts_with('&') {
        return None;
    }
    /// Length of the longest entity, `&CounterClockwiseContourIntegral;`.
    const MAX_LENGTH: usize = 33;
    /// Frequent names; the other two thousand are looked up in the table of `html5gum`.
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
    let end = text.bytes().take(MAX_LENGTH).position(|byte| byte == b';')?;
    let name = &text[1..end];
    let code = match name.strip_prefix('#') {
        Some(hex) if hex.starts_with(['x', 'X']) => u32::from_str_radix(&hex[1..], 16).ok(),
        Some(decimal) => decimal.parse().ok(),
        None => None,
    };
    // Numbers between ASCII and Latin-1 ("&#146;") are Windows-1252, as browsers read them. Control
    // characters are not accepted by number.
    let windows = |code| encoding_rs::WINDOWS_1252.decode(&[code]).0.chars().next();
    let character = |code| match code {
        0x80..=0x9f => u8::try_from(code).ok().and_then(windows),
        code => char::from_u32(code),
    };
    let numbered = code.and_then(character).filter(|c| !c.is_control() || matches!(c, '\n' | '\t'));
    let named = || NAMES.iter().find(|(entry, _)| *entry == name).map(|(_, c)| (*c).to_string());
    let in_table = || code.is_none().then(|| table_entity(&text[..=end])).flatten();
    Some((numbered.map(String::from).or_else(named).or_else(in_table)?, end + 1))
}

/// The characters of an entity in the HTML standard's table.
fn table_entity(raw: &str) -> Option<String> {
    if !raw[1..raw.len() - 1].bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let decoded = html5gum::Tokenizer::new(raw).flatten().find_map(|token| match token {
        html5gum::Token::String(decoded) => String::from_utf8(decoded.value.0).ok(),
        _ => None,
    })?;
    // "&notes;" begins with the entity "&not"; with another name before the semicolon it is text.
    (!decoded.ends_with(';')).then_some(decoded)
}

/// A string with the escapes of C.
fn c_escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out
}

/// A text with its entities decoded; white space and tags are kept.
pub(crate) fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (character, length) = entity(rest).unwrap_or_else(|| ("&".to_string(), 1));
        out.push_str(&character);
        rest = &rest[length..];
    }
    out.push_str(rest);
    out.into()
}

/// Words escaped for use between tags.
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
        assert_eq!(
            put(" <span class=\"a>b\">One</span> ", "하나"),
            "<span class=\"a>b\">하나</span>"
        );
        assert_eq!(put("<![CDATA[A < B]]>", "가 < 나"), "가 &lt; 나");
    }

    #[test]
    fn an_element_goes_around_its_words_or_is_reported_lost() {
        let inline =
            Inline::read("<b>SEOUL</b> -- The <a href='1'>Hanbit Co.</a> report<br/>ends.");
        let (raw, lost) = inline.put("SEOUL -- 보고서가 끝났다.");
        assert_eq!(raw, "<b>SEOUL</b> -- 보고서가 끝났다.");
        assert_eq!(lost, ["<a href='1'>", "<br/>"]);
    }

    #[test]
    fn a_mark_of_a_note_or_a_page_is_one_tag_behind_its_sentence() {
        for mark in [
            "<sup><a href='#n1'>1</a></sup>",
            "<a href='b.xhtml#n1' id='r1'>[12]</a>",
            "<span epub:type='pagebreak'\n id='p7'>7</span>",
        ] {
            let inline = Inline::chapter(&format!("It rained.{mark} Han spoke. He left."));
            assert_eq!(inline.text(), "It rained. Han spoke. He left.");
            let (raw, lost) = inline.put("비가 왔다. Han이 말했다. 떠났다.");
            assert_eq!(raw, format!("비가 왔다.{mark} Han이 말했다. 떠났다."));
            assert!(lost.is_empty(), "{lost:?}");
            assert_eq!(Inline::marked(&raw).text(), "비가 왔다. Han이 말했다. 떠났다.");
        }
        for words in ["<a href='#n1'>note</a>", "<a href='x'>1</a>", "<b>1</b>", "<a href='#n'>1"] {
            let inline = Inline::chapter(words);
            assert_eq!(inline.text(), Inline::read(words).text());
        }
    }

    #[test]
    fn a_name_that_links_refer_to_stays_without_its_words() {
        let (raw, lost) = read_put("<b>One</b> <i\nid=\"x\">two</i> three.", "하나 셋.");
        assert_eq!(raw, "하나 셋.<i\nid=\"x\"></i>");
        assert_eq!(lost, ["<b>", "<i\nid=\"x\">"]);
    }

    fn read_put(raw: &str, words: &str) -> (String, Vec<String>) {
        let inline = Inline::read(raw);
        let (raw, lost) = inline.put(words);
        (raw, lost.into_iter().map(str::to_string).collect())
    }

    #[test]
    fn pictures_stay_and_line_breaks_at_the_ends_do() {
        assert_eq!(
            put("<img src=a> One <img src=b> two.<br>", "하나 둘."),
            "<img src=a>하나 둘.<img src=b><br>"
        );
    }

    #[test]
    fn everything_but_tags_and_entities_is_text() {
        for raw in [
            "a < b",
            "AT&T",
            "x &unknown; y",
            "1 <2",
            "<",
            "<한빛일보>",
            "a <b",
            "<lt;",
            "&notes;",
            "&가;",
        ] {
            assert_eq!(Inline::read(raw).text(), raw);
        }
        assert_eq!(
            Inline::read("&#xAC00;&#44032;&#0;&hellip;&eacute;&bull;&#146;").text(),
            "가가&#0;…é•’"
        );
    }

    #[test]
    fn quotation_marks_count_where_a_value_begins_and_nowhere_else() {
        assert_eq!(
            Inline::read("<a href=it's>One</a> <i title='a>b' \"x>two</i>").text(),
            "One two"
        );
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
