//! The epilogue of a matmul: bias, activation, elementwise gate and residual, applied as results
//! are stored.
//!
//! Knows rows and panels; knows nothing of weights.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;
use std::ops::Range;

use crate::kernels::ops::activation::{Activation, apply_in_place};
use crate::kernels::shape::PANEL_ROWS;

/// Destination of results, `[rows, outputs]`, of which each job writes columns of its own.
///
/// Its methods require that the vector, the bias and the residual are still alive, that the row and
/// the output exist, and, if `gated`, that the gate was already stored there.
#[derive(Clone, Copy)]
pub struct Epilogue {
    at: *mut f32,
    outputs: usize,
    /// `[outputs]`, added to every row.
    bias: Option<*const f32>,
    /// True if results are multiplied with what is stored: the activated gate.
    gated: bool,
    /// `[rows, outputs]`, added to results.
    residual: Option<*const f32>,
}

impl Epilogue {
    /// Writes to an empty vector, whose length the caller sets once all outputs were stored.
    pub fn new(out: &mut Vec<f32>, rows: usize, outputs: usize, bias: Option<&[f32]>) -> Self {
        assert!(
            bias.is_none_or(|bias| bias.len() == outputs),
            "the bias has another number of outputs"
        );
        assert!(out.is_empty(), "the vector has elements already");
        out.reserve_exact(rows * outputs);
        Self {
            at: out.as_mut_ptr(),
            outputs,
            bias: bias.map(<[f32]>::as_ptr),
            gated: false,
            residual: None,
        }
    }

    /// Adds a residual to the results.
    pub fn residual(self, rows: usize, residual: Option<&[f32]>) -> Self {
        assert!(
            residual.is_none_or(|residual| residual.len() == rows * self.outputs),
            "the residual has another shape"
        );
        Self { residual: residual.map(<[f32]>::as_ptr), ..self }
    }

    /// Multiplies results with the gate that was stored in the same place.
    pub fn gated(self, bias: Option<&[f32]>) -> Self {
        assert!(
            bias.is_none_or(|bias| bias.len() == self.outputs),
            "the bias has another number of outputs"
        );
        Self { bias: bias.map(<[f32]>::as_ptr), gated: true, ..self }
    }

    /// Applies an activation (an approximation if `fast`) to stored outputs of some panels.
    ///
    /// # Safety
    /// This thread has stored them.
    pub unsafe fn apply(
        self,
        activation: Activation,
        fast: bool,
        rows: Range<usize>,
        panels: Range<usize>,
    ) {
        let (from, end) = (panels.start * PANEL_ROWS, self.outputs.min(panels.end * PANEL_ROWS));
        for row in rows {
            // SAFETY: these outputs exist; the rest is upheld by the caller.
            let numbers = unsafe {
                std::slice::from_raw_parts_mut(self.at.add(row * self.outputs + from), end - from)
            };
            apply_in_place(activation, numbers, fast);
        }
    }

    /// Stores the outputs of a row and a panel; the last panel may have fewer than 16.
    ///
    /// # Safety
    /// As for [`Epilogue`]; the row and the panel exist.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub unsafe fn store(self, row: usize, panel: usize, numbers: __m512) {
        let column = panel * PANEL_ROWS;
        let mask = (0xffffu32 >> (PANEL_ROWS - PANEL_ROWS.min(self.outputs - column))) as u16;
        // SAFETY: upheld by the caller; the mask excludes outputs beyond the row.
        unsafe {
            let numbers = match self.bias {
                Some(bias) => _mm512_add_ps(numbers, _mm512_maskz_loadu_ps(mask, bias.add(column))),
                None => numbers,
            };
            let to = self.at.add(row * self.outputs + column);
            let numbers = if self.gated {
                _mm512_mul_ps(_mm512_maskz_loadu_ps(mask, to), numbers)
            } else {
                numbers
            };
            let numbers = match self.residual {
                Some(residual) => {
                    let residual = residual.add(row * self.outputs + column);
                    _mm512_add_ps(_mm512_maskz_loadu_ps(mask, residual), numbers)
                }
                None => numbers,
            };
            _mm512_mask_storeu_ps(to, mask, numbers);
        }
    }

    /// [`Epilogue::store`] without AVX-512.
    ///
    /// # Safety
    /// As for [`Epilogue::store`].
    #[inline]
    pub unsafe fn store_lanes(self, row: usize, panel: usize, numbers: &[f32; PANEL_ROWS]) {
        let column = panel * PANEL_ROWS;
        for (lane, number) in numbers.iter().enumerate().take(self.outputs - column) {
            // SAFETY: upheld by the caller; the output exists.
            unsafe { self.store_one(row, column + lane, *number) };
        }
    }

    /// Stores one output of a row.
    ///
    /// # Safety
    /// As for [`Epilogue`]; the row and the output exist.
    #[inline(always)]
    pub unsafe fn store_one(self, row: usize, output: usize, number: f32) {
        // SAFETY: upheld by the caller.
        unsafe {
            let number = self.bias.map_or(number, |bias| number + *bias.add(output));
            let at = row * self.outputs + output;
            let to = self.at.add(at);
            let number = if self.gated { *to * number } else { number };
            *to = self.residual.map_or(number, |residual| *residual.add(at) + number);
        }
    }
}

// SAFETY: a job accesses only its own columns; biases and residuals are only read.
unsafe impl Send for Epilogue {}
// SAFETY: as above.
unsafe impl Sync for Epilogue {}
