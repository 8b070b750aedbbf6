//! Step 4, generate: chunks through the model. Text is streamed as it becomes final, and chunks of
//! a translation that fail are split and tried again.

use super::chunk::{ChunkResult, Second, SourceChunk, trailing_space};
use super::clauses;
use super::finish::finish;
use super::join;
use super::length_limit::{LengthLimit, StreamedOutput};
use super::memory::SegmentMemory;
use super::progress::StageProgress;
use super::prompt::{self, EncodedPrompt, PartEncoder};
use super::repair;
use super::segment;
use super::setup::TaskSetup;
use super::tags;
use super::translation::DocumentTranslation;
use super::window::{self, REASONING_TOKENS};
use crate::error::{Error, Result};
use crate::event::{Event, Finish, Observer};
use crate::finding::{Finding, Severity};
use crate::generation::{Control, Options, Update};
use crate::language::Language;
use crate::outcome::Segment;
use crate::prompts::Task;
use crate::reasoning::Answer;

/// Batches of an encoder-decoder model that are generated between two outputs of text: the
/// sentences of all of them are sorted by length.
const BATCHES: usize = 8;
/// How often a failed chunk is split again.
const MAX_SPLITS: usize = 2;

/// Generates an answer to each chunk. The observer receives text as it is generated, so that only a
/// single chunk may have an observer of text.
pub(super) fn answers(
    setup: &TaskSetup<'_>,
    task: Task,
    chunks: &[SourceChunk<'_>],
    progress: &mut StageProgress,
    observer: &mut Observer<'_>,
) -> Result<Vec<ChunkResult>> {
    observer.event(&Event::Stage { stage: task.as_str(), segments: chunks.len() });
    observer.event(&progress.event());
    let encoder = PartEncoder::new(setup, task)?;
    let encoded = encoder.encode_all(chunks, observer)?;
    let prompts: Vec<Vec<u32>> = encoded.iter().map(|prompt| prompt.ids.clone()).collect();
    for (index, ids) in prompts.iter().enumerate() {
        observer.event(&Event::Prompt { index, ids: ids.clone() });
    }
    let reasoning = encoder.open_reasoning(&prompts);
    let options = options(setup, task, chunks, &encoder, &reasoning);

    progress.begin_batch(chunks.iter().zip(&prompts).map(|(chunk, ids)| (chunk.tokens, ids.len())));
    let limit = LengthLimit::of(setup, task);
    let mut streams: Vec<AnswerStream> =
        reasoning.iter().map(|mark| AnswerStream::new(*mark, limit)).collect();
    let mut sink = |index: usize, update: Update<'_>| {
        if progress.update(index, &update) {
            observer.event(&progress.event());
        }
        let fresh = streams[index].push(update);
        // The text of a search is final at its end, when it is passed on as a whole.
        let passed_on = observer.text(if setup.seq2seq.is_none() { &fresh } else { "" });
        match passed_on {
            Err(_) => Control::Cancel,
            Ok(()) if streams[index].output.is_full() => Control::Stop,
            Ok(()) => Control::Continue,
        }
    };
    let generated = setup.model.generate(&prompts, &options, &mut sink)?;
    progress.end_batch();

    let mut results = Vec::with_capacity(chunks.len());
    for (index, (chunk, generated)) in chunks.iter().zip(generated).enumerate() {
        if generated.rolled_back > 0 {
            observer.event(&Event::Rescued { index, tokens: generated.rolled_back });
        }
        let EncodedPrompt { examples_left_out, similar, .. } = &encoded[index];
        let mut result = finish(setup, task, chunk, generated, reasoning[index], similar);
        result.findings.extend(prompt::examples_left_out(setup, task, *examples_left_out));
        if result.still_reasoning && result.segment.text.is_empty() && task != Task::Translate {
            let model = setup.model.name().to_string();
            return Err(Error::NoAnswer { model, tokens: result.tokens });
        }
        let (finish, tokens) = (result.segment.finish, result.tokens);
        observer.event(&Event::Segment { index, finish, tokens });
        if setup.seq2seq.is_some() {
            observer.text(&result.segment.text)?;
        }
        results.push(result);
    }
    Ok(results)
}

