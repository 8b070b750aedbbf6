//! The values of the stack machine.

use super::globals::Global;

/// A range of the pickle's bytes, or of the elements of tuples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ByteSpan {
    pub(super) start: u32,
    pub(super) end: u32,
}

/// A value on the stack. Values are flat: texts and tuples are spans.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum PickleValue {
    /// A value that no tensor needs: `None`, a boolean, a float, bytes.
    Other,
    Int(i64),
    Text(ByteSpan),
    Tuple(ByteSpan),
    List,
    /// A dictionary by its number.
    Dict(u32),
    Global(Global),
    /// The elements of a persistent id, which is that of a storage.
    Storage(ByteSpan),
    /// The arguments of a call that makes a tensor.
    Tensor(ByteSpan),
    /// The arguments of a call that makes a tensor with its own element type.
    TypedTensor(ByteSpan),
}

/// An item of a dictionary. Only tensors and dictionaries are recorded.
pub(super) struct Item {
    pub(super) dict: u32,
    pub(super) key: PickleValue,
    pub(super) value: PickleValue,
}
