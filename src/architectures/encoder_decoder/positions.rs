//! Vectors of positions: learned, or sines and cosines (Vaswani et al. 2017, <https://arxiv.org/abs/1706.03762>).

use candle_core::{Device, Tensor};

use super::config::{Config, Kind};
use crate::architectures::tensors::Tensors;
use crate::error::Result;

/// A vector a position.
pub(super) struct Positions {
    /// `[rows, width]`, one after the other.
    table: Vec<f32>,
    width: usize,
    /// The row of the first position.
    first: usize,
    /// A token that stands nowhere: padding, where a text has it all the same.
    nowhere: Option<u32>,
    device: Device,
}

impl Positions {
    pub fn load(read: &Tensors<'_>, config: &Config, stack: &str) -> Result<Self> {
        let (width, context) = (config.width, config.context);
        let name = format!("model.{stack}.embed_positions.weight");
        let (first, table) = match config.positions {
            Kind::Learned => (2, read.floats(&name, (context + 2) * width)?),
            // A table that is there counts, rounded as it may be.
            Kind::Sinusoidal if read.checkpoint.find(&name)?.is_some() => {
                (0, read.floats(&name, context * width)?)
            }
            Kind::Sinusoidal => (0, halves(context, width)),
            Kind::SinusoidalShifted => (2, shifted(context + 2, width)),
        };
        let shifted = config.positions == Kind::SinusoidalShifted;
        let nowhere = shifted.then_some(config.padding);
        Ok(Self { table, width, first, nowhere, device: read.device.clone() })
    }

    /// `[tokens, width]` for tokens at positions.
    pub fn at(&self, ids: &[u32], positions: &[usize]) -> candle_core::Result<Tensor> {
        let mut rows = Vec::with_capacity(positions.len() * self.width);
        for (id, position) in ids.iter().zip(positions) {
            if self.nowhere == Some(*id) {
                rows.resize(rows.len() + self.width, 0.0);
                continue;
            }
            let start = (position + self.first) * self.width;
            match self.table.get(start..start + self.width) {
                Some(row) => rows.extend_from_slice(row),
                None => candle_core::bail!("position {position} is beyond the table of positions"),
            }
        }
        Tensor::from_vec(rows, (positions.len(), self.width), &self.device)
    }
}

/// Sines, then cosines, of `p · 10000^(−2i/width)` (`MarianSinusoidalPositionalEmbedding`).
fn halves(rows: usize, width: usize) -> Vec<f32> {
    let angle = |row: usize, column: usize| {
        row as f64 / 10_000f64.powf((2 * (column / 2)) as f64 / width as f64)
    };
    let sines = width.div_ceil(2);
    let one = |row: usize, at: usize| match at < sines {
        true => angle(row, 2 * at).sin() as f32,
        false => angle(row, 2 * (at - sines) + 1).cos() as f32,
    };
    (0..rows).flat_map(|row| (0..width).map(move |at| one(row, at))).collect()
}

/// The same with another divisor, in f32 as the reference has it
/// (`M2M100SinusoidalPositionalEmbedding`).
fn shifted(rows: usize, width: usize) -> Vec<f32> {
    let half = width / 2;
    let step = (10_000f64.ln() / (half.max(2) - 1) as f64) as f32;
    let frequencies: Vec<f32> = (0..half).map(|i| (i as f32 * -step).exp()).collect();
    let mut table = Vec::with_capacity(rows * width);
    for row in 0..rows {
        table.extend(frequencies.iter().map(|f| (row as f32 * f).sin()));
        table.extend(frequencies.iter().map(|f| (row as f32 * f).cos()));
        table.resize((row + 1) * width, 0.0);
    }
    table
}
