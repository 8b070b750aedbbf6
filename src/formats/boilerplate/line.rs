//! A line of a page and the tests that rules apply to it.

/// A line of a page, prepared for the rules.
pub(super) struct PageLine<'t> {
    /// The trimmed line.
    pub(super) text: &'t str,
    /// Lower case, without punctuation at either end, single spaces.
    pub(super) folded: String,
    /// True if it reads like a sentence of an article.
    pub(super) sentence: bool,
}

impl PageLine<'_> {
    pub(super) fn is(&self, phrases: &[&str]) -> bool {
        phrases.contains(&self.folded.as_str())
    }

    pub(super) fn starts(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.folded.starts_with(phrase))
    }

    pub(super) fn contains(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.folded.contains(phrase))
    }

    pub(super) fn ends(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.folded.ends_with(phrase))
    }

    pub(super) fn is_at_most(&self, chars: usize) -> bool {
        self.text.chars().count() <= chars
    }
}
