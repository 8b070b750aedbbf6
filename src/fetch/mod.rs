//! The only network client code, absent without the feature `fetch`: an HTTP client, and feeds and
//! pages read with it.

pub(crate) mod http;
mod public_address;
mod robots;
mod web;

pub use web::{Fetched, Web};
