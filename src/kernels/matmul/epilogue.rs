//! Where products go, and what becomes of them on their way: a bias, an activation, a factor,
//! numbers they are added to.
//!
//! Knows rows and panels; knows nothing of weights.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;
use std::ops::Range;

use crate::kernels::ops::activation::{Activation, apply_in_place};
use crate::kernels::shape::PANEL_ROWS;

/// Where results go: `[rows, outputs]`, of which each job has columns of its own, that no other
/// reads or writes.
///
/// What is asked of callers: that vector, bias and what outputs are added to are still there, that
/// a row and an output are among them, and, where outputs are multiplied with what was written
/// there, that it was.
#[derive(Clone, Copy)]
pub struct Epilogue {
    at: *mut f32,
    outputs: usize,
    /// As many numbers, added to every row.
    bias: Option<*const f32>,
    /// Whether what lies there is multiplied with them.
    gated: bool,
    /// As many numbers for each row, to which they are added.
    residual: Option<*const f32>,
}

impl Epilogue {
    /// Into a vector that is still empty, and gets its length when all outputs of so many rows have
    /// been written.
    pub fn new(out: &mut Vec<f32>, rows: usize, outputs: usize, bias: Option<&[f32]>) -> Self {
        assert!(
            bias.is_none_or(|bias| bias.len() == outputs),
            "a bias has a number for each output"
        );
        assert!(out.is_empty(), "outputs are written from the beginning");
        out.reserve_exact(rows * outputs);
        Self {
            at: out.as_mut_ptr(),
            outputs,
            bias: bias.map(<[f32]>::as_ptr),
            gated: false,
            residual: None,
        }
    }

    /// The same, added to other numbers.
    pub fn residual(self, rows: usize, residual: Option<&[f32]>) -> Self {
        assert!(
            residual.is_none_or(|residual| residual.len() == rows * self.outputs),
            "there is a number for each output"
        );
        Self { residual: residual.map(<[f32]>::as_ptr), ..self }
    }

    /// To the same place, to be multiplied with what was written there.
    pub fn gated(self, bias: Option<&[f32]>) -> Self {
        assert!(
            bias.is_none_or(|bias| bias.len() == self.outputs),
            "a bias has a number for each output"
        );
        Self { bias: bias.map(<[f32]>::as_ptr), gated: true, ..self }
    }

    /// Applies something, or nearly that, to the outputs of some panels that were written for some
    /// rows.
    ///
    /// # Safety
    /// They were, by this thread.
    pub unsafe fn apply(
        self,
        activation: Activation,
        nearly: bool,
        rows: Range<usize>,
        panels: Range<usize>,
    ) {
        let (from, end) = (panels.start * PANEL_ROWS, self.outputs.min(panels.end * PANEL_ROWS));
        for row in rows {
            // SAFETY: outputs of such a row; the rest by the caller's word.
            let numbers = unsafe {
                std::slice::from_raw_parts_mut(self.at.add(row * self.outputs + from), end - from)
            };
            apply_in_place(activation, numbers, nearly);
        }
    }

    /// A row's outputs of a panel; of the last panel those there are.
    ///
    /// # Safety
    /// As for [`Epilogue`]; there are such a row and such a panel.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub unsafe fn store(self, row: usize, panel: usize, numbers: __m512) {
        let column = panel * PANEL_ROWS;
        let mask = (0xffffu32 >> (PANEL_ROWS - PANEL_ROWS.min(self.outputs - column))) as u16;
        // SAFETY: by the caller's word; the mask keeps within a row's outputs.
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

    /// The same where there are no registers of sixteen.
    ///
    /// # Safety
    /// As for [`Epilogue::store`].
    #[inline]
    pub unsafe fn store_lanes(self, row: usize, panel: usize, numbers: &[f32; PANEL_ROWS]) {
        let column = panel * PANEL_ROWS;
        for (lane, number) in numbers.iter().enumerate().take(self.outputs - column) {
            // SAFETY: by the caller's word, and one of a row's outputs.
            unsafe { self.store_one(row, column + lane, *number) };
        }
    }

    /// One output of a row.
    ///
    /// # Safety
    /// As for [`Epilogue`]; there are such a row and such an output.
    #[inline(always)]
    pub unsafe fn store_one(self, row: usize, output: usize, number: f32) {
        // SAFETY: by the caller's word.
        unsafe {
            let number = self.bias.map_or(number, |bias| number + *bias.add(output));
            let at = row * self.outputs + output;
            let to = self.at.add(at);
            let number = if self.gated { *to * number } else { number };
            *to = self.residual.map_or(number, |residual| *residual.add(at) + number);
        }
    }
}

// SAFETY: a job reads and writes no columns but its own; biases, and what outputs are added to, are
// only read.
unsafe impl Send for Epilogue {}
// SAFETY: as above.
unsafe impl Sync for Epilogue {}
