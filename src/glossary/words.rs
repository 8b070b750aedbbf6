//! Terms in a text: English words with their endings, Korean words with particles.

use crate::document::Span;
use crate::language::{Language, is_hangul};

/// Endings of English words, after the word or after it without a last "e" or "y".
const ENDINGS: &[&str] = &["", "s", "es", "'s", "’s", "s'", "s’", "d", "ed", "ing", "er", "ers"];
const ENDINGS_OF_Y: &[&str] = &["ies", "ied", "ier"];
const ENDINGS_OF_E: &[&str] = &["ing", "ed", "er", "es"];

/// Particles and the like that may follow a Korean noun; several may follow each other.
#[rustfmt::skip]
const PARTICLES: &[&str] = &[
    "은", "는", "이", "가", "을", "를", "의", "에", "에서", "에게", "께", "와", "과", "로", "으로", "도", "만", "까지", "부터", "보다",
    "처럼", "라", "이라", "나", "이나", "며", "이며", "고", "이고", "란", "이란", "인", "들", "다", "이다", "입니다", "였다", "이었다", "였던",
    "뿐", "마다", "조차", "밖에", "랑", "이랑", "하고", "라는", "라고", "이라는", "이라고", "등", "측", "씨", "님", "라도", "이라도", "든",
];

/// A text in which words are searched for.
pub(crate) struct Text<'t> {
    text: &'t str,
    /// Lower case, if that does not move the letters.
    lower: String,
}

impl<'t> Text<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { text, lower: text.to_ascii_lowercase() }
    }

    /// Spans of a word with its endings; for Korean, of the word alone.
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

    /// The words of a span as they are written.
    pub(super) fn original(&self, span: &Span) -> &str {
        &self.text[span.clone()]
    }

    /// The text with its ASCII letters in lower case; offsets are those of the text.
    pub(super) fn lower_case(&self) -> &str {
        &self.lower
    }

    /// True if the text has a word. Korean words may be part of others, and spaced differently.
    pub fn has(&self, word: &str, language: Language) -> bool {
        match language {
            Language::English => self.find(word, language).next().is_some(),
            Language::Korean => {
                let join = |text: &str| text.split_whitespace().collect::<String>();
                self.lower.contains(word)
                    || join(&self.lower).contains(&join(word).to_ascii_lowercase())
            }
        }
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
        if self.text[..start].chars().next_back().is_some_and(is_hangul) {
            return None;
        }
        let rest = &self.text[end..];
        let rest = &rest[..rest.find(|c| !is_hangul(c)).unwrap_or(rest.len())];
        is_particles(rest).then_some(start..end)
    }
}

/// Length in bytes of the part of a lower-case word that its endings leave as it is: the last
/// letter of "ferry" changes in "ferries".
pub(super) fn stem(word: &str, language: Language) -> usize {
    match word.as_bytes().last() {
        Some(b'y' | b'e') if language == Language::English && word.len() > 2 => word.len() - 1,
        _ => word.len(),
    }
}

/// True if a run of Hangul is a chain of particles.
fn is_particles(rest: &str) -> bool {
    /// A longer run is another word.
    const MAX_BYTES: usize = 24;
    let mut ends = vec![0];
    let mut seen = vec![0];
    if rest.len() > MAX_BYTES {
        return false;
    }
    while let Some(end) = ends.pop() {
        if end == rest.len() {
            return true;
        }
        for particle in PARTICLES.iter().filter(|particle| rest[end..].starts_with(**particle)) {
            let next = end + particle.len();
            if !seen.contains(&next) {
                seen.push(next);
                ends.push(next);
            }
        }
    }
    false
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
        assert!(Text::new("세계 보건기구는").has("세계보건기구", Language::Korean));
    }
}
