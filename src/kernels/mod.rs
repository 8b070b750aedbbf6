//! The arithmetic that candle does not have, or does slowly, on the CPU: products with weights as they lie in the file, and
//! attention straight over the cache. Other devices go through candle.
//!
//! Knows numbers and their layouts; knows no model. Candle tensors in, candle tensors out.
//!
//! # Weights in tiles: what was expected, what came of it
//!
//! Two cores of an AMD EPYC with AVX-512 VNNI, a Q4_K matrix of 8960 × 1536 that no cache holds, medians of three:
//!
//! | rows of activations | weights read from the file's layout | from tiles | expected |
//! |---|---|---|---|
//! | 1 | 18 G weights/s | 35 G weights/s | the memory's limit, 40 |
//! | 64 | 183 G products/s | 270 G products/s | 300: eight rows share what it takes to unpack a register |
//! | 512 | 88 G products/s | 277 G products/s | as for 64, once rows are taken 64 at a time |
//!
//! Reading the file's own layout spent two thirds of its instructions on taking blocks apart and on exchanging rows with columns;
//! laid out so that a lane is a row throughout, neither is left. Packing reads 1–2 GB/s, once, when a model is opened.

//!
//! # Weights of eight bits on AVX2
//!
//! Two cores of an AMD EPYC without AVX-512, a network of Marian's shape in Q8_0, 32 texts at a time, tokens a second:
//!
//! | change | expected | came out |
//! |---|---|---|
//! | before: signs moved to the activations, `vpmaddubsw`, `vpmaddwd` | | 540 |
//! | adding, norms, biases and attention of all rows without candle's operations, whose threads wait by spinning | 5–17 % of the samples were theirs | 635 |
//! | words instead of bytes: as many multiplications, fewer other instructions | a third less time in the kernel | 510: the compiler unrolled the loop, added in trees and ran out of registers |
//! | the same with a loop it cannot unroll | as above | 815 |
//! | pairs of columns taken by mask and shift, so that no sums within a register are left to do | another tenth | 850 |
//! | an exponential of our own in SiLU, taken back: SmolLM2 came out beyond llama.cpp's divergence from exact weights, by a hair | 5 % | about 5 % lost again |
//!
//! Single runs on a machine that was not quiet. The kernel still takes half of the time.

mod activation;
mod attention;
mod avx2;
mod avx2_bytes;
mod blocks;
mod linear;
mod matmul;
mod rows;
mod tiles;
mod vnni;

pub use activation::{Activation, activated, gated};
pub use attention::{Attention, RelativeBias, Sees, Span, attend, attend_spans, attend_with_candle};
pub use blocks::BlockType;
pub use linear::{Embedding, Linear, Precision, Weight, shared_input};
pub use matmul::{Activations, Isa, Matrix, matmul};
pub use rows::{add, layer_norm, log_sum_exp};
pub use tiles::Tiles;
