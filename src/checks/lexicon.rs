//! Words of both languages in groups of one meaning, found in texts in every inflected form.
//!
//! A table is a text in the folder `lexicon`: records between blank lines, each line a tag and
//! words. `en+` and `ko+` are the words of a record, `en-` and `ko-` those of its opposite, `en0`
//! and `ko0` words that only look like them. `~` stands before a word that may have the meaning;
//! `^` before Korean that begins a word, `=` before a word that is not inflected, `#` in Korean for
//! a number. Korean verbs end in 다 and are conjugated; other Korean is found inside words. Of
//! English, the first word is inflected, irregular forms after slashes.

mod conjugation;

use std::collections::HashMap;

use crate::document::Span;
use crate::language::{Language, is_hangul};

/// A word of a table in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hit {
    /// The record, from 0.
    pub record: usize,
    /// True for the opposite.
    pub is_opposite: bool,
    /// False if the word only may have the meaning.
    pub is_certain: bool,
    /// Its span in the text.
    pub span: Span,
}

/// A meaning that a form may have.
#[derive(Debug, Clone, Copy)]
struct Meaning {
    record: usize,
    /// True for the opposite; `None` for a word that only looks like one of the record.
    is_opposite: Option<bool>,
    is_certain: bool,
}

/// A form of a Korean word.
struct KoreanForm {
    text: String,
    /// True if it is found at the beginning of a word alone.
    is_bound: bool,
    meaning: Meaning,
}

/// A form of an English word or phrase: its words after the first.
struct EnglishForm {
    rest: Vec<String>,
    meaning: Meaning,
}

/// A compiled table.
pub(super) struct Lexicon {
    /// By first word, those with most words first.
    english: HashMap<String, Vec<EnglishForm>>,
    /// By first two characters, longest first.
    korean: HashMap<(char, char), Vec<KoreanForm>>,
    /// Number of records.
    records: usize,
}

