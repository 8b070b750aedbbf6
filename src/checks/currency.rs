//! Currencies: an amount in another currency, and a currency that the source does not mention.

use super::check::{Check, Example, FindingKind, Scope};
use super::comparison::Comparison;
use super::units::changed;
use crate::finding::Finding;

const CHANGED: FindingKind = FindingKind::major("currency_changed");

pub(super) const CHECK: Check = Check {
    name: "currency",
    describe: "amounts in another currency",
    kinds: &[CHANGED],
    scope: Scope::Support,
    examples: &[
        Example::found(
            CHANGED,
            "The bridge cost $12 million.",
            "다리 건설에 1천200만 유로가 들었다.",
        ),
        Example::found(CHANGED, "표값은 5천원이다.", "A ticket costs 5,000 yen."),
        Example::fine("The bridge cost $12 million.", "다리 건설에 1천200만 달러가 들었다."),
        Example::fine("The port earned £3m.", "항구는 300만 파운드를 벌었다."),
    ],
    run,
};

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    changed(&CHECK, CHANGED, comparison, |own, other| own.is_currency() || other.is_currency())
}
