//! Builds layers from a checkpoint's tensors by name. Knows shapes; knows no architecture.

use candle_core::Device;

use super::layers::{LayerNorm, RmsNorm};
use crate::checkpoint::Checkpoint;
use crate::error::{Error, Result};
use crate::kernels::{Linear, Precision, Weight};

/// Tensors of a checkpoint, as layers on a device.
#[derive(Clone, Copy)]
pub(super) struct Tensors<'a> {
    pub checkpoint: &'a Checkpoint,
    pub device: &'a Device,
    pub precision: Precision,
}

impl Tensors<'_> {
    /// The matrix `[outputs, inputs]` with a name, and its bias if the checkpoint has one.
    pub fn linear(&self, name: &str, outputs: usize, inputs: usize) -> Result<Linear> {
        let [linear] = self.parts(name, [outputs], inputs)?;
        Ok(linear)
    }

    /// Several matrices whose rows are stored one after the other under one name.
    pub fn parts<const N: usize>(
        &self,
        name: &str,
        outputs: [usize; N],
        inputs: usize,
    ) -> Result<[Linear; N]> {
        let rows = outputs.iter().sum();
        let weight = self.checkpoint.tensor(&format!("{name}.weight"), &[rows, inputs])?;
        let bias = format!("{name}.bias");
        let bias = match self.checkpoint.find(&bias)? {
            Some(_) => Some(self.checkpoint.tensor(&bias, &[rows])?),
            None => None,
        };
        let mut start = 0;
        let mut parts = Vec::with_capacity(N);
        for count in outputs {
            let part = |whole: &Weight| whole.rows(start..start + count);
            let bias = bias.as_ref().map(part).transpose()?;
            parts.push(Linear::new(part(&weight)?, bias, self.precision, self.device)?);
            start += count;
        }
        <[Linear; N]>::try_from(parts)
            .map_err(|_| Error::Engine("wrong number of parts of a matrix".into()))
    }

    /// A root-mean-square norm; `offset` is added to its weights.
    pub fn rms_norm(&self, name: &str, size: usize, epsilon: f64, offset: f64) -> Result<RmsNorm> {
        let weight = self.checkpoint.tensor(&format!("{name}.weight"), &[size])?;
        Ok(RmsNorm::new(&weight, epsilon, offset, self.device)?)
    }

    /// A norm with mean and bias.
    pub fn layer_norm(&self, name: &str, size: usize, epsilon: f64) -> Result<LayerNorm> {
        let weight = self.checkpoint.tensor(&format!("{name}.weight"), &[size])?;
        let bias = self.checkpoint.tensor(&format!("{name}.bias"), &[size])?;
        Ok(LayerNorm::new(&weight, &bias, epsilon, self.device)?)
    }

    /// The `count` elements of a small tensor of any shape.
    pub fn floats(&self, name: &str, count: usize) -> Result<Vec<f32>> {
        let fail = |reason: String| Error::Tensor {
            name: name.to_string(),
            file: self.checkpoint.path().to_path_buf(),
            reason,
        };
        let weight = self.checkpoint.find(name)?.ok_or_else(|| fail("is missing".into()))?;
        if weight.shape.iter().product::<usize>() != count {
            return Err(fail(format!("has shape {:?}, expected {count} numbers", weight.shape)));
        }
        Ok(weight.to_tensor(&Device::Cpu)?.flatten_all()?.to_vec1()?)
    }
}
