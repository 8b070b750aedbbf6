//! A rule: the lines of one kind of boilerplate.

use crate::formats::boilerplate::line::PageLine;

/// One kind of boilerplate.
#[cfg_attr(
    not(test),
    allow(dead_code, reason = "`reason`, `drops` and `keeps` are for readers and tests")
)]
pub(in crate::formats::boilerplate) struct BoilerplateRule {
    /// Kind of boilerplate, for the report.
    pub(in crate::formats::boilerplate) what: &'static str,
    /// Reason why such a line can be left out.
    pub(in crate::formats::boilerplate) reason: &'static str,
    /// True for a line of this kind.
    pub(in crate::formats::boilerplate) matches: fn(&PageLine) -> bool,
    /// Lines that must match.
    pub(in crate::formats::boilerplate) drops: &'static [&'static str],
    /// Similar lines of articles that must not match.
    pub(in crate::formats::boilerplate) keeps: &'static [&'static str],
}
