//! Terms in a text: English words with their endings, Korean words with particles.

use std::cell::OnceCell;
use std::collections::HashMap;

use aho_corasick::AhoCorasick;

use super::affixes::{is_head, is_particles, may_follow, may_precede};
use crate::document::Span;
use crate::language::{Language, is_hangul};

/// Endings of English words, after the word or after it without a last "e" or "y".
const ENDINGS: &[&str] = &["", "s", "es", "'s", "’s", "s'", "s’", "d", "ed", "ing", "er", "ers"];
const ENDINGS_OF_Y: &[&str] = &["ies", "ied", "ier"];
const ENDINGS_OF_E: &[&str] = &["ing", "ed", "er", "es"];

/// A text in which words are searched for.
pub(crate) struct Text<'t> {
    text: &'t str,
    /// Lower case, if that does not move the letters.
    lower: String,
    /// Without white space, since Korean compounds are written both ways.
    joined: OnceCell<Joined>,
}

/// How a word stands in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// As a word, inflected, or as a part of a compound that is known.
    Word,
    /// Only within a longer word that is not known, which has this span.
    Inside(Span),
}

/// A lower-case text without white space.
struct Joined {
    letters: String,
    /// For each word its start in `letters`, and in the text.
    words: Vec<(usize, usize)>,
}

impl<'t> Text<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { text, lower: text.to_ascii_lowercase(), joined: OnceCell::new() }
    }

    /// Spans of a word with its endings; for Korean, of the word alone. For many words there is
    /// [`places`](Self::places).
    pub fn find<'s>(&'s self, word: &str, language: Language) -> impl Iterator<Item = Span> + 's {
        let word = word.trim().to_ascii_lowercase();
        let stem = stem(&word, language);
        let starts = self.lower.match_indices(&word[..stem]).map(|(at, _)| at).collect::<Vec<_>>();
        starts.into_iter().filter_map(move |start| self.at(start, &word, language))
    }

    /// The span of a lower-case word whose [`stem`] is at an offset, if it is that word there.
    pub(super) fn at(&self, start: usize, word: &str, language: Language) -> Option<Span> {
        match language {
            Language::English => self.english(start, word, stem(word, language)),
            Language::Korean => self.korean(start, word),
        }
    }

    /// The span of a lower-case word of a source, as [`at`](Self::at), or as the head of a Korean
    /// compound: 시의회 of 해민시의회.
    pub(super) fn in_source(&self, start: usize, word: &str, language: Language) -> Option<Span> {
        let span = self.at(start, word, language);
        span.or_else(|| (language == Language::Korean).then(|| self.head(start, word)).flatten())
    }

    /// The words of a span as they are written.
    pub(super) fn original(&self, span: &Span) -> &str {
        &self.text[span.clone()]
    }

    /// The text with its ASCII letters in lower case; offsets are those of the text.
    pub(super) fn lower_case(&self) -> &str {
        &self.lower
    }

    /// Finds words in the text, all at once: linear in the text, whatever number of words there is.
    pub fn places<'w>(
        &self,
        words: impl Iterator<Item = &'w str>,
        language: Language,
    ) -> Places<'_, 't> {
        let mut of: HashMap<String, WordPlaces> = HashMap::new();
        for word in words {
            of.entry(key(word)).or_default();
        }
        let words: Vec<String> = of.keys().cloned().collect();
        let stems = words.iter().map(|word| word[..stem(word, language)].to_string()).collect();
        for (word, starts) in words.iter().zip(starts(&self.lower, stems)) {
            of.entry(word.clone()).or_default().starts = starts;
        }
        if language == Language::Korean {
            let letters = words.iter().map(|word| word.split_whitespace().collect()).collect();
            for (word, starts) in words.iter().zip(starts(&self.joined().letters, letters)) {
                of.entry(word.clone()).or_default().joined = starts;
            }
        }
        Places { text: self, language, of }
    }

    fn joined(&self) -> &Joined {
        self.joined.get_or_init(|| Joined::of(&self.lower))
    }

    fn english(&self, start: usize, word: &str, stem: usize) -> Option<Span> {
        let before = self.text[..start].chars().next_back();
        if before.is_some_and(|c| c.is_ascii_alphanumeric()) {
            return None;
        }
        let rest = &self.lower[start + stem..];
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (end, removed) = (&rest[..length], &word[stem..]);
        let is_ending = match removed {
            "y" => ENDINGS_OF_Y.contains(&end),
            "e" => ENDINGS_OF_E.contains(&end),
            _ => false,
        } || end.strip_prefix(removed).is_some_and(|end| ENDINGS.contains(&end));
        is_ending.then(|| start..start + stem + length)
    }

    fn korean(&self, start: usize, word: &str) -> Option<Span> {
        let end = start + word.len();
        let (before, after) = (&self.text[..start], &self.text[end..]);
        let is_word = hangul_before(before).is_empty()
            && !is_inside_latin(before, word, after)
            && is_particles(hangul_after(after));
        is_word.then_some(start..end)
    }

    fn head(&self, start: usize, word: &str) -> Option<Span> {
        let end = start + word.len();
        let before = hangul_before(&self.text[..start]);
        let is_known = is_head(before, word) && is_particles(hangul_after(&self.text[end..]));
        is_known.then_some(start..end)
    }
}

