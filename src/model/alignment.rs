//! The words of an output that stand for words of its source, by the attention of a network that
//! was trained to align them.

use std::ops::Range;

/// An output beside its source, token by token.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Alignment {
    /// Span of each source token in the source's text.
    source: Vec<Range<usize>>,
    /// Span of each token of the output in its text.
    output: Vec<Range<usize>>,
    /// For each token of the output the sums of its attention to the first source tokens: to none,
    /// to one, to two, …
    sums: Vec<Vec<f32>>,
}

impl Alignment {
    /// `weights` are the attention of each output token to all tokens of the encoder input, of
    /// which the source begins at `first`.
    pub fn new(
        source: Vec<Range<usize>>,
        output: Vec<Range<usize>>,
        first: usize,
        weights: &[Vec<f32>],
    ) -> Self {
        let sums = weights.iter().map(|weights| {
            let own = weights.iter().skip(first).take(source.len());
            let later = own.scan(0.0, |sum, weight| {
                *sum += weight;
                Some(*sum)
            });
            std::iter::once(0.0).chain(later).collect()
        });
        let sums = sums.collect();
        Self { source, output, sums }
    }

    /// Where the words at a span of the source stand in the output: the run of tokens that attend
    /// to them more than to all else, which is the one with the largest sum of shares above one
    /// half. `None` if no token does.
    pub fn counterpart(&self, words: &Range<usize>) -> Option<Range<usize>> {
        let from = self.source.partition_point(|span| span.end <= words.start);
        let to = self.source.partition_point(|span| span.start < words.end);
        if from >= to {
            return None;
        }
        let (mut best, mut best_run) = (0.0, None);
        let (mut sum, mut start) = (0.0, 0);
        for (at, sums) in self.sums.iter().take(self.output.len()).enumerate() {
            let share = sums.get(to)? - sums.get(from)?;
            if sum <= 0.0 {
                (sum, start) = (0.0, at);
            }
            sum += share - 0.5;
            if sum > best {
                (best, best_run) = (sum, Some(start..at + 1));
            }
        }
        let run = best_run?;
        Some(self.output[run.start].start..self.output[run.end - 1].end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alignment(weights: &[&[f32]]) -> Alignment {
        let spans = |ends: &[usize]| {
            let starts = std::iter::once(0).chain(ends.iter().map(|end| end + 1));
            starts.zip(ends).map(|(start, end)| start..*end).collect::<Vec<_>>()
        };
        // "A big ferry left" and three words of five letters.
        let weights: Vec<Vec<f32>> = weights.iter().map(|row| row.to_vec()).collect();
        Alignment::new(spans(&[1, 5, 11, 16]), spans(&[5, 11, 17]), 1, &weights)
    }

    #[test]
    fn words_stand_where_most_of_the_attention_comes_from() {
        // A token stands before the source, and the end of the source after it.
        let found = alignment(&[
            &[0.1, 0.1, 0.1, 0.1, 0.5, 0.1],
            &[0.0, 0.1, 0.8, 0.1, 0.0, 0.0],
            &[0.0, 0.0, 0.3, 0.6, 0.1, 0.0],
        ]);
        assert_eq!(found.counterpart(&(2..5)), Some(6..11));
        assert_eq!(found.counterpart(&(6..11)), Some(12..17));
        assert_eq!(found.counterpart(&(2..11)), Some(6..17));
        assert_eq!(found.counterpart(&(0..1)), None);
        assert_eq!(found.counterpart(&(40..50)), None);
        assert_eq!(found.counterpart(&(5..6)), None, "between two words");
    }

    #[test]
    fn of_two_runs_the_one_with_more_attention_counts_and_a_gap_is_bridged() {
        let gap = [0.0, 0.0, 0.3, 0.7, 0.0, 0.0];
        let own = [0.0, 0.0, 1.0, 0.0, 0.0, 0.0];
        let found = alignment(&[&own, &gap, &own]);
        assert_eq!(found.counterpart(&(2..5)), Some(0..17));
        let apart = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0];
        let weak = [0.0, 0.0, 0.6, 0.4, 0.0, 0.0];
        assert_eq!(alignment(&[&weak, &apart, &own]).counterpart(&(2..5)), Some(12..17));
    }
}
