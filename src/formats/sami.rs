//! SAMI, the subtitle format of Korean sites: HTML in which a `SYNC` element starts each moment.
//! Most of its elements are never closed.
//!
//! The text between two borders (`SYNC`, `P`, the end of the body) is a block, and so is each
//! speaker's line after a `<br>`; everything else stays byte for byte. A file may have several
//! classes, such as `KRCC` and `ENCC`: the language of each is that of its words, not of its name.

use std::collections::HashMap;

use super::subtitles;
use super::xml;
use super::{Format, Item, Reader};
use crate::document::{Block, Document, Inline, Showing, Span};
use crate::language::Language;

pub(super) const FORMAT: Format = Format {
    name: "sami",
    describe: "SAMI subtitles",
    extensions: &["smi", "sami"],
    title: "SAMI",
    written: "SAMI",
    kept: "times, classes and styles",
    sniff: |bytes| {
        let start = xml::beginning(&bytes[..bytes.len().min(SNIFFED_BYTES)]);
        tag_name(start.trim_start()).eq_ignore_ascii_case("sami")
    },
    read: Reader::Article(read),
};

/// Bytes of a class from which its language is told.
const DETECTED_BYTES: usize = 4096;
/// Bytes examined to recognize a file.
const SNIFFED_BYTES: usize = 400;

fn read(text: String) -> Result<Item, String> {
    let mut blocks: Vec<Block> = Vec::new();
    let moments = moments(&text);
    let languages = languages(&text, &moments);
    for Moment { span, from, to, class } in moments {
        let language = class.and_then(|class| languages.get(&class)).map(|code| (*code).into());

        let shown = from.zip(to).map(|(from, to)| Showing { from, to, line_break: "<br>".into() });
        let found = speeches(&text, span).into_iter();
        let found = found.filter_map(|span| subtitles::block(&text, span, true));
        blocks.extend(found.map(|block| Block {
            shown: shown.clone(),
            language: language.clone(),
            ..block
        }));
    }
    if blocks.is_empty() {
        Err("has no subtitles: no text after a <SYNC Start=...>".to_string())
    } else {
        Ok(Document::new(text, blocks).into())
    }
}

/// The codes of the languages of classes, if there are several languages.
fn languages(text: &str, moments: &[Moment]) -> HashMap<String, &'static str> {
    let mut words: HashMap<&str, String> = HashMap::new();
    for Moment { span, class, .. } in moments {
        let Some(class) = class else { continue };
        let all = words.entry(class).or_default();
        // The beginning tells.
        if all.len() < DETECTED_BYTES {
            all.push_str(Inline::subtitle(&text[span.clone()], true).text());
            all.push(' ');
        }
    }
    let found: HashMap<String, &'static str> = words
        .into_iter()
        .filter_map(|(class, words)| Some((class.to_string(), Language::detect(&words)?.code())))
        .collect();
    let first = found.values().next();
    if found.values().any(|code| Some(code) != first) { found } else { HashMap::new() }
}

/// A text of the body, the times in milliseconds of the `SYNC` before and after it, and the class
/// of its `P` in lower case.
struct Moment {
    span: Span,
    from: Option<u64>,
    to: Option<u64>,
    class: Option<String>,
}

/// The texts between the borders of the body, from the first `SYNC` on.
fn moments(text: &str) -> Vec<Moment> {
    let (mut found, mut from, mut begun) = (Vec::new(), 0, false);
    // Texts since the last `SYNC`, whose end is not known yet, and its time.
    let (mut open, mut start): (Vec<Moment>, Option<u64>) = (Vec::new(), None);
    let mut class = None;
    for (tag, name) in tags(text) {
        let sync = name.eq_ignore_ascii_case("sync");
        let border = sync
            || ["p", "/p", "/sync", "body", "/body", "/sami", "!--"]
                .iter()
                .any(|known| name.eq_ignore_ascii_case(known));
        if !border {
            continue;
        }
        if begun && from < tag.start {
            let span = from..tag.start;
            open.push(Moment { span, from: start, to: None, class: class.clone() });
        }
        if name.eq_ignore_ascii_case("p") {
            class = value(&text[tag.clone()], "class").map(str::to_lowercase);
        } else if name != "!--" {
            class = None;
        }
        if sync {
            let next = time(&text[tag.clone()]);
            found.extend(open.drain(..).map(|moment| Moment { to: next, ..moment }));
            start = next;
        }
        begun |= sync;
        from = tag.end;
    }
    if begun && from < text.len() {
        open.push(Moment { span: from..text.len(), from: start, to: None, class });
    }
    found.extend(open);
    found
}

/// The time of a `SYNC` in milliseconds.
fn time(tag: &str) -> Option<u64> {
    value(tag, "start")?.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The value of a tag's attribute, whose name is in lower case, up to white space.
fn value<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    let at = tag.to_ascii_lowercase().find(name)? + name.len();
    let value = tag[at..].trim_start().strip_prefix('=')?.trim_start();
    let value = value.trim_start_matches(['"', '\'']);
    value
        .split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '>'))
        .next()
        .filter(|value| !value.is_empty())
}

