//! What can go wrong, as data. Says which object failed and why; advice to the person at the
//! keyboard is the binary's.
//!
//! Knows no terminal and no engine type: a foreign cause is kept boxed as `source`, so that it
//! stays out of the public API.

use std::path::{Path, PathBuf};

/// A cause that belongs to another library.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something could not be done.
///
/// A strange translation is not an error but a [`Finding`](crate::Finding); something absent is an
/// `Option`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    // === Files and input ===
    /// A path the user named does not exist.
    #[error("{} does not exist", path.display())]
    NotFound {
        /// The path as given.
        path: PathBuf,
    },
    /// The operating system refused something.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was being done, as a verb: "read", "write", "rename".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// An input that cannot be read.
    #[error("{name} {fault}")]
    UnreadableInput {
        /// The file's name, or "standard input".
        name: String,
        /// The reason, shown as a predicate of the name.
        fault: InputFault,
    },
    /// Several articles where one was asked for.
    #[error("{name} is {what}, not an article")]
    SeveralArticles {
        /// The input's name.
        name: String,
        /// The format, in half a line.
        what: &'static str,
        /// A feed, and not an archive of records.
        is_feed: bool,
    },
    /// A language this project does not work in.
    #[error("`{given}` is not a language malmoi works in")]
    UnknownLanguage {
        /// What was asked for.
        given: String,
    },
    /// A text in a language this project does not work in.
    #[error("the text seems to be in {seems}; malmoi reads English and Korean")]
    ForeignText {
        /// The language's English name, or "another language".
        seems: String,
    },
    /// A translation into the language the text is already in.
    #[error("the text is already in {language}")]
    SameLanguage {
        /// The English name of that language.
        language: &'static str,
    },

    // === Checkpoints ===
    /// A model file or folder that does not say what its format requires.
    #[error("{}: {reason}", file.display())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A tensor the architecture needs is not in the checkpoint, or has another shape.
    #[error("tensor `{name}` {reason} ({})", file.display())]
    Tensor {
        /// The tensor's name in the checkpoint.
        name: String,
        /// The checkpoint.
        file: PathBuf,
        /// "is missing", "has shape [2, 3], expected [3, 3]".
        reason: String,
    },
    /// An architecture, or a mechanism of one, that is not implemented.
    #[error("{what} is not supported ({}); supported: {supported}", file.display())]
    Unsupported {
        /// The mechanism: "architecture `foo`", "rope scaling `bar`".
        what: String,
        /// The file that asks for it.
        file: PathBuf,
        /// What could stand there instead.
        supported: String,
    },
    /// The checkpoint does not say which token ends a text, so that nothing could stop it.
    #[error("{} names no end token (eos_token_id)", file.display())]
    NoEndToken {
        /// The checkpoint.
        file: PathBuf,
    },
    /// More memory would be needed than this machine has free.
    #[error("{} needs about {needed} MB of memory, {available} MB are free", file.display())]
    TooBig {
        /// The checkpoint.
        file: PathBuf,
        /// Megabytes (10^6 bytes) of weights and cache.
        needed: u64,
        /// Megabytes the system says it can give.
        available: u64,
    },
    /// A text too long for the model where it cannot be split.
    #[error("{what} takes {needed} tokens, the model's window is {window}")]
    TooLong {
        /// What was too long: "the prompt", "the glossary".
        what: String,
        /// Tokens it takes.
        needed: usize,
        /// Tokens there is room for.
        window: usize,
    },

    /// A model that reasons before it answers, and did not come to an answer.
    #[error("{model} gave no answer: it was still reasoning after {tokens} tokens")]
    NoAnswer {
        /// The model's name.
        model: String,
        /// Tokens it wrote.
        tokens: usize,
    },

    // === Prompts ===
    /// A prompt or chat template that does not exist, parse or render.
    #[error("prompt `{name}`: {reason}")]
    Prompt {
        /// The prompt's name or file.
        name: String,
        /// What is wrong.
        reason: String,
    },

    // === Models on disk and elsewhere ===
    /// A model could not be found, fetched or verified.
    #[error(transparent)]
    Store(#[from] crate::store::error::StoreError),

    // === Batches ===
    /// A batch cannot go on.
    #[error(transparent)]
    Batch(#[from] crate::batch::error::BatchError),

    // === The engine ===
    /// The numerical engine failed.
    #[error("the engine failed: {0}")]
    Engine(#[source] Cause),
    /// The script of a scripted model told it to fail.
    #[error("{0}")]
    Scripted(String),
    /// A request was not done by its deadline.
    #[error("it was not done in time: {seconds:.0} s had passed")]
    OutOfTime {
        /// Seconds from the request's start to its end.
        seconds: f64,
    },
    /// The consumer went away; nothing more was computed.
    #[error("cancelled")]
    Cancelled,
}

impl Error {
    /// Wraps a system error, telling apart the one case users meet daily: the path does not exist.
    pub fn io(action: &'static str, path: impl AsRef<Path>, source: std::io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        match source.kind() {
            std::io::ErrorKind::NotFound => Self::NotFound { path },
            _ => Self::Io { action, path, source },
        }
    }

    /// A model file that does not say what it must.
    pub fn malformed(file: impl AsRef<Path>, reason: impl Into<String>) -> Self {
        Self::Malformed { file: file.as_ref().to_path_buf(), reason: reason.into() }
    }

    /// An input that cannot be read.
    pub fn unreadable(name: impl Into<String>, fault: impl Into<InputFault>) -> Self {
        Self::UnreadableInput { name: name.into(), fault: fault.into() }
    }

    /// A prompt that cannot be used.
    pub fn prompt(name: impl Into<String>, reason: impl ToString) -> Self {
        Self::Prompt { name: name.into(), reason: reason.to_string() }
    }
}

/// Why an input cannot be read: a predicate, to be shown after the name of the input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InputFault {
    /// It has no text.
    #[error("is empty")]
    Empty,
    /// It is binary, or its encoding is not known.
    #[error("is not text{0}")]
    NotText(String),
    /// Anything else, as a predicate: "has no tab on line 3".
    #[error("{0}")]
    Other(String),
}

impl InputFault {
    /// Not text, for this reason.
    pub(crate) fn not_text(reason: impl std::fmt::Display) -> Self {
        Self::NotText(format!(": {reason}"))
    }
}

impl From<String> for InputFault {
    fn from(predicate: String) -> Self {
        Self::Other(predicate)
    }
}

impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Self {
        Self::Engine(Box::new(error))
    }
}
