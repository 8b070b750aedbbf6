//! Cuts a long sentence between its clauses, for translators that lose the ends of long sentences.
//!
//! Borders are marks and conjunctions of English and connective endings of Korean; none is inside a
//! quotation, a parenthesis or a number. In doubt there is no border: half a clause is
//! mistranslated.

use std::cmp::Reverse;
use std::ops::Range;

use super::marks::enclosed;

/// Conjunctions and relatives that begin a clause after a comma.
const SUBORDINATORS: &[&str] = &[
    "after", "although", "as", "because", "before", "but", "if", "nor", "since", "so", "that",
    "though", "unless", "until", "when", "where", "whereas", "which", "while", "who", "whose",
    "yet",
];
/// Conjunctions that may also join the last two items of a list.
const COORDINATORS: &[&str] = &["and", "or"];
/// Connective endings of Korean, after which a clause ends with or without a comma.
const CONNECTIVES: &[&str] =
    &["지만", "는데", "으며", "면서", "으나", "했고", "됐고", "었고", "았고", "였고"];
/// Further ones, which need a comma.
const WITH_COMMA: &[&str] = &["고", "며", "나", "데", "므로", "니", "자", "서"];

/// How good a border is, best last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Comma,
    Coordinate,
    Subordinate,
    Strong,
}

/// A border: the byte at which the next clause begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Border {
    at: usize,
    rank: Rank,
}

/// Splits a sentence between its clauses into parts of at most `budget` by `count`, where its
/// borders allow; they join back to it byte for byte. A part that is half as long again is also
/// split at a plain comma.
pub(crate) fn clauses<'t>(
    sentence: &'t str,
    budget: usize,
    count: &dyn Fn(&str) -> usize,
) -> Vec<&'t str> {
    let mut parts = Vec::new();
    let mut borders = None;
    // Parts that are still to be looked at, the first one last.
    let mut open = vec![(0, sentence.len())];
    while let Some((start, end)) = open.pop() {
        let text = &sentence[start..end];
        let size = count(text);
        if size <= budget {
            parts.push(text);
            continue;
        }
        let borders = borders.get_or_insert_with(|| find(sentence));
        let least = if size > budget + budget / 2 { Rank::Comma } else { Rank::Coordinate };
        match best(borders, start..end, least) {
            Some(at) => open.extend([(at, end), (start, at)]),
            None => parts.push(text),
        }
    }
    parts
}

/// The best border of a part: of the highest rank, and of those the one nearest to the middle. None
/// is near an end, where it would leave a fragment.
fn best(borders: &[Border], part: Range<usize>, least: Rank) -> Option<usize> {
    let margin = part.len() / 5;
    let middle = part.start + part.len() / 2;
    let from = borders.partition_point(|border| border.at <= part.start + margin);
    let inside = borders[from..].iter().take_while(|border| border.at + margin < part.end);
    let fitting = inside.filter(|border| border.rank >= least);
    fitting
        .max_by_key(|border| (border.rank, Reverse(border.at.abs_diff(middle))))
        .map(|border| border.at)
}

/// The borders of a sentence, in order.
fn find(sentence: &str) -> Vec<Border> {
    let dashes = sentence.matches(['—', '–']).count() + sentence.matches(" - ").count();
    let mut enclosed = enclosed(sentence).into_iter().peekable();
    let mut borders = Vec::new();
    for (at, space) in sentence.match_indices(char::is_whitespace) {
        let next = at + space.len();
        while enclosed.next_if(|span| span.end <= at).is_some() {}
        if enclosed.peek().is_some_and(|span| span.start <= at) {
            continue;
        }
        let before = sentence[..at].rsplit(char::is_whitespace).next().unwrap_or_default();
        let after = sentence[next..].split(char::is_whitespace).next().unwrap_or_default();
        if let Some(rank) = rank(before, after, dashes) {
            borders.push(Border { at: next, rank });
        }
    }
    borders
}

