//! Between segment and generate, memory: segments that the desk has a translation for are not
//! generated again, and what was generated is kept.
//!
//! A translation that people gave for exactly this text is reused whatever the model. A machine's
//! is reused if all that it depends on is the same; the key below is the list of that.

use serde::{Deserialize, Serialize};

use super::chunk::{ChunkResult, Second, SourceChunk, trailing_space};
use super::clauses;
use super::prompt::PartEncoder;
use super::setup::TaskSetup;
use super::translation::DocumentTranslation;
use crate::checks;
use crate::desk::{Desk, LEAST_LIKENESS, Origin, Recalled, SegmentKey, Unit, Written};
use crate::document::Counterpart;
use crate::error::Result;
use crate::event::{Finish, Observer};
use crate::finding::{Finding, Severity};
use crate::job::Repair;
use crate::outcome::{MemoryUse, Segment};
use crate::prompts::Task;
use crate::segment::sentences;
use crate::semantic;

/// Counts changes to the pipeline after which an earlier text is not made again the same way.
const PIPELINE_VERSION: &[u8] = b"1";

/// How a machine made a translation, beside its words.
#[derive(Serialize, Deserialize)]
struct Making {
    /// Tokens that were generated for it.
    #[serde(default)]
    tokens: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    score: Option<f32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    findings: Vec<Finding>,
    /// Likeness, in percent, of the examples that the model was shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    examples: Vec<u8>,
    /// The model that wrote it, if that is the second one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    /// True if the second model was asked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    asked: bool,
}

/// The memory of one translation: what was found, and what to keep.
pub(super) struct SegmentMemory<'a> {
    setup: &'a TaskSetup<'a>,
    desk: Option<&'a Desk>,
    /// For each chunk its key and what was found for it.
    chunks: Vec<(Option<SegmentKey>, Option<ChunkResult>)>,
    /// The first failure of the desk's store; the translation goes on without it.
    failure: Option<Finding>,
}

impl<'a> SegmentMemory<'a> {
    /// Looks all chunks up.
    pub fn recall(
        setup: &'a TaskSetup<'a>,
        chunks: &[SourceChunk<'_>],
        observer: &mut Observer<'_>,
    ) -> Result<Self> {
        let desk = setup.job.options.desk.as_deref();
        let mut memory = Self { setup, desk, chunks: Vec::new(), failure: None };
        let Some(desk) = desk else {
            memory.chunks.resize_with(chunks.len(), || (None, None));
            return Ok(memory);
        };
        let encoder = PartEncoder::new(setup, Task::Translate)?;
        for chunk in chunks {
            observer.check()?;
            let key = key(setup, &encoder, chunk)?;
            let found = memory.note_failure(look_up(setup, desk, chunk, key)).flatten();
            memory.chunks.push((Some(key), found));
        }
        Ok(memory)
    }

    /// True if the translation of a chunk was found and not yet taken.
    pub fn has(&self, chunk: usize) -> bool {
        self.chunks[chunk].1.is_some()
    }

    /// Adds to a translation what was found for its next chunks, up to chunk `end`.
    pub fn add_to(&mut self, translation: &mut DocumentTranslation<'_>, end: usize) {
        while translation.results.len() < end
            && let Some(result) = self.chunks[translation.results.len()].1.take()
        {
            translation.results.push(result);
        }
    }

    /// Keeps generated translations, each with the index of its chunk. One that the model did not
    /// finish, or that lacks a second opinion, is not kept.
    pub fn keep<'r>(&mut self, results: impl Iterator<Item = (usize, &'r ChunkResult)>) {
        let Some(desk) = self.desk.filter(|desk| !desk.is_read_only()) else { return };
        let finished = results.filter(|(_, result)| {
            result.segment.finish == Finish::Stop
                && !result.still_reasoning
                && result.second != Second::Missing
        });
        let written: Vec<Written> =
            finished.filter_map(|(chunk, result)| self.written(chunk, result)).collect();
        if !written.is_empty() {
            self.note_failure(desk.keep(written));
        }
    }

    fn written(&self, chunk: usize, result: &ChunkResult) -> Option<Written> {
        let (key, _) = self.chunks[chunk];
        let Segment { source, text, score, memory, model, .. } = &result.segment;
        let mut unit = Unit::new(self.setup.languages, source, text, Origin::Machine);
        let by = model.as_deref().unwrap_or(self.setup.model.name());
        unit.by = Some(by.to_string());
        let making = Making {
            tokens: result.tokens,
            score: *score,
            findings: result.findings.clone(),
            examples: memory.as_ref().map_or_else(Vec::new, |memory| memory.examples.clone()),
            model: model.clone(),
            asked: result.second == Second::Asked,
        };
        Some(Written { unit, key: Some(key?), outcome: serde_json::to_string(&making).ok() })
    }

    /// A finding if the store failed.
    pub fn failure(self) -> Option<Finding> {
        self.failure
    }

    fn note_failure<T>(&mut self, result: Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.failure.get_or_insert_with(|| {
                    Finding::new("memory", "memory_failed", format!("without memory: {error}"))
                        .in_korean(format!("번역 메모리를 쓰지 못함: {error}"))
                        .severity(Severity::Minor)
                });
                None
            }
        }
    }
}

