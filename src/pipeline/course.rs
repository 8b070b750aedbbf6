//! How far a stage is, in tokens of the text, whatever batches it is worked on in.

use super::write::Part;
use crate::event::Event;
use crate::generation::{Progress, Update};
use crate::prompts::Task;

/// What of a stage is done.
#[derive(Debug, Clone)]
pub(super) struct Course {
    stage: &'static str,
    segments: usize,
    tokens: usize,
    /// Of the batches before the current one.
    done: usize,
    read: usize,
    written: usize,
    /// Parts of the current batch.
    parts: Vec<InHand>,
    /// Whether these were counted before: parts that are written again.
    is_again: bool,
}

#[derive(Debug, Clone, Copy)]
struct InHand {
    /// Tokens of the text, and of the prompt around it.
    tokens: usize,
    prompt: usize,
    reached: Progress,
    is_done: bool,
}

impl InHand {
    /// Tokens of the text that were read: as much of it as of its prompt.
    fn read(&self) -> usize {
        let read = if self.is_done { self.prompt } else { self.reached.read.min(self.prompt) };
        self.tokens * read / self.prompt.max(1)
    }
}

impl Course {
    /// The beginning of a stage that works on these parts.
    pub fn new(task: Task, parts: &[Part<'_>]) -> Self {
        let tokens = parts.iter().map(|part| part.tokens).sum();
        let (stage, segments) = (task.as_str(), parts.len());
        Self {
            stage,
            segments,
            tokens,
            done: 0,
            read: 0,
            written: 0,
            parts: Vec::new(),
            is_again: false,
        }
    }

    /// The same stage for parts of it that are written again: only what is written is added.
    pub fn again(&self) -> Self {
        Self { is_again: true, ..self.clone() }
    }

    /// Takes over what was written again.
    pub fn take(&mut self, again: &Self) {
        self.written = again.written;
    }

    /// A batch begins: for each part the tokens of its text and of its prompt.
    pub fn begin(&mut self, parts: impl Iterator<Item = (usize, usize)>) {
        let part = |(tokens, prompt)| InHand {
            tokens,
            prompt,
            reached: Progress::default(),
            is_done: false,
        };
        self.parts = parts.map(part).collect();
    }

    /// A part of the batch has come further. Whether that is news.
    pub fn hear(&mut self, index: usize, news: &Update<'_>) -> bool {
        let Some(part) = self.parts.get_mut(index) else { return false };
        match news {
            Update::Progress(reached) => std::mem::replace(&mut part.reached, *reached) != *reached,
            Update::Done => !std::mem::replace(&mut part.is_done, true),
            Update::Text(_) => false,
        }
    }

    /// The batch is done.
    pub fn end(&mut self) {
        self.parts.iter_mut().for_each(|part| part.is_done = true);
        (self.done, self.read, self.written) = self.reached();
        self.parts.clear();
    }

    /// Segments done, tokens read and tokens written.
    fn reached(&self) -> (usize, usize, usize) {
        let written =
            self.written + self.parts.iter().map(|part| part.reached.written).sum::<usize>();
        if self.is_again {
            return (self.done, self.read, written);
        }
        let done = self.parts.iter().filter(|part| part.is_done).count();
        let read = self.parts.iter().map(InHand::read).sum::<usize>();
        (self.done + done, self.read + read, written)
    }

    /// What is told of it.
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
        let parts = [10, 30, 60].map(|tokens| Part { text: "", tokens });
        let mut course = Course::new(Task::Translate, &parts);
        let numbers = |course: &Course| match course.event() {
            Event::Progress { done, segments, read, tokens, written, .. } => {
                [done, segments, read, tokens, written]
            }
            _ => [0; 5],
        };
        course.begin([(10, 50), (30, 70)].into_iter());
        assert!(course.hear(1, &Update::Progress(Progress { read: 35, written: 0 })));
        assert!(!course.hear(1, &Update::Progress(Progress { read: 35, written: 0 })));
        assert_eq!(numbers(&course), [0, 3, 15, 100, 0]);
        course.hear(0, &Update::Progress(Progress { read: 50, written: 4 }));
        course.hear(0, &Update::Done);
        assert_eq!(numbers(&course), [1, 3, 25, 100, 4]);
        course.end();
        assert_eq!(numbers(&course), [2, 3, 40, 100, 4]);
        // A part that is written again was read before.
        let mut again = course.again();
        again.begin([(15, 40)].into_iter());
        again.hear(0, &Update::Progress(Progress { read: 40, written: 9 }));
        again.end();
        assert_eq!(numbers(&again), [2, 3, 40, 100, 13]);
    }
}
