//! Form of a line: words and phrases twice.

use super::{Case, Changed, Seed};
use crate::eval::dice::Dice;

pub(super) const SEEDS: &[Seed] = &[
    Seed::line("word_doubled", |case, dice| doubled(case, dice, 1, 4)),
    Seed::line("phrase_doubled", |case, dice| doubled(case, dice, 4, 8)),
];

/// This many words in a row, twice.
fn doubled(case: &Case<'_>, dice: &mut Dice, length: usize, min_words: usize) -> Option<Changed> {
    let words: Vec<&str> = case.output.split_whitespace().collect();
    if words.len() < min_words {
        return None;
    }
    let start = dice.below(words.len() - length);
    let end = start + length;
    Some([&words[..end], &words[start..]].concat().join(" ").into())
}
