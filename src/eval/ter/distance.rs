//! Edit distance near the diagonal, with the edits that it takes.

/// Cells beside the diagonal that are looked at, on each side.
const BEAM: usize = 25;

/// An edit of an output into its reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edit {
    Keep,
    Substitute,
    Insert,
    Delete,
}

/// Costs of turning beginnings of the output into beginnings of the reference; `u32::MAX` where the
/// beam has not been.
#[derive(Clone)]
pub(super) struct Matrix<'r> {
    reference: &'r [u32],
    /// By words of the output, then of the reference.
    cells: Vec<(u32, Edit)>,
}

impl<'r> Matrix<'r> {
    pub fn new(output: &[u32], reference: &'r [u32]) -> Self {
        let width = reference.len() + 1;
        let mut cells = vec![(u32::MAX, Edit::Insert); width * (output.len() + 1)];
        for (cost, cell) in (0..).zip(&mut cells[..width]) {
            cell.0 = cost;
        }
        let mut matrix = Self { reference, cells };
        matrix.fill(output, 0);
        matrix
    }

    /// Computes the rows after the first `known` words again, for an output of the same length with
    /// the same words before.
    pub fn fill(&mut self, output: &[u32], known: usize) {
        let (length, columns) = (output.len(), self.reference.len());
        let width = columns + 1;
        let ratio = if length == 0 { 1.0 } else { columns as f64 / length as f64 };
        let beam = match ratio / 2.0 {
            half if (BEAM as f64) < half => (half + BEAM as f64).ceil() as usize,
            _ => BEAM,
        };
        self.cells[(known + 1) * width..].fill((u32::MAX, Edit::Insert));
        for row in known + 1..=length {
            let diagonal = (row as f64 * ratio).floor() as usize;
            let from = diagonal.saturating_sub(beam);
            let to = if row == length { width } else { width.min(diagonal + beam) };
            let (above, below) = self.cells.split_at_mut(row * width);
            let above = &above[(row - 1) * width..];
            for column in from..to {
                let deleted = (above[column].0.saturating_add(1), Edit::Delete);
                below[column] = if column == 0 {
                    deleted
                } else {
                    let is_kept = output[row - 1] == self.reference[column - 1];
                    let edit = if is_kept { Edit::Keep } else { Edit::Substitute };
                    let cost = above[column - 1].0.saturating_add(u32::from(!is_kept));
                    let inserted = (below[column - 1].0.saturating_add(1), Edit::Insert);
                    // Of equal costs the first: keep or substitute, delete, insert.
                    let mut best = (cost, edit);
                    for other in [deleted, inserted] {
                        if other.0 < best.0 {
                            best = other;
                        }
                    }
                    best
                };
            }
        }
    }

    /// The number of edits.
    pub fn distance(&self) -> u32 {
        self.cells.last().map_or(0, |cell| cell.0)
    }

    /// The edits in the order of the words.
    pub fn edits(&self) -> Vec<Edit> {
        let width = self.reference.len() + 1;
        let (mut row, mut column) = (self.cells.len() / width - 1, width - 1);
        let mut edits = Vec::new();
        while row > 0 || column > 0 {
            // The first row inserts and the first column deletes.
            let edit = match self.cells[row * width + column].1 {
                _ if row == 0 => Edit::Insert,
                _ if column == 0 => Edit::Delete,
                edit => edit,
            };
            row -= usize::from(edit != Edit::Insert);
            column -= usize::from(edit != Edit::Delete);
            edits.push(edit);
        }
        edits.reverse();
        edits
    }
}
