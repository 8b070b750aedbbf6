//! Characters: what no typesetter sets, such as lone Korean letters, replacement characters,
//! bytes read in the wrong encoding, and characters that are not shown.
//!
//! Compares characters alone: those that the source has may stay. Knows nothing of words.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;

use super::check::{Check, Example, FindingKind, Scope};
use super::comparison::Comparison;
use super::spans::excerpt;
use crate::document::Span;
use crate::finding::Finding;
use crate::language::is_hangul;

const JAMO: FindingKind = FindingKind::major("stray_jamo");
const BROKEN: FindingKind = FindingKind::major("broken_character");
const MISREAD: FindingKind = FindingKind::major("wrong_encoding");
const INVISIBLE: FindingKind = FindingKind::minor("invisible_character");

pub(super) const CHECK: Check = Check {
    name: "characters",
    describe: "lone Korean letters, broken and invisible characters, text in a wrong encoding",
    kinds: &[JAMO, BROKEN, MISREAD, INVISIBLE],
    scope: Scope::Article,
    examples: &[
        Example::found(JAMO, "The police searched the port.", "경ㅊ은 항구를 수색했다."),
        Example::found(BROKEN, "The police searched the port.", "경\u{FFFD}은 항구를 수색했다."),
        Example::found(MISREAD, "한 장관은 준비됐다고 했다.", "Han said heâ€™s ready."),
        Example::fine("\"Haha,\" wrote Mr. A.", "ㄱ씨는 \"ㅋㅋㅋ\"라고 썼다."),
        Example::fine("It is ready.", "준비가 됐다."),
    ],
    run,
};

/// Words that follow the letter of a withheld name: "ㄱ씨", "ㄴ 병원".
#[rustfmt::skip]
const WITHHELD: &[&str] = &[
    "씨", "군", "양", "모", "사", "시", "구", "대", "고", "중", "초", "은행", "병원", "학교", "업체", "회사", "기업", "의원",
    "교수", "변호사", "아파트", "호텔", "식당", "어린이집", "유치원", "교사", "과장", "부장", "대표", "경위", "경장",
];

/// Bytes of UTF-8 or of a Korean encoding, read as Latin-1 or Windows-1252:
/// "â€™", "Ã©", "ì„œìš¸".
static MISREADINGS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let byte = r"[\u{80}-\u{BF}€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]";
    Regex::new(&format!(
        r"â€{byte}?|[ÃÂ]{byte}|(?:[ìíëê]{byte}{{1,2}}){{2,}}|[\u{{A1}}-\u{{FF}}]*[À-ÿ][\u{{A1}}-\u{{FF}}]*"
    ))
    .ok()
});
/// Fewest accented letters in a row of a misread text: no name has more than three.
const MIN_ACCENTS: usize = 4;

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let pair = comparison.pair;
    let (output, source) = (pair.output, pair.source);
    let (_, result) = pair.kind.words();
    let (_, result_ko) = pair.kind.korean_words();
    let known: HashSet<char> = source.chars().filter(|c| !c.is_ascii()).collect();
    let finding = |kind, span: Span, english: &str, korean: &str| {
        let shown = excerpt(&shown(&output[span.clone()]));
        let message = format!("the {result} contains {english}: '{shown}'");
        CHECK.finding(kind, message, format!("{result_ko}에 {korean}: '{shown}'")).in_output(span)
    };
    let mut findings = Vec::new();
    let first = |is: &dyn Fn(usize, char) -> bool| {
        let found = output.char_indices().find(|(at, c)| !known.contains(c) && is(*at, *c));
        found.map(|(at, c)| word(output, at, c))
    };
    if let Some(span) = first(&|at, c| is_jamo(c) && !is_customary(output, at, c)) {
        findings.push(finding(JAMO, span, "a lone Korean letter", "낱자가 섞임"));
    }
    if let Some(span) = first(&|_, c| is_broken(c)) {
        findings.push(finding(BROKEN, span, "a broken character", "깨진 글자가 있음"));
    }
    let misread = MISREADINGS.iter().flat_map(|pattern| pattern.find_iter(output)).find(|found| {
        let is_accents = found.as_str().chars().all(|c| matches!(c, '\u{A1}'..='\u{FF}'));
        let is_long = found.as_str().chars().count() >= MIN_ACCENTS;
        let is_utf8 = found.as_str().starts_with(['â', 'Ã', 'Â']);
        (is_utf8 && found.as_str().chars().count() > 1 && !is_word(found.as_str())
            || !is_accents
            || is_long)
            && !source.contains(found.as_str())
    });
    if let Some(found) = misread {
        findings.push(finding(
            MISREAD,
            found.range(),
            "text in a wrong encoding",
            "잘못된 인코딩의 글자가 있음",
        ));
    }
    if let Some(span) = first(&|at, c| is_invisible(c) && !joins_emoji(output, at, c)) {
        findings.push(finding(
            INVISIBLE,
            span,
            "an invisible character",
            "보이지 않는 문자가 있음",
        ));
    }
    findings
}

/// A Korean letter outside a syllable.
fn is_jamo(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{11FF}' | '\u{3131}'..='\u{318E}' | '\u{A960}'..='\u{A97F}' | '\u{D7B0}'..='\u{D7FF}' | '\u{FFA0}'..='\u{FFDC}')
}

