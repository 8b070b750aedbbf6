//! A line of a page, with the questions that rules ask about it.

/// A line, and what the rules ask about it.
pub(super) struct PageLine<'t> {
    /// As it stands, trimmed.
    pub(super) text: &'t str,
    /// In small letters, without ornaments at its ends, spaces counted once.
    pub(super) folded: String,
    /// Whether it reads like a sentence of the article.
    pub(super) sentence: bool,
}

impl PageLine<'_> {
    pub(super) fn is(&self, known: &[&str]) -> bool {
        known.contains(&self.folded.as_str())
    }

    pub(super) fn starts(&self, known: &[&str]) -> bool {
        known.iter().any(|known| self.folded.starts_with(known))
    }

    pub(super) fn contains(&self, known: &[&str]) -> bool {
        known.iter().any(|known| self.folded.contains(known))
    }

    pub(super) fn ends(&self, known: &[&str]) -> bool {
        known.iter().any(|known| self.folded.ends_with(known))
    }

    pub(super) fn is_at_most(&self, chars: usize) -> bool {
        self.text.chars().count() <= chars
    }
}
