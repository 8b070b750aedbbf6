//! The table of boilerplate rules: kind, reason, lines that must match, similar lines of articles
//! that must not.

mod notices;
mod page;

use super::line::PageLine;

/// One kind of boilerplate.
#[cfg_attr(
    not(test),
    allow(dead_code, reason = "`reason`, `drops` and `keeps` are for readers and tests")
)]
pub(super) struct BoilerplateRule {
    /// Kind of boilerplate, for the report.
    pub(super) what: &'static str,
    /// Reason why such a line can be left out.
    pub(super) reason: &'static str,
    /// True for a line of this kind.
    pub(super) matches: fn(&PageLine) -> bool,
    /// Lines that must match.
    pub(super) drops: &'static [&'static str],
    /// Similar lines of articles that must not match.
    pub(super) keeps: &'static [&'static str],
}

/// All rules. The first one that matches names a line's kind.
pub(super) fn rules() -> impl Iterator<Item = &'static BoilerplateRule> {
    page::RULES.iter().chain(notices::RULES)
}
