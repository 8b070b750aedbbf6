//! Subtitles: SubRip and WebVTT. The words of a cue are a block; numbers, timings, notes and styles stay byte for byte.
//!
//! Knows what a timing looks like, and that a blank line ends a cue. What is neither a cue nor around one is kept and not
//! touched: a player skips it, too.

use super::{Format, Item, Read};
use crate::document::{Block, Document, Inline, Kind, Span};

/// SubRip.
pub(super) const FORMAT: Format = Format {
    name: "srt",
    describe: "SubRip subtitles",
    endings: &["srt"],
    claims: |bytes| {
        let start = String::from_utf8_lossy(&bytes[..bytes.len().min(CLAIMED)]);
        let mut lines = start.trim_start_matches('\u{feff}').trim_start().lines();
        lines.next().is_some_and(is_number) && lines.next().is_some_and(is_timing)
    },
    read: Read::Article(|text| read(text, Syntax::SubRip)),
};

/// WebVTT, which came of it.
pub(super) const VTT: Format = Format {
    name: "vtt",
    describe: "WebVTT subtitles",
    endings: &["vtt"],
    claims: |bytes| {
        let start = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).strip_prefix(b"WEBVTT");
        start.is_some_and(|rest| rest.first().is_none_or(u8::is_ascii_whitespace))
    },
    read: Read::Article(|text| read(text, Syntax::WebVtt)),
};

/// How much of a file is looked at to claim it.
const CLAIMED: usize = 200;

#[derive(Clone, Copy, PartialEq)]
enum Syntax {
    SubRip,
    WebVtt,
}

fn read(text: String, syntax: Syntax) -> Result<Item, String> {
    let blocks = cues(&text, syntax).into_iter().map(|span| block(&text, span, syntax)).collect::<Vec<_>>();
    match blocks.is_empty() {
        true => Err("has no subtitles: no words below a line like 00:00:01,000 --> 00:00:02,500".to_string()),
        false => Ok(Document::new(text, blocks).into()),
    }
}

/// A cue, its lines one text. Nothing is escaped in SubRip, so that an ampersand is one.
fn block(text: &str, span: Span, syntax: Syntax) -> Block {
    let words = &text[span.clone()];
    let inline = match syntax {
        Syntax::WebVtt => Inline::read(words),
        Syntax::SubRip => Inline::unescaped(words),
    };
    Block { span, kind: Kind::Paragraph, inline: Some(inline) }
}

/// Where the words of each cue stand.
fn cues(text: &str, syntax: Syntax) -> Vec<Span> {
    let lines = lines(text);
    let line = |at: usize| lines.get(at).map_or("", |span| text[span.clone()].trim());
    let mut found = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        if syntax == Syntax::WebVtt && is_note(line(at)) && (at == 0 || line(at - 1).is_empty()) {
            while !line(at).is_empty() {
                at += 1;
            }
        }
        at += 1;
        if at > lines.len() || !is_timing(line(at - 1)) {
            continue;
        }
        let first = at;
        // The blank line between cues is missing here and there: the next timing ends a cue as well.
        while !line(at).is_empty() && !is_timing(line(at)) {
            at += 1;
        }
        let numbered = is_timing(line(at)) && at > first && is_number(line(at - 1));
        let last = if numbered { at - 1 } else { at };
        if let (Some(start), Some(end)) = (lines.get(first), lines[..last].last()) {
            found.extend(words(text, start.start..end.end.max(start.start)));
        }
    }
    found
}

/// The span without what says where and by whom the words of a cue are spoken; `None` where no words are left.
fn words(text: &str, span: Span) -> Option<Span> {
    /// One or two are what there is.
    const MARKS: usize = 8;
    let (mut start, mut end) = (span.start, span.end);
    for _ in 0..MARKS {
        start += text[start..end].len() - text[start..end].trim_start().len();
        end = start + text[start..end].trim_end().len();
        let rest = &text[start..end];
        // "{\an8}" moves a subtitle to the top; "<v Kim>" names the voice, and need not be closed.
        let mark = match rest.starts_with("{\\") {
            true => rest.find('}'),
            false if rest.starts_with("<v ") || rest.starts_with("<v.") => rest.find('>'),
            false => None,
        };
        let Some(length) = mark else { break };
        start += length + 1;
        let closed = text[start..end].strip_suffix("</v>").filter(|_| rest.starts_with("<v"));
        end = closed.filter(|inside| !inside.contains("</v>")).map_or(end, |inside| start + inside.len());
    }
    let speaks = Inline::read(&text[start..end]).text().chars().any(char::is_alphanumeric);
    speaks.then_some(start..end)
}

/// Every line, without its end.
fn lines(text: &str) -> Vec<Span> {
    let mut start = 0;
    let line = |line: &str| {
        let from = start;
        start += line.len();
        from..from + line.trim_end_matches(['\n', '\r']).len()
    };
    text.split_inclusive('\n').map(line).collect()
}

fn is_number(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && line.len() <= 9 && line.bytes().all(|byte| byte.is_ascii_digit())
}

/// "00:00:01,000 --> 00:00:02,500", with a place or settings after it.
fn is_timing(line: &str) -> bool {
    let Some((from, to)) = line.split_once("-->") else { return false };
    is_time(from.trim()) && to.split_whitespace().next().is_some_and(is_time)
}

