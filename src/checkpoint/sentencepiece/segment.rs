//! Segmentation of normalized text into pieces, by SentencePiece's unigram and BPE algorithms.
//!
//! Reference: `unigram_model.cc` and `bpe_model.cc` of SentencePiece, score for score. The
//! `Unigram` and `BPE` models of the `tokenizers` crate are not used because text can become
//! special tokens and bytes in them, they have no user-defined pieces, want both halves of a merge
//! to be pieces, and segment word by word with sums in 64 bits, whereas the library goes through
//! the whole text in 32, so that ties (`eeeee`, `-----`) come out differently. Knows pieces by
//! their index in the file; knows no ids.

use std::collections::{BinaryHeap, HashMap};
use std::ops::Range;

use super::charsmap::Charsmap;
use super::model::{Algorithm, PieceType, SentencePieceModel};

/// Score of unknown text, below the lowest score of a piece.
const UNKNOWN_PENALTY: f32 = 10.0;

/// Score of a user-defined piece for each byte after its first; other pieces score below zero. As
/// in version 0.2.3 of the library (measured); 0.2.1 has -0.1 for the whole piece.
const USER_DEFINED_SCORE: f32 = 0.1;

/// A range of a normalized text with its piece; `None` for unknown text.
pub(super) type PieceSpan = (Range<usize>, Option<usize>);

/// A model prepared for segmentation.
pub(super) struct Segmenter {
    pub model: SentencePieceModel,
    charsmap: Charsmap,
    /// Indices of the pieces that text can have, ordered by their bytes.
    order: Vec<u32>,
    /// Those of the user-defined pieces, which are never split.
    user_defined: Vec<u32>,
    /// The lowest score of a normal piece.
    lowest: f32,
}

impl Segmenter {
    /// Prepares a model. Pieces that are special tokens according to `is_special` are not found in
    /// text.
    pub fn new(
        model: SentencePieceModel,
        is_special: impl Fn(&str) -> bool,
    ) -> Result<Self, String> {
        let charsmap = Charsmap::parse(&model.normalization.charsmap)?;
        let of_text =
            |sort| matches!(sort, PieceType::Normal | PieceType::UserDefined | PieceType::Unused);
        let order = (0..model.len()).filter(|piece| of_text(model.piece_type(*piece)));
        let mut order: Vec<u32> = order.map(|piece| piece as u32).collect();
        let text = |piece: u32| model.text(piece as usize);
        order.sort_unstable_by(|a, b| text(*a).cmp(text(*b)));
        if let Some(pair) = order.windows(2).find(|pair| text(pair[0]) == text(pair[1])) {
            return Err(format!("the piece `{}` is given twice", text(pair[0])));
        }
        order.retain(|piece| !is_special(text(*piece)));
        let user_defined = order
            .iter()
            .copied()
            .filter(|piece| model.piece_type(*piece as usize) == PieceType::UserDefined)
            .collect();
        let normal = (0..model.len()).filter(|piece| model.piece_type(*piece) == PieceType::Normal);
        let lowest = normal.map(|piece| model.score(piece)).fold(f32::MAX, f32::min);
        Ok(Self { model, charsmap, order, user_defined, lowest })
    }

    /// Normalizes a text.
    pub fn normalize(&self, text: &str) -> String {
        self.charsmap.apply(&self.model.normalization, text, |rest| self.user_defined_prefix(rest))
    }

    /// Segments a normalized text. Unknown text comes in runs, or character by character if the
    /// model has byte fallback.
    pub fn segment(&self, text: &str) -> Vec<PieceSpan> {
        let segments = match self.model.algorithm {
            Algorithm::Bpe => self.bpe(text),
            _ => self.unigram(text),
        };
        if self.model.byte_fallback {
            return segments;
        }
        let mut runs: Vec<PieceSpan> = Vec::with_capacity(segments.len());
        for (range, piece) in segments {
            match runs.last_mut() {
                Some((last, None)) if piece.is_none() => last.end = range.end,
                _ => runs.push((range, piece)),
            }
        }
        runs
    }

