//! A strict reader of GGUF headers, versions 2 and 3.
//!
//! Format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>. A file is a header with
//! counts, metadata (key, type, value) and tensor descriptions, then aligned tensor data. Every
//! number in the header is foreign: it is checked against the size of the file before use, and
//! nothing is allocated from a count alone (arrays stay in the file). A file is accepted whole or
//! refused with the reason.
//!
//! Knows bytes and names; knows no architecture and no tokenizer.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use crate::error::{Error, Result};
use crate::files::MappedFile;
use crate::kernels::{GgmlType, Weight};

pub(super) const MAGIC: &[u8; 4] = b"GGUF";
/// Limit of tensors and of metadata entries, above those of any model; bounds the hash maps.
const MAX_ENTRIES: u64 = 65_536;
const MAX_KEY_BYTES: u64 = 256;
const MAX_TENSOR_NAME_BYTES: u64 = 128;
const MAX_ALIGNMENT: u64 = 65_536;
const MAX_DIMENSION: u64 = 1 << 31;
pub(super) const DEFAULT_ALIGNMENT: u64 = 32;

/// A metadata value. Strings and arrays are ranges of the file.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Any unsigned integer type.
    Unsigned(u64),
    /// Any signed integer type.
    Signed(i64),
    /// f32 or f64.
    Float(f64),
    /// A boolean.
    Bool(bool),
    /// UTF-8 text in the file.
    String(Range<usize>),
    /// Contiguous elements of one type in the file.
    Array {
        /// GGUF type id of the elements.
        element: u32,
        /// Number of elements.
        count: usize,
        /// Bytes of the file.
        range: Range<usize>,
    },
}

/// The place, type and shape of a tensor.
#[derive(Debug, Clone, PartialEq)]
pub struct TensorInfo {
    /// Storage type of the elements.
    pub ggml_type: GgmlType,
    /// Dimensions, outermost first (the reverse of the order in the file): `[rows, columns]` for a
    /// matrix.
    pub shape: Vec<usize>,
    /// Bytes in the file.
    pub range: Range<usize>,
}

impl TensorInfo {
    /// The tensor in its file; `None` if its range is not within the file.
    pub fn weight(&self, file: &MappedFile) -> Option<Weight> {
        let bytes = file.slice(self.range.clone())?;
        Some(Weight { ggml_type: self.ggml_type, shape: self.shape.clone(), bytes, packed: None })
    }
}

/// A GGUF file with a valid header.
pub struct Gguf {
    file: MappedFile,
    metadata: HashMap<String, Value>,
    tensors: HashMap<String, TensorInfo>,
}

impl Gguf {
    /// Reads and checks a header.
    pub fn open(path: &Path) -> Result<Self> {
        Self::of(MappedFile::open(path)?)
    }

