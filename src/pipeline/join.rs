//! Step 6, join: results become the outcome. A translation is put back into its document, in the
//! places of its blocks.

use super::chunk::{ChunkResult, Second, SourceChunk, trailing_space};
use super::prompt;
use super::read;
use super::setup::TaskSetup;
use super::stages::{self, StageSlot};
use super::translation::{DocumentTranslation, Marked};
use crate::document::{Block, BlockKind, Document, Showing};
use crate::error::Result;
use crate::event::{Finish, Observer};
use crate::finding::{Finding, Severity};
use crate::formats::{self, NewWords};
use crate::outcome::{Outcome, Provenance, ProvenanceStep, Route, Tokens};
use crate::prompts::Task;

/// The separator between paragraphs of an article or a summary.
const BLANK_LINE: &str = "\n\n";

/// An outcome before any result.
pub(super) fn empty_outcome(setup: &TaskSetup<'_>, task: Task) -> Result<Outcome> {
    let version = env!("CARGO_PKG_VERSION").to_string();
    Ok(Outcome {
        task,
        model: setup.model.name().to_string(),
        from: setup.languages.from,
        to: setup.languages.to,
        route: Route::Direct,
        text: String::new(),
        file: None,
        finish: Finish::Stop,
        tokens: Tokens::default(),
        segments: Vec::new(),
        findings: Vec::new(),
        support: Vec::new(),
        glossary: None,
        second: None,
        intermediate: None,
        provenance: Provenance { version, steps: vec![step(setup, task)?] },
        seconds: 0.0,
    })
}

/// The step of a task: its model and its prompt.
fn step(setup: &TaskSetup<'_>, task: Task) -> Result<ProvenanceStep> {
    let prompt = if setup.takes_prompt() { Some(prompt::find(setup, task)?) } else { None };
    Ok(ProvenanceStep {
        task: task.as_str().to_string(),
        model: setup.model.name().to_string(),
        model_sha256: setup.model.sha256().map(str::to_string),
        prompt: prompt.as_ref().map(|prompt| prompt.name.clone()),
        prompt_sha256: prompt.map(|prompt| prompt.sha256),
    })
}

/// Records the step of a task, if it is not there yet: summaries are combined once or more often.
pub(super) fn add_step(setup: &TaskSetup<'_>, task: Task, outcome: &mut Outcome) -> Result<()> {
    let step = step(setup, task)?;
    if !outcome.provenance.steps.contains(&step) {
        outcome.provenance.steps.push(step);
    }
    Ok(())
}

