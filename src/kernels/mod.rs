//! The arithmetic that candle lacks on the CPU, or computes slowly: matrix products with quantized
//! weights, attention over a paged KV cache, and the operations between them. candle tensors in,
//! candle tensors out; other devices go through candle.
//!
//! Knows numbers and their layouts; knows nothing of models. Modules import only lower rows:
//!
//! ```text
//! linear  roofline     layers of a checkpoint; measured peaks of the machine
//! matmul  attention    a kernel for each instruction set, and the choice between them
//! ops                  exp, activations, norms, reductions, rotary embeddings
//! amx block_types cpu memory phase shape simd tensor_data threads
//! ```
//!
//! **One order of summation.** A result has the same bits for any number of rows, on any
//! instruction set and with any number of threads: so a batch gives the text that a single run
//! gives. The exception is AMX, which computes prefills in bf16 ([`Phase::Prefill`]).
//!
//! Words: a *panel* is 16 packed weight rows, a *tile* is a register of AMX, a *quad* is four
//! columns, the operands of one int8 dot product.
//!
//! `docs/kernels-log.md` records what was measured, tried and taken back.

#[cfg(target_endian = "big")]
compile_error!("weights are read in the byte order of the file, which is little-endian");

#[cfg(target_arch = "x86_64")]
mod amx;
mod attention;
mod block_types;
mod cpu;
mod linear;
mod matmul;
mod memory;
mod ops;
mod phase;
pub mod roofline;
mod shape;
mod simd;
mod tensor_data;
pub(crate) mod threads;

pub use attention::{
    Attention, KvCache, Mask, RelativeBias, SequenceSlice, attend, attend_with_candle,
};
pub use block_types::{GgmlType, int8_blocks};
pub use cpu::Isa;
pub use linear::{
    Embedding, Linear, Precision, Weight, activated_layer, gated_layers, shared_input,
};
pub use matmul::activations::Activations;
pub use matmul::dispatch::FusedMatmul;
pub use matmul::matrix::Matrix;
pub use matmul::packed::PackedWeights;
pub use matmul::reference::matmul;
pub use ops::activation::{Activation, gated};
pub use ops::elementwise::add;
pub use ops::norms::{layer_norm, rms_norm};
pub use ops::reduce::{argmax, has_no_nan, log_sum_exp};
pub use ops::rope::rope;
pub use phase::Phase;
