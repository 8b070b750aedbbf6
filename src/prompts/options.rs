//! Options of prompts: task and style.

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
