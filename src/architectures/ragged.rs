//! What rows and sources of unequal lengths, which stand one after the other in one tensor, attend to: each by itself, so that none depends
//! on its neighbours and nothing is padded.

use std::ops::Range;

use candle_core::{IndexOp, Result, Tensor};

use super::state::Source;
use super::{Row, starts};
use crate::kernels::{Span, pool};

fn ranges(sources: &[&[u32]]) -> Vec<Range<usize>> {
    let ends = sources.iter().scan(0, |end, source| {
        *end += source.len();
        Some(*end)
    });
    ends.zip(sources).map(|(end, source)| end - source.len()..end).collect()
}

/// Every source within itself.
pub(super) fn within(k: &Tensor, v: &Tensor, sources: &[&[u32]]) -> Result<Vec<Span>> {
    let one = |range: Range<usize>| {
        Ok(Span { tokens: range.len(), keys: k.i(range.clone())?, values: v.i(range)? })
    };
    ranges(sources).into_iter().map(one).collect()
}

/// Every row within what it has written, the new tokens included.
pub(super) fn cached(k: &Tensor, v: &Tensor, rows: &mut [Row<'_>], layer: usize) -> Result<Vec<Span>> {
    let starts = starts(rows);
    let one = |index: usize, row: &mut Row<'_>| {
        let tokens = row.tokens.len();
        let part = |x: &Tensor| x.i(starts[index]..starts[index] + tokens);
        let length = row.state.len();
        let (keys, values) = row.state.keys(layer)?.append(length, &part(k)?, &part(v)?)?;
        Ok(Span { tokens, keys, values })
    };
    pool::map(rows, one).into_iter().collect()
}

/// From every row into its source.
pub(super) fn crossed(rows: &[Row<'_>], layer: usize) -> Result<Vec<Span>> {
    let one = |row: &Row<'_>| {
        let (keys, values) = row.state.source(layer)?;
        Ok(Span { tokens: row.tokens.len(), keys: keys.clone(), values: values.clone() })
    };
    rows.iter().map(one).collect()
}

/// What a decoder keeps of each source: for each of its layers keys and values, of all sources together.
pub(super) fn keep(sources: &[&[u32]], layers: &[(Tensor, Tensor)]) -> Result<Vec<Source>> {
    let of_source = |range: Range<usize>| {
        let part = |x: &Tensor| x.i(range.clone())?.contiguous();
        let layers = layers.iter().map(|(k, v)| Ok((part(k)?, part(v)?)));
        Ok(Source::new(layers.collect::<Result<_>>()?))
    };
    ranges(sources).into_iter().map(of_source).collect()
}
