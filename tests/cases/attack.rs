//! Hostile inputs: growth, injected orders, terminal escapes.
