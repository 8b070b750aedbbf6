//! The arithmetic that candle does not have, or does slowly, on the CPU: matrix products with quantised
//! weights, attention over a paged KV cache, and the small operations between them. Other devices go
//! through candle. Candle tensors in, candle tensors out.
//!
//! Knows numbers and their layouts; knows nothing of models. Each row imports only rows below it:
//!
//! ```text
//! linear                 layers of a checkpoint's weights
//! matmul     attention   kernels for each instruction set, and the choice between them
//! ops                    exp, activations, norms, reductions, rotary embeddings
//! cpu threads memory simd shape phase tensor_data block_types amx
//! ```
//!
//! **One order of summation.** A result is the same to the bit for any number of rows, on any
//! instruction set and with any number of threads: so a batch gives the text that a single run gives.
//! The exception is AMX, which computes prompts in bfloat16 ([`Phase::Prefill`]).
//!
//! `docs/kernels-log.md` records what was measured, tried and taken back.

#[cfg(target_endian = "big")]
compile_error!("numbers of weights are read as they lie in the file, the lowest byte first");

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
pub use block_types::GgmlType;
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
