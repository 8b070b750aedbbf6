//! A statement: a sentence with the words that name who says it.

use crate::document::Span;

/// A sentence that is attributed to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    /// Index of the sentence.
    pub sentence: usize,
    /// The words that name the speaker.
    pub speaker: Span,
    /// Words of an earlier sentence that a pronoun stands for.
    pub earlier: Option<Span>,
}

/// The parts of a sentence that a reader of one language finds.
pub(super) struct Found {
    /// The words that name the speaker, in the whole text.
    pub speaker: Span,
    /// True if they are a pronoun alone, or depend on one: "he", "its director".
    pub is_pronoun: bool,
}

/// Most sentences from a speaker to a pronoun that stands for it.
const MAX_DISTANCE: usize = 2;

/// The statements of a text from those of its sentences: pronouns stand for the speaker before.
pub(super) fn resolved(found: impl Iterator<Item = (usize, Found)>) -> Vec<Statement> {
    let mut statements = Vec::new();
    let mut last: Option<(usize, Span)> = None;
    for (sentence, Found { speaker, is_pronoun }) in found {
        let is_near = |(at, _): &&(usize, Span)| sentence - at <= MAX_DISTANCE;
        let earlier = last.as_ref().filter(|_| is_pronoun).filter(is_near);
        let earlier = earlier.map(|(_, span)| span.clone());
        if !is_pronoun {
            last = Some((sentence, speaker.clone()));
        } else if let (Some((at, _)), Some(_)) = (&mut last, &earlier) {
            *at = sentence;
        }
        statements.push(Statement { sentence, speaker, earlier });
    }
    statements
}
