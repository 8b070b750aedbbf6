//! Cuts normalized text into a model's pieces, as the SentencePiece library does, score for score.
//!
//! Why not the `tokenizers` crate's `Unigram` and `BPE`: they let text spell control marks and
//! bytes, take no piece whole, want both halves of a merge to be pieces, and cut word by word with
//! sums in 64 bits, where the library goes through the whole text in 32, so that equal sums
//! (`eeeee`, `-----`) part otherwise. Knows pieces by their places in the file; knows no ids.

use std::collections::{BinaryHeap, HashMap};
use std::ops::Range;

use super::charsmap::Charsmap;
use super::model::{Algorithm, Model, Sort};

/// How much worse than the worst piece something unknown is.
const UNKNOWN_PENALTY: f32 = 10.0;

/// What a piece that is taken whole scores for each byte after its first; others score below zero.
/// Version 0.2.3 of the library, as measured; 0.2.1 has -0.1 for all of them.
const WHOLE_SCORE: f32 = 0.1;

/// A part of a normalized text, and the piece that it is, if it is one.
pub(super) type Part = (Range<usize>, Option<usize>);

/// A model made ready for cutting.
pub(super) struct Cutter {
    pub model: Model,
    charsmap: Charsmap,
    /// Places of the pieces that text can be made of, ordered by their bytes.
    order: Vec<u32>,
    /// Those of them that are taken whole.
    whole: Vec<u32>,
    /// The lowest score of a normal piece.
    lowest: f32,
}

impl Cutter {
    /// Makes a model ready. Pieces that `is_mark` says are for the program to set are not found in
    /// text.
    pub fn new(model: Model, is_mark: impl Fn(&str) -> bool) -> Result<Self, String> {
        let charsmap = Charsmap::parse(&model.normalization.charsmap)?;
        let of_text = |sort| matches!(sort, Sort::Normal | Sort::UserDefined | Sort::Unused);
        let order = (0..model.len()).filter(|piece| of_text(model.sort(*piece)));
        let mut order: Vec<u32> = order.map(|piece| piece as u32).collect();
        let text = |piece: u32| model.text(piece as usize);
        order.sort_unstable_by(|a, b| text(*a).cmp(text(*b)));
        if let Some(pair) = order.windows(2).find(|pair| text(pair[0]) == text(pair[1])) {
            return Err(format!("the piece `{}` is given twice", text(pair[0])));
        }
        order.retain(|piece| !is_mark(text(*piece)));
        let whole = |piece: &u32| model.sort(*piece as usize) == Sort::UserDefined;
        let whole: Vec<u32> = order.iter().copied().filter(whole).collect();
        let normal = (0..model.len()).filter(|piece| model.sort(*piece) == Sort::Normal);
        let lowest = normal.map(|piece| model.score(piece)).fold(f32::MAX, f32::min);
        Ok(Self { model, charsmap, order, whole, lowest })
    }

    /// A text as the model wants it.
    pub fn normalize(&self, text: &str) -> String {
        self.charsmap.apply(&self.model.normalization, text, |rest| self.taken_whole(rest))
    }

    /// Cuts a normalized text. What is unknown comes in runs, or character by character where a
    /// model writes it as bytes.
    pub fn cut(&self, text: &str) -> Vec<Part> {
        let parts = match self.model.algorithm {
            Algorithm::Bpe => self.merged(text),
            _ => self.best(text),
        };
        if self.model.bytes {
            return parts;
        }
        let mut runs: Vec<Part> = Vec::with_capacity(parts.len());
        for (range, piece) in parts {
            match runs.last_mut() {
                Some((last, None)) if piece.is_none() => last.end = range.end,
                _ => runs.push((range, piece)),
            }
        }
        runs
    }

    /// Unigram: the pieces whose scores add up to the most, found from left to right.
    fn best(&self, text: &str) -> Vec<Part> {
        /// The best way that ends at a place.
        #[derive(Clone, Copy)]
        struct Way {
            score: f32,
            start: usize,
            piece: Option<usize>,
        }
        let unknown = self.lowest - UNKNOWN_PENALTY;
        let mut ways: Vec<Option<Way>> = vec![None; text.len() + 1];
        for (start, c) in text.char_indices() {
            let before = ways[start].map_or(0.0, |way| way.score);
            let mut reach = |end: usize, score: f32, piece: Option<usize>| {
                // The first of two equal sums stays, and sums are equal when they are so in 32
                // bits: as in version 0.2.3 of the library. Until 0.2.1 they were
                // compared in 64 and kept in 32, which parts some of `eeeee` otherwise.
                let score = score + before;
                if ways[end].is_none_or(|way| score > way.score) {
                    ways[end] = Some(Way { score, start, piece });
                }
            };
            let mut alone = false;
            for (length, piece) in Prefixes::new(self, &self.order, &text[start..]) {
                let score = match self.model.sort(piece) {
                    Sort::Unused => continue,
                    Sort::UserDefined => length as f32 * WHOLE_SCORE - WHOLE_SCORE,
                    _ => self.model.score(piece),
                };
                reach(start + length, score, Some(piece));
                alone |= length == c.len_utf8();
            }
            if !alone {
                reach(start + c.len_utf8(), unknown, None);
            }
        }
        let mut parts = Vec::new();
        let mut end = text.len();
        while let Some(way) = ways[end] {
            parts.push((way.start..end, way.piece));
            end = way.start;
        }
        parts.reverse();
        parts
    }

