//! Progress of a stage, in tokens of its text, over all batches.

use super::chunk::SourceChunk;
use crate::event::Event;
use crate::generation::{Progress, Update};
use crate::prompts::Task;

/// Progress of a stage.
#[derive(Debug, Clone)]
pub(super) struct StageProgress {
    stage: &'static str,
    /// Chunks of the stage, and their tokens.
    segments: usize,
    tokens: usize,
    /// Chunks done, tokens read and tokens generated in the batches before the current one.
    done: usize,
    read: usize,
    written: usize,
    batch: Vec<ChunkProgress>,
    /// True for chunks that are tried again: they count as done and read already.
    is_retry: bool,
}

#[derive(Debug, Clone, Copy)]
struct ChunkProgress {
    /// Tokens of the chunk.
    tokens: usize,
    /// Tokens of its prompt, the chunk included.
    prompt: usize,
    reached: Progress,
    is_done: bool,
}

impl ChunkProgress {
    /// Tokens of the chunk that have been read, in proportion to its prompt.
    fn read(&self) -> usize {
        let read = if self.is_done { self.prompt } else { self.reached.read.min(self.prompt) };
        self.tokens * read / self.prompt.max(1)
    }
}

impl StageProgress {
    pub fn new(task: Task, chunks: &[SourceChunk<'_>]) -> Self {
        Self {
            stage: task.as_str(),
            segments: chunks.len(),
            tokens: chunks.iter().map(|chunk| chunk.tokens).sum(),
            done: 0,
            read: 0,
            written: 0,
            batch: Vec::new(),
            is_retry: false,
        }
    }

    /// Progress while some chunks are tried again: only generated tokens are added.
    pub fn for_retry(&self) -> Self {
        Self { is_retry: true, ..self.clone() }
    }

    /// Adds the tokens of a retry.
    pub fn add_retry(&mut self, retry: &Self) {
        self.written = retry.written;
    }

    /// Begins a batch: for each chunk the tokens of its text and of its prompt.
    pub fn begin_batch(&mut self, chunks: impl Iterator<Item = (usize, usize)>) {
        self.batch.clear();
        for (tokens, prompt) in chunks {
            let reached = Progress::default();
            self.batch.push(ChunkProgress { tokens, prompt, reached, is_done: false });
        }
    }

    /// Notes the progress of a chunk of the batch. True if it has changed.
    pub fn update(&mut self, index: usize, update: &Update<'_>) -> bool {
        let Some(chunk) = self.batch.get_mut(index) else { return false };
        match update {
            Update::Progress(reached) => {
                std::mem::replace(&mut chunk.reached, *reached) != *reached
            }
            Update::Done => !std::mem::replace(&mut chunk.is_done, true),
            Update::Text(_) => false,
        }
    }

    pub fn end_batch(&mut self) {
        for chunk in &mut self.batch {
            chunk.is_done = true;
        }
        (self.done, self.read, self.written) = self.reached();
        self.batch.clear();
    }

    /// Chunks done, tokens read and tokens generated.
    fn reached(&self) -> (usize, usize, usize) {
        let written: usize = self.batch.iter().map(|chunk| chunk.reached.written).sum();
        let written = self.written + written;
        if self.is_retry {
            return (self.done, self.read, written);
        }
        let done = self.batch.iter().filter(|chunk| chunk.is_done).count();
        let read: usize = self.batch.iter().map(ChunkProgress::read).sum();
        (self.done + done, self.read + read, written)
    }

    pub fn event(&self) -> Event {
        let (done, read, written) = self.reached();
        Event::Progress {
            stage: self.stage,
            done,
            segments: self.segments,
            read,
            tokens: self.tokens,
            written,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_of_a_stage_are_counted_together() {
        let chunks = [10, 30, 60].map(|tokens| SourceChunk { text: "", tokens });
        let mut progress = StageProgress::new(Task::Translate, &chunks);
        let numbers = |progress: &StageProgress| match progress.event() {
            Event::Progress { done, segments, read, tokens, written, .. } => {
                [done, segments, read, tokens, written]
            }
            _ => [0; 5],
        };
        progress.begin_batch([(10, 50), (30, 70)].into_iter());
        assert!(progress.update(1, &Update::Progress(Progress { read: 35, written: 0 })));
        assert!(!progress.update(1, &Update::Progress(Progress { read: 35, written: 0 })));
        assert_eq!(numbers(&progress), [0, 3, 15, 100, 0]);
        progress.update(0, &Update::Progress(Progress { read: 50, written: 4 }));
        progress.update(0, &Update::Done);
        assert_eq!(numbers(&progress), [1, 3, 25, 100, 4]);
        progress.end_batch();
        assert_eq!(numbers(&progress), [2, 3, 40, 100, 4]);
        // The text of a retried chunk has been read before.
        let mut retry = progress.for_retry();
        retry.begin_batch([(15, 40)].into_iter());
        retry.update(0, &Update::Progress(Progress { read: 40, written: 9 }));
        retry.end_batch();
        assert_eq!(numbers(&retry), [2, 3, 40, 100, 13]);
    }
}
