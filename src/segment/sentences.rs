//! Sentences of English and Korean news.
//!
//! A full stop is a question: this module asks it of what stands before (an abbreviation, a number,
//! a Korean ending), around (an open quotation) and after (a small letter, a quotative particle).
//! General segmenters answer it wrongly in both languages: they break `"준비됐다. 걱정 말라"고`
//! inside the quotation and stop after "Gen.".
//!
//! Where the answer is open the sentence is kept whole: a sentence too long costs little, half a
//! sentence is mistranslated.

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
/// Splitting at ". " would break this text in five places, three of them wrong:
/// ```
/// use malmoi::segment::sentences;
/// let text = "The U.S. sent Gen. Lee at 9 a.m. on Jan. 7. He left. 장관은 \"준비됐다. 걱정 말라\"고 말했다.그는 떠났다.";
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
        // Only a text of nothing but white space gets here: every paragraph ends a sentence.
        found.push(&text[start..]);
    }
    found
}

/// Where sentences end, before the white space that follows them.
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

/// Reports where sentences end within a stretch that no meant line break divides; not its end.
fn stops(text: &str, mut report: impl FnMut(usize)) {
    let mut around = enclosed(text).into_iter().peekable();
    let mut sentence = 0;
    let mut done = 0;
    for (at, c) in text.char_indices() {
        if at < done {
            continue;
        }
        while around.next_if(|one| one.end <= at).is_some() {}
        if !is_terminator(c) {
            let begins = is_link_mark(c) || begins_dateline(&text[at..]);
            if begins && around.peek().is_none_or(|one| one.start >= at) {
                let before = text[sentence..at].trim_end().len();
                if before > 0 {
                    report(sentence + before);
                }
                sentence = at;
            }
            continue;
        }
        // Terminators in a row are looked at once.
        done = at + text[at..].find(|c| !is_terminator(c)).unwrap_or(text.len() - at);
        let Some(candidate) = Candidate::at(text, sentence, at..done, around.peek()) else {
            continue;
        };
        done = candidate.end;
        if candidate.ends_sentence() {
            report(candidate.end);
            sentence = candidate.end;
        }
    }
}

/// Whether an agency's dateline begins here: "(해민=해민일보) 한서진 기자 = ". Without a reporter
/// it may be the credit of the text before it.
fn begins_dateline(text: &str) -> bool {
    const LONGEST: usize = 40;
    let Some(inside) = text.strip_prefix(['(', '[']) else { return false };
    let end = inside.char_indices().nth(2 * LONGEST).map_or(inside.len(), |(at, _)| at);
    let Some((place, byline)) = inside[..end].split_once([')', ']']) else { return false };
    let placed = place.split_once('=').is_some_and(|(place, agency)| {
        place.ends_with(is_hangul) && agency.chars().next().is_some_and(char::is_alphabetic)
    });
    let writer = byline.split_once('=').map(|(writer, _)| writer.trim_end());
    placed && writer.is_some_and(|writer| writer.ends_with("기자") || writer.ends_with("특파원"))
}

/// A run of terminators with the closing marks after it, and what surrounds it.
struct Candidate<'t> {
    /// The sentence so far, up to the terminators.
    before: &'t str,
    /// The terminators: ".", "?!", "...".
    marks: &'t str,
    /// Closing quotes and brackets right after them.
    closers: &'t str,
    /// Everything after those, the white space in between left out.
    after: &'t str,
    /// Whether there was white space in between.
    spaced: bool,
    /// Where the closers end.
    end: usize,
}