/// Token-level options of a batch.
fn options(
    setup: &TaskSetup<'_>,
    task: Task,
    chunks: &[SourceChunk<'_>],
    encoder: &PartEncoder<'_>,
    reasoning: &[Option<&'static str>],
) -> Options {
    let longest = chunks.iter().map(|chunk| chunk.tokens).max().unwrap_or(0);
    let mut options = setup.job.generation.clone();
    options.max_tokens = window::answer_limit(setup, task, longest);
    if reasoning.iter().any(Option::is_some) {
        options.max_tokens += REASONING_TOKENS;
    }
    options.stop.extend_from_slice(encoder.stop());
    options.beam_search = setup.seq2seq.as_ref().map(|seq2seq| seq2seq.search.clone());
    options
}

/// The text of one answer while it is generated: without its reasoning, and no longer than its
/// limit.
struct AnswerStream {
    answer: Answer,
    output: StreamedOutput,
}

impl AnswerStream {
    /// `reasoning` is the mark that closes reasoning which the prompt has opened.
    fn new(reasoning: Option<&'static str>, limit: Option<LengthLimit>) -> Self {
        Self { answer: Answer::after(reasoning), output: StreamedOutput::new(limit) }
    }

    /// Text that has become final.
    fn push(&mut self, update: Update<'_>) -> String {
        match update {
            Update::Text(text) => self.output.push(&self.answer.push(text)),
            // Text was held back because it could have been the start of a mark of reasoning.
            Update::Done if !self.output.is_full() => {
                let (rest, _) = self.answer.finish();
                self.output.push(&rest)
            }
            Update::Progress(_) | Update::Done => String::new(),
        }
    }
}

/// Translates the chunks of a document that the memory does not have, repairs them, and passes the
/// text on block by block, in order. Returns findings about what was missing for it: the memory,
/// the second model.
pub(super) fn translation(
    setup: &TaskSetup<'_>,
    translation: &mut DocumentTranslation<'_>,
    observer: &mut Observer<'_>,
) -> Result<Vec<Finding>> {
    // As many chunks together as the engine takes, which reads the weights once for all of them;
    // not more, so that finished text need not wait for the end.
    let batches = if setup.seq2seq.is_some() { BATCHES } else { 1 };
    let size = setup.job.generation.batch.max(1) * batches;
    let mut memory = SegmentMemory::recall(setup, &translation.chunks, observer)?;
    let count = translation.chunks.len();
    let missing: Vec<usize> = (0..count).filter(|index| !memory.has(*index)).collect();
    let chunks: Vec<SourceChunk<'_>> =
        missing.iter().map(|index| translation.chunks[*index].clone()).collect();
    let parts: Vec<Vec<SourceChunk<'_>>> =
        chunks.iter().map(|chunk| clauses::parts(setup, chunk)).collect();
    let mut progress = StageProgress::new(Task::Translate, &parts.concat());
    let (mut blocks_out, mut no_second) = (0, None);
    let batches = chunks.chunks(size).zip(parts.chunks(size));
    for (indexes, (batch, parts)) in missing.chunks(size).zip(batches) {
        let results = observer.without_text(|observer| {
            let all = parts.concat();
            let answered = answers(setup, Task::Translate, &all, &mut progress, observer)?;
            let mut retried = Vec::with_capacity(all.len());
            for (part, answer) in all.iter().zip(answered) {
                retried.push(retry(setup, part, answer, MAX_SPLITS, &mut progress, observer)?);
            }
            let mut retried = joined(batch, parts, retried, setup.languages.to);
            repair::translations(setup, batch, &mut retried, &mut progress, observer)?;
            let missing =
                repair::second_opinion(setup, batch, &mut retried, &mut progress, observer)?;
            no_second = no_second.take().or(missing);
            Ok::<_, Error>(retried)
        })?;
        memory.keep(indexes.iter().copied().zip(&results));
        for (index, mut result) in indexes.iter().zip(results) {
            memory.add_to(translation, *index);
            tags::align(setup, translation, *index, &mut result, observer)?;
            translation.results.push(result);
        }
        blocks_out = join::stream_blocks(translation, blocks_out, observer)?;
    }
    memory.add_to(translation, count);
    // A document without chunks is passed on as it is.
    join::stream_blocks(translation, blocks_out, observer)?;
    Ok(memory.failure().into_iter().chain(no_second).collect())
}

/// The results of chunks from the answers to all their parts.
fn joined(
    chunks: &[SourceChunk<'_>],
    parts: &[Vec<SourceChunk<'_>>],
    answers: Vec<ChunkResult>,
    to: Language,
) -> Vec<ChunkResult> {
    let mut answers = answers.into_iter();
    let of = |(chunk, parts): (&SourceChunk<'_>, &Vec<SourceChunk<'_>>)| {
        clauses::joined(chunk, parts, answers.by_ref().take(parts.len()).collect(), to)
    };
    chunks.iter().zip(parts).filter_map(of).collect()
}

/// Splits a chunk whose translation ran into its limit or into a loop, and tries again. A chunk
/// that still fails is kept, with its findings.
fn retry(
    setup: &TaskSetup<'_>,
    chunk: &SourceChunk<'_>,
    result: ChunkResult,
    splits: usize,
    progress: &mut StageProgress,
    observer: &mut Observer<'_>,
) -> Result<ChunkResult> {
    // A model that does not stop reasoning does not stop for a shorter text either.
    if splits == 0 || result.segment.finish == Finish::Stop || result.still_reasoning {
        return Ok(result);
    }
    let halves = segment::split(setup.model, chunk.text, chunk.tokens.div_ceil(2), observer)?;
    if halves.len() < 2 {
        return Ok(result);
    }
    let mut whole = ChunkResult {
        segment: Segment { text: String::new(), finish: Finish::Stop, ..result.segment },
        tokens: result.tokens,
        still_reasoning: false,
        findings: vec![split_finding(halves.len())],
        counterparts: Vec::new(),
        ids: Vec::new(),
        second: Second::NotNeeded,
    };
    let mut retried = progress.for_retry();
    let results = answers(setup, Task::Translate, &halves, &mut retried, observer)?;
    progress.add_retry(&retried);
    for (half, result) in halves.iter().zip(results) {
        let result = retry(setup, half, result, splits - 1, progress, observer)?;
        whole.segment.text.push_str(&result.segment.text);
        whole.segment.text.push_str(trailing_space(half.text));
        whole.segment.finish = whole.segment.finish.max(result.segment.finish);
        whole.tokens += result.tokens;
        whole.findings.extend(result.findings);
    }
    whole.segment.text.truncate(whole.segment.text.trim_end().len());
    Ok(whole)
}

fn split_finding(pieces: usize) -> Finding {
    let message = format!("translated again in {pieces} pieces");
    Finding::new("split", "split", message)
        .in_korean(format!("{pieces}부분으로 나누어 다시 번역"))
        .severity(Severity::Minor)
        .value("pieces", pieces)
}
