//! Gazetteer: names that are not written by their sound, such as 미국 for the United States.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::language::Language;

/// Names of territories, languages and cities from the Unicode CLDR, made by `data/make.py`.
const CLDR: &str = include_str!("data/cldr.tsv");
/// Names of organizations, peoples and places: English names, Korean names, both with `|`.
const EXONYMS: &str = include_str!("data/exonyms.tsv");

/// English names in lower case, and their Korean names.
static KOREAN: LazyLock<HashMap<String, Vec<&'static str>>> = LazyLock::new(|| {
    let mut table: HashMap<String, Vec<&'static str>> = HashMap::new();
    for line in CLDR.lines().chain(EXONYMS.lines()) {
        let Some((english, korean)) = line.split_once('\t') else { continue };
        for name in english.split('|') {
            let names = table.entry(name.to_lowercase()).or_default();
            // A language and its people share the name: 독일어, 독일.
            let stems = korean.split('|').map(|name| match name.strip_suffix('어') {
                Some(stem) if stem.chars().count() > 1 => stem,
                _ => name,
            });
            names.extend(stems);
        }
    }
    table
});

/// Korean names of an English name in lower case; empty if it is not known.
pub(super) fn korean(english: &str) -> &'static [&'static str] {
    KOREAN.get(english).map_or(&[], Vec::as_slice)
}

/// Korean names that are also other Korean words.
const AMBIGUOUS: &[&str] = &[
    "수단",
    "오만",
    "가나",
    "말리",
    "파리",
    "리가",
    "지구",
    "천왕",
    "남미",
    "의회",
    "국회",
    "하원",
    "상원",
    "민주",
    "공화",
    "보수",
    "노동",
    "정교",
    "정통",
    "감독",
    "주교",
    "감리",
    "공산",
    "무역",
    "보건",
    "서해",
    "동해",
    "만",
    "나치",
    "신교",
    "우리",
    "한식",
    "조선",
    "총리",
    "한자",
    "일어",
    "대한",
    "중의",
    "부처",
    "적십자",
    "경기",
    "개성",
    "대구",
    "시드",
    "서안",
    "황해",
    "대법",
    "국방부",
    "동양",
    "인도",
    "중앙",
    "기니",
    "나사",
    "유대",
    "인천",
    "연방법원",
    "아랍",
    "영문",
    "영미",
    "남측",
    "북측",
    "남북",
    "한미",
    "미중",
    "감리교",
    "교황",
    "청교",
    "석가",
    "성서",
    "중국어",
];

/// English names of a Korean name, in lower case; empty if it is not known or is another word, too.
pub(super) fn english(korean: &str) -> &'static [String] {
    static ENGLISH: LazyLock<HashMap<&'static str, Vec<String>>> = LazyLock::new(|| {
        let mut table: HashMap<&'static str, Vec<String>> = HashMap::new();
        for (english, names) in KOREAN.iter() {
            for name in names {
                if !AMBIGUOUS.contains(name) && name.chars().all(|c| ('가'..='힣').contains(&c)) {
                    table.entry(name).or_default().push(english.clone());
                }
            }
        }
        table
    });
    ENGLISH.get(korean).map_or(&[], Vec::as_slice)
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