/// Where words stand in a text.
pub(crate) struct Places<'p, 't> {
    text: &'p Text<'t>,
    language: Language,
    /// By the words in lower case.
    of: HashMap<String, WordPlaces>,
}

/// Offsets where a word starts, as far as its letters tell.
#[derive(Default)]
struct WordPlaces {
    /// In the text.
    starts: Vec<usize>,
    /// In the text without white space, of a Korean word.
    joined: Vec<usize>,
}

impl Places<'_, '_> {
    /// Spans of a word with its endings, in order; for Korean, of the word alone.
    pub fn find(&self, word: &str) -> impl Iterator<Item = Span> {
        let key = key(word);
        let starts = self.of.get(&key).into_iter().flat_map(|places| &places.starts);
        starts.filter_map(move |start| self.text.at(*start, &key, self.language))
    }

    /// How a word of a translation stands in the text, at its best place; `None` if it does not.
    /// Korean words may be parts of compounds, and spaced differently.
    pub fn standing(&self, word: &str) -> Option<Standing> {
        if self.language == Language::English {
            return self.find(word).next().map(|_| Standing::Word);
        }
        let key = key(word);
        let starts = self.of.get(&key)?.joined.iter().copied();
        self.text.joined().standing(&Joined::of(&key), starts)
    }

    /// Spans of words exactly as they are written.
    pub fn as_written<'w>(&'w self, words: &'w str) -> impl Iterator<Item = Span> + 'w {
        let words = words.trim();
        let starts = self.of.get(&key(words)).into_iter().flat_map(|places| &places.starts);
        let is_there = move |start: &&usize| self.text.text[**start..].starts_with(words);
        starts.filter(is_there).map(|start| *start..start + words.len())
    }

    /// True if the text has words exactly as they are written, not as a part of others; a plural's
    /// "s" may follow.
    pub fn has_as_written(&self, words: &str) -> bool {
        self.as_written(words).any(|span| {
            let (before, after) = (&self.text.text[..span.start], &self.text.text[span.end..]);
            let after = after.strip_prefix('s').unwrap_or(after);
            !is_inside_latin(before, words.trim(), after)
        })
    }
}

/// Words by which their places are known.
fn key(words: &str) -> String {
    words.trim().to_ascii_lowercase()
}

/// The offsets of each pattern in a text, in order; none of an empty pattern.
fn starts(text: &str, patterns: Vec<String>) -> Vec<Vec<usize>> {
    let mut starts = vec![Vec::new(); patterns.len()];
    let full: Vec<usize> = (0..patterns.len()).filter(|at| !patterns[*at].is_empty()).collect();
    let automaton = AhoCorasick::new(full.iter().map(|at| &patterns[*at]));
    match automaton {
        Ok(automaton) => {
            for hit in automaton.find_overlapping_iter(text) {
                starts[full[hit.pattern().as_usize()]].push(hit.start());
            }
        }
        // Too many for an automaton.
        Err(_) => {
            for at in full {
                starts[at] = text.match_indices(&patterns[at]).map(|(start, _)| start).collect();
            }
        }
    }
    starts
}

