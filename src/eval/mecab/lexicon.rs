//! `sys.dic` and `unk.dic`: a double-array trie (Aoe 1989) from words to their morphemes.
//!
//! A header of 72 bytes, the trie in units of 8 bytes (base and check), the morphemes in records
//! of 16 bytes, and their descriptions, which splitting does not need.

use std::ops::Range;
use std::path::Path;

use super::bytes::{Bytes, i16_at, i32_at, u16_at, u32_at};
use super::costs::Costs;
use super::morpheme::Morpheme;
use crate::error::{Error, Result};

/// What a dictionary is for; the number is that of its header.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Words = 0,
    Unknown = 2,
}

pub(super) struct Lexicon {
    bytes: Bytes,
    words: usize,
    units: Range<usize>,
    records: Range<usize>,
}

/// The size of the file is stored with these bits flipped.
const MAGIC: u32 = 0xEF71_8F77;
const VERSION: u32 = 102;
const HEADER: usize = 72;
/// Where the name of the character set is in the header, padded with zeros.
const CHARSET: Range<usize> = 40..72;
const UNIT: usize = 8;
const RECORD: usize = 16;
/// Bytes of the longest word that is looked for. No dictionary has longer ones, but the trie of a
/// damaged one may run in circles.
const LONGEST: usize = 1024;
/// Morphemes of all words that a text begins with. MeCab stops at as many words.
pub(super) const MOST: usize = 512;

impl Lexicon {
    /// Reads a dictionary. Each leaf of its trie must have its records, and each record a place
    /// in the matrix.
    pub fn read(bytes: Bytes, kind: Kind, costs: &Costs, path: &Path) -> Result<Self> {
        let lexicon = Self::sections(bytes, kind).map_err(|why| Error::malformed(path, why))?;
        let records = lexicon.records.len() / RECORD;
        for index in 0..lexicon.units.len() / UNIT {
            if let Some((base, _)) = lexicon.unit(index as i64)
                && base < 0
                && leaf(base).end > records
            {
                return Err(Error::malformed(path, format!("unit {index} of the trie is wrong")));
            }
        }
        for index in 0..records {
            if !lexicon.record(index).is_some_and(|morpheme| costs.has(&morpheme)) {
                return Err(Error::malformed(
                    path,
                    format!("morpheme {index} is not in the matrix"),
                ));
            }
        }
        Ok(lexicon)
    }

    fn sections(bytes: Bytes, kind: Kind) -> std::result::Result<Self, &'static str> {
        let all: &[u8] = (*bytes).as_ref();
        if all.len() < HEADER {
            return Err("it is too short for a MeCab dictionary");
        }
        let number = |at| u32_at(all, at).unwrap_or(0);
        let size = |at| number(at) as usize;
        if size(0) != (all.len() ^ MAGIC as usize) & u32::MAX as usize {
            return Err("it is not a MeCab dictionary, or was cut short");
        }
        if number(4) != VERSION || number(8) != kind as u32 {
            return Err("it is a MeCab dictionary of another version or kind");
        }
        let charset = all[CHARSET].split(|byte| *byte == 0).next().unwrap_or_default();
        if !charset.eq_ignore_ascii_case(b"utf-8") && !charset.eq_ignore_ascii_case(b"utf8") {
            return Err("its character set is not UTF-8");
        }
        let (words, units, records, rest) = (size(12), size(24), size(28), size(32));
        let end = HEADER.checked_add(units).and_then(|at| at.checked_add(records));
        if end.and_then(|at| at.checked_add(rest)) != Some(all.len())
            || units % UNIT != 0
            || records % RECORD != 0
        {
            return Err("the sizes in its header are wrong");
        }
        let (units, records) = (HEADER..HEADER + units, HEADER + units..HEADER + units + records);
        Ok(Self { bytes, words, units, records })
    }

    /// Number of words.
    pub fn len(&self) -> usize {
        self.words
    }

    /// Calls `found` with the length in bytes and the morphemes of each word that `text` begins
    /// with, shorter words first, up to a bound.
    pub fn prefixes(&self, text: &[u8], mut found: impl FnMut(usize, Morpheme)) {
        let Some((mut base, _)) = self.unit(0) else { return };
        let mut left = MOST;
        for length in 0..=text.len().min(LONGEST) {
            // The leaf of a word is the child without a byte.
            if let Some((value, check)) = self.unit(i64::from(base))
                && i64::from(check) == i64::from(base)
                && value < 0
                && length > 0
            {
                let morphemes = leaf(value).filter_map(|index| self.record(index)).take(left);
                left -= morphemes.map(|morpheme| found(length, morpheme)).count();
            }
            if left == 0 {
                return;
            }
            let Some(byte) = text.get(length) else { return };
            match self.unit(i64::from(base) + i64::from(*byte) + 1) {
                Some((next, check)) if i64::from(check) == i64::from(base) => base = next,
                _ => return,
            }
        }
    }

    /// The morphemes of a word.
    pub fn exact(&self, word: &[u8]) -> Vec<Morpheme> {
        let mut morphemes = Vec::new();
        self.prefixes(word, |length, morpheme| {
            if length == word.len() {
                morphemes.push(morpheme);
            }
        });
        morphemes
    }

    /// Base and check of a unit.
    fn unit(&self, index: i64) -> Option<(i32, u32)> {
        let units = (*self.bytes).as_ref().get(self.units.clone())?;
        let at = usize::try_from(index).ok()?.checked_mul(UNIT)?;
        Some((i32_at(units, at)?, u32_at(units, at + 4)?))
    }

    fn record(&self, index: usize) -> Option<Morpheme> {
        let records = (*self.bytes).as_ref().get(self.records.clone())?;
        let at = index.checked_mul(RECORD)?;
        Some(Morpheme {
            left: u16_at(records, at)?,
            right: u16_at(records, at + 2)?,
            part: u16_at(records, at + 4)?,
            cost: i16_at(records, at + 6)?,
        })
    }
}

/// The records of a leaf, whose base is negative: a number with the first of them above the lowest
/// byte, and how many there are in it.
fn leaf(base: i32) -> Range<usize> {
    let value = base.wrapping_neg().wrapping_sub(1) as u32;
    let first = (value >> 8) as usize;
    first..first + (value & 0xFF) as usize
}
