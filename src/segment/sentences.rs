//! Sentences of English and Korean news.
//!
//! A period is ambiguous. The words before it (an abbreviation, a number, a Korean ending), around
//! it (an open quotation) and after it (a lower-case letter, a quotative particle) decide. General
//! segmenters fail in both languages: they cut `"준비됐다. 걱정 말라"고` inside the
//! quotation and stop after "Gen.".
//!
//! In doubt the sentence is not cut: a long sentence costs little, half a sentence is
//! mistranslated.

use std::ops::Range;

use super::abbreviations::{Stop, is_speech, is_starter, stop_after};
use super::lines;
use super::marks::{
    Enclosed, enclosed, is_bullet, is_closer, is_closing_quote, is_link_mark, is_terminator,
    is_wide_terminator,
};
use crate::language::{is_hangul, is_latin};

/// Splits a text into sentences that join back to it byte for byte: white space belongs to the
/// sentence before it.
///
/// Cuts at every ". " would split this text in five places, three of them wrong:
/// ```
/// use malmoi::segment::sentences;
/// let text = "The U.S. sent Gen. Lee at 9 a.m. on Jan. 7. He left. \
///             장관은 \"준비됐다. 걱정 말라\"고 말했다.그는 떠났다.";
/// let found = sentences(text);
/// assert_eq!(found[0], "The U.S. sent Gen. Lee at 9 a.m. on Jan. 7. ");
/// assert_eq!(found[2], "장관은 \"준비됐다. 걱정 말라\"고 말했다.");
/// assert_eq!(found.len(), 4);
/// assert_eq!(found.concat(), text);
/// ```
pub fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    for end in ends(text) {
        let blank = text[end..].len() - text[end..].trim_start().len();
        found.push(&text[start..end + blank]);
        start = end + blank;
    }
    if start < text.len() {
        // White space only: every paragraph ends a sentence.
        found.push(&text[start..]);
    }
    found
}

/// Spans of the sentences without the space around them; none is empty.
pub(crate) fn sentence_spans(text: &str) -> Vec<Range<usize>> {
    let mut start = 0;
    let mut spans = Vec::new();
    for sentence in sentences(text) {
        let begin = start + sentence.len() - sentence.trim_start().len();
        let end = start + sentence.trim_end().len();
        if begin < end {
            spans.push(begin..end);
        }
        start += sentence.len();
    }
    spans
}

/// Ends of sentences, before the white space after them.
fn ends(text: &str) -> Vec<usize> {
    let mut ends = Vec::new();
    let paragraphs = lines::paragraphs(text);
    let wrapping = lines::Wrapping::of(text, &paragraphs);
    for paragraph in &paragraphs {
        let joined = wrapping.continues(text, paragraph);
        let mut start = paragraph[0].start;
        for (index, line) in paragraph.iter().enumerate() {
            if joined.get(index).copied().unwrap_or(false) {
                continue;
            }
            for piece in lines::pieces(text, start..line.end) {
                stops(&text[piece.clone()], |at| ends.push(piece.start + at));
                ends.push(piece.end);
            }
            start = paragraph.get(index + 1).map_or(line.end, |next| next.start);
        }
    }
    ends
}

/// Reports the ends of sentences inside a text without line breaks of its author; its own end is
/// not reported.
fn stops(text: &str, mut report: impl FnMut(usize)) {
    let mut around = enclosed(text).into_iter().peekable();
    let mut sentence = 0;
    let mut done = 0;
    for (at, c) in text.char_indices() {
        if at < done {
            continue;
        }
        while around.next_if(|span| span.end <= at).is_some() {}
        if !is_terminator(c) {
            let starts_sentence = is_link_mark(c) || begins_dateline(&text[at..]);
            if starts_sentence && around.peek().is_none_or(|span| span.start >= at) {
                let before = text[sentence..at].trim_end().len();
                if before > 0 {
                    report(sentence + before);
                }
                sentence = at;
            }
            continue;
        }
        // Terminators in a row are one candidate.
        done = at + text[at..].find(|c| !is_terminator(c)).unwrap_or(text.len() - at);
        let Some(candidate) = SentenceEnd::at(text, sentence, at..done, around.peek()) else {
            continue;
        };
        done = candidate.end;
        if candidate.ends_sentence() {
            report(candidate.end);
            sentence = candidate.end;
        }
    }
}

