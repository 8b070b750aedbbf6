//! Untranslated words: sentences, clauses and words that are left in the language of the source.
//!
//! Names, titles, units, addresses and glosses in brackets may stay in Latin letters: a word counts
//! if the source has it in lower case. Knows no dictionary.

use std::collections::HashSet;

use super::check::{Check, Example, FindingKind, Scope};
use super::comparison::Comparison;
use super::spans::{excerpt, outside_brackets};
use crate::document::Span;
use crate::finding::Finding;
use crate::language::{Language, is_function_word, is_hangul, is_latin, seems_foreign};

const CLAUSE: FindingKind = FindingKind::critical("untranslated");
const WORD: FindingKind = FindingKind::major("untranslated_word");

pub(super) const CHECK: Check = Check {
    name: "untranslated",
    describe: "sentences, clauses and words left in the language of the source",
    kinds: &[CLAUSE, WORD],
    scope: Scope::Article,
    examples: &[
        Example::found(
            CLAUSE,
            "The port opened on Monday, and the first ship arrived from Busan.",
            "항구는 월요일에 문을 열었고 the first ship arrived from 부산.",
        ),
        Example::found(WORD, "The harbour opened on Monday.", "harbour가 월요일에 문을 열었다."),
        Example::found(WORD, "항구가 월요일에 문을 열었다.", "The 항구 opened on Monday."),
        Example::fine(
            "The singer of Bank of Haemin used an iPhone and e-mail.",
            "뱅크 오브 해민(Bank of Haemin) 가수는 iPhone과 e-mail을 썼다.",
        ),
        Example::fine("정(情)이라는 말", "The word jeong (정)"),
    ],
    run,
};

/// Upper bound on the findings: a text with more of them is in the wrong language.
const MAX_FINDINGS: usize = 20;
/// Fewest words of a clause in Latin letters.
const MIN_WORDS: usize = 3;
/// Fewest letters of a word, except for articles, prepositions and the like.
const MIN_LETTERS: usize = 4;
/// Fewest syllables of a clause in Hangul.
const MIN_SYLLABLES: usize = 5;

/// Small words of titles: "Keeping Up with the Kims".
#[rustfmt::skip]
const SMALL: &[&str] = &[
    "a", "an", "and", "as", "at", "but", "by", "de", "del", "der", "di", "do", "for", "from", "in", "into", "is", "it", "la",
    "le", "my", "of", "off", "on", "or", "out", "over", "s", "the", "to", "up", "van", "vs", "von", "with", "you", "your",
];

/// Words and units that Korean news writes in Latin letters.
#[rustfmt::skip]
const INTERNATIONAL: &[&str] = &[
    "app", "apps", "bps", "cc", "cm", "com", "dpi", "e-book", "e-mail", "email", "emoji", "fps", "feat", "ft", "gb", "ha", "hip", "hop",
    "html", "http", "https", "hz", "ip", "kb", "kcal", "kg", "khz", "km", "kph", "kw", "kwh", "lb", "lbs", "mb", "mg", "mhz",
    "min", "ml", "mm", "mph", "mw", "net", "nm", "org", "oz", "ppm", "rpm", "sns", "sq", "url", "usb", "web", "wifi",
    "wi-fi", "www", "am", "pm", "p", "m",
];

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let pair = comparison.pair;
    let found = match pair.to {
        Language::Korean if pair.from == Language::English => in_korean(pair.output, pair.source),
        Language::Korean => Vec::new(),
        Language::English => {
            let mut found = in_third_language(comparison);
            if pair.from == Language::Korean {
                found.extend(in_english(pair.output));
            }
            found
        }
    };
    let (name, korean_name) = (pair.to.name(), pair.to.korean_name());
    let findings = found.into_iter().take(MAX_FINDINGS).map(|(kind, span)| {
        let shown = excerpt(&pair.output[span.clone()]);
        let message = format!("'{shown}' is not in {name}");
        let what = if kind == CLAUSE { "부분" } else { "말" };
        let korean = format!("{korean_name}로 옮기지 않은 {what}: '{shown}'");
        CHECK.finding(kind, message, korean).in_output(span)
    });
    findings.collect()
}

/// Sentences of an English output in another language in Latin letters, unless they are quoted from
/// the source.
fn in_third_language(comparison: &Comparison<'_>) -> Vec<(FindingKind, Span)> {
    let (source, output) = (comparison.pair.source, comparison.pair.output);
    let sentences = comparison.output.sentences();
    // A text of one sentence is judged as a whole by the check of the language.
    let sentences = if sentences.len() > 1 { sentences } else { &[] };
    let is_foreign = |span: &&Span| {
        let sentence = &output[(*span).clone()];
        !sentence.contains(is_hangul)
            && Language::recognize(sentence).is_err()
            && !source.contains(sentence)
    };
    sentences.iter().filter(is_foreign).map(|span| (CLAUSE, span.clone())).collect()
}

