//! AMX as a processor has it: whether it may be used, how its registers are set up, how fast it multiplies. Products are in `halves`.
//!
//! The instructions are written out, because the compiler's functions for them are not stable yet. Their registers are none that the
//! compiler uses by itself.

#![cfg(target_arch = "x86_64")]

use std::arch::asm;
use std::arch::x86_64::*;
use std::sync::OnceLock;

use super::matmul::TILE;

/// Rows of a register.
pub(super) const ROWS: usize = 16;
/// Bytes of one of them.
const ROW_BYTES: usize = 64;

/// Whether this processor has it, for bytes and for numbers of 16 bits, and the system lets this process use it: on Linux it must be asked for.
pub(super) fn allowed() -> bool {
    static ALLOWED: OnceLock<bool> = OnceLock::new();
    *ALLOWED.get_or_init(|| {
        const ALL: u32 = 1 << 22 | 1 << 24 | 1 << 25;
        // Older compilers want it said that every processor here has `cpuid`.
        #[allow(unused_unsafe)]
        // SAFETY: every x86-64 processor has it.
        let has = unsafe { __cpuid(0).eax >= 7 && __cpuid_count(7, 0).edx & ALL == ALL };
        has && permitted()
    })
}

#[cfg(target_os = "linux")]
fn permitted() -> bool {
    /// From the system's `asm/prctl.h`, and the number of the state's component.
    const ARCH_REQ_XCOMP_PERM: libc::c_ulong = 0x1023;
    const XFEATURE_XTILEDATA: libc::c_ulong = 18;
    // SAFETY: this call reads and writes no memory of ours.
    unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0 }
}

#[cfg(not(target_os = "linux"))]
fn permitted() -> bool {
    false
}

/// Rows and bytes of a row of each register: `ldtilecfg`'s operand.
#[repr(C, align(64))]
pub(super) struct Config {
    palette: u8,
    start: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

impl Config {
    /// All eight registers as large as they can be.
    pub fn whole() -> Self {
        let mut config = Self { palette: 1, start: 0, reserved: [0; 14], row_bytes: [0; 16], rows: [0; 16] };
        config.row_bytes[..8].fill(ROW_BYTES as u16);
        config.rows[..8].fill(ROWS as u8);
        config
    }
}

/// Does as many rounds of products of bfloat16 as it is told and nothing else, to see how fast they can be; says how many products that was.
#[target_feature(enable = "avx512f")]
pub(super) fn products(rounds: usize) -> usize {
    let config = Config::whole();
    // SAFETY: the configuration is valid; registers are zero after it and released at the end. None is known to the compiler.
    unsafe {
        asm!("ldtilecfg [{}]", in(reg) &raw const config, options(nostack, preserves_flags));
        for _ in 0..rounds {
            asm!(
                "tdpbf16ps tmm0, tmm6, tmm4",
                "tdpbf16ps tmm1, tmm6, tmm5",
                "tdpbf16ps tmm2, tmm7, tmm4",
                "tdpbf16ps tmm3, tmm7, tmm5",
                options(nomem, nostack, preserves_flags),
            );
        }
        asm!("tilerelease", options(nomem, nostack, preserves_flags));
    }
    rounds * 4 * ROWS * TILE * ROW_BYTES / 2
}
