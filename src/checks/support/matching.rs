//! The matching of summary sentences with article sentences.

use std::cmp::Reverse;

use super::super::comparison::Comparison;
use super::features::{self, Claim};
use super::index::Index;
use super::matched::{Matched, Matching};
use crate::document::Span;

/// Bytes that are compared per byte of both texts, which bounds the work on hostile texts.
pub(super) const MAX_COST: usize = 24;
/// Most article sentences that are candidates for the center of a window.
const MAX_CANDIDATES: usize = 6;
/// Coverage that each further sentence of a window must add.
const MIN_GAIN: f32 = 0.05;
/// Most sentences of the evidence outside the window.
const MAX_OTHERS: usize = 4;
/// Smallest share of the best coverage that makes another sentence evidence.
const MIN_EVIDENCE: f32 = 0.5;
/// Fewest supported claims that make a window reliable across languages.
const MIN_SHARED: usize = 3;
/// Smallest coverage of a reliable window across languages.
const MIN_RELIABLE: f32 = 0.5;
/// Article sentences that are looked at by their vectors.
const NEAR_SENTENCES: usize = 4;
/// Smallest similarity of a sentence that is taken for the source of another.
const MIN_SIMILARITY: f32 = 0.4;
/// Share of the best similarity that makes a neighbor part of the window.
const MIN_NEIGHBOR: f32 = 0.85;
/// Fewest claims of a sentence that can be called unsupported, in one language and across two.
const MIN_CLAIMS: [usize; 2] = [4, 6];

/// Support of a sentence in the other language, by the vectors of an encoder: the nearest sentence,
/// with a neighbor that is about as near. `None` without an encoder.
fn by_meaning(comparison: &Comparison<'_>, index: usize, output: &Span) -> Option<Matched> {
    let near = comparison.vectors()?.nearest(index, NEAR_SENTENCES);
    let (best, similarity) = *near.first()?;
    let is_as_near =
        |(at, other): &&(usize, f32)| at.abs_diff(best) == 1 && *other >= similarity * MIN_NEIGHBOR;
    let neighbor = near.iter().skip(1).find(is_as_near).map_or(best, |(at, _)| *at);
    let window = best.min(neighbor)..best.max(neighbor) + 1;
    let others = near.iter().filter(|(at, other)| {
        !window.contains(at) && *other >= similarity * MIN_EVIDENCE && *other >= MIN_SIMILARITY
    });
    let others: Vec<usize> = others.map(|(at, _)| *at).collect();
    Some(Matched {
        output: output.clone(),
        evidence: Some(evidence(comparison, &window, others)),
        window: Some(text_of(comparison, &window)),
        coverage: similarity.clamp(0.0, 1.0),
        is_decided: false,
        is_reliable: similarity >= MIN_SIMILARITY,
    })
}

/// The span of neighboring article sentences.
fn text_of(comparison: &Comparison<'_>, window: &Span) -> Span {
    let spans = comparison.source.sentences();
    spans[window.start].start..spans[window.end - 1].end
}

/// The text of a window and of other sentences, in the order of the article.
fn evidence(comparison: &Comparison<'_>, window: &Span, others: Vec<usize>) -> String {
    let others = others.into_iter().map(|at| at..at + 1);
    let mut parts: Vec<Span> = others.chain([window.clone()]).collect();
    parts.sort_by_key(|part| part.start);
    let parts: Vec<&str> =
        parts.iter().map(|part| &comparison.pair.source[text_of(comparison, part)]).collect();
    parts.join("\n")
}

/// Matches every sentence of a summary.
pub(in crate::checks) fn match_sentences(comparison: &Comparison<'_>) -> Matching {
    let portable = comparison.pair.from != comparison.pair.to;
    let source = &comparison.source;
    let features_of = |span: &Span| features::of(source, span, portable);
    let index = Index::new(source.sentences().iter().map(features_of).collect());
    let output = &comparison.output;
    let of_sentence = |(at, span): (usize, &Span)| {
        let by_meaning = if portable { by_meaning(comparison, at, span) } else { None };
        by_meaning.unwrap_or_else(|| matched(&index, comparison, span.clone(), portable))
    };
    Matching { sentences: output.sentences().iter().enumerate().map(of_sentence).collect() }
}

/// The support of a sentence, by its claims.
fn matched(index: &Index, comparison: &Comparison<'_>, output: Span, portable: bool) -> Matched {
    let claims: &[Claim] = &features::claims(&comparison.output, &output, portable);
    // A year or an amount that two sentences share makes neither the source of the other. Across
    // languages, a number may be all that shows.
    let words: Vec<Claim> =
        features::word_claims(&comparison.output, &output, portable).into_iter().collect();
    let is_about = |at: usize| portable || index.shared(&words, at..at + 1) > 0;
    let ranked = index.ranked(claims);
    let is_decided = claims.len() >= MIN_CLAIMS[usize::from(portable)];
    let best = ranked
        .iter()
        .take(MAX_CANDIDATES)
        .flat_map(|(at, _)| index.windows(*at))
        .map(|window| (index.coverage(claims, window.clone()), window))
        .max_by_key(|(coverage, window)| {
            let further = window.len() - 1;
            let score = coverage - MIN_GAIN * further as f32;
            ((score * 1e4) as i64, Reverse(further), Reverse(window.start))
        });
    let Some((coverage, window)) = best else {
        return Matched {
            output,
            window: None,
            evidence: None,
            coverage: 0.0,
            is_decided,
            is_reliable: false,
        };
    };
    let shared = index.shared(claims, window.clone());
    let others = ranked
        .iter()
        .filter(|(at, share)| {
            !window.contains(at) && *share >= MIN_EVIDENCE * coverage && is_about(*at)
        })
        .take(MAX_OTHERS)
        .map(|(at, _)| *at)
        .collect();
    Matched {
        output,
        window: Some(text_of(comparison, &window)),
        evidence: Some(evidence(comparison, &window, others)),
        coverage,
        is_decided,
        is_reliable: !portable || (shared >= MIN_SHARED && coverage >= MIN_RELIABLE),
    }
}
