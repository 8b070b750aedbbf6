//! The table of boilerplate rules: kind, reason, lines that must match, similar lines of articles
//! that must not.

mod notices;
mod page;
mod rule;

pub(super) use rule::BoilerplateRule;

/// All rules. The first one that matches names a line's kind.
pub(super) fn rules() -> impl Iterator<Item = &'static BoilerplateRule> {
    page::RULES.iter().chain(notices::RULES)
}
