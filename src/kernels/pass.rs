//! What tokens go through a network for, which decides how their products are computed where there
//! is more than one way.

use std::cell::Cell;

use super::isa::{Isa, best};

thread_local! {
    static CURRENT: Cell<Pass> = const { Cell::new(Pass::Write) };
}

/// What tokens go through a network for.
///
/// Many tokens of a prompt or of a source are read at once: there AMX multiplies numbers of 16
/// bits, faster than bytes and more precisely, and attends with them, faster than floats do. A text
/// is written token by token, where the memory decides how fast, and bytes cost less than
/// widening weights. Which of the two it is follows from the token's place alone, and not from how
/// many are computed beside it: so a text does not depend on what else is under way. Processors
/// without AMX do the same in both. (A text that outgrows its rotations, where a network has others
/// for longer ones, is read again whole as what it is by then: to be continued.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// To be known.
    Read,
    /// To be continued.
    Write,
}

impl Pass {
    /// Both, in the order in which a step does them.
    pub const ALL: [Self; 2] = [Self::Read, Self::Write];

    /// Whether this processor computes the same for both.
    pub fn are_one() -> bool {
        !Self::Read.takes_halves(best())
    }

    /// Does something whose layers are in this pass. Only for what this thread itself calls.
    pub fn run<T>(self, work: impl FnOnce() -> T) -> T {
        /// Puts back what was before, however the work ends.
        struct Before(Pass);
        impl Drop for Before {
            fn drop(&mut self) {
                CURRENT.set(self.0);
            }
        }
        let _before = Before(CURRENT.replace(self));
        work()
    }

    /// What this thread is in.
    pub(super) fn current() -> Self {
        CURRENT.get()
    }

    #[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables))]
    pub(super) fn takes_halves(self, isa: Isa) -> bool {
        #[cfg(target_arch = "x86_64")]
        return self == Self::Read && isa == Isa::Amx;
        #[cfg(not(target_arch = "x86_64"))]
        return false;
    }
}
