//! The arithmetic that candle does not have, or does slowly, on the CPU: products with weights as they lie in the file, and
//! attention straight over the cache. Other devices go through candle.
//!
//! Knows numbers and their layouts; knows no model. Candle tensors in, candle tensors out.

mod activation;
mod attention;
mod blocks;
mod linear;
mod matmul;
mod vnni;
mod wide;

pub use activation::{Activation, gated};
pub use attention::{Attention, attend, attend_with_candle};
pub use blocks::BlockType;
pub use linear::{Embedding, Linear, Precision, Weight, shared_input};
pub use matmul::{Activations, Isa, Matrix, matmul};
