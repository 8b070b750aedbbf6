//! Subtitles: SubRip and WebVTT. The text of a cue is a block, or one block per speaker; numbers,
//! timings, notes and styles stay byte for byte.
//!
//! Files come from many programs: any line that is not a timing, number or note is text, so that no
//! line stays untranslated. The formats themselves are `srt.rs` and `vtt.rs`.

use super::Item;
use crate::document::{Block, BlockKind, Document, Inline, Showing, Span};

/// The syntax of a subtitle file.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum SubtitleFormat {
    SubRip,
    WebVtt,
}

/// Reads a subtitle file.
pub(super) fn read(text: String, syntax: SubtitleFormat) -> Result<Item, String> {
    let lines = lines(&text);
    if !lines.iter().any(|line| is_timing(&text[line.clone()])) {
        return Err(
            "has no subtitles: no text below a line like 00:00:01,000 --> 00:00:02,500".to_string()
        );
    }
    let cues = cues(&text, &lines, syntax);
    let is_escaped = syntax == SubtitleFormat::WebVtt;
    let line_break = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let of_cue = |cue: &Cue| -> Vec<Block> {
        let times = cue.timing.as_ref().and_then(|line| times(&text[line.clone()]));
        let shown = times.map(|(from, to)| Showing { from, to, line_break: line_break.into() });
        let blocks = speeches(&text, &cue.lines).into_iter();
        let blocks = blocks.filter_map(|span| block(&text, span, is_escaped));
        blocks.map(|block| Block { shown: shown.clone(), ..block }).collect()
    };
    let blocks: Vec<Block> = cues.iter().flat_map(of_cue).collect();
    if blocks.is_empty() {
        Err("has no text in its subtitles".to_string())
    } else {
        Ok(Document::new(text, blocks).into())
    }
}

/// The block of a speaker's text, possibly on several lines; `None` for tags and symbols alone.
/// SubRip has no entities: an ampersand is a character.
pub(super) fn block(text: &str, span: Span, escaped: bool) -> Option<Block> {
    let raw = &text[span.clone()];
    let start = span.start + raw.len() - raw.trim_start().len();
    let span = start..start + raw.trim().len();
    let inline = Inline::subtitle(&text[span.clone()], escaped);
    let speaks = inline.text().chars().any(char::is_alphanumeric);
    speaks.then(|| Block { inline: Some(inline), ..Block::new(span, BlockKind::Paragraph) })
}

/// Lines that belong together: those of a cue, or those between cues that no player shows.
struct Cue {
    /// The line with the times of the cue.
    timing: Option<Span>,
    lines: Vec<Span>,
}

/// Groups of lines: those of each cue, and those between cues.
fn cues(text: &str, lines: &[Span], syntax: SubtitleFormat) -> Vec<Cue> {
    let line = |at: usize| lines.get(at).map_or("", |span| text[span.clone()].trim());
    let timing: Vec<bool> = (0..lines.len()).map(|at| is_timing(line(at))).collect();
    let timed = |at: usize| timing.get(at).copied().unwrap_or(false);
    let mut found: Vec<Cue> = Vec::new();
    let mut timing_line = None;
    let mut at = 0;
    if syntax == SubtitleFormat::WebVtt {
        // The header ends at the first blank line or, if that is missing, at the first timing.
        while at < lines.len() && !line(at).is_empty() && !timed(at) {
            at += 1;
        }
    }
    let mut open = false;
    while at < lines.len() {
        let first = at == 0 || line(at - 1).is_empty();
        if line(at).is_empty() {
            open = false;
        } else if timed(at) {
            // A timing line is not text, whatever else is on it.
            timing_line = Some(lines[at].clone());
            open = false;
        } else if timed(at + 1)
            && (is_number(line(at)) || (first && syntax == SubtitleFormat::WebVtt))
        {
            // The number of the next cue, or its name in WebVTT.
            open = false;
        } else if syntax == SubtitleFormat::WebVtt && first && is_note(line(at)) {
            // A timing ends a note, as a blank line does.
            while !line(at).is_empty() && !timed(at) {
                at += 1;
            }
            continue;
        } else if open {
            found.last_mut().into_iter().for_each(|cue| cue.lines.push(lines[at].clone()));
        } else {
            // What follows a blank line is shown with the cue, too.
            found.push(Cue { timing: timing_line.clone(), lines: vec![lines[at].clone()] });
            open = true;
        }
        at += 1;
    }
    found
}

