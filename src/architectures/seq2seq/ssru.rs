//! Simpler simple recurrent units: a decoder's memory of constant size, in place of self-attention.
//!
//! Paper: <https://aclanthology.org/D19-5632>. With `f = σ(W_f x + b)`, `c = f · c + (1 − f) · W x`
//! and `h = relu(c)`.

use candle_core::{Result, Tensor};

use crate::architectures::batch::{Row, row_starts};
use crate::kernels::{Activation, Linear, Phase, add, shared_input, threads};

/// A recurrent unit.
pub(super) struct Ssru {
    pub width: usize,
    pub candidate: Linear,
    pub forget_gate: Linear,
}

impl Ssru {
    /// Outputs for `x`, added to the residual stream, both `[tokens, width]` for the tokens of all
    /// rows, whose cells are updated. `index` is that of the layer.
    pub fn forward(
        &self,
        x: &Tensor,
        residual: &Tensor,
        rows: &mut [Row<'_>],
        index: usize,
        phase: Phase,
    ) -> Result<Tensor> {
        let [candidates, gates] = shared_input(x, [&self.candidate, &self.forget_gate], phase)?;
        add(residual, &self.recur(&candidates, &gates, rows, index)?)
    }

    /// `relu(c)` of each token, `[tokens, width]`.
    fn recur(
        &self,
        candidates: &Tensor,
        gates: &Tensor,
        rows: &mut [Row<'_>],
        index: usize,
    ) -> Result<Tensor> {
        let starts = row_starts(rows);
        let device = gates.device().clone();
        let count = gates.dim(0)?;
        let candidates: Vec<f32> = candidates.flatten_all()?.to_vec1()?;
        let gates: Vec<f32> = gates.flatten_all()?.to_vec1()?;
        let row = |at: usize, row: &mut Row<'_>| -> Result<Vec<f32>> {
            let from = starts[at] * self.width;
            let numbers = from..from + row.tokens.len() * self.width;
            let cell = row.state.recurrent(index)?;
            let mut outputs = Vec::with_capacity(numbers.len());
            let tokens = candidates[numbers.clone()].chunks_exact(self.width);
            for (candidate, gate) in tokens.zip(gates[numbers].chunks_exact(self.width)) {
                for ((cell, candidate), gate) in cell.iter_mut().zip(candidate).zip(gate) {
                    let forget = Activation::Sigmoid.apply(*gate);
                    *cell = forget * *cell + (1.0 - forget) * candidate;
                    outputs.push(cell.max(0.0));
                }
            }
            Ok(outputs)
        };
        let rows = threads::parallel_map(rows, row).into_iter().collect::<Result<Vec<_>>>()?;
        Tensor::from_vec(rows.concat(), (count, self.width), &device)
    }
}
