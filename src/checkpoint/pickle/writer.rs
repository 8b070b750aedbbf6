//! Writes tensors as a safetensors file.
//!
//! Format: see `safetensors.rs`. f64 becomes f32, other floats stay as they are. Integers and
//! booleans (buffers such as `position_ids`, which networks compute) are left out. Types of eight
//! bits are written under their names, so that a request for such a tensor fails with its type.
//! Large types come first, so that each tensor is aligned to its element size.

use std::io::{Error, Result, Write};

use super::globals::Dtype;
use super::state_dict::Dimension;
use super::tensor::Tensor;
use crate::checkpoint::safetensors::{self, TensorEntry};
use crate::files::MappedFile;

/// Size of the buffer for elements that are copied one by one.
const BUFFER: usize = 1 << 16;

/// The tensors of a file to be written.
#[derive(Default)]
pub(super) struct Writer<'f> {
    tensors: Vec<(&'f MappedFile, Tensor<'f>)>,
}

/// The safetensors name and size in bytes of the type in which elements are written; `None` for
/// types that are left out.
fn written_type(dtype: Dtype) -> Option<(&'static str, usize)> {
    match dtype {
        Dtype::F64 | Dtype::F32 => Some(("F32", 4)),
        Dtype::F16 => Some(("F16", 2)),
        Dtype::BF16 => Some(("BF16", 2)),
        Dtype::F8E4M3 => Some(("F8_E4M3", 1)),
        Dtype::F8E5M2 => Some(("F8_E5M2", 1)),
        Dtype::Integer(_) => None,
    }
}

impl<'f> Writer<'f> {
    /// Adds a tensor, unless its type is left out.
    pub(super) fn add(&mut self, file: &'f MappedFile, tensor: Tensor<'f>) {
        if written_type(tensor.dtype).is_some() {
            self.tensors.push((file, tensor));
        }
    }

    /// Size of all tensors as written.
    pub(super) fn bytes(&self) -> u64 {
        self.tensors.iter().fold(0, |sum, (_, tensor)| tensor.written_bytes().saturating_add(sum))
    }

    pub(super) fn write(mut self, out: &mut dyn Write) -> Result<()> {
        let size = |tensor: &Tensor| written_type(tensor.dtype).map_or(0, |(_, bytes)| bytes);
        // A stable sort: tensors of equal size keep the order of the files.
        self.tensors.sort_by_key(|(_, tensor)| std::cmp::Reverse(size(tensor)));
        let entries = self.tensors.iter().map(|(_, tensor)| TensorEntry {
            name: tensor.name,
            dtype: written_type(tensor.dtype).map_or("", |(name, _)| name),
            shape: tensor.shape(),
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
        let bytes = written_type(self.dtype).map_or(0, |(_, bytes)| bytes as u64);
        // Checked for overflow when the tensor was located.
        self.dimensions.iter().fold(bytes, |sum, dimension| sum.saturating_mul(dimension.size))
    }

    fn write(&self, file: &MappedFile, out: &mut dyn Write) -> Result<()> {
        let bytes = file
            .slice(self.range.clone())
            .ok_or_else(|| Error::other("a tensor leaves its file"))?;
        if self.is_contiguous() && self.dtype != Dtype::F64 {
            out.write_all(&bytes)?;
        } else {
            write_strided(&self.dimensions, &bytes, self.dtype, out)?;
        }
        bytes.release_pages();
        Ok(())
    }

    /// True if its elements are contiguous in row-major order.
    fn is_contiguous(&self) -> bool {
        let mut expected = 1;
        self.dimensions.iter().rev().all(|Dimension { size, stride }| {
            let fits = *size == 1 || *stride == expected;
            expected = expected.saturating_mul(*size);
            fits
        }) || self.range.is_empty()
    }
}

/// Writes elements in row-major order, by their strides.
fn write_strided(
    dimensions: &[Dimension],
    bytes: &[u8],
    dtype: Dtype,
    out: &mut dyn Write,
) -> Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    let width = dtype.bytes();
    let mut buffer = Vec::with_capacity(BUFFER + width);
    let mut index = vec![0; dimensions.len()];
    let mut at = 0;
    loop {
        // Within the bytes: the reach of the strides was checked.
        let element = bytes.get(at..at + width).unwrap_or_default();
        match (dtype, element.first_chunk::<8>()) {
            (Dtype::F64, Some(double)) => {
                buffer.extend((f64::from_le_bytes(*double) as f32).to_le_bytes())
            }
            _ => buffer.extend(element),
        }
        if buffer.len() >= BUFFER {
            out.write_all(&buffer)?;
            buffer.clear();
        }
        // The next index: one more in the last dimension that is not at its end, and zero in those
        // after it.
        let mut end = dimensions.len();
        loop {
            let Some(last) = end.checked_sub(1) else { return out.write_all(&buffer) };
            let Dimension { size, stride } = dimensions[last];
            let stride = stride as usize * width;
            if index[last] + 1 < size {
                index[last] += 1;
                at += stride;
                break;
            }
            at -= index[last] as usize * stride;
            index[last] = 0;
            end = last;
        }
    }
}
