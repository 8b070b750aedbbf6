//! Sizes that all kernels share.

/// Rows of a panel of packed weights: the lanes of a 512-bit vector of f32 or i32.
pub const PANEL_ROWS: usize = 16;
/// Lanes of a float vector, and partial sums of a float dot product.
pub const LANES: usize = 16;
/// Numbers that are worth a job of their own.
pub const PART: usize = 1 << 14;
