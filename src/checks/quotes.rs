//! Quotations: those of a summary must be in its article; those of a source must be quotations in
//! its translation, with both of their marks and as long as usual.

mod kinds;
mod translated;

use kinds::{CHANGED, INVENTED, LOST, NAME, UNPAIRED, finding};

use super::check::{Check, Example, OutputKind, Scope};
use super::comparison::Comparison;
use super::quotations::QuoteStyle;
use super::spans::excerpt;
use crate::finding::Finding;

pub(super) const CHECK: Check = Check {
    name: NAME,
    describe: "quotations that are invented, lost or changed, and marks without a counterpart",
    kinds: &[INVENTED, LOST, CHANGED, UNPAIRED],
    scope: Scope::Article,
    examples: &[
        Example::found(INVENTED, "\"We will act,\" Han said.", "Han said \"we will attack\".")
            .summary(),
        Example::found(
            LOST,
            "\"The port stays closed until Monday,\" Han said.",
            "한서진은 항구를 월요일까지 닫아 둔다고 말했다.",
        ),
        Example::found(
            CHANGED,
            "\"We are ready for the storm and for whatever comes after it,\" Han said on Monday.",
            "한서진은 월요일에 \"좋다.\"라고 말했다.",
        ),
        Example::found(UNPAIRED, "\"We are ready,\" Han said.", "한서진은 \"준비됐다고 말했다."),
        Example::fine("\"We will act,\" Han said.", "\"We will act\", said Han.").summary(),
        Example::fine("\"We,\" Han said, \"will act.\"", "한서진은 ‘행동하겠다’고 말했다."),
    ],
    run,
};

/// Upper bound on the quoted parts that are compared: each is searched for in the whole article.
const MAX_PARTS: usize = 100;

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let pair = comparison.pair;
    if pair.kind == OutputKind::Translation {
        return translated::findings(comparison);
    }
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
    let quotations = comparison.output.quotations().outer();
    for quoted in quotations.iter().filter(|quoted| quoted.style == QuoteStyle::Double) {
        let span = quoted.words.clone();
        let quotation = &pair.output[span.clone()];
        if parts(quotation).any(&mut is_invented) {
            let quoted = excerpt(quotation);
            let message = format!(
                "'{quoted}' is quoted in the {result} but does not appear in the {original}"
            );
            let korean = format!("{original_ko}에 없는 인용: '{quoted}'");
            let invented = finding(INVENTED, message, korean);
            findings.push(invented.in_output(span).value("quotation", quotation));
        }
    }
    findings
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
    use super::super::pairs::{messages, run, summary};
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
}