    /// BPE: of all neighbours that make a piece together those with the best score are joined,
    /// until there are none.
    fn merged(&self, text: &str) -> Vec<Part> {
        let mut joined = Joined::new(self, text);
        while let Some(best) = joined.waiting.pop() {
            joined.join(&best);
        }
        let mut parts = Vec::new();
        for symbol in &joined.symbols {
            if !symbol.range.is_empty() {
                self.take_apart(text, symbol.range.clone(), &joined.halves, &mut parts);
            }
        }
        parts
    }

    /// Undoes joins that made a piece which only helps merging.
    fn take_apart(&self, text: &str, whole: Range<usize>, halves: &Halves, parts: &mut Vec<Part>) {
        // Not by recursion: a file may make such pieces of such pieces, as long as they may be.
        let mut left = vec![whole];
        while let Some(range) = left.pop() {
            let piece = self.find(&text[range.clone()]);
            let unused = piece.is_some_and(|piece| self.model.sort(piece) == Sort::Unused);
            match piece.and_then(|piece| halves.get(&piece)).filter(|_| unused) {
                Some(middle) => {
                    left.push(range.start + middle..range.end);
                    left.push(range.start..range.start + middle);
                }
                None => parts.push((range, piece)),
            }
        }
    }

    /// The piece of exactly that text.
    fn find(&self, text: &str) -> Option<usize> {
        let place =
            self.order.binary_search_by(|piece| self.model.text(*piece as usize).cmp(text)).ok()?;
        Some(self.order[place] as usize)
    }

    /// The length of the longest piece that a text begins with and that is taken whole.
    fn taken_whole(&self, text: &str) -> Option<usize> {
        if self.whole.is_empty() {
            return None;
        }
        Prefixes::new(self, &self.whole, text).last().map(|(length, _)| length)
    }
}

/// The pieces of an ordered list that a text begins with, the shortest first: lengths in bytes and
/// places in the file.
struct Prefixes<'c, 't> {
    model: &'c Model,
    /// Those that begin as the text does, up to `length`.
    left: &'c [u32],
    text: &'t [u8],
    length: usize,
}

impl<'c, 't> Prefixes<'c, 't> {
    fn new(cutter: &'c Cutter, list: &'c [u32], text: &'t str) -> Self {
        Self { model: &cutter.model, left: list, text: text.as_bytes(), length: 0 }
    }
}

impl Iterator for Prefixes<'_, '_> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(byte) = self.text.get(self.length) {
            let next = |piece: &u32| self.model.text(*piece as usize).as_bytes().get(self.length);
            let start = self.left.partition_point(|piece| next(piece) < Some(byte));
            let rest = &self.left[start..];
            self.left = &rest[..rest.partition_point(|piece| next(piece) == Some(byte))];
            self.length += 1;
            let first = *self.left.first()? as usize;
            if self.model.text(first).len() == self.length {
                return Some((self.length, first));
            }
        }
        None
    }
}

/// Lengths of the left halves of joined pieces that only help merging.
type Halves = HashMap<usize, usize>;

/// A text in the middle of being joined.
struct Joined<'c, 't> {
    cutter: &'c Cutter,
    text: &'t str,
    symbols: Vec<Symbol>,
    waiting: BinaryHeap<Pair>,
    halves: Halves,
}

struct Symbol {
    /// Empty where it was joined to the one before.
    range: Range<usize>,
    before: Option<usize>,
    after: Option<usize>,
    /// Never joined.
    whole: bool,
}

/// Two neighbours that make a piece.
struct Pair {
    score: f32,
    left: usize,
    right: usize,
    length: usize,
}

impl Ord for Pair {
    /// The best score first, and of equal ones the leftmost.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // No score is NaN, and the library thinks 0.0 and -0.0 equal.
        let scores = self.score.partial_cmp(&other.score).unwrap_or(std::cmp::Ordering::Equal);
        scores.then(other.left.cmp(&self.left))
    }
}

impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Pair {}

impl<'c, 't> Joined<'c, 't> {
    fn new(cutter: &'c Cutter, text: &'t str) -> Self {
        let mut symbols: Vec<Symbol> = Vec::with_capacity(text.len());
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            let whole = cutter.taken_whole(&text[at..]);
            let end = at + whole.unwrap_or(c.len_utf8());
            let place = symbols.len();
            let after = (end < text.len()).then_some(place + 1);
            symbols.push(Symbol {
                range: at..end,
                before: place.checked_sub(1),
                after,
                whole: whole.is_some(),
            });
            at = end;
        }
        let mut joined =
            Self { cutter, text, symbols, waiting: BinaryHeap::new(), halves: Halves::default() };
        for place in 1..joined.symbols.len() {
            joined.consider(Some(place - 1), Some(place));
        }
        joined
    }

    fn consider(&mut self, left: Option<usize>, right: Option<usize>) {
        let (Some(left), Some(right)) = (left, right) else { return };
        let (first, second) = (&self.symbols[left], &self.symbols[right]);
        if first.whole || second.whole {
            return;
        }
        let Some(piece) = self.cutter.find(&self.text[first.range.start..second.range.end]) else {
            return;
        };
        if self.cutter.model.sort(piece) == Sort::Unused {
            self.halves.insert(piece, first.range.len());
        }
        let length = first.range.len() + second.range.len();
        self.waiting.push(Pair { score: self.cutter.model.score(piece), left, right, length });
    }

    fn join(&mut self, pair: &Pair) {
        let (left, right) = (&self.symbols[pair.left].range, &self.symbols[pair.right].range);
        // One of the two was joined to something else meanwhile.
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

    fn cutter(pieces: &[(&str, f32, u64)], algorithm: u64) -> Cutter {
        let mut bytes = piece("<unk>", 0.0, 2);
        bytes.extend(piece("</s>", 0.0, 3));
        for (text, score, sort) in pieces {
            bytes.extend(piece(text, *score, *sort));
        }
        bytes.extend(trainer(3, algorithm));
        Cutter::new(Model::parse(&bytes).unwrap(), |text| text == "<tag>").unwrap()
    }

    fn cut(cutter: &Cutter, text: &str) -> String {
        let normalized = cutter.normalize(text);
        let parts = cutter.cut(&normalized).into_iter();
        let parts = parts.map(|(range, piece)| {
            let known = piece
                .inspect(|piece| assert_eq!(cutter.model.text(*piece), &normalized[range.clone()]));
            format!("{}{}", &normalized[range], if known.is_none() { "?" } else { "" })
        });
        parts.collect::<Vec<_>>().join(" ")
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
        let cutter = cutter(PIECES, 1);
        assert_eq!(cut(&cutter, "ab aba"), "▁ab ▁ab a");
        assert_eq!(cut(&cutter, "bab 한글b"), "▁ b ab ▁ 한 글? b");
        assert_eq!(cut(&cutter, "글글 </s>"), "▁ 글글? ▁ </s>?");
        assert_eq!(cut(&cutter, " "), "");
    }

    #[test]
    fn bpe_joins_the_best_pair_and_takes_helpers_apart() {
        let cutter = cutter(PIECES, 2);
        assert_eq!(cut(&cutter, "ab aba"), "▁ab ▁ab a");
        // `ab` is joined first, then `bab`, which only helps.
        assert_eq!(cut(&cutter, "bab"), "▁ b ab");
        assert_eq!(cut(&cutter, "글글 </s>"), "▁ 글글? ▁ </s>?");
    }

    #[test]
    fn what_users_defined_is_taken_whole_and_marks_are_not_found() {
        let more = [PIECES, &[("aa", 0.0, 4), ("<tag>", 0.0, 4), ("ba", -2.0, 1)]].concat();
        for algorithm in [1, 2] {
            let cutter = cutter(&more, algorithm);
            assert_eq!(cut(&cutter, "baa"), "▁ b aa");
            assert_eq!(cut(&cutter, "<tag>"), "▁ <t? a g>?");
        }
    }

    #[test]
    fn a_piece_given_twice_is_refused() {
        let bytes = [piece("<unk>", 0.0, 2), piece("a", 0.0, 1), piece("a", 1.0, 4)].concat();
        let refused = Cutter::new(Model::parse(&bytes).unwrap(), |_| false).err().unwrap();
        assert!(refused.contains("`a` is given twice"), "{refused}");
    }
}
