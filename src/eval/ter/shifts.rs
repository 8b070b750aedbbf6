//! The search for phrases to move: greedy, the one that saves most edits each time.

use super::distance::{Edit, Matrix};

/// Limits of Tercom, in words: length of a phrase, and how far it moves.
const MAX_LENGTH: usize = 10;
const MAX_DISTANCE: usize = 50;
/// Limit of sacreBLEU: moves that are tried for one line.
const MAX_CANDIDATES: usize = 1000;

/// The number of edits that turn an output into its reference, moves of phrases among them.
pub(super) fn edits(output: &[u32], reference: &[u32]) -> u32 {
    if reference.is_empty() {
        return output.len() as u32;
    }
    let mut output = output.to_vec();
    let mut matrix = Matrix::new(&output, reference);
    let (mut shifts, mut tried) = (0, 0);
    while let Some(shifted) = best_shift(&output, reference, &matrix, &mut tried) {
        if tried >= MAX_CANDIDATES {
            break;
        }
        shifts += 1;
        matrix = Matrix::new(&shifted, reference);
        output = shifted;
    }
    shifts + matrix.distance()
}

/// Where the words of the two texts belong together, and which of them are wrong.
struct Alignment {
    /// For each word of the reference, the number of words of the output up to its partner.
    partners: Vec<usize>,
    reference_errors: Vec<bool>,
    output_errors: Vec<bool>,
}

impl Alignment {
    fn new(edits: &[Edit]) -> Self {
        let mut alignment =
            Self { partners: Vec::new(), reference_errors: Vec::new(), output_errors: Vec::new() };
        for edit in edits {
            if *edit != Edit::Insert {
                alignment.output_errors.push(*edit != Edit::Keep);
            }
            if *edit != Edit::Delete {
                alignment.partners.push(alignment.output_errors.len());
                alignment.reference_errors.push(*edit != Edit::Keep);
            }
        }
        alignment
    }
}

/// The output after the move that saves the most edits; `None` if none saves any.
fn best_shift(
    output: &[u32],
    reference: &[u32],
    matrix: &Matrix<'_>,
    tried: &mut usize,
) -> Option<Vec<u32>> {
    let before = matrix.distance();
    let Alignment { partners, reference_errors, output_errors } = Alignment::new(&matrix.edits());
    let mut scratch = matrix.clone();
    let mut best = None;
    'pairs: for (start, start_in_reference, length) in phrases(output, reference) {
        let is_wrong = |errors: &[bool], start: usize| {
            errors[start..errors.len().min(start + length)].contains(&true)
        };
        if !is_wrong(&output_errors, start) || !is_wrong(&reference_errors, start_in_reference) {
            continue;
        }
        // Within itself a phrase does not move.
        if (start + 1..start + length + 1).contains(&partners[start_in_reference]) {
            continue;
        }
        let before_first =
            if start_in_reference == 0 { 0 } else { partners[start_in_reference - 1] };
        let within = partners[start_in_reference..].iter().copied().take(length);
        let mut last = None;
        for target in std::iter::once(before_first).chain(within) {
            if last.replace(target) == Some(target) {
                continue;
            }
            let shifted = shift(output, start, length, target);
            // The rows of the words before the first moved one are known.
            scratch.clone_from(matrix);
            scratch.fill(&shifted, start.min(target));
            *tried += 1;
            let saved = i64::from(before) - i64::from(scratch.distance());
            // The most saved edits, then the longest phrase, the first, and the first place for it.
            let rank = (saved, length, std::cmp::Reverse(start), std::cmp::Reverse(target));
            if best.as_ref().is_none_or(|(best, _)| rank > *best) {
                best = Some((rank, shifted));
            }
        }
        if *tried >= MAX_CANDIDATES {
            break 'pairs;
        }
    }
    best.filter(|((saved, ..), _)| *saved > 0).map(|(_, shifted)| shifted)
}

/// Equal phrases: place in the output, place in the reference, length.
fn phrases<'t>(
    output: &'t [u32],
    reference: &'t [u32],
) -> impl Iterator<Item = (usize, usize, usize)> + 't {
    let starts = (0..output.len())
        .flat_map(move |start| (0..reference.len()).map(move |place| (start, place)));
    let near = starts.filter(|(start, place)| start.abs_diff(*place) <= MAX_DISTANCE);
    near.flat_map(move |(start, place)| {
        let pairs = output[start..].iter().zip(&reference[place..]);
        let equal = pairs.take_while(|(a, b)| a == b).take(MAX_LENGTH).count();
        (1..=equal).map(move |length| (start, place, length))
    })
}

/// The words with a phrase moved before the word that stood at `target`.
fn shift(words: &[u32], start: usize, length: usize, target: usize) -> Vec<u32> {
    let (phrase, end) = (&words[start..start + length], start + length);
    let parts: [&[u32]; 4] = if target < start {
        [&words[..target], phrase, &words[target..start], &words[end..]]
    } else if target > end {
        [&words[..start], &words[end..target], phrase, &words[target..]]
    } else {
        // Within itself: as many words further on.
        let to = words.len().min(length + target);
        [&words[..start], &words[end..to.max(end)], phrase, &words[to.max(end)..]]
    };
    parts.concat()
}
