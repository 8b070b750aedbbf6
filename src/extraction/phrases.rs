//! Phrases of a text that may be terms, and what a single pair tells of them.

use std::collections::BTreeSet;

use crate::checks::{capitalized_phrases, without_particles};
use crate::language::is_hangul;

/// Shortest lower-case English word that may be a term, in letters.
const SHORTEST_WORD: usize = 4;
/// Most words of a Korean phrase.
const LONGEST_KOREAN: usize = 3;
/// Longest gloss in bytes.
const LONGEST_GLOSS: usize = 60;

/// English words that are part of no term by themselves.
#[rustfmt::skip]
const FUNCTION_WORDS: &[&str] = &[
    "about", "above", "after", "again", "against", "also", "although", "among", "another", "around", "because", "been", "before", "being",
    "below", "between", "both", "cannot", "could", "does", "down", "during", "each", "either", "even", "ever", "every", "from", "further",
    "have", "having", "here", "hers", "himself", "however", "into", "itself", "just", "less", "many", "might", "more", "most", "much", "must",
    "neither", "next", "once", "only", "other", "over", "said", "says", "shall", "should", "since", "some", "still", "such", "than", "that",
    "their", "them", "then", "there", "these", "they", "this", "those", "though", "through", "told", "under", "until", "upon", "very",
    "the", "and", "but", "for", "not", "all", "any", "are", "was", "has", "had", "did", "can", "may", "his", "her", "its", "our", "she", "you", "who", "how", "why",
    "were", "what", "when", "where", "whether", "which", "while", "whom", "whose", "will", "with", "within", "without", "would", "your",
];

/// Phrases of an English passage, each once: capitalized phrases, and lower-case words and pairs of
/// words.
pub(super) fn english(text: &str) -> BTreeSet<String> {
    let mut phrases: BTreeSet<String> = capitalized_phrases(text)
        .into_iter()
        .map(|span| text[span].to_string())
        .filter(|phrase| {
            let lower = phrase.to_lowercase();
            let is_code = *phrase == phrase.to_uppercase();
            phrase.len() >= if is_code { 2 } else { 3 } && !FUNCTION_WORDS.contains(&&*lower)
        })
        .collect();
    let mut before: Option<&str> = None;
    // A mark between two words ends a phrase.
    for part in text.split(|c: char| !c.is_alphanumeric() && !matches!(c, ' ' | '-' | '\'' | '’'))
    {
        for word in part.split(' ') {
            let is_word = word.len() >= SHORTEST_WORD
                && word.chars().all(|c| c.is_ascii_lowercase() || c == '-')
                && !FUNCTION_WORDS.contains(&word);
            if is_word {
                phrases.insert(word.to_string());
                phrases.extend(before.map(|before| format!("{before} {word}")));
            }
            before = is_word.then_some(word);
        }
        before = None;
    }
    phrases
}

/// Phrases of a Korean passage, each once: words and short runs of words, without particles at the
/// end. Verbs and adjectives at the end of a sentence are left out.
pub(super) fn korean(text: &str) -> BTreeSet<String> {
    let mut phrases = BTreeSet::new();
    for part in text.split(|c: char| !is_hangul(c) && c != ' ' && c != '·') {
        let words: Vec<&str> = part.split(' ').filter(|word| !word.is_empty()).collect();
        for last in 0..words.len() {
            let bare = without_particles(words[last]);
            if words[last].ends_with('다') {
                continue;
            }
            let is_bare = |word: &&&str| without_particles(word).len() == word.len();
            let before = words[..last].iter().rev().take(LONGEST_KOREAN - 1).take_while(is_bare);
            for first in last - before.count()..=last {
                for end in [bare, words[last]] {
                    let phrase = [&words[first..last], &[end]].concat().join(" ");
                    if phrase.chars().nth(1).is_some() {
                        phrases.insert(phrase);
                    }
                }
            }
        }
    }
    phrases
}

