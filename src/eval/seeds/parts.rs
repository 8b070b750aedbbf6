//! Parts of a line: cut off at its end, or left in the language of the source.

use std::sync::LazyLock;

use super::{Case, Changed, Seed};
use crate::eval::dice::Dice;
use crate::eval::spots::{Regex, pattern, replaced, spots};
use crate::language::Language;

pub(super) const SEEDS: &[Seed] = &[
    Seed::line("last_third_cut", |case, _| cut(case, 2, 3)),
    Seed::line("second_half_cut", |case, _| cut(case, 1, 2)),
    Seed::line("untranslated_clause", untranslated_clause),
    Seed::line("untranslated_word", untranslated_word),
];

/// True if the source is long enough for a part of it to be missed.
fn is_long(case: &Case<'_>) -> bool {
    let shortest = match case.to {
        Language::Korean => 60,
        Language::English => 40,
    };
    case.source.chars().count() >= shortest
}

static LATIN_WORD: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b([a-z]{5,})\b"));
static HANGUL_WORD: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?:^|[^가-힣(])([가-힣]{3,})(?:[^가-힣]|$)"));

/// The output up to a fraction of its characters.
fn cut(case: &Case<'_>, numerator: usize, denominator: usize) -> Option<Changed> {
    if !is_long(case) {
        return None;
    }
    let kept = case.output.chars().count() * numerator / denominator;
    let text: String = case.output.chars().take(kept).collect();
    Some(text.trim_end().to_string().into())
}

/// A third of the output's words is a third of the source's instead.
fn untranslated_clause(case: &Case<'_>, _: &mut Dice) -> Option<Changed> {
    let source: Vec<&str> = case.source.split_whitespace().collect();
    let output: Vec<&str> = case.output.split_whitespace().collect();
    if !is_long(case) || source.len() < 8 || output.len() < 6 {
        return None;
    }
    let (left, replaced) = ((source.len() / 3).max(3), (output.len() / 3).max(2));
    let words = match case.to {
        Language::Korean => [&source[..left], &output[replaced..]].concat(),
        Language::English => {
            [&output[..output.len() - replaced], &source[source.len() - left..]].concat()
        }
    };
    Some(words.join(" ").into())
}

/// One word of the output is a word of the source instead.
fn untranslated_word(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    let (of_source, of_output) = match case.to {
        Language::Korean => (&LATIN_WORD, &HANGUL_WORD),
        Language::English => (&HANGUL_WORD, &LATIN_WORD),
    };
    let mut words: Vec<&str> =
        spots(case.source, of_source).into_iter().map(|span| &case.source[span]).collect();
    words.retain(|word| !case.output.contains(word));
    let word = dice.pick(&words)?;
    let span = dice.pick(&spots(case.output, of_output))?;
    Some(replaced(case.output, span, word).into())
}
