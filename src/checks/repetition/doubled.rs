//! Words, phrases and sentences written twice. Reduplication is usual in both languages ("very
//! very", "아주 아주"), and some English words may follow themselves ("had had").

use std::collections::HashSet;

use super::super::comparison::Text;
use crate::document::Span;
use crate::language::{Language, is_hangul};

/// Longest phrase that is compared with the words after it.
const MAX_PHRASE: usize = 12;
/// Shortest phrase; two words may be repeated in "step by step by step".
const MIN_PHRASE: usize = 3;
/// Fewest letters and digits of a sentence that is not repeated by chance.
const MIN_SENTENCE_CHARS: usize = 12;

/// English words that may be written twice.
#[rustfmt::skip]
const USUAL_ENGLISH: &[&str] = &[
    "had", "that", "her", "very", "really", "so", "many", "much", "more", "far", "long", "no", "yes", "ha", "hey",
    "knock", "bye", "now", "there", "well", "oh", "too", "big", "old", "again", "please", "never", "go", "wait", "day",
    "ever", "blah", "tut", "ho", "la", "na",
];

/// Korean words that may be written twice.
#[rustfmt::skip]
const USUAL_KOREAN: &[&str] = &[
    "아주", "매우", "정말", "너무", "많이", "오래", "멀리", "깊이", "높이", "훨씬", "진짜", "하나", "하나하나", "조금",
    "조금씩", "자주", "점점", "차츰", "천천히", "빨리", "계속", "거듭", "하루", "한발", "그때", "순간", "구석", "마디",
    "굽이", "방울", "걸음", "차례", "조각", "송이", "줄줄이", "더", "또", "몇", "서로", "가득", "겨우", "두고", "길이",
    "하하", "네", "예", "아니", "아", "오", "둘", "셋", "곳", "집", "뿔뿔이", "꼭", "다시", "어서", "얼른", "널리",
];

/// A word with its place.
struct Word {
    /// In lower case, without the punctuation around it.
    folded: String,
    /// With its punctuation.
    place: Span,
    /// True if a mark stands between it and the next word.
    ends: bool,
    /// True if that mark stands alone, as a dash does.
    breaks: bool,
}

/// The span of a sentence that is the same as an earlier one.
pub(super) fn sentence(text: &Text<'_>) -> Option<Span> {
    let mut seen = HashSet::new();
    let words = read(text.text);
    text.sentences().iter().find_map(|place| {
        if follows_itself(&words, place) {
            return Some(place.clone());
        }
        let folded: String =
            text.text[place.clone()].chars().filter(|c| c.is_alphanumeric()).collect();
        let is_long = folded.chars().nth(MIN_SENTENCE_CHARS - 1).is_some();
        (is_long && !seen.insert(folded)).then(|| place.clone())
    })
}

/// Fewest words of a sentence that is compared with another word for word.
const MIN_ALIKE: usize = 10;
/// Most words by which it differs from the other.
const MAX_DIFFERENT: usize = 2;
/// Sentences before it with which it is compared.
const NEAR_SENTENCES: usize = 3;

/// The span of a sentence that differs from one before it in a word or two, which are no numbers
/// and no names.
pub(super) fn alike(text: &Text<'_>) -> Option<Span> {
    let sentences: Vec<Vec<&str>> = text
        .sentences()
        .iter()
        .map(|span| text.text[span.clone()].split_whitespace().collect())
        .collect();
    let is_telling = |word: &&str| word.contains(|c: char| c.is_numeric() || c.is_uppercase());
    let differ = |one: &[&str], other: &[&str]| {
        let mut different = one.iter().zip(other).filter(|(one, other)| one != other);
        let few = different.clone().count() <= MAX_DIFFERENT;
        one.len() == other.len()
            && few
            && !different.any(|(one, other)| is_telling(one) || is_telling(other))
    };
    let found = (1..sentences.len()).find(|at| {
        let own = &sentences[*at];
        own.len() >= MIN_ALIKE
            && sentences[at.saturating_sub(NEAR_SENTENCES)..*at].iter().any(|one| differ(own, one))
    })?;
    Some(text.sentences()[found].clone())
}

/// True if the words of a sentence also stand right before it, after a headline for example.
fn follows_itself(words: &[Word], sentence: &Span) -> bool {
    let from = words.partition_point(|word| word.place.start < sentence.start);
    let to = words.partition_point(|word| word.place.start < sentence.end);
    let size = to - from;
    size >= MIN_PHRASE
        && from >= size
        && words[from..to].iter().zip(&words[from - size..from]).all(|(a, b)| a.folded == b.folded)
}

/// The number of words and the place of the first phrase or word that is written twice in a row and
/// is not usual.
pub(super) fn words(text: &Text<'_>) -> Option<(usize, Span)> {
    let words = read(text.text);
    phrase(&words).or_else(|| {
        let twice = |pair: &&[Word]| is_doubled(pair, text);
        let pair = words.windows(2).find(twice)?;
        Some((1, pair[0].place.start..pair[1].place.end))
    })
}

