//! The tensors of a PyTorch file, with the bytes of each.

use std::ops::Range;

use super::archive;
use super::globals::Dtype;
use super::names::{Parsed, shown};
use super::state_dict::{self, Dimension, View};

/// A tensor whose elements are all in the file.
#[derive(Debug, PartialEq)]
pub(crate) struct Tensor<'b> {
    pub(super) name: &'b str,
    pub(super) dtype: Dtype,
    pub(super) dimensions: Box<[Dimension]>,
    /// Bytes of the file, from its first element to its last.
    pub(super) range: Range<usize>,
}

impl Tensor<'_> {
    /// Sizes of the dimensions.
    pub(super) fn shape(&self) -> Vec<u64> {
        sizes(&self.dimensions)
    }
}

/// The tensors in the bytes of a whole file. A fuzz target calls this.
pub(crate) fn parse(bytes: &[u8]) -> Parsed<Vec<Tensor<'_>>> {
    let archive = archive::open(bytes)?;
    let views = state_dict::tensors(archive.pickle)?;
    let mut tensors = Vec::with_capacity(views.len());
    for view in views {
        let name = shown(view.name);
        let storage = archive.storages.get(view.key).cloned();
        let tensor = storage
            .ok_or_else(|| "has no storage in the archive".to_string())
            .and_then(|storage| locate(view, storage));
        tensors.push(tensor.map_err(|reason| format!("tensor `{name}` {reason}"))?);
    }
    let mut names: Vec<&str> = tensors.iter().map(|tensor| tensor.name).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("tensor `{}` is given twice", shown(pair[0]))),
        None => Ok(tensors),
    }
}

/// Finds the bytes of a view in its storage, which is a range of the file.
fn locate(view: View<'_>, storage: Range<usize>) -> Parsed<Tensor<'_>> {
    let View { name, dtype, offset, mut dimensions, .. } = view;
    let width = dtype.bytes() as u64;
    // Elements of the storage from the first to the last of the view, and bytes of all elements as
    // they are written, eight each at most.
    let (mut reach, mut bytes) = (Some(1u64), Some(8u64));
    for Dimension { size, stride } in &mut dimensions {
        if *size == 1 {
            // The stride leads to a second element that does not exist.
            *stride = 0;
        }
        reach =
            reach.and_then(|reach| size.saturating_sub(1).checked_mul(*stride)?.checked_add(reach));
        bytes = bytes.and_then(|bytes| bytes.checked_mul(*size));
    }
    if bytes == Some(0) {
        reach = Some(0);
    }
    let range = reach.filter(|_| bytes.is_some()).and_then(|reach| {
        let (start, end) =
            (offset.checked_mul(width)?, offset.checked_add(reach)?.checked_mul(width)?);
        (end <= storage.len() as u64)
            .then_some(storage.start + start as usize..storage.start + end as usize)
    });
    let range = range.ok_or_else(|| {
        format!(
            "of shape {:?} does not fit its storage of {} bytes",
            sizes(&dimensions),
            storage.len()
        )
    })?;
    Ok(Tensor { name, dtype, dimensions, range })
}

fn sizes(dimensions: &[Dimension]) -> Vec<u64> {
    dimensions.iter().map(|dimension| dimension.size).collect()
}
