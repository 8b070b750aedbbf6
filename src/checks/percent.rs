//! Percent and percentage points: a share and a difference of shares are other quantities.

use super::check::{Check, Example, FindingKind, Scope};
use super::comparison::Comparison;
use super::units::changed;
use crate::finding::Finding;

const CHANGED: FindingKind = FindingKind::major("percent_changed");

pub(super) const CHECK: Check = Check {
    name: "percent",
    describe: "percent and percentage points confused",
    kinds: &[CHANGED],
    scope: Scope::Support,
    examples: &[
        Example::found(CHANGED, "Sales rose 12 percent.", "매출이 12%포인트 늘었다."),
        Example::found(CHANGED, "지지율이 3%포인트 올랐다.", "Support rose 3 percent."),
        Example::fine("Support rose 3 percentage points.", "지지율이 3%p 올랐다."),
        Example::fine("Sales rose 12 percent.", "매출이 12퍼센트 늘었다."),
    ],
    run,
};

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    changed(&CHECK, CHANGED, comparison, |own, other| {
        !own.is_currency() && !other.is_currency() && (own.is_share() || other.is_share())
    })
}
