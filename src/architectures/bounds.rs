//! Upper bounds on the sizes that configs name, against hostile ones.

/// Maximum number of layers of a stack.
pub(super) const MAX_LAYERS: usize = 512;
/// Maximum number of positions.
pub(super) const MAX_CONTEXT: usize = 1 << 24;
/// Maximum width of a layer; also of heads and their size.
pub(super) const MAX_WIDTH: usize = 1 << 20;
