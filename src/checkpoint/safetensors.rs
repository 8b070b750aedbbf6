//! A strict reader of safetensors headers, in single files and in sharded sets with an index; a
//! writer of headers.
//!
//! Format: <https://github.com/huggingface/safetensors#format>: eight bytes of length, a JSON
//! object that maps names to type, shape and offsets, then the data. Stricter than the reference in
//! one point: a name given twice is refused, not overwritten. Knows names and bytes; knows no
//! architecture.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::json;

use super::gguf::TensorInfo;
use crate::error::{Error, Result};
use crate::files::MappedFile;
use crate::kernels::{GgmlType, Weight};

/// Limit of the reference implementation.
const MAX_HEADER_BYTES: u64 = 100_000_000;
/// The key of metadata, which is no tensor.
pub(super) const METADATA: &str = "__metadata__";
/// Alignment of the tensor data in written files: a cache line.
const ALIGNMENT: usize = 64;
/// Limit of shards; the largest published models have fewer than 200.
const MAX_SHARDS: usize = 1_000;

/// The tensors of one file, or of all the files of a sharded set.
pub struct Safetensors {
    files: Vec<MappedFile>,
    tensors: HashMap<String, (usize, Stored)>,
}

/// A tensor in a file. Unsupported types (integer buffers, for example) are an error only if the
/// tensor is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Stored {
    /// Floats that the kernels read.
    Usable(TensorInfo),
    /// Another type by its name, with the bytes of the file.
    OfType(String, Range<usize>),
}

impl Safetensors {
    /// Opens `model.safetensors`, or the shards that `model.safetensors.index.json` names, in a
    /// folder.
    pub fn open(folder: &Path) -> Result<Self> {
        let single = folder.join("model.safetensors");
        let index = folder.join("model.safetensors.index.json");
        // A single file takes precedence, as in transformers: an index may be left from weights
        // that were sharded.
        let paths = if single.exists() {
            vec![single]
        } else if index.exists() {
            shards(&index)?
        } else {
            return Err(Error::malformed(
                folder,
                "there is neither model.safetensors nor pytorch_model.bin in it, nor an index of either",
            ));
        };
        Self::in_files(paths.iter().map(|path| MappedFile::open(path)).collect::<Result<_>>()?)
    }

    /// Reads the headers of mapped files that belong together.
    pub(super) fn in_files(files: Vec<MappedFile>) -> Result<Self> {
        let mut tensors = HashMap::new();
        for (number, file) in files.iter().enumerate() {
            let described = parse(file.bytes()).map_err(|reason| {
                Error::malformed(file.path(), format!("not a usable safetensors file: {reason}"))
            })?;
            for (name, info) in described {
                if tensors.insert(name.clone(), (number, info)).is_some() {
                    return Err(Error::malformed(
                        file.path(),
                        format!("tensor `{name}` is in two files"),
                    ));
                }
            }
        }
        Ok(Self { files, tensors })
    }

    /// A tensor by name, with its file. Fails if its type is not supported.
    pub fn get(&self, name: &str) -> Result<Option<(&MappedFile, &TensorInfo)>> {
        match self.tensors.get(name) {
            None => Ok(None),
            Some((file, Stored::Usable(info))) => Ok(Some((&self.files[*file], info))),
            Some((file, Stored::OfType(kind, _))) => Err(Error::Unsupported {
                what: format!("tensor `{name}` of type {kind}"),
                file: self.files[*file].path().to_path_buf(),
                supported: "F32, F16, BF16".into(),
            }),
        }
    }

    /// The mapped files.
    pub fn files(&self) -> &[MappedFile] {
        &self.files
    }

    /// Names of all tensors, with the type if it is not supported.
    pub(super) fn names(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.tensors.iter().map(|(name, (_, stored))| match stored {
            Stored::Usable(_) => (name.as_str(), None),
            Stored::OfType(kind, _) => (name.as_str(), Some(kind.as_str())),
        })
    }

    /// All usable tensors, in the order of the files.
    pub fn weights(&self) -> impl Iterator<Item = (&str, Weight)> {
        let usable = |(name, (file, stored)): (&'_ String, &'_ (usize, Stored))| match stored {
            Stored::Usable(info) => Some((*file, info.range.start, name.clone())),
            Stored::OfType(..) => None,
        };
        let mut names: Vec<(usize, usize, String)> =
            self.tensors.iter().filter_map(usable).collect();
        names.sort();
        names.into_iter().filter_map(|(_, _, name)| {
            let (name, (file, stored)) = self.tensors.get_key_value(&name)?;
            let Stored::Usable(info) = stored else { return None };
            Some((name.as_str(), info.weight(&self.files[*file])?))
        })
    }

    /// Size of all files in bytes.
    pub fn size(&self) -> u64 {
        self.files.iter().map(|file| file.bytes().len() as u64).sum()
    }
}

/// The files named by an index, sorted and without duplicates.
fn shards(index: &Path) -> Result<Vec<PathBuf>> {
    let text = std::fs::read(index).map_err(|e| Error::io("read", index, e))?;
    let names = parse_index(&text).map_err(|reason| Error::malformed(index, reason))?;
    let folder = index.parent().unwrap_or(Path::new("."));
    Ok(names.into_iter().map(|name| folder.join(name)).collect())
}

/// The file names in an index, checked to be in its folder. A fuzz target calls this.
pub(crate) fn parse_index(text: &[u8]) -> std::result::Result<Vec<String>, String> {
    index_names(text, ".safetensors")
}

