//! The only network client code there is; absent without the feature `fetch`.

pub(crate) mod hub;
mod robots;
mod web;

pub use web::{Got, Web};