/// True if a text begins with an agency's dateline: "(해민=해민일보) 한서진 기자 = ".
/// Without a reporter it may be the credit of the text before it.
fn begins_dateline(text: &str) -> bool {
    const MAX_LENGTH: usize = 40;
    let Some(inside) = text.strip_prefix(['(', '[']) else { return false };
    let end = inside.char_indices().nth(2 * MAX_LENGTH).map_or(inside.len(), |(at, _)| at);
    let Some((place, byline)) = inside[..end].split_once([')', ']']) else { return false };
    let has_place = place.split_once('=').is_some_and(|(place, agency)| {
        place.ends_with(is_hangul) && agency.chars().next().is_some_and(char::is_alphabetic)
    });
    let writer = byline.split_once('=').map(|(writer, _)| writer.trim_end());
    has_place && writer.is_some_and(|writer| writer.ends_with("기자") || writer.ends_with("특파원"))
}

/// A possible end of a sentence: a run of terminators with the closing marks after it, and its
/// context.
struct SentenceEnd<'t> {
    /// The sentence so far, up to the terminators.
    before: &'t str,
    /// The terminators: ".", "?!", "...".
    marks: &'t str,
    /// Closing quotes and brackets right after them.
    closers: &'t str,
    /// The text after those, without leading white space.
    after: &'t str,
    /// True if there was white space in between.
    is_spaced: bool,
    /// End of the closing marks.
    end: usize,
}

impl<'t> SentenceEnd<'t> {
    /// The candidate with these terminators; `None` inside a quotation or bracket that continues.
    fn at(
        text: &'t str,
        sentence: usize,
        marks: Range<usize>,
        around: Option<&Enclosed>,
    ) -> Option<Self> {
        let at = marks.start;
        let rest = &text[marks.end..];
        let marks = &text[marks];
        let mut closers = &rest[..rest.find(|c| !is_closer(c)).unwrap_or(rest.len())];
        let mut end = at + marks.len() + closers.len();
        match around {
            Some(span) if span.start < at && end < span.end => return None,
            // The mark after the terminators opens another quotation.
            Some(span) if span.start >= at && span.start < end => {
                closers = &closers[..span.start - at - marks.len()];
                end = span.start;
            }
            _ => {}
        }
        let after = text[end..].trim_start();
        let is_spaced = after.len() < text.len() - end;
        Some(Self { before: &text[sentence..at], marks, closers, after, is_spaced, end })
    }

    fn ends_sentence(&self) -> bool {
        if self.after.is_empty() || self.is_before_credit() || self.is_quoted_on() {
            return false;
        }
        if !self.is_spaced {
            return self.ends_without_space();
        }
        let next = self.next_char();
        let is_korean = self.last_char().is_some_and(is_hangul);
        if matches!(next, ',' | ';' | ':' | '-' | '–' | '—' | '=' | '/' | '~')
            || is_closer_not_quote(next)
        {
            return false;
        }
        if next.is_lowercase() && !is_korean {
            return false;
        }
        if self.marks.contains(['?', '!', '？', '！']) {
            return !self.is_attributed();
        }
        if self.marks.contains('…') || self.marks.len() > 1 {
            // "아니… 그게" continues its sentence; in English a lower-case letter would
            // follow.
            return !is_korean || self.has_korean_ending();
        }
        match self.last_char() {
            Some(c) if c.is_ascii_digit() => !self.is_list_number_or_date(),
            Some(c) if is_latin(c) => self.ends_after_word(next),
            // The letter of an item: "가. 개요".
            Some(c) if is_hangul(c) => self.before.trim_start().chars().nth(1).is_some(),
            _ => true,
        }
    }

    /// `했다.이어`: news sites lose the space between sentences. True only after a Korean
    /// ending and not after a quotation, which a particle follows; Latin words would be a web
    /// address.
    fn ends_without_space(&self) -> bool {
        let next = self.next_char();
        if self.marks.ends_with(is_wide_terminator) || is_bullet(next) {
            return !next.is_ascii_punctuation();
        }
        let is_particle = ["라고", "라며", "라는", "이라"]
            .iter()
            .any(|particle| self.after.starts_with(particle));
        let opens_quote = matches!(next, '"' | '“' | '‘' | '\'');
        self.has_korean_ending() && (is_hangul(next) || opens_quote) && !is_particle
    }

    /// True if the sentence ends after a Latin word and a period.
    fn ends_after_word(&self, next: char) -> bool {
        let word = self.before.rsplit(char::is_whitespace).next().unwrap_or_default();
        let word = word.trim_start_matches(|c: char| !c.is_alphanumeric());
        // The last part of "South Korea-U.S." decides, but not of "Jae-min", which is no "min.".
        let last = word.rsplit(['-', '–', '/', '(']).next().unwrap_or(word);
        let word = if last.contains('.') { last } else { word };
        match stop_after(word) {
            Stop::Ends => true,
            Stop::Leads => false,
            Stop::LeadsNumber => !next.is_ascii_digit(),
            Stop::Open => is_starter(self.next_word()) || matches!(next, '"' | '“' | '‘'),
        }
    }

