//! The interface of a work queue: claim items, then complete, retry or dead-letter them.

use serde::Serialize;

use crate::error::Result;
use crate::formats::Item;

/// An item claimed by a worker.
#[derive(Debug, Clone)]
pub struct Lease {
    /// Position of the item in the queue.
    pub ordinal: i64,
    /// Key of the item in the queue.
    pub key: String,
    /// Id of the item in the results; unique.
    pub id: String,
    /// SHA-256 of the content.
    pub content: String,
    /// SHA-256 of the content of its last result, if the item was edited since.
    pub previous: Option<String>,
    /// Name of the input it came from.
    pub input: String,
    /// Number of earlier attempts.
    pub attempts: u32,
    /// Size in the queue, in bytes.
    pub bytes: u64,
    /// The article.
    pub item: Item,
}

/// Number of items in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Stats {
    /// Waiting.
    pub pending: u64,
    /// Claimed by a worker.
    pub leased: u64,
    /// Done.
    pub done: u64,
    /// Failed for good, with a reason.
    pub dead: u64,
    /// No longer in their inputs, in any state.
    pub removed: u64,
}

impl Stats {
    /// Number of all items; each is counted in exactly one state.
    pub fn all(&self) -> u64 {
        self.pending + self.leased + self.done + self.dead + self.removed
    }
}

/// A filter of items by the length of their texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// All items.
    Any,
    /// Items of at most [`Length::LONG`] bytes.
    Short,
    /// Longer items.
    Long,
}

impl Length {
    /// Size in the journal above which an item is long, in bytes: about six thousand words.
    pub const LONG: usize = 48 << 10;
}

/// A queue of items. Every call takes effect as a whole or not at all.
pub trait WorkQueue {
    /// Leases up to `limit` items of a length, in order, until they are settled.
    fn claim(&mut self, limit: usize, length: Length) -> Result<Vec<Lease>>;

    /// Extends a lease.
    fn extend(&mut self, lease: &Lease) -> Result<()>;

    /// Marks an item as done, with its result `line`. Returns `false` without an effect if the item
    /// was already settled, or its text was replaced since it was claimed.
    fn complete(&mut self, lease: &Lease, line: &str) -> Result<bool>;

    /// Returns an item to the queue after a failed attempt.
    fn retry(&mut self, lease: &Lease) -> Result<()>;

    /// Returns an item to the queue without counting an attempt.
    fn release(&mut self, lease: &Lease) -> Result<()>;

    /// Marks an item as failed for good; `line` gives the reason. Returns `false` as
    /// [`complete`](Self::complete) does.
    fn dead_letter(&mut self, lease: &Lease, line: &str) -> Result<bool>;

    /// Number of items in each state.
    fn stats(&self) -> Result<Stats>;
}
