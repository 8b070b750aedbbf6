//! Kernels for Arm, a file for each instruction set.

pub mod neon;
