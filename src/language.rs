//! The languages of malmoi, in one table, their detection, and the registers of Korean. Knows
//! scripts and names; knows nothing of models.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, Result};

/// A language that malmoi reads and writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    English,
    /// Korean.
    Korean,
}

/// The languages of a task: of its text and of its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LanguagePair {
    /// Language of the text.
    pub from: Language,
    /// Language of the result.
    pub to: Language,
}

/// A speech level of written Korean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Register {
    /// 한다체, the plain style of newspapers: 밝혔다, 한다.
    Handa,
    /// 합니다체, the formal polite style of newsreaders: 밝혔습니다, 합니다.
    Hamnida,
    /// 해요체, the informal polite style of newsletters: 밝혔어요, 해요.
    Haeyo,
}

impl Register {
    /// The name on the command line: `handa`, `hamnida`, `haeyo`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Handa => "handa",
            Self::Hamnida => "hamnida",
            Self::Haeyo => "haeyo",
        }
    }

    /// The register of a name on the command line.
    pub fn parse(word: &str) -> Option<Self> {
        let all = [Self::Handa, Self::Hamnida, Self::Haeyo];
        all.into_iter().find(|register| register.as_str() == word)
    }

    /// The Korean name, as in messages: 한다체, 합니다체, 해요체.
    pub fn korean_name(self) -> &'static str {
        match self {
            Self::Handa => "한다체",
            Self::Hamnida => "합니다체",
            Self::Haeyo => "해요체",
        }
    }

    /// Two verbs with the endings of this level, as in prompts.
    pub fn sample(self) -> &'static str {
        match self {
            Self::Handa => "밝혔다, 한다",
            Self::Hamnida => "밝혔습니다, 합니다",
            Self::Haeyo => "밝혔어요, 해요",
        }
    }
}

/// A row of the table of languages.
struct LanguageInfo {
    language: Language,
    code: &'static str,
    name: &'static str,
    native: &'static str,
    korean: &'static str,
}

const TABLE: &[LanguageInfo] = &[
    LanguageInfo {
        language: Language::English,
        code: "en",
        name: "English",
        native: "English",
        korean: "영어",
    },
    LanguageInfo {
        language: Language::Korean,
        code: "ko",
        name: "Korean",
        native: "한국어",
        korean: "한국어",
    },
];

/// Smallest share of Hangul among the letters of a Korean text. It is low because Korean news is
/// full of Latin abbreviations ("COVID-19 백신 AZ 접종") and English news has hardly any
/// Hangul.
const MIN_HANGUL_SHARE: f64 = 0.2;

/// English words that are in almost every sentence and rare in other languages in Latin script.
#[rustfmt::skip]
const FUNCTION_WORDS: &[&str] = &[
    "the", "of", "and", "to", "in", "is", "that", "for", "it", "on", "was", "with", "as", "he", "be", "at", "by", "had",
    "are", "but", "from", "have", "this", "were", "an", "which", "they", "not", "his", "has", "will", "would", "been",
    "who", "said", "their", "its", "or", "she", "after", "her", "up", "than", "over", "about", "out", "into", "new",
    "more", "we", "you", "i", "when", "if", "all", "there", "no", "can", "one", "two", "first", "years", "people",
    "could", "against", "before", "between",
];
/// Smallest share of function words that makes a text English without further tests. Of 1,997
/// single English sentences (NTREX-128 and FLORES-200 dev), none is below it and taken for another
/// language with [`MIN_CONFIDENCE`].
const MIN_FUNCTION_SHARE: f64 = 0.12;
/// Smallest confidence of the detection of another language. With less it takes one in ten English
/// sentences for another language.
const MIN_CONFIDENCE: f64 = 0.9;
/// Fewest words in Latin script whose language is tested: fewer are names and headlines.
const MIN_WORDS: usize = 6;

