//! Stages of a document, filled once the findings are known: what the file says of each
//! translation, such as its state.

use std::ops::Range;

use super::translation::DocumentTranslation;
use crate::document::Stage;
use crate::finding::Finding;
use crate::outcome::Outcome;

/// A stage whose blocks were translated.
pub(super) struct StageSlot {
    stage: Stage,
    /// The segments it speaks of.
    segments: Range<usize>,
    /// Its place in the outcome's text.
    place: Range<usize>,
}

/// The stages of a translation, in order. `place` has the place of each block in the new text.
pub(super) fn slots(
    translation: &DocumentTranslation<'_>,
    place: impl Fn(usize) -> Range<usize>,
) -> Vec<StageSlot> {
    let of = |(index, stage, blocks): (usize, &Stage, Vec<usize>)| {
        let translated = blocks.into_iter().map(|block| translation.blocks[block].clone());
        let segments = translated
            .filter(|segments| !segments.is_empty())
            .reduce(|all, next| all.start..next.end)?;
        Some(StageSlot { stage: stage.clone(), segments, place: place(index) })
    };
    translation.document.stages().into_iter().filter_map(of).collect()
}

/// Writes the stages into the outcome's text, and moves the findings behind them.
pub(super) fn fill(slots: &[StageSlot], outcome: &mut Outcome) {
    if slots.is_empty() {
        return;
    }
    // For each segment the sentences of its doubts; tags that lost their place are one.
    let mut doubts: Vec<Vec<&str>> = vec![Vec::new(); outcome.segments.len()];
    let is_said =
        |finding: &&Finding| finding.is_doubt() || finding.check == "tags" && !finding.dismissed;
    for finding in outcome.findings.iter().filter(is_said) {
        if let Some(of) = finding.segment.and_then(|index| doubts.get_mut(index)) {
            of.push(&finding.message);
        }
    }
    let mut text = String::with_capacity(outcome.text.len());
    // Ends of stages in the old text, and by how much the text behind them has moved.
    let (mut moves, mut end) = (Vec::with_capacity(slots.len()), 0);
    for StageSlot { stage, segments, place } in slots {
        text.push_str(&outcome.text[end..place.start]);
        text.push_str(&stage.text(doubts[segments.clone()].iter().flatten().copied()));
        end = place.end;
        moves.push((end, text.len()));
    }
    text.push_str(&outcome.text[end..]);
    for place in outcome.findings.iter_mut().filter_map(|finding| finding.output.as_mut()) {
        if let Some(offset) = &mut place.offset {
            let before = moves.partition_point(|(end, _)| end <= offset);
            if let Some((end, moved)) = before.checked_sub(1).map(|at| moves[at]) {
                *offset = *offset - end + moved;
            }
        }
    }
    outcome.text = text;
}
