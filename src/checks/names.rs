//! Names: in the output but not in the source, or the other way round, in any script.
//!
//! A name is compared by its letters within a language, and across scripts by its sound and a
//! gazetteer. Names are recognized by their form alone: nothing here knows persons or events.

mod across;
mod common_words;
mod english;
mod evidence;
mod gazetteer;
mod hangul;
mod sounds;
mod within;

pub(super) use gazetteer::usual;

use super::check::{Check, Example, FindingKind, OutputKind, Scope};
use super::comparison::Comparison;
use crate::finding::Finding;

/// In a translation, where the names of long texts are compared with too many words.
const ADDED: FindingKind = FindingKind::major("name_added").up_to_sentences(6);
const INVENTED: FindingKind = FindingKind::major("name_invented");
const LOST: FindingKind = FindingKind::major("name_lost").up_to_sentences(6);
const REPLACED: FindingKind = FindingKind::major("name_replaced");

const MISPLACED: FindingKind = FindingKind::major("name_misplaced");

pub(super) const CHECK: Check = Check {
    name: "names",
    describe: "names that are lost, replaced or invented, across scripts",
    kinds: &[ADDED, INVENTED, LOST, MISPLACED, REPLACED],
    scope: Scope::Article,
    examples: &[
        Example::found(
            INVENTED,
            "Defense Minister Han Seo-jin met Dale Whitcombe in Busan.",
            "In Busan, Han met Dale Whitmore.",
        )
        .summary(),
        Example::fine(
            "Defense Minister Han Seo-jin met Dale Whitcombe in Busan.",
            "In Busan, Minister Han met Dale Whitcombe.",
        )
        .summary(),
        Example::found(
            REPLACED,
            "The talks in Jakarta failed, said the envoy Dale Whitcombe.",
            "데일 휘트컴 특사는 나이로비 회담이 결렬됐다고 말했다.",
        ),
        Example::fine(
            "The talks in Jakarta failed, said the envoy Dale Whitcombe.",
            "데일 휘트컴 특사는 자카르타 회담이 결렬됐다고 말했다.",
        ),
        Example::found(
            LOST,
            "크리스티나 올베라(Cristina Olvera) 시장이 항구를 열었다.",
            "The mayor opened the port.",
        ),
        Example::found(ADDED, "시장은 집으로 돌아갔다.", "The mayor flew home to Helsinki."),
        Example::fine(
            "The mayor of Haemin thanked China and the UN.",
            "해민 시장은 중국과 유엔에 감사를 전했다.",
        ),
    ],
    run,
};

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    match comparison.english_and_korean() {
        Some((english, korean)) => across::findings(comparison, english, korean),
        None if comparison.pair.kind == OutputKind::Summary => within::findings(comparison),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{messages, run, summary};
    use super::*;

    const ARTICLE: &str = "U.S. Defense Secretary Dale Whitcombe met South Korea's defense minister, Han Seo-jin, in Busan. \"Yes,\" Han said.";

    #[test]
    fn names_of_the_article_in_another_order_or_form_are_no_finding() {
        for good in [
            "Whitcombe met South Korean Minister Han Seo-jin.",
            "Defense Minister Han met Secretary Dale Whitcombe.",
            "Yesterday Whitcombe met Han.",
            "In Busan, U. S. Defense Secretary Dale J. Whitcombe met Han.",
        ] {
            assert!(
                run(&CHECK, &summary(ARTICLE, good)).is_empty(),
                "{good} {:?}",
                run(&CHECK, &summary(ARTICLE, good))
            );
        }
    }

    #[test]
    fn a_name_the_article_does_not_have_is_found() {
        assert_eq!(
            messages(run(&CHECK, &summary(ARTICLE, "In Busan, Dale Whitmore met Han."))),
            ["'Whitmore' (in 'Dale Whitmore') appears in the summary but not in the article"]
        );
        assert_eq!(run(&CHECK, &summary(ARTICLE, "Han met him in Jeju City.")).len(), 1);
    }
}
