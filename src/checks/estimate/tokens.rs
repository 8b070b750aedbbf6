//! The likeness of a translation to its source, by the vectors of their tokens.
//!
//! Each token is compared with all of the other text and counts by its nearest, as in BERTScore
//! (Zhang and others, 2020), here across languages.

use super::super::comparison::Comparison;
use super::super::vectors::{add, dot, normalize};
use crate::language::Language;

/// Mean cosine of the tokens of both texts with their nearest in the other, after the mean of each
/// language is taken away. `None` without an encoder, or if a text has no token.
pub(super) fn likeness(comparison: &Comparison<'_>) -> Option<f32> {
    let pair = comparison.pair;
    let source = tokens(comparison, pair.source, pair.from)?;
    let output = tokens(comparison, pair.output, pair.to)?;
    let mut nearest_in_source = vec![f32::NEG_INFINITY; output.len()];
    let mut sum_of_source = 0.0;
    for one in &source {
        let mut nearest = f32::NEG_INFINITY;
        for (other, best) in output.iter().zip(&mut nearest_in_source) {
            let cosine = dot(one, other);
            nearest = nearest.max(cosine);
            *best = best.max(cosine);
        }
        sum_of_source += nearest;
    }
    let of_output = nearest_in_source.iter().sum::<f32>() / output.len() as f32;
    Some((sum_of_source / source.len() as f32 + of_output) / 2.0)
}

/// The vectors of a text's tokens, of length 1; `None` if there is none.
fn tokens(comparison: &Comparison<'_>, text: &str, language: Language) -> Option<Vec<Vec<f32>>> {
    let options = comparison.options;
    let encoder = options.encoder.as_deref()?;
    let means = options.background.means(encoder)?;
    let mean = means.of_tokens(encoder, language)?;
    let mut vectors = encoder.token_vectors(text).ok()?;
    for vector in &mut vectors {
        add(vector, mean, -1.0);
        normalize(vector);
    }
    let is_whole = vectors.iter().all(|vector| vector.len() == mean.len());
    (is_whole && !vectors.is_empty()).then_some(vectors)
}
