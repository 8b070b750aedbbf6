//! Why a request fails. Each protocol writes it in its own words and shape.

use malmoi::{Error, InputFault};

/// A request that gets no result.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "serve"), allow(dead_code, reason = "some belong to HTTP"))]
pub(crate) enum Failure {
    /// The request itself is wrong; the message says what, and how it should be.
    Invalid(String),
    /// No key, or one that is not known.
    Key,
    /// A host or an origin that is not served.
    Forbidden(String),
    /// Nothing is there.
    NotFound(String),
    /// The method is not the one of this address.
    Method,
    /// More than the server takes, with the limit in words.
    TooLarge(String),
    /// The body did not arrive in time.
    Slow,
    /// The queue is full; try again after some seconds.
    Busy { seconds: u64 },
    /// The models are being opened, or the server is stopping.
    NotReady(&'static str),
    /// A part that this server runs without.
    Off(&'static str),
    /// The time limit for a request has passed.
    Late { seconds: u64 },
    /// The server failed; its log has the reason.
    Internal,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Invalid(message)
            | Self::Forbidden(message)
            | Self::NotFound(message)
            | Self::TooLarge(message) => f.write_str(message),
            Self::Key => f.write_str("this server needs an API key that it knows"),
            Self::Method => f.write_str("this address does not take this method"),
            Self::Slow => f.write_str("the request did not arrive in time"),
            Self::Busy { seconds } => {
                write!(f, "the queue is full; try again in {seconds} s")
            }
            Self::NotReady(reason) | Self::Off(reason) => f.write_str(reason),
            Self::Late { seconds } => {
                write!(f, "the text was not done within {seconds} s; send a shorter one")
            }
            Self::Internal => f.write_str("the server failed; its log has the reason"),
        }
    }
}

impl From<Error> for Failure {
    /// Faults of the text are told; those of models and files are not the client's business.
    fn from(error: Error) -> Self {
        match error {
            Error::UnreadableInput { fault: InputFault::Empty, .. } => {
                Self::Invalid("the text is empty".into())
            }
            Error::UnreadableInput { .. }
            | Error::SeveralArticles { .. }
            | Error::UnknownLanguage { .. }
            | Error::ForeignText { .. }
            | Error::SameLanguage { .. }
            | Error::Orders { .. } => Self::Invalid(error.to_string()),
            Error::TooLong { .. } => Self::TooLarge(error.to_string()),
            Error::OutOfTime { seconds } => Self::Late { seconds: seconds as u64 },
            Error::Cancelled => Self::NotReady("the server is stopping"),
            _ => Self::Internal,
        }
    }
}
