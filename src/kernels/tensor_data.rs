//! The numbers of a candle tensor on the CPU, borrowed in place.

use std::ops::Deref;

use candle_core::{CpuStorage, DType, Layout, Result, Storage, Tensor};

/// Calls a function with the numbers of a contiguous f32 tensor on the CPU.
pub fn with_floats<T>(x: &Tensor, use_it: impl FnOnce(&[f32]) -> Result<T>) -> Result<T> {
    use_it(lock(x).floats()?)
}

/// A tensor that is locked for reading.
pub struct Locked<'t, S> {
    dtype: DType,
    storage: S,
    layout: &'t Layout,
}

pub fn lock(x: &Tensor) -> Locked<'_, impl Deref<Target = Storage>> {
    let (storage, layout) = x.storage_and_layout();
    Locked { dtype: x.dtype(), storage, layout }
}

impl<S: Deref<Target = Storage>> Locked<'_, S> {
    /// The numbers of a contiguous f32 tensor on the CPU.
    pub fn floats(&self) -> Result<&[f32]> {
        if self.dtype != DType::F32 {
            candle_core::bail!("the CPU kernels take f32, not {:?}", self.dtype);
        }
        match (&*self.storage, self.layout.contiguous_offsets()) {
            (Storage::Cpu(CpuStorage::F32(floats)), Some((start, end))) => Ok(&floats[start..end]),
            _ => candle_core::bail!("the CPU kernels take contiguous tensors on the CPU"),
        }
    }
}
