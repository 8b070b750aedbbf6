//! Which instructions this processor has, and functions that are compiled for each set of them.

use std::sync::OnceLock;

/// Which instructions to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isa {
    /// Rust as it is, compiled for the target's baseline.
    Scalar,
    /// AVX2, FMA and F16C.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// The same with AVX-VNNI: dot products of bytes without AVX-512, as Intel's processors for
    /// desks have them since 2021.
    #[cfg(target_arch = "x86_64")]
    AvxVnni,
    /// AVX-512 with VNNI.
    #[cfg(target_arch = "x86_64")]
    Vnni,
    /// AVX-512 with VNNI, and AMX, by which prompts are read.
    #[cfg(target_arch = "x86_64")]
    Amx,
    /// NEON with dot products of bytes, which Arm's processors have from 8.2 on.
    #[cfg(target_arch = "aarch64")]
    Neon,
}

/// The registers for floats that an instruction set has: see [`F32x16`](crate::kernels::simd::F32x16).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FloatWidth {
    /// What the compiler makes of arrays.
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "aarch64")]
    Neon,
}

impl Isa {
    /// Every one there is for this kind of processor, the best last.
    pub fn all() -> impl Iterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        return [Self::Scalar, Self::Avx2, Self::AvxVnni, Self::Vnni, Self::Amx].into_iter();
        #[cfg(target_arch = "aarch64")]
        return [Self::Scalar, Self::Neon].into_iter();
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        return [Self::Scalar].into_iter();
    }

    /// The best this processor has.
    pub fn detect() -> Self {
        Self::all().filter(|isa| isa.available()).last().unwrap_or(Self::Scalar)
    }

    /// Whether this processor can run it.
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

    /// What it is called.
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

    /// Whether there are kernels for weights in [`PackedWeights`](crate::kernels::PackedWeights).
    pub fn has_packed_kernels(self) -> bool {
        self != Self::Scalar
    }

    /// What it has for floats.
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

/// Whether this processor has AMX, for bytes and for numbers of 16 bits, and the system lets this
/// process use it: on Linux it must be asked for.
#[cfg(target_arch = "x86_64")]
fn amx_permitted() -> bool {
    static ALLOWED: OnceLock<bool> = OnceLock::new();
    *ALLOWED.get_or_init(|| {
        const ALL: u32 = 1 << 22 | 1 << 24 | 1 << 25;
        // Older compilers want it said that every processor here has `cpuid`.
        #[allow(unused_unsafe)]
        // SAFETY: every x86-64 processor has it.
        let has = unsafe {
            std::arch::x86_64::__cpuid(0).eax >= 7
                && std::arch::x86_64::__cpuid_count(7, 0).edx & ALL == ALL
        };
        has && request_amx()
    })
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn request_amx() -> bool {
    /// From the system's `asm/prctl.h`, and the number of the state's component.
    const ARCH_REQ_XCOMP_PERM: libc::c_ulong = 0x1023;
    const XFEATURE_XTILEDATA: libc::c_ulong = 18;
    // SAFETY: this call reads and writes no memory of ours.
    unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0 }
}

#[cfg(all(target_arch = "x86_64", not(target_os = "linux")))]
fn request_amx() -> bool {
    false
}

/// The instruction set of this processor, asked once.
pub fn best() -> Isa {
    static BEST: OnceLock<Isa> = OnceLock::new();
    *BEST.get_or_init(Isa::detect)
}

/// Compiles a function for each instruction set and calls the version for this processor's. Its
/// loops should be plain: a closure handed to an iterator is not compiled for the set.
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
                // SAFETY: `best` has asked the processor.
                FloatWidth::Avx2 => unsafe { avx2($($argument),*) },
                #[cfg(target_arch = "x86_64")]
                // SAFETY: as above.
                FloatWidth::Avx512 => unsafe { avx512($($argument),*) },
                // What the compiler takes for granted there.
                #[cfg(target_arch = "aarch64")]
                FloatWidth::Neon => scalar($($argument),*),
            }
        }
    };
}

pub(crate) use multiversion;
