//! Operations on rows of numbers, between matrix products and attention.

pub mod activation;
pub mod elementwise;
pub mod exp;
pub mod norms;
pub mod reduce;
pub mod rope;
