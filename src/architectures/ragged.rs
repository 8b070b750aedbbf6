//! Keys and values that the tokens of a ragged batch attend to: each sequence only its own.

use std::ops::Range;

use candle_core::{IndexOp, Result, Tensor};

use super::batch::{Row, row_starts};
use super::state::EncoderOutput;
use crate::kernels::{KvCache, SequenceSlice, threads};

/// Range of each input among the tokens of all inputs.
fn ranges(inputs: &[&[u32]]) -> Vec<Range<usize>> {
    let mut ranges = Vec::with_capacity(inputs.len());
    let mut start = 0;
    for input in inputs {
        ranges.push(start..start + input.len());
        start += input.len();
    }
    ranges
}

/// Every encoder input attends to itself.
pub(super) fn encoder_self_attention(
    k: &Tensor,
    v: &Tensor,
    inputs: &[&[u32]],
) -> Result<Vec<SequenceSlice>> {
    let slice = |_, range: &mut Range<usize>| {
        let cache = KvCache::from_tensors(&k.i(range.clone())?, &v.i(range.clone())?)?;
        Ok(SequenceSlice { tokens: range.len(), cache })
    };
    threads::parallel_map(&mut ranges(inputs), slice).into_iter().collect()
}

/// Every row attends to its cached tokens and the new ones, which are appended to the cache.
pub(super) fn decoder_self_attention(
    k: &Tensor,
    v: &Tensor,
    rows: &mut [Row<'_>],
    layer: usize,
) -> Result<Vec<SequenceSlice>> {
    let starts = row_starts(rows);
    let slice = |index: usize, row: &mut Row<'_>| {
        let tokens = row.tokens.len();
        let part = |x: &Tensor| x.i(starts[index]..starts[index] + tokens);
        let length = row.state.len();
        let past = row.state.kv_cache(layer)?;
        past.append(length, &part(k)?, &part(v)?)?;
        Ok(SequenceSlice { tokens, cache: past.clone() })
    };
    threads::parallel_map(rows, slice).into_iter().collect()
}

/// Every row attends to its encoder output. Consecutive rows with the same encoder output, as beams
/// have, share a slice.
pub(super) fn cross_attention(rows: &[Row<'_>], layer: usize) -> Result<Vec<SequenceSlice>> {
    let mut slices: Vec<SequenceSlice> = Vec::with_capacity(rows.len());
    let mut last: Option<&EncoderOutput> = None;
    for row in rows {
        let output = row.state.encoder_output()?;
        match slices.last_mut().filter(|_| last.is_some_and(|last| last.is_same(output))) {
            Some(slice) => slice.tokens += row.tokens.len(),
            None => slices
                .push(SequenceSlice { tokens: row.tokens.len(), cache: output.kv(layer)?.clone() }),
        }
        last = Some(output);
    }
    Ok(slices)
}

/// Splits the cross-attention keys and values of all inputs, given for each decoder layer, into
/// one encoder output for each input.
pub(super) fn cross_kv(
    inputs: &[&[u32]],
    layers: &[(Tensor, Tensor)],
) -> Result<Vec<EncoderOutput>> {
    let output = |_, range: &mut Range<usize>| {
        let part = |x: &Tensor| x.i(range.clone());
        let layers = layers.iter().map(|(k, v)| KvCache::from_tensors(&part(k)?, &part(v)?));
        Ok(EncoderOutput::new(layers.collect::<Result<_>>()?))
    };
    threads::parallel_map(&mut ranges(inputs), output).into_iter().collect()
}