/// Everything that the model's translation of a chunk depends on. The token ids of the prompt stand
/// for its wording, the chat template, the text and near examples of the memory; terms that occur
/// count with their alternatives and forbidden words, which repair reads. Of far examples only that
/// they are wanted counts: with each of them a memory that grows would make every segment again.
fn key(
    setup: &TaskSetup<'_>,
    encoder: &PartEncoder<'_>,
    chunk: &SourceChunk<'_>,
) -> Result<SegmentKey> {
    let (options, generation) = (&setup.job.options, &setup.job.generation);
    let ids = encoder.encode_without_far(chunk.text.trim())?;
    let prompt: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes()).collect();
    let terms = checks::terms_in(chunk.text, setup.languages, &options.checks);
    let terms: Vec<String> = terms.iter().map(|found| format!("{:?}", found.term)).collect();
    let languages = [setup.languages.from.code(), setup.languages.to.code()].concat();
    let sampling = format!(
        "{:?} {} {} {:?} {:?} {:?}",
        generation.sampling,
        generation.repetition_penalty,
        generation.no_repeat_ngram,
        options.seed,
        options.max_tokens,
        options.beams
    );
    let repair = match options.repair {
        Repair::Off => String::new(),
        repair => format!(
            "{} {:?} {:?} {} {:?}",
            repair.as_str(),
            options.checks.register,
            options.checks.encoder.as_ref().map(|encoder| encoder.name().to_string()),
            options.checks.estimation.name(),
            options.checks.patterns.as_ref().map(|patterns| patterns.text())
        ),
    };
    let terms = terms.concat();
    let mut facts = vec![
        PIPELINE_VERSION,
        languages.as_bytes(),
        setup.model.fingerprint().as_bytes(),
        &prompt,
        terms.as_bytes(),
        sampling.as_bytes(),
        repair.as_bytes(),
    ];
    let far = options.similar.filter(|least| *least < LEAST_LIKENESS);
    let far = far.map(|least| {
        let desk = options.desk.as_deref();
        let is_indexed = desk.is_some_and(|desk| semantic::is_indexed(desk, &options.checks));
        let encoder = options.checks.encoder.as_ref();
        let encoder = encoder.filter(|_| is_indexed && least == 0).map(|encoder| encoder.name());
        format!("{least} {} {encoder:?}", options.examples.max())
    });
    facts.extend(far.as_deref().map(str::as_bytes));
    let second = options.second.as_ref();
    let second = second.map(|second| format!("second {} {}", second.name(), second.fingerprint()));
    facts.extend(second.as_deref().map(str::as_bytes));
    if clauses::parts(setup, chunk).len() > 1 {
        facts.push(b"clauses");
    }
    Ok(SegmentKey::of(&facts))
}

/// What the desk has for a chunk: the words of people for the whole or for each sentence of it,
/// else the machine's.
fn look_up(
    setup: &TaskSetup<'_>,
    desk: &Desk,
    chunk: &SourceChunk<'_>,
    key: SegmentKey,
) -> Result<Option<ChunkResult>> {
    let text = chunk.text.trim();
    if let Some(unit) = desk.exact(setup.languages, text)? {
        let counterparts = counterparts(&unit, text, 0, 0);
        let found = result(text, unit.target.trim().to_string(), unit.origin);
        return Ok(Some(ChunkResult { counterparts, ..found }));
    }
    if let Some(found) = sentence_by_sentence(setup, desk, text)? {
        return Ok(Some(found));
    }
    let Some(Recalled { unit, outcome }) = desk.recall(key)? else { return Ok(None) };
    let mut found = result(text, unit.target, Origin::Machine);
    let making = outcome.and_then(|outcome| serde_json::from_str::<Making>(&outcome).ok());
    if let Some(Making { tokens, score, findings, examples, model, asked }) = making {
        found.segment.memory = Some(MemoryUse { reused: Some(Origin::Machine), examples });
        found.tokens = tokens;
        found.segment.score = score;
        found.findings = findings;
        found.segment.model = model;
        found.second = if asked { Second::Asked } else { Second::NotNeeded };
    }
    Ok(Some(found))
}

/// The translation of a text of several sentences, each of which people have translated, with the
/// weakest of their origins.
fn sentence_by_sentence(
    setup: &TaskSetup<'_>,
    desk: &Desk,
    text: &str,
) -> Result<Option<ChunkResult>> {
    let sentences = sentences(text);
    if sentences.len() < 2 {
        return Ok(None);
    }
    let (mut target, mut origin) = (String::new(), Origin::Confirmed);
    let (mut known, mut start) = (Vec::new(), 0);
    for sentence in sentences {
        let Some(unit) = desk.exact(setup.languages, sentence)? else { return Ok(None) };
        let lead = sentence.len() - sentence.trim_start().len();
        known.extend(counterparts(&unit, sentence.trim(), start + lead, target.len()));
        target.push_str(unit.target.trim());
        target.push_str(trailing_space(sentence));
        origin = origin.min(unit.origin);
        start += sentence.len();
    }
    let found = result(text, target.trim_end().to_string(), origin);
    Ok(Some(ChunkResult { counterparts: known, ..found }))
}

/// The counterparts of a unit whose texts start at these bytes of source and translation; none if
/// the white space of its source is not that of the text.
fn counterparts(unit: &Unit, text: &str, source: usize, target: usize) -> Vec<Counterpart> {
    if unit.source.trim() != text {
        return Vec::new();
    }
    unit.counterparts().into_iter().map(|one| one.shifted(source, target)).collect()
}

fn result(source: &str, text: String, origin: Origin) -> ChunkResult {
    let segment = Segment {
        source: source.to_string(),
        text,
        finish: Finish::Stop,
        score: None,
        estimate: None,
        memory: Some(MemoryUse { reused: Some(origin), examples: Vec::new() }),
        model: None,
    };
    ChunkResult {
        segment,
        tokens: 0,
        still_reasoning: false,
        findings: Vec::new(),
        counterparts: Vec::new(),
        ids: Vec::new(),
        second: Second::NotNeeded,
    }
}
