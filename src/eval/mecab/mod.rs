//! Korean morphemes, as MeCab finds them with a compiled dictionary: the tokens of sacreBLEU's
//! `ko-mecab`.
//!
//! A dictionary is a folder: `sys.dic` has the words and `unk.dic` what stands for unknown ones,
//! `char.bin` the categories of characters, `matrix.bin` the costs of neighbors, and `dicrc`
//! settings. Of all ways to split a line the cheapest is taken (Kudo, Yamamoto and Matsumoto 2004).
//! The extra cost of words after a space is that of mecab-ko.
//!
//! The files are foreign bytes. All numbers that are read as places are checked when the
//! dictionary is opened, so that a line can be split without an error.

mod bytes;
mod categories;
mod costs;
mod dictionary;
mod lattice;
mod lexicon;
mod morpheme;

pub use bytes::Bytes;
pub use dictionary::{Files, Mecab};
