//! The only network client code there is; absent without the feature `fetch`.

pub(crate) mod hub;