impl Lexicon {
    /// Compiles a table. A line that is no line of a table is ignored.
    pub fn new(table: &str) -> Self {
        let mut lexicon = Self { english: HashMap::new(), korean: HashMap::new(), records: 0 };
        let mut record = 0;
        let mut is_empty = true;
        for line in table.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            if line.is_empty() {
                record += usize::from(!is_empty);
                is_empty = true;
            }
            let Some((tag, words)) = line.split_once(' ') else { continue };
            is_empty = false;
            for word in words.split(',').map(str::trim).filter(|word| !word.is_empty()) {
                let (word, is_certain) =
                    word.strip_prefix('~').map_or((word, true), |word| (word, false));
                let is_opposite = (!tag.ends_with('0')).then(|| tag.ends_with('-'));
                let meaning = Meaning { record, is_opposite, is_certain };
                if tag.starts_with("ko") {
                    lexicon.add_korean(word, meaning);
                } else {
                    lexicon.add_english(word, meaning);
                }
            }
        }
        lexicon.records = record + usize::from(!is_empty);
        for forms in lexicon.english.values_mut() {
            forms.sort_by_key(|form| std::cmp::Reverse(form.rest.len()));
        }
        for forms in lexicon.korean.values_mut() {
            forms.sort_by_key(|form| std::cmp::Reverse(form.text.len()));
        }
        lexicon
    }

    /// Number of records.
    pub fn records(&self) -> usize {
        self.records
    }

    fn add_english(&mut self, word: &str, meaning: Meaning) {
        let (first, rest) = word.split_once(' ').unwrap_or((word, ""));
        let rest: Vec<String> = rest.split_whitespace().map(str::to_string).collect();
        let forms = match first.strip_prefix('=') {
            Some(only) => vec![only.to_string()],
            None => inflected(first),
        };
        for form in forms {
            let forms = self.english.entry(form).or_default();
            forms.push(EnglishForm { rest: rest.clone(), meaning });
        }
    }

    fn add_korean(&mut self, word: &str, meaning: Meaning) {
        let (word, is_bound) = word.strip_prefix('^').map_or((word, false), |word| (word, true));
        let stem =
            word.strip_suffix('다').filter(|stem| !stem.is_empty() && !word.starts_with('='));
        let word = word.trim_start_matches('=');
        let (forms, is_bound) = match stem {
            Some(stem) => (conjugation::forms(stem), true),
            // A single syllable is in too many other words.
            None => (vec![word.to_string()], is_bound || word.chars().nth(1).is_none()),
        };
        for text in forms {
            let joined = text.trim_end().contains(' ').then(|| text.replace(' ', ""));
            for text in [Some(text), joined].into_iter().flatten() {
                let Some(key) = key(&text) else { continue };
                self.korean.entry(key).or_default().push(KoreanForm { text, is_bound, meaning });
            }
        }
    }

    /// The words of the table in a text, in order. Where forms of one record overlap, the first and
    /// longest is found.
    pub fn find(&self, text: &str, language: Language) -> Vec<Hit> {
        let mut hits = Hits { found: Vec::new(), ends: vec![0; self.records] };
        match language {
            Language::Korean => self.find_korean(text, &mut hits),
            Language::English => self.find_english(text, &mut hits),
        }
        hits.found
    }

    fn find_english(&self, text: &str, hits: &mut Hits) {
        let words = english_words(text);
        for (at, word) in words.iter().enumerate() {
            let forms = self.english.get(&word.text).map_or(&[][..], Vec::as_slice);
            for form in forms {
                if let Some(last) = last_word(&words, at, &form.rest) {
                    hits.add(form.meaning, word.span.start..words[last].span.end);
                }
            }
        }
    }

    fn find_korean(&self, text: &str, hits: &mut Hits) {
        let mut before = ' ';
        for (at, c) in text.char_indices() {
            let is_start = !is_hangul(before);
            before = c;
            let Some(key) = key(&text[at..]).filter(|_| is_hangul(c)) else { continue };
            for key in [key, (key.0, ANY)] {
                for form in self.korean.get(&key).map_or(&[][..], Vec::as_slice) {
                    if !is_start && form.is_bound {
                        continue;
                    }
                    if let Some(length) = length_at(&text[at..], &form.text) {
                        hits.add(form.meaning, at..at + length);
                    }
                }
            }
        }
    }
}

/// The length of a Korean form that a text begins with, without a space at its end.
fn length_at(text: &str, form: &str) -> Option<usize> {
    let Some((before, after)) = form.split_once(NUMBER) else {
        return text.starts_with(form).then_some(form.trim_end().len());
    };
    let rest = text.strip_prefix(before)?;
    let number = rest.bytes().take_while(u8::is_ascii_digit).count();
    let is_found = number > 0 && rest[number..].starts_with(after);
    is_found.then_some(before.len() + number + after.trim_end().len())
}

