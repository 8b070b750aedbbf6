//! What the tools share.

use malmoi::TaskOptions;

use super::models::Models;

/// What the tools share.
pub(crate) struct Toolbox {
    pub models: Models,
    /// Options of every task, which arguments change.
    pub options: TaskOptions,
    /// Limit on the characters of the texts of a call.
    pub characters: usize,
}
