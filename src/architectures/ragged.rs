//! Attention of rows and sources of unequal lengths that stand one after the other in one tensor: each is taken by itself, so that none
//! depends on its neighbours and nothing is padded.

use std::ops::Range;

use candle_core::{IndexOp, Result, Tensor};
use rayon::prelude::*;

use super::state::Source;
use super::{Row, starts};

/// Attention of queries over keys and values, `[tokens, heads, head_dim]` each, to `[tokens, heads · head_dim]`.
pub(super) type Attend<'a> = dyn Fn(&Tensor, &Tensor, &Tensor) -> Result<Tensor> + Sync + 'a;

fn ranges(sources: &[&[u32]]) -> Vec<Range<usize>> {
    let ends = sources.iter().scan(0, |end, source| {
        *end += source.len();
        Some(*end)
    });
    ends.zip(sources).map(|(end, source)| end - source.len()..end).collect()
}

/// Every source within itself.
pub(super) fn within([q, k, v]: &[Tensor; 3], sources: &[&[u32]], attend: &Attend<'_>) -> Result<Tensor> {
    let one = |range: Range<usize>| attend(&q.i(range.clone())?, &k.i(range.clone())?, &v.i(range)?);
    let outputs = ranges(sources).into_par_iter().map(one);
    Tensor::cat(&outputs.collect::<Result<Vec<_>>>()?, 0)
}

/// Every row within what it has written, the new tokens included.
pub(super) fn cached(
    [q, k, v]: &[Tensor; 3],
    rows: &mut [Row<'_>],
    layer: usize,
    attend: &Attend<'_>,
) -> Result<Tensor> {
    let one = |(row, start): (&mut Row<'_>, usize)| {
        let part = |x: &Tensor| x.i(start..start + row.tokens.len());
        let length = row.state.len();
        let (keys, values) = row.state.keys(layer)?.append(length, &part(k)?, &part(v)?)?;
        attend(&part(q)?, &keys, &values)
    };
    let starts = starts(rows);
    let outputs = rows.par_iter_mut().zip(starts).map(one);
    Tensor::cat(&outputs.collect::<Result<Vec<_>>>()?, 0)
}

/// From every row into its source.
pub(super) fn crossed(q: &Tensor, rows: &mut [Row<'_>], layer: usize, attend: &Attend<'_>) -> Result<Tensor> {
    let one = |(row, start): (&mut Row<'_>, usize)| {
        let (keys, values) = row.state.source(layer)?;
        attend(&q.i(start..start + row.tokens.len())?, keys, values)
    };
    let starts = starts(rows);
    let outputs = rows.par_iter_mut().zip(starts).map(one);
    Tensor::cat(&outputs.collect::<Result<Vec<_>>>()?, 0)
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
