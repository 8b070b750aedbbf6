//! Inputs of a step that all layers share.

use crate::architectures::layers::Rotation;
use crate::kernels::Phase;

pub(super) struct Step<'a> {
    /// Rotary embeddings of the tokens, one for each of [`Config::ropes`](super::config::Config).
    pub rotations: &'a [Rotation],
    pub phase: Phase,
}
