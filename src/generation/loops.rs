//! Loop detection: finds repeating runs of tokens at the end of a text while it is generated.

/// Longest run that is looked for, in tokens: about three sentences.
const MAX_RUN: usize = 80;

/// Repetition at the end of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Repetition {
    /// Number of tokens that stay in any case: up to the end of the first of the repeating runs.
    pub stable: usize,
    /// Number of tokens to keep if the text is in a loop.
    pub cut_at: Option<usize>,
}

/// Number of consecutive occurrences of a run at which it counts as a loop. Short runs repeat in
/// good text ("2,000,000", ruled lines, "아니, 아니, 아니"), long ones hardly ever.
fn loop_threshold(run: usize) -> usize {
    match run {
        1 => 12,
        2..=3 => 8,
        4..=9 => 5,
        _ => 4,
    }
}

/// Examines the end of a text.
pub(super) fn repetition(ids: &[u32]) -> Repetition {
    let mut stable = ids.len();
    for run in 1..=MAX_RUN.min(ids.len() / 2) {
        // Number of tokens at the end that equal those one run earlier.
        let equal = ids[run..]
            .iter()
            .rev()
            .zip(ids[..ids.len() - run].iter().rev())
            .take_while(|(a, b)| a == b)
            .count();
        let occurrences = equal / run + 1;
        if occurrences < 2 {
            continue;
        }
        let first_end = ids.len() - equal;
        stable = stable.min(first_end);
        if occurrences >= loop_threshold(run) {
            return Repetition { stable, cut_at: Some(first_end) };
        }
    }
    Repetition { stable, cut_at: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_loop_is_cut_after_its_first_run() {
        let ids: Vec<u32> =
            [9, 8].into_iter().chain([1, 2, 3, 4, 5].into_iter().cycle().take(25)).collect();
        assert_eq!(repetition(&ids).cut_at, Some(2 + 5));
        assert_eq!(repetition(&ids[..2 + 24]).cut_at, None);
    }

    #[test]
    fn a_repeating_end_is_not_yet_stable() {
        assert_eq!(repetition(&[1, 2, 3]), Repetition { stable: 3, cut_at: None });
        assert_eq!(repetition(&[1, 2, 3, 2, 3]), Repetition { stable: 3, cut_at: None });
        assert_eq!(repetition(&[7, 7]), Repetition { stable: 1, cut_at: None });
        assert_eq!(repetition(&[7, 7, 8]), Repetition { stable: 3, cut_at: None });
    }

    proptest! {
        /// Tokens that are cut off repeat the tokens before them.
        #[test]
        fn only_repetition_is_cut_off(ids in proptest::collection::vec(0u32..3, 1..200)) {
            if let Some(kept) = repetition(&ids).cut_at {
                let repeats =
                    |run: usize| (kept..ids.len()).all(|at| at >= run && ids[at] == ids[at - run]);
                prop_assert!(kept < ids.len() && (1..=MAX_RUN).any(repeats));
            }
        }
    }
}
