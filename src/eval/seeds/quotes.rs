//! Quotations and brackets: left out, left open, with other words.

use std::ops::Range;

use super::{Case, Changed, Seed};
use crate::eval::dice::Dice;
use crate::eval::spots::{quotations, replaced, tidy};

pub(super) const SEEDS: &[Seed] = &[
    Seed::line("quote_dropped", dropped),
    Seed::line("quote_unclosed", unclosed),
    Seed::line("quote_marks_dropped", without_marks),
    Seed::line("quote_words_changed", words_changed),
    Seed::line("bracket_unclosed", bracket),
];

/// Spans of the opening mark, the words and the closing mark of a quotation.
fn split(text: &str, span: &Range<usize>) -> Option<[Range<usize>; 3]> {
    let quotation = &text[span.clone()];
    let open = span.start + quotation.chars().next()?.len_utf8();
    let close = span.end - quotation.chars().next_back()?.len_utf8();
    Some([span.start..open, open..close, close..span.end])
}

fn dropped(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    const MIN_REST: usize = 10;
    let span = dice.pick(&quotations(case.output))?;
    let rest = replaced(case.output, span, "");
    (rest.chars().count() > MIN_REST).then(|| tidy(&rest).into())
}

fn unclosed(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    let span = dice.pick(&quotations(case.output))?;
    let [_, _, close] = split(case.output, &span)?;
    Some(replaced(case.output, close, "").into())
}

fn without_marks(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    let span = dice.pick(&quotations(case.output))?;
    let [_, words, _] = split(case.output, &span)?;
    Some(replaced(case.output, span, &case.output[words]).into())
}

pub(super) fn words_changed(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    let span = dice.pick(&quotations(case.output))?;
    let [_, words, _] = split(case.output, &span)?;
    let others: Vec<&String> = case
        .bank
        .quotations(case.to)
        .iter()
        .filter(|other| {
            !case.output.contains(other.as_str()) && !case.source.contains(other.as_str())
        })
        .collect();
    Some(replaced(case.output, words, dice.pick(&others)?).into())
}

fn bracket(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    if !case.source.contains('(') {
        return None;
    }
    let found: Vec<usize> = case.output.match_indices(')').map(|(at, _)| at).collect();
    let at = dice.pick(&found)?;
    Some(replaced(case.output, at..at + 1, "").into())
}
