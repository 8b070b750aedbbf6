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

#[cfg(test)]
mod tests {
    use super::super::pairs::{run, summary, translation};
    use super::*;

    #[test]
    fn percent_for_points_is_found_and_the_other_way_round() {
        for (source, output) in [
            ("Support fell by 4 percentage points.", "지지율이 4퍼센트 내렸다."),
            ("Support fell 1.5%.", "지지율이 1.5%p 내렸다."),
            ("Only one percent voted.", "1퍼센트포인트만 투표했다."),
            ("금리가 0.5%포인트 올랐다.", "The rate rose 0.5 per cent."),
            ("지분은 40%다.", "The stake is 40% points."),
        ] {
            assert_eq!(run(&CHECK, &translation(source, output)).len(), 1, "{source} {output}");
        }
        let article = "지지율은 3%포인트 오른 41%다.";
        assert_eq!(run(&CHECK, &summary(article, "지지율이 3% 올랐다.")).len(), 1);
        assert!(run(&CHECK, &summary(article, "지지율은 41%다.")).is_empty());
    }

    #[test]
    fn one_share_in_two_notations_is_right() {
        for (source, output) in [
            ("Between 20 and 30 percent agreed.", "20∼30%가 동의했다."),
            ("The rate rose 25 basis points.", "금리가 0.25%포인트 올랐다."),
            ("It scored 12 points.", "12포인트를 올렸다."),
            ("Ninety per cent agreed.", "90%가 동의했다."),
        ] {
            assert!(run(&CHECK, &translation(source, output)).is_empty(), "{source} {output}");
        }
    }
}
