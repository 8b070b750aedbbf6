//! Ragged batches: rows of unequal length in, logits out.
//!
//! The tokens of all rows stand one after the other in one tensor `[tokens, hidden]`; there is no
//! padding.

use super::state::State;
use crate::error::{Error, Result};

/// One sequence's part of a batch.
pub struct Row<'a> {
    /// State of the sequence: the tokens processed so far.
    pub state: &'a mut State,
    /// Tokens to append: one or more.
    pub tokens: &'a [u32],
    /// Tokens whose logits are needed.
    pub logits: LogitsFor,
}

/// Tokens of a row whose logits are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogitsFor {
    /// None: more of the prompt follows.
    None,
    /// The last one.
    Last,
    /// All of them.
    All,
}

impl LogitsFor {
    /// Number of logit vectors of a row of `tokens` tokens.
    fn count(self, tokens: usize) -> usize {
        match self {
            Self::None => 0,
            Self::Last => 1,
            Self::All => tokens,
        }
    }
}

/// Logits of a batch: for each row a vector for each token that needs one.
pub struct Logits {
    vocabulary: usize,
    values: Vec<f32>,
    /// Index of the first vector of each row, and the number of vectors.
    starts: Vec<usize>,
}

impl Logits {
    /// `values` are vectors of `vocabulary` logits, `counts` the number of vectors of each row.
    pub(super) fn new(vocabulary: usize, values: Vec<f32>, counts: &[usize]) -> Self {
        let mut starts = vec![0];
        let mut end = 0;
        for count in counts {
            end += count;
            starts.push(end);
        }
        debug_assert_eq!(values.len(), end * vocabulary);
        Self { vocabulary, values, starts }
    }

    /// The vectors of a row, in the order of its tokens.
    pub fn row(&self, row: usize) -> impl DoubleEndedIterator<Item = &[f32]> {
        let start = self.starts[row] * self.vocabulary;
        let end = self.starts[row + 1] * self.vocabulary;
        self.values[start..end].chunks_exact(self.vocabulary)
    }

    /// The last vector of a row; empty if the row has none.
    pub fn last(&self, row: usize) -> &[f32] {
        self.row(row).next_back().unwrap_or_default()
    }
}

/// Checks that rows are not empty, fit into the context and have tokens of the vocabulary.
pub(super) fn check_rows(rows: &[Row<'_>], vocabulary: usize, context: usize) -> Result<()> {
    for row in rows {
        let needed = row.state.len() + row.tokens.len();
        if needed > context {
            return Err(Error::TooLong { what: "a sequence".into(), needed, window: context });
        }
        if row.tokens.is_empty() {
            return Err(Error::Engine("a row without tokens".into()));
        }
        check_tokens(row.tokens, vocabulary)?;
    }
    Ok(())
}

/// Checks that tokens are of the vocabulary.
pub(super) fn check_tokens(tokens: &[u32], vocabulary: usize) -> Result<()> {
    match tokens.iter().find(|id| **id as usize >= vocabulary) {
        Some(id) => {
            let reason = format!("token {id} is not in a vocabulary of {vocabulary}");
            Err(Error::Engine(reason.into()))
        }
        None => Ok(()),
    }
}

/// Number of logit vectors of each row.
pub(super) fn logit_counts(rows: &[Row<'_>]) -> Vec<usize> {
    rows.iter().map(|row| row.logits.count(row.tokens.len())).collect()
}

/// Positions, among the tokens of all rows, of those that need logits: the last `counts` tokens of
/// each row.
pub(super) fn logit_positions(rows: &[Row<'_>], counts: &[usize]) -> Vec<u32> {
    let mut positions = Vec::new();
    let mut end = 0;
    for (row, count) in rows.iter().zip(counts) {
        end += row.tokens.len();
        positions.extend((end - count..end).map(|position| position as u32));
    }
    positions
}

/// Position of each row's first token among the tokens of all rows.
pub(super) fn row_starts(rows: &[Row<'_>]) -> Vec<usize> {
    let mut starts = Vec::with_capacity(rows.len());
    let mut start = 0;
    for row in rows {
        starts.push(start);
        start += row.tokens.len();
    }
    starts
}