/// As [`parse_index`], for files with another extension.
pub(super) fn index_names(text: &[u8], ending: &str) -> std::result::Result<Vec<String>, String> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: Unique<String>,
    }
    let index: Index =
        serde_json::from_slice(text).map_err(|e| format!("not a usable index: {e}"))?;
    let names: std::collections::BTreeSet<String> = index.weight_map.0.into_values().collect();
    if names.is_empty() || names.len() > MAX_SHARDS {
        return Err(format!("it names {} files", names.len()));
    }
    for name in &names {
        let plain = Path::new(name).file_name().is_some_and(|file| file == name.as_str());
        if !plain || !name.ends_with(ending) {
            let kind = ending.trim_start_matches('.');
            return Err(format!("it names `{name}`, which is not a {kind} file beside it"));
        }
    }
    Ok(names.into_iter().collect())
}

/// Parses the header in the bytes of a whole file. A fuzz target calls this.
pub(crate) fn parse(bytes: &[u8]) -> std::result::Result<HashMap<String, Stored>, String> {
    #[derive(Deserialize)]
    struct TensorEntry {
        dtype: String,
        shape: Vec<u64>,
        data_offsets: (u64, u64),
    }
    let length = bytes.first_chunk::<8>().ok_or("it is too short")?;
    let length = u64::from_le_bytes(*length);
    if length > MAX_HEADER_BYTES || length > bytes.len() as u64 - 8 {
        return Err(format!(
            "its header of {length} bytes does not fit a file of {}: the file is cut short or not safetensors",
            bytes.len()
        ));
    }
    let data_start = 8 + length as usize;
    let entries: Unique<serde_json::Value> = serde_json::from_slice(&bytes[8..data_start])
        .map_err(|e| format!("its header is not usable: {e}"))?;
    let data_length = (bytes.len() - data_start) as u64;
    let mut described = Vec::new();
    for (name, entry) in entries.0 {
        if name == METADATA {
            continue;
        }
        let entry: TensorEntry =
            serde_json::from_value(entry).map_err(|e| format!("tensor `{name}`: {e}"))?;
        let (start, end) = entry.data_offsets;
        if start > end || end > data_length {
            return Err(format!(
                "tensor `{name}` lies at {start}..{end} of {data_length} bytes: the file is cut short"
            ));
        }
        let range = data_start + start as usize..data_start + end as usize;
        let ggml_type = match entry.dtype.as_str() {
            "F32" => GgmlType::F32,
            "F16" => GgmlType::F16,
            "BF16" => GgmlType::BF16,
            _ => {
                described.push((start, end, name, Stored::OfType(entry.dtype, range)));
                continue;
            }
        };
        let size = entry
            .shape
            .iter()
            .try_fold(ggml_type.block_bytes() as u64, |size, d| size.checked_mul(*d));
        if size != Some(end - start) {
            return Err(format!(
                "tensor `{name}` of shape {:?} does not take {} bytes",
                entry.shape,
                end - start
            ));
        }
        let shape = entry.shape.iter().map(|d| *d as usize).collect();
        described.push((start, end, name, Stored::Usable(TensorInfo { ggml_type, shape, range })));
    }
    described.sort_by_key(|(start, end, _, _)| (*start, *end));
    let mut previous_end = 0;
    let mut tensors = HashMap::new();
    for (start, end, name, stored) in described {
        if start < previous_end {
            return Err(format!("tensor `{name}` overlaps the one before it"));
        }
        previous_end = end;
        tensors.insert(name, stored);
    }
    Ok(tensors)
}

/// A tensor of a file to be written.
pub(super) struct TensorEntry<'n> {
    pub name: &'n str,
    /// The format's name of the type.
    pub dtype: &'n str,
    pub shape: Vec<u64>,
    pub bytes: u64,
}

/// The bytes before the tensor data, padded to [`ALIGNMENT`]. The tensors follow in this order.
pub(super) fn header<'n>(
    entries: impl Iterator<Item = TensorEntry<'n>>,
) -> serde_json::Result<Vec<u8>> {
    let mut header = serde_json::to_vec(&json!({ METADATA: { "format": "pt" } }))?;
    // Reopens the object.
    header.pop();
    let mut start = 0;
    for TensorEntry { name, dtype, shape, bytes } in entries {
        let end = start + bytes;
        let entry = json!({ "dtype": dtype, "shape": shape, "data_offsets": [start, end] });
        header.push(b',');
        serde_json::to_writer(&mut header, name)?;
        header.push(b':');
        serde_json::to_writer(&mut header, &entry)?;
        start = end;
    }
    header.push(b'}');
    header.resize((8 + header.len()).next_multiple_of(ALIGNMENT) - 8, b' ');
    let mut whole = (header.len() as u64).to_le_bytes().to_vec();
    whole.append(&mut header);
    Ok(whole)
}

/// A JSON object without duplicate keys.
struct Unique<V>(BTreeMap<String, V>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Unique<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Keys<V>(std::marker::PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Keys<V> {
            type Value = Unique<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut map: A,
            ) -> std::result::Result<Self::Value, A::Error> {
                let mut entries = BTreeMap::new();
                while let Some((key, value)) = map.next_entry::<String, V>()? {
                    if entries.insert(key.clone(), value).is_some() {
                        return Err(serde::de::Error::custom(format!("`{key}` is given twice")));
                    }
                }
                Ok(Unique(entries))
            }
        }
        deserializer.deserialize_map(Keys(std::marker::PhantomData))
    }
}
