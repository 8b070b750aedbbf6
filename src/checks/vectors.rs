//! Vectors of the sentences of a pair, compared after the mean of each language is taken away.
//!
//! Encoders place all sentences of a language near each other, so that raw similarities of English
//! and Korean differ from those within a language. The mean comes from a few general sentences.

use std::sync::Arc;

use super::options::CheckOptions;
use crate::document::Span;
use crate::language::Language;

/// Sentences of a text that are compared; a longer text is left alone.
const MAX_SENTENCES: usize = 600;
/// Sentences of a quotation that count as one.
const MAX_QUOTED: usize = 8;
/// Letters of English for one syllable of Korean.
const LETTERS_A_SYLLABLE: f32 = 2.0;

/// A sentence, or the sentences of a quotation.
#[derive(Clone)]
pub(super) struct Unit {
    /// Bytes in the text.
    pub span: Span,
    /// Its length in letters of English.
    pub size: f32,
    /// Its vector before the mean is taken away, of any length.
    raw: Vec<f32>,
    /// The mean of its language.
    mean: Arc<[f32]>,
    /// The vector that is compared, of length 1.
    pub vector: Vec<f32>,
}

impl Unit {
    fn new(span: Span, size: f32, raw: Vec<f32>, mean: Arc<[f32]>) -> Self {
        let mut vector = raw.clone();
        normalize(&mut vector);
        add(&mut vector, &mean, -1.0);
        normalize(&mut vector);
        Self { span, size, raw, mean, vector }
    }

    /// Neighbors as one unit; `None` for none. Vectors count by the sizes of their sentences.
    pub fn join(units: &[Self]) -> Option<Self> {
        let (first, last) = (units.first()?, units.last()?);
        let mut raw = vec![0.0; first.raw.len()];
        for unit in units {
            let mut vector = unit.raw.clone();
            normalize(&mut vector);
            add(&mut raw, &vector, unit.size);
        }
        let size = units.iter().map(|unit| unit.size).sum();
        Some(Self::new(first.span.start..last.span.end, size, raw, first.mean.clone()))
    }

    /// Cosine with another unit.
    pub fn similarity(&self, other: &Self) -> f32 {
        dot(&self.vector, &other.vector)
    }
}

/// The sentences of both texts with their vectors.
pub(super) struct Vectors {
    /// Sentences of the source.
    pub source: Vec<Unit>,
    /// Sentences of the output.
    pub output: Vec<Unit>,
}

/// A text with the spans of its sentences.
#[derive(Clone, Copy)]
pub(super) struct Sentences<'t> {
    pub text: &'t str,
    pub language: Language,
    pub spans: &'t [Span],
}

impl Vectors {
    /// Encodes the sentences of a source and an output. `None` without an encoder, if it fails, or
    /// if a text has no sentence or too many.
    pub fn new(
        options: &CheckOptions,
        source: Sentences<'_>,
        output: Sentences<'_>,
    ) -> Option<Self> {
        let encoder = options.encoder.as_deref()?;
        let possible = 1..=MAX_SENTENCES;
        if ![source, output].iter().all(|text| possible.contains(&text.spans.len())) {
            return None;
        }
        let means = options.background.means(encoder)?;
        let units = |text: Sentences<'_>| -> Option<Vec<Unit>> {
            let sentences: Vec<&str> =
                text.spans.iter().map(|span| &text.text[span.clone()]).collect();
            let vectors = encoder.encode(&sentences).ok()?;
            let mean: Arc<[f32]> = means.of(text.language).into();
            if vectors.len() != sentences.len() || vectors.iter().any(|v| v.len() != mean.len()) {
                return None;
            }
            let units = text.spans.iter().zip(sentences).zip(vectors);
            Some(
                units
                    .map(|((span, sentence), vector)| {
                        Unit::new(span.clone(), size(sentence), vector, mean.clone())
                    })
                    .collect(),
            )
        };
        Some(Self { source: units(source)?, output: units(output)? })
    }

    /// The sentences of the source that are nearest to one of the output, with their similarities,
    /// nearest first.
    pub fn nearest(&self, output: usize, count: usize) -> Vec<(usize, f32)> {
        let Some(unit) = self.output.get(output) else { return Vec::new() };
        let mut near: Vec<(usize, f32)> =
            self.source.iter().map(|other| other.similarity(unit)).enumerate().collect();
        near.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        near.truncate(count);
        near
    }
}

/// The sentences of a text with each quotation as one unit: languages split quotations differently.
/// One that is not closed within a few sentences stays as it is.
pub(super) fn quotations_joined(text: &str, sentences: &[Unit]) -> Vec<Unit> {
    let mut units = Vec::with_capacity(sentences.len());
    let mut at = 0;
    while at < sentences.len() {
        let mut is_open = false;
        let last = (at..sentences.len()).take(MAX_QUOTED).find(|index| {
            is_open = leaves_open(&text[sentences[*index].span.clone()], is_open);
            !is_open
        });
        let end = last.unwrap_or(at) + 1;
        units.extend(Unit::join(&sentences[at..end]));
        at = end;
    }
    units
}

/// True if a quotation is open after a sentence.
fn leaves_open(sentence: &str, before: bool) -> bool {
    sentence.chars().fold(before, |is_open, c| match c {
        '“' | '「' | '『' => true,
        '”' | '」' | '』' => false,
        '"' => !is_open,
        _ => is_open,
    })
}

/// The length of a text in letters of English.
fn size(text: &str) -> f32 {
    let letters = text.chars().filter(|c| !c.is_whitespace());
    letters.map(|c| if ('가'..='힣').contains(&c) { LETTERS_A_SYLLABLE } else { 1.0 }).sum()
}

pub(super) fn add(sum: &mut [f32], vector: &[f32], factor: f32) {
    sum.iter_mut().zip(vector).for_each(|(sum, number)| *sum += factor * number);
}

pub(super) fn dot(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

pub(super) fn normalize(vector: &mut [f32]) {
    let length = dot(vector, vector).sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|number| *number /= length);
    }
}
