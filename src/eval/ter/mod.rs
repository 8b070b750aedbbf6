//! TER, translation edit rate (Snover et al. 2006): edits for each word of the reference, where
//! moving a phrase is one edit. The numbers are those of sacreBLEU 2.6, whose limits are Tercom's.

mod distance;
mod shifts;
mod words;

use std::collections::HashMap;

use super::metric::{self, Metric, signature, yes};

/// TER over whole files. Lower is better.
///
/// ```
/// use malmoi::eval::{Metric, ter::Ter};
/// let ter = Ter::default();
/// // "On Monday" is moved, and one word is missing: two edits for six words.
/// let line = ter.statistics("The port opened On Monday", &["On Monday the port has opened"]);
/// assert_eq!(format!("{:.2}", ter.score(&line)), "33.33");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ter {
    /// True to split off punctuation and undo entities.
    pub normalized: bool,
    /// True to remove punctuation.
    pub no_punctuation: bool,
    /// True to do both with Chinese and Japanese characters; nothing changes for Korean letters.
    pub asian_support: bool,
    /// True to compare case.
    pub case_sensitive: bool,
}

impl Metric for Ter {
    fn name(&self) -> String {
        "TER".to_string()
    }

    fn signature(&self, references: usize, trials: Option<&str>) -> String {
        let case = if self.case_sensitive { "mixed" } else { "lc" };
        let (norm, punct) = (yes(self.normalized), yes(!self.no_punctuation));
        let asian = yes(self.asian_support);
        let own = format!("case:{case}|tok:tercom|norm:{norm}|punct:{punct}|asian:{asian}");
        signature(references, trials, &own)
    }

    fn higher_is_better(&self) -> bool {
        false
    }

    /// Fewest edits to a reference, and the mean length of the references in words.
    fn statistics(&self, output: &str, references: &[&str]) -> Vec<f64> {
        let Self { normalized, no_punctuation, asian_support, case_sensitive } = *self;
        let options =
            words::Normalization { normalized, no_punctuation, asian_support, case_sensitive };
        let output = words::normalize(&options, output);
        let references: Vec<String> =
            references.iter().map(|text| words::normalize(&options, text)).collect();
        let mut known = HashMap::new();
        let mut ids = |text| -> Vec<u32> {
            let mut id = |word| {
                let next = known.len() as u32;
                *known.entry(word).or_insert(next)
            };
            metric::words(text).map(&mut id).collect()
        };
        let output = ids(&output);
        let references: Vec<Vec<u32>> = references.iter().map(|text| ids(text)).collect();
        let edits = references.iter().map(|reference| shifts::edits(&output, reference)).min();
        let length: usize = references.iter().map(Vec::len).sum();
        vec![edits.unwrap_or(0) as f64, length as f64 / references.len().max(1) as f64]
    }

    fn score(&self, sums: &[f64]) -> f64 {
        match (sums[0], sums[1]) {
            (edits, length) if length > 0.0 => 100.0 * (edits / length),
            (edits, _) if edits > 0.0 => 100.0,
            _ => 0.0,
        }
    }
}
