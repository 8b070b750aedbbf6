//! A gated convolution over the last few tokens instead of attention (LFM2,
//! <https://arxiv.org/abs/2511.23404>), and the convolution itself, which the delta net uses too.

use candle_core::{IndexOp, Tensor};

use super::reader::DecoderReader;
use crate::architectures::batch::{Row, row_starts};
use crate::error::Result;
use crate::kernels::{Linear, Phase, threads};

/// A causal depthwise convolution along the sequence, zero-padded at its beginning.
pub(super) struct CausalConv {
    /// Weights `[kernel, channels]`; the last row applies to the token itself.
    taps: Vec<f32>,
    bias: Option<Vec<f32>>,
    channels: usize,
    kernel: usize,
}

impl CausalConv {
    /// Reads weights `[channels, 1, kernel]`.
    pub fn load(
        read: &DecoderReader<'_>,
        name: &str,
        channels: usize,
        kernel: usize,
        biased: bool,
    ) -> Result<Self> {
        let by_channel = read.floats(&format!("{name}.weight"), channels * kernel)?;
        let taps =
            (0..kernel * channels).map(|at| by_channel[at % channels * kernel + at / channels]);
        let bias =
            if biased { Some(read.floats(&format!("{name}.bias"), channels)?) } else { None };
        Ok(Self { taps: taps.collect(), bias, channels, kernel })
    }

    /// Size of a sequence's state: the inputs of the last `kernel − 1` tokens.
    pub fn state_size(&self) -> usize {
        (self.kernel - 1) * self.channels
    }

    /// `[tokens, channels]` to the same. `state` holds the inputs before these tokens, and then the
    /// last ones of them.
    pub fn apply(&self, state: &mut [f32], x: &[f32]) -> Vec<f32> {
        let before = state.len() / self.channels;
        // The inputs of all tokens, those of the state first.
        let all: Vec<f32> = state.iter().chain(x).copied().collect();
        let mut out = vec![0f32; x.len()];
        for (token, out) in out.chunks_mut(self.channels).enumerate() {
            if let Some(bias) = &self.bias {
                out.copy_from_slice(bias);
            }
            let from = (token + before + 1 - self.kernel) * self.channels;
            let inputs = all[from..].chunks_exact(self.channels);
            for (taps, input) in self.taps.chunks_exact(self.channels).zip(inputs) {
                for ((out, tap), input) in out.iter_mut().zip(taps).zip(input) {
                    *out += tap * input;
                }
            }
        }
        state.copy_from_slice(&all[all.len() - state.len()..]);
        out
    }
}

pub(super) struct ShortConv {
    in_proj: Linear,
    conv: CausalConv,
    out_proj: Linear,
}

impl ShortConv {
    pub fn load(
        read: &DecoderReader<'_>,
        prefix: &str,
        kernel: usize,
        biased: bool,
    ) -> Result<Self> {
        let hidden = read.config.hidden;
        Ok(Self {
            in_proj: read.linear(&format!("{prefix}.in_proj"), 3 * hidden, hidden)?,
            conv: CausalConv::load(read, &format!("{prefix}.conv"), hidden, kernel, biased)?,
            out_proj: read.linear(&format!("{prefix}.out_proj"), hidden, hidden)?,
        })
    }

    pub fn state_size(&self) -> usize {
        self.conv.state_size()
    }

    /// `[tokens, hidden]` of all rows to the same: `out(C · conv(B · x))` with `B`, `C` and `x`
    /// from one matrix, added to `residual`.
    pub fn forward(
        &self,
        x: &Tensor,
        residual: Option<&Tensor>,
        rows: &mut [Row<'_>],
        layer: usize,
        phase: Phase,
    ) -> candle_core::Result<Tensor> {
        let hidden = self.conv.channels;
        let parts = self.in_proj.forward(x, phase)?;
        let part = |index: usize| parts.narrow(1, index * hidden, hidden);
        let (b, c, x) = (part(0)?, part(1)?, part(2)?);
        let gated = (b * x)?;
        let starts = row_starts(rows);
        let convolve = |index: usize, row: &mut Row<'_>| {
            let (count, start) = (row.tokens.len(), starts[index]);
            let inputs: Vec<f32> = gated.i(start..start + count)?.flatten_all()?.to_vec1()?;
            let out = self.conv.apply(row.state.recurrent(layer)?, &inputs);
            Tensor::from_vec(out, (count, hidden), gated.device())
        };
        let outputs = threads::parallel_map(rows, convolve)
            .into_iter()
            .collect::<candle_core::Result<Vec<Tensor>>>()?;
        self.out_proj.forward_add(&(c * Tensor::cat(&outputs, 0)?)?, residual, phase)
    }
}