impl Joined {
    fn of(text: &str) -> Self {
        let (mut letters, mut words) = (String::with_capacity(text.len()), Vec::new());
        for word in text.split_whitespace() {
            words.push((letters.len(), word.as_ptr() as usize - text.as_ptr() as usize));
            letters.push_str(word);
        }
        Self { letters, words }
    }

    /// How a word stands at the best of the places where its letters start.
    fn standing(&self, word: &Self, starts: impl Iterator<Item = usize>) -> Option<Standing> {
        let mut inside = None;
        for start in starts {
            match self.standing_at(start, word) {
                Some(Standing::Word) => return Some(Standing::Word),
                found => inside = inside.or(found),
            }
        }
        inside
    }

    fn standing_at(&self, start: usize, word: &Self) -> Option<Standing> {
        let end = start + word.letters.len();
        let first = self.words.partition_point(|(at, _)| *at <= start).checked_sub(1)?;
        let next = self.words.partition_point(|(at, _)| *at < end);
        let words = &self.words[first..next];
        let ([(first, origin), ..], [.., (last, origin_of_last)]) = (words, words) else {
            return None;
        };
        let limit = self.words.get(next).map_or(self.letters.len(), |(at, _)| *at);
        let (before, after) = (&self.letters[*first..start], &self.letters[end..limit]);
        if is_inside_latin(before, &word.letters, after) {
            return None;
        }
        let (before, after) = (hangul_before(before), hangul_after(after));
        let is_space = |at: usize| word.words.iter().any(|(of, _)| start + of == at);
        let is_divided = words[1..].iter().any(|(at, _)| !is_space(*at));
        let is_known = before.is_empty() && may_follow(after)
            || !is_divided && may_precede(before) && is_particles(after);
        let span = start - before.len() - first + origin..end + after.len() - last + origin_of_last;
        match (is_known, is_divided) {
            (true, _) => Some(Standing::Word),
            // Letters at the end of one word and the start of the next are no term.
            (false, true) => None,
            (false, false) => Some(Standing::Inside(span)),
        }
    }
}

/// Upper bound on the letters that are looked at beside a word.
const MAX_LETTERS: usize = 16;

/// The Hangul at the end of a text.
fn hangul_before(text: &str) -> &str {
    let letters = text.char_indices().rev().take_while(|(_, c)| is_hangul(*c));
    let start = letters.take(MAX_LETTERS).last().map_or(text.len(), |(at, _)| at);
    &text[start..]
}

/// The Hangul at the start of a text.
fn hangul_after(text: &str) -> &str {
    let letters = text.chars().take_while(|c| is_hangul(*c)).take(MAX_LETTERS);
    &text[..letters.map(char::len_utf8).sum()]
}

/// True if a word that begins or ends with a Latin letter or a digit is part of a longer one.
fn is_inside_latin(before: &str, word: &str, after: &str) -> bool {
    let is_latin = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    is_latin(word.chars().next()) && is_latin(before.chars().next_back())
        || is_latin(word.chars().next_back()) && is_latin(after.chars().next())
}

