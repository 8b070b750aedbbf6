//! The penalty of an answer: its doubts, weighted by their severity.

use crate::finding::{Finding, Severity};
use crate::job::Repair;

/// Doubts about an answer by severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Penalty {
    critical: usize,
    major: usize,
    minor: usize,
}

impl Penalty {
    pub fn of(doubts: &[Finding]) -> Self {
        let count = |severity| doubts.iter().filter(|doubt| doubt.severity == severity).count();
        Self {
            critical: count(Severity::Critical),
            major: count(Severity::Major),
            minor: count(Severity::Minor),
        }
    }

    /// The sum of the doubts, with the weights of MQM (<https://themqm.org>).
    pub fn weight(self) -> usize {
        25 * self.critical + 5 * self.major + self.minor
    }

    /// True if it is lower than another one, and not by more doubts of the severe kinds: many major
    /// doubts do not outweigh a critical one, nor many minor doubts a major one.
    pub fn improves(self, other: Self) -> bool {
        self.weight() < other.weight()
            && self.critical <= other.critical
            && self.critical + self.major <= other.critical + other.major
    }

    pub fn needs_repair(self, repair: Repair) -> bool {
        match repair {
            Repair::Off => false,
            Repair::Auto => self.critical + self.major > 0,
            Repair::All => self != Self::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_severe_doubts_are_better_and_never_more_of_them() {
        let penalty = |critical, major, minor| Penalty { critical, major, minor };
        assert!(penalty(0, 0, 3).improves(penalty(0, 1, 0)));
        assert!(penalty(0, 1, 0).improves(penalty(1, 0, 0)));
        assert!(!penalty(0, 2, 0).improves(penalty(1, 0, 0)), "more severe doubts than before");
        assert!(!penalty(0, 0, 6).improves(penalty(0, 1, 0)), "a heavier sum");
        assert!(!penalty(1, 0, 0).improves(penalty(0, 5, 5)));
        assert!(!penalty(0, 1, 0).improves(penalty(0, 1, 0)));
    }

    #[test]
    fn only_severe_doubts_need_repair_by_default() {
        let minor = Penalty { minor: 2, ..Penalty::default() };
        let major = Penalty { major: 1, ..Penalty::default() };
        assert!(major.needs_repair(Repair::Auto) && !minor.needs_repair(Repair::Auto));
        assert!(minor.needs_repair(Repair::All) && !Penalty::default().needs_repair(Repair::All));
        assert!(!major.needs_repair(Repair::Off));
    }
}
