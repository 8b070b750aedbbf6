//! Gazetteer: names that are not written by their sound, such as 미국 for the United States.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use crate::language::Language;

/// Names of territories, languages and cities from the Unicode CLDR, made by `data/make.py`.
const CLDR: &str = include_str!("data/cldr.tsv");
/// Names of organizations, peoples and places: English names, Korean names, and Korean words that
/// translate the English names, but are other words, too, or parts of words. `|` between them.
const EXONYMS: &str = include_str!("data/exonyms.tsv");

/// The two directions of the tables.
#[derive(Default)]
struct Tables {
    /// English names in lower case, and the Korean names and words for them.
    korean: HashMap<String, Vec<&'static str>>,
    /// Korean names, and the English names for them in lower case.
    english: HashMap<&'static str, Vec<String>>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let mut tables = Tables::default();
    let mut is_name = HashSet::new();
    for line in CLDR.lines().chain(EXONYMS.lines()) {
        let mut columns = line.split('\t').map(|column| {
            let names = column.split('|').filter(|name| !name.is_empty());
            // A language and its people share the name: 독일어, 독일.
            names.map(|name| match name.strip_suffix('어') {
                Some(stem) if stem.chars().count() > 1 => stem,
                _ => name,
            })
        });
        let Some(english) = columns.next() else { continue };
        let mut columns = columns.map(Iterator::collect::<Vec<_>>);
        let (names, words) = (columns.next().unwrap_or_default(), columns.next());
        for english in english.map(str::to_lowercase) {
            let all = || names.iter().chain(words.iter().flatten());
            for name in all() {
                tables.english.entry(name).or_default().push(english.clone());
            }
            tables.korean.entry(english).or_default().extend(all());
        }
        is_name.extend(names);
    }
    tables.english.retain(|name, _| is_name.contains(name) && !AMBIGUOUS.contains(name));
    tables
});

/// Korean names of an English name in lower case; empty if it is not known.
pub(super) fn korean(english: &str) -> &'static [&'static str] {
    TABLES.korean.get(english).map_or(&[], Vec::as_slice)
}

/// True if an English name in lower case has a Korean name that is no other word.
pub(super) fn is_distinct(english: &str) -> bool {
    korean(english).iter().any(|name| TABLES.english.contains_key(name))
}

/// Korean names that are also other Korean words.
#[rustfmt::skip]
const AMBIGUOUS: &[&str] = &[
    "수단", "오만", "가나", "말리", "파리", "리가", "인도", "기니", "중국어", "간다", "나소", "다카", "이도", "자바",
    "저지", "주노", "크리", "트위", "영어", "치타", "방기", "산고", "주앙", "코미", "다윈", "오크", "오랄", "살타",
    "트롤", "신디", "파머",
];

/// English names of a Korean name, in lower case; empty if it is not known or is another word, too.
pub(super) fn english(korean: &str) -> &'static [String] {
    TABLES.english.get(korean).map_or(&[], Vec::as_slice)
}

/// The usual name in `to` of a name in the other language; `None` if it is not known.
pub(in crate::checks) fn usual(name: &str, to: Language) -> Option<String> {
    match to {
        Language::Korean => {
            let is_whole = |name: &&&str| {
                name.chars().count() > 1 && name.chars().all(|c| ('가'..='힣').contains(&c))
            };
            korean(&name.to_lowercase()).iter().find(is_whole).map(|name| name.to_string())
        }
        Language::English => {
            let names = english(name).iter().filter(|name| !name.contains('.'));
            let longest = names.max_by_key(|name| (name.len(), std::cmp::Reverse(*name)))?;
            Some(capitalized(longest))
        }
    }
}

/// A name in lower case with capital initials: "United States of America".
fn capitalized(name: &str) -> String {
    let word = |word: &str| match word {
        "of" | "and" | "the" | "for" => word.to_string(),
        _ => {
            let mut letters = word.chars();
            let first = letters.next().map(|first| first.to_uppercase().to_string());
            first.unwrap_or_default() + letters.as_str()
        }
    };
    name.split(' ').map(word).collect::<Vec<_>>().join(" ")
}
