//! Views of storages, written one behind the other as a safetensors file.
//!
//! Format: see `safetensors.rs`. Floats are kept as they are, doubles become floats; integers and
//! truth values (buffers such as `position_ids`, which networks make themselves) are left out.
//! Types of eight bits are written under their names, so that who asks for such a tensor is told
//! its type. Large types come first, so that each tensor begins at a multiple of its own.

use std::io::{Error, Result, Write};

use super::known::Dtype;
use super::machine::Dimension;
use super::{Tensor, shape};
use crate::checkpoint::safetensors::{self, Entry};
use crate::files::MappedFile;

/// Bytes that are collected before they are written.
const AT_ONCE: usize = 1 << 16;

/// What goes into the file.
#[derive(Default)]
pub(super) struct Plan<'f> {
    tensors: Vec<(&'f MappedFile, Tensor<'f>)>,
}

/// What a type is called and how many bytes it takes where it is written; `None` for what is left
/// out.
fn written(dtype: Dtype) -> Option<(&'static str, usize)> {
    match dtype {
        Dtype::F64 | Dtype::F32 => Some(("F32", 4)),
        Dtype::F16 => Some(("F16", 2)),
        Dtype::BF16 => Some(("BF16", 2)),
        Dtype::F8E4M3 => Some(("F8_E4M3", 1)),
        Dtype::F8E5M2 => Some(("F8_E5M2", 1)),
        Dtype::Integer(_) => None,
    }
}

impl<'f> Plan<'f> {
    /// Takes a tensor unless it is left out.
    pub(super) fn add(&mut self, file: &'f MappedFile, tensor: Tensor<'f>) {
        if written(tensor.dtype).is_some() {
            self.tensors.push((file, tensor));
        }
    }

    /// Bytes of all tensors where they are written.
    pub(super) fn bytes(&self) -> u64 {
        self.tensors.iter().fold(0, |sum, (_, tensor)| tensor.written_bytes().saturating_add(sum))
    }

    pub(super) fn write(mut self, out: &mut dyn Write) -> Result<()> {
        let size = |tensor: &Tensor| written(tensor.dtype).map_or(0, |(_, bytes)| bytes);
        // Otherwise as they lie in the files; sorting keeps the order of files.
        self.tensors.sort_by_key(|(_, tensor)| std::cmp::Reverse(size(tensor)));
        let entries = self.tensors.iter().map(|(_, tensor)| Entry {
            name: tensor.name,
            dtype: written(tensor.dtype).map_or("", |(name, _)| name),
            shape: shape(&tensor.dimensions),
            bytes: tensor.written_bytes(),
        });
        out.write_all(&safetensors::header(entries)?)?;
        for (file, tensor) in &self.tensors {
            tensor.write(file, out)?;
        }
        Ok(())
    }
}

impl Tensor<'_> {
    fn written_bytes(&self) -> u64 {
        let bytes = written(self.dtype).map_or(0, |(_, bytes)| bytes as u64);
        // Found to be no more than a file can have when it was read.
        self.dimensions.iter().fold(bytes, |sum, dimension| sum.saturating_mul(dimension.size))
    }

    fn write(&self, file: &MappedFile, out: &mut dyn Write) -> Result<()> {
        let bytes = file
            .slice(self.range.clone())
            .ok_or_else(|| Error::other("a tensor leaves its file"))?;
        if self.is_contiguous() && self.dtype != Dtype::F64 {
            out.write_all(&bytes)?;
        } else {
            each(&self.dimensions, &bytes, self.dtype, out)?;
        }
        bytes.release_pages();
        Ok(())
    }

    /// Whether its elements lie one behind the other, the last dimension's next to each other.
    fn is_contiguous(&self) -> bool {
        let mut expected = 1;
        self.dimensions.iter().rev().all(|Dimension { size, stride }| {
            let fits = *size == 1 || *stride == expected;
            expected = expected.saturating_mul(*size);
            fits
        }) || self.range.is_empty()
    }
}

/// Writes elements in the order of the dimensions, wherever they lie.
fn each(dimensions: &[Dimension], bytes: &[u8], dtype: Dtype, out: &mut dyn Write) -> Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    let width = dtype.bytes();
    let mut buffer = Vec::with_capacity(AT_ONCE + width);
    let mut index = vec![0; dimensions.len()];
    let mut at = 0;
    loop {
        // Its reach was found to be that of these bytes.
        let element = bytes.get(at..at + width).unwrap_or_default();
        match (dtype, element.first_chunk::<8>()) {
            (Dtype::F64, Some(double)) => {
                buffer.extend((f64::from_le_bytes(*double) as f32).to_le_bytes())
            }
            _ => buffer.extend(element),
        }
        if buffer.len() >= AT_ONCE {
            out.write_all(&buffer)?;
            buffer.clear();
        }
        // The next: one further in the last dimension that is not at its end, and the ones behind
        // it from their start.
        let mut turned = dimensions.len();
        loop {
            let Some(last) = turned.checked_sub(1) else { return out.write_all(&buffer) };
            let Dimension { size, stride } = dimensions[last];
            let stride = stride as usize * width;
            if index[last] + 1 < size {
                index[last] += 1;
                at += stride;
                break;
            }
            at -= index[last] as usize * stride;
            index[last] = 0;
            turned = last;
        }
    }
}
