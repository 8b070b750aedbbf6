//! Float weights of a folder, quantised once and kept in a file of their own, which is mapped from
//! then on.
//!
//! The file is a GGUF with the folder's own tensor names, written tensor by tensor as the folder's
//! files are read, so that neither is ever in memory as a whole. Which tensors are quantised is
//! decided by their shapes and names, as `llama_tensor_quantize` of llama.cpp does it; the rest is
//! kept as it is.

use std::io::Write;
use std::path::Path;

use rayon::prelude::*;

use super::gguf::{DEFAULT_ALIGNMENT, Gguf, MAGIC};
use super::kept::Kept;
use super::names;
use super::safetensors::Safetensors;
use crate::error::{Error, Result};
use crate::files::MappedSlice;
use crate::kernels::{BlockType, Weight};

/// What float weights are turned into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantization {
    /// Eight bits and a half a weight: no difference can be seen.
    Q8_0,
    /// Six and a half.
    Q6K,
    /// Four and a half; embeddings and the output matrix six and a half.
    Q4K,
}

/// Weights that are in memory as floats at a time.
const AT_ONCE: usize = 1 << 23;
/// Parts of a name that matrices have which must keep their precision.
const KEPT: &[&str] = &["norm", "position", "conv", "relative_attention_bias", "rope"];

impl Quantization {
    /// All of them, the largest first.
    pub const ALL: [Self; 3] = [Self::Q8_0, Self::Q6K, Self::Q4K];

    /// The word the command line takes: `q8_0`, `q6k`, `q4k`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Q8_0 => "q8_0",
            Self::Q6K => "q6k",
            Self::Q4K => "q4k",
        }
    }

    /// Bits a weight takes.
    pub fn bits(self) -> f64 {
        let block_type = self.best();
        8.0 * block_type.block_bytes() as f64 / block_type.block_len() as f64
    }

    /// The one of a word.
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.to_lowercase().replace('_', "");
        Self::ALL.into_iter().find(|one| one.as_str().replace('_', "") == word)
    }

    fn best(self) -> BlockType {
        match self {
            Self::Q8_0 => BlockType::Q8_0,
            Self::Q6K => BlockType::Q6_K,
            Self::Q4K => BlockType::Q4_K,
        }
    }

    /// How a tensor is stored; `None` for what stays as it is.
    fn block_type(self, name: &str, shape: &[usize]) -> Option<BlockType> {
        let [rows, columns] = shape else { return None };
        if !name.ends_with(".weight") || *rows < 2 || KEPT.iter().any(|part| name.contains(part)) {
            return None;
        }
        let outer = ["embed", "shared", "lm_head"].iter().any(|part| name.contains(part));
        let wanted = if self == Self::Q4K && outer { BlockType::Q6_K } else { self.best() };
        // Rows that do not divide into large blocks go into small ones.
        let fits = |block_type: &BlockType| columns % block_type.block_len() == 0;
        [wanted, BlockType::Q8_0].into_iter().find(fits)
    }
}

/// The quantised weights of a folder: those that are kept, or new ones. What cannot be written is
/// an error; nothing is left behind then.
pub(super) fn quantized(
    folder: &Path,
    tensors: &Safetensors,
    to: Quantization,
    kept_in: &Path,
) -> Result<Gguf> {
    // Another rule about what is quantised how would be another number.
    let (way, word) = (format!("1 {}", to.as_str()), format!("-{}", to.as_str()));
    let mut kept = Kept::of(tensors.files(), &way, (folder, [&word, "gguf"]), kept_in)?;
    if let Some(found) = kept.open().and_then(|file| Gguf::of(file).ok()) {
        return Ok(found);
    }
    let plan = Plan::of(tensors, to)?;
    std::fs::create_dir_all(kept_in).map_err(|e| Error::io("create", kept_in, e))?;
    let mut failure = None;
    let written = kept.write(tensors.files(), |out| {
        out.write_all(&plan.header())?;
        for tensor in &plan.tensors {
            tensor
                .write(out)
                .inspect_err(|error| failure = Some(format!("{}: {error}", tensor.name)))?;
        }
        Ok(())
    });
    match (written, failure) {
        (Ok(()), _) => Gguf::open(kept.path()),
        (Err(error), Some(what)) if error.kind() == std::io::ErrorKind::Other => {
            Err(Error::malformed(folder, format!("cannot be quantised: {what}")))
        }
        (Err(error), _) => Err(Error::io("write", kept.path(), error)),
    }
}