    /// Reads and checks the header of a file that is in memory.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::of(MappedFile::copy_of(bytes)?)
    }

    /// Reads and checks the header of a mapped file.
    pub(super) fn of(file: MappedFile) -> Result<Self> {
        let (metadata, tensors) = parse(file.bytes()).map_err(|reason| {
            Error::malformed(file.path(), format!("not a usable GGUF file: {reason}"))
        })?;
        Ok(Self { file, metadata, tensors })
    }

    /// The mapped file.
    pub fn file(&self) -> &MappedFile {
        &self.file
    }

    /// All tensors, in the order of the file.
    pub fn weights(&self) -> impl Iterator<Item = (&str, Weight)> {
        let mut tensors: Vec<_> = self.tensors.iter().collect();
        tensors.sort_by_key(|(_, info)| info.range.start);
        tensors
            .into_iter()
            .filter_map(|(name, info)| Some((name.as_str(), info.weight(&self.file)?)))
    }

    /// A metadata value.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.metadata.get(key)
    }

    /// A metadata value as text.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.metadata.get(key)? {
            Value::String(range) => std::str::from_utf8(&self.file.bytes()[range.clone()]).ok(),
            _ => None,
        }
    }

    /// A metadata value as a count or index.
    pub fn number(&self, key: &str) -> Option<u64> {
        match self.metadata.get(key)? {
            Value::Unsigned(n) => Some(*n),
            Value::Signed(n) => u64::try_from(*n).ok(),
            _ => None,
        }
    }

    /// A metadata value as a finite float.
    pub fn float(&self, key: &str) -> Option<f64> {
        match self.metadata.get(key)? {
            Value::Float(f) => f.is_finite().then_some(*f),
            Value::Unsigned(n) => Some(*n as f64),
            Value::Signed(n) => Some(*n as f64),
            _ => None,
        }
    }

    /// A metadata value as a boolean.
    pub fn flag(&self, key: &str) -> Option<bool> {
        match self.metadata.get(key)? {
            Value::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// An array of strings, read from the file.
    pub fn strings<'g>(
        &'g self,
        key: &str,
    ) -> Option<impl ExactSizeIterator<Item = &'g str> + use<'g>> {
        let Value::Array { element: STRING, count, range } = self.metadata.get(key)? else {
            return None;
        };
        let mut reader = GgufReader { bytes: &self.file.bytes()[..range.end], at: range.start };
        Some((0..*count).map(move |_| {
            // Validated when the file was opened.
            reader
                .string()
                .ok()
                .and_then(|r| std::str::from_utf8(&reader.bytes[r]).ok())
                .unwrap_or_default()
        }))
    }

    /// An array of numbers of any type.
    pub fn numbers<'g>(
        &'g self,
        key: &str,
    ) -> Option<impl ExactSizeIterator<Item = f64> + use<'g>> {
        let Value::Array { element, count, range } = self.metadata.get(key)? else { return None };
        scalar_size(*element)?;
        let mut reader = GgufReader { bytes: &self.file.bytes()[..range.end], at: range.start };
        let element = *element;
        Some((0..*count).map(move |_| match reader.scalar(element) {
            Ok(Value::Unsigned(n)) => n as f64,
            Ok(Value::Signed(n)) => n as f64,
            Ok(Value::Float(f)) => f,
            Ok(Value::Bool(b)) => f64::from(u8::from(b)),
            _ => f64::NAN,
        }))
    }

    /// Scalars and short numeric arrays whose key begins with `prefix`, without the prefix.
    pub(super) fn scalars(&self, prefix: &str) -> serde_json::Map<String, serde_json::Value> {
        /// Upper bound on lists with an entry for each layer; longer arrays are vocabularies.
        const MAX_LIST: usize = 4096;
        let mut scalars = serde_json::Map::new();
        for (key, value) in &self.metadata {
            let Some(name) = key.strip_prefix(prefix) else { continue };
            let value = match value {
                Value::Unsigned(n) => (*n).into(),
                Value::Signed(n) => (*n).into(),
                Value::Float(f) => (*f).into(),
                Value::Bool(b) => (*b).into(),
                Value::String(_) => self.text(key).unwrap_or_default().into(),
                Value::Array { count, .. } if *count <= MAX_LIST => {
                    self.numbers(key).into_iter().flatten().collect::<Vec<f64>>().into()
                }
                Value::Array { .. } => continue,
            };
            scalars.insert(name.to_string(), value);
        }
        scalars
    }

    /// All tensors by name.
    pub fn tensors(&self) -> &HashMap<String, TensorInfo> {
        &self.tensors
    }
}

const STRING: u32 = 8;
const ARRAY: u32 = 9;

