//! Options of prompts: task, style and terms of a glossary.

use crate::error::{Error, Result};

/// The task of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Task {
    /// A summary of a text.
    Summarize,
    /// A summary of the summaries of a text's parts.
    Combine,
    /// A translation.
    Translate,
}

impl Task {
    /// The word in front matter.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Summarize => "summarize",
            Self::Combine => "combine",
            Self::Translate => "translate",
        }
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        [Self::Summarize, Self::Combine, Self::Translate]
            .into_iter()
            .find(|task| task.as_str() == word)
    }
}

/// The shape of a summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Style {
    /// Running text.
    #[default]
    Paragraph,
    /// One line for each bullet point.
    Bullets,
    /// One line.
    Headline,
}

impl Style {
    /// The word in prompts and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Paragraph => "paragraph",
            Self::Bullets => "bullets",
            Self::Headline => "headline",
        }
    }
}

/// A term of a glossary and its prescribed translation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// The term in the source language.
    pub source: String,
    /// Its translation.
    pub target: String,
}

impl Term {
    /// Parses a glossary: a term, a tab and its translation on each line. A third column and lines
    /// that begin with `#` are comments, as in OmegaT's glossaries. `name` is the file name for
    /// errors.
    ///
    /// ```
    /// use malmoi::prompts::Term;
    /// let file = "# ministries\nMinistry of Unification\t통일부\thouse style\n";
    /// let terms = Term::read(file.as_bytes(), "terms.tsv").unwrap();
    /// assert_eq!(terms[0].target, "통일부");
    /// let error = Term::read(b"Ministry of Unification", "terms.tsv").unwrap_err();
    /// let message = "terms.tsv has no tab between a term and its translation on line 1";
    /// assert_eq!(error.to_string(), message);
    /// ```
    pub fn read(bytes: &[u8], name: &str) -> Result<Vec<Self>> {
        let text = crate::formats::decode(bytes, name)?;
        let lines = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
        let terms = lines.map(|(index, line)| {
            let mut columns = line.split('\t').map(str::trim);
            let sides = columns.next().zip(columns.next());
            match sides.filter(|(source, target)| !source.is_empty() && !target.is_empty()) {
                Some((source, target)) => {
                    Ok(Self { source: source.to_string(), target: target.to_string() })
                }
                None => {
                    let reason = format!(
                        "has no tab between a term and its translation on line {}",
                        index + 1
                    );
                    Err(Error::unreadable(name, reason))
                }
            }
        });
        terms.collect()
    }
}
