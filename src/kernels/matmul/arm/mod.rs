//! Kernels for Arm.

pub mod neon;