    /// True for a list number ("1. Background") and in Korean dates ("2026. 1. 7. 서울").
    fn is_list_number_or_date(&self) -> bool {
        let mut words = self.before.rsplit(char::is_whitespace).filter(|word| !word.is_empty());
        let is_number = |word: &str| word.len() <= 4 && word.bytes().all(|b| b.is_ascii_digit());
        if !words.next().is_some_and(is_number) {
            return false;
        }
        let before_it = words.next();
        let next = self.after.split(char::is_whitespace).next().unwrap_or_default();
        let is_item = |word: &str| {
            word.strip_suffix('.').is_some_and(|number| !number.is_empty() && is_number(number))
        };
        before_it.is_none() || before_it.is_some_and(is_item) || is_item(next)
    }

    /// True if the sentence continues after a quotation: `"…말라"고`, `"…말라." 라고`.
    fn is_quoted_on(&self) -> bool {
        if !self.closers.contains(is_closing_quote) {
            return false;
        }
        const PARTICLES: &[&str] =
            &["고", "하고", "며", "하며", "는", "라", "이라", "란", "이란", "면서", "라던"];
        const PARTICLE_STARTS: &[&str] =
            &["라고", "이라고", "라며", "이라며", "라는", "이라는", "라면서", "이라면서"];
        let word = self.next_word();
        !self.is_spaced
            || PARTICLES.contains(&word)
            || PARTICLE_STARTS.iter().any(|start| word.starts_with(start))
    }

    /// True if the speaker is named after the quotation: `"Are you ready?" Kim asked.`
    fn is_attributed(&self) -> bool {
        self.closers.contains(is_closing_quote)
            && self
                .after
                .split_whitespace()
                .take(4)
                .any(|word| is_speech(word.trim_end_matches(['.', ','])))
    }

    /// True before an agency's credit at the end of a paragraph, which belongs to the last
    /// sentence: "on each side. (Yonhap)".
    fn is_before_credit(&self) -> bool {
        const MAX_LENGTH: usize = 60;
        self.after.len() <= MAX_LENGTH
            && self.after.starts_with(['(', '<', '['])
            && self
                .after
                .find([')', '>', ']'])
                .is_some_and(|at| at + 1 == self.after.trim_end().len())
            && !self.after.contains(is_terminator)
    }

    /// True after an ending of Korean sentences, or of the noun-ended lines of official texts.
    fn has_korean_ending(&self) -> bool {
        let before = self.before.trim_end_matches(is_closer);
        before.ends_with(['다', '요', '죠', '까', '음', '함', '임', '됨', '듯', '네', '자'])
    }

    fn last_char(&self) -> Option<char> {
        self.before.chars().next_back()
    }

    fn next_char(&self) -> char {
        self.after.chars().next().unwrap_or(' ')
    }

    /// The next word, cut after the longest word it is compared with.
    fn next_word(&self) -> &'t str {
        const MAX_LENGTH: usize = 16;
        let after = self.after.trim_start_matches(['(', '[']);
        let end = after.char_indices().take(MAX_LENGTH).find(|(_, c)| !c.is_alphanumeric());
        let cut = || after.char_indices().nth(MAX_LENGTH).map_or(after.len(), |(at, _)| at);
        &after[..end.map_or_else(cut, |(at, _)| at)]
    }
}