impl Language {
    /// Every language, in table order.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.language)
    }

    fn row(self) -> &'static LanguageInfo {
        match self {
            Self::English => &TABLE[0],
            Self::Korean => &TABLE[1],
        }
    }

    /// ISO 639-1 code: `en`, `ko`.
    pub fn code(self) -> &'static str {
        self.row().code
    }

    /// English name, as in prompts.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Name of the language in itself.
    pub fn native_name(self) -> &'static str {
        self.row().native
    }

    /// Korean name, as in messages in Korean.
    pub fn korean_name(self) -> &'static str {
        self.row().korean
    }

    /// The other language.
    pub fn other(self) -> Self {
        match self {
            Self::English => Self::Korean,
            Self::Korean => Self::English,
        }
    }

    /// Parses a code or a name, in upper or lower case.
    ///
    /// ```
    /// use malmoi::Language;
    /// assert_eq!(Language::parse("KO").unwrap(), Language::Korean);
    /// assert_eq!(Language::parse("한국어").unwrap(), Language::Korean);
    /// assert!(Language::parse("fr").is_err());
    /// ```
    pub fn parse(given: &str) -> Result<Self> {
        let wanted = given.trim().to_lowercase();
        // The region of "en-US" and "ko_KR" is ignored.
        let wanted = wanted.split(['-', '_']).next().unwrap_or_default();
        TABLE
            .iter()
            .find(|row| {
                row.code == wanted || row.name.to_lowercase() == wanted || row.native == wanted
            })
            .map(|row| row.language)
            .ok_or_else(|| Error::UnknownLanguage { given: given.to_string() })
    }

    /// The language of an article; `None` if it has no letters, an error if malmoi does not support
    /// the language. Mixed texts are judged by the shares of their scripts, short ones by script
    /// only.
    ///
    /// ```
    /// use malmoi::Language;
    /// assert_eq!(Language::recognize("Mayor opens bridge")?, Some(Language::English));
    /// assert_eq!(Language::recognize("美 대선 D-7, AZ 접종")?, Some(Language::Korean));
    /// let error = Language::recognize("市長は月曜日、新しい橋を開通させた。").unwrap_err();
    /// assert!(error.to_string().starts_with("the text seems to be in Japanese"));
    /// # Ok::<(), malmoi::Error>(())
    /// ```
    pub fn recognize(article: &str) -> Result<Option<Self>> {
        let (mut hangul, mut latin, mut others) = (0u32, 0u32, 0u32);
        for c in article.chars().filter(|c| c.is_alphabetic()) {
            match c {
                c if is_hangul(c) => hangul += 1,
                c if is_latin(c) => latin += 1,
                _ => others += 1,
            }
        }
        let letters = hangul + latin + others;
        let korean = f64::from(hangul) >= MIN_HANGUL_SHARE * f64::from(letters);
        let seems = match letters {
            0 => return Ok(None),
            _ if korean => return Ok(Some(Self::Korean)),
            _ if others > latin => Some(
                whatlang::detect_lang(article).map_or("another language", |lang| lang.eng_name()),
            ),
            _ => foreign_in_latin(article),
        };
        match seems {
            Some(seems) => Err(Error::ForeignText { seems: seems.to_string() }),
            None => Ok(Some(Self::English)),
        }
    }

    /// The language to read an article in: [`recognize`](Self::recognize), or English for a text
    /// without letters.
    pub fn of_article(article: &str) -> Result<Self> {
        Ok(Self::recognize(article)?.unwrap_or(Self::English))
    }

    /// The share of a text's letters that are of this language's script, from 0 to 1.
    ///
    /// ```
    /// use malmoi::Language;
    /// assert_eq!(Language::Korean.share("백신 AZ"), 0.5);
    /// assert_eq!(Language::English.share("2026"), 0.0);
    /// ```
    pub fn share(self, text: &str) -> f64 {
        let is_own = match self {
            Self::English => is_latin,
            Self::Korean => is_hangul,
        };
        let letters = text.chars().filter(|c| c.is_alphabetic());
        let (all, own) =
            letters.fold((0u32, 0u32), |(all, own), c| (all + 1, own + u32::from(is_own(c))));
        if all == 0 { 0.0 } else { f64::from(own) / f64::from(all) }
    }

    /// The language of a text by its share of Hangul; `None` if it has neither Hangul nor Latin
    /// letters.
    ///
    /// Language-identification libraries fail on mixed Korean headlines; counting letters does not:
    /// ```
    /// use malmoi::Language;
    /// assert_eq!(Language::detect("COVID-19 백신 AZ 접종"), Some(Language::Korean));
    /// let text = "The 한글 alphabet was published in 1446";
    /// assert_eq!(Language::detect(text), Some(Language::English));
    /// assert_eq!(Language::detect("2026. 11. 23."), None);
    /// ```
    pub fn detect(text: &str) -> Option<Self> {
        let hangul = text.chars().filter(|c| is_hangul(*c)).count();
        let latin = text.chars().filter(|c| is_latin(*c)).count();
        let letters = hangul + latin;
        if letters == 0 {
            None
        } else if hangul as f64 >= MIN_HANGUL_SHARE * letters as f64 {
            Some(Self::Korean)
        } else {
            Some(Self::English)
        }
    }
}

