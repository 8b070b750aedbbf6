//! Operations on rows of numbers that stand between matrix products.

pub mod activation;
pub mod elementwise;
pub mod exp;
pub mod norms;
pub mod reduce;
pub mod rope;
