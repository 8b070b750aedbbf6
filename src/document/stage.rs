//! Stages: text of a file that says how the blocks near it were translated, such as a state, a
//! flag, or the element around a translation that was not there before.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::inline::escape;

/// Text that depends on how blocks were translated. If they were not, it stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// The blocks of the article that it speaks of.
    pub of: Neighbors,
    /// The text for a translation without doubts.
    pub sound: Cow<'static, str>,
    /// The text for a translation in doubt, before and after the notes.
    pub doubtful: [Cow<'static, str>; 2],
    /// What begins and ends the sentence of a doubt; `None` to leave it out.
    pub note: Option<[Cow<'static, str>; 2]>,
    /// True if the sentence of a doubt is escaped for markup.
    pub escaped: bool,
}

/// Blocks of the article beside a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Neighbors {
    /// The ones before it, by their number.
    Previous(usize),
    /// The following ones, by their number.
    Next(usize),
}

impl Stage {
    /// The same text for any translation.
    pub fn always(of: Neighbors, text: impl Into<Cow<'static, str>>) -> Self {
        let text = text.into();
        Self { of, sound: text.clone(), doubtful: [text, "".into()], note: None, escaped: false }
    }

    /// One text for a translation without doubts, another for one in doubt.
    pub fn of_doubts(
        of: Neighbors,
        sound: impl Into<Cow<'static, str>>,
        doubtful: impl Into<Cow<'static, str>>,
    ) -> Self {
        let (sound, doubtful) = (sound.into(), [doubtful.into(), "".into()]);
        Self { of, sound, doubtful, note: None, escaped: false }
    }

    /// The text for a translation with these doubts.
    pub(crate) fn text<'m>(&self, doubts: impl IntoIterator<Item = &'m str>) -> String {
        let mut doubts = doubts.into_iter().peekable();
        if doubts.peek().is_none() {
            return self.sound.to_string();
        }
        let [before, after] = &self.doubtful;
        let mut text = before.to_string();
        if let Some([begin, end]) = &self.note {
            for doubt in doubts {
                let line = doubt.split_whitespace().collect::<Vec<_>>().join(" ");
                let line = if self.escaped { escape(&line) } else { line };
                text.push_str(begin);
                text.push_str(&line);
                text.push_str(end);
            }
        }
        text.push_str(after);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_has_the_text_for_its_doubts() {
        let stage = Stage {
            note: Some(["<note>".into(), "</note>".into()]),
            escaped: true,
            doubtful: ["<notes>".into(), "</notes>".into()],
            ..Stage::of_doubts(Neighbors::Next(1), "", "")
        };
        assert_eq!(stage.text([]), "");
        assert_eq!(
            stage.text(["'1' & '2'\nare lost", "b"]),
            "<notes><note>'1' &amp; '2' are lost</note><note>b</note></notes>"
        );
        assert_eq!(Stage::always(Neighbors::Previous(1), "x").text(["a"]), "x");
    }
}