/// Size of a GGUF scalar type in bytes; `None` for strings, arrays and unknown types.
fn scalar_size(kind: u32) -> Option<usize> {
    match kind {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

/// A cursor over foreign bytes.
struct GgufReader<'b> {
    bytes: &'b [u8],
    at: usize,
}

type Parsed<T> = std::result::Result<T, String>;

impl GgufReader<'_> {
    fn take(&mut self, count: usize) -> Parsed<Range<usize>> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let end =
            end.ok_or_else(|| format!("it ends inside its header (at byte {})", self.bytes.len()))?;
        let range = self.at..end;
        self.at = end;
        Ok(range)
    }

    fn array<const N: usize>(&mut self) -> Parsed<[u8; N]> {
        let range = self.take(N)?;
        let mut out = [0; N];
        out.copy_from_slice(&self.bytes[range]);
        Ok(out)
    }

    fn u32(&mut self) -> Parsed<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Parsed<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn remaining(&self) -> u64 {
        (self.bytes.len() - self.at) as u64
    }

    /// A length-prefixed UTF-8 string.
    fn string(&mut self) -> Parsed<Range<usize>> {
        let length = self.u64()?;
        if length > self.remaining() {
            return Err(format!("a string of {length} bytes runs past the end"));
        }
        let range = self.take(length as usize)?;
        std::str::from_utf8(&self.bytes[range.clone()])
            .map_err(|_| format!("the string at byte {} is not UTF-8", range.start))?;
        Ok(range)
    }

    fn name(&mut self, most: u64) -> Parsed<String> {
        let range = self.string()?;
        if range.len() as u64 > most {
            return Err(format!("a name of {} bytes (the most is {most})", range.len()));
        }
        Ok(String::from_utf8_lossy(&self.bytes[range]).into_owned())
    }

    fn scalar(&mut self, kind: u32) -> Parsed<Value> {
        Ok(match kind {
            0 => Value::Unsigned(u64::from(self.array::<1>()?[0])),
            1 => Value::Signed(i64::from(i8::from_le_bytes(self.array()?))),
            2 => Value::Unsigned(u64::from(u16::from_le_bytes(self.array()?))),
            3 => Value::Signed(i64::from(i16::from_le_bytes(self.array()?))),
            4 => Value::Unsigned(u64::from(self.u32()?)),
            5 => Value::Signed(i64::from(i32::from_le_bytes(self.array()?))),
            6 => Value::Float(f64::from(f32::from_le_bytes(self.array()?))),
            7 => match self.array::<1>()?[0] {
                0 => Value::Bool(false),
                1 => Value::Bool(true),
                other => return Err(format!("a boolean of {other}")),
            },
            10 => Value::Unsigned(self.u64()?),
            11 => Value::Signed(i64::from_le_bytes(self.array()?)),
            12 => Value::Float(f64::from_le_bytes(self.array()?)),
            other => return Err(format!("a metadata value of unknown type {other}")),
        })
    }

    fn value(&mut self, kind: u32) -> Parsed<Value> {
        match kind {
            STRING => self.string().map(Value::String),
            ARRAY => {
                let element = self.u32()?;
                let count = self.u64()?;
                let start = self.at;
                if element == STRING {
                    // Each string takes at least its length prefix, which bounds the loop by the
                    // size of the file.
                    if count > self.remaining() / 8 {
                        return Err(format!("an array of {count} strings runs past the end"));
                    }
                    for _ in 0..count {
                        self.string()?;
                    }
                } else {
                    let size = scalar_size(element).ok_or_else(|| {
                        format!("an array of elements of unsupported type {element}")
                    })?;
                    let bytes =
                        count.checked_mul(size as u64).filter(|bytes| *bytes <= self.remaining());
                    let bytes = bytes
                        .ok_or_else(|| format!("an array of {count} elements runs past the end"))?;
                    self.take(bytes as usize)?;
                }
                Ok(Value::Array { element, count: count as usize, range: start..self.at })
            }
            scalar => self.scalar(scalar),
        }
    }
}

type Header = (HashMap<String, Value>, HashMap<String, TensorInfo>);

/// Parses the header in the bytes of a whole file. A fuzz target calls this.
pub(crate) fn parse(bytes: &[u8]) -> Parsed<Header> {
    let mut reader = GgufReader { bytes, at: 0 };
    if &reader.array::<4>().map_err(|_| "it is too short".to_string())? != MAGIC {
        return Err("it does not begin with `GGUF`".into());
    }
    let version = reader.u32()?;
    if version.swap_bytes() == 2 || version.swap_bytes() == 3 {
        return Err("it is big-endian".into());
    }
    if !(2..=3).contains(&version) {
        return Err(format!("version {version} (2 and 3 are supported)"));
    }
    let tensor_count = reader.u64()?;
    let value_count = reader.u64()?;
    for (what, count) in [("tensors", tensor_count), ("metadata entries", value_count)] {
        // The shortest entry of both kinds takes more than eight bytes.
        if count > MAX_ENTRIES || count > reader.remaining() / 8 {
            return Err(format!("{count} {what} in a file of {} bytes", bytes.len()));
        }
    }
    let metadata = read_metadata(&mut reader, value_count)?;
    let alignment = match metadata.get("general.alignment") {
        None => DEFAULT_ALIGNMENT,
        Some(Value::Unsigned(n)) if n.is_power_of_two() && (8..=MAX_ALIGNMENT).contains(n) => *n,
        Some(_) => {
            return Err(format!(
                "general.alignment is not a power of two from 8 to {MAX_ALIGNMENT}"
            ));
        }
    };
    let tensors = read_tensors(&mut reader, tensor_count, alignment)?;
    Ok((metadata, tensors))
}

