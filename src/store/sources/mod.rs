//! The sources of models: a hub, and wheels of a Python package index. Absent without the feature
//! `fetch`.

pub(super) mod hub;
pub(super) mod pip;