impl<'t> Candidate<'t> {
    /// The candidate whose terminators are these; `None` where they stand inside a quotation or
    /// bracket that goes on.
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
            Some(one) if one.start < at && end < one.end => return None,
            // The mark after the terminators opens a quotation of its own.
            Some(one) if one.start >= at && one.start < end => {
                closers = &closers[..one.start - at - marks.len()];
                end = one.start;
            }
            _ => {}
        }
        let after = text[end..].trim_start();
        let spaced = after.len() < text.len() - end;
        Some(Self { before: &text[sentence..at], marks, closers, after, spaced, end })
    }

    fn ends_sentence(&self) -> bool {
        if self.after.is_empty() || self.is_before_credit() || self.is_quoted_on() {
            return false;
        }
        if !self.spaced {
            return self.ends_without_space();
        }
        let next = self.next_char();
        let korean = self.last_char().is_some_and(is_hangul);
        if matches!(next, ',' | ';' | ':' | '-' | '–' | '—' | '=' | '/' | '~')
            || is_closer_not_quote(next)
        {
            return false;
        }
        if next.is_lowercase() && !korean {
            return false;
        }
        if self.marks.contains(['?', '!', '？', '！']) {
            return !self.is_attributed();
        }
        if self.marks.contains('…') || self.marks.len() > 1 {
            // "아니… 그게" trails off within its sentence; an English writer goes on in small
            // letters there.
            return !korean || self.has_korean_ending();
        }
        match self.last_char() {
            Some(c) if c.is_ascii_digit() => !self.is_list_number_or_date(),
            Some(c) if is_latin(c) => self.ends_after_word(next),
            // "가. 개요": an item's letter.
            Some(c) if is_hangul(c) => self.before.trim_start().chars().nth(1).is_some(),
            _ => true,
        }
    }

    /// `했다.이어`: news sites lose the space between sentences. Only after a Korean ending, and
    /// never after a quotation, where what follows is a particle; in Latin script it is a web
    /// address.
    fn ends_without_space(&self) -> bool {
        let next = self.next_char();
        if self.marks.ends_with(is_wide_terminator) || is_bullet(next) {
            return !next.is_ascii_punctuation();
        }
        let goes_on = ["라고", "라며", "라는", "이라"]
            .iter()
            .any(|particle| self.after.starts_with(particle));
        let opens_quote = matches!(next, '"' | '“' | '‘' | '\'');
        self.has_korean_ending() && (is_hangul(next) || opens_quote) && !goes_on
    }

    /// A Latin word and a full stop.
    fn ends_after_word(&self, next: char) -> bool {
        let word = self.before.rsplit(char::is_whitespace).next().unwrap_or_default();
        let word = word.trim_start_matches(|c: char| !c.is_alphanumeric());
        // "South Korea-U.S.": the last part decides; not in names, where "Jae-min" is no minute.
        let last = word.rsplit(['-', '–', '/', '(']).next().unwrap_or(word);
        let word = if last.contains('.') { last } else { word };
        match stop_after(word) {
            Stop::Ends => true,
            Stop::Leads => false,
            Stop::LeadsNumber => !next.is_ascii_digit(),
            Stop::Open => is_starter(self.next_word()) || matches!(next, '"' | '“' | '‘'),
        }
    }

    /// "1. Background" at the beginning, and Korean dates: "2026. 1. 7. 서울".
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

    /// `"…말라"고`, `"…말라." 라고`, `"…?" he asked`: the sentence goes on after the quotation.
    fn is_quoted_on(&self) -> bool {
        if !self.closers.contains(is_closing_quote) {
            return false;
        }
        const WHOLE: &[&str] =
            &["고", "하고", "며", "하며", "는", "라", "이라", "란", "이란", "면서", "라던"];
        const BEGIN: &[&str] =
            &["라고", "이라고", "라며", "이라며", "라는", "이라는", "라면서", "이라면서"];
        let word = self.next_word();
        !self.spaced || WHOLE.contains(&word) || BEGIN.iter().any(|begin| word.starts_with(begin))
    }

    /// `"Are you ready?" Kim asked.`: who said it stands after the quotation.
    fn is_attributed(&self) -> bool {
        self.closers.contains(is_closing_quote)
            && self
                .after
                .split_whitespace()
                .take(4)
                .any(|word| is_speech(word.trim_end_matches(['.', ','])))
    }

    /// "on each side. (Yonhap)": the agency's mark at the end of a paragraph belongs to its last
    /// sentence.
    fn is_before_credit(&self) -> bool {
        const LONGEST: usize = 60;
        self.after.len() <= LONGEST
            && self.after.starts_with(['(', '<', '['])
            && self
                .after
                .find([')', '>', ']'])
                .is_some_and(|at| at + 1 == self.after.trim_end().len())
            && !self.after.contains(is_terminator)
    }

    /// The endings of Korean sentences, and of the noun-ended lines officials write.
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

    /// As much of the next word as is compared with anything.
    fn next_word(&self) -> &'t str {
        const LONGEST: usize = 16;
        let after = self.after.trim_start_matches(['(', '[']);
        let end = after.char_indices().take(LONGEST).find(|(_, c)| !c.is_alphanumeric());
        let cut = || after.char_indices().nth(LONGEST).map_or(after.len(), |(at, _)| at);
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

    /// `|` stands where a sentence must end.
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
    fn a_lost_space_after_a_korean_ending_is_found_and_an_address_is_left_alone() {
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
    fn links_and_datelines_begin_a_sentence_wherever_they_stand() {
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
    fn nothing_and_blank_are_given_back() {
        assert!(sentences("").is_empty());
        assert_eq!(sentences(" \n"), [" \n"]);
        assert_eq!(sentences("  a. B  "), ["  a. B  "]);
    }

    /// One sentence a line, paragraphs separated by blank lines: the lines are joined by spaces and
    /// must come back.
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
