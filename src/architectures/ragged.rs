//! What rows and sources of unequal lengths, which stand one after the other in one tensor, attend
//! to: each by itself, so that none depends on its neighbours and nothing is padded.

use std::ops::Range;

use candle_core::{IndexOp, Result, Tensor};

use super::state::Source;
use super::{Row, starts};
use crate::kernels::{KeyValues, Span, pool};

fn ranges(sources: &[&[u32]]) -> Vec<Range<usize>> {
    let ends = sources.iter().scan(0, |end, source| {
        *end += source.len();
        Some(*end)
    });
    ends.zip(sources).map(|(end, source)| end - source.len()..end).collect()
}

/// Every source within itself.
pub(super) fn within(k: &Tensor, v: &Tensor, sources: &[&[u32]]) -> Result<Vec<Span>> {
    let one = |_, range: &mut Range<usize>| {
        let past = KeyValues::of(&k.i(range.clone())?, &v.i(range.clone())?)?;
        Ok(Span { tokens: range.len(), past })
    };
    pool::map(&mut ranges(sources), one).into_iter().collect()
}

/// Every row within what it has written, the new tokens included.
pub(super) fn cached(
    k: &Tensor,
    v: &Tensor,
    rows: &mut [Row<'_>],
    layer: usize,
) -> Result<Vec<Span>> {
    let starts = starts(rows);
    let one = |index: usize, row: &mut Row<'_>| {
        let tokens = row.tokens.len();
        let part = |x: &Tensor| x.i(starts[index]..starts[index] + tokens);
        let length = row.state.len();
        let past = row.state.keys(layer)?;
        past.append(length, &part(k)?, &part(v)?)?;
        Ok(Span { tokens, past: past.clone() })
    };
    pool::map(rows, one).into_iter().collect()
}

/// From every row into its source. Rows with the same source, as beams have, go over it together.
pub(super) fn crossed(rows: &[Row<'_>], layer: usize) -> Result<Vec<Span>> {
    let mut spans: Vec<Span> = Vec::with_capacity(rows.len());
    let mut last: Option<&Source> = None;
    for row in rows {
        let source = row.state.source()?;
        match spans.last_mut().filter(|_| last.is_some_and(|last| last.is(source))) {
            Some(span) => span.tokens += row.tokens.len(),
            None => {
                spans.push(Span { tokens: row.tokens.len(), past: source.keys(layer)?.clone() })
            }
        }
        last = Some(source);
    }
    Ok(spans)
}

/// What a decoder keeps of each source: for each of its layers keys and values, of all sources
/// together.
pub(super) fn keep(sources: &[&[u32]], layers: &[(Tensor, Tensor)]) -> Result<Vec<Source>> {
    let of_source = |_, range: &mut Range<usize>| {
        let part = |x: &Tensor| x.i(range.clone());
        let layers = layers.iter().map(|(k, v)| KeyValues::of(&part(k)?, &part(v)?));
        Ok(Source::new(layers.collect::<Result<_>>()?))
    };
    pool::map(&mut ranges(sources), of_source).into_iter().collect()
}
