//! How a command ended.

/// How a command ended. A command that could not do its work returns an error instead.
pub(crate) enum Exit {
    Done,
    /// Done, but `--strict` found something.
    Doubtful,
    /// Stopped by the user; the same command continues the work.
    Stopped,
}