fn is_closer_not_quote(c: char) -> bool {
    is_closer(c) && !is_closing_quote(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Checks that sentences end at each `|`.
    #[track_caller]
    fn check(marked: &str) {
        let text = marked.replace('|', "");
        let found: Vec<&str> = sentences(&text);
        assert_eq!(found.join("|"), marked);
    }

    #[test]
    fn abbreviations_initials_and_numbers_end_nothing() {
        check(
            "Lt. Col. J. Smith of Hanbit Co., Ltd. arrived at 9 a.m. on Jan. 7. |He paid $3.5 million.",
        );
        check("The No. 5 reactor is in the U.S. |The other is not. |It was No. 1. |No one knows.");
        check(
            "He lives in Washington, D.C. |They do not. |It met Lee Jae-min. |Kim left South Korea-U.S. Command.",
        );
    }

    #[test]
    fn a_quotation_is_never_cut() {
        check("\"We agree. We will act,\" he said. |\"And now?\" she asked. |\"Now.\" |He left.");
        check(
            "장관은 \"준비됐다. 걱정하지 말라\"고 말했다. |그는 “끝났다.” 라고 했다. |이어 떠났다.",
        );
        check("\"누가 왔나?\"라며 웃었다. |‘모르겠다.’는 답이 왔다.");
    }

    #[test]
    fn a_quotation_left_open_does_not_swallow_the_paragraph() {
        check("\"We agree. |We will act.\n\n|\"And we must,\" he said.");
    }

    #[test]
    fn a_lost_space_after_a_korean_ending_is_found_and_addresses_stay_whole() {
        check("회의를 열었다.|이어 발표했다.|\"좋다\"고 했다.");
        check("자세한 내용은 www.example.co.kr/a.b?c=d 에 있다. |문의는 전화로 한다.");
    }

    #[test]
    fn dates_and_list_numbers_end_nothing() {
        check("1. 개요를 쓴다. |2026. 1. 7. 서울에서 열렸다. |회의는 2026. 1. 8. 끝났다.");
        check("It began in 2016. |The end came in 2020.");
    }

    #[test]
    fn the_agency_mark_stays_with_the_last_sentence() {
        check("He agreed. |She stood on each side. (Yonhap)\n|MOST POPULAR\n|LATEST NEWS");
        check("회의가 끝났다. (서울=연합뉴스)");
    }

    #[test]
    fn bylines_and_datelines_open_their_sentence() {
        check("(서울=연합뉴스) 홍길동 기자 = 정부가 밝혔다. |회의도 열린다.");
        check("SEOUL, Jan. 7 (Yonhap) -- The minister left. |He came back.");
    }

    #[test]
    fn links_and_datelines_begin_a_sentence_anywhere() {
        check(
            "안내문. |2026.1.7|▶해민일보 구독하기|▶[팩트체크] 요금 오르나|▶제보하기 |(해민=해민일보) 한서진 기자 = 배가 멈춘다.",
        );
        check("무단 전재 금지 |[해민=해민통신] 한서진 특파원 = 배가 멈춘다. |☞ 관련기사: 항구");
        check("참석자는 ▲김 시장 ▲이 의원 등이다. |그는 \"▶ 표시\"를 눌렀다. |값(가=나)은 크다.");
    }

    #[test]
    fn ellipses_split_only_where_something_new_begins() {
        check("\"아니… 그게 아니라\"는 말이다. |그는 아니… 그게 아니라고 했다. |갔다… 그리고 왔다...|다시 갔다.".replace("갔다… ", "갔다… |").as_str());
        check("He waited ... and left. |He waited... |Then he left!? |Yes.");
    }

    #[test]
    fn wrapped_lines_join_and_headlines_stand_alone() {
        check(
            "Ministers meet in Seoul\n|The two ministers discussed over the phone on\nWednesday how to tighten their work. |They will\nagree.",
        );
    }

    #[test]
    fn wide_stops_need_no_space() {
        check("끝났다。|시작됐다！|정말？|그렇다.");
    }

    #[test]
    fn empty_and_blank_texts_are_returned() {
        assert!(sentences("").is_empty());
        assert_eq!(sentences(" \n"), [" \n"]);
        assert_eq!(sentences("  a. B  "), ["  a. B  "]);
    }

    /// The fixtures have one sentence per line and blank lines between paragraphs. The lines,
    /// joined by spaces, must come back.
    #[test]
    fn the_golden_news_comes_back_sentence_by_sentence() {
        for (name, golden) in [
            ("en", include_str!("../../tests/fixtures/sentences/en.txt")),
            ("ko", include_str!("../../tests/fixtures/sentences/ko.txt")),
        ] {
            let paragraphs: Vec<Vec<&str>> =
                golden.trim().split("\n\n").map(|p| p.lines().collect()).collect();
            let (mut right, mut wanted, mut given) = (0, 0, 0);
            for paragraph in &paragraphs {
                let text = paragraph.join(" ");
                let found: Vec<&str> =
                    sentences(&text).iter().map(|sentence| sentence.trim_end()).collect();
                for odd in found.iter().filter(|sentence| !paragraph.contains(sentence)) {
                    println!("{name}: {odd}");
                }
                right += paragraph.iter().filter(|sentence| found.contains(sentence)).count();
                wanted += paragraph.len();
                given += found.len();
            }
            let f1 = 2.0 * right as f64 / (wanted + given) as f64;
            println!("{name}: {wanted} sentences, F1 {f1:.4}");
            assert!(wanted >= 60 && f1 >= 0.995, "{name}: F1 {f1:.4}");
        }
    }

    proptest! {
        #[test]
        fn sentences_join_back_to_any_text(text in "([가-힣a-zA-Z]{1,6}(다|요|U\\.S|Gen|\\.\\.|…)?[.?!。,\"'”“‘’()\\n\\r\u{200b}0-9 ▲]{0,3}){0,40}|\\PC*|(?s).*") {
            let found = sentences(&text);
            prop_assert_eq!(&found.concat(), &text);
            prop_assert!(found.iter().all(|sentence| !sentence.is_empty()));
        }
    }
}
