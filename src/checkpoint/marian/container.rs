//! Marian's weights: its binary container, version 1, or the items of an archive ([`npz`]).
//!
//! A container is little-endian: version and number of items; for each its length of name, type,
//! number of dimensions and bytes; all names, all shapes, and after a gap the values. An int8
//! matrix (`intgemm8`) is stored transposed, with its factor to bytes after the last of them.
//! Source: `src/common/binary.cpp` of <https://github.com/browsermt/marian-dev>.

use std::collections::HashMap;
use std::path::Path;

use super::item::{FLOAT16, FLOAT32, INTGEMM8, Item, MAX_ITEMS};
use super::names;
use super::npz;
use super::options;
use crate::checkpoint::byte_reader::{ByteReader, Parsed};
use crate::checkpoint::gguf::TensorInfo;
use crate::error::{Error, Result};
use crate::files::MappedFile;
use crate::kernels::{GgmlType, Weight, int8_blocks};

const VERSION: u64 = 1;
const MAX_NAME: u64 = 1024;
const MAX_DIMENSIONS: u64 = 8;

/// The weights of a container as tensors, each row an output. Float matrices are transposed, and
/// int8 ones have their scale in every block.
pub struct MarianWeights {
    converted: MappedFile,
    tensors: HashMap<String, TensorInfo>,
}

/// A container without an error in its structure.
pub(in crate::checkpoint) struct Container {
    /// The options of the network, as YAML.
    pub options: String,
    pub weights: MarianWeights,
}

/// An item before its value is read.
struct Header {
    name_bytes: u64,
    item_type: u64,
    dimensions: u64,
    bytes: u64,
}

impl MarianWeights {
    /// The bytes of all tensors.
    pub fn file(&self) -> &MappedFile {
        &self.converted
    }

    /// All tensors by their names in the container.
    pub fn weights(&self) -> impl Iterator<Item = (&str, Weight)> {
        let weight = |(name, info): (_, &TensorInfo)| Some((name, info.weight(&self.converted)?));
        self.tensors.iter().map(|(name, info)| (name.as_str(), info)).filter_map(weight)
    }

    /// A tensor by its Hugging Face name, and its name in the file.
    pub fn get(&self, name: &str) -> Option<(String, &TensorInfo)> {
        names::in_container(name).find_map(|name| {
            let info = self.tensors.get(&name)?;
            Some((name, info))
        })
    }
}

/// Reads a container. A fuzz target calls this.
pub(in crate::checkpoint) fn parse(path: &Path, bytes: &[u8]) -> Result<Container> {
    let malformed =
        |reason| Error::malformed(path, format!("not a usable file of Marian: {reason}"));
    let items = if npz::is_npz(bytes) { npz::items(bytes) } else { items(bytes) };
    let items = items.map_err(malformed)?;
    let options = items.iter().find(|item| item.name == options::ITEM);
    let options = options.ok_or_else(|| malformed(format!("it has no `{}`", options::ITEM)))?;
    let options = String::from_utf8_lossy(&options.bytes).trim_end_matches('\0').to_string();
    let mut converted: Vec<u8> = Vec::with_capacity(bytes.len() + bytes.len() / 8);
    let mut tensors = HashMap::with_capacity(items.len());
    for item in items.iter().filter(|item| names::is_weight(&item.name)) {
        let from = converted.len();
        let (ggml_type, shape) = convert(item, &mut converted)
            .map_err(|reason| malformed(format!("`{}` {reason}", item.name)))?;
        let info = TensorInfo { ggml_type, shape, range: from..converted.len() };
        tensors.insert(item.name.clone(), info);
    }
    let converted =
        MappedFile::copy_of(&converted).map_err(|_| malformed("it has no weights".to_string()))?;
    Ok(Container { options, weights: MarianWeights { converted, tensors } })
}

