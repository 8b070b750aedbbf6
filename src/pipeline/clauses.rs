//! Long sentences go to a model of sentences clause by clause: of a sentence much longer than those
//! it was trained on, it leaves out the end.

use super::chunk::{self, ChunkResult, SourceChunk};
use super::setup::TaskSetup;
use crate::finding::{Finding, Severity};
use crate::language::Language;
use crate::segment;

/// Most tokens of a sentence that is translated whole. Measured with a student, docs/students.md.
const MAX_SENTENCE: usize = 96;

/// The parts of a chunk that are translated apart: clauses of a long sentence, or the whole.
pub(super) fn parts<'t>(setup: &TaskSetup<'_>, chunk: &SourceChunk<'t>) -> Vec<SourceChunk<'t>> {
    if setup.seq2seq.is_none() || chunk.tokens <= MAX_SENTENCE {
        return vec![chunk.clone()];
    }
    let count = |text: &str| setup.model.count(text);
    let clauses = segment::clauses(chunk.text, MAX_SENTENCE, &count);
    clauses.into_iter().map(|text| SourceChunk { text, tokens: count(text) }).collect()
}

/// The answers to the parts of a chunk as one. Several parts are a finding.
pub(super) fn joined(
    chunk: &SourceChunk<'_>,
    parts: &[SourceChunk<'_>],
    mut answers: Vec<ChunkResult>,
    to: Language,
) -> Option<ChunkResult> {
    if answers.len() < 2 {
        return answers.pop();
    }
    if to == Language::English {
        let last = answers.len() - 1;
        for (index, (part, answer)) in parts.iter().zip(&mut answers).enumerate() {
            let text = &mut answer.segment.text;
            if index > 0 {
                begin_inside(text);
            }
            if index < last {
                end_inside(part.text, text);
            }
        }
    }
    let texts: Vec<&str> = parts.iter().map(|part| part.text).collect();
    let mut whole = chunk::joined(chunk.text, &texts, answers)?;
    whole.findings.push(finding(parts.len(), chunk.tokens));
    Some(whole)
}

/// Words that begin a clause, and are no names.
const COMMON: &[&str] = &[
    "A", "After", "Also", "An", "And", "As", "At", "Because", "But", "By", "For", "From", "He",
    "Her", "His", "However", "If", "In", "It", "Its", "No", "Not", "On", "One", "Or", "She", "So",
    "Some", "That", "The", "Their", "There", "These", "They", "This", "Those", "To", "We", "When",
    "Where", "Which", "While", "Who", "With", "You",
];

/// Writes the first word of a clause in lower case, unless it may be a name.
fn begin_inside(text: &mut String) {
    let first = text.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    if COMMON.contains(&first) {
        let lower = first[..1].to_lowercase();
        text.replace_range(..1, &lower);
    }
}

/// Ends a clause with the mark of its source, else with a comma, instead of a period.
fn end_inside(source: &str, text: &mut String) {
    if text.ends_with('.') && !text.ends_with("..") {
        text.pop();
        let mark = source.trim_end().chars().next_back();
        text.push(mark.filter(|mark| matches!(mark, ';' | ':')).unwrap_or(','));
    }
}

fn finding(parts: usize, tokens: usize) -> Finding {
    let message = format!(
        "a long sentence ({tokens} tokens) was translated in {parts} parts, by its clauses"
    );
    Finding::new("split", "clauses", message)
        .in_korean(format!("긴 문장(토큰 {tokens}개)을 절 단위 {parts}부분으로 나누어 번역"))
        .severity(Severity::Minor)
        .value("parts", parts)
        .value("tokens", tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clauses_of_english_are_one_sentence_again() {
        let ended = |source: &str, text: &str| {
            let mut text = text.to_string();
            end_inside(source, &mut text);
            text
        };
        assert_eq!(ended("항구는 문을 열었고 ", "The port opened."), "The port opened,");
        assert_eq!(ended("항구는 문을 열었다; ", "The port opened."), "The port opened;");
        assert_eq!(ended("항구는… ", "The port..."), "The port...");
        assert_eq!(ended("항구는 ", "The port"), "The port");
        let begun = |text: &str| {
            let mut text = text.to_string();
            begin_inside(&mut text);
            text
        };
        assert_eq!(begun("The mayor left."), "the mayor left.");
        assert_eq!(begun("Haemin slept."), "Haemin slept.");
        assert_eq!(begun("“The end”"), "“The end”");
        assert_eq!(begun("I left."), "I left.");
        assert_eq!(begun(""), "");
    }
}
