//! Web pages and inline tags.
