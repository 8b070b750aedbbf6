//! How much of a summary was asked for, and giving it out while it is written: no more than that,
//! and nothing that may change.

use crate::prompts::Style;
use crate::segment::sentences;

/// So many sentences, so many points, or one headline.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub style: Style,
    pub count: usize,
}

impl Wanted {
    /// The text in what is counted; all of it together is the text again.
    fn units(self, text: &str) -> Vec<&str> {
        match self.style {
            Style::Paragraph => sentences(text),
            Style::Bullets | Style::Headline => text.split_inclusive('\n').collect(),
        }
    }

    fn count(self) -> usize {
        if self.style == Style::Headline { 1 } else { self.count }
    }

    /// Where what is wanted ends: behind so many units that are not blank.
    pub fn end(self, text: &str) -> usize {
        let mut left = self.count();
        let wanted = self.units(text).into_iter().take_while(|unit| {
            let more = left > 0;
            left -= usize::from(more && !unit.trim().is_empty());
            more
        });
        wanted.map(str::len).sum()
    }

    /// Whether more than that has begun, beyond doubt: what looks like the end of a sentence may be
    /// an abbreviation until some words follow.
    fn is_exceeded(self, text: &str) -> bool {
        const BEYOND_DOUBT: usize = 3;
        let words = text[self.end(text)..].split_whitespace().count();
        words > if self.style == Style::Paragraph { BEYOND_DOUBT } else { 0 }
    }
}

/// Text given out while it is written: begins at its first word, ends with the last of what is
/// wanted.
pub(super) struct Shown {
    wanted: Option<Wanted>,
    text: String,
    given: usize,
}

impl Shown {
    pub fn new(wanted: Option<Wanted>) -> Self {
        Self { wanted, text: String::new(), given: 0 }
    }

    /// Adds text; gives what can be shown now.
    pub fn push(&mut self, fresh: &str) -> String {
        let fresh = if self.text.is_empty() { fresh.trim_start() } else { fresh };
        self.text.push_str(fresh);
        // White space waits for what follows it, so that none is given out at the end.
        let end = self.wanted.map_or(self.text.len(), |wanted| wanted.end(&self.text));
        let end = self.text[..end].trim_end().len();
        let start = self.given.min(end);
        self.given = end.max(self.given);
        self.text[start..end].to_string()
    }

    /// Whether nothing more is wanted.
    pub fn is_full(&self) -> bool {
        self.wanted.is_some_and(|wanted| wanted.is_exceeded(&self.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(style: Style, count: usize, text: &str) -> &str {
        text[..Wanted { style, count }.end(text)].trim_end()
    }

    #[test]
    fn sentences_points_and_headlines_are_counted() {
        assert_eq!(kept(Style::Paragraph, 2, "One is. Two is. Three."), "One is. Two is.");
        assert_eq!(
            kept(Style::Bullets, 2, "- One. And more.\n\n- Two.\n- Three."),
            "- One. And more.\n\n- Two."
        );
        assert_eq!(kept(Style::Headline, 3, "Council meets\n\nThe council met."), "Council meets");
        assert_eq!(kept(Style::Bullets, 5, "- One."), "- One.");
    }

    #[test]
    fn what_is_shown_is_what_is_kept_however_it_comes() {
        let text = "- One of them.\n- Two of the U.S. points.\n- Three.\n- Four.";
        for style in [Style::Paragraph, Style::Bullets, Style::Headline] {
            for size in 1..9 {
                let mut shown = Shown::new(Some(Wanted { style, count: 2 }));
                let mut given = String::new();
                for piece in text.as_bytes().chunks(size) {
                    given.push_str(&shown.push(std::str::from_utf8(piece).unwrap()));
                    if shown.is_full() {
                        break;
                    }
                }
                assert_eq!(given, kept(style, 2, text), "{style:?} in pieces of {size}");
            }
        }
    }
}
