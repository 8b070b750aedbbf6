//! The window that prompt and answer share, and the tokens of it that are left for the answer.

use super::setup::TaskSetup;
use crate::prompts::Task;

/// Upper bound on the tokens of prompt and answer, for models with a larger context: attention over
/// more costs more than it gains.
const MAX_WINDOW: usize = 8192;
/// Tokens allowed for a sentence of a summary. Korean needs more of them than English in most
/// vocabularies.
const TOKENS_PER_SENTENCE: usize = 120;
/// Tokens allowed beside the answer for a model that reasons first.
pub(super) const REASONING_TOKENS: usize = 2048;

/// Tokens of prompt and answer together.
pub(super) fn window(setup: &TaskSetup<'_>) -> usize {
    setup.model.context().min(MAX_WINDOW)
}

/// Upper bound on the tokens of the answer to a text of `tokens` tokens.
pub(super) fn answer_limit(setup: &TaskSetup<'_>, task: Task, tokens: usize) -> usize {
    let options = &setup.job.options;
    match (options.max_tokens, task) {
        (Some(limit), _) => limit,
        // Korean in an English vocabulary takes up to three tokens for one of the other side.
        (None, Task::Translate) => 3 * tokens + 64,
        (None, _) => (options.sentences + 1) * TOKENS_PER_SENTENCE,
    }
}