fn items(bytes: &[u8]) -> Parsed<Vec<Item<'_>>> {
    let mut reader = ByteReader::new(bytes);
    match reader.u64()? {
        VERSION => {}
        other => return Err(format!("version {other} ({VERSION} is supported)")),
    }
    let count = match reader.u64()? {
        count @ 1..=MAX_ITEMS => count,
        other => return Err(format!("{other} items (1 to {MAX_ITEMS} are possible)")),
    };
    let mut headers = Vec::new();
    for _ in 0..count {
        let [name_bytes, item_type, dimensions, bytes] =
            [reader.u64()?, reader.u64()?, reader.u64()?, reader.u64()?];
        if name_bytes > MAX_NAME || dimensions > MAX_DIMENSIONS {
            return Err(format!("a name of {name_bytes} bytes, {dimensions} dimensions"));
        }
        headers.push(Header { name_bytes, item_type, dimensions, bytes });
    }
    let mut names = Vec::with_capacity(headers.len());
    for header in &headers {
        let name = reader.take(header.name_bytes as usize)?;
        names.push(String::from_utf8_lossy(name).trim_end_matches('\0').to_string());
    }
    let mut shapes = Vec::with_capacity(headers.len());
    for header in &headers {
        let mut shape = Vec::new();
        for _ in 0..header.dimensions {
            let size = reader.u32()?.cast_signed();
            shape.push(usize::try_from(size).map_err(|_| format!("a dimension of {size}"))?);
        }
        shapes.push(shape);
    }
    let gap = reader.u64()?;
    reader.take(usize::try_from(gap).map_err(|e| e.to_string())?)?;
    let mut items = Vec::with_capacity(headers.len());
    for ((header, name), shape) in headers.iter().zip(names).zip(shapes) {
        let bytes = reader.take(usize::try_from(header.bytes).map_err(|e| e.to_string())?)?;
        items.push(Item { name, item_type: header.item_type, shape, bytes: bytes.into() });
    }
    Ok(items)
}

