//! What the tools share.

use std::sync::Arc;

use malmoi::TaskOptions;

use super::models::Models;
use crate::audit::Audit;

/// What the tools share.
pub(crate) struct Toolbox {
    pub models: Models,
    /// Options of every task, which arguments change.
    pub options: TaskOptions,
    /// Where results are recorded, if they are.
    pub audit: Option<Arc<Audit>>,
    /// Limit on the characters of the texts of a call.
    pub characters: usize,
}