/// What goes into the file, in order.
struct Plan {
    tensors: Vec<Planned>,
}

struct Planned {
    name: String,
    weight: Weight,
    to: BlockType,
}

impl Plan {
    fn of(tensors: &Safetensors, to: Quantization) -> Result<Self> {
        // What is left out is found in the folder, should anybody ask for it.
        let text = tensors.weights().filter(|(name, _)| names::is_text(name));
        let planned = text.map(|(name, weight)| {
            let block_type = to.block_type(name, &weight.shape).unwrap_or(weight.block_type);
            Planned { name: name.to_string(), weight, to: block_type }
        });
        Ok(Self { tensors: planned.collect() })
    }

    /// Everything before the tensors' bytes. Format: see `gguf.rs`.
    fn header(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend(MAGIC);
        out.extend(3u32.to_le_bytes());
        out.extend((self.tensors.len() as u64).to_le_bytes());
        // No metadata: the folder has it.
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

impl Planned {
    fn bytes(&self) -> usize {
        self.to.row_bytes(self.weight.shape.iter().product())
    }

    /// Writes the tensor's bytes and what is missing to the next border.
    fn write(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let Self { weight, to, .. } = self;
        if *to == weight.block_type {
            out.write_all(&weight.bytes)?;
            weight.bytes.release_pages();
        } else {
            let (rows, columns) = (weight.shape[0], weight.shape[1]);
            let at_once = (AT_ONCE / columns).max(1);
            for start in (0..rows).step_by(at_once) {
                let batch = start..rows.min(start + at_once);
                for part in quantize(weight, batch.clone(), *to).map_err(std::io::Error::other)? {
                    out.write_all(&part)?;
                }
                leave(weight, batch);
            }
        }
        let filling = self.bytes().next_multiple_of(DEFAULT_ALIGNMENT as usize) - self.bytes();
        out.write_all(&vec![0; filling])
    }
}

/// Rows in their new type, in order, as several pieces.
fn quantize(
    weight: &Weight,
    rows: std::ops::Range<usize>,
    to: BlockType,
) -> candle_core::Result<Vec<Vec<u8>>> {
    let part = (rows.len().div_ceil(4 * rayon::current_num_threads())).max(1);
    let starts: Vec<usize> = rows.clone().step_by(part).collect();
    let one = |start: &usize| weight.rows(*start..rows.end.min(start + part))?.quantize(to);
    starts.par_iter().map(one).collect()
}

/// These rows were read: the memory they lie in can be had back.
fn leave(weight: &Weight, rows: std::ops::Range<usize>) {
    if let Ok(read) = weight.rows(rows) {
        MappedSlice::release_pages(&read.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_with_and_without_the_line() {
        assert_eq!(Quantization::parse("q8_0"), Some(Quantization::Q8_0));
        assert_eq!(Quantization::parse("Q4_K"), Some(Quantization::Q4K));
        assert_eq!(Quantization::parse("q4"), None);
    }

    #[test]
    fn matrices_are_quantised_and_what_is_delicate_is_kept() {
        let to = |name: &str, shape: &[usize]| Quantization::Q4K.block_type(name, shape);
        assert_eq!(to("model.layers.0.mlp.up_proj.weight", &[512, 256]), Some(BlockType::Q4_K));
        assert_eq!(to("model.embed_tokens.weight", &[512, 256]), Some(BlockType::Q6_K));
        assert_eq!(to("model.layers.0.mlp.up_proj.weight", &[512, 96]), Some(BlockType::Q8_0));
        assert_eq!(to("model.layers.0.mlp.up_proj.weight", &[512, 40]), None);
        assert_eq!(to("model.layers.0.input_layernorm.weight", &[256]), None);
        assert_eq!(to("model.layers.0.linear_attn.conv1d.weight", &[512, 1, 4]), None);
        assert_eq!(to("model.decoder.embed_positions.weight", &[512, 256]), None);
        assert_eq!(to("model.layers.0.self_attn.q_proj.bias", &[256]), None);
    }
}
