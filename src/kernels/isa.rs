//! Which instructions this processor has, and functions that are compiled for each set of them.

use std::sync::OnceLock;

/// Which instructions to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isa {
    /// Rust as it is, compiled for the target's baseline.
    Plain,
    /// AVX2, FMA and F16C.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 with VNNI: hand-written inner loops.
    #[cfg(target_arch = "x86_64")]
    Vnni,
    /// AVX-512 with VNNI, and AMX, by which prompts are read.
    #[cfg(target_arch = "x86_64")]
    Amx,
}

impl Isa {
    /// Every one there is for this kind of processor, each with what those before it have.
    pub fn all() -> impl Iterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        return [Self::Plain, Self::Avx2, Self::Vnni, Self::Amx].into_iter();
        #[cfg(not(target_arch = "x86_64"))]
        return [Self::Plain].into_iter();
    }

    /// The best this processor has.
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let wide = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vnni");
            if wide && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c") {
                return if super::amx::allowed() { Self::Amx } else { Self::Vnni };
            }
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("f16c");
            if avx2 && is_x86_feature_detected!("fma") {
                return Self::Avx2;
            }
        }
        Self::Plain
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Self::Vnni => "AVX-512 VNNI",
            #[cfg(target_arch = "x86_64")]
            Self::Amx => "AMX, AVX-512 VNNI",
        }
    }

    /// Whether there are kernels for weights in [`Tiles`](super::Tiles).
    pub fn has_tiles(self) -> bool {
        self != Self::Plain
    }

    /// Whether this processor can run it.
    pub fn available(self) -> bool {
        // Each has what those before it need.
        self as u8 <= Self::detect() as u8
    }
}

/// The instruction set of this processor, asked once.
pub(super) fn best() -> Isa {
    static BEST: OnceLock<Isa> = OnceLock::new();
    *BEST.get_or_init(Isa::detect)
}

/// Compiles a function for each instruction set and calls the version for this processor's. Its loops should be plain: a closure handed to
/// an iterator is not compiled for the set.
macro_rules! on_best_isa {
    ($(#[$doc:meta])* $vis:vis fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $out:ty)? $body:block) => {
        $(#[$doc])*
        $vis fn $name($($argument: $type),*) $(-> $out)? {
            #[inline(always)]
            fn plain($($argument: $type),*) $(-> $out)? $body

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn avx2($($argument: $type),*) $(-> $out)? {
                plain($($argument),*)
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,fma")]
            fn avx512($($argument: $type),*) $(-> $out)? {
                plain($($argument),*)
            }

            use $crate::kernels::isa::{Isa, best};
            match best() {
                Isa::Plain => plain($($argument),*),
                #[cfg(target_arch = "x86_64")]
                // SAFETY: `best` has asked the processor.
                Isa::Avx2 => unsafe { avx2($($argument),*) },
                #[cfg(target_arch = "x86_64")]
                // SAFETY: as above.
                Isa::Vnni | Isa::Amx => unsafe { avx512($($argument),*) },
            }
        }
    };
}

pub(super) use on_best_isa;
