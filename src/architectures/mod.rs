//! Networks: tensors and token ids in, logits out. They know no text, no prompt and no language.
//!
//! One table, [`ARCHITECTURES`]; one contract, [`Network`]. State is a value and rows are ragged:
//! one method serves prefill, decoding, batches of unequal texts, beams, prefix reuse and the
//! verification of drafts.

mod decoder;
mod encoder_decoder;
mod layers;
mod ragged;
mod scripted;
mod state;
mod t5;
mod tensors;

use candle_core::Device;

pub use state::State;

use crate::checkpoint::Checkpoint;
use crate::error::{Error, Result};
use crate::files::MappedFile;
use crate::kernels::{Phase, Precision};

/// A loaded network.
pub trait Network: Send + Sync {
    /// Fresh sequences, one a source. Encoder–decoder networks read all the sources here, in one
    /// ragged batch, once, in `phase`; decoder-only networks are given empty ones.
    fn begin(&self, sources: &[&[u32]], phase: Phase) -> Result<Vec<State>>;

    /// Appends each row's tokens to its own state and returns the logits each row wants. All rows
    /// are in the same phase, which selects the kernels (see [`Phase`]).
    ///
    /// A row without tokens, or a token outside the vocabulary, is an error; states are then as
    /// they were. After any other error a state must be cut back ([`State::truncate`]) before
    /// it is read into again.
    fn forward(&self, rows: &mut [Row<'_>], phase: Phase) -> Result<Logits>;
}

/// One sequence's part of a step.
pub struct Row<'a> {
    /// What the sequence has read so far.
    pub state: &'a mut State,
    /// What it reads now: one token or more.
    pub tokens: &'a [u32],
    /// Which logits are wanted.
    pub want: Want,
}

/// Which of a row's tokens get logits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// None: more of the prompt follows.
    Nothing,
    /// The last one's.
    Last,
    /// Every one's.
    All,
}

impl Want {
    /// How many of `tokens` tokens get logits.
    fn count(self, tokens: usize) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Last => 1,
            Self::All => tokens,
        }
    }
}

/// Scores of the next token: for each row those that it wanted.
pub struct Logits {
    vocabulary: usize,
    values: Vec<f32>,
    /// First vector of each row, and one past the last.
    starts: Vec<usize>,
}

impl Logits {
    /// Vectors of `vocabulary` scores, `counts` of them for each row.
    fn new(vocabulary: usize, values: Vec<f32>, counts: impl Iterator<Item = usize>) -> Self {
        let mut starts = vec![0];
        let mut end = 0;
        for count in counts {
            end += count;
            starts.push(end);
        }
        debug_assert_eq!(values.len(), end * vocabulary);
        Self { vocabulary, values, starts }
    }

    /// As many vectors as rows want.
    fn of_rows(vocabulary: usize, values: Vec<f32>, rows: &[Row<'_>]) -> Self {
        Self::new(vocabulary, values, rows.iter().map(|row| row.want.count(row.tokens.len())))
    }

    /// The vectors of a row, in the order of its tokens.
    pub fn row(&self, row: usize) -> impl DoubleEndedIterator<Item = &[f32]> {
        let (start, end) =
            (self.starts[row] * self.vocabulary, self.starts[row + 1] * self.vocabulary);
        self.values[start..end].chunks_exact(self.vocabulary)
    }

    /// A row's last vector; empty where the row wanted none.
    pub fn last(&self, row: usize) -> &[f32] {
        self.row(row).next_back().unwrap_or_default()
    }
}

/// How to load a network.
pub struct Setup<'a> {
    /// Where its weights are.
    pub checkpoint: &'a Checkpoint,
    /// Where it computes.
    pub device: &'a Device,
    /// How quantised weights are multiplied.
    pub precision: Precision,
}

