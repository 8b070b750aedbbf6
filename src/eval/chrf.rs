//! chrF and chrF++ (Popović 2015 and 2017), with the numbers of sacreBLEU 2.6.

use std::collections::HashMap;
use std::hash::Hash;

use super::metric::{Metric, is_space, signature, words, yes};

/// chrF: an F score of character n-grams, and for chrF++ of words and pairs of words.
///
/// ```
/// use malmoi::eval::{Metric, chrf::Chrf};
/// let chrf = Chrf::plus_plus();
/// let line = chrf.statistics("항구가 열렸다.", &["해민항이 다시 열렸다."]);
/// assert_eq!((chrf.name().as_str(), chrf.score(&line).round()), ("chrF2++", 28.0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chrf {
    /// Longest character n-grams.
    pub char_order: usize,
    /// Longest word n-grams: 0 for chrF, 2 for chrF++.
    pub word_order: usize,
    /// Weight of recall against precision.
    pub beta: u32,
    /// True to compare in lower case.
    pub lowercase: bool,
    /// True to count n-grams with white space in them.
    pub whitespace: bool,
    /// True for the smoothing of chrF++.py, instead of leaving out orders without n-grams.
    pub eps_smoothing: bool,
}

impl Default for Chrf {
    /// chrF2.
    fn default() -> Self {
        Self {
            char_order: 6,
            word_order: 0,
            beta: 2,
            lowercase: false,
            whitespace: false,
            eps_smoothing: false,
        }
    }
}

/// How often each n-gram stands in two texts.
type Counts<'t, T> = HashMap<&'t [T], [u32; 2], ahash::RandomState>;

/// Numbers of n-grams of one order: in the output, in the reference, in both.
fn matches<T: Eq + Hash>(output: &[T], reference: &[T], order: usize) -> [f64; 3] {
    let mut counts: Counts<'_, T> = Counts::default();
    for (side, text) in [output, reference].into_iter().enumerate() {
        for gram in text.windows(order) {
            counts.entry(gram).or_default()[side] += 1;
        }
    }
    let matched: u32 = counts.values().map(|[output, reference]| output.min(reference)).sum();
    let grams = |text: &[T]| (text.len() + 1).saturating_sub(order) as f64;
    // Hits count only where the reference has n-grams of the order.
    let [output, reference] = [grams(output), grams(reference)];
    [if reference > 0.0 { output } else { 0.0 }, reference, f64::from(matched)]
}

/// Words, with a mark of punctuation at the end or else at the beginning apart.
fn split_words(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for word in words(text) {
        let mut chars = word.chars();
        let (Some(first), Some(last)) = (chars.next(), chars.next_back()) else {
            found.push(word);
            continue;
        };
        if last.is_ascii_punctuation() {
            found.extend([&word[..word.len() - last.len_utf8()], &word[word.len() - 1..]]);
        } else if first.is_ascii_punctuation() {
            found.extend([&word[..1], &word[1..]]);
        } else {
            found.push(word);
        }
    }
    found
}

impl Chrf {
    /// chrF2++.
    pub fn plus_plus() -> Self {
        Self { word_order: 2, ..Self::default() }
    }

    fn characters(&self, text: &str) -> Vec<char> {
        text.chars().filter(|c| self.whitespace || !is_space(*c)).collect()
    }

    fn f_score(&self, statistics: &[f64]) -> f64 {
        const EPSILON: f64 = 1e-16;
        let factor = f64::from(self.beta).powi(2);
        let (mut smoothed, mut orders) = (0.0, 0.0);
        let (mut precision, mut recall) = (0.0, 0.0);
        for order in statistics.chunks_exact(3) {
            let [output, reference, both] = [order[0], order[1], order[2]];
            let of_output = if output > 0.0 { both / output } else { EPSILON };
            let of_reference = if reference > 0.0 { both / reference } else { EPSILON };
            let weight = factor * of_output + of_reference;
            smoothed += match weight > 0.0 {
                true => (1.0 + factor) * of_output * of_reference / weight,
                false => EPSILON,
            };
            if output > 0.0 && reference > 0.0 {
                precision += of_output;
                recall += of_reference;
                orders += 1.0;
            }
        }
        if self.eps_smoothing {
            return 100.0 * smoothed / (self.char_order + self.word_order) as f64;
        }
        if orders == 0.0 || precision + recall == 0.0 {
            return 0.0;
        }
        (precision, recall) = (precision / orders, recall / orders);
        100.0 * ((1.0 + factor) * precision * recall / (factor * precision + recall))
    }
}

impl Metric for Chrf {
    fn name(&self) -> String {
        format!("chrF{}{}", self.beta, "+".repeat(self.word_order))
    }

    fn signature(&self, references: usize, trials: Option<&str>) -> String {
        let case = if self.lowercase { "lc" } else { "mixed" };
        let (eff, space) = (yes(!self.eps_smoothing), yes(self.whitespace));
        let (nc, nw) = (self.char_order, self.word_order);
        let own = format!("case:{case}|eff:{eff}|nc:{nc}|nw:{nw}|space:{space}");
        signature(references, trials, &own)
    }

    /// For each order: n-grams of the output, of the best reference, and of both.
    fn statistics(&self, output: &str, references: &[&str]) -> Vec<f64> {
        let cased = |text: &str| match self.lowercase {
            true => text.to_lowercase(),
            false => text.to_string(),
        };
        let output = cased(output);
        let (characters, own_words) = (self.characters(&output), split_words(&output));
        let mut best: Option<(f64, Vec<f64>)> = None;
        for reference in references {
            let reference = cased(reference);
            let of_characters = self.characters(&reference);
            let of_words = split_words(&reference);
            let orders = (1..=self.char_order)
                .map(|order| matches(&characters, &of_characters, order))
                .chain((1..=self.word_order).map(|order| matches(&own_words, &of_words, order)));
            let statistics: Vec<f64> = orders.flatten().collect();
            let score = self.f_score(&statistics);
            if best.as_ref().is_none_or(|(best, _)| score > *best) {
                best = Some((score, statistics));
            }
        }
        best.map(|(_, statistics)| statistics).unwrap_or_default()
    }

    fn score(&self, sums: &[f64]) -> f64 {
        self.f_score(sums)
    }
}
