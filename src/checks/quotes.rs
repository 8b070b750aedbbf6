//! Quotations: words a summary puts between quotation marks must be in the article it summarises.

use super::{Check, Kind, Pair, excerpt};
use crate::document::Span;
use crate::finding::Finding;

const INVENTED: Kind = Kind::major("quotation_invented");

pub(super) const CHECK: Check = Check {
    name: "quotes",
    describe: "quotations that are not in the source",
    kinds: &[INVENTED],
    run,
};

/// More quoted parts are not looked at: each is sought in the whole article, and a summary holds a
/// few.
const MOST: usize = 100;

fn run(pair: &Pair<'_>) -> Vec<Finding> {
    if pair.from != pair.to {
        return Vec::new();
    }
    let (original, result) = pair.task.words();
    let source = fold(pair.source);
    let mut left = MOST;
    let mut is_strange = |part: String| {
        let looked_at = !part.is_empty() && left > 0;
        left -= usize::from(looked_at);
        looked_at && !source.contains(&part)
    };
    let invented = |quotation: &Span| parts(&pair.output[quotation.clone()]).any(&mut is_strange);
    let doubt = |place: Span| {
        let quotation = &pair.output[place.clone()];
        let message = format!(
            "\"{}\" is quoted in the {result} but not in the {original}",
            excerpt(quotation)
        );
        CHECK.doubt(INVENTED, message).in_output(place).value("quotation", quotation)
    };
    quotations(pair.output).into_iter().filter(invented).map(doubt).collect()
}

/// What stands between double quotation marks, curly or straight.
fn quotations(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let mut open = None;
    for (at, c) in text.char_indices() {
        match (c, open) {
            ('“', _) | ('"', None) => open = Some(at + c.len_utf8()),
            ('”' | '"', Some(start)) => {
                found.push(start..at);
                open = None;
            }
            // A quotation does not go on over a blank line; the mark was never closed.
            ('\n', Some(_)) if text[at + 1..].starts_with('\n') => open = None,
            _ => {}
        }
    }
    found
}

/// The quoted words, cut where the writer left words out or put some in: `"we … [the North] must"`.
fn parts(quotation: &str) -> impl Iterator<Item = String> {
    quotation
        .split("...")
        .flat_map(|part| part.split(['…', '[', ']']))
        .map(fold)
        .collect::<Vec<_>>()
        .into_iter()
}

/// Letters and digits in small letters: marks and spaces differ between an article and its summary.
fn fold(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{messages, summary, translation};
    use super::*;

    #[test]
    fn words_of_the_article_may_be_quoted_in_part_and_with_other_marks() {
        let article =
            "\"We will act, and the North must pay a price,\" Han said. He called it 'ironclad.'";
        for good in [
            "Han said “the North must pay a price.”",
            "The pledge is \"ironclad\".",
            "\"We … must pay\", he said.",
        ] {
            assert!(run(&summary(article, good)).is_empty(), "{good}");
        }
        assert!(run(&summary("그는 “걱정 말라”고 했다.", "그는 \"걱정말라\"고 했다.")).is_empty());
    }

    #[test]
    fn words_nobody_said_are_doubted() {
        let doubts = run(&summary("\"We will act,\" Han said.", "Han said \"we will attack\"."));
        assert_eq!(
            messages(doubts),
            ["\"we will attack\" is quoted in the summary but not in the article"]
        );
    }

    #[test]
    fn across_languages_quotations_are_not_compared() {
        assert!(run(&translation("\"Yes,\" he said.", "그는 \"네\"라고 했다.")).is_empty());
    }
}
