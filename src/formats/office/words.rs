//! The words of paragraphs as an article, for formats that are not written back.

use super::dialect::ParagraphRank;
use crate::document::Document;
use crate::formats::record;

/// Limit of paragraphs and lines, empty ones included: a few hundred kilobytes can unpack to
/// millions.
pub(super) const MAX_LINES: usize = 200_000;

/// Paragraphs in the order of their start; one may contain a table or text box with others.
#[derive(Default)]
pub(in crate::formats) struct Paragraphs {
    found: Vec<Paragraph>,
    /// Indices of the open paragraphs.
    open: Vec<usize>,
    /// Number of paragraphs and line breaks so far.
    lines: usize,
}

#[derive(Default)]
struct Paragraph {
    words: String,
    rank: Option<ParagraphRank>,
}

impl Paragraphs {
    /// Opens a paragraph.
    pub(in crate::formats) fn open(&mut self) {
        self.lines += 1;
        self.open.push(self.found.len());
        // Too many: the document will be refused, so none is kept.
        if self.lines <= MAX_LINES {
            self.found.push(Paragraph::default());
        }
    }

    /// Closes the innermost open paragraph.
    pub(in crate::formats) fn close(&mut self) {
        let last = self.open.pop().is_some_and(|at| at + 1 == self.found.len());
        // Empty paragraphs are dropped: a small file may hold millions.
        if last && self.found.last().is_some_and(|paragraph| paragraph.words.trim().is_empty()) {
            self.found.pop();
        }
    }

    /// Sets the rank of the open paragraph.
    pub(in crate::formats) fn rank(&mut self, rank: Option<ParagraphRank>) {
        if let Some(paragraph) = self.open.last().and_then(|at| self.found.get_mut(*at)) {
            paragraph.rank = rank;
        }
    }

    /// Adds text to the open paragraph. A line break in the XML is a space.
    pub(in crate::formats) fn words(&mut self, words: &str) {
        if let Some(paragraph) = self.open.last().and_then(|at| self.found.get_mut(*at)) {
            paragraph.words.extend(words.chars().map(|c| if c == '\n' { ' ' } else { c }));
        }
    }

    /// Adds a line break to the open paragraph.
    pub(in crate::formats) fn line_break(&mut self) {
        self.lines += 1;
        if let Some(paragraph) = self.open.last().and_then(|at| self.found.get_mut(*at)) {
            paragraph.words.push('\n');
        }
    }

    /// The article. Its headline is the paragraph in the title style, or the only first-level
    /// heading, wherever it is.
    pub(in crate::formats) fn document(mut self) -> Result<Document, String> {
        if self.lines > MAX_LINES {
            return Err(format!(
                "has more than the {MAX_LINES} paragraphs and lines a document may have"
            ));
        }
        self.found.retain(|paragraph| !paragraph.words.trim().is_empty());
        let ranks = self.found.iter().map(|paragraph| paragraph.rank);
        let title = headline(&ranks.collect::<Vec<_>>());
        let title = title.map(|at| self.found.remove(at).words);
        let body: Vec<&str> = self.found.iter().map(|paragraph| paragraph.words.trim()).collect();
        if body.is_empty() {
            return Err("has no text".to_string());
        }
        record::with_headline(title, body.join("\n\n"))
    }
}

/// The headline among paragraphs that are not the only one, by their ranks: the first in the title
/// style, else the only first-level heading, else what begins the document.
pub(in crate::formats) fn headline(ranks: &[Option<ParagraphRank>]) -> Option<usize> {
    let of_rank = |rank| {
        let places = ranks.iter().enumerate().filter(move |(_, found)| **found == Some(rank));
        places.map(|(at, _)| at).take(2).collect::<Vec<_>>()
    };
    let title = match (&*of_rank(ParagraphRank::Title), &*of_rank(ParagraphRank::Heading)) {
        ([title, ..], _) => Some(*title),
        ([], [only]) => Some(*only),
        ([], [0, ..]) => Some(0),
        _ => of_rank(ParagraphRank::Outline).first().copied().filter(|first| *first == 0),
    };
    title.filter(|_| ranks.len() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headline_is_the_title_or_the_only_heading() {
        let article = |paragraphs: &[(&str, Option<ParagraphRank>)]| {
            let mut found = Paragraphs::default();
            for (words, rank) in paragraphs {
                found.open();
                found.rank(*rank);
                found.words(words);
                found.close();
            }
            found.document().map(|document| document.title().map(str::to_string))
        };
        let (title, heading) = (Some(ParagraphRank::Title), Some(ParagraphRank::Heading));
        assert_eq!(
            article(&[("보도자료.", None), ("하나", title), ("둘.", None)]),
            Ok(Some("하나".into()))
        );
        assert_eq!(
            article(&[("One.", None), ("Two", heading), ("Three.", None)]),
            Ok(Some("Two".into()))
        );
        assert_eq!(article(&[("One.", None), ("Two", heading), ("Three", heading)]), Ok(None));
        assert_eq!(article(&[("하나", title), (" ", None)]), Ok(None));
        assert_eq!(article(&[(" ", title)]), Err("has no text".into()));
    }

    #[test]
    fn a_document_of_empty_lines_is_refused() {
        let mut found = Paragraphs::default();
        for _ in 0..=MAX_LINES {
            found.open();
            found.words("x");
            found.close();
        }
        assert!(found.found.len() <= MAX_LINES);
        assert!(found.document().unwrap_err().contains("200000 paragraphs"));
    }
}
