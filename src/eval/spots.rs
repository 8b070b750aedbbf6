//! Places of a text where an error can be seeded.

use std::ops::Range;
use std::sync::LazyLock;

pub(super) use regex::Regex;

/// A pattern of this program's own, which is well-formed.
pub(super) fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the patterns of seeds are well-formed, which a test holds")
}

/// Spans of the first group of a pattern, from left to right. What the pattern reads around the
/// group may overlap.
pub(super) fn spots(text: &str, pattern: &Regex) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(group) =
        pattern.captures_at(text, at).and_then(|groups| groups.get(1)).filter(|g| !g.is_empty())
    {
        found.push(group.range());
        at = group.end();
    }
    found
}

static QUOTED: LazyLock<Regex> = LazyLock::new(|| pattern("([“\"][^“”\"]{6,}[”\"])"));

/// Quotations with their marks.
pub(super) fn quotations(text: &str) -> Vec<Range<usize>> {
    spots(text, &QUOTED)
}

/// The replacements of a table of words, where its words stand.
pub(super) fn words(text: &str, table: &[(&str, &str)]) -> Vec<(Range<usize>, String)> {
    table.iter().flat_map(|(word, new)| places(text, word, new)).collect()
}

/// The replacements of a table of words, where its words stand as whole words in Latin script.
pub(super) fn whole_words(text: &str, table: &[(&str, &str)]) -> Vec<(Range<usize>, String)> {
    let mut found = words(text, table);
    found.retain(|(span, _)| is_whole(text, span));
    found
}

fn places<'t>(
    text: &'t str,
    word: &'t str,
    new: &'t str,
) -> impl Iterator<Item = (Range<usize>, String)> + 't {
    text.match_indices(word).map(move |(at, _)| (at..at + word.len(), new.to_string()))
}

/// True if no letter or digit stands beside the span.
pub(super) fn is_whole(text: &str, span: &Range<usize>) -> bool {
    let before = text[..span.start].chars().next_back();
    let after = text[span.end..].chars().next();
    !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
}

/// The text with other words in a span.
pub(super) fn replaced(text: &str, span: Range<usize>, new: &str) -> String {
    format!("{}{new}{}", &text[..span.start], &text[span.end..])
}

/// The text with single spaces.
pub(super) fn tidy(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
