//! Everything that is tested from outside, in one program: a crate each would be linked each.

mod support;

/// Networks against the reference implementation, and the promises of [`malmoi::architectures::Network`].
mod networks;
/// The real files, where they are on this machine.
mod real_weights;
