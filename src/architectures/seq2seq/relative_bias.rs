//! Relative position bias of T5: a learned bias for each attention head and bucket of distances.

use super::config::{T5Config, bias_name};
use crate::architectures::tensors::Tensors;
use crate::error::Result;
use crate::kernels::RelativeBias;

/// Reads the table `[buckets, heads]` of a block. Encoders are `bidirectional`.
pub(super) fn load(
    read: &Tensors<'_>,
    config: &T5Config,
    prefix: &str,
    bidirectional: bool,
) -> Result<RelativeBias> {
    let T5Config { heads, buckets, max_distance, .. } = *config;
    let table = read.floats(&bias_name(prefix), buckets * heads)?;
    let bias = |head: usize, offset: isize| {
        table[bucket(offset, bidirectional, buckets, max_distance) * heads + head]
    };
    Ok(RelativeBias::new(heads, max_distance, bias))
}

/// The bucket of a key at an offset from its query (`T5Attention._relative_position_bucket`): one
/// for each small distance, then by logarithm. If not `bidirectional` only keys before the query
/// count, and have all buckets.
fn bucket(offset: isize, bidirectional: bool, buckets: usize, max_distance: usize) -> usize {
    let (first, buckets) = match (bidirectional, offset > 0) {
        (true, true) => (buckets / 2, buckets / 2),
        (true, false) => (0, buckets / 2),
        (false, _) => (0, buckets),
    };
    let distance = if bidirectional { offset.unsigned_abs() } else { (-offset).max(0) as usize };
    let exact = buckets / 2;
    if distance < exact {
        return first + distance;
    }
    // In f32, like the reference: the borders of the buckets depend on it.
    let log_range = (max_distance as f64 / exact as f64).ln() as f32;
    let fraction = (distance as f32 / exact as f32).ln() / log_range;
    let far = exact + (fraction * (buckets - exact) as f32) as usize;
    first + far.min(buckets - 1)
}
