//! When the words of a block are on a screen, and how they are broken into lines.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::inline::tag_at;

/// The time for which a block is on a screen. Blocks that follow each other and have the same one
/// are shown together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Showing {
    /// Start in milliseconds.
    pub from: u64,
    /// End in milliseconds.
    pub to: u64,
    /// What breaks a line in the file.
    pub line_break: Cow<'static, str>,
}

impl Showing {
    /// The duration in seconds; `None` if it has none.
    pub fn seconds(&self) -> Option<f64> {
        let millis = self.to.checked_sub(self.from).filter(|millis| *millis > 0)?;
        Some(millis as f64 / 1000.0)
    }

    /// Text with tags, broken at spaces into lines of at most `max` by the width of its letters.
    /// Two lines are as even as they can be.
    ///
    /// ```
    /// use malmoi::document::Showing;
    /// let showing = Showing { from: 0, to: 2000, line_break: "\n".into() };
    /// let wrapped = |text| showing.wrapped(text, 24, |_| 1);
    /// assert_eq!(wrapped("It is <i>open</i> now."), "It is <i>open</i> now.");
    /// let broken = wrapped("The bridge is <i>open</i> now, she said.");
    /// assert_eq!(broken, "The bridge is <i>open</i>\nnow, she said.");
    /// ```
    pub fn wrapped(&self, text: &str, max: u32, width: impl Fn(char) -> u32) -> String {
        // Places of spaces outside tags, and the width before each.
        let (mut spaces, mut total, mut at) = (Vec::new(), 0_u32, 0);
        while let Some(c) = text[at..].chars().next() {
            if let Some(length) = tag_at(&text[at..]) {
                at += length;
                continue;
            }
            if c == ' ' {
                spaces.push((at, total));
            }
            total = total.saturating_add(width(c));
            at += c.len_utf8();
        }
        let space = width(' ');
        let mut breaks: Vec<usize> = Vec::new();
        let even = spaces
            .iter()
            .filter(|(_, before)| *before <= max && total.saturating_sub(*before + space) <= max);
        if total <= max {
            return text.to_string();
        } else if let Some((at, _)) =
            even.min_by_key(|(_, before)| before.abs_diff(total.saturating_sub(*before + space)))
        {
            breaks.push(*at);
        } else {
            let mut start = 0;
            for (index, (at, before)) in spaces.iter().enumerate() {
                let next = spaces.get(index + 1).map_or(total, |(_, before)| *before);
                if next.saturating_sub(start) > max && *before > start {
                    breaks.push(*at);
                    start = before + space;
                }
            }
        }
        let mut out = String::with_capacity(text.len() + breaks.len());
        let mut from = 0;
        for at in breaks {
            out.push_str(&text[from..at]);
            out.push_str(&self.line_break);
            from = at + 1;
        }
        out.push_str(&text[from..]);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(text: &str, max: u32) -> String {
        let showing = Showing { from: 0, to: 0, line_break: "<br>".into() };
        showing.wrapped(text, max, |_| 1)
    }

    #[test]
    fn lines_are_broken_at_spaces_only() {
        assert_eq!(wrapped("one two three four", 9), "one two<br>three<br>four");
        assert_eq!(wrapped("onetwothreefour", 5), "onetwothreefour");
        assert_eq!(wrapped("a <b c=\"d e\">bbbbbbbb</b>", 5), "a<br><b c=\"d e\">bbbbbbbb</b>");
        assert_eq!(wrapped("{\\an8}one two", 4), "{\\an8}one<br>two");
        assert_eq!(Showing { from: 2, to: 1, line_break: "".into() }.seconds(), None);
    }
}
