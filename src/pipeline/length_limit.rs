//! The length of a summary: sentences, bullet points or one headline. Text is streamed up to that
//! length, as far as it is final.

use super::setup::TaskSetup;
use crate::prompts::{Style, Task};
use crate::segment::sentences;

/// A number of sentences, of bullet points, or one headline.
#[derive(Debug, Clone, Copy)]
pub(super) struct LengthLimit {
    pub style: Style,
    pub count: usize,
}

impl LengthLimit {
    /// The limit of an answer; `None` for a translation.
    pub fn of(setup: &TaskSetup<'_>, task: Task) -> Option<Self> {
        if task == Task::Translate {
            return None;
        }
        let options = &setup.job.options;
        // A model without a prompt writes sentences, whatever the style.
        let (style, count) = match options.style {
            style if setup.takes_prompt() => (style, options.sentences),
            Style::Headline => (Style::Paragraph, 1),
            Style::Bullets | Style::Paragraph => (Style::Paragraph, options.sentences),
        };
        Some(Self { style, count })
    }

    /// A text cut into the units that are counted; together they are the text again.
    fn units(self, text: &str) -> Vec<&str> {
        match self.style {
            Style::Paragraph => sentences(text),
            Style::Bullets | Style::Headline => text.split_inclusive('\n').collect(),
        }
    }

    /// End of the last unit within the limit. Blank units do not count.
    pub fn end(self, text: &str) -> usize {
        let mut left = if self.style == Style::Headline { 1 } else { self.count };
        let mut end = 0;
        for unit in self.units(text) {
            if left == 0 {
                break;
            }
            left -= usize::from(!unit.trim().is_empty());
            end += unit.len();
        }
        end
    }

    /// True if text beyond the limit has begun for certain: an apparent end of a sentence may be an
    /// abbreviation until some words follow.
    fn is_exceeded(self, text: &str) -> bool {
        const ENOUGH_WORDS: usize = 3;
        let words = text[self.end(text)..].split_whitespace().count();
        words > if self.style == Style::Paragraph { ENOUGH_WORDS } else { 0 }
    }
}

/// A text that is streamed while it is generated, from its first word to the end of its limit.
pub(super) struct StreamedOutput {
    limit: Option<LengthLimit>,
    text: String,
    /// Bytes of `text` that were streamed.
    streamed: usize,
}

impl StreamedOutput {
    pub fn new(limit: Option<LengthLimit>) -> Self {
        Self { limit, text: String::new(), streamed: 0 }
    }

    /// Adds text; returns what has become final.
    pub fn push(&mut self, fresh: &str) -> String {
        let fresh = if self.text.is_empty() { fresh.trim_start() } else { fresh };
        self.text.push_str(fresh);
        // White space waits for the next word: there is none after the last one.
        let end = self.limit.map_or(self.text.len(), |limit| limit.end(&self.text));
        let end = self.text[..end].trim_end().len();
        let start = self.streamed.min(end);
        self.streamed = end.max(self.streamed);
        self.text[start..end].to_string()
    }

    /// True if the text has reached its limit.
    pub fn is_full(&self) -> bool {
        self.limit.is_some_and(|limit| limit.is_exceeded(&self.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within_limit(style: Style, count: usize, text: &str) -> &str {
        text[..LengthLimit { style, count }.end(text)].trim_end()
    }

    #[test]
    fn sentences_points_and_headlines_are_counted() {
        for (style, count, text, expected) in [
            (Style::Paragraph, 2, "One is. Two is. Three.", "One is. Two is."),
            (
                Style::Bullets,
                2,
                "- One. And more.\n\n- Two.\n- Three.",
                "- One. And more.\n\n- Two.",
            ),
            (Style::Headline, 3, "Council meets\n\nThe council met.", "Council meets"),
            (Style::Bullets, 5, "- One.", "- One."),
        ] {
            assert_eq!(within_limit(style, count, text), expected);
        }
    }

    #[test]
    fn streamed_text_is_the_text_within_the_limit_in_pieces_of_any_size() {
        let text = "- One of them.\n- Two of the U.S. points.\n- Three.\n- Four.";
        for style in [Style::Paragraph, Style::Bullets, Style::Headline] {
            for size in 1..9 {
                let mut output = StreamedOutput::new(Some(LengthLimit { style, count: 2 }));
                let mut streamed = String::new();
                for piece in text.as_bytes().chunks(size) {
                    streamed.push_str(&output.push(std::str::from_utf8(piece).unwrap()));
                    if output.is_full() {
                        break;
                    }
                }
                assert_eq!(streamed, within_limit(style, 2, text), "{style:?} in pieces of {size}");
            }
        }
    }
}
