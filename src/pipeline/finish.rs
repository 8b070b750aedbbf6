//! The end of step 4: an answer becomes the text of its chunk, with findings about how it was
//! generated.

use super::chunk::{ChunkResult, Second, SourceChunk};
use super::length_limit::LengthLimit;
use super::setup::TaskSetup;
use crate::event::Finish;
use crate::finding::{Finding, Severity};
use crate::generation::Generated;
use crate::outcome::{MemoryUse, Segment};
use crate::prompts::{Style, Task};
use crate::reasoning::Answer;
use crate::segment::sentences;

/// Makes the result of a chunk. `reasoning` is the mark that closes reasoning which the prompt has
/// opened, `similar` the likeness of the examples from the desk's memory.
pub(super) fn finish(
    setup: &TaskSetup<'_>,
    task: Task,
    chunk: &SourceChunk<'_>,
    generated: Generated,
    reasoning: Option<&'static str>,
    similar: &[u8],
) -> ChunkResult {
    let tokens = generated.tokens;
    let mut findings = Vec::new();
    if generated.rolled_back > 0 {
        findings.push(looped(generated.rolled_back));
    }
    let (answer, still_reasoning) = match setup.seq2seq {
        Some(_) => (generated.text, false),
        None => Answer::of(&generated.text, reasoning),
    };
    let mut text = answer.trim();
    let mut finish = generated.finish;
    if let Some(limit) = LengthLimit::of(setup, task) {
        let within_limit = text[..limit.end(text)].trim_end();
        if within_limit.len() < text.len() && finish == Finish::Length {
            // The token limit fell into a sentence beyond the last one that was asked for.
            finish = Finish::Stop;
        }
        text = within_limit;
    }
    if still_reasoning {
        finish = Finish::Refused;
        findings.push(endless_reasoning(tokens));
    } else if finish == Finish::Length {
        findings.push(cut(tokens));
    }
    if text.is_empty() {
        finish = Finish::Refused;
        findings.push(nothing_written(still_reasoning));
    }
    let text = if task != Task::Translate
        && !setup.takes_prompt()
        && setup.job.options.style == Style::Bullets
    {
        bullets(text)
    } else {
        text.to_string()
    };
    let source = chunk.text.trim().to_string();
    let memory =
        (!similar.is_empty()).then(|| MemoryUse { reused: None, examples: similar.to_vec() });
    let score = mean(&generated.scores);
    let segment = Segment { source, text, finish, score, estimate: None, memory, model: None };
    ChunkResult {
        segment,
        tokens,
        still_reasoning,
        findings,
        counterparts: Vec::new(),
        ids: generated.ids,
        second: Second::NotNeeded,
    }
}

fn looped(tokens: usize) -> Finding {
    let message = format!("the model repeated itself; {tokens} tokens were discarded");
    let korean = format!("같은 말을 되풀이해 토큰 {tokens}개를 버림");
    Finding::new("loop", "loop", message).in_korean(korean).value("tokens", tokens)
}

fn endless_reasoning(tokens: usize) -> Finding {
    let message = format!("the model was still reasoning after {tokens} tokens");
    Finding::new("reasoning", "reasoning_endless", message)
        .in_korean(format!("토큰 {tokens}개 뒤에도 끝나지 않은 추론"))
        .severity(Severity::Critical)
        .value("tokens", tokens)
}

fn cut(tokens: usize) -> Finding {
    let message = format!("the text was cut at {tokens} tokens");
    Finding::new("length", "cut", message)
        .in_korean(format!("토큰 {tokens}개에서 끊긴 글"))
        .severity(Severity::Critical)
        .value("tokens", tokens)
}

fn nothing_written(still_reasoning: bool) -> Finding {
    let (what, korean) = if still_reasoning {
        ("no answer", "모델의 답이 없음")
    } else {
        ("nothing", "모델이 쓴 글이 없음")
    };
    Finding::new("length", "nothing_written", format!("the model wrote {what}"))
        .in_korean(korean)
        .severity(Severity::Critical)
}

/// The mean log-probability of an answer's tokens; `None` without scores.
fn mean(scores: &[f32]) -> Option<f32> {
    if scores.is_empty() {
        return None;
    }
    Some(scores.iter().sum::<f32>() / scores.len() as f32)
}

/// One bullet point for each sentence.
fn bullets(text: &str) -> String {
    let points: Vec<String> =
        sentences(text).into_iter().map(|sentence| format!("- {}", sentence.trim())).collect();
    points.join("\n")
}
