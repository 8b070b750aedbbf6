//! Sizes that kernels agree on.

/// Weight rows of a panel: the lanes of a 512-bit register.
pub const PANEL_ROWS: usize = 16;
/// Partial sums of a dot product of floats, and floats of a vector.
pub const LANES: usize = 16;
/// Numbers worth waking a thread for.
pub const PART: usize = 1 << 14;