/// The lines of a moment, grouped by speaker.
fn speeches(text: &str, moment: Span) -> Vec<Span> {
    let raw = &text[moment.clone()];
    let (mut lines, mut from) = (Vec::new(), moment.start);
    for (tag, name) in tags(raw) {
        if name.trim_end_matches('/').eq_ignore_ascii_case("br") {
            lines.push(from..moment.start + tag.start);
            from = moment.start + tag.end;
        }
    }
    lines.push(from..moment.end);
    subtitles::speeches(text, &lines)
}

/// The tags of a text with their names; an end tag's name begins with a slash. A comment is one
/// tag.
fn tags(text: &str) -> impl Iterator<Item = (Span, &str)> {
    let (mut from, mut comments_end) = (0, true);
    std::iter::from_fn(move || {
        loop {
            let start = from + text[from..].find('<')?;
            let rest = &text[start..];
            if rest.starts_with("<!--") {
                // An unclosed comment ends with its tag; its end is searched for only once.
                let end = if comments_end { rest.find("-->") } else { None };
                comments_end = end.is_some();
                from = start + end.map(|at| at + 3).or_else(|| rest.find('>').map(|at| at + 1))?;
                return Some((start..from, "!--"));
            }
            let name = tag_name(rest);
            if name.is_empty() {
                from = start + 1;
                continue;
            }
            from = start + rest.find('>')? + 1;
            return Some((start..from, name));
        }
    })
}

/// The name of a tag, with the slash of an end tag.
fn tag_name(tag: &str) -> &str {
    let Some(rest) = tag.strip_prefix('<') else { return "" };
    let end =
        rest.char_indices().find(|(at, c)| !(c.is_ascii_alphanumeric() || (*at == 0 && *c == '/')));
    &rest[..end.map_or(rest.len(), |(at, _)| at)]
}

#[cfg(test)]
mod tests {
    use super::super::{detect, read};

    const FILE: &str = "<SAMI>\r\n<HEAD><TITLE>다리</TITLE>\r\n<STYLE TYPE=\"text/css\">\r\n<!--\r\nP { margin-left:8pt; }\r\n.KRCC { Name:Korean; lang:ko-KR; SAMIType:CC; }\r\n-->\r\n</STYLE></HEAD>\r\n<BODY>\r\n<SYNC Start=1000><P Class=KRCC>\r\n시장이 다리를 열었다.<br>그는 <i>감사</i>했다.\r\n<SYNC Start=3000><P Class=KRCC>&nbsp;\r\n<Sync start=4000><p class=KRCC>- 열렸나요?<BR>- 네 &amp; 드디어.</p><P Class=ENCC>Is it open?\r\n<!-- <SYNC Start=5000><P>left out -->\r\n<SYNC Start=6000><P Class=KRCC>3 < 4\r\n</BODY></SAMI>\r\n";

    #[test]
    fn the_text_of_each_moment_is_a_block() {
        let document = read(FILE.as_bytes(), "a.smi").unwrap();
        let words: Vec<&str> = document.content().map(|block| document.block_text(block)).collect();
        assert_eq!(
            words,
            [
                "시장이 다리를 열었다. 그는 감사했다.",
                "- 열렸나요?",
                "- 네 & 드디어.",
                "Is it open?",
                "3 < 4"
            ]
        );
        assert_eq!(document.rejoin(|_, _| None), FILE);
        let back = document.rejoin(|index, _| (index == 2).then(|| "- Yes & at last.".into()));
        assert_eq!(back, FILE.replace("- 네 &amp; 드디어.", "- Yes &amp; at last."));
    }

    #[test]
    fn a_file_in_two_languages_has_one_article_in_each() {
        let text = "<SAMI><BODY><SYNC Start=1000><P Class=KRCC>시장이 다리를 열었다.<P Class=\"ENCC\">The mayor opened the bridge.\n<SYNC Start=2000><P Class=KRCC>좋습니다.<P Class=ENCC>OK.\n</BODY></SAMI>";
        let document = read(text.as_bytes(), "a.smi").unwrap();
        assert_eq!(document.in_language("ko").article(), "시장이 다리를 열었다.\n\n좋습니다.");
        assert_eq!(document.in_language("en").article(), "The mayor opened the bridge.\n\nOK.");
        // The names of classes are often wrong.
        let one =
            text.replace("The mayor opened the bridge.", "시장이 왔다.").replace("OK.", "네.");
        let document = read(one.as_bytes(), "a.smi").unwrap();
        assert_eq!(document.in_language("ko").article(), document.article());
        assert_eq!(document.content().count(), 4);
    }

    #[test]
    fn sami_is_recognized_by_its_first_bytes_and_read_in_cp949() {
        let (bytes, ..) = encoding_rs::EUC_KR.encode(FILE);
        assert_eq!(detect("standard input", &bytes).name, "sami");
        assert_eq!(read(&bytes, "standard input").unwrap().content().count(), 5);
        assert!(
            read(b"<SAMI><BODY></BODY></SAMI>", "a.smi")
                .unwrap_err()
                .to_string()
                .contains("no subtitles")
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_written_back(text in "(<SYNC Start=1>|<P>|</P>|<br>|<!--|-->|<i>|- |[가a<>&;\n]){0,40}") {
            if let Ok(document) = read(text.as_bytes(), "a.smi") {
                proptest::prop_assert_eq!(document.rejoin(|_, _| None), text.as_str());
            }
        }
    }
}
