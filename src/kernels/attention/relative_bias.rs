//! Relative position bias of T5.

/// A bias added to scores by the distance from query to key (Raffel et al. 2020,
/// <https://arxiv.org/abs/1910.10683>).
#[derive(Debug, Clone)]
pub struct RelativeBias {
    reach: usize,
    /// `[heads, 2 · reach + 1]`: for keys from `reach` before the query to `reach` after it.
    values: Vec<f32>,
}

impl RelativeBias {
    /// `of` gives the bias of a head for a key `distance` positions after the query (negative:
    /// before it). It is constant beyond `reach`.
    pub fn new(heads: usize, reach: usize, of: impl Fn(usize, isize) -> f32) -> Self {
        let reach_ = reach as isize;
        let values = (0..heads).flat_map(|head| (-reach_..=reach_).map(move |way| (head, way)));
        Self { reach, values: values.map(|(head, way)| of(head, way)).collect() }
    }

    fn of_head(&self, head: usize) -> &[f32] {
        &self.values[head * (2 * self.reach + 1)..][..2 * self.reach + 1]
    }

    pub(crate) fn at(&self, head: usize, query: usize, key: usize) -> f32 {
        self.of_head(head)[(key + self.reach).saturating_sub(query).min(2 * self.reach)]
    }

    /// Adds the biases of the keys from `first` on to their scores.
    pub(crate) fn add(&self, head: usize, query: usize, first: usize, scores: &mut [f32]) {
        let values = self.of_head(head);
        // Keys beyond `reach` before the query, keys within reach, and keys beyond it after the
        // query.
        let near = (query.saturating_sub(self.reach).saturating_sub(first)).min(scores.len());
        let (before, rest) = scores.split_at_mut(near);
        before.iter_mut().for_each(|score| *score += values[0]);
        let from = (first + near + self.reach).saturating_sub(query).min(2 * self.reach);
        let (within, after) = rest.split_at_mut((values.len() - from).min(rest.len()));
        within.iter_mut().zip(&values[from..]).for_each(|(score, value)| *score += value);
        after.iter_mut().for_each(|score| *score += values[2 * self.reach]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn biases_are_added_wherever_keys_begin() {
        let bias = RelativeBias::new(2, 3, |head, way| (head * 100) as f32 + way as f32);
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