    /// Unigram: the segmentation with the largest sum of scores (Viterbi algorithm).
    fn unigram(&self, text: &str) -> Vec<PieceSpan> {
        /// The best segmentation that ends at a byte, by its last segment.
        #[derive(Clone, Copy)]
        struct Best {
            score: f32,
            start: usize,
            piece: Option<usize>,
        }
        let unknown = self.lowest - UNKNOWN_PENALTY;
        let mut best: Vec<Option<Best>> = vec![None; text.len() + 1];
        for (start, c) in text.char_indices() {
            let before = best[start].map_or(0.0, |best| best.score);
            let mut reach = |end: usize, score: f32, piece: Option<usize>| {
                // Of equal sums the first stays, compared in 32 bits: as in version 0.2.3 of the
                // library. Until 0.2.1 they were compared in 64 bits and stored in 32, which
                // segments some of `eeeee` differently.
                let score = score + before;
                if best[end].is_none_or(|best| score > best.score) {
                    best[end] = Some(Best { score, start, piece });
                }
            };
            let mut has_single = false;
            for (length, piece) in Prefixes::new(self, &self.order, &text[start..]) {
                let score = match self.model.piece_type(piece) {
                    PieceType::Unused => continue,
                    PieceType::UserDefined => {
                        length as f32 * USER_DEFINED_SCORE - USER_DEFINED_SCORE
                    }
                    _ => self.model.score(piece),
                };
                reach(start + length, score, Some(piece));
                has_single |= length == c.len_utf8();
            }
            if !has_single {
                reach(start + c.len_utf8(), unknown, None);
            }
        }
        let mut segments = Vec::new();
        let mut end = text.len();
        while let Some(last) = best[end] {
            segments.push((last.start..end, last.piece));
            end = last.start;
        }
        segments.reverse();
        segments
    }

    /// BPE: merges the neighbors with the best score until no two make a piece.
    fn bpe(&self, text: &str) -> Vec<PieceSpan> {
        let mut merging = Merging::new(self, text);
        while let Some(best) = merging.candidates.pop() {
            merging.merge(&best);
        }
        let mut segments = Vec::new();
        for symbol in &merging.symbols {
            if !symbol.range.is_empty() {
                self.split_unused(text, symbol.range.clone(), &merging.halves, &mut segments);
            }
        }
        segments
    }

    /// Undoes merges that made an unused piece.
    fn split_unused(
        &self,
        text: &str,
        whole: Range<usize>,
        halves: &Halves,
        segments: &mut Vec<PieceSpan>,
    ) {
        // Not recursive: a file may nest unused pieces as deep as pieces are long.
        let mut left = vec![whole];
        while let Some(range) = left.pop() {
            let piece = self.find(&text[range.clone()]);
            let unused =
                piece.is_some_and(|piece| self.model.piece_type(piece) == PieceType::Unused);
            match piece.and_then(|piece| halves.get(&piece)).filter(|_| unused) {
                Some(middle) => {
                    left.push(range.start + middle..range.end);
                    left.push(range.start..range.start + middle);
                }
                None => segments.push((range, piece)),
            }
        }
    }

    /// The piece with exactly this text.
    fn find(&self, text: &str) -> Option<usize> {
        let index =
            self.order.binary_search_by(|piece| self.model.text(*piece as usize).cmp(text)).ok()?;
        Some(self.order[index] as usize)
    }

    /// The length of the longest user-defined piece that a text begins with.
    fn user_defined_prefix(&self, text: &str) -> Option<usize> {
        if self.user_defined.is_empty() {
            return None;
        }
        Prefixes::new(self, &self.user_defined, text).last().map(|(length, _)| length)
    }
}

/// The pieces of an ordered list that a text begins with, the shortest first, as lengths in bytes
/// and indices.
struct Prefixes<'c, 't> {
    model: &'c SentencePieceModel,
    /// Pieces that begin with the first `length` bytes of the text.
    candidates: &'c [u32],
    text: &'t [u8],
    length: usize,
}

