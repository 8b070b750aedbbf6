//! The languages malmoi works in: one table. Knows scripts and names; knows nothing of models.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, Result};

/// A language the pipeline reads and writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    English,
    /// Korean.
    Korean,
}

/// What the table knows of a language.
struct Row {
    language: Language,
    code: &'static str,
    name: &'static str,
    native: &'static str,
}

const TABLE: &[Row] = &[
    Row { language: Language::English, code: "en", name: "English", native: "English" },
    Row { language: Language::Korean, code: "ko", name: "Korean", native: "한국어" },
];

/// Share of Hangul among the letters from which a text counts as Korean. Korean news is full of Latin abbreviations
/// ("COVID-19 백신 AZ 접종"), English news hardly ever holds Hangul, so that the line lies low.
const KOREAN_SHARE: f64 = 0.2;

impl Language {
    /// Every language, in table order.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.language)
    }

    fn row(self) -> &'static Row {
        match self {
            Self::English => &TABLE[0],
            Self::Korean => &TABLE[1],
        }
    }

    /// ISO 639-1 code: `en`, `ko`.
    pub fn code(self) -> &'static str {
        self.row().code
    }

    /// English name, as prompts use it.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The language's name in itself.
    pub fn native_name(self) -> &'static str {
        self.row().native
    }

    /// The other one of the pair.
    pub fn other(self) -> Self {
        match self {
            Self::English => Self::Korean,
            Self::Korean => Self::English,
        }
    }

    /// Reads a code or a name, in any case.
    ///
    /// ```
    /// use malmoi::Language;
    /// assert_eq!(Language::parse("KO").unwrap(), Language::Korean);
    /// assert_eq!(Language::parse("한국어").unwrap(), Language::Korean);
    /// assert!(Language::parse("fr").is_err());
    /// ```
    pub fn parse(given: &str) -> Result<Self> {
        let wanted = given.trim().to_lowercase();
        // "en-US", "ko_KR": the region does not matter here.
        let wanted = wanted.split(['-', '_']).next().unwrap_or_default();
        TABLE
            .iter()
            .find(|row| row.code == wanted || row.name.to_lowercase() == wanted || row.native == wanted)
            .map(|row| row.language)
            .ok_or_else(|| Error::UnknownLanguage { given: given.to_string() })
    }

    /// The language a text is written in, by its share of Hangul; `None` where it has no letters of either.
    ///
    /// Language-identification libraries fail on mixed Korean headlines; counting letters does not:
    /// ```
    /// use malmoi::Language;
    /// assert_eq!(Language::detect("COVID-19 백신 AZ 접종"), Some(Language::Korean));
    /// assert_eq!(Language::detect("The 한글 alphabet was published in 1446"), Some(Language::English));
    /// assert_eq!(Language::detect("2026. 11. 23."), None);
    /// ```
    pub fn detect(text: &str) -> Option<Self> {
        let hangul = text.chars().filter(|c| is_hangul(*c)).count();
        let latin = text.chars().filter(|c| is_latin(*c)).count();
        let letters = hangul + latin;
        if letters == 0 {
            None
        } else if hangul as f64 >= KOREAN_SHARE * letters as f64 {
            Some(Self::Korean)
        } else {
            Some(Self::English)
        }
    }
}

/// Whether a character is a Hangul syllable or letter.
pub(crate) fn is_hangul(c: char) -> bool {
    matches!(c, '\u{AC00}'..='\u{D7A3}' | '\u{1100}'..='\u{11FF}' | '\u{3131}'..='\u{318E}')
}

/// Whether a character is a letter of the Latin script (accents included).
pub(crate) fn is_latin(c: char) -> bool {
    c.is_ascii_alphabetic() || (matches!(c, '\u{C0}'..='\u{24F}') && c.is_alphabetic())
}

/// The code: `en`, `ko`.
impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

/// A code or a name, as [`Language::parse`] reads it.
impl FromStr for Language {
    type Err = Error;

    fn from_str(given: &str) -> Result<Self> {
        Self::parse(given)
    }
}

impl<'de> Deserialize<'de> for Language {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for Language {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_is_read_from_what_it_is_written_as() {
        for language in Language::all() {
            assert_eq!(language.to_string().parse::<Language>().unwrap(), language);
            let json = serde_json::to_string(&language).unwrap();
            assert_eq!(serde_json::from_str::<Language>(&json).unwrap(), language);
        }
        assert_eq!("en-US".parse::<Language>().unwrap(), Language::English);
        assert_eq!(format!("{:>4}", Language::Korean), "  ko");
        assert!(matches!("fr".parse::<Language>(), Err(Error::UnknownLanguage { given }) if given == "fr"));
    }
}
