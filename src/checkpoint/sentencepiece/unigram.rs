//! A unigram vocabulary whose ids are the places of its pieces, with replacements of single
//! characters: the form in which sentence encoders carry the vocabulary of XLM-RoBERTa.

use std::collections::HashMap;

use super::model::{Normalization, SentencePieceModel};
use super::segment::Segmenter;

/// Numbers of piece types in model files.
const NORMAL: u64 = 1;
const UNKNOWN: u64 = 2;
const CONTROL: u64 = 3;
/// A special token that no file marks as one.
const MASK: &str = "<mask>";

/// A vocabulary prepared for encoding.
pub struct Unigram {
    segmenter: Segmenter,
    unknown: u32,
    /// Replacements of characters before segmentation.
    replacements: HashMap<char, String>,
}

impl Unigram {
    /// A vocabulary of pieces with their scores. `unknown` and `control` are places of pieces that
    /// no text is encoded to.
    pub(in crate::checkpoint) fn new(
        pieces: &[(&str, f32)],
        unknown: usize,
        control: &[usize],
        replacements: HashMap<char, String>,
    ) -> Result<Self, String> {
        let typed = pieces.iter().enumerate().map(|(id, (text, score))| {
            let piece_type = match id {
                id if id == unknown => UNKNOWN,
                id if control.contains(&id) || *text == MASK => CONTROL,
                _ => NORMAL,
            };
            (*text, *score, piece_type)
        });
        let model = SentencePieceModel::of_pieces(typed, Normalization::default())?;
        let segmenter = Segmenter::new(model, |_| false)?;
        Ok(Self { segmenter, unknown: unknown as u32, replacements })
    }

    /// Token ids of a text: never a special token other than the one for unknown text.
    pub fn encode(&self, text: &str) -> Vec<u32> {
        let mut replaced = String::with_capacity(text.len());
        for c in text.chars() {
            match self.replacements.get(&c) {
                Some(replacement) => replaced.push_str(replacement),
                None => replaced.push(c),
            }
        }
        let normalized = self.segmenter.normalize(&replaced);
        let segments = self.segmenter.segment(&normalized).into_iter();
        segments.map(|(_, piece)| piece.map_or(self.unknown, |piece| piece as u32)).collect()
    }
}