/// The rank of the border between two words; `dashes` is the number of dashes in the sentence, of
/// which a pair encloses words.
fn rank(before: &str, after: &str, dashes: usize) -> Option<Rank> {
    let words = before.trim_end_matches(['"', '\'', '”', '’', ')', ']', '」', '』']);
    let last = words.chars().next_back()?;
    if after.is_empty() {
        return None;
    }
    match last {
        ';' | '；' | ':' | '：' => return Some(Rank::Strong),
        '—' | '–' if dashes == 1 => return Some(Rank::Strong),
        '-' if words.len() == 1 && dashes == 1 => return Some(Rank::Strong),
        ',' | '，' => {}
        _ => {
            let is_connective = CONNECTIVES.iter().any(|ending| words.ends_with(ending));
            return is_connective.then_some(Rank::Coordinate);
        }
    }
    let stem = words.trim_end_matches([',', '，']);
    if CONNECTIVES.iter().chain(WITH_COMMA).any(|ending| stem.ends_with(ending)) {
        return Some(Rank::Subordinate);
    }
    let after = after.trim_end_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    Some(match after.as_str() {
        word if SUBORDINATORS.contains(&word) => Rank::Subordinate,
        word if COORDINATORS.contains(&word) => Rank::Coordinate,
        _ => Rank::Comma,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> usize {
        text.split_whitespace().count()
    }

    fn parts(sentence: &str, budget: usize) -> Vec<&str> {
        let parts = clauses(sentence, budget, &words);
        assert_eq!(parts.concat(), sentence);
        parts.into_iter().map(str::trim_end).collect()
    }

    #[test]
    fn a_sentence_that_fits_is_whole() {
        let sentence = "The council met; it agreed, and it left.";
        assert_eq!(parts(sentence, 8), [sentence]);
    }

    #[test]
    fn english_is_cut_at_the_strongest_mark_nearest_to_the_middle() {
        assert_eq!(
            parts(
                "The council of Haemin met on Monday, and it agreed to the plan; \
                 the mayor signed it, which surprised the fishermen.",
                13
            ),
            [
                "The council of Haemin met on Monday, and it agreed to the plan;",
                "the mayor signed it, which surprised the fishermen."
            ]
        );
        assert_eq!(
            parts(
                "Ferries were cancelled on both lines, because the storm had reached the coast early.",
                9
            ),
            [
                "Ferries were cancelled on both lines,",
                "because the storm had reached the coast early."
            ]
        );
        assert_eq!(
            parts("The answer of the board was short – no ship may leave before noon.", 8),
            ["The answer of the board was short –", "no ship may leave before noon."]
        );
    }

    #[test]
    fn korean_is_cut_after_connective_endings() {
        assert_eq!(
            parts(
                "시의회는 월요일에 예산안을 통과시켰지만 시장은 서명을 미뤘고, 주민들은 항구 앞에 모였다.",
                8
            ),
            [
                "시의회는 월요일에 예산안을 통과시켰지만 시장은 서명을 미뤘고,",
                "주민들은 항구 앞에 모였다."
            ]
        );
        assert_eq!(
            parts("해민항은 새 부두를 열었고 두 척의 배가 들어왔으며 어민들은 이를 반겼다.", 7),
            ["해민항은 새 부두를 열었고", "두 척의 배가 들어왔으며 어민들은 이를 반겼다."]
        );
        // A quotation is not cut from its verb, nor an auxiliary from its own.
        let quoted = "장관은 배가 떠난다고 말하고 있다고 보고 받았다.";
        assert_eq!(parts(quoted, 4), [quoted]);
    }

    #[test]
    fn quotations_parentheses_numbers_and_pairs_of_dashes_stay_whole() {
        for sentence in [
            "The mayor said “we will go; we will come back, and we will stay” to the crowd at noon.",
            "The board (which met at 10:30, and which agreed; so it said) closed all 1,204 berths.",
            "The harbor master – a lawyer – closed all of the berths at once.",
            "장관은 “비가 왔지만 배는 떠났고, 모두 무사하다”고 밝혔다.",
        ] {
            assert_eq!(parts(sentence, 6), [sentence]);
        }
    }

    #[test]
    fn a_plain_comma_is_a_border_only_for_what_is_far_too_long() {
        let list = "The port took in coal, grain, salt, timber, wool, tea, rice, silk and iron.";
        assert_eq!(parts(list, 10), [list]);
        assert_eq!(parts(list, 7).len(), 2);
    }

    #[test]
    fn a_sentence_of_many_clauses_is_cut_in_linear_work() {
        let sentence = "it rained, and it snowed; ".repeat(4_000);
        let calls = std::cell::Cell::new(0);
        let count = |text: &str| {
            calls.set(calls.get() + 1);
            words(text)
        };
        let parts = clauses(&sentence, 20, &count);
        assert_eq!(parts.concat(), sentence);
        assert!(parts.iter().all(|part| words(part) <= 20));
        assert!(calls.get() < 3 * parts.len());
    }
}
