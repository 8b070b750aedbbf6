//! Sentences of a passage: left out, doubled, invented, not translated, in another order or
//! register.

use super::{Case, Changed, Seed, Unit};
use crate::eval::dice::Dice;
use crate::language::Language;

pub(super) const SEEDS: &[Seed] = &[
    Seed::new("sentence_dropped_of_2", Unit::Passage(2), dropped),
    Seed::new("sentence_dropped_of_3", Unit::Passage(3), dropped),
    Seed::new("sentence_dropped_of_5", Unit::Passage(5), dropped),
    Seed::new("sentence_dropped_of_10", Unit::Passage(10), dropped),
    Seed::new("sentence_replaced_of_5", Unit::Passage(5), replaced),
    Seed::new("sentence_doubled_of_3", Unit::Passage(3), doubled),
    Seed::new("sentence_doubled_of_10", Unit::Passage(10), doubled),
    Seed::new("sentence_untranslated_of_3", Unit::Passage(3), untranslated),
    Seed::new("sentence_untranslated_of_10", Unit::Passage(10), untranslated),
    Seed::new("sentence_invented_in_3", Unit::Passage(3), |case, dice| {
        invented(case, dice, case.bank.lines(case.to))
    }),
    Seed::new("sentence_invented_no_number", Unit::Passage(3), |case, dice| {
        invented(case, dice, &case.bank.without_digits(case.to))
    }),
    Seed::new("sentence_invented_in_10", Unit::Passage(10), |case, dice| {
        invented(case, dice, case.bank.lines(case.to))
    }),
    Seed::new("sentences_reordered", Unit::Passage(3), reordered),
    Seed::new("sentences_reordered_of_10", Unit::Passage(10), reordered),
    Seed::new("register_mixed_of_3", Unit::Passage(3), register),
];

fn dropped(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    let mut lines = case.outputs.to_vec();
    lines.remove(dice.below(lines.len()));
    Some(lines.join(" ").into())
}

fn doubled(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    let mut lines = case.outputs.to_vec();
    let at = dice.below(lines.len());
    lines.insert(at, lines[at]);
    Some(lines.join(" ").into())
}

fn untranslated(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    let mut lines = case.outputs.to_vec();
    let at = dice.below(lines.len());
    lines[at] = case.sources[at];
    Some(lines.join(" ").into())
}

/// A line of the bank stands at the end.
pub(super) fn invented(case: &Case<'_>, dice: &mut Dice, lines: &[String]) -> Option<Changed> {
    let line = dice.pick(lines)?;
    (!case.output.contains(&line)).then(|| format!("{} {line}", case.output).into())
}

/// A line of the bank stands in the place of a sentence.
fn replaced(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    let line = dice.pick(case.bank.lines(case.to))?;
    let mut lines = case.outputs.to_vec();
    let at = dice.below(lines.len());
    lines[at] = &line;
    (!case.output.contains(&line)).then(|| lines.join(" ").into())
}

/// Two neighbors change places.
fn reordered(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    let mut lines = case.outputs.to_vec();
    let at = if lines.len() == 3 { 0 } else { dice.below(lines.len() - 1) };
    lines.swap(at, at + 1);
    Some(lines.join(" ").into())
}

#[rustfmt::skip]
const POLITE: &[(&str, &str)] = &[
    ("했다", "했습니다"), ("한다", "합니다"), ("있다", "있습니다"), ("됐다", "됐습니다"), ("된다", "됩니다"),
    ("이다", "입니다"), ("었다", "었습니다"), ("았다", "았습니다"), ("였다", "였습니다"), ("졌다", "졌습니다"),
    ("렸다", "렸습니다"), ("없다", "없습니다"), ("않다", "않습니다"), ("혔다", "혔습니다"),
];

/// One sentence in the other register than the rest.
fn register(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    if case.to != Language::Korean {
        return None;
    }
    let body = |line: &str| line.trim_end().trim_end_matches(['.', '"', '”']).len();
    let is_polite = |line: &&str| line[..body(line)].ends_with("니다");
    let is_plain = |line: &&str| line[..body(line)].ends_with('다') && !is_polite(line);
    let (all_plain, all_polite) =
        (case.outputs.iter().all(is_plain), case.outputs.iter().all(is_polite));
    if !all_plain && !all_polite {
        return None;
    }
    let mut lines: Vec<String> = case.outputs.iter().map(|line| (*line).to_string()).collect();
    let at = dice.below(lines.len());
    let (sentence, marks) = lines[at].split_at(body(&lines[at]));
    let changed = POLITE.iter().find_map(|(plain, polite)| {
        let (old, new) = if all_plain { (plain, polite) } else { (polite, plain) };
        Some(format!("{}{new}{marks}", sentence.strip_suffix(old)?))
    })?;
    lines[at] = changed;
    Some(lines.join(" ").into())
}
