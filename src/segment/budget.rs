//! Cuts a text into segments that each fit a budget and join back to it byte for byte.
//!
//! Borders are between paragraphs, else between sentences, else after a comma, else at a space, and
//! inside a word only as a last resort. The caller counts the size of a text, mostly in tokens, so
//! that `count` is expensive and not additive: two halves may have more or fewer tokens than the
//! whole. Each part of the text is therefore counted only a few times, sums are estimates, and
//! every segment is counted as a whole before it is returned.

use super::{lines, sentences};
use crate::document::Span;

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextSegment<'t> {
    /// Its span in the text.
    pub span: Span,
    /// The text of the span, trailing white space included.
    pub text: &'t str,
    /// Its size by `count`.
    pub size: usize,
}

/// Splits a text into segments of at most `budget` by `count`, each as large as its borders allow.
/// Nothing is dropped: a single character larger than the budget is a segment of its own.
///
/// ```
/// use malmoi::segment::split;
/// let text = "One two three. Four five.\n\nSix seven.";
/// let words = |part: &str| part.split_whitespace().count();
/// let segments: Vec<&str> = split(text, 5, &words).iter().map(|segment| segment.text).collect();
/// assert_eq!(segments, ["One two three. Four five.\n\n", "Six seven."]);
/// let segments: Vec<&str> = split(text, 3, &words).iter().map(|segment| segment.text).collect();
/// assert_eq!(segments, ["One two three. ", "Four five.\n\n", "Six seven."]);
/// ```
pub fn split<'t>(
    text: &'t str,
    budget: usize,
    count: &dyn Fn(&str) -> usize,
) -> Vec<TextSegment<'t>> {
    if text.is_empty() {
        return Vec::new();
    }
    let cutter = Cutter { text, budget, count };
    let mut atoms = Vec::new();
    cutter.cut(0..text.len(), Border::Paragraph, &mut atoms);
    cutter.pack(&atoms)
}

/// The kind of a border, best first.
#[derive(Clone, Copy)]
enum Border {
    Paragraph,
    Sentence,
    Inside,
}

/// A part that is not cut further, and its size.
struct Atom {
    span: Span,
    size: usize,
}

struct Cutter<'t, 'c> {
    text: &'t str,
    budget: usize,
    count: &'c dyn Fn(&str) -> usize,
}

impl<'t> Cutter<'t, '_> {
    /// Cuts a part at borders of this kind, and parts that still do not fit at the next kind.
    fn cut(&self, span: Span, border: Border, atoms: &mut Vec<Atom>) {
        let size = (self.count)(&self.text[span.clone()]);
        if size <= self.budget || self.is_one_char(&span) {
            atoms.push(Atom { span, size });
            return;
        }
        match border {
            Border::Paragraph => {
                self.cut_at(paragraph_starts(self.text, &span), span, Border::Sentence, atoms)
            }
            Border::Sentence => {
                self.cut_at(sentence_starts(self.text, &span), span, Border::Inside, atoms)
            }
            Border::Inside => {
                // Repeated halving gives even parts and counts each character log(parts) times.
                let middle = best_middle(self.text, &span);
                self.cut(span.start..middle, Border::Inside, atoms);
                self.cut(middle..span.end, Border::Inside, atoms);
            }
        }
    }

    fn cut_at(&self, starts: Vec<usize>, span: Span, border: Border, atoms: &mut Vec<Atom>) {
        if starts.is_empty() {
            return self.cut_uncounted(span, border, atoms);
        }
        let mut from = span.start;
        for to in starts.into_iter().chain([span.end]) {
            self.cut(from..to, border, atoms);
            from = to;
        }
    }

    /// Cuts a part that is known not to fit at the next kind of border, without counting it again.
    fn cut_uncounted(&self, span: Span, border: Border, atoms: &mut Vec<Atom>) {
        match border {
            Border::Sentence => {
                self.cut_at(sentence_starts(self.text, &span), span, Border::Inside, atoms)
            }
            Border::Paragraph | Border::Inside => self.cut(span, border, atoms),
        }
    }

    fn is_one_char(&self, span: &Span) -> bool {
        self.text[span.clone()].chars().nth(1).is_none()
    }

    /// Joins neighboring atoms while they fit.
    fn pack(&self, atoms: &[Atom]) -> Vec<TextSegment<'t>> {
        let mut segments = Vec::new();
        let mut rest = atoms;
        while !rest.is_empty() {
            let (taken, size) = self.fitting(rest);
            let span = rest[0].span.start..rest[taken - 1].span.end;
            segments.push(TextSegment { text: &self.text[span.clone()], span, size });
            rest = &rest[taken..];
        }
        segments
    }

    /// The number of next atoms that fit together, and their size: as many as the sum of their
    /// sizes allows, fewer if they are larger together.
    fn fitting(&self, atoms: &[Atom]) -> (usize, usize) {
        let mut sum = 0;
        let mut taken = atoms.iter().take_while(|atom| {
            sum += atom.size;
            sum <= self.budget
        });
        let mut taken = taken.by_ref().count().max(1);
        while taken > 1 {
            let whole = &self.text[atoms[0].span.start..atoms[taken - 1].span.end];
            let size = (self.count)(whole);
            if size <= self.budget {
                return (taken, size);
            }
            // Shrinks in proportion to the excess, so that a count far from additive takes few
            // attempts.
            taken = (taken * self.budget / size).clamp(1, taken - 1);
        }
        (1, atoms[0].size)
    }
}

