//! `matrix.bin`: what it costs that two words are neighbors; and of `dicrc`, what a space before a
//! word costs.

use std::collections::HashMap;
use std::path::Path;

use super::bytes::{Bytes, i16_at, u16_at};
use super::morpheme::Morpheme;
use crate::error::{Error, Result};

pub(super) struct Costs {
    matrix: Bytes,
    /// Contexts of the word before, and of the word after.
    sizes: (usize, usize),
    /// Extra cost of a word after a space, by the number of its part of speech.
    after_space: HashMap<u16, i64>,
}

/// The setting of mecab-ko: pairs of a part of speech and a cost.
const AFTER_SPACE: &str = "left-space-penalty-factor";

impl Costs {
    pub fn read(matrix: Bytes, settings: &str, folder: &Path) -> Result<Self> {
        let all: &[u8] = (*matrix).as_ref();
        let size = |at| u16_at(all, at).map_or(0, usize::from);
        let sizes = (size(0), size(2));
        if all.len() != 4 + 2 * sizes.0 * sizes.1 || sizes.0 == 0 || sizes.1 == 0 {
            let path = folder.join("matrix.bin");
            return Err(Error::malformed(path, "its size is not that of MeCab's costs"));
        }
        let after_space = after_space(settings).ok_or_else(|| {
            let reason = format!("`{AFTER_SPACE}` is not a list of pairs of numbers");
            Error::malformed(folder.join("dicrc"), reason)
        })?;
        Ok(Self { matrix, sizes, after_space })
    }

    /// True if the matrix has the contexts of a morpheme.
    pub fn has(&self, morpheme: &Morpheme) -> bool {
        usize::from(morpheme.right) < self.sizes.0 && usize::from(morpheme.left) < self.sizes.1
    }

    /// The cost of a word with this left context after one with this right context; 0 is that of
    /// the ends of a line.
    pub fn neighbors(&self, right: u16, left: u16) -> i64 {
        let at = usize::from(right) + self.sizes.0 * usize::from(left);
        i16_at((*self.matrix).as_ref(), 4 + 2 * at).map_or(0, i64::from)
    }

    /// The extra cost of a word after a space.
    pub fn after_space(&self, morpheme: &Morpheme) -> i64 {
        self.after_space.get(&morpheme.part).copied().unwrap_or(0)
    }
}

/// The extra costs in a `dicrc`; none if it does not set them, `None` if they are not numbers.
fn after_space(settings: &str) -> Option<HashMap<u16, i64>> {
    let set = settings.lines().filter_map(|line| line.split_once('='));
    let Some((_, list)) = set.into_iter().find(|(name, _)| name.trim() == AFTER_SPACE) else {
        return Some(HashMap::new());
    };
    let numbers: Option<Vec<i32>> = list.split(',').map(|word| word.trim().parse().ok()).collect();
    let numbers = numbers.filter(|numbers| numbers.len() % 2 == 0)?;
    let pair = |pair: &[i32]| Some((u16::try_from(pair[0]).ok()?, i64::from(pair[1])));
    numbers.chunks_exact(2).map(pair).collect()
}
