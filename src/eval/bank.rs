//! Bank: what the seeds take from the other pairs: names, lines and quotations.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use regex::Regex;

use super::parallel::Parallel;
use super::spots::{pattern, quotations};
use crate::language::Language;

/// A name in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub english: String,
    pub korean: String,
}

/// Texts that a seed may put into a pair.
pub(super) struct Bank {
    pub names: Vec<Name>,
    english: Texts,
    korean: Texts,
}

#[derive(Default)]
struct Texts {
    lines: Vec<String>,
    quotations: Vec<String>,
}

/// Well-known names; those of the pairs come from their glosses.
const NAMES: &str = include_str!("names.tsv");
/// Most words of a name.
const MAX_WORDS: usize = 3;
/// Longest quotation that is put into another pair, in characters.
const MAX_QUOTATION: usize = 120;
/// Words that a gloss of a name does not have.
const NO_NAMES: &[&str] = &["of", "and", "the", "for", "The", "in"];

/// Hangul before a gloss in Latin letters, and the gloss.
static GLOSS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"([가-힣][가-힣 ·]*?)\s?\(([A-Z][A-Za-z'’.\- ]+)\)"));

impl Bank {
    pub fn new(files: &[Vec<Parallel>]) -> Self {
        let mut names: Vec<Name> = Vec::new();
        let mut known: HashMap<String, ()> = HashMap::new();
        // A gloss that is also written in lower case is a word: "Rapper".
        let small: HashSet<&str> = files
            .iter()
            .flatten()
            .flat_map(|pair| pair.english.split(|c: char| !c.is_alphanumeric()))
            .filter(|word| word.starts_with(char::is_lowercase))
            .collect();
        let is_word = |english: &str| small.contains(english.to_lowercase().as_str());
        let mut add = |english: &str, korean: &str| {
            if known.insert(english.to_string(), ()).is_none() {
                names.push(Name { english: english.to_string(), korean: korean.to_string() });
            }
        };
        let (mut english, mut korean) = (Texts::default(), Texts::default());
        for pair in files.iter().flatten() {
            for gloss in GLOSS.captures_iter(&pair.korean) {
                if let Some((latin, hangul)) = glossed(&gloss[1], &gloss[2], &pair.english)
                    && !is_word(latin)
                {
                    add(latin, &hangul);
                }
            }
            english.add(&pair.english);
            korean.add(&pair.korean);
        }
        for (english, korean) in NAMES.lines().filter_map(|line| line.split_once('\t')) {
            add(english, korean);
        }
        Self { names, english, korean }
    }

    /// All lines in a language.
    pub fn lines(&self, language: Language) -> &[String] {
        &self.texts(language).lines
    }

    /// Lines of usual length without digits.
    pub fn without_digits(&self, language: Language) -> Vec<String> {
        let is_fit = |line: &&String| {
            (40..140).contains(&line.chars().count())
                && !line.contains(|c: char| c.is_ascii_digit())
        };
        self.lines(language).iter().filter(is_fit).cloned().collect()
    }

    /// The words of short quotations without digits.
    pub fn quotations(&self, language: Language) -> &[String] {
        &self.texts(language).quotations
    }

    fn texts(&self, language: Language) -> &Texts {
        match language {
            Language::English => &self.english,
            Language::Korean => &self.korean,
        }
    }
}

impl Texts {
    fn add(&mut self, line: &str) {
        self.lines.push(line.to_string());
        for span in quotations(line) {
            let words = line[span].trim_matches(['"', '“', '”']);
            let is_short = words.chars().count() < MAX_QUOTATION;
            if is_short && !words.contains(|c: char| c.is_ascii_digit()) {
                self.quotations.push(words.to_string());
            }
        }
    }
}

/// A name and its gloss, if the English text has the gloss: as many words of Hangul as the gloss
/// has.
fn glossed<'g>(hangul: &str, gloss: &'g str, english: &str) -> Option<(&'g str, String)> {
    let gloss = gloss.trim();
    let words: Vec<&str> = gloss.split(' ').collect();
    let hangul: Vec<&str> = hangul.split_whitespace().collect();
    let is_name = words.len() <= MAX_WORDS.min(hangul.len())
        && !words.iter().any(|word| NO_NAMES.contains(word))
        && gloss.contains(char::is_lowercase)
        && english.contains(gloss);
    let korean = hangul[hangul.len().saturating_sub(words.len())..].join(" ");
    (is_name && korean.chars().count() > 1).then_some((gloss, korean))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_glosses_that_the_other_text_has() {
        let pair = |english: &str, korean: &str| Parallel {
            english: english.into(),
            korean: korean.into(),
        };
        let files = [vec![pair(
            "Jane Colter met Orson at the Institute of Tides (ITS).",
            "기자 제인 콜터(Jane Colter)는 오슨 (Orson)을 조류 연구소(Institute of Tides)에서 만났다(Yesterday).",
        )]];
        let bank = Bank::new(&files);
        let names: Vec<_> =
            bank.names.iter().map(|n| (n.english.as_str(), n.korean.as_str())).collect();
        assert_eq!(names[..2], [("Jane Colter", "제인 콜터"), ("Orson", "오슨")]);
        assert!(!names.iter().any(|(english, _)| english.contains("Tides")));
    }
}