/// The language of an article in Latin script, if that is not English.
fn foreign_in_latin(text: &str) -> Option<&'static str> {
    let words = || text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    let count = words().count();
    let function =
        words().filter(|word| FUNCTION_WORDS.contains(&word.to_lowercase().as_str())).count();
    if count < MIN_WORDS || function as f64 >= MIN_FUNCTION_SHARE * count as f64 {
        return None;
    }
    let found = whatlang::detect(text)?;
    let foreign = found.lang() != whatlang::Lang::Eng && found.confidence() >= MIN_CONFIDENCE;
    foreign.then(|| found.lang().eng_name())
}

/// True for a few words in Latin script that are hardly English: a motto or a quotation in a third
/// language. Too short to name the language.
pub(crate) fn seems_foreign(text: &str) -> bool {
    let words = || text.split(|c: char| !c.is_alphabetic()).filter(|word| word.len() > 1);
    words().next().is_some()
        && !text.contains(is_hangul)
        && !words().any(is_function_word)
        && whatlang::detect_lang(text).is_some_and(|lang| lang != whatlang::Lang::Eng)
}

/// True for an English word that is in almost every sentence.
pub(crate) fn is_function_word(word: &str) -> bool {
    FUNCTION_WORDS.contains(&word.to_lowercase().as_str())
}

/// True for a Hangul syllable or letter.
pub(crate) fn is_hangul(c: char) -> bool {
    matches!(c, '\u{AC00}'..='\u{D7A3}' | '\u{1100}'..='\u{11FF}' | '\u{3131}'..='\u{318E}')
}

/// True for a Latin letter, with or without accents.
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
    fn every_language_is_parsed_from_its_own_output() {
        for language in Language::all() {
            assert_eq!(language.to_string().parse::<Language>().unwrap(), language);
            let json = serde_json::to_string(&language).unwrap();
            assert_eq!(serde_json::from_str::<Language>(&json).unwrap(), language);
        }
        assert_eq!("en-US".parse::<Language>().unwrap(), Language::English);
        assert_eq!(format!("{:>4}", Language::Korean), "  ko");
        assert!(
            matches!("fr".parse::<Language>(), Err(Error::UnknownLanguage { given }) if given == "fr")
        );
    }

    #[test]
    fn a_text_in_another_language_is_an_error_that_names_it() {
        for (text, language) in [
            (
                "Le maire de la ville a inauguré lundi le nouveau pont, qui relie le port à la gare et qui a coûté douze millions d'euros.",
                "French",
            ),
            (
                "Der Bürgermeister hat am Montag die neue Brücke eröffnet, die den Hafen mit dem Bahnhof verbindet.",
                "German",
            ),
            (
                "El alcalde inauguró el lunes el nuevo puente que une el puerto con la estación y que costó doce millones de euros.",
                "Spanish",
            ),
            (
                "Thị trưởng thành phố hôm thứ Hai đã khánh thành cây cầu mới nối cảng với nhà ga.",
                "Vietnamese",
            ),
            (
                "Wali kota pada hari Senin meresmikan jembatan baru yang menghubungkan pelabuhan dengan stasiun.",
                "Indonesian",
            ),
            ("市长星期一为连接港口和车站的新桥剪彩，该桥耗资一千二百万欧元。", "Mandarin"),
            ("Мэр города в понедельник открыл новый мост, соединяющий порт с вокзалом.", "Russian"),
            ("افتتح رئيس البلدية يوم الاثنين الجسر الجديد الذي يربط الميناء بالمحطة.", "Arabic"),
            ("นายกเทศมนตรีเปิดสะพานใหม่ที่เชื่อมท่าเรือกับสถานีเมื่อวันจันทร์", "Thai"),
        ] {
            match Language::recognize(text) {
                Err(Error::ForeignText { seems }) => assert_eq!(seems, language),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn headlines_names_and_mixed_texts_are_read() {
        for (text, language) in [
            ("Mayor opens bridge", Language::English),
            ("Macron, Merz to visit Seoul", Language::English),
            ("Haemin FC 3, Port Lions 1", Language::English),
            ("Champs-Élysées café reopens after São Paulo firm's bid", Language::English),
            (
                "The mayor quoted the motto “liberté, égalité, fraternité” and the poem 春望 in her speech.",
                Language::English,
            ),
            ("COVID-19 백신 AZ 접종", Language::Korean),
            ("美·中 정상 APEC서 FTA 논의", Language::Korean),
            ("大韓民國의 主權은 國民에게 있다", Language::Korean),
            ("KBO 리그 NC, SSG에 5-3 승", Language::Korean),
        ] {
            assert_eq!(Language::recognize(text).unwrap(), Some(language), "{text}");
        }
        assert_eq!(Language::recognize("2026. 11. 23.").unwrap(), None);
    }
}
