//! Parts of a prompt by their origin, and the placeholders that stand for user text while a
//! template is rendered.
//!
//! User text never passes through a template: its placeholder does, and the rendered text is cut at
//! the placeholders afterwards. Knows strings; knows no template language, no token and no model.

use std::borrow::Cow;

/// A part of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromptPart<T = String> {
    /// Wording of a prompt file or of a chat template: it may contain special tokens of the model.
    Template(T),
    /// Text from outside, an article for example: encoded so that it can form no special token.
    UserText(T),
}

impl<T> PromptPart<T> {
    /// The same part with another text.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> PromptPart<U> {
        match self {
            Self::Template(text) => PromptPart::Template(change(text)),
            Self::UserText(text) => PromptPart::UserText(change(text)),
        }
    }
}

impl<T: AsRef<str>> PromptPart<T> {
    /// The text, whatever its origin.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Template(text) | Self::UserText(text) => text.as_ref(),
        }
    }

    /// The part with a borrowed text.
    pub fn as_deref(&self) -> PromptPart<&str> {
        match self {
            Self::Template(text) => PromptPart::Template(text.as_ref()),
            Self::UserText(text) => PromptPart::UserText(text.as_ref()),
        }
    }
}

/// A few-shot example as chat turns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleTurns {
    /// The user's turn, in order.
    pub user: Vec<PromptPart>,
    /// The answer to it: text from outside, as in [`PromptPart::UserText`].
    pub assistant: String,
}

/// A placeholder is a number between these two. They are private-use characters: templates that
/// contain one are refused, and user text is not rendered, so that nothing can forge a placeholder.
const OPEN: char = '\u{F5A10}';
const CLOSE: char = '\u{F5A11}';

/// Stands at the end of a system message while a chat template is rendered. A template that leaves
/// the message out leaves this out too.
pub(crate) const SYSTEM_END: char = '\u{F5A12}';

/// True if a text contains one of the characters that are reserved here, U+F5A10 to U+F5A12.
pub(crate) fn has_marker(text: &str) -> bool {
    text.contains([OPEN, CLOSE, SYSTEM_END])
}

/// User texts and their placeholders.
#[derive(Default)]
pub(crate) struct UserTexts<'t>(Vec<Cow<'t, str>>);

impl<'t> UserTexts<'t> {
    /// Adds a text; returns its placeholder.
    pub fn hide(&mut self, text: impl Into<Cow<'t, str>>) -> String {
        self.0.push(text.into());
        placeholder(self.0.len() - 1)
    }

    /// Cuts rendered text at the placeholders. `None` if the template took a placeholder apart.
    pub fn restore<'r>(&'r self, rendered: &'r str) -> Option<Vec<PromptPart<&'r str>>> {
        let restored = split(rendered)?.into_iter().map(|part| match part {
            Split::Template(text) => Some(PromptPart::Template(text)),
            Split::Placeholder(index) => {
                self.0.get(index).map(|text| PromptPart::UserText(&**text))
            }
        });
        restored.collect()
    }

    /// True if rendered text has every placeholder, in the order in which they were made.
    pub fn are_in_order(&self, rendered: &str) -> bool {
        let mut next = 0;
        for part in split(rendered).unwrap_or_default() {
            if part == Split::Placeholder(next) {
                next += 1;
            }
        }
        next == self.0.len()
    }
}

fn placeholder(index: usize) -> String {
    format!("{OPEN}{index}{CLOSE}")
}

#[derive(PartialEq)]
enum Split<'r> {
    Template(&'r str),
    Placeholder(usize),
}

/// Rendered text cut at its placeholders; `None` if one is broken.
fn split(rendered: &str) -> Option<Vec<Split<'_>>> {
    let mut parts = Vec::new();
    for (index, part) in rendered.split(OPEN).enumerate() {
        // Every part but the first follows an opening character.
        let template = if index == 0 {
            part
        } else {
            let (number, rest) = part.split_once(CLOSE)?;
            parts.push(Split::Placeholder(number.parse().ok()?));
            rest
        };
        if template.contains(CLOSE) {
            return None;
        }
        if !template.is_empty() {
            parts.push(Split::Template(template));
        }
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::PromptPart::{Template, UserText};
    use super::*;

    #[test]
    fn user_texts_come_back_in_place_of_their_placeholders() {
        let mut texts = UserTexts::default();
        // User text with the placeholder of another stays text.
        let first = texts.hide("\u{F5A10}1\u{F5A11}");
        let second = texts.hide("b");
        let rendered = format!("<{first}> {second}{second}.");
        let wanted = [
            Template("<"),
            UserText("\u{F5A10}1\u{F5A11}"),
            Template("> "),
            UserText("b"),
            UserText("b"),
            Template("."),
        ];
        assert_eq!(texts.restore(&rendered).unwrap(), wanted);
        assert!(texts.are_in_order(&rendered));
        assert!(!texts.are_in_order(&format!("{second} {first}")));
        assert!(!texts.are_in_order(&first));
    }

    #[test]
    fn a_placeholder_taken_apart_is_seen() {
        let mut texts = UserTexts::default();
        let whole = texts.hide("a");
        assert!(texts.restore(&whole[..whole.len() - 1 - CLOSE.len_utf8()]).is_none());
        assert!(texts.restore(&whole[OPEN.len_utf8()..]).is_none());
        assert!(texts.restore(&placeholder(1)).is_none());
    }
}