impl<'c, 't> Prefixes<'c, 't> {
    fn new(segmenter: &'c Segmenter, list: &'c [u32], text: &'t str) -> Self {
        Self { model: &segmenter.model, candidates: list, text: text.as_bytes(), length: 0 }
    }
}

impl Iterator for Prefixes<'_, '_> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(byte) = self.text.get(self.length) {
            let next = |piece: &u32| self.model.text(*piece as usize).as_bytes().get(self.length);
            let start = self.candidates.partition_point(|piece| next(piece) < Some(byte));
            let rest = &self.candidates[start..];
            self.candidates = &rest[..rest.partition_point(|piece| next(piece) == Some(byte))];
            self.length += 1;
            let first = *self.candidates.first()? as usize;
            if self.model.text(first).len() == self.length {
                return Some((self.length, first));
            }
        }
        None
    }
}

/// Lengths of the left halves of merged pieces of type unused, by piece.
type Halves = HashMap<usize, usize>;

/// The state of merging a text.
struct Merging<'c, 't> {
    segmenter: &'c Segmenter,
    text: &'t str,
    symbols: Vec<Symbol>,
    candidates: BinaryHeap<MergePair>,
    halves: Halves,
}

struct Symbol {
    /// Empty after it was merged with the symbol before.
    range: Range<usize>,
    before: Option<usize>,
    after: Option<usize>,
    /// A user-defined piece, which is never merged.
    user_defined: bool,
}

/// Two neighbors that make a piece.
struct MergePair {
    score: f32,
    left: usize,
    right: usize,
    length: usize,
}

impl Ord for MergePair {
    /// The best score first; the leftmost on ties.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // No score is NaN, and for the library 0.0 and -0.0 are equal.
        let scores = self.score.partial_cmp(&other.score).unwrap_or(std::cmp::Ordering::Equal);
        scores.then(other.left.cmp(&self.left))
    }
}

impl PartialOrd for MergePair {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for MergePair {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for MergePair {}

impl<'c, 't> Merging<'c, 't> {
    fn new(segmenter: &'c Segmenter, text: &'t str) -> Self {
        let mut symbols: Vec<Symbol> = Vec::with_capacity(text.len());
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            let user_defined = segmenter.user_defined_prefix(&text[at..]);
            let end = at + user_defined.unwrap_or(c.len_utf8());
            let index = symbols.len();
            let after = (end < text.len()).then_some(index + 1);
            symbols.push(Symbol {
                range: at..end,
                before: index.checked_sub(1),
                after,
                user_defined: user_defined.is_some(),
            });
            at = end;
        }
        let mut merging = Self {
            segmenter,
            text,
            symbols,
            candidates: BinaryHeap::new(),
            halves: Halves::default(),
        };
        for index in 1..merging.symbols.len() {
            merging.consider(Some(index - 1), Some(index));
        }
        merging
    }

    /// Adds two neighbors to the candidates if they make a piece.
    fn consider(&mut self, left: Option<usize>, right: Option<usize>) {
        let (Some(left), Some(right)) = (left, right) else { return };
        let (first, second) = (&self.symbols[left], &self.symbols[right]);
        if first.user_defined || second.user_defined {
            return;
        }
        let Some(piece) = self.segmenter.find(&self.text[first.range.start..second.range.end])
        else {
            return;
        };
        if self.segmenter.model.piece_type(piece) == PieceType::Unused {
            self.halves.insert(piece, first.range.len());
        }
        let length = first.range.len() + second.range.len();
        self.candidates.push(MergePair {
            score: self.segmenter.model.score(piece),
            left,
            right,
            length,
        });
    }

