//! Numbers of a source and its translation.
