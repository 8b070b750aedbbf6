//! The hub, the cache and the package index.