/// "00:00:01,000"; WebVTT has a full stop, and no hours where there are none.
fn is_time(time: &str) -> bool {
    let Some((clock, fraction)) = time.split_once([',', '.']) else { return false };
    let figures = |part: &str, most: usize| {
        (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let parts = clock.split(':').count();
    (2..=3).contains(&parts) && clock.split(':').all(|part| figures(part, 4)) && figures(fraction, 3)
}

fn is_note(line: &str) -> bool {
    matches!(line.split_whitespace().next(), Some("NOTE" | "STYLE" | "REGION"))
}

#[cfg(test)]
mod tests {
    use super::super::{detect, read};
    use crate::document::Document;
    use proptest::prelude::*;

    fn words(document: &Document) -> Vec<&str> {
        document.content().map(|block| document.block_text(block)).collect()
    }

    #[test]
    fn the_words_of_a_cue_are_a_block_and_the_rest_is_not_touched() {
        let text = "1\r\n00:00:01,000 --> 00:00:02,500\r\nThe bridge is open,\r\nsaid <i>the mayor</i>.\r\n\r\n2\r\n00:00:03,000 --> 00:00:04,000 X1:1 X2:9\r\n{\\an8}- R&D <b>rose</b>\r\n\r\n";
        let document = read(text.as_bytes(), "a.srt").unwrap();
        assert_eq!(words(&document), ["The bridge is open, said the mayor.", "- R&D rose"]);
        let back = document
            .rejoin(|index, _| Some(["다리가 열렸다고 the mayor가 말했다.", "- 연구 rose"][index].into()));
        let expected = text
            .replace(
                "The bridge is open,\r\nsaid <i>the mayor</i>.",
                "다리가 열렸다고 <i>the mayor</i>가 말했다.",
            )
            .replace("- R&D <b>rose</b>", "- 연구 <b>rose</b>");
        assert_eq!(back, expected);
        assert_eq!(document.rejoin(|_, _| None), text);
    }

    #[test]
    fn an_ampersand_is_not_escaped_where_nothing_is() {
        let document = read(b"1\n00:00:01,000 --> 00:00:02,500\nR&D < all\n", "a.srt").unwrap();
        assert!(document.rejoin(|_, _| Some("연구 & 개발".into())).ends_with("\n연구 & 개발\n"));
    }

    #[test]
    fn malformed_cues_are_kept_and_the_others_are_read() {
        let text = "1\n00:00:01 -> 00:00:02\nNot a cue.\n\n2\n00:00:03,000 --> 00:00:04,000\n\nNo cue either.\n\n00:00:05,000 --> 00:00:06,000\nNo number.\n7\n00:00:07,000 --> 00:00:08,000\nNo blank line.\n8\n00:00:09,000 --> 00:00:10,000\n";
        let document = read(text.as_bytes(), "a.srt").unwrap();
        assert_eq!(words(&document), ["No number.", "No blank line."]);
        assert_eq!(document.rejoin(|_, _| None), text);
        let none = read("다리가 열렸다.".as_bytes(), "a.srt").unwrap_err().to_string();
        assert!(none.starts_with("a.srt has no subtitles"), "{none}");
    }

    #[test]
    fn notes_and_styles_of_webvtt_are_no_cues() {
        let text = "WEBVTT - 뉴스\n\nSTYLE\n::cue { color: red }\n\nNOTE\n00:01.000 --> 00:02.000\nleft out\n\nintro\n00:01.000 --> 00:02.000 align:start\n<v Kim>하나 &amp; <b>둘</b>\n\n01:00:03.000 --> 01:00:04.000\n♪\n\n00:05.000 --> 00:06.000\n<v.loud Lee>셋</v>\n";
        let document = read(text.as_bytes(), "a.vtt").unwrap();
        assert_eq!(words(&document), ["하나 & 둘", "셋"]);
        let back = document.rejoin(|index, _| Some(["one & two", "three"][index].into()));
        assert!(
            back.contains("\n<v Kim>one &amp; two\n") && back.ends_with("\n<v.loud Lee>three</v>\n"),
            "{back}"
        );
    }

    #[test]
    fn subtitles_are_known_without_their_name() {
        let name = |bytes: &[u8]| detect("standard input", bytes).name;
        assert_eq!(name(b"\xEF\xBB\xBF1\r\n00:00:01,000 --> 00:00:02,500\r\nOne."), "srt");
        assert_eq!(name(b"WEBVTT\n\n00:01.000 --> 00:02.000\nOne."), "vtt");
        assert_eq!(name(b"1\nof 2 --> pages\n"), "plain");
        assert_eq!(name(b"WEBVTTX"), "plain");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_all_of_it_is_kept(
            text in "(\\d|\n|\r\n|00:01.000 --> 00:02.000\n|NOTE|\\{\\\\an8\\}|<v Kim>|<i>|</i>|&|가|a| ){0,40}",
        ) {
            for name in ["a.srt", "a.vtt"] {
                if let Ok(document) = read(text.as_bytes(), name) {
                    prop_assert_eq!(document.rejoin(|_, _| None), text.as_str());
                }
            }
        }
    }
}
