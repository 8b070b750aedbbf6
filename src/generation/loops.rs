//! Sees a repeating run of tokens while it happens.

/// The longest run that is looked for: about three sentences.
const LONGEST: usize = 80;

/// What a text's end says about repetition.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Repetition {
    /// Tokens that stay, whatever comes: everything up to the end of the first of the runs that
    /// repeat.
    pub certain: usize,
    /// Set where the text is caught in a loop: how many tokens to keep.
    pub looping: Option<usize>,
}

/// How often a run must stand at the end, one after the other, to be a loop. Short runs repeat in
/// honest text ("2,000,000", rules of dashes, "아니, 아니, 아니"), long ones never do more than
/// once or twice.
fn too_many(run: usize) -> usize {
    match run {
        1 => 12,
        2..=3 => 8,
        4..=9 => 5,
        _ => 4,
    }
}

/// Looks at the end of a text.
pub(super) fn repetition(ids: &[u32]) -> Repetition {
    let mut certain = ids.len();
    for run in 1..=LONGEST.min(ids.len() / 2) {
        let equal = ids[run..]
            .iter()
            .rev()
            .zip(ids[..ids.len() - run].iter().rev())
            .take_while(|(a, b)| a == b)
            .count();
        // `equal` tokens at the end equal those a run before: the repeating part is that long, and
        // a first run more.
        let times = equal / run + 1;
        if times < 2 {
            continue;
        }
        let first_end = ids.len() - equal;
        certain = certain.min(first_end);
        if times >= too_many(run) {
            return Repetition { certain, looping: Some(first_end) };
        }
    }
    Repetition { certain, looping: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_loop_is_cut_after_its_first_run() {
        let ids: Vec<u32> =
            [9, 8].into_iter().chain([1, 2, 3, 4, 5].into_iter().cycle().take(25)).collect();
        assert_eq!(repetition(&ids).looping, Some(2 + 5));
        assert_eq!(repetition(&ids[..2 + 24]).looping, None);
    }

    #[test]
    fn what_repeats_is_not_yet_certain() {
        assert_eq!(repetition(&[1, 2, 3]), Repetition { certain: 3, looping: None });
        assert_eq!(repetition(&[1, 2, 3, 2, 3]), Repetition { certain: 3, looping: None });
        assert_eq!(repetition(&[7, 7]), Repetition { certain: 1, looping: None });
        assert_eq!(repetition(&[7, 7, 8]), Repetition { certain: 3, looping: None });
    }

    proptest! {
        /// Whatever is taken back is a repetition of what stands before it.
        #[test]
        fn only_repetition_is_taken_back(ids in proptest::collection::vec(0u32..3, 1..200)) {
            if let Some(kept) = repetition(&ids).looping {
                let repeats = |run: usize| (kept..ids.len()).all(|at| at >= run && ids[at] == ids[at - run]);
                prop_assert!(kept < ids.len() && (1..=LONGEST).any(repeats));
            }
        }
    }
}
