//! Inputs of a step that all layers share.

use crate::architectures::layers::Rotation;
use crate::kernels::Phase;

pub(super) struct Step<'a> {
    /// Rotary embeddings of the tokens, one for each of the `ropes` of the config.
    pub rotations: &'a [Rotation],
    pub phase: Phase,
}