/// Counts the tokens of all chunks as input; the model has seen each of them.
pub(super) fn count_input(chunks: &[SourceChunk<'_>], outcome: &mut Outcome) {
    outcome.tokens.input = chunks.iter().map(|chunk| chunk.tokens).sum();
    outcome.tokens.seen = outcome.tokens.input;
}

/// The texts of all results, as paragraphs.
pub(super) fn paragraphs(results: &[ChunkResult]) -> String {
    let texts: Vec<&str> = results.iter().map(|result| result.segment.text.as_str()).collect();
    texts.join(BLANK_LINE)
}

/// Appends segments, token counts and findings.
pub(super) fn add_results(results: Vec<ChunkResult>, outcome: &mut Outcome) {
    for result in results {
        let index = outcome.segments.len();
        outcome.tokens.output += result.tokens;
        if let Some(second) = &mut outcome.second {
            second.asked += usize::from(result.second == Second::Asked);
            second.taken += usize::from(result.segment.model.is_some());
        }
        outcome.finish = outcome.finish.max(result.segment.finish);
        outcome.findings.extend(result.findings.into_iter().map(|finding| finding.at(index)));
        outcome.segments.push(result.segment);
    }
}

/// Where the segments of a translation start.
pub(super) struct SegmentPositions {
    /// In [`Document::article`]; `None` for boilerplate, which is no part of it.
    pub sources: Vec<Option<usize>>,
    /// In the outcome's text; `None` if there are tags or escapes among the words.
    pub outputs: Vec<Option<usize>>,
    /// When they are on a screen.
    pub shown: Vec<Option<Showing>>,
    /// Stages of the document, which have their text when the findings are known.
    pub stages: Vec<StageSlot>,
}

/// Puts a finished translation into its document and adds it to the outcome. With `is_bilingual`,
/// an office file keeps the source.
pub(super) fn translation(
    translation: DocumentTranslation<'_>,
    is_bilingual: bool,
    outcome: &mut Outcome,
) -> Result<SegmentPositions> {
    let mut positions = SegmentPositions {
        sources: vec![None; translation.chunks.len()],
        outputs: vec![None; translation.chunks.len()],
        shown: vec![None; translation.chunks.len()],
        stages: Vec::new(),
    };
    let mut places = Vec::with_capacity(translation.blocks.len());
    let mut cursor = Cursor::default();
    let mut findings = Vec::new();
    let mut placed = Vec::new();
    let package = translation.document.package();
    outcome.text = translation.document.rejoin_marked(|index, block| {
        let marked = translation.marked(index);
        places.push(cursor.advance(&translation, index, block, marked.as_ref(), &mut positions));
        let Marked { text, lost, packed, .. } = marked?;
        findings.extend(lost_tags(&lost, package.is_some(), translation.blocks[index].start));
        placed.extend(block.place.clone().zip(packed));
        Some(text)
    });
    if let Some(package) = package {
        let words = NewWords { placed, is_bilingual, text: &outcome.text };
        outcome.file = Some(formats::repacked(package, words)?);
    }
    findings.extend(read::outside(translation.document, read::Fate::Kept));
    positions.stages = stages::slots(&translation, |index| places[index].clone());
    add_results(translation.results, outcome);
    outcome.findings.extend(findings);
    Ok(positions)
}

/// Byte offsets while blocks are joined in order.
#[derive(Default)]
struct Cursor {
    /// Start of the next block in [`Document::article`].
    article: usize,
    /// End of the last block in the document's old text.
    source: usize,
    /// End of the last block in the new text.
    output: usize,
}

impl Cursor {
    /// Passes a block, whose new text is `marked` if it has chunks, and notes where its chunks
    /// start. Returns its place in the new text.
    fn advance(
        &mut self,
        translation: &DocumentTranslation<'_>,
        index: usize,
        block: &Block,
        marked: Option<&Marked<'_>>,
        positions: &mut SegmentPositions,
    ) -> std::ops::Range<usize> {
        let document = translation.document;
        let start = self.output + (block.span.start - self.source);
        self.source = block.span.end;
        let length = marked.map_or(block.span.len(), |marked| marked.text.len());
        self.output = start + length;
        let is_article = matches!(block.kind, BlockKind::Title | BlockKind::Paragraph);
        let is_plain = marked.is_some_and(|marked| marked.is_plain);
        let (mut source, mut output) = (self.article, start);
        for at in translation.blocks[index].clone() {
            let chunk = translation.chunks[at].text;
            let leading_space = chunk.len() - chunk.trim_start().len();
            positions.sources[at] = is_article.then_some(source + leading_space);
            positions.outputs[at] = is_plain.then_some(output);
            positions.shown[at].clone_from(&block.shown);
            source += chunk.len();
            output += translation.results[at].segment.text.len() + trailing_space(chunk).len();
        }
        if is_article {
            self.article += document.block_text(block).len() + BLANK_LINE.len();
        }
        start..self.output
    }
}

/// A finding for tags of a block that found no place among its new words; `None` without any. Tags
/// of an office file are shown without their numbers.
fn lost_tags(lost: &[&str], is_packed: bool, segment: usize) -> Option<Finding> {
    let name = |tag: &&str| match tag.split_once(' ').filter(|_| is_packed) {
        Some((name, _)) => format!("{name}>"),
        None => (*tag).to_string(),
    };
    let tags = lost.iter().map(name).collect::<Vec<_>>().join(" ");
    let finding = || {
        Finding::new("tags", "tags_lost", format!("lost in the translation: {tags}"))
            .in_korean(format!("번역문에서 사라진 태그: {tags}"))
            .at(segment)
            .severity(Severity::Minor)
    };
    (!lost.is_empty()).then(finding)
}

/// Passes finished blocks on, from number `first`, each with the space before it. Returns the
/// number of the first block that is not finished.
pub(super) fn stream_blocks(
    translation: &DocumentTranslation<'_>,
    first: usize,
    observer: &mut Observer<'_>,
) -> Result<usize> {
    let count = translation.blocks.len();
    let end = (first..count).find(|index| !translation.is_finished(*index)).unwrap_or(count);
    for index in first..end {
        observer.text(&streamed_block(translation, index))?;
    }
    Ok(end)
}

fn streamed_block(translation: &DocumentTranslation<'_>, index: usize) -> String {
    let document: &Document = translation.document;
    let blocks = document.blocks();
    let block = &blocks[index];
    let previous_end = if index == 0 { 0 } else { blocks[index - 1].span.end };
    let before = &document.text()[previous_end..block.span.start];
    let text = match translation.marked(index) {
        Some(marked) => marked.text,
        None => document.text()[block.span.clone()].to_string(),
    };
    let is_last = index + 1 == blocks.len();
    let after = if is_last { document.text()[block.span.end..].trim_end() } else { "" };
    format!("{before}{text}{after}")
}
