//! Endings: a text that stops in the middle of a sentence, or has lost its last mark.

use super::check::{Check, Example, FindingKind, OutputKind, Pair, Scope};
use super::comparison::Comparison;
use super::lengths;
use super::spans::excerpt;
use crate::document::Span;
use crate::finding::Finding;
use crate::language::{Language, is_hangul};

const CUT: FindingKind = FindingKind::critical("cut_off");

pub(super) const CHECK: Check = Check {
    name: "ending",
    describe: "a text that stops in the middle of a sentence",
    kinds: &[CUT],
    scope: Scope::Article,
    examples: &[
        Example::found(
            CUT,
            "The mayor said the port would stay closed until the storm had passed.",
            "시장은 폭풍이 지나갈 때까지 항구를",
        ),
        Example::found(
            CUT,
            "시장은 폭풍이 지나갈 때까지 항구를 닫아 두겠다고 밝혔다.",
            "The mayor said the port would stay closed until the",
        ),
        Example::fine("Haemin mayor keeps port closed until storm passes", "해민시장, 항구 폐쇄"),
        Example::fine(
            "The mayor said the port would stay closed until the storm had passed.",
            "시장은 폭풍이 지나갈 때까지 항구를 닫아 두겠다고 밝혔다",
        ),
    ],
    run,
};

/// English words that something must follow.
#[rustfmt::skip]
const OPEN_WORDS: &[&str] = &[
    "a", "an", "the", "of", "and", "or", "but", "with", "from", "into", "at", "to", "than", "because", "while",
    "whose", "his", "its", "their", "my", "our", "your", "is", "are", "was", "were", "has", "have", "had",
];

/// Particles and endings that something must follow.
const OPEN_ENDINGS: &[char] = &['를', '며'];
/// Largest deviation of the length of a cut English text: a headline without a mark is not cut.
const MAX_DEVIATION: f64 = -1.0;

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let pair = comparison.pair;
    let Some(last) = last_word(pair.output) else { return Vec::new() };
    let word = &pair.output[last.clone()];
    // The marks of a headline tell nothing, but its last word may.
    let is_cut = pair.kind == OutputKind::Translation
        && ends_sentence(pair.source)
        && !ends(pair.output, pair.to)
        && (pair.to == Language::Korean || is_short(pair));
    let is_open = pair.output[last.end..].trim().is_empty()
        && match pair.to {
            Language::English => OPEN_WORDS.contains(&word),
            Language::Korean => word.ends_with(OPEN_ENDINGS),
        };
    if !is_cut && !is_open {
        return Vec::new();
    }
    let (_, result) = pair.kind.words();
    let (_, result_ko) = pair.kind.korean_words();
    let word = excerpt(word);
    let message = format!("the {result} stops in the middle of a sentence, after '{word}'");
    let korean = format!("{result_ko} 끝이 잘림: '{word}' 뒤");
    vec![CHECK.finding(CUT, message, korean).in_output(last)]
}

/// True if a translation is shorter than usual.
fn is_short(pair: &Pair<'_>) -> bool {
    let source = lengths::chars(pair.source, pair.from);
    let output = lengths::chars(pair.output, pair.to);
    lengths::deviation(pair.from, source, output) < MAX_DEVIATION
}

/// True if a text ends as sentences in its language do.
fn ends(text: &str, language: Language) -> bool {
    // After the other marks something follows in the next part of the text.
    let ends = |text: &str| {
        ends_sentence(text)
            || text.trim_end().ends_with([',', ';', ':', '-', '–', '—'])
            || (language == Language::Korean && has_korean_ending(text))
    };
    ends(text) || without_credit(text).is_some_and(ends)
}

/// The text before a short part in brackets at its end, such as an agency's credit.
fn without_credit(text: &str) -> Option<&str> {
    const MAX_CHARS: usize = 60;
    let text = text.trim_end().strip_suffix([')', ']', '）'])?;
    let (open, _) =
        text.char_indices().rev().take(MAX_CHARS).find(|(_, c)| matches!(c, '(' | '[' | '（'))?;
    Some(&text[..open])
}

/// True if a text ends with a mark that ends a sentence, whatever closes after it.
fn ends_sentence(text: &str) -> bool {
    without_closers(text).ends_with(['.', '!', '?', '…', '。', '！', '？', '．'])
}

/// The text without the closing marks at its end.
fn without_closers(text: &str) -> &str {
    text.trim_end().trim_end_matches(|c: char| {
        c.is_whitespace()
            || matches!(c, '"' | '\'' | '”' | '’' | '」' | '』' | ')' | ']' | '〉' | '》' | '）')
    })
}

/// True after an ending of Korean sentences, or of the noun-ended lines of official texts.
fn has_korean_ending(text: &str) -> bool {
    without_closers(text)
        .ends_with(['다', '요', '까', '죠', '음', '함', '임', '됨', '듯', '것', '중', '자', '라'])
}

/// The span of the last word.
fn last_word(text: &str) -> Option<Span> {
    let is_part = |c: char| c.is_alphanumeric() || is_hangul(c);
    let last = text.char_indices().rev().find(|(_, c)| is_part(*c))?;
    let end = last.0 + last.1.len_utf8();
    let start = text[..end].char_indices().rev().find(|(_, c)| !is_part(*c));
    Some(start.map_or(0, |(at, c)| at + c.len_utf8())..end)
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{messages, run, summary, translation};
    use super::*;

    const ENGLISH: &str = "The mayor said the port would stay closed until the storm had passed.";
    const KOREAN: &str = "시장은 폭풍이 지나갈 때까지 항구를 닫아 두겠다고 밝혔다.";

    #[test]
    fn a_cut_is_found_wherever_it_is() {
        for cut in ["시장은", "시장은 폭풍이 지나갈", "시장은 폭풍이 지나갈 때까지 항구를 닫아 두"]
        {
            assert_eq!(run(&CHECK, &translation(ENGLISH, cut)).len(), 1, "{cut}");
        }
        let found = run(&CHECK, &translation(KOREAN, "The mayor said the port would st"));
        let message = "the translation stops in the middle of a sentence, after 'st'";
        assert_eq!(messages(found), [message]);
    }

    #[test]
    fn marks_inside_quotations_and_brackets_end_a_text() {
        for good in ["\"The port is closed.\"", "The port is closed. (Haemin News)", "“Closed?”)"]
        {
            assert!(run(&CHECK, &translation(KOREAN, good)).is_empty(), "{good}");
        }
        assert!(run(&CHECK, &translation("He said: \"Go.\"", "그는 \"가라\"고 했다")).is_empty());
    }

    #[test]
    fn headlines_need_no_mark_but_no_article_ends_one() {
        assert!(run(&CHECK, &translation("항구 폐쇄", "Port closes")).is_empty());
        assert_eq!(run(&CHECK, &translation("항구 폐쇄", "Storm closes the")).len(), 1);
    }

    #[test]
    fn the_last_word_of_a_summary_tells_a_cut_from_a_headline() {
        let article = format!("{ENGLISH} {ENGLISH}");
        assert_eq!(run(&CHECK, &summary(&article, "The port is closed by the")).len(), 1);
        assert!(run(&CHECK, &summary(&article, "The port is closed. Storm ahead")).is_empty());
        assert_eq!(run(&CHECK, &summary(KOREAN, "폭풍이 지나갔다. 시장은 항구를")).len(), 1);
        assert!(run(&CHECK, &summary(KOREAN, "시장, 항구 폐쇄 결정")).is_empty());
    }
}
