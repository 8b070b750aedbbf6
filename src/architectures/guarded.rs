//! A network that checks its files after every call: a result computed while a weight file changed
//! is an error.

use super::Network;
use super::batch::{Logits, Row};
use super::state::State;
use crate::error::Result;
use crate::files::MappedFile;
use crate::kernels::Phase;

/// A network and the files that its weights are mapped from.
pub(super) struct Guarded {
    network: Box<dyn Network>,
    files: Vec<MappedFile>,
}

impl Guarded {
    pub fn new(network: Box<dyn Network>, files: Vec<MappedFile>) -> Self {
        Self { network, files }
    }

    fn check<T>(&self, result: Result<T>) -> Result<T> {
        self.files.iter().try_for_each(MappedFile::check)?;
        result
    }
}

impl Network for Guarded {
    fn begin(&self, inputs: &[&[u32]], phase: Phase) -> Result<Vec<State>> {
        self.check(self.network.begin(inputs, phase))
    }

    fn forward(&self, rows: &mut [Row<'_>], phase: Phase) -> Result<Logits> {
        self.check(self.network.forward(rows, phase))
    }

    fn align(&self, input: &[u32], read: &[u32]) -> Result<Option<Vec<Vec<f32>>>> {
        self.check(self.network.align(input, read))
    }
}
