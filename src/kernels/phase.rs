//! The two phases of generation, which select the kernels of a forward pass.

use crate::kernels::cpu::{Isa, best};

/// The phase a forward pass belongs to.
///
/// Prefill computes many tokens of a prompt or source at once: AMX then multiplies in bfloat16,
/// faster and more precisely than int8, and also computes attention. Decoding computes one token a
/// sequence, is bound by memory bandwidth, and stays in int8, which is cheaper than widening
/// weights. The phase of a token depends on its position alone, not on the rest of the batch, so a
/// generated text does not depend on what else is running. CPUs without AMX use the same kernels in
/// both phases. (A sequence that outgrows its rotary frequencies, where a network has others for
/// longer ones, is computed again from its start, as decoding.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Tokens of a prompt or source.
    Prefill,
    /// Tokens that were generated.
    Decode,
}

impl Phase {
    /// Both phases, in the order of a step.
    pub const ALL: [Self; 2] = [Self::Prefill, Self::Decode];

    /// True if both phases use the same kernels on this CPU: always, without AMX.
    pub fn share_kernels() -> bool {
        !Self::Prefill.uses_amx(best())
    }

    /// True if AMX computes this phase in bfloat16.
    #[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables))]
    pub fn uses_amx(self, isa: Isa) -> bool {
        #[cfg(target_arch = "x86_64")]
        return self == Self::Prefill && isa == Isa::Amx;
        #[cfg(not(target_arch = "x86_64"))]
        return false;
    }
}
