//! Limits of one page: time, drawing commands and characters.

use std::time::{Duration, Instant};

/// Time for a page.
pub const PAGE_TIME: Duration = Duration::from_secs(10);
/// Limit on a page's drawing commands.
pub const MAX_OPERATIONS: usize = 5_000_000;
/// Limit on a page's characters; a page of a newspaper has less than a tenth.
pub const MAX_CHARACTERS: usize = 400_000;

/// The reason why the reading of a page was stopped; the payload of the unwinding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exceeded {
    /// [`PAGE_TIME`].
    Time,
    /// [`MAX_OPERATIONS`].
    Operations,
    /// [`MAX_CHARACTERS`].
    Characters,
}

/// What is left for a page.
pub struct Budget {
    deadline: Instant,
    operations: usize,
    characters: usize,
}

impl Budget {
    /// The budget of a page that begins now.
    pub fn of_page() -> Self {
        Self {
            deadline: Instant::now() + PAGE_TIME,
            operations: MAX_OPERATIONS,
            characters: MAX_CHARACTERS,
        }
    }

    /// Counts a drawing command; unwinds beyond the limit.
    pub fn operation(&mut self) {
        self.operations = take(self.operations, Exceeded::Operations);
        if Instant::now() > self.deadline {
            stop(Exceeded::Time);
        }
    }

    /// Counts a character; unwinds beyond the limit.
    pub fn character(&mut self) {
        self.characters = take(self.characters, Exceeded::Characters);
    }
}

fn take(left: usize, reason: Exceeded) -> usize {
    left.checked_sub(1).unwrap_or_else(|| stop(reason))
}

/// Ends the interpreter, which has no other way to be stopped. No panic hook is called.
fn stop(reason: Exceeded) -> ! {
    std::panic::resume_unwind(Box::new(reason))
}
