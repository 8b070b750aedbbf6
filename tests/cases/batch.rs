//! Batches: inputs, journals and what they leave.
