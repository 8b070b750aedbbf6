//! Kernels for x86-64, a file for each instruction set.

pub mod amx_bf16;
pub mod avx2;
pub mod avx2_int8;
pub mod avx512_vnni;
pub mod interleave;
