//! Brackets: an opening bracket without its closing one, or the other way round.

use super::check::{Check, Example, FindingKind, Scope};
use super::comparison::Comparison;
use super::spans::{context, excerpt};
use crate::document::Span;
use crate::finding::Finding;

const UNPAIRED: FindingKind = FindingKind::minor("bracket_unpaired");

pub(super) const CHECK: Check = Check {
    name: "brackets",
    describe: "brackets without their counterpart",
    kinds: &[UNPAIRED],
    scope: Scope::Article,
    examples: &[
        Example::found(
            UNPAIRED,
            "The Haemin Port Authority (HPA) reopened it.",
            "해민항만공사(HPA가 다시 열었다.",
        ),
        Example::found(
            UNPAIRED,
            "해민항만공사(HPA)가 다시 열었다.",
            "The Haemin Port Authority HPA) reopened it.",
        ),
        Example::fine(
            "The Haemin Port Authority (HPA) reopened it.",
            "해민항만공사(HPA)가 다시 열었다.",
        ),
        Example::fine("1) Cost 2) Time (in days)", "1) 비용 2) 시간(일)"),
    ],
    run,
};

/// Brackets that enclose something, by kind. Angle brackets are also signs of comparison.
const PAIRS: &[(char, char)] =
    &[('(', ')'), ('[', ']'), ('{', '}'), ('《', '》'), ('〈', '〉'), ('【', '】')];

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let pair = comparison.pair;
    if !unpaired(pair.source).is_empty() {
        return Vec::new();
    }
    let mut unpaired = unpaired(pair.output);
    unpaired.truncate(1);
    let finding = |place: Span| {
        let words = excerpt(&pair.output[context(pair.output, place.clone())]);
        let message = format!("a bracket has no counterpart: '{words}'");
        CHECK.finding(UNPAIRED, message, format!("짝이 없는 괄호: '{words}'")).in_output(place)
    };
    unpaired.into_iter().map(finding).collect()
}

/// Positions of brackets without their counterparts, in order.
fn unpaired(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    for (opening, closing) in PAIRS {
        let mut open: Vec<Span> = Vec::new();
        for (at, c) in text.char_indices() {
            let place = at..at + c.len_utf8();
            let c = narrow(c);
            if c == *opening {
                open.push(place);
            } else if c == *closing && open.pop().is_none() && !is_item_or_face(&text[..at]) {
                found.push(place);
            }
        }
        found.extend(open.into_iter().filter(|place| !is_face(&text[..place.start])));
    }
    found.sort_by_key(|place| place.start);
    found
}

/// The ASCII bracket for a wide one.
fn narrow(c: char) -> char {
    match c {
        '（' => '(',
        '）' => ')',
        '［' => '[',
        '］' => ']',
        '｛' => '{',
        '｝' => '}',
        other => other,
    }
}

/// True if the text before a closing bracket is the number of an item, "1)" or "a)", or the eyes of
/// a face.
fn is_item_or_face(before: &str) -> bool {
    const MAX_DIGITS: usize = 3;
    let mut word = before.chars().rev().take_while(|c| !c.is_whitespace()).take(MAX_DIGITS + 1);
    let is_item = match (word.next(), word.next(), word.next(), word.next()) {
        (Some(c), None, _, _) => c.is_alphanumeric(),
        (Some(last), Some(middle), first, None) => {
            [Some(last), Some(middle), first].into_iter().flatten().all(|c| c.is_ascii_digit())
        }
        _ => false,
    };
    is_item || is_face(before)
}

/// True if the text before a bracket ends with the eyes of a face: ":(", ";-)".
fn is_face(before: &str) -> bool {
    before.ends_with([':', ';', '^']) || before.ends_with(":-") || before.ends_with(";-")
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{messages, run, summary, translation};
    use super::*;

    #[test]
    fn the_place_of_the_bracket_is_shown() {
        let output = "한서진(Han Seo-jin 장관이 다시 열었다.";
        let found = run(&CHECK, &translation("Minister Han Seo-jin (48) reopened it.", output));
        assert_eq!(found[0].output.unwrap().of(output), Some("("));
        assert_eq!(messages(found)[0], "a bracket has no counterpart: '한서진(Han Seo-jin'");
    }

    #[test]
    fn wide_and_narrow_brackets_are_counterparts_and_faces_are_left_alone() {
        for good in ["해민항(HPA）이 열렸다.", "좋다 :) 정말 :(", "가) 항구 나) 공항", "^) [1]"]
        {
            assert!(run(&CHECK, &translation("It is fine.", good)).is_empty(), "{good}");
        }
    }

    #[test]
    fn a_bracket_that_the_source_left_open_is_excused() {
        let pair = translation("The port (see below reopened.", "항구(아래 참조가 열렸다.");
        assert!(run(&CHECK, &pair).is_empty());
        assert_eq!(run(&CHECK, &summary("It is open.", "It is [open.")).len(), 1);
    }
}