/// True if anything is repeated in a row, inside a word too: what the output may repeat as well.
pub(super) fn any(text: &Text<'_>) -> bool {
    let words = read(text.text);
    (1..=MAX_PHRASE).any(|size| run_of(&words, size).is_some())
        || words.iter().any(|word| is_reduplicated(&word.folded))
}

/// True if a word is a part of two or more syllables written twice: "보라보라".
fn is_reduplicated(word: &str) -> bool {
    const MAX_CHARS: usize = 12;
    let syllables: Vec<char> = word.chars().take(MAX_CHARS).collect();
    (2..=syllables.len() / 2).any(|size| {
        syllables.windows(2 * size).any(|part| part[..size] == part[size..])
            && syllables.iter().all(|c| is_hangul(*c))
    })
}

fn read(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut start = 0;
    for part in text.split_inclusive(|c: char| c.is_whitespace() || matches!(c, '(' | ')')) {
        let place = start..start + part.trim_end().len();
        start += part.len();
        let raw = &text[place.clone()];
        let folded = raw.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        if !folded.is_empty() {
            let ends = !raw.ends_with(char::is_alphanumeric);
            words.push(Word { folded, place, ends, breaks: false });
        } else if let Some(last) = words.last_mut() {
            // A dash or another mark between words.
            last.ends |= !raw.is_empty();
            last.breaks |= !raw.is_empty();
        }
    }
    words
}

fn phrase(words: &[Word]) -> Option<(usize, Span)> {
    (MIN_PHRASE..=MAX_PHRASE).find_map(|size| {
        let at = run_of(words, size)?;
        let phrase = &words[at..at + size];
        // "… the port of Haemin. The port of Haemin is": another sentence begins.
        if phrase[size - 1].ends && !words[at + 2 * size - 1].ends {
            return None;
        }
        // "no, no, no, no, no, no" is a word repeated, not a phrase.
        let is_one_word = phrase.iter().all(|word| word.folded == phrase[0].folded);
        (!is_one_word).then(|| (size, phrase[0].place.start..words[at + 2 * size - 1].place.end))
    })
}

/// Index of the first `size` words that are written again right after them.
fn run_of(words: &[Word], size: usize) -> Option<usize> {
    let mut same = 0;
    for at in size..words.len() {
        same = if words[at].folded == words[at - size].folded { same + 1 } else { 0 };
        if same == size {
            return Some(at + 1 - 2 * size);
        }
    }
    None
}

/// True if a word is written twice where it should be written once.
fn is_doubled(pair: &[Word], text: &Text<'_>) -> bool {
    let [first, second] = pair else { return false };
    if first.folded != second.folded || first.breaks {
        return false;
    }
    let raw = |word: &Word| &text.text[word.place.clone()];
    // "… met Kim. Kim said": another sentence or clause begins.
    if first.ends && raw(first) != raw(second) {
        return false;
    }
    let usual = match text.language {
        Language::English => USUAL_ENGLISH,
        Language::Korean => USUAL_KOREAN,
    };
    !usual.contains(&first.folded.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<&str> {
        let language = Language::detect(text).unwrap();
        let text = Text::new(text, language);
        let place = sentence(&text).or_else(|| Some(words(&text)?.1))?;
        Some(&text.text[place])
    }

    #[test]
    fn words_that_follow_themselves_are_found_with_their_marks() {
        assert_eq!(found("He saw the the harbour."), Some("the the"));
        assert_eq!(found("On Monday, Monday, ships left."), Some("Monday, Monday,"));
        assert_eq!(found("시장은 항구를 항구를 열었다."), Some("항구를 항구를"));
    }

    #[test]
    fn usual_repetitions_are_left_alone() {
        for good in [
            "He met Mayor Han. Han said that that was all he had had.",
            "They walked side by side by the sea, on and on and on.",
            "하나 하나 아주 아주 천천히 세었다. 세었다는 말이다.",
            "The ship sailed from Haemin - Haemin is its home port.",
        ] {
            assert_eq!(found(good), None, "{good}");
        }
    }

    #[test]
    fn phrases_and_sentences_that_are_written_twice_are_found() {
        let twice = "out of the harbour out of the harbour";
        assert_eq!(found(&format!("Ships went {twice} and back.")), Some(twice));
        let again = "배가 어제 저녁에 항구를 떠났다.";
        assert_eq!(found(&format!("{again} 비가 왔다. {again}")), Some(again));
    }

    #[test]
    fn what_the_source_repeats_is_noticed_inside_words_too() {
        let repeats = |text| any(&Text::new(text, Language::Korean));
        assert!(repeats("보라보라섬에 갔다.") && repeats("가자 가자 하고 말했다."));
        assert!(!repeats("항구에 갔다."));
    }
}
