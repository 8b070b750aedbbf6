//! Errors as data: the object that failed and the reason. Advice is in the binary.
//!
//! Knows no terminal and no engine type: causes from other libraries are boxed, so that they stay
//! out of the public API. The errors of batches and of the store are leaf modules without imports.

use std::path::{Path, PathBuf};

/// A cause from another library.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The result type of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The error type of this crate.
///
/// A doubtful translation is a [`Finding`](crate::Finding), not an error.
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
    /// The operating system refused an operation.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// The operation as a verb: "read", "write", "rename".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The reason of the system.
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
    /// Several articles in the input of a command for one.
    #[error("{name} is {what}, not an article")]
    SeveralArticles {
        /// The input's name.
        name: String,
        /// The format in a few words.
        what: &'static str,
        /// True for a feed, false for an archive of records.
        is_feed: bool,
    },
    /// A language that malmoi does not support.
    #[error("`{given}` is not a language malmoi works in")]
    UnknownLanguage {
        /// The requested language.
        given: String,
    },
    /// A text in a language that malmoi does not support.
    #[error("the text seems to be in {seems}; malmoi reads English and Korean")]
    ForeignText {
        /// English name of the language, or "another language".
        seems: String,
    },
    /// A translation into the language the text is already in.
    #[error("the text is already in {language}")]
    SameLanguage {
        /// English name of that language.
        language: &'static str,
    },
    /// A text with orders to a language model, where such texts are refused.
    #[error("the text has {count} order{} to a language model: '{first}'", if *count == 1 { "" } else { "s" })]
    Orders {
        /// Number of the orders.
        count: usize,
        /// Words of the first one.
        first: String,
    },

    // === Checkpoints ===
    /// A model file or folder that violates its format.
    #[error("{}: {reason}", file.display())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// The violation.
        reason: String,
    },
    /// A tensor that the architecture needs is missing or has another shape.
    #[error("tensor `{name}` {reason} ({})", file.display())]
    Tensor {
        /// Name of the tensor in the checkpoint.
        name: String,
        /// The checkpoint.
        file: PathBuf,
        /// The reason as a predicate: "is missing", "has shape [2, 3], expected [3, 3]".
        reason: String,
    },
    /// An architecture, or a part of one, that is not implemented.
    #[error("{what} is not supported ({}); supported: {supported}", file.display())]
    Unsupported {
        /// The missing part: "architecture `foo`", "rope scaling `bar`".
        what: String,
        /// The file that needs it.
        file: PathBuf,
        /// The supported alternatives.
        supported: String,
    },
    /// The checkpoint names no token that ends a text: generation would not stop.
    #[error("{} names no end token (eos_token_id)", file.display())]
    NoEndToken {
        /// The checkpoint.
        file: PathBuf,
    },
    /// The model needs more memory than the machine has free.
    #[error("{} needs about {needed} MB of memory, {available} MB are free", file.display())]
    TooBig {
        /// The checkpoint.
        file: PathBuf,
        /// Weights and KV cache in megabytes (10^6 bytes).
        needed: u64,
        /// Free memory in megabytes.
        available: u64,
    },
    /// A text that is too long for the model and cannot be split.
    #[error("{what} takes {needed} tokens, the model's window is {window}")]
    TooLong {
        /// The text: "the prompt", "the glossary".
        what: String,
        /// Its tokens.
        needed: usize,
        /// Upper bound on its tokens.
        window: usize,
    },
    /// A reasoning model that did not come to an answer.
    #[error("{model} gave no answer: it was still reasoning after {tokens} tokens")]
    NoAnswer {
        /// Name of the model.
        model: String,
        /// Tokens it generated.
        tokens: usize,
    },

    // === Prompts ===
    /// A prompt or chat template that does not exist, or that cannot be parsed or rendered.
    #[error("prompt `{name}`: {reason}")]
    Prompt {
        /// Name or file of the prompt.
        name: String,
        /// The reason.
        reason: String,
    },

    /// A file of the user's own rules for the checks that cannot be used.
    #[error("{file}: {reason}")]
    Rules {
        /// The file's name.
        file: String,
        /// The entry, what is wrong with it, and what to write instead.
        reason: String,
    },

    // === Models on disk and on the web ===
    /// A model could not be found, downloaded or verified.
    #[error(transparent)]
    Store(#[from] crate::store::error::StoreError),

    // === Batches ===
    /// A batch had to stop.
    #[error(transparent)]
    Batch(#[from] crate::batch::error::BatchError),

    // === The desk ===
    /// The store of memory and glossary cannot be used.
    #[error(transparent)]
    Desk(#[from] crate::desk::error::DeskError),

    // === The engine ===
    /// The numerical engine failed.
    #[error("the engine failed: {0}")]
    Engine(#[source] Cause),
    /// A scripted model of a test failed as its script says.
    #[error("{0}")]
    Scripted(String),
    /// A request that reached its deadline.
    #[error("it was not done in time: {seconds:.0} s had passed")]
    OutOfTime {
        /// Seconds from the start of the request to its end.
        seconds: f64,
    },
    /// The request was cancelled by its observer.
    #[error("cancelled")]
    Cancelled,
}

impl Error {
    /// A system error, or [`NotFound`](Self::NotFound) for a path that does not exist.
    pub fn io(action: &'static str, path: impl AsRef<Path>, source: std::io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        match source.kind() {
            std::io::ErrorKind::NotFound => Self::NotFound { path },
            _ => Self::Io { action, path, source },
        }
    }

    /// A model file that violates its format.
    pub fn malformed(file: impl AsRef<Path>, reason: impl Into<String>) -> Self {
        Self::Malformed { file: file.as_ref().to_path_buf(), reason: reason.into() }
    }

    /// An input that cannot be read.
    pub fn unreadable(name: impl Into<String>, fault: impl Into<InputFault>) -> Self {
        Self::UnreadableInput { name: name.into(), fault: fault.into() }
    }

    /// An unusable prompt.
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
