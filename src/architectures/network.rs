//! The contract of all networks.

use super::batch::{Logits, Row};
use super::state::State;
use crate::error::Result;
use crate::kernels::Phase;

/// A loaded network.
pub trait Network: Send + Sync {
    /// Starts a sequence for each encoder input, given as token ids. Encoder–decoder networks
    /// encode all inputs here, in one ragged batch, in `phase`; decoder-only networks take empty
    /// inputs.
    fn begin(&self, inputs: &[&[u32]], phase: Phase) -> Result<Vec<State>>;

    /// Appends each row's tokens to its state and returns the logits that each row asks for. All
    /// rows are in the same phase, which selects the kernels (see [`Phase`]).
    ///
    /// A row without tokens, or a token outside the vocabulary, is an error that leaves the states
    /// unchanged. After any other error a state must be truncated ([`State::truncate`]) before it
    /// is used again.
    fn forward(&self, rows: &mut [Row<'_>], phase: Phase) -> Result<Logits>;

    /// The attention of each token of an output to the tokens of an encoder input. `read` are the
    /// tokens that the decoder reads: its start token and all of the output but the last. The rows
    /// sum to one. `None` for networks that were not trained to align the two.
    fn align(&self, _input: &[u32], _read: &[u32]) -> Result<Option<Vec<Vec<f32>>>> {
        Ok(None)
    }
}
