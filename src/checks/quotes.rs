//! Quotations: words between quotation marks in a summary must be in its article.

use super::check::{Check, Example, FindingKind, Scope};
use super::comparison::Comparison;
use super::spans::excerpt;
use crate::document::Span;
use crate::finding::Finding;

const INVENTED: FindingKind = FindingKind::major("quotation_invented");

pub(super) const CHECK: Check = Check {
    name: "quotes",
    describe: "quotations that are not in the source",
    kinds: &[INVENTED],
    scope: Scope::Article,
    examples: &[
        Example::found(INVENTED, "\"We will act,\" Han said.", "Han said \"we will attack\".")
            .summary(),
        Example::fine("\"We will act,\" Han said.", "\"We will act\", said Han.").summary(),
    ],
    run,
};

/// Upper bound on the quoted parts that are compared: each is searched for in the whole article.
const MAX_PARTS: usize = 100;

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let pair = comparison.pair;
    if pair.from != pair.to {
        return Vec::new();
    }
    let (original, result) = pair.kind.words();
    let (original_ko, _) = pair.kind.korean_words();
    let source = fold(pair.source);
    let mut left = MAX_PARTS;
    let mut is_invented = |part: String| {
        let is_compared = !part.is_empty() && left > 0;
        left -= usize::from(is_compared);
        is_compared && !source.contains(&part)
    };
    let mut findings = Vec::new();
    for span in quotations(pair.output) {
        let quotation = &pair.output[span.clone()];
        if parts(quotation).any(&mut is_invented) {
            let quoted = excerpt(quotation);
            let message = format!(
                "'{quoted}' is quoted in the {result} but does not appear in the {original}"
            );
            let korean = format!("{original_ko}에 없는 인용: '{quoted}'");
            let finding = CHECK.finding(INVENTED, message, korean);
            findings.push(finding.in_output(span).value("quotation", quotation));
        }
    }
    findings
}

/// Spans between double quotation marks, curly or straight.
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
            // A quotation ends at a blank line: its closing mark is missing.
            ('\n', Some(_)) if text[at + 1..].starts_with('\n') => open = None,
            _ => {}
        }
    }
    found
}

/// The quoted words, cut at omissions and insertions of the writer: `"we … [the North] must"`.
fn parts(quotation: &str) -> impl Iterator<Item = String> {
    quotation
        .split("...")
        .flat_map(|part| part.split(['…', '[', ']']))
        .map(fold)
        .collect::<Vec<_>>()
        .into_iter()
}

/// Letters and digits in lower case: punctuation and spaces may differ.
fn fold(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{messages, run, summary, translation};
    use super::*;

    #[test]
    fn words_of_the_article_may_be_quoted_in_part_and_with_other_punctuation() {
        let article =
            "\"We will act, and the North must pay a price,\" Han said. He called it 'ironclad.'";
        for good in [
            "Han said “the North must pay a price.”",
            "The pledge is \"ironclad\".",
            "\"We … must pay\", he said.",
        ] {
            assert!(run(&CHECK, &summary(article, good)).is_empty(), "{good}");
        }
        assert!(
            run(&CHECK, &summary("그는 “걱정 말라”고 했다.", "그는 \"걱정말라\"고 했다."))
                .is_empty()
        );
    }

    #[test]
    fn invented_quotations_are_found() {
        let findings =
            run(&CHECK, &summary("\"We will act,\" Han said.", "Han said \"we will attack\"."));
        assert_eq!(
            messages(findings),
            ["'we will attack' is quoted in the summary but does not appear in the article"]
        );
    }

    #[test]
    fn across_languages_quotations_are_not_compared() {
        assert!(run(&CHECK, &translation("\"Yes,\" he said.", "그는 \"네\"라고 했다.")).is_empty());
    }
}
