//! Instruction sets of this CPU, and functions compiled once for each of them.

use std::sync::OnceLock;

/// An instruction set with kernels of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isa {
    /// Portable Rust, compiled for the target's baseline.
    Scalar,
    /// AVX2, FMA and F16C.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX2 with AVX-VNNI: int8 dot products without AVX-512, on Intel desktop CPUs since 2021.
    #[cfg(target_arch = "x86_64")]
    AvxVnni,
    /// AVX-512 with VNNI.
    #[cfg(target_arch = "x86_64")]
    Vnni,
    /// AVX-512 with VNNI, and AMX, which computes prefills in bfloat16.
    #[cfg(target_arch = "x86_64")]
    Amx,
    /// NEON with int8 dot products (`sdot`), optional since Armv8.2.
    #[cfg(target_arch = "aarch64")]
    Neon,
}

/// Width of the float vectors of an instruction set: see [`F32x16`](crate::kernels::simd::F32x16).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FloatWidth {
    /// Arrays, which the compiler vectorizes as it can.
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "aarch64")]
    Neon,
}

impl Isa {
    /// Instruction sets of this architecture, best last.
    pub fn all() -> impl Iterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        return [Self::Scalar, Self::Avx2, Self::AvxVnni, Self::Vnni, Self::Amx].into_iter();
        #[cfg(target_arch = "aarch64")]
        return [Self::Scalar, Self::Neon].into_iter();
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        return [Self::Scalar].into_iter();
    }

    /// The best instruction set of this CPU.
    pub fn detect() -> Self {
        Self::all().filter(|isa| isa.available()).last().unwrap_or(Self::Scalar)
    }

    /// True if this CPU can run it.
    pub fn available(self) -> bool {
        match self {
            Self::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("fma")
                    && is_x86_feature_detected!("f16c")
            }
            #[cfg(target_arch = "x86_64")]
            Self::AvxVnni => Self::Avx2.available() && is_x86_feature_detected!("avxvnni"),
            #[cfg(target_arch = "x86_64")]
            Self::Vnni => {
                Self::Avx2.available()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vnni")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Amx => Self::Vnni.available() && amx_permitted(),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => std::arch::is_aarch64_feature_detected!("dotprod"),
        }
    }

    /// Name for reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Self::AvxVnni => "AVX-VNNI",
            #[cfg(target_arch = "x86_64")]
            Self::Vnni => "AVX-512 VNNI",
            #[cfg(target_arch = "x86_64")]
            Self::Amx => "AMX, AVX-512 VNNI",
            #[cfg(target_arch = "aarch64")]
            Self::Neon => "NEON with dot products",
        }
    }

    /// True if it has kernels for [`PackedWeights`](crate::kernels::PackedWeights).
    pub fn has_packed_kernels(self) -> bool {
        self != Self::Scalar
    }

    /// Its float vectors.
    pub fn float_width(self) -> FloatWidth {
        match self {
            Self::Scalar => FloatWidth::Scalar,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 | Self::AvxVnni => FloatWidth::Avx2,
            #[cfg(target_arch = "x86_64")]
            Self::Vnni | Self::Amx => FloatWidth::Avx512,
            #[cfg(target_arch = "aarch64")]
            Self::Neon => FloatWidth::Neon,
        }
    }
}

/// True if this CPU has AMX with int8 and bf16, and the system permits its use. Linux grants the
/// permission on request, to the whole process.
#[cfg(target_arch = "x86_64")]
fn amx_permitted() -> bool {
    static ALLOWED: OnceLock<bool> = OnceLock::new();
    *ALLOWED.get_or_init(|| {
        const ALL: u32 = 1 << 22 | 1 << 24 | 1 << 25;
        // Older compilers require `unsafe` for `cpuid`.
        #[allow(unused_unsafe)]
        // SAFETY: every x86-64 CPU has `cpuid`.
        let has = unsafe {
            std::arch::x86_64::__cpuid(0).eax >= 7
                && std::arch::x86_64::__cpuid_count(7, 0).edx & ALL == ALL
        };
        has && request_amx()
    })
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn request_amx() -> bool {
    /// From Linux's `asm/prctl.h`, and the number of the XTILEDATA state component.
    const ARCH_REQ_XCOMP_PERM: libc::c_ulong = 0x1023;
    const XFEATURE_XTILEDATA: libc::c_ulong = 18;
    // SAFETY: this call neither reads nor writes memory of this process.
    unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0 }
}

#[cfg(all(target_arch = "x86_64", not(target_os = "linux")))]
fn request_amx() -> bool {
    false
}

/// The instruction set of this CPU, detected once.
pub fn best() -> Isa {
    static BEST: OnceLock<Isa> = OnceLock::new();
    *BEST.get_or_init(Isa::detect)
}

/// Compiles a function for each instruction set and calls the version for this CPU. Write its loops
/// as plain loops: a closure passed to an iterator is not compiled for the instruction set.
macro_rules! multiversion {
    ($(#[$doc:meta])* $vis:vis fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $out:ty)? $body:block) => {
        $(#[$doc])*
        $vis fn $name($($argument: $type),*) $(-> $out)? {
            #[inline(always)]
            fn scalar($($argument: $type),*) $(-> $out)? $body

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn avx2($($argument: $type),*) $(-> $out)? {
                scalar($($argument),*)
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,fma")]
            fn avx512($($argument: $type),*) $(-> $out)? {
                scalar($($argument),*)
            }

            use $crate::kernels::cpu::{FloatWidth, best};
            match best().float_width() {
                FloatWidth::Scalar => scalar($($argument),*),
                #[cfg(target_arch = "x86_64")]
                // SAFETY: `best` returns an instruction set that this CPU has.
                FloatWidth::Avx2 => unsafe { avx2($($argument),*) },
                #[cfg(target_arch = "x86_64")]
                // SAFETY: as above.
                FloatWidth::Avx512 => unsafe { avx512($($argument),*) },
                // NEON is part of the baseline.
                #[cfg(target_arch = "aarch64")]
                FloatWidth::Neon => scalar($($argument),*),
            }
        }
    };
}

pub(crate) use multiversion;