/// Korean words with a name in Latin letters in brackets after them: `해양연구원(KIO)`. Words
/// before them that sound like a part of the name belong to it; `alike` has English words with
/// Korean ones that sound like them.
pub(super) fn glosses<'t>(text: &'t str, alike: &[(&str, &str)]) -> Vec<(&'t str, &'t str)> {
    let gloss = |(at, open): (usize, &str)| {
        let rest = &text[at + open.len()..];
        let gloss = &rest[..rest.find([')', '）'])?];
        let before = text[..at].trim_end_matches(' ');
        let word = &before[before
            .rfind(|c| !is_hangul(c))
            .map_or(0, |at| at + before[at..].chars().next().map_or(0, char::len_utf8))..];
        let is_name = gloss.len() <= LONGEST_GLOSS
            && gloss.starts_with(|c: char| c.is_ascii_uppercase())
            && gloss.chars().nth(1).is_some()
            && !gloss.chars().any(is_hangul);
        let first = before[..before.len() - word.len()].trim_end_matches(' ');
        let whole = alike.iter().find_map(|(en, ko)| match () {
            () if *en == gloss && before.ends_with(ko) => Some(before.len() - ko.len()),
            () if gloss.starts_with(en) && first.ends_with(ko) => Some(first.len() - ko.len()),
            () => None,
        });
        let whole = &before[whole.unwrap_or(before.len() - word.len())..];
        (is_name && whole.chars().nth(1).is_some()).then_some((whole, gloss))
    };
    text.match_indices(['(', '（']).filter_map(gloss).collect()
}

/// Words in capitals of an English passage that stand in the Korean one, outside of brackets.
pub(super) fn kept<'t>(english: &'t str, korean: &str) -> BTreeSet<&'t str> {
    let words = |text: &'t str| text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let is_code = |word: &&str| {
        let capitals = word.chars().filter(char::is_ascii_uppercase).count();
        capitals >= 2 && capitals * 2 >= word.chars().filter(char::is_ascii_alphabetic).count()
    };
    let stands = |word: &&str| {
        korean.match_indices(*word).any(|(at, _)| {
            let (before, after) = (&korean[..at], &korean[at + word.len()..]);
            !before.ends_with(|c: char| c.is_ascii_alphanumeric() || "(（".contains(c))
                && !after.starts_with(|c: char| c.is_ascii_alphanumeric())
        })
    };
    words(english).map(|word| word.trim_matches('-')).filter(is_code).filter(stands).collect()
}

/// True if an English passage has a phrase as words.
pub(super) fn has(text: &str, phrase: &str) -> bool {
    let is_inside = |c: char| c.is_alphanumeric();
    text.match_indices(phrase).any(|(at, _)| {
        !text[..at].ends_with(is_inside) && !text[at + phrase.len()..].starts_with(is_inside)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_names_and_words_that_follow_each_other() {
        let phrases = english("The Port Authority closed the outer breakwater, which cracked.");
        let phrases: Vec<&str> = phrases.iter().map(String::as_str).collect();
        assert_eq!(
            phrases,
            ["Port Authority", "breakwater", "closed", "cracked", "outer", "outer breakwater"]
        );
        let phrases = korean("해민 항만공사는 방파제를 닫았다.");
        for phrase in ["항만공사", "해민 항만공사", "방파제"] {
            assert!(phrases.contains(phrase), "{phrase}: {phrases:?}");
        }
        assert!(!phrases.iter().any(|phrase| phrase.ends_with('다')));
    }

    #[test]
    fn glosses_and_kept_words_are_read() {
        let text = "국제 해양연구원(KIO)은 (2025년) 회의(AB";
        assert_eq!(glosses(text, &[]), [("해양연구원", "KIO")]);
        let kept = kept("KIO and the AI firm HBS-2 met USA.", "HBS-2와 AI 기업(KIO), USAX");
        assert_eq!(kept.into_iter().collect::<Vec<_>>(), ["AI", "HBS-2"]);
    }
}
