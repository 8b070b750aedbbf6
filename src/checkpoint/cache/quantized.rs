//! Float weights of a folder, quantized once into a file of their own, which is mapped from then
//! on.
//!
//! The file is a GGUF with the tensor names of the folder. It is written tensor by tensor, so that
//! neither the floats nor the quantized weights are in memory as a whole.

use std::io::Write;
use std::path::Path;

use rayon::prelude::*;

use super::derived::{Derivation, DerivedFile};
use super::quantization::Quantization;
use crate::checkpoint::gguf::{DEFAULT_ALIGNMENT, Gguf, MAGIC};
use crate::checkpoint::safetensors::Safetensors;
use crate::checkpoint::tensor_names;
use crate::error::{Error, Result};
use crate::files::MappedSlice;
use crate::kernels::{GgmlType, Weight};

/// Weights held in memory as floats at a time.
const WEIGHTS_AT_ONCE: usize = 1 << 23;

/// Version of the rules that decide the type of each tensor.
const RULES: u32 = 1;

/// The quantized weights of a folder, from the cache or newly quantized. Fails if they cannot be
/// written; then nothing is left behind.
pub(in crate::checkpoint) fn quantized(
    folder: &Path,
    tensors: &Safetensors,
    to: Quantization,
    cache: &Path,
) -> Result<Gguf> {
    let recipe = format!("{RULES} {}", to.as_str());
    let derivation =
        Derivation { model: folder, label: to.as_str(), extension: "gguf", recipe: &recipe };
    let mut derived = DerivedFile::new(&derivation, tensors.files(), cache)?;
    if let Some(gguf) = derived.open().and_then(|file| Gguf::of(file).ok()) {
        return Ok(gguf);
    }
    let plan = QuantizationPlan::new(tensors, to);
    std::fs::create_dir_all(cache).map_err(|e| Error::io("create", cache, e))?;
    let mut failed = None;
    let written = derived.write(tensors.files(), |out| {
        out.write_all(&plan.header())?;
        for tensor in &plan.tensors {
            tensor
                .write(out)
                .inspect_err(|error| failed = Some(format!("{}: {error}", tensor.name)))?;
        }
        Ok(())
    });
    match (written, failed) {
        (Ok(()), _) => Gguf::open(derived.path()),
        (Err(error), Some(what)) if error.kind() == std::io::ErrorKind::Other => {
            Err(Error::malformed(folder, format!("cannot be quantized: {what}")))
        }
        (Err(error), _) => Err(Error::io("write", derived.path(), error)),
    }
}

/// The tensors of the file, in order.
struct QuantizationPlan {
    tensors: Vec<PlannedTensor>,
}

struct PlannedTensor {
    name: String,
    weight: Weight,
    to: GgmlType,
}

impl QuantizationPlan {
    fn new(tensors: &Safetensors, to: Quantization) -> Self {
        // Tensors that are left out are still found in the folder.
        let text = tensors.weights().filter(|(name, _)| tensor_names::is_text(name));
        let planned = text.map(|(name, weight)| {
            let ggml_type = to.ggml_type(name, &weight.shape).unwrap_or(weight.ggml_type);
            PlannedTensor { name: name.to_string(), weight, to: ggml_type }
        });
        Self { tensors: planned.collect() }
    }

    /// Everything before the tensor data. Format: see `gguf.rs`.
    fn header(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend(MAGIC);
        out.extend(3u32.to_le_bytes());
        out.extend((self.tensors.len() as u64).to_le_bytes());
        // No metadata: they stay in the folder.
        out.extend(0u64.to_le_bytes());
        let mut offset = 0u64;
        for tensor in &self.tensors {
            out.extend((tensor.name.len() as u64).to_le_bytes());
            out.extend(tensor.name.as_bytes());
            let shape: &[usize] =
                if tensor.weight.shape.is_empty() { &[1] } else { &tensor.weight.shape };
            out.extend((shape.len() as u32).to_le_bytes());
            shape.iter().rev().for_each(|size| out.extend((*size as u64).to_le_bytes()));
            out.extend(tensor.to.ggml().to_le_bytes());
            out.extend(offset.to_le_bytes());
            offset += (tensor.bytes() as u64).next_multiple_of(DEFAULT_ALIGNMENT);
        }
        out.resize(out.len().next_multiple_of(DEFAULT_ALIGNMENT as usize), 0);
        out
    }
}

impl PlannedTensor {
    fn bytes(&self) -> usize {
        self.to.row_bytes(self.weight.shape.iter().product())
    }

    /// Writes the tensor, padded to the alignment.
    fn write(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let Self { weight, to, .. } = self;
        if *to == weight.ggml_type {
            out.write_all(&weight.bytes)?;
            weight.bytes.release_pages();
        } else {
            let (rows, columns) = (weight.shape[0], weight.shape[1]);
            let at_once = (WEIGHTS_AT_ONCE / columns).max(1);
            for start in (0..rows).step_by(at_once) {
                let batch = start..rows.min(start + at_once);
                for part in
                    quantize_rows(weight, batch.clone(), *to).map_err(std::io::Error::other)?
                {
                    out.write_all(&part)?;
                }
                release_rows(weight, batch);
            }
        }
        let padding = self.bytes().next_multiple_of(DEFAULT_ALIGNMENT as usize) - self.bytes();
        out.write_all(&vec![0; padding])
    }
}

/// Rows in their new type, in order, as several parts.
fn quantize_rows(
    weight: &Weight,
    rows: std::ops::Range<usize>,
    to: GgmlType,
) -> candle_core::Result<Vec<Vec<u8>>> {
    let step = (rows.len().div_ceil(4 * rayon::current_num_threads())).max(1);
    let starts: Vec<usize> = rows.clone().step_by(step).collect();
    starts
        .par_iter()
        .map(|start| weight.rows(*start..rows.end.min(start + step))?.quantize(to))
        .collect()
}

/// Lets the system take back the memory of rows that have been read.
fn release_rows(weight: &Weight, rows: std::ops::Range<usize>) {
    if let Ok(read) = weight.rows(rows) {
        MappedSlice::release_pages(&read.bytes);
    }
}
