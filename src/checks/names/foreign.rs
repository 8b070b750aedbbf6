//! Korean words that sound like foreign names: by the syllables of many names and other words, and
//! without loanwords, which sound the same. Knows no single name.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::common_words::front_coded;

/// Weights of syllables, trained by `data/make_korean.py` to tell foreign names from other words:
/// lines of a place, a weight and the syllables that have it.
const SYLLABLES: &str = include_str!("data/syllables.tsv");

/// Loanwords and other words that sound foreign, without compounds that begin with one.
static LOANWORDS: LazyLock<HashSet<String>> =
    LazyLock::new(|| front_coded(include_str!("data/loanwords.txt")).collect());

#[derive(Default)]
struct Weights {
    constant: f32,
    first: HashMap<char, f32>,
    later: HashMap<char, f32>,
}

static WEIGHTS: LazyLock<Weights> = LazyLock::new(|| {
    let mut weights = Weights::default();
    for line in SYLLABLES.lines() {
        let mut columns = line.split('\t');
        let place = columns.next().unwrap_or_default();
        let weight = columns.next().and_then(|weight| weight.parse().ok()).unwrap_or_default();
        let syllables = columns.next().unwrap_or_default().chars();
        let weighted = syllables.map(|syllable| (syllable, weight));
        match place {
            "constant" => weights.constant = weight,
            "first" => weights.first.extend(weighted),
            _ => weights.later.extend(weighted),
        }
    }
    weights
});

/// Most syllables of a word that is judged.
const LONGEST: usize = 9;

/// How much a word in Hangul sounds like a foreign name, as the logarithm of the odds; below 0 for
/// loanwords and for words that are too short or too long.
pub(super) fn foreignness(word: &str) -> f32 {
    const SHORTEST: usize = 2;
    let length = word.chars().count();
    if !(SHORTEST..=LONGEST).contains(&length) || is_loanword(word) {
        return f32::NEG_INFINITY;
    }
    let of = |(at, syllable): (usize, char)| {
        let table = if at == 0 { &WEIGHTS.first } else { &WEIGHTS.later };
        table.get(&syllable).copied().unwrap_or_default()
    };
    WEIGHTS.constant + word.chars().enumerate().map(of).sum::<f32>()
}

/// True for a loanword, alone or at the beginning of a compound.
fn is_loanword(word: &str) -> bool {
    /// Fewest syllables of a loanword that begins compounds, and of the rest.
    const LONG: usize = 3;
    const REST: usize = 2;
    let ends: Vec<usize> = word.char_indices().map(|(at, _)| at).collect();
    let ends = ends.iter().take((ends.len() + 1).saturating_sub(REST)).skip(LONG);
    LOANWORDS.contains(word) || ends.into_iter().any(|end| LOANWORDS.contains(&word[..*end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_names_are_told_from_korean_words_and_loanwords() {
        const LIMIT: f32 = 2.0;
        for name in ["코스텔로", "클린턴", "나이로비", "헬싱키", "자카르타", "맥도널드"]
        {
            assert!(foreignness(name) > LIMIT, "{name} {}", foreignness(name));
        }
        for word in ["증언했", "국방부", "그녀", "시스템", "디자이너", "했으며", "문재인", "서진"]
        {
            assert!(foreignness(word) < LIMIT, "{word} {}", foreignness(word));
        }
    }

    #[test]
    fn words_of_any_length_are_judged() {
        assert!(foreignness("").is_infinite() && foreignness("나").is_infinite());
        assert!(foreignness(&"나이로비".repeat(9)).is_infinite());
        assert!(foreignness("디자이너그룹").is_infinite());
    }
}
