//! A file that a client sent.

use axum::body::Bytes;

/// A file of a request. Its name tells its format and is no path.
#[derive(Debug)]
pub(crate) struct Upload {
    pub name: String,
    pub bytes: Bytes,
}
