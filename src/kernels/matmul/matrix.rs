//! A weight matrix in the layout of the file.

use crate::kernels::block_types::GgmlType;
use crate::kernels::shape::PANEL_ROWS;

/// A weight matrix, `[rows, columns]`, in the bytes of a file.
#[derive(Clone, Copy)]
pub struct Matrix<'w> {
    /// Type of its blocks.
    pub ggml_type: GgmlType,
    /// Outputs.
    pub rows: usize,
    /// Inputs.
    pub columns: usize,
    /// `rows · row_bytes(columns)` bytes.
    pub bytes: &'w [u8],
}

impl<'w> Matrix<'w> {
    /// Up to [`PANEL_ROWS`] rows, from row `first`.
    pub(crate) fn panel(self, first: usize) -> Self {
        let rows = PANEL_ROWS.min(self.rows - first);
        let row_bytes = self.ggml_type.row_bytes(self.columns);
        Self { rows, bytes: &self.bytes[first * row_bytes..(first + rows) * row_bytes], ..self }
    }

    pub(crate) fn row(&self, row: usize) -> &'w [u8] {
        let row_bytes = self.ggml_type.row_bytes(self.columns);
        &self.bytes[row * row_bytes..(row + 1) * row_bytes]
    }
}
