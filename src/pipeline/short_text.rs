//! Texts that are too short to summarize: a headline, a name, a date. Asked for a summary of one, a
//! model invents the update.

use super::setup::TaskSetup;
use crate::error::Result;
use crate::event::{Event, Finish, Observer};
use crate::finding::{Finding, Severity};
use crate::outcome::{Outcome, Segment, Tokens};
use crate::prompts::Task;

/// Fewest words of a text to summarize.
const MIN_WORDS: usize = 3;
/// Fewest words of a text without a line that ends as a sentence does.
const MIN_HEADLINE_WORDS: usize = 12;

/// True if a text is its own summary.
pub(super) fn is_own_summary(article: &str) -> bool {
    let has_letter = |word: &&str| word.chars().any(char::is_alphabetic);
    let words = article.split_whitespace().filter(has_letter).count();
    words < MIN_WORDS || (words < MIN_HEADLINE_WORDS && !article.lines().any(ends_sentence))
}

fn ends_sentence(line: &str) -> bool {
    let line = line.trim_end().trim_end_matches(['"', '”', '\'', '’', ')', ']', '」']);
    line.ends_with(['.', '!', '?', '…', '。', '！', '？', ':', ';'])
}

/// Makes the article the outcome's text.
pub(super) fn return_unchanged(
    setup: &TaskSetup<'_>,
    article: &str,
    outcome: &mut Outcome,
    observer: &mut Observer<'_>,
) -> Result<()> {
    let text = article.trim();
    let tokens = setup.model.count(text);
    observer.event(&Event::Stage { stage: Task::Summarize.as_str(), segments: 1 });
    observer.text(text)?;
    observer.event(&Event::Segment { index: 0, finish: Finish::Stop, tokens: 0 });
    let message = "the text is too short to summarize and is returned unchanged";
    outcome.findings.push(
        Finding::new("short", "nothing_to_summarize", message)
            .in_korean("요약하기에 너무 짧아 원문을 그대로 돌려줌")
            .severity(Severity::Minor)
            .at(0),
    );
    outcome.tokens = Tokens { input: tokens, seen: tokens, output: 0 };
    outcome.segments.push(Segment {
        source: text.to_string(),
        text: text.to_string(),
        finish: Finish::Stop,
        score: None,
        estimate: None,
        memory: None,
        model: None,
    });
    outcome.text = text.to_string();
    Ok(())
}