/// English words in a Korean text.
fn in_korean(output: &str, source: &str) -> Vec<(FindingKind, Span)> {
    // "there's" also gives "there".
    let lower = source.to_lowercase();
    let in_source: HashSet<&str> = words(&lower, 0)
        .flat_map(|word| [Some(word.text), word.text.split(['\'', '’']).next()])
        .flatten()
        .collect();
    let mut found = half_translated(output, source);
    for (start, part) in outside_brackets(output) {
        let mut at = start;
        for run in part.split(is_hangul) {
            let (begin, length) = (at, run.len());
            at += length + output[at + length..].chars().next().map_or(0, char::len_utf8);
            if length > 0 {
                let run = &output[begin..begin + length];
                found.extend(latin_run(run, begin, &in_source, source));
            }
        }
    }
    found
}

/// Words that begin in Hangul and go on in small Latin letters, in no bracket: "한bit".
fn half_translated(output: &str, source: &str) -> Vec<(FindingKind, Span)> {
    let mut found = Vec::new();
    for (start, part) in outside_brackets(output) {
        let mut before = ' ';
        for (at, c) in part.char_indices() {
            if is_hangul(before) && c.is_ascii_lowercase() {
                let begin = part[..at].rfind(|c: char| !is_hangul(c));
                let begin = begin.map_or(0, |begin| {
                    begin + part[begin..].chars().next().map_or(0, char::len_utf8)
                });
                let end = part[at..].find(|c: char| !c.is_ascii_lowercase());
                let end = end.map_or(part.len(), |length| at + length);
                let (word, latin) = (&part[begin..end], &part[at..end]);
                let is_known = INTERNATIONAL.contains(&latin) || source.contains(word);
                if latin.len() > 1 && !is_known {
                    found.push((WORD, start + begin..start + end));
                }
            }
            before = c;
        }
    }
    found
}

/// The untranslated clause or words of a run without Hangul.
fn latin_run(
    run: &str,
    start: usize,
    known: &HashSet<&str>,
    source: &str,
) -> Vec<(FindingKind, Span)> {
    let words: Vec<Word<'_>> = words(run, start).collect();
    let (Some(first), Some(last)) = (words.first(), words.last()) else { return Vec::new() };
    let is_small =
        |word: &&Word<'_>| word.is_small_letters() && !INTERNATIONAL.contains(&word.text);
    let small: Vec<&Word<'_>> = words.iter().filter(is_small).collect();
    let is_left = |word: &Word<'_>| known.contains(word.text);
    let left = small.iter().filter(|word| is_left(word)).count();
    let is_telling =
        |word: &Word<'_>| is_left(word) && word.text.len() > 2 && !SMALL.contains(&word.text);
    let telling = small.iter().filter(|word| is_telling(word)).count();
    let is_clause =
        words.len() >= MIN_WORDS && (telling >= 2 && left * 2 >= words.len() || telling >= 4);
    let is_foreign_clause = words.len() > MIN_WORDS
        && small.len() * 10 >= words.len() * 7
        && !source.contains(run.trim());
    if is_foreign_clause || is_clause && !seems_foreign(run) {
        return vec![(CLAUSE, first.start..last.start + last.text.len())];
    }
    if words.len() >= MIN_WORDS && seems_foreign(run) {
        return Vec::new();
    }
    // Small words of a title stand among capitalized ones.
    let is_title = words.iter().any(|word| word.text.starts_with(|c: char| c.is_uppercase()));
    let is_word = |word: &&Word<'_>| {
        let is_long = word.text.len() >= MIN_LETTERS;
        is_left(word)
            && (is_long || is_function_word(word.text))
            && !(is_title && (SMALL.contains(&word.text) || !is_long))
    };
    let place = |word: &Word<'_>| (WORD, word.start..word.start + word.text.len());
    small.into_iter().filter(is_word).map(place).collect()
}

/// Korean words in an English text.
fn in_english(output: &str) -> Vec<(FindingKind, Span)> {
    let mut found: Vec<(FindingKind, Span)> = Vec::new();
    for (start, part) in outside_brackets(output) {
        let mut runs: Vec<Span> = Vec::new();
        for (at, c) in part.char_indices().filter(|(_, c)| is_hangul(*c)) {
            let span = start + at..start + at + c.len_utf8();
            match runs.last_mut() {
                // Words of a clause have only spaces, figures and marks between them.
                Some(last) if !output[last.end..span.start].contains(is_latin) => {
                    last.end = span.end
                }
                _ => runs.push(span),
            }
        }
        for span in runs {
            let text = &output[span.clone()];
            let syllables = text.chars().filter(|c| is_hangul(*c)).count();
            let is_clause = syllables >= MIN_SYLLABLES && text.contains(char::is_whitespace);
            found.push((if is_clause { CLAUSE } else { WORD }, span));
        }
    }
    found
}