/// A network and what the outside must know of it.
pub struct Loaded {
    /// The network.
    pub network: Box<dyn Network>,
    /// The most tokens a sequence can have.
    pub context: usize,
    /// Size of the logits.
    pub vocabulary: usize,
    /// Size of the vocabulary of sources, where it reads one in [`Network::begin`] and writes from
    /// nothing.
    pub sources: Option<usize>,
}

/// A row of [`ARCHITECTURES`].
pub struct Architecture {
    /// `model_type` in `config.json` and `general.architecture` in GGUF that it serves.
    pub names: &'static [&'static str],
    /// Loads it.
    pub load: fn(&Setup<'_>) -> Result<Loaded>,
}

/// Every architecture there is.
pub const ARCHITECTURES: &[Architecture] = &[
    decoder::ARCHITECTURE,
    encoder_decoder::ARCHITECTURE,
    t5::ARCHITECTURE,
    scripted::ARCHITECTURE,
];

/// Every name, for messages and `doctor`.
pub fn names() -> impl Iterator<Item = &'static str> {
    ARCHITECTURES.iter().flat_map(|architecture| architecture.names.iter().copied())
}

/// Loads the network a checkpoint describes.
pub fn load(setup: &Setup<'_>) -> Result<Loaded> {
    let model_config = &setup.checkpoint.config;
    let wanted = model_config.architecture();
    let Some(architecture) = ARCHITECTURES.iter().find(|one| one.names.contains(&wanted)) else {
        let known = names().collect::<Vec<_>>().join(", ");
        return Err(model_config.unsupported(format!("architecture `{wanted}`"), known));
    };
    let loaded = (architecture.load)(setup);
    let files = setup.checkpoint.files();
    // What was read of a file that changed meanwhile explains any other error.
    files.iter().try_for_each(MappedFile::check)?;
    let loaded = loaded?;
    Ok(Loaded { network: Box::new(Checked { network: loaded.network, files }), ..loaded })
}

/// A network whose files are looked at in each step: what was computed while they changed is an
/// error, not a result.
struct Checked {
    network: Box<dyn Network>,
    files: Vec<MappedFile>,
}

impl Checked {
    fn run<T>(&self, step: impl FnOnce(&dyn Network) -> Result<T>) -> Result<T> {
        let done = step(&*self.network);
        self.files.iter().try_for_each(MappedFile::check)?;
        done
    }
}

impl Network for Checked {
    fn begin(&self, sources: &[&[u32]], phase: Phase) -> Result<Vec<State>> {
        self.run(|network| network.begin(sources, phase))
    }

    fn forward(&self, rows: &mut [Row<'_>], phase: Phase) -> Result<Logits> {
        self.run(|network| network.forward(rows, phase))
    }
}

/// Checks what every network requires of its rows.
fn check_rows(rows: &[Row<'_>], vocabulary: usize, context: usize) -> Result<()> {
    for row in rows {
        let needed = row.state.len() + row.tokens.len();
        if needed > context {
            return Err(Error::TooLong { what: "a sequence".into(), needed, window: context });
        }
        if row.tokens.is_empty() {
            return Err(Error::Engine("a row without tokens".into()));
        }
        if let Some(id) = row.tokens.iter().find(|id| **id as usize >= vocabulary) {
            return Err(Error::Engine(
                format!("token {id} is not in a vocabulary of {vocabulary}").into(),
            ));
        }
    }
    Ok(())
}

/// Places, among all rows' tokens, of those whose logits are wanted.
fn wanted(rows: &[Row<'_>]) -> Vec<u32> {
    let of_row = |(row, start): (&Row<'_>, usize)| {
        let end = start + row.tokens.len();
        (end - row.want.count(row.tokens.len())..end).map(|at| at as u32)
    };
    rows.iter().zip(starts(rows)).flat_map(of_row).collect()
}

/// Where each row's tokens begin among all rows' tokens.
fn starts(rows: &[Row<'_>]) -> Vec<usize> {
    let starts = rows.iter().scan(0, |next, row| {
        *next += row.tokens.len();
        Some(*next - row.tokens.len())
    });
    starts.collect()
}
