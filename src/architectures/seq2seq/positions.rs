//! Position embeddings: learned, or sines and cosines (Vaswani et al. 2017,
//! <https://arxiv.org/abs/1706.03762>).

use candle_core::{Device, Tensor};

use super::config::{BartConfig, PositionKind};
use crate::architectures::tensors::Tensors;
use crate::error::Result;

/// A vector for each position.
pub(super) struct PositionTable {
    /// `[rows, width]`.
    table: Vec<f32>,
    width: usize,
    /// Row of the first position.
    first: usize,
    /// The padding token, if it has no position: its vector is zero.
    pad_token_id: Option<u32>,
    device: Device,
}

impl PositionTable {
    /// Reads or computes the table of a stack.
    pub fn load(read: &Tensors<'_>, config: &BartConfig, stack: &str) -> Result<Self> {
        let (width, context) = (config.width, config.context);
        let name = format!("model.{stack}.embed_positions.weight");
        let (first, table) = match config.positions {
            PositionKind::Learned => (2, read.floats(&name, (context + 2) * width)?),
            // A stored table counts, even if it is rounded.
            PositionKind::Sinusoidal if read.checkpoint.find(&name)?.is_some() => {
                (0, read.floats(&name, context * width)?)
            }
            PositionKind::Sinusoidal => (0, sinusoidal(context, width)),
            PositionKind::SinusoidalShifted => (2, sinusoidal_shifted(context + 2, width)),
            PositionKind::SinusoidalUnshifted => (0, sinusoidal_shifted(context, width)),
        };
        let is_shifted = config.positions == PositionKind::SinusoidalShifted;
        let pad_token_id = is_shifted.then_some(config.pad_token_id);
        Ok(Self { table, width, first, pad_token_id, device: read.device.clone() })
    }

    /// `[tokens, width]` for tokens and their positions.
    pub fn at(&self, ids: &[u32], positions: &[usize]) -> candle_core::Result<Tensor> {
        let mut rows = Vec::with_capacity(positions.len() * self.width);
        for (id, position) in ids.iter().zip(positions) {
            if self.pad_token_id == Some(*id) {
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
fn sinusoidal(rows: usize, width: usize) -> Vec<f32> {
    let angle = |row: usize, column: usize| {
        row as f64 / 10_000f64.powf((2 * (column / 2)) as f64 / width as f64)
    };
    let sines = width.div_ceil(2);
    let value = |row: usize, column: usize| {
        if column < sines {
            angle(row, 2 * column).sin() as f32
        } else {
            angle(row, 2 * (column - sines) + 1).cos() as f32
        }
    };
    (0..rows).flat_map(|row| (0..width).map(move |column| value(row, column))).collect()
}

/// The same with another divisor, in f32 like the references: `M2M100SinusoidalPositionalEmbedding`
/// and, in marian-dev, `SinusoidalPositionEmbeddings`.
fn sinusoidal_shifted(rows: usize, width: usize) -> Vec<f32> {
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
