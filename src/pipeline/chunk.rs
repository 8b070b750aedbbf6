//! A chunk of a text, and its result.

use crate::document::Counterpart;
use crate::finding::Finding;
use crate::outcome::Segment;

/// A part of a text that fits the context window.
#[derive(Debug, Clone)]
pub(super) struct SourceChunk<'t> {
    pub text: &'t str,
    pub tokens: usize,
}

/// The result of one chunk.
pub(super) struct ChunkResult {
    pub segment: Segment,
    /// Tokens generated for it.
    pub tokens: usize,
    /// True if the model did not come to the end of its reasoning.
    pub still_reasoning: bool,
    /// Findings about how the text was generated, still without the index of their segment.
    pub findings: Vec<Finding>,
    /// Words of the source and of the text that are between the same tags, where the memory knows.
    pub counterparts: Vec<Counterpart>,
    /// Token ids of the text, if an encoder-decoder model wrote it as a whole.
    pub ids: Vec<u32>,
    /// Whether the second model was asked.
    pub second: Second,
}

/// Whether a second model translated a chunk as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Second {
    /// There was no doubt, or no second model.
    #[default]
    NotNeeded,
    Asked,
    /// There was a doubt, and the second model could not be used.
    Missing,
}

/// The white space at the end of a text.
pub(super) fn trailing_space(text: &str) -> &str {
    &text[text.trim_end().len()..]
}

/// The answers to the pieces of a text as one; `None` without any. The pieces join to the text.
pub(super) fn joined(
    text: &str,
    pieces: &[&str],
    answers: Vec<ChunkResult>,
) -> Option<ChunkResult> {
    let count = answers.len() as f32;
    let mut answers = answers.into_iter().zip(pieces);
    let (mut whole, first) = answers.next()?;
    let (mut space, mut start) = (trailing_space(first), first.len());
    let leading_space = text.len() - text.trim_start().len();
    for (answer, piece) in answers {
        whole.segment.text.push_str(space);
        let source = (start + piece.len() - piece.trim_start().len()).saturating_sub(leading_space);
        let target = whole.segment.text.len();
        let counterparts = answer.counterparts.into_iter();
        whole.counterparts.extend(counterparts.map(|one| one.shifted(source, target)));
        whole.segment.text.push_str(&answer.segment.text);
        whole.segment.finish = whole.segment.finish.max(answer.segment.finish);
        let scores = whole.segment.score.zip(answer.segment.score);
        whole.segment.score = scores.map(|(sum, score)| sum + score);
        whole.tokens += answer.tokens;
        whole.still_reasoning |= answer.still_reasoning;
        whole.findings.extend(answer.findings);
        whole.ids.clear();
        (space, start) = (trailing_space(piece), start + piece.len());
    }
    whole.segment.score = whole.segment.score.map(|sum| sum / count);
    whole.segment.source = text.trim().to_string();
    Some(whole)
}
