//! The cache of weights: files derived from those of a model, so that they are computed once.
//!
//! `derived.rs` names and verifies such files, `quantized.rs` holds float weights in a quantized
//! type, `packed.rs` quantized weights in the layout of this CPU's kernels.

pub(super) mod derived;
pub(super) mod packed;
pub(super) mod quantization;
pub(super) mod quantized;