/// Length in bytes of the part of a lower-case word that its endings leave as it is: the last
/// letter of "ferry" changes in "ferries".
pub(super) fn stem(word: &str, language: Language) -> usize {
    match word.as_bytes().last() {
        Some(b'y' | b'e') if language == Language::English && word.len() > 2 => word.len() - 1,
        _ => word.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_with_endings_and_not_inside_others() {
        let count = |text: &str, word: &str, language| Text::new(text).find(word, language).count();
        for (text, word, expected) in [
            ("harbor harbors HARBOR'S harbored", "harbor", 4),
            ("ferries ferry", "ferry", 2),
            ("closing closed closes close closet", "close", 4),
            ("harboring harbormaster", "harbor", 1),
            ("prime ministers", "prime minister", 1),
            ("unharbor", "harbor", 0),
        ] {
            assert_eq!(count(text, word, Language::English), expected, "{text}");
        }
        for (text, word, expected) in [
            ("항만은 항만에서는 항만들의 항만", "항만", 4),
            ("신항만 항만청", "항만", 0),
            ("AI를 AI가", "AI", 2),
        ] {
            assert_eq!(count(text, word, Language::Korean), expected, "{text}");
        }
    }

    fn in_korean(text: &str, word: &str) -> Option<Standing> {
        Text::new(text).places(std::iter::once(word), Language::Korean).standing(word)
    }

    /// `Some(true)` for a word, `Some(false)` inside a longer word that is not known.
    fn standing(text: &str, word: &str) -> Option<bool> {
        let standing = in_korean(text, word)?;
        if let Standing::Inside(span) = &standing {
            assert!(text[span.clone()].contains(word), "{text}: {span:?}");
        }
        Some(standing == Standing::Word)
    }

    #[test]
    fn a_korean_term_stands_as_a_word_inflected_or_in_a_known_compound() {
        for (text, word) in [
            // Particles, the copula, plural.
            ("항만에서는", "항만"),
            ("항만이었습니다", "항만"),
            ("항만들이라며", "항만"),
            ("마르텐 홀름께서", "마르텐 홀름"),
            // Verbs made of nouns.
            ("항소했다", "항소"),
            ("항소되었으며", "항소"),
            ("보호관찰받은", "보호관찰"),
            // The head of a compound, after a name or a prefix.
            ("해민시의회는", "시의회"),
            ("서울중앙지방법원에", "지방법원"),
            ("신항만", "항만"),
            ("총선거가", "선거"),
            // The first part, before a suffix or a frequent noun.
            ("항만청은", "항만"),
            ("해민시장에게", "해민"),
            ("태풍주의보가", "태풍"),
            // Spaced in another way.
            ("세계 보건기구는", "세계보건기구"),
            ("세계보건기구는", "세계 보건기구"),
            ("마르텐홀름은", "마르텐 홀름"),
            // The best of several places.
            ("해민스키는 해민에", "해민"),
            // Latin letters.
            ("AI를", "AI"),
            ("KTL사의", "KTL"),
        ] {
            assert_eq!(standing(text, word), Some(true), "{word} in {text}");
        }
    }

    #[test]
    fn a_korean_term_inside_a_word_that_is_not_known_is_in_doubt() {
        for (text, word) in [
            ("해민스키는", "해민"),
            ("마르텐손이", "마르텐"),
            ("전시장에서", "시장"),
            ("전국회의에서", "국회"),
            ("보증인이", "증인"),
            ("오버사이즈를", "사이"),
            ("배달은", "배"),
        ] {
            assert_eq!(standing(text, word), Some(false), "{word} in {text}");
        }
        for (text, word) in [
            ("항구는", "항만"),
            ("그 항 만들었다", "항만"),
            ("AIDS는", "AI"),
            ("Route 70", "Route 7"),
        ] {
            assert_eq!(standing(text, word), None, "{word} in {text}");
        }
        assert_eq!(in_korean("어제 해민스키는", "해민"), Some(Standing::Inside(7..22)));
    }

    #[test]
    fn words_that_stay_as_they_are_are_not_parts_of_others() {
        for (text, words, expected) in [
            ("HBS에서", "HBS", true),
            ("two HBSs", "HBS", true),
            ("Route 7을", "Route 7", true),
            ("Route 70을", "Route 7", false),
            ("HBSN은", "HBS", false),
            ("hbs", "HBS", false),
        ] {
            let text = Text::new(text);
            let places = text.places(std::iter::once(words), Language::Korean);
            assert_eq!(places.has_as_written(words), expected, "{words} in {}", text.text);
        }
    }
}
