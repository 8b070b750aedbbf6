//! Words that are written the same in every language, left out: addresses, hashtags, capitals.

use std::sync::LazyLock;

use super::{Case, Changed, Seed};
use crate::eval::dice::Dice;
use crate::eval::spots::{Regex, pattern, replaced, spots, tidy};

pub(super) const SEEDS: &[Seed] = &[
    Seed::line("url_lost", |case, dice| lost(case, dice, URLS)),
    Seed::line("email_lost", |case, dice| lost(case, dice, EMAILS)),
    Seed::line("hashtag_lost", |case, dice| lost(case, dice, HASHTAGS)),
    Seed::line("capitals_lost", capitals),
];

const URLS: &[&str] = &[
    "https://www.haemin.example/news/2027",
    "www.port.example",
    "http://desk.example/articles?id=7#top",
];
const EMAILS: &[&str] = &["desk@haemin.example", "press.office@port.example"];
const HASHTAGS: &[&str] = &["#HaeminPort", "#Election2027", "#해민항"];

static CAPITALS: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:^|[^A-Za-z0-9])([A-Z]{3,})"));

/// The source ends with words in brackets that the output does not have.
fn lost(case: &Case<'_>, dice: &mut Dice, words: &[&str]) -> Option<Changed> {
    let kept = case.source.trim_end_matches(['.', '”', '"', ' ']);
    let end = &case.source[kept.len()..];
    let source = Some(format!("{kept} ({}){end}", dice.pick(words)?));
    Some(Changed { source, output: case.output.to_string() })
}

/// A word in capitals that stands in both texts is left out of the output.
fn capitals(case: &Case<'_>, dice: &mut Dice) -> Option<Changed> {
    let mut found = spots(case.output, &CAPITALS);
    found.retain(|span| case.source.contains(&case.output[span.clone()]));
    let span = dice.pick(&found)?;
    let word = &case.output[span.clone()];
    // With several, the word is not lost.
    (case.output.matches(word).count() == 1).then(|| tidy(&replaced(case.output, span, "")).into())
}