/// Appends an item to the converted weights. Returns its type and shape there.
fn convert(item: &Item<'_>, out: &mut Vec<u8>) -> Parsed<(GgmlType, Vec<usize>)> {
    let is_table = names::is_table(&item.name);
    let (rows, columns) = match *item.shape.as_slice() {
        [columns] | [1, columns] => (1, columns),
        // A table has a row for each token; other matrices are stored for `x · W`.
        [rows, columns] if is_table => (rows, columns),
        [inputs, outputs] => (outputs, inputs),
        ref other => return Err(format!("has the shape {other:?}")),
    };
    let shape = if item.shape.len() == 1 || item.shape[0] == 1 && !is_table {
        vec![columns]
    } else {
        vec![rows, columns]
    };
    let count = rows.checked_mul(columns).filter(|count| *count > 0).ok_or("has no numbers")?;
    let size = match item.item_type {
        FLOAT32 => 4,
        FLOAT16 => 2,
        INTGEMM8 => 1,
        other => {
            return Err(format!(
                "has the type {other:#x}; float32, float16 and intgemm8 are supported, which \
                 `marian-conv --gemm-type intgemm8` writes"
            ));
        }
    };
    let values = count.checked_mul(size).and_then(|bytes| item.bytes.get(..bytes));
    let values = values.ok_or_else(|| format!("is shorter than its shape {:?}", item.shape))?;
    let ggml_type = match item.item_type {
        INTGEMM8 => {
            let factor = item.bytes.get(count..).and_then(<[u8]>::first_chunk);
            let factor = f32::from_le_bytes(*factor.ok_or("has no factor after its bytes")?);
            if !(factor.is_finite() && factor > 0.0) {
                return Err(format!("has the factor {factor}"));
            }
            if !columns.is_multiple_of(GgmlType::I8.block_len()) {
                return Err(format!("has {columns} inputs, no multiple of 32"));
            }
            out.extend(int8_blocks(values, 1.0 / factor));
            return Ok((GgmlType::I8, shape));
        }
        FLOAT16 => GgmlType::F16,
        _ => GgmlType::F32,
    };
    if is_table || rows == 1 {
        out.extend_from_slice(values);
    } else {
        for row in 0..rows {
            for column in 0..columns {
                let at = (column * rows + row) * size;
                out.extend_from_slice(&values[at..at + size]);
            }
        }
    }
    Ok((ggml_type, shape))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::checkpoint::marian::item::CHARS;

    /// A container with these items: name, type, shape and bytes.
    pub fn container(items: &[(&str, u64, &[i32], Vec<u8>)]) -> Vec<u8> {
        let mut out = Vec::new();
        let word = |out: &mut Vec<u8>, number: u64| out.extend(number.to_le_bytes());
        word(&mut out, VERSION);
        word(&mut out, items.len() as u64);
        for (name, item_type, shape, bytes) in items {
            word(&mut out, name.len() as u64 + 1);
            word(&mut out, *item_type);
            word(&mut out, shape.len() as u64);
            word(&mut out, bytes.len() as u64);
        }
        for (name, ..) in items {
            out.extend(name.bytes().chain([0]));
        }
        for (_, _, shape, _) in items {
            shape.iter().for_each(|size| out.extend(size.to_le_bytes()));
        }
        word(&mut out, 3);
        out.extend([0; 3]);
        for (.., bytes) in items {
            out.extend(bytes);
        }
        out
    }

    fn floats(numbers: &[f32]) -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
    }

    fn small() -> Vec<u8> {
        let int8: Vec<u8> =
            (0..64).map(|at| at as u8).chain(4f32.to_le_bytes()).chain([0; 60]).collect();
        container(&[
            ("Wemb", INTGEMM8, &[2, 32], int8.clone()),
            ("encoder_l1_self_Wq", INTGEMM8, &[32, 2], int8),
            ("encoder_l1_self_bq", FLOAT32, &[1, 2], floats(&[1.0, 2.0])),
            ("encoder_l1_ffn_W1", FLOAT32, &[2, 3], floats(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])),
            ("encoder_l1_self_Wq_QuantMultA", FLOAT32, &[1, 1], floats(&[8.0])),
            (options::ITEM, CHARS, &[5], b"a: b\0".to_vec()),
        ])
    }

    #[test]
    fn matrices_have_a_row_for_each_output_and_int8_keeps_its_scale() {
        let Container { options, weights } = parse(Path::new("m.bin"), &small()).unwrap();
        assert_eq!(options, "a: b");
        let numbers = |name: &str| {
            let (_, info) = weights.get(name).unwrap();
            let weight = info.weight(weights.file()).unwrap();
            let tensor = weight.to_tensor(&candle_core::Device::Cpu).unwrap();
            (info.shape.clone(), tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap())
        };
        let quarters: Vec<f32> = (0..64).map(|at| at as f32 / 4.0).collect();
        assert_eq!(numbers("model.shared.weight"), (vec![2, 32], quarters.clone()));
        let query = "model.encoder.layers.0.self_attn.q_proj";
        assert_eq!(numbers(&format!("{query}.weight")), (vec![2, 32], quarters));
        assert_eq!(numbers(&format!("{query}.bias")), (vec![2], vec![1.0, 2.0]));
        let wide = numbers("model.encoder.layers.0.fc1.weight");
        assert_eq!(wide, (vec![3, 2], vec![1.0, 4.0, 2.0, 5.0, 3.0, 6.0]));
        assert!(!weights.tensors.contains_key("encoder_l1_self_Wq_QuantMultA"));
    }

    #[test]
    fn wrong_bytes_are_refused_or_harmless() {
        let whole = small();
        for length in 0..whole.len() {
            assert!(parse(Path::new("m.bin"), &whole[..length]).is_err(), "{length}");
        }
        for at in 0..whole.len() {
            for change in [1, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] ^= change;
                let _ = parse(Path::new("m.bin"), &bytes);
            }
        }
    }

    #[test]
    fn a_type_of_one_kind_of_cpu_is_refused_with_the_way_out() {
        let bytes = container(&[
            ("Wemb", 0x4101 + 0x1000, &[1, 32], vec![0; 36]),
            (options::ITEM, CHARS, &[1], vec![0]),
        ]);
        let refusal = parse(Path::new("m.bin"), &bytes).err().unwrap().to_string();
        assert!(refusal.contains("`Wemb`") && refusal.contains("marian-conv"), "{refusal}");
    }
}
