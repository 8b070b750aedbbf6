//! A weight matrix in the bytes of a file.

use crate::kernels::block_types::GgmlType;
use crate::kernels::shape::PANEL_ROWS;

/// Weights as a kernel sees them: `rows` rows of `columns` numbers in the bytes of the file.
#[derive(Clone, Copy)]
pub struct Matrix<'w> {
    /// How they are stored.
    pub ggml_type: GgmlType,
    /// FusedMatmul.
    pub rows: usize,
    /// Inputs.
    pub columns: usize,
    /// `rows · row_bytes(columns)` bytes.
    pub bytes: &'w [u8],
}

impl<'w> Matrix<'w> {
    /// Up to [`PANEL_ROWS`] rows from `first` on.
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
