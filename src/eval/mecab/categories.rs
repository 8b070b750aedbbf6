//! `char.bin`: which categories a character has, and where unknown words of it may end.

use std::path::Path;

use super::bytes::{Bytes, u32_at};
use crate::error::{Error, Result};

/// The categories of a character, packed in 32 bits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Class(u32);

impl Class {
    /// True if two characters have a category in common.
    pub fn is_kind_of(self, other: Self) -> bool {
        self.0 & other.0 & 0x3_FFFF != 0
    }

    /// The category whose morphemes an unknown word has.
    pub fn category(self) -> usize {
        (self.0 >> 18 & 0xFF) as usize
    }

    /// Characters that an unknown word may have, up to this number.
    pub fn longest(self) -> usize {
        (self.0 >> 26 & 0xF) as usize
    }

    /// True if a whole run of characters may be an unknown word.
    pub fn is_grouped(self) -> bool {
        self.0 >> 30 & 1 == 1
    }

    /// True if unknown words are tried although the dictionary has a word.
    pub fn is_always_tried(self) -> bool {
        self.0 >> 31 == 1
    }
}

pub(super) struct Categories {
    bytes: Bytes,
    count: usize,
}

/// Bytes of a name, padded with zeros.
const NAME: usize = 32;
/// Characters with a class of their own: those of the basic plane but the last. Others have the
/// class of the first, U+0000.
const CHARACTERS: usize = 0xFFFF;

impl Categories {
    pub fn read(bytes: Bytes, path: &Path) -> Result<Self> {
        let all: &[u8] = (*bytes).as_ref();
        let count = u32_at(all, 0).map_or(0, |count| count as usize);
        let names = count.checked_mul(NAME);
        let size = names.and_then(|names| names.checked_add(4 + 4 * CHARACTERS));
        if count == 0 || size != Some(all.len()) {
            return Err(Error::malformed(path, "its size is not that of MeCab's categories"));
        }
        let categories = Self { bytes, count };
        if (0..CHARACTERS).any(|index| categories.class(index).category() >= count) {
            return Err(Error::malformed(path, "a character has a category that is not there"));
        }
        Ok(categories)
    }

    /// The names of the categories, in their order.
    pub fn names(&self) -> impl Iterator<Item = &[u8]> {
        let names = (*self.bytes).as_ref().get(4..4 + NAME * self.count).unwrap_or_default();
        names.chunks_exact(NAME).map(|name| name.split(|byte| *byte == 0).next().unwrap_or(name))
    }

    /// The class of a character.
    pub fn of(&self, character: char) -> Class {
        let index = character as usize;
        self.class(if index < CHARACTERS { index } else { 0 })
    }

    fn class(&self, index: usize) -> Class {
        let at = 4 + NAME * self.count + 4 * index;
        Class(u32_at((*self.bytes).as_ref(), at).unwrap_or(0))
    }
}
