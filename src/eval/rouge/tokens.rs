//! How ROUGE splits a text: as `rouge-score` does, or for Korean.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

use super::porter;
use crate::language::Language;

/// What ROUGE counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Words of ASCII letters and digits in lower case, as `rouge-score` counts them. Korean text
    /// has none.
    English {
        /// True to compare stems of words of four letters and more.
        stemmer: bool,
    },
    /// Syllables of Hangul; other words whole.
    Syllable,
    /// Words between spaces (eojeol) without punctuation. A particle makes another word of it.
    Word,
    /// Pairs of neighboring syllables within a word; a word of one syllable, and other words,
    /// whole. A noun is found again with another particle, without a dictionary of morphemes.
    Subword,
}

impl Unit {
    /// The units that say something of texts in a language.
    pub fn of(language: Language, stemmer: bool) -> Vec<Self> {
        match language {
            Language::English => vec![Self::English { stemmer }],
            Language::Korean => vec![Self::Syllable, Self::Word, Self::Subword],
        }
    }

    /// The name of the profile.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::English { stemmer: false } => "rouge-score",
            Self::English { stemmer: true } => "rouge-score-stemmer",
            Self::Syllable => "syllable",
            Self::Word => "word",
            Self::Subword => "subword",
        }
    }

    /// The tokens of a text.
    pub(super) fn tokens(self, text: &str) -> Vec<String> {
        match self {
            Self::English { stemmer } => english(text, stemmer),
            Self::Syllable => split(text, |word| word.chars().map(String::from).collect()),
            Self::Word => split(text, |word| vec![word.to_string()]),
            Self::Subword => split(text, |word| {
                let syllables: Vec<char> = word.chars().collect();
                match syllables.len() {
                    1 => vec![word.to_string()],
                    _ => syllables.windows(2).map(|pair| pair.iter().collect()).collect(),
                }
            }),
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn english(text: &str, stemmer: bool) -> Vec<String> {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit());
    let words = words.filter(|word| !word.is_empty());
    let stem = |word: &str| match stemmer && word.len() > 3 {
        true => porter::stem(word),
        false => word.to_string(),
    };
    words.map(stem).collect()
}

/// Words of letters and digits in lower case, composed; those of Hangul split further.
fn split(text: &str, hangul: impl Fn(&str) -> Vec<String>) -> Vec<String> {
    let is_hangul = |c: char| ('\u{ac00}'..='\u{d7a3}').contains(&c);
    let text: String = text.nfc().collect::<String>().to_lowercase();
    let mut tokens = Vec::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        // Hangul and other letters of a word are told apart: "KTX가" is a word and a particle.
        let mut rest = word;
        while let Some(first) = rest.chars().next() {
            let kind = is_hangul(first);
            let end = rest.find(|c| is_hangul(c) != kind).unwrap_or(rest.len());
            let (run, after) = rest.split_at(end);
            if kind {
                tokens.extend(hangul(run))
            } else {
                tokens.push(run.to_string())
            }
            rest = after;
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_splits_in_its_way() {
        let text = "해민항이 다시, KTX가 3월에.";
        for (unit, expected) in [
            (Unit::English { stemmer: false }, "ktx 3"),
            (Unit::Syllable, "해 민 항 이 다 시 ktx 가 3 월 에"),
            (Unit::Word, "해민항이 다시 ktx 가 3 월에"),
            (Unit::Subword, "해민 민항 항이 다시 ktx 가 3 월에"),
        ] {
            assert_eq!(unit.tokens(text).join(" "), expected, "{unit}");
            // Decomposed syllables are the same ones.
            let decomposed: String = text.nfd().collect();
            assert_eq!(unit.tokens(&decomposed).join(" "), expected, "{unit}");
        }
    }
}
