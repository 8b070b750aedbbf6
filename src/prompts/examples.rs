//! Few-shot examples: pairs of a text and its answer, chosen by similarity where there are many.

use std::io::Read;
use std::sync::Arc;

use super::Task;
use crate::error::{Error, Result};
use crate::formats::{self, PairLanguages};
use crate::language::{Language, LanguagePair};
use crate::likeness::NGrams;

/// A pair that shows a model how to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// A text. Untrusted.
    pub source: String,
    /// Its translation or summary. Untrusted.
    pub target: String,
}

/// A segment that is about to be written, for which examples are wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ExampleQuery<'q> {
    /// The task.
    pub task: Task,
    /// Languages of the text and of the answer.
    pub languages: LanguagePair,
    /// The segment's text.
    pub text: &'q str,
}

/// The user's examples, of which each segment is shown a few. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Examples {
    entries: Arc<[Entry]>,
    limit: usize,
}

/// A pair with what is asked of it for each segment.
#[derive(Debug)]
struct Entry {
    task: Task,
    example: Example,
    languages: [Option<Language>; 2],
    /// N-grams of the source and of the target.
    ngrams: [NGrams; 2],
}

impl Examples {
    /// Examples for a segment if no other limit is given.
    pub const LIMIT: usize = 3;

    /// Upper bound on the pairs of a file: each is compared with each segment.
    const MAX_IN_FILE: usize = 10_000;

    /// Examples of a task, in the order in which they are shown.
    ///
    /// ```
    /// use malmoi::{Example, Examples, TaskOptions, prompts::Task};
    /// let (source, target) = ("Haemin opens a pier.".into(), "해민, 부두 개장".into());
    /// let pair = Example { source, target };
    /// let examples = Examples::new(Task::Translate, vec![pair]);
    /// let options = TaskOptions { examples, ..TaskOptions::default() };
    /// ```
    pub fn new(task: Task, examples: Vec<Example>) -> Self {
        examples.into_iter().map(|example| (task, example)).collect()
    }

    /// Reads a file of pairs, in any format of [`formats::pairs()`]. Pairs of which the file
    /// does not name the task are examples of `task`; those with an empty side are left out.
    ///
    /// # Errors
    ///
    /// Fails if a part of the file cannot be read, and if it has no pair, or more than 10,000.
    pub fn read(source: impl Read + Send + 'static, name: &str, task: Task) -> Result<Self> {
        let mut examples = Vec::new();
        for pair in formats::pairs(source, name, PairLanguages::default())? {
            let pair = pair.map_err(|part| {
                Error::unreadable(
                    name,
                    format!("has a part that cannot be read, {}: {}", part.place, part.reason),
                )
            })?;
            let task = match pair.task.as_deref() {
                Some("translation") => Task::Translate,
                Some("summary") => Task::Summarize,
                _ => task,
            };
            let [source, target] = [&pair.source, &pair.output].map(|side| side.trim());
            if source.is_empty() || target.is_empty() {
                continue;
            }
            if examples.len() == Self::MAX_IN_FILE {
                let reason = format!("has more than {} examples", Self::MAX_IN_FILE);
                return Err(Error::unreadable(name, reason));
            }
            examples.push((task, Example { source: source.into(), target: target.into() }));
        }
        if examples.is_empty() {
            return Err(Error::unreadable(name, "has no pair of texts".to_string()));
        }
        Ok(examples.into_iter().collect())
    }

    /// The same with an upper bound on the examples for one segment, those of the prompt file
    /// included. With 0 there are none.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// The pairs and their tasks, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Task, &Example)> {
        self.entries.iter().map(|entry| (entry.task, &entry.example))
    }

    /// Upper bound on the examples for one segment, those of the prompt file included.
    pub fn max(&self) -> usize {
        self.limit
    }

    /// True if some are for a task.
    pub(crate) fn has(&self, task: Task) -> bool {
        self.limit > 0 && self.entries.iter().any(|entry| entry.task == task)
    }

    /// The examples for a segment: those in its languages, all in order if they are few, otherwise
    /// the most similar ones, the most similar last. Pairs of a translation serve both directions.
    pub(crate) fn find(&self, query: &ExampleQuery<'_>) -> Vec<Example> {
        let LanguagePair { from, to } = query.languages;
        let fits = |language: Option<Language>, wanted| language.is_none_or(|is| is == wanted);
        let mut found: Vec<(&Entry, bool)> = Vec::new();
        for entry in self.entries.iter().filter(|entry| entry.task == query.task) {
            let [source, target] = entry.languages;
            if fits(source, from) && fits(target, to) {
                found.push((entry, false));
            } else if query.task == Task::Translate && fits(source, to) && fits(target, from) {
                found.push((entry, true));
            }
        }
        if found.len() > self.limit {
            let text = NGrams::of(query.text);
            let mut scored: Vec<_> = found
                .into_iter()
                .map(|(entry, swapped)| {
                    (entry.ngrams[usize::from(swapped)].overlap(&text), entry, swapped)
                })
                .collect();
            // The sort is stable: the earlier example wins a tie.
            scored.sort_by(|a, b| b.0.total_cmp(&a.0));
            scored.truncate(self.limit);
            scored.reverse();
            found = scored.into_iter().map(|(_, entry, swapped)| (entry, swapped)).collect();
        }
        let oriented = |(entry, swapped): (&Entry, bool)| {
            let Example { source, target } = entry.example.clone();
            if swapped {
                Example { source: target, target: source }
            } else {
                Example { source, target }
            }
        };
        found.into_iter().map(oriented).collect()
    }
}

impl Default for Examples {
    fn default() -> Self {
        std::iter::empty().collect()
    }
}

impl FromIterator<(Task, Example)> for Examples {
    fn from_iter<I: IntoIterator<Item = (Task, Example)>>(examples: I) -> Self {
        let entry = |(task, example): (Task, Example)| Entry {
            task,
            languages: [Language::detect(&example.source), Language::detect(&example.target)],
            ngrams: [NGrams::of(&example.source), NGrams::of(&example.target)],
            example,
        };
        Self { entries: examples.into_iter().map(entry).collect(), limit: Self::LIMIT }
    }
}

#[cfg(test)]
mod tests;
