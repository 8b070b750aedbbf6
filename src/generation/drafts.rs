//! Drafts: what may come next, looked up in what the sequence has read and written (Yang et al.
//! 2023, <https://arxiv.org/abs/2304.04487>). News is full of names, figures and quotes that go over as they stand.
//!
//! The network reads a draft in one step with the token before it, and what it would not have
//! written by itself is taken back: texts do not depend on drafts, only the time they take does.
//! Knows ids and nothing of what they mean.

/// Tokens of a step up to which one more costs little, because what takes the time is reading the
/// weights.
const ROWS: usize = 8;
/// Tokens at the end that must stand elsewhere too, for what follows them there to be a draft: at
/// first, and after any number of drafts of which nothing came.
const LEAST: usize = 2;
const LEAST_IN_THE_END: usize = 5;
/// More are not compared: what follows is as likely by then as it will be.
const ENOUGH: usize = 12;

/// The longest draft of each of so many sequences.
pub(super) fn most(sequences: usize) -> usize {
    (ROWS / sequences.max(1)).saturating_sub(1)
}

/// How far drafts of a sequence reach, and how much must speak for them: further after each that
/// came, more after each that did not.
#[derive(Debug)]
pub(super) struct Drafts {
    reach: usize,
    least: usize,
}

impl Default for Drafts {
    fn default() -> Self {
        Self { reach: 3, least: LEAST }
    }
}

impl Drafts {
    /// Up to `most` tokens that followed the longest part of the end of `ids` elsewhere in them; of
    /// equally long ones, the last.
    pub fn look_up<'i>(&self, ids: &'i [u32], most: usize) -> &'i [u32] {
        let Some((last, before)) = ids.split_last().filter(|_| most > 0) else { return &[] };
        let mut best = (0, before.len());
        for at in (0..before.len()).filter(|at| before[*at] == *last) {
            let earlier = before[..at].iter().rev().zip(before.iter().rev());
            let equal = 1 + earlier.take(ENOUGH - 1).take_while(|(a, b)| a == b).count();
            if equal >= best.0.max(self.least) {
                best = (equal, at);
            }
        }
        let follows = &ids[ids.len().min(best.1 + 1)..];
        &follows[..follows.len().min(most.min(self.reach))]
    }

    /// Of a draft of `drafted` tokens so many came.
    pub fn learn(&mut self, drafted: usize, came: usize) {
        self.reach = if came == drafted { (2 * self.reach).min(ROWS) } else { came.max(1) };
        self.least = if came > 0 { LEAST } else { (self.least + 1).min(LEAST_IN_THE_END) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look_up(ids: &[u32], most: usize) -> &[u32] {
        Drafts { reach: 4, least: LEAST }.look_up(ids, most)
    }

    #[test]
    fn what_followed_the_longest_part_of_the_end_is_the_draft() {
        //                 v              v longer
        let ids = [1, 2, 3, 4, 5, 9, 1, 2, 3, 6, 7, 8, 10, 0, 9, 1, 2, 3];
        assert_eq!(look_up(&ids, 7), [6, 7, 8, 10]);
        assert_eq!(look_up(&ids, 2), [6, 7]);
        // Equally long: the last.
        assert_eq!(look_up(&[1, 2, 5, 1, 2, 6, 1, 2], 1), [6]);
        // It may reach into what it continues.
        assert_eq!(look_up(&[7, 8, 7, 8], 4), [7, 8]);
    }

    #[test]
    fn one_token_is_too_few_and_nothing_is_nothing() {
        assert!(look_up(&[1, 2, 3, 1], 4).is_empty());
        assert!(look_up(&[1, 2, 1, 2], 0).is_empty());
        assert!(look_up(&[], 4).is_empty());
    }

    #[test]
    fn drafts_that_come_make_longer_ones() {
        let mut drafts = Drafts::default();
        drafts.learn(3, 3);
        drafts.learn(6, 6);
        assert_eq!(drafts.reach, ROWS);
        drafts.learn(7, 0);
        assert_eq!((drafts.reach, drafts.least), (1, LEAST + 1));
        assert!(drafts.look_up(&[1, 2, 3, 1, 2], 4).is_empty());
        drafts.learn(1, 1);
        assert_eq!(drafts.look_up(&[1, 2, 3, 1, 2], 4), [3, 1]);
        assert_eq!([1, 3, 4, 8, 16].map(most), [7, 1, 1, 0, 0]);
    }
}
