//! Work to be handed out: what a queue must do, whatever stands behind it.

use serde::Serialize;

use crate::error::Result;
use crate::formats::Item;

/// An item in somebody's hands.
#[derive(Debug, Clone)]
pub struct Lease {
    /// The item's place in the queue.
    pub ordinal: i64,
    /// What identifies it.
    pub key: String,
    /// Its id in the results; no other item has it.
    pub id: String,
    /// The sum of its content.
    pub content: String,
    /// The sum of the content it had when it was last done, where it was edited since.
    pub previous: Option<String>,
    /// Which input it came from: a file's name.
    pub input: String,
    /// How often it was taken before.
    pub attempts: u32,
    /// Bytes it takes in the queue.
    pub bytes: u64,
    /// The article.
    pub item: Item,
}

/// How much there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Stats {
    /// Waiting.
    pub pending: u64,
    /// In somebody's hands.
    pub leased: u64,
    /// Done.
    pub done: u64,
    /// Given up, with a reason.
    pub dead: u64,
    /// Not in their inputs any more, in whichever state.
    pub removed: u64,
}

impl Stats {
    /// Every item there ever was; each is counted in exactly one place.
    pub fn all(&self) -> u64 {
        self.pending + self.leased + self.done + self.dead + self.removed
    }
}

/// Which items are claimed, by the length of their texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// All.
    Any,
    /// Those of a usual article.
    Short,
    /// Longer ones.
    Long,
}

impl Length {
    /// Bytes, in the journal, from which an item is long: about six thousand words.
    pub const LONG: usize = 48 << 10;
}

/// A queue of items. Every call is whole or has no effect.
pub trait WorkQueue {
    /// Takes up to `most` items of a length, in order. They are leased until they are settled.
    fn claim(&mut self, most: usize, length: Length) -> Result<Vec<Lease>>;

    /// Keeps a lease for longer.
    fn extend(&mut self, lease: &Lease) -> Result<()>;

    /// An item is done; `line` is what came of it. The first to say so wins; the others, and
    /// whoever worked on a text that has been replaced since, get `false`.
    fn complete(&mut self, lease: &Lease, line: &str) -> Result<bool>;

    /// An item goes back, to be tried again; it counts as an attempt where `blamed`.
    fn retry(&mut self, lease: &Lease, blamed: bool) -> Result<()>;

    /// An item is given up; `line` says why. Gives what `complete` gives.
    fn bury(&mut self, lease: &Lease, line: &str) -> Result<bool>;

    /// How much there is.
    fn stats(&self) -> Result<Stats>;
}