/// True for letters as Korean news prints them: laughter, withheld names, letters as such.
fn is_customary(text: &str, at: usize, c: char) -> bool {
    let before = text[..at].chars().next_back();
    let rest = &text[at + c.len_utf8()..];
    let after = rest.chars().next();
    // "ㅋㅋ", "ㅠㅠ".
    if before == Some(c) || after == Some(c) {
        return true;
    }
    let is_quoted = |c: Option<char>| {
        c.is_some_and(|c| matches!(c, '\'' | '"' | '‘' | '’' | '“' | '”' | '(' | ')'))
    };
    let starts = !before.is_some_and(is_hangul);
    let is_withheld = matches!(c, 'ㄱ'..='ㅎ')
        && WITHHELD.iter().any(|word| rest.trim_start_matches(' ').starts_with(word));
    is_quoted(before) && is_quoted(after) || starts && is_withheld
}

/// A character that stands for one that was lost, or that has no meaning in a text.
fn is_broken(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\r' | '\t')
        || matches!(c, '\u{FFFC}' | '\u{FFFD}' | '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..)
        || c as u32 & 0xFFFE == 0xFFFE
        || matches!(c, '\u{FDD0}'..='\u{FDEF}')
}

/// A character that is not shown: spaces without width, marks of direction, tags.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{E0000}'..='\u{E007F}' | '\u{E0100}'..='\u{E01EF}')
}

/// True for a joiner between two symbols, and for the tags of a flag.
fn joins_emoji(text: &str, at: usize, c: char) -> bool {
    /// Tags of a flag, and their end.
    const MAX_JOINED: usize = 8;
    let before = text[..at].chars().rev().take(MAX_JOINED).find(|c| !is_invisible(*c));
    let is_symbol = before.is_some_and(|c| c as u32 > 0x2190 && !c.is_alphanumeric());
    is_symbol && matches!(c, '\u{200D}' | '\u{E0000}'..='\u{E007F}')
}

/// True if accented capitals begin a word, as in "Âge" or "São".
fn is_word(found: &str) -> bool {
    found.chars().all(char::is_alphabetic)
}

/// The span of the word with a character.
fn word(text: &str, at: usize, c: char) -> Span {
    let start = text[..at]
        .rfind(char::is_whitespace)
        .map_or(0, |space| space + text[space..].chars().next().map_or(1, char::len_utf8));
    let end = at + c.len_utf8();
    start..end + text[end..].find(char::is_whitespace).unwrap_or(text.len() - end)
}

/// A word with code points for characters that are not shown.
fn shown(word: &str) -> String {
    let mut shown = String::new();
    for c in word.chars() {
        if is_broken(c) && c != '\u{FFFD}' || is_invisible(c) {
            shown.push_str(&format!("U+{:04X}", c as u32));
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{run, translation};
    use super::*;

    #[test]
    fn lone_letters_are_found_wherever_they_stand() {
        for output in [
            "경ㅊ은 왔다.",
            "그ㄴ 왔다.",
            "ㅏ침에 왔다.",
            "그는 ㄴ 왔다.",
            "그는 왔ㄷ.",
            "\u{1112}\u{1161}늘",
            "그는 ㅂ에 왔다.",
        ] {
            let found = run(&CHECK, &translation("He came in the morning.", output));
            assert_eq!(found.len(), 1, "{output}");
            assert_eq!(found[0].kind, "stray_jamo");
        }
        for output in [
            "ㅋㅋ 웃겼다.",
            "ㄱ씨와 ㄴ 씨",
            "자음 'ㄱ'을 썼다.",
            "\"ㅠㅠ\"라고 썼다.",
            "ㄷ병원에 갔다.",
        ] {
            assert_eq!(run(&CHECK, &translation("He came.", output)), [], "{output}");
        }
        assert_eq!(run(&CHECK, &translation("He wrote ㄹ.", "그는 ㄹ 썼다.")), []);
    }

    #[test]
    fn broken_misread_and_invisible_characters_are_found() {
        for (output, kind) in [
            ("그는 왔\u{FFFD}다.", "broken_character"),
            ("그는 \u{E123} 왔다.", "broken_character"),
            ("그는\u{8} 왔다.", "broken_character"),
            ("그는 â€˜옵니다â€™라고 했다.", "wrong_encoding"),
            ("cafÃ©에 왔다.", "wrong_encoding"),
            ("ì„œìš¸ì— 왔다.", "wrong_encoding"),
            ("¾È³çÇÏ¼¼¿ä 왔다.", "wrong_encoding"),
            ("그는\u{200B} 왔다.", "invisible_character"),
            ("그는 왔다.\u{E0041}", "invisible_character"),
        ] {
            let found = run(&CHECK, &translation("He came.", output));
            assert_eq!(
                found.iter().map(|found| found.kind.as_str()).collect::<Vec<_>>(),
                [kind],
                "{output}"
            );
        }
        for output in [
            "👩\u{200D}💻가 왔다.",
            "카페(café)와 São Paulo, Âge d'or, ÉCOLE",
            "10°, ½, ©, “네”…",
            "줄\n줄\t줄",
        ] {
            assert_eq!(run(&CHECK, &translation("He came.", output)), [], "{output}");
        }
    }
}