/// The index of the last word of a phrase that begins at a word; `None` if other words follow it.
/// The count of a vote may stand before "for" and "against": "voted 14 to 5 for".
fn last_word(words: &[Word], at: usize, rest: &[String]) -> Option<usize> {
    const LONGEST_COUNT: usize = 4;
    let is_number = |at: usize| {
        words.get(at).is_some_and(|word| word.text.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let is_count = |at: &usize| {
        is_number(*at) || words.get(*at).is_some_and(|word| word.text == "to") && is_number(*at + 1)
    };
    let takes_count = rest.last().is_some_and(|word| word == "for" || word == "against");
    let mut last = at;
    for word in rest {
        let mut next = last + 1;
        if takes_count && last == at && words.get(next).is_some_and(|found| found.text != *word) {
            next += (next..next + LONGEST_COUNT).take_while(is_count).count();
        }
        (words.get(next)?.text == *word).then_some(())?;
        last = next;
    }
    Some(last)
}

/// Hits as they are found, by growing start and, for one start, from the longest.
struct Hits {
    found: Vec<Hit>,
    /// By record, the end of its last hit.
    ends: Vec<usize>,
}

impl Hits {
    fn add(&mut self, Meaning { record, is_opposite, is_certain }: Meaning, span: Span) {
        let last = self.ends[record];
        let is_same = self.found.iter().rev().take_while(|hit| hit.span == span);
        let is_twin = last == span.end && is_same.into_iter().any(|hit| hit.record == record);
        if span.start < last && !is_twin {
            return;
        }
        self.ends[record] = last.max(span.end);
        if let Some(is_opposite) = is_opposite {
            self.found.push(Hit { record, is_opposite, is_certain, span });
        }
    }
}

/// Stands for a number in a Korean form.
const NUMBER: char = '#';
/// Stands for any second character of a form of one syllable.
const ANY: char = '*';

/// The first two characters of a text.
fn key(text: &str) -> Option<(char, char)> {
    let mut chars = text.chars();
    Some((chars.next()?, chars.next().unwrap_or(ANY)))
}

/// An English word in lower case.
pub(super) struct Word {
    pub text: String,
    pub span: Span,
}

/// The words of an English text in lower case, without hyphens, with straight apostrophes inside.
pub(super) fn english_words(text: &str) -> Vec<Word> {
    let inside = |c: char| c.is_alphanumeric() || c == '\'' || c == '’';
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (inside(c), start) {
            (true, None) => start = Some(at),
            (false, Some(begin)) => {
                let trimmed = text[begin..at].trim_matches(['\'', '’']);
                let begin = begin + text[begin..at].find(trimmed).unwrap_or(0);
                if !trimmed.is_empty() {
                    let lower = trimmed.to_lowercase().replace('’', "'");
                    let span = begin..begin + trimmed.len();
                    words.push(Word { text: lower, span });
                }
                start = None;
            }
            _ => {}
        }
    }
    words
}

/// The inflected forms of an English word; irregular forms stand after slashes.
fn inflected(entry: &str) -> Vec<String> {
    let mut parts = entry.split('/');
    let lemma = parts.next().unwrap_or_default();
    let mut forms: Vec<String> = std::iter::once(lemma).chain(parts).map(str::to_string).collect();
    let is_regular = forms.len() == 1;
    let Some(last) = lemma.chars().next_back() else { return forms };
    let is_vowel = |c: char| "aeiou".contains(c);
    let mut from_end = lemma.chars().rev();
    let (_, second, third) = (from_end.next(), from_end.next(), from_end.next());
    let mut stems = Vec::new();
    if last == 'e' {
        forms.push(format!("{lemma}s"));
        stems.push(lemma[..lemma.len() - 1].to_string());
    } else if last == 'y' && second.is_some_and(|c| !is_vowel(c)) {
        let stem = &lemma[..lemma.len() - 1];
        forms.extend([format!("{stem}ies"), format!("{lemma}ing")]);
        if is_regular {
            forms.push(format!("{stem}ied"));
        }
    } else {
        let plural =
            if lemma.ends_with(['s', 'x', 'z']) || lemma.ends_with("ch") || lemma.ends_with("sh") {
                "es"
            } else {
                "s"
            };
        forms.push(format!("{lemma}{plural}"));
        stems.push(lemma.to_string());
        // The u of "qu" is no vowel: "acquitted".
        let doubles = !is_vowel(last)
            && !matches!(last, 'w' | 'x' | 'y')
            && second.is_some_and(is_vowel)
            && (third.is_some_and(|c| !is_vowel(c))
                || third == Some('u') && from_end.next() == Some('q'));
        if doubles {
            stems.push(format!("{lemma}{last}"));
        }
    }
    for stem in stems {
        forms.push(format!("{stem}ing"));
        if is_regular {
            forms.push(format!("{stem}ed"));
        }
    }
    forms
}

/// True for a syllable that ends in ㄹ, as verbs before "수" and "것" do.
pub(super) fn ends_in_l(c: char) -> bool {
    final_consonant(c) == Some(8)
}

/// The index of a syllable's final consonant in Unicode's order; 0 without one.
pub(super) fn final_consonant(c: char) -> Option<u32> {
    u32::from(c).checked_sub(0xAC00).filter(|index| *index < 11_172).map(|index| index % 28)
}

/// Spans of words of Hangul.
pub(super) fn korean_words(text: &str) -> Vec<Span> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (is_hangul(c), start) {
            (true, None) => start = Some(at),
            (false, Some(begin)) => {
                words.push(begin..at);
                start = None;
            }
            _ => {}
        }
    }
    words
}