/// A word in Latin letters.
struct Word<'t> {
    text: &'t str,
    start: usize,
}

impl Word<'_> {
    fn is_small_letters(&self) -> bool {
        self.text.len() > 1
            && self.text.chars().all(|c| c.is_ascii_lowercase() || matches!(c, '-' | '\'' | '’'))
    }
}

/// Words in Latin letters, without addresses, codes and file names.
fn words(text: &str, offset: usize) -> impl Iterator<Item = Word<'_>> {
    let is_part = |c: char| {
        is_latin(c)
            || c.is_ascii_digit()
            || matches!(c, '-' | '\'' | '’' | '@' | '/' | '_' | '.' | ':' | '#' | '&' | '+')
    };
    let mut start = 0;
    text.split_inclusive(move |c| !is_part(c)).filter_map(move |part| {
        let begin = start;
        start += part.len();
        let part = part.trim_end_matches(|c| !is_part(c));
        let word = part.trim_matches(|c: char| {
            !is_latin(c) && !c.is_ascii_digit() && c != '@' && c != '#' && c != '_'
        });
        let begin = begin + part.find(word).unwrap_or(0);
        let is_word =
            !word.is_empty() && word.chars().all(|c| is_latin(c) || matches!(c, '-' | '\'' | '’'));
        is_word.then_some(Word { text: word, start: offset + begin })
    })
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{messages, run, translation};
    use super::*;

    fn kinds(source: &str, output: &str) -> Vec<String> {
        run(&CHECK, &translation(source, output)).into_iter().map(|found| found.kind).collect()
    }

    #[test]
    fn sentences_clauses_and_words_are_found_in_korean() {
        let source =
            "The ministers met in Haemin. They will meet again in the spring, officials said.";
        for (output, kind) in [
            (
                "두 장관은 해민에서 만났다. They will meet again in the spring, officials said.",
                "untranslated",
            ),
            ("두 장관은 해민에서 만났고 they will meet again in 봄에.", "untranslated"),
            (
                "두 장관은 해민에서 만났다. 봄에 again 만난다고 당국자들이 말했다.",
                "untranslated_word",
            ),
            ("두 장관은 해민에서 만났다. the 봄에 다시 만난다.", "untranslated_word"),
            ("두 장관은 officials를 해민에서 만났다.", "untranslated_word"),
            ("두 장관은 해mini에서 만났다.", "untranslated_word"),
            ("두 장관은 haemin에서 만났다.", "untranslated_word"),
            (
                "두 장관은 해민에서 만났다. Volverán a reunirse en la primavera, dijeron.",
                "untranslated",
            ),
        ] {
            assert_eq!(kinds(source, output), [kind], "{output}");
        }
        assert_eq!(
            messages(run(&CHECK, &translation(source, "두 장관은 spring에 만난다."))),
            ["'spring' is not in Korean"]
        );
    }

    #[test]
    fn sentences_and_words_are_found_in_english() {
        for (output, kind) in [
            (
                "The ministers met in Haemin on Friday to talk. 장관들은 봄에 다시 만난다.",
                "untranslated",
            ),
            ("The ministers met in 해민.", "untranslated_word"),
            (
                "The ministers met. Se reunirán de nuevo en la primavera, según dijeron los funcionarios.",
                "untranslated",
            ),
        ] {
            assert_eq!(
                kinds("장관들이 해민에서 만났다. 봄에 다시 만난다.", output),
                [kind],
                "{output}"
            );
        }
    }

    #[test]
    fn names_titles_units_and_glosses_may_stay_latin() {
        let source = "He read The old man of the port on his iPhone at www.haemin.example/port, by e-mail port@haemin.example, 5 km from Bank of Haemin. 'Tout est bien' was the motto.";
        for output in [
            "그는 아이폰으로 항구의 노인(The old man of the port)을 읽었다.",
            "그는 iPhone으로 www.haemin.example/port를 5 km 밖에서 봤다.",
            "그는 port@haemin.example로 e-mail을 보냈다.",
            "그는 Bank of Haemin에 갔다.",
            "표어는 'Tout est bien'이었다.",
            "PARIS SAINT-GERMAIN FC가 G7에서 이겼다.",
        ] {
            assert_eq!(kinds(source, output), [""; 0], "{output}");
        }
        let source = "정(情)이라는 말과 해민";
        assert_eq!(kinds(source, "The word jeong (정) and Haemin [해민]"), [""; 0]);
    }
}
