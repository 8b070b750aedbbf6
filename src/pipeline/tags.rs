//! Within step 4, tags: where the model's attention says which words of a translation stand for the
//! tagged words of its source.

use super::chunk::ChunkResult;
use super::setup::TaskSetup;
use super::translation::DocumentTranslation;
use crate::document::{Counterpart, Span};
use crate::error::Result;
use crate::event::Observer;

/// Adds counterparts of the tagged words of chunk number `index` that do not recur in its
/// translation, if the model can tell.
pub(super) fn align(
    setup: &TaskSetup<'_>,
    translation: &DocumentTranslation<'_>,
    index: usize,
    result: &mut ChunkResult,
    observer: &mut Observer<'_>,
) -> Result<()> {
    // The ids of a second model say nothing to this one.
    let is_own = !result.ids.is_empty() && result.segment.model.is_none();
    let Some(task) = setup.seq2seq.as_ref().filter(|_| is_own) else { return Ok(()) };
    let text = translation.chunks[index].text.trim();
    let output = &result.segment.text;
    let recurs = |span: &&Span| text.get(span.start..span.end).is_none_or(|w| output.contains(w));
    let tagged: Vec<&Span> =
        translation.tagged[index].iter().filter(|span| !recurs(span)).collect();
    if tagged.is_empty() {
        return Ok(());
    }
    observer.check()?;
    let Some(alignment) = setup.model.align(task, text, (output, &result.ids))? else {
        return Ok(());
    };
    let counterpart = |source: &Span| {
        let target = alignment.counterpart(source)?;
        Some(Counterpart { source: source.clone(), target, is_estimate: true })
    };
    result.counterparts.extend(tagged.into_iter().filter_map(counterpart));
    Ok(())
}
