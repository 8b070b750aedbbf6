//! ROUGE-1, ROUGE-2, ROUGE-L and ROUGE-Lsum (Lin 2004), with the numbers of `rouge-score` 0.1.2 for
//! English, and with units of its own for Korean.

mod porter;
mod tokens;

use std::collections::{BTreeSet, HashMap};

use super::metric::{Metric, version};
pub use tokens::Unit;

/// What two texts share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlap {
    /// N-grams of this length: ROUGE-1, ROUGE-2.
    Grams(usize),
    /// The longest common subsequence of the texts: ROUGE-L.
    Subsequence,
    /// The same by sentence, which are lines of the text: ROUGE-Lsum.
    Sentences,
}

/// ROUGE: the mean over texts of an F score.
///
/// ```
/// use malmoi::eval::{Metric, rouge::{Overlap, Rouge, Unit}};
/// let rouge = |unit| Rouge { overlap: Overlap::Grams(1), unit };
/// let (output, reference) = ("해민항이 열렸다.", "해민항은 다시 열렸다.");
/// let score = |unit| rouge(unit).score(&rouge(unit).statistics(output, &[reference]));
/// assert_eq!(score(Unit::English { stemmer: false }), 0.0); // no token at all
/// assert_eq!(format!("{:.2}", score(Unit::Word)), "40.00");
/// assert_eq!(format!("{:.2}", score(Unit::Subword)), "72.73");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rouge {
    /// What is compared.
    pub overlap: Overlap,
    /// What is counted.
    pub unit: Unit,
}

impl Rouge {
    /// ROUGE-1, ROUGE-2, ROUGE-L and ROUGE-Lsum.
    pub fn all(unit: Unit) -> [Self; 4] {
        let overlaps =
            [Overlap::Grams(1), Overlap::Grams(2), Overlap::Subsequence, Overlap::Sentences];
        overlaps.map(|overlap| Self { overlap, unit })
    }

    /// Precision, recall and F score of one text against one reference, from 0 to 1.
    pub fn compare(&self, output: &str, reference: &str) -> [f64; 3] {
        let tokens = |text: &str| self.unit.tokens(text);
        let sentences = |text: &str| -> Vec<Vec<String>> {
            text.split('\n').filter(|line| !line.is_empty()).map(tokens).collect()
        };
        match self.overlap {
            Overlap::Grams(length) => grams(&tokens(output), &tokens(reference), length.max(1)),
            Overlap::Subsequence => {
                let (output, reference) = (tokens(output), tokens(reference));
                let both = Table::new(&reference, &output).length();
                shares(both, output.len(), reference.len())
            }
            Overlap::Sentences => by_sentence(&sentences(output), &sentences(reference)),
        }
    }
}

impl Metric for Rouge {
    fn name(&self) -> String {
        match self.overlap {
            Overlap::Grams(length) => format!("ROUGE-{length}"),
            Overlap::Subsequence => "ROUGE-L".to_string(),
            Overlap::Sentences => "ROUGE-Lsum".to_string(),
        }
    }

    fn signature(&self, references: usize, trials: Option<&str>) -> String {
        let trials = trials.map(|trials| format!("{trials}|")).unwrap_or_default();
        format!("nrefs:{references}|{trials}unit:{}|{}", self.unit, version())
    }

    /// Precision, recall and F score against the reference with the best F score, and 1 for the
    /// text.
    fn statistics(&self, output: &str, references: &[&str]) -> Vec<f64> {
        let mut best = [0.0; 3];
        for (index, reference) in references.iter().enumerate() {
            let shares = self.compare(output, reference);
            if index == 0 || shares[2] > best[2] {
                best = shares;
            }
        }
        vec![best[0], best[1], best[2], 1.0]
    }

    fn score(&self, sums: &[f64]) -> f64 {
        if sums[3] > 0.0 { 100.0 * sums[2] / sums[3] } else { 0.0 }
    }