fn paragraph_starts(text: &str, span: &Span) -> Vec<usize> {
    lines::paragraphs(&text[span.clone()])
        .iter()
        .skip(1)
        .map(|lines| span.start + lines[0].start)
        .collect()
}

fn sentence_starts(text: &str, span: &Span) -> Vec<usize> {
    let mut at = span.start;
    let mut starts = Vec::new();
    for sentence in sentences(&text[span.clone()]) {
        at += sentence.len();
        starts.push(at);
    }
    starts.pop();
    starts
}

/// The best place to cut a part in two: near the middle, after a period or comma, else at a space,
/// else inside a word.
fn best_middle(text: &str, span: &Span) -> usize {
    let part = &text[span.clone()];
    let half = part.len() / 2;
    let distance = |at: &usize| at.abs_diff(half);
    let clause =
        clause_starts(part).filter(|at| distance(at) <= part.len() / 4).min_by_key(distance);
    let word =
        || word_starts(part).filter(|at| distance(at) <= part.len() * 3 / 8).min_by_key(distance);
    let at = clause.or_else(word).unwrap_or_else(|| char_middle(part));
    span.start + at
}

/// Starts of clauses: after a comma, a semicolon, a dash or a period inside a quotation, and the
/// space after it.
fn clause_starts(part: &str) -> impl Iterator<Item = usize> + '_ {
    word_starts(part).filter(|at| {
        let before = part[..*at].trim_end();
        before.ends_with([
            ',', ';', ':', '.', '!', '?', '…', '—', '–', '、', '，', '·', ')', '”', '"',
        ]) || before.ends_with("--")
    })
}

/// Starts of words but the first.
fn word_starts(part: &str) -> impl Iterator<Item = usize> + '_ {
    let starts = part
        .char_indices()
        .zip(part.chars().skip(1))
        .filter(|((_, c), next)| c.is_whitespace() && !next.is_whitespace());
    starts.map(|((at, c), _)| at + c.len_utf8())
}

/// A character boundary next to the middle, not at an end. The part must have at least two
/// characters.
fn char_middle(part: &str) -> usize {
    let half = part.len() / 2;
    let first = part.chars().next().map_or(0, char::len_utf8);
    (first..=half.max(first)).rev().find(|at| part.is_char_boundary(*at)).unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::cell::Cell;

    fn words(text: &str) -> usize {
        text.split_whitespace().count()
    }

    #[test]
    fn a_paragraph_border_is_preferred_to_a_sentence_border_and_that_to_a_comma() {
        let texts = |text, budget| {
            split(text, budget, &words).iter().map(|s| s.text.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(texts("a b. C d.\n\ne f.", 4), ["a b. C d.\n\n", "e f."]);
        assert_eq!(texts("aa bb. Cc dd. Ee ff.", 4), ["aa bb. Cc dd. ", "Ee ff."]);
        assert_eq!(texts("one two, three four five", 3), ["one two, ", "three four five"]);
    }

    #[test]
    fn a_word_over_the_budget_is_cut_and_a_character_over_it_is_kept_alone() {
        let segments = split("abcdefgh", 3, &str::len);
        assert!(segments.iter().all(|s| s.text.len() <= 3));
        let segments = split("한a", 1, &str::len);
        assert_eq!(segments.iter().map(|s| s.text).collect::<Vec<_>>(), ["한", "a"]);
    }

    #[test]
    fn a_text_that_fits_is_one_segment_and_an_empty_one_none() {
        assert_eq!(
            split("a\n\nb", 9, &words),
            [TextSegment { span: 0..4, text: "a\n\nb", size: 2 }]
        );
        assert!(split("", 9, &words).is_empty());
    }

    #[test]
    fn a_count_that_grows_when_parts_are_joined_still_holds() {
        // Two texts together count a third more than apart.
        let superadditive = |text: &str| words(text) + words(text) / 3;
        let text = "one two. Three four. Five six. Seven eight. Nine ten. ".repeat(20);
        let segments = split(&text, 10, &superadditive);
        assert!(segments.iter().all(|s| superadditive(s.text) <= 10));
    }

    #[test]
    fn a_long_article_is_counted_a_few_times() {
        let sentence =
            "The ministers agreed on Thursday that the allies will work closely, officials said. ";
        let articles = [
            sentence.repeat(2500),
            format!("{}\n\n", sentence.repeat(10)).repeat(250),
            "word ".repeat(30_000),
            "x".repeat(150_000),
        ];
        for article in articles {
            let counted = Cell::new(0);
            let count = |text: &str| {
                counted.set(counted.get() + text.len());
                text.len() / 4 + 1
            };
            let segments = split(&article, 1000, &count);
            assert_eq!(segments.iter().map(|s| s.text).collect::<String>(), article);
            let passes = counted.get() as f64 / article.len() as f64;
            assert!(passes < 12.0, "{passes} passes over the text");
        }
    }

    proptest! {
        #[test]
        fn segments_join_back_and_fit(text in "([가-힣a-z]{1,8}[., \\n\"!?…]{0,3}){0,60}|(?s).{0,200}", budget in 0usize..40) {
            let counts: [&dyn Fn(&str) -> usize; 3] = [&|t| t.chars().count() / 3, &words, &str::len];
            for count in counts {
                let segments = split(&text, budget, count);
                prop_assert_eq!(segments.iter().map(|s| s.text).collect::<String>(), text.clone());
                for segment in segments {
                    prop_assert_eq!(&text[segment.span.clone()], segment.text);
                    prop_assert_eq!(segment.size, count(segment.text));
                    prop_assert!(count(segment.text) <= budget || segment.text.chars().count() == 1, "{:?}", segment.text);
                }
            }
        }
    }
}