/// Groups the lines of a cue by speaker: a dash, a name or a voice tag begins another speaker's
/// text.
pub(super) fn speeches(text: &str, cue: &[Span]) -> Vec<Span> {
    let marks: Vec<SpeakerMark> =
        cue.iter().map(|line| SpeakerMark::of(&text[line.clone()])).collect();
    let count = |wanted: SpeakerMark| marks.iter().filter(|mark| **mark == wanted).count();
    let (dashes, names) = (count(SpeakerMark::Dash), count(SpeakerMark::Name));
    let ends = |line: &Span| {
        let words = Inline::subtitle(&text[line.clone()], false);
        words.text().trim_end().ends_with(['.', '?', '!', '…', '"', '”', '♪'])
    };
    let mut found: Vec<Span> = Vec::new();
    for (at, line) in cue.iter().enumerate() {
        let another = match marks[at] {
            SpeakerMark::Voice => true,
            SpeakerMark::Dash => dashes > 1 || at > 0 && ends(&cue[at - 1]),
            SpeakerMark::Name => names > 1,
            SpeakerMark::None => false,
        };
        match found.last_mut() {
            Some(last) if !another => last.end = line.end,
            _ => found.push(line.clone()),
        }
    }
    found
}

/// Markers of a speaker at the start of a line.
#[derive(Clone, Copy, PartialEq)]
enum SpeakerMark {
    /// "- Is it open?"
    Dash,
    /// "MAYOR: It is open.", "(시장) 열렸습니다."
    Name,
    /// `<v Kim>`, `>> `
    Voice,
    None,
}

impl SpeakerMark {
    fn of(line: &str) -> Self {
        const LONGEST_NAME: usize = 24;
        if line.trim_start().starts_with("<v ") || line.trim_start().starts_with("<v.") {
            return Self::Voice;
        }
        let words = Inline::subtitle(line, false);
        let words = words.text().trim_start();
        if words.starts_with(">>") {
            return Self::Voice;
        }
        if words.starts_with(['-', '–', '—', '‐', '－']) && words.chars().any(char::is_alphanumeric)
        {
            return Self::Dash;
        }
        let is_name = |name: &str| {
            let name = name.trim_start_matches(['[', '(']).trim_end_matches([']', ')']);
            (1..=LONGEST_NAME).contains(&name.chars().count())
                && name.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '.' | '-' | '\''))
                && !name.chars().any(char::is_lowercase)
        };
        let is_label = |(name, rest): (&str, &str)| {
            let length = name.trim().chars().count();
            (1..=LONGEST_NAME).contains(&length) && !rest.trim().is_empty()
        };
        let labeled =
            |open, close| words.strip_prefix(open).and_then(|rest: &str| rest.split_once(close));
        if labeled('(', ')').is_some_and(is_label) || labeled('[', ']').is_some_and(is_label) {
            return Self::Name;
        }
        match words.split_once(':') {
            Some((name, _)) if is_name(name.trim_end()) => Self::Name,
            _ => Self::None,
        }
    }
}

/// Spans of the lines, without line ends.
fn lines(text: &str) -> Vec<Span> {
    let mut start = 0;
    let mut found = Vec::new();
    for line in text.split_inclusive(['\n', '\r']) {
        let words = line.trim_end_matches(['\n', '\r']);
        // The second half of "\r\n" is not a line.
        let half = line == "\n" && text[..start].ends_with('\r');
        if !half {
            found.push(start..start + words.len());
        }
        start += line.len();
    }
    found
}

pub(super) fn is_number(line: &str) -> bool {
    let line = line.trim().trim_start_matches('\u{feff}');
    !line.is_empty() && line.len() <= 9 && line.bytes().all(|byte| byte.is_ascii_digit())
}

/// What stands between the times of a cue.
const ARROWS: &[&str] = &["-->", "—>", "–>", "-- >", "- ->", "->", "→", "--＞", "－－＞"];

/// True for "00:00:01,000 --> 00:00:02,500", with a position or settings after it, and for
/// variants: other arrows, a colon, a full stop or nothing before the fraction, hours of one digit
/// or none, spaces.
pub(super) fn is_timing(line: &str) -> bool {
    /// Start time, arrow, end time.
    const LONGEST: usize = 200;
    if line.len() > LONGEST {
        return false;
    }
    let found = ARROWS.iter().find_map(|arrow| line.split_once(arrow));
    found.is_some_and(|(from, to)| {
        time(from).is_some_and(|rest| rest.trim().is_empty()) && time(to).is_some()
    })
}