    fn details(&self, sums: &[f64]) -> String {
        let texts = sums[3].max(1.0);
        let (precision, recall) = (100.0 * sums[0] / texts, 100.0 * sums[1] / texts);
        format!("(precision = {precision:.2} recall = {recall:.2})")
    }
}

/// Precision, recall and their harmonic mean.
fn shares(both: usize, output: usize, reference: usize) -> [f64; 3] {
    let precision = both as f64 / output.max(1) as f64;
    let recall = both as f64 / reference.max(1) as f64;
    let sum = precision + recall;
    [precision, recall, if sum > 0.0 { 2.0 * precision * recall / sum } else { 0.0 }]
}

fn counts<T: Eq + std::hash::Hash>(items: impl IntoIterator<Item = T>) -> HashMap<T, usize> {
    let mut counts = HashMap::new();
    for item in items {
        *counts.entry(item).or_default() += 1;
    }
    counts
}

fn grams(output: &[String], reference: &[String], length: usize) -> [f64; 3] {
    let of_output = counts(output.windows(length));
    let of_reference = counts(reference.windows(length));
    let in_both = |(gram, count): (&&[String], &usize)| {
        of_output.get(gram).map_or(0, |other| *count.min(other))
    };
    let number = |tokens: &[String]| (tokens.len() + 1).saturating_sub(length);
    shares(of_reference.iter().map(in_both).sum(), number(output), number(reference))
}

/// Lengths of the longest common subsequences of all beginnings of two texts.
struct Table<'t> {
    reference: &'t [String],
    output: &'t [String],
    lengths: Vec<u32>,
}

impl<'t> Table<'t> {
    fn new(reference: &'t [String], output: &'t [String]) -> Self {
        let width = output.len() + 1;
        let mut lengths = vec![0u32; (reference.len() + 1) * width];
        for (row, word) in reference.iter().enumerate() {
            for (column, other) in output.iter().enumerate() {
                let above = row * width + column;
                lengths[above + width + 1] = if word == other {
                    lengths[above] + 1
                } else {
                    lengths[above + 1].max(lengths[above + width])
                };
            }
        }
        Self { reference, output, lengths }
    }

    fn at(&self, row: usize, column: usize) -> u32 {
        self.lengths[row * (self.output.len() + 1) + column]
    }

    fn length(&self) -> usize {
        self.at(self.reference.len(), self.output.len()) as usize
    }

    /// The places in the reference of one longest subsequence, the one `rouge-score` finds.
    fn places(&self) -> Vec<usize> {
        let (mut row, mut column) = (self.reference.len(), self.output.len());
        let mut places = Vec::new();
        while row > 0 && column > 0 {
            if self.reference[row - 1] == self.output[column - 1] {
                (row, column) = (row - 1, column - 1);
                places.push(row);
            } else if self.at(row, column - 1) > self.at(row - 1, column) {
                column -= 1;
            } else {
                row -= 1;
            }
        }
        places
    }
}

/// For each sentence of the reference, the words that some sentence of the output shares in its
/// order; a word counts as often as it stands in both texts.
fn by_sentence(output: &[Vec<String>], reference: &[Vec<String>]) -> [f64; 3] {
    let mut left_in_output = counts(output.iter().flatten());
    let mut left_in_reference = counts(reference.iter().flatten());
    let mut both = 0;
    for sentence in reference {
        let places: BTreeSet<usize> =
            output.iter().flat_map(|other| Table::new(sentence, other).places()).collect();
        for place in places {
            let word = &sentence[place];
            let counts = (left_in_output.get_mut(word), left_in_reference.get_mut(word));
            if let (Some(of_output @ 1..), Some(of_reference @ 1..)) = counts {
                (*of_output, *of_reference) = (*of_output - 1, *of_reference - 1);
                both += 1;
            }
        }
    }
    let number = |sentences: &[Vec<String>]| sentences.iter().map(Vec::len).sum();
    shares(both, number(output), number(reference))
}