    fn merge(&mut self, pair: &MergePair) {
        let (left, right) = (&self.symbols[pair.left].range, &self.symbols[pair.right].range);
        // One of the two was merged with another symbol in the meantime.
        if left.is_empty() || right.is_empty() || left.len() + right.len() != pair.length {
            return;
        }
        let end = right.end;
        let after = self.symbols[pair.right].after;
        self.symbols[pair.right].range = end..end;
        self.symbols[pair.left].range.end = end;
        self.symbols[pair.left].after = after;
        if let Some(after) = after {
            self.symbols[after].before = Some(pair.left);
        }
        self.consider(self.symbols[pair.left].before, Some(pair.left));
        self.consider(Some(pair.left), after);
    }
}

#[cfg(test)]
mod tests {
    use super::super::model::tests::{piece, trainer};
    use super::*;

    fn segmenter(pieces: &[(&str, f32, u64)], algorithm: u64) -> Segmenter {
        let mut bytes = piece("<unk>", 0.0, 2);
        bytes.extend(piece("</s>", 0.0, 3));
        for (text, score, sort) in pieces {
            bytes.extend(piece(text, *score, *sort));
        }
        bytes.extend(trainer(3, algorithm));
        Segmenter::new(SentencePieceModel::parse(&bytes).unwrap(), |text| text == "<tag>").unwrap()
    }

    fn cut(segmenter: &Segmenter, text: &str) -> String {
        let normalized = segmenter.normalize(text);
        let segments = segmenter.segment(&normalized).into_iter();
        let segments = segments.map(|(range, piece)| {
            let piece = piece.inspect(|piece| {
                assert_eq!(segmenter.model.text(*piece), &normalized[range.clone()])
            });
            format!("{}{}", &normalized[range], if piece.is_none() { "?" } else { "" })
        });
        segments.collect::<Vec<_>>().join(" ")
    }

    const PIECES: &[(&str, f32, u64)] = &[
        ("▁", -3.0, 1),
        ("a", -4.0, 1),
        ("b", -4.5, 1),
        ("ab", -3.5, 1),
        ("▁ab", -6.0, 1),
        ("aba", -20.0, 1),
        ("bab", -1.0, 5),
        ("한", -5.0, 1),
    ];

    #[test]
    fn unigram_takes_the_best_sum() {
        let segmenter = segmenter(PIECES, 1);
        assert_eq!(cut(&segmenter, "ab aba"), "▁ab ▁ab a");
        assert_eq!(cut(&segmenter, "bab 한글b"), "▁ b ab ▁ 한 글? b");
        assert_eq!(cut(&segmenter, "글글 </s>"), "▁ 글글? ▁ </s>?");
        assert_eq!(cut(&segmenter, " "), "");
    }

    #[test]
    fn bpe_merges_the_best_pair_and_splits_unused_pieces() {
        let segmenter = segmenter(PIECES, 2);
        assert_eq!(cut(&segmenter, "ab aba"), "▁ab ▁ab a");
        // `ab` is merged first, then `bab`, which is unused.
        assert_eq!(cut(&segmenter, "bab"), "▁ b ab");
        assert_eq!(cut(&segmenter, "글글 </s>"), "▁ 글글? ▁ </s>?");
    }

    #[test]
    fn user_defined_pieces_stay_whole_and_special_tokens_are_not_found() {
        let more = [PIECES, &[("aa", 0.0, 4), ("<tag>", 0.0, 4), ("ba", -2.0, 1)]].concat();
        for algorithm in [1, 2] {
            let segmenter = segmenter(&more, algorithm);
            assert_eq!(cut(&segmenter, "baa"), "▁ b aa");
            assert_eq!(cut(&segmenter, "<tag>"), "▁ <t? a g>?");
        }
    }

    #[test]
    fn a_piece_given_twice_is_refused() {
        let bytes = [piece("<unk>", 0.0, 2), piece("a", 0.0, 1), piece("a", 1.0, 4)].concat();
        let refused =
            Segmenter::new(SentencePieceModel::parse(&bytes).unwrap(), |_| false).err().unwrap();
        assert!(refused.contains("`a` is given twice"), "{refused}");
    }
}