/// The times of a timing line, in milliseconds.
fn times(line: &str) -> Option<(u64, u64)> {
    let millis = |text: &str| {
        let words = text.trim_start().trim_start_matches(['-', '+']);
        let length = words.len() - time(words)?.len();
        let figures: String = words[..length].chars().filter(|c| !c.is_whitespace()).collect();
        let whole = |figures: &str| {
            figures
                .split(':')
                .try_fold(0_u64, |all, part| all.checked_mul(60)?.checked_add(part.parse().ok()?))
        };
        // "00:00:01:500" has a fraction after its last colon.
        let (seconds, fraction) = match figures.split_once([',', '.', ';']) {
            Some((seconds, fraction)) => (seconds, fraction),
            None if figures.matches(':').count() == 3 => figures.rsplit_once(':')?,
            None => (figures.as_str(), ""),
        };
        let fraction: String = fraction.chars().chain("000".chars()).take(3).collect();
        whole(seconds)?.checked_mul(1000)?.checked_add(fraction.parse().ok()?)
    };
    let (from, to) = ARROWS.iter().find_map(|arrow| line.split_once(arrow))?;
    Some((millis(from)?, millis(to)?))
}

/// The rest of a text after the time at its beginning; `None` without one.
fn time(text: &str) -> Option<&str> {
    let mut rest = text.trim_start().trim_start_matches(['-', '+']);
    let (mut figures, mut colons) = (0, 0);
    loop {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits == 0 || digits > 4 {
            break;
        }
        figures += 1;
        rest = &rest[digits..];
        // "00 : 00 : 01 , 000"
        let next = rest.trim_start();
        let Some(mark) = next.chars().next().filter(|c| matches!(c, ':' | ',' | '.' | ';')) else {
            break;
        };
        colons += usize::from(matches!(mark, ':' | ';'));
        rest = next[1..].trim_start();
    }
    ((2..=4).contains(&figures) && colons > 0).then_some(rest)
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
    fn the_text_of_a_cue_is_a_block_and_the_rest_stays() {
        let text = "1\r\n00:00:01,000 --> 00:00:02,500\r\nThe bridge is open,\r\nsaid <i>the mayor</i>.\r\n\r\n2\r\n00:00:03,000 --> 00:00:04,000 X1:1 X2:9\r\n{\\an8}- R&D <b>rose</b>\r\n\r\n";
        let document = read(text.as_bytes(), "a.srt").unwrap();
        assert_eq!(words(&document), ["The bridge is open, said the mayor.", "- R&D rose"]);
        let back = document.rejoin(|index, _| {
            Some(["다리가 열렸다고 the mayor가 말했다.", "- 연구 rose"][index].into())
        });
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
    fn subrip_keeps_a_plain_ampersand() {
        let document = read(b"1\n00:00:01,000 --> 00:00:02,500\nR&D < all\n", "a.srt").unwrap();
        assert!(document.rejoin(|_, _| Some("연구 & 개발".into())).ends_with("\n연구 & 개발\n"));
    }

    #[test]
    fn no_text_of_a_malformed_file_stays_untranslated() {
        let text = "Lost words.\n\n1\n00:00:01 -> 00:00:02\nA thin arrow.\n\n2\n00:00:03,000 --> 00:00:04,000\n\nAfter a blank line.\n\n00:00:05,000 --> 00:00:06,000\nNo number.\n7\n00:00:07,000 --> 00:00:08,000\nNo blank line.\n8\n00:00:09,000 --> 00:00:10,000\n";
        let document = read(text.as_bytes(), "a.srt").unwrap();
        assert_eq!(
            words(&document),
            ["Lost words.", "A thin arrow.", "After a blank line.", "No number.", "No blank line."]
        );
        assert_eq!(document.rejoin(|_, _| None), text);
        let none = read("다리가 열렸다.".as_bytes(), "a.srt").unwrap_err().to_string();
        assert!(none.starts_with("a.srt has no subtitles"), "{none}");
    }

    #[test]
    fn webvtt_notes_and_styles_are_not_cues() {
        let text = "WEBVTT - 뉴스\n\nSTYLE\n::cue { color: red }\n\nNOTE\n00:01.000 --> 00:02.000\nleft out\n\nintro\n00:01.000 --> 00:02.000 align:start\n<v Kim>하나 &amp; <b>둘</b>\n\n01:00:03.000 --> 01:00:04.000\n♪\n\n00:05.000 --> 00:06.000\n<v.loud Lee>셋</v>\n";
        let document = read(text.as_bytes(), "a.vtt").unwrap();
        // By the standard, text with a timing is a cue, whatever precedes it.
        assert_eq!(words(&document), ["left out", "하나 & 둘", "셋"]);
        let back = document.rejoin(|index, _| Some(["x", "one & two", "three"][index].into()));
        assert!(
            back.contains("\n<v Kim>one &amp; two\n")
                && back.ends_with("\n<v.loud Lee>three</v>\n"),
            "{back}"
        );
    }

    fn of(text: &str, name: &str) -> Vec<String> {
        let document = read(text.as_bytes(), name).unwrap();
        assert_eq!(document.rejoin(|_, _| None), text);
        words(&document).into_iter().map(str::to_string).collect()
    }

    #[test]
    fn timings_are_recognized_in_all_notations() {
        for timing in [
            "00:00:01,000 --> 00:00:03,000",
            "00:00:01.000 --> 00:00:03.000",
            "00:00:01:000 --> 00:00:03:000",
            "00:00:01;000 --> 00:00:03;000",
            "00;00;01;000 --> 00;00;03;000",
            "00:00:01,000 --＞ 00:00:03,000",
            "00:00:07 --> 00:00:08",
            "0:00:01,0 --> 0:00:03,00",
            "1:02,5 --> 1:03,5",
            "00:01 --> 00:03",
            "00 : 00 : 01 , 000 --> 00 : 00 : 03 , 000",
            "00:00:01, 000-->00:00:03, 000",
            "00:00:01,000 -> 00:00:03,000",
            "00:00:01,000 -- > 00:00:03,000",
            "00:00:01,000 –> 00:00:03,000",
            "00:00:01,000 → 00:00:03,000",
            "-00:00:01,000 --> 00:00:03,000",
            "  00:00:01,000 --> 00:00:03,000  X1:100 X2:200 Y1:1 Y2:2",
            "00:00:01.000 --> 00:00:03.000 align:start position:0%",
        ] {
            let text = format!("1\n{timing}\nThe mayor opened it.\n\n2\n{timing}\nIt closed.\n");
            assert_eq!(of(&text, "a.srt"), ["The mayor opened it.", "It closed."], "{timing}");
            assert_eq!(of(&text.replace('\n', "\r\n"), "a.srt").len(), 2, "{timing}");
            assert_eq!(of(&text.replace('\n', "\r"), "a.srt").len(), 2, "{timing}");
        }
        for words in [
            "He went from 10:30 --> home.",
            "1 --> 2",
            "3.5 -> 4.5",
            "Haemin --> Somi",
            "A: 1 -> 2",
        ] {
            let text = format!("1\n00:00:01,000 --> 00:00:03,000\n{words}\n");
            assert_eq!(of(&text, "a.srt"), [words]);
        }
    }

    #[test]
    fn blocks_have_the_times_of_their_cues() {
        let text = "1\r\n00:00:01,000 --> 00:00:02,500 X1:1\r\n- One?\r\n- Two.\r\n\r\n2\r\n1:00:03.5 -> 1:00:04\r\nThree.\r\n";
        let document = read(text.as_bytes(), "a.srt").unwrap();
        let shown = document.blocks().iter().filter_map(|block| block.shown.as_ref());
        let times: Vec<(u64, u64)> = shown.map(|shown| (shown.from, shown.to)).collect();
        assert_eq!(times, [(1000, 2500), (1000, 2500), (3_603_500, 3_604_000)]);
        assert_eq!(document.blocks()[0].shown.as_ref().unwrap().line_break, "\r\n");
        assert_eq!(super::times("00:00:01:250 --> 9999:00"), Some((1250, 599_940_000)));
        assert_eq!(super::times("00:01 --> x"), None);
    }

    #[test]
    fn a_blank_line_does_not_end_a_cue() {
        let text = "1\n00:00:01,000 --> 00:00:03,000\nThe mayor opened it.\n\nShe thanked them.\n \n1987\n\n2\n00:00:04,000 --> 00:00:06,000\nIt is 7\n8\n9\n\n\n3\n00:00:07,000 --> 00:00:08,000\n";
        assert_eq!(
            of(text, "a.srt"),
            ["The mayor opened it.", "She thanked them.", "1987", "It is 7 8 9"]
        );
        assert_eq!(
            of(
                "WEBVTT\n\n00:01.000 --> 00:02.000\nOne.\n\nLeft over.\n\nname\n00:03.000 --> 00:04.000\nTwo.\n",
                "a.vtt"
            ),
            ["One.", "Left over.", "Two."]
        );
    }

    #[test]
    fn speakers_of_a_cue_stay_on_their_lines() {
        let cue =
            |words: &str| of(&format!("1\n00:00:01,000 --> 00:00:03,000\n{words}\n"), "a.srt");
        assert_eq!(
            cue("- Is it open?\n- It is,\nsince Monday."),
            ["- Is it open?", "- It is, since Monday."]
        );
        assert_eq!(cue("Is it open?\n- It is."), ["Is it open?", "- It is."]);
        assert_eq!(cue("<i>- 열렸나요?</i>\n<i>- 네.</i>"), ["- 열렸나요?", "- 네."]);
        assert_eq!(cue("-열렸나요?\n-네."), ["-열렸나요?", "-네."]);
        assert_eq!(
            cue("MAYOR: It is open.\nKIM: At last."),
            ["MAYOR: It is open.", "KIM: At last."]
        );
        assert_eq!(cue(">> It is open.\n>> At last."), [">> It is open.", ">> At last."]);
        assert_eq!(cue("(시장) 열렸습니까?\n(선장) 네."), ["(시장) 열렸습니까?", "(선장) 네."]);
        assert_eq!(cue("[Kim] Is it open?\n[Lee] Yes."), ["[Kim] Is it open?", "[Lee] Yes."]);
        assert_eq!(cue("(at the pier)\n(It rains.)"), ["(at the pier) (It rains.)"]);
        assert_eq!(
            cue("The plan\n- a large one - is ready."),
            ["The plan - a large one - is ready."]
        );
        assert_eq!(cue("The mayor said:\nno."), ["The mayor said: no."]);
        assert_eq!(
            of("WEBVTT\n\n00:01.000 --> 00:02.000\n<v Kim>Open?</v>\n<v Lee>Yes.\n", "a.vtt"),
            ["Open?", "Yes."]
        );
    }

    #[test]
    fn markup_in_a_cue_is_tags() {
        let text = "1\n00:00:01,000 --> 00:00:03,000\n{\\an8}{\\i1}The mayor opened it.{\\i0}\nShe {\\b1}thanked{\\b0} {them}.\n";
        let document = read(text.as_bytes(), "a.srt").unwrap();
        assert_eq!(words(&document), ["The mayor opened it. She thanked {them}."]);
        let same = document.rejoin(|_, _| Some("The mayor opened it. She thanked {them}.".into()));
        assert_eq!(same, text.replace(".{\\i0}\n", ".{\\i0} "));
        let text = "WEBVTT\n\n00:00.000 --> 00:02.000\nthe<00:00:00.500><c> mayor</c><00:01.000><c.yellow> opened</c>\n";
        assert_eq!(of(text, "a.vtt"), ["the mayor opened"]);
        assert_eq!(
            of("1\n00:00:01,000 --> 00:00:03,000\nOne\\NTwo\\hthree\n", "a.srt"),
            ["One Two three"]
        );
        assert_eq!(
            of("1\n00:00:01,000 --> 00:00:03,000\n{y:i}The {c:$0000ff}mayor {sic: a}\n", "a.srt"),
            ["The mayor {sic: a}"]
        );
        assert_eq!(
            of("1\n00:00:01,000 --> 00:00:03,000\n3 <4 and {5}\n", "a.srt"),
            ["3 <4 and {5}"]
        );
    }

    #[test]
    fn webvtt_blocks_other_than_cues_stay() {
        let text = "WEBVTT\nKind: captions\nLanguage: en\n\nREGION\nid:fred\nwidth:40%\n\nSTYLE\n::cue(b) {\n  color: red;\n}\n\nNOTE a note\nof two lines\n\nNOTE\nanother\n00:00.000 --> 00:01.000 line:0\nCue right below a note.\n\n1 - intro\n00:02.000 --> 00:03.000\nNOTEWORTHY words.\n";
        assert_eq!(of(text, "a.vtt"), ["Cue right below a note.", "NOTEWORTHY words."]);
        assert_eq!(
            of("WEBVTT\n00:01.000 --> 00:02.000\nNo blank line.\n", "a.vtt"),
            ["No blank line."]
        );
    }

    #[test]
    fn subtitles_are_recognized_without_a_file_name() {
        let name = |bytes: &[u8]| detect("standard input", bytes).name;
        assert_eq!(name(b"\xEF\xBB\xBF1\r\n00:00:01,000 --> 00:00:02,500\r\nOne."), "srt");
        assert_eq!(name(b"WEBVTT\n\n00:01.000 --> 00:02.000\nOne."), "vtt");
        let wide: Vec<u8> = "\u{feff}1\n00:00:01,000 --> 00:00:02,500\n하나"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(name(&wide), "srt");
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
