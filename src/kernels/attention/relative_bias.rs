//! Relative position bias of T5.

/// A bias added to scores by the distance from query to key (Raffel et al. 2020,
/// <https://arxiv.org/abs/1910.10683>).
#[derive(Debug, Clone)]
pub struct RelativeBias {
    max_distance: usize,
    /// `[heads, 2 · max_distance + 1]`: for keys from `max_distance` before the query to
    /// `max_distance` after it.
    values: Vec<f32>,
}

impl RelativeBias {
    /// `of` gives the bias of a head for a key `distance` positions after the query (negative:
    /// before it). It is constant beyond `max_distance`.
    pub fn new(heads: usize, max_distance: usize, of: impl Fn(usize, isize) -> f32) -> Self {
        let max = max_distance as isize;
        let mut values = Vec::with_capacity(heads * (2 * max_distance + 1));
        for head in 0..heads {
            values.extend((-max..=max).map(|distance| of(head, distance)));
        }
        Self { max_distance, values }
    }

    fn of_head(&self, head: usize) -> &[f32] {
        &self.values[head * (2 * self.max_distance + 1)..][..2 * self.max_distance + 1]
    }

    pub(crate) fn at(&self, head: usize, query: usize, key: usize) -> f32 {
        self.of_head(head)
            [(key + self.max_distance).saturating_sub(query).min(2 * self.max_distance)]
    }

    /// Adds the biases of the keys from `first` on to their scores.
    pub(crate) fn add(&self, head: usize, query: usize, first: usize, scores: &mut [f32]) {
        let values = self.of_head(head);
        // Keys beyond `max_distance` before the query, keys within it, and keys beyond it after the
        // query.
        let near =
            (query.saturating_sub(self.max_distance).saturating_sub(first)).min(scores.len());
        let (before, rest) = scores.split_at_mut(near);
        before.iter_mut().for_each(|score| *score += values[0]);
        let from =
            (first + near + self.max_distance).saturating_sub(query).min(2 * self.max_distance);
        let (within, after) = rest.split_at_mut((values.len() - from).min(rest.len()));
        within.iter_mut().zip(&values[from..]).for_each(|(score, value)| *score += value);
        after.iter_mut().for_each(|score| *score += values[2 * self.max_distance]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn biases_are_added_wherever_keys_begin() {
        let bias = RelativeBias::new(2, 3, |head, distance| (head * 100) as f32 + distance as f32);
        for (query, first, count) in
            [(0, 0, 9), (5, 0, 12), (5, 4, 1), (9, 0, 3), (2, 7, 4), (40, 0, 60)]
        {
            let mut scores = vec![0.5; count];
            bias.add(1, query, first, &mut scores);
            let expected: Vec<f32> =
                (first..first + count).map(|key| 0.5 + bias.at(1, query, key)).collect();
            assert_eq!(scores, expected, "query {query}, keys from {first}");
        }
        assert_eq!(
            (bias.at(0, 5, 0), bias.at(0, 5, 4), bias.at(0, 5, 6), bias.at(0, 5, 60)),
            (-3.0, -1.0, 1.0, 3.0)
        );
    }
}
