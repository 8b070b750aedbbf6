//! An item of a model, whichever file it is in: its name, type, shape and bytes.

use std::borrow::Cow;

/// Limit of the items of a model.
pub(super) const MAX_ITEMS: u64 = 65_536;

/// Types of items: `Type` in `src/common/types.h` of marian-dev.
pub(super) const CHARS: u64 = 0x101;
pub(super) const FLOAT16: u64 = 0x402;
pub(super) const FLOAT32: u64 = 0x404;
pub(super) const INTGEMM8: u64 = 0x4101;

pub(super) struct Item<'b> {
    pub name: String,
    pub item_type: u64,
    pub shape: Vec<usize>,
    pub bytes: Cow<'b, [u8]>,
}
