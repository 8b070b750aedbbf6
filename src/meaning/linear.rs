//! A linear layer over one vector, in f32.

/// `weight · features + bias`.
pub(super) struct LinearLayer {
    pub inputs: usize,
    /// `[outputs, inputs]`, row by row.
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
}

impl LinearLayer {
    pub fn apply(&self, features: &[f32]) -> Vec<f32> {
        let rows = self.weight.chunks_exact(self.inputs).zip(&self.bias);
        let outputs = rows.map(|(row, bias)| {
            let sum: f32 = row.iter().zip(features).map(|(weight, number)| weight * number).sum();
            sum + bias
        });
        outputs.collect()
    }
}