/// True for an English word in lower case that tells of the noun after it and is no verb: "new".
pub(super) fn is_attributive_adjective(word: &str) -> bool {
    #[rustfmt::skip]
    const ADJECTIVES: &[&str] = &[
        "new", "newest", "old", "older", "oldest", "young", "younger", "youngest", "big", "bigger", "biggest", "large", "larger",
        "largest", "small", "smaller", "smallest", "first", "last", "final", "past", "high", "higher", "highest", "low", "lowest",
        "long", "longer", "longest", "shorter", "shortest", "north", "south", "east", "west", "northern", "southern", "eastern",
        "western", "left", "right", "upper", "inner", "outer", "early", "earlier", "late", "later", "good", "best", "bad", "worse",
        "worst", "strong", "stronger", "weak", "weaker", "rich", "richer", "poor", "poorer", "public", "private", "domestic", "foreign",
        "internal", "external", "temporary", "permanent", "direct", "indirect", "legal", "illegal", "major", "minor", "former", "hot",
        "cold", "wide", "narrow", "deep", "shallow", "heavy", "light", "expensive", "cheap", "safe", "dangerous", "male", "female",
        "urban", "rural", "civilian", "military", "positive", "negative", "local", "international", "equal", "unequal", "fair", "unfair",
    ];
    ADJECTIVES.contains(&word)
}

/// A word without its inflection.
pub(super) fn english_stem(word: &str) -> String {
    let word = word.trim_end_matches("'s");
    let stem = ["ing", "ed", "es", "s", "d"]
        .iter()
        .find_map(|end| word.strip_suffix(end).filter(|stem| stem.len() >= 3))
        .unwrap_or(word);
    stem.trim_end_matches('e').to_string()
}

/// The beginning that the forms of a verb share: two syllables, of a shorter one its first sound.
pub(super) fn korean_stem(word: &str) -> String {
    let count = word.chars().count();
    let kept = if count > 2 { 2 } else { 1 };
    let mut stem: String = word.chars().take(kept).collect();
    if kept == 1 {
        // "가지" and "갔다", "되지" and "됐다".
        let first = stem.chars().next().map_or(0, u32::from);
        if let Some(index) = first.checked_sub(0xAC00).filter(|index| *index < 11_172) {
            stem = char::from_u32(0xAC00 + index / 588 * 588).map_or(stem, String::from);
        }
    }
    stem
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(table: &str, text: &str, language: Language) -> Vec<String> {
        let hits = Lexicon::new(table).find(text, language);
        hits.into_iter().map(|hit| text[hit.span].to_string()).collect()
    }

    #[test]
    fn only_votes_have_a_count_inside() {
        let table = "en+ at last, vote for\nen- vote against";
        let text = "The ferry left at 10 last night; they voted 9 to 2 for it, 2 against it.";
        assert_eq!(found(table, text, Language::English), ["voted 9 to 2 for"]);
    }

    #[test]
    fn a_number_of_a_table_is_any_number() {
        let table = "ko+ 지난 #년간, ~지난\nko0 지난 #월";
        let text = "지난 12년간, 지난 3년, 지난 10월, 지난3년간";
        assert_eq!(found(table, text, Language::Korean), ["지난 12년간", "지난", "지난3년간"]);
    }
}
