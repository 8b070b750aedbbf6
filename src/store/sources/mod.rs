//! The sources of models: a hub, wheels of a Python package index, and files at addresses of their
//! own. Absent without the feature `fetch`.

mod client;
pub(super) mod hub;
pub(super) mod pip;
pub(super) mod url;