fn read_metadata(reader: &mut GgufReader<'_>, count: u64) -> Parsed<HashMap<String, Value>> {
    let mut metadata = HashMap::new();
    for _ in 0..count {
        let key = reader.name(MAX_KEY_BYTES)?;
        let kind = reader.u32()?;
        let value = reader.value(kind).map_err(|reason| format!("metadata `{key}`: {reason}"))?;
        if let Some(key) = metadata.insert(key.clone(), value).map(|_| key) {
            return Err(format!("metadata `{key}` is given twice"));
        }
    }
    Ok(metadata)
}

fn read_tensors(
    reader: &mut GgufReader<'_>,
    count: u64,
    alignment: u64,
) -> Parsed<HashMap<String, TensorInfo>> {
    let mut described = Vec::new();
    for _ in 0..count {
        let name = reader.name(MAX_TENSOR_NAME_BYTES)?;
        let (ggml_type, shape, bytes) =
            read_shape(reader).map_err(|reason| format!("tensor `{name}`: {reason}"))?;
        let offset = reader.u64()?;
        if offset % alignment != 0 {
            return Err(format!(
                "tensor `{name}`: offset {offset} is not a multiple of {alignment}"
            ));
        }
        described.push((name, ggml_type, shape, offset, bytes));
    }
    // Tensor data begin at the next aligned byte after the header.
    let data_start = (reader.at as u64).next_multiple_of(alignment);
    let file_length = reader.bytes.len() as u64;
    described.sort_by_key(|(_, _, _, offset, _)| *offset);
    let mut tensors = HashMap::new();
    let mut previous_end = 0;
    for (name, ggml_type, shape, offset, bytes) in described {
        if offset < previous_end {
            return Err(format!("tensor `{name}` overlaps the one before it"));
        }
        previous_end = offset
            .checked_add(bytes)
            .ok_or_else(|| format!("tensor `{name}`: offset {offset} overflows"))?;
        let end = data_start
            .checked_add(previous_end)
            .filter(|end| *end <= file_length)
            .ok_or_else(|| {
                format!(
                    "tensor `{name}` ends at byte {} of {file_length}: the file is cut short",
                    data_start.saturating_add(previous_end)
                )
            })?;
        let range = (end - bytes) as usize..end as usize;
        if tensors.contains_key(&name) {
            return Err(format!("tensor `{name}` is given twice"));
        }
        tensors.insert(name, TensorInfo { ggml_type, shape, range });
    }
    Ok(tensors)
}

fn read_shape(reader: &mut GgufReader<'_>) -> Parsed<(GgmlType, Vec<usize>, u64)> {
    let dimensions = reader.u32()?;
    if !(1..=4).contains(&dimensions) {
        return Err(format!("{dimensions} dimensions (1 to 4 are possible)"));
    }
    let mut shape = Vec::new();
    let mut elements = 1u64;
    for _ in 0..dimensions {
        let dimension = reader.u64()?;
        if dimension == 0 || dimension > MAX_DIMENSION {
            return Err(format!("a dimension of {dimension}"));
        }
        elements =
            elements.checked_mul(dimension).ok_or("its dimensions multiply to more than 2^64")?;
        shape.push(dimension as usize);
    }
    let id = reader.u32()?;
    let ggml_type = GgmlType::from_ggml(id).map_err(|name| {
        format!(
            "stored as {name}, which is not supported (supported: {})",
            GgmlType::supported_names()
        )
    })?;
    if shape[0] % ggml_type.block_len() != 0 {
        return Err(format!(
            "rows of {} do not divide into blocks of {}",
            shape[0],
            ggml_type.block_len()
        ));
    }
    let blocks = elements / ggml_type.block_len() as u64;
    let bytes = blocks.checked_mul(ggml_type.block_bytes() as u64).ok_or("its size overflows")?;
    shape.reverse();
    Ok((ggml_type, shape, bytes))
}
