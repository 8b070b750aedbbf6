//! Between check and join, repair: answers with severe doubts are generated again in other ways,
//! and the best by the checks is kept. The first answer stays unless another one is better.
//!
//! The ways are tried in rounds; the attempts of all answers in a round are one batch. What is
//! written does not depend on the other answers: seeds are fixed, and each prompt has a random
//! stream of its own.

mod demands;
mod penalty;

use std::time::Instant;

use super::attempt::{self, Attempt};
use super::chunk::{ChunkResult, SourceChunk, trailing_space};
use super::progress::StageProgress;
use super::setup::TaskSetup;
use crate::checks::{self, OutputKind, Pair};
use crate::error::Result;
use crate::event::{Event, Observer};
use crate::finding::{Finding, Severity};
use crate::job::Repair;
use crate::prompts::Task;
use crate::segment::sentences;
use demands::Demands;
use penalty::Penalty;

/// A way to answer a text again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    /// The likeliest tokens, with the words that the checks miss in the prompt.
    Demanded,
    /// Sampled at random; the number is added to the seed.
    Sampled(u64),
    /// Sentence by sentence.
    Sentences,
}

impl Method {
    /// The words for English and for Korean messages.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Demanded => ("with the missing words given", "빠진 말 제시"),
            Self::Sampled(_) => ("by sampling", "표본 추출"),
            Self::Sentences => ("sentence by sentence", "문장별 작성"),
        }
    }
}

/// Rounds for translations and summaries. Answers without severe doubts leave after each.
const TRANSLATION: &[&[Method]] = &[
    &[Method::Demanded, Method::Sampled(1)],
    &[Method::Sentences, Method::Sampled(2), Method::Sampled(3)],
];
const SUMMARY: &[&[Method]] =
    &[&[Method::Demanded, Method::Sampled(1)], &[Method::Sampled(2), Method::Sampled(3)]];
/// Rounds for models that search: they do not sample, and translate sentences anyway.
const SEARCH: &[&[Method]] = &[&[Method::Demanded]];

/// An answer that may be repaired.
struct Case<'t> {
    /// Text that the model reads.
    text: &'t str,
    /// Text that the answer is compared with: the same, or the whole article of a summary.
    source: &'t str,
    kind: OutputKind,
}

impl Case<'_> {
    /// The doubts about an answer: of the checks, and of its generation.
    fn doubts(&self, setup: &TaskSetup<'_>, result: &ChunkResult) -> Vec<Finding> {
        let pair = Pair {
            source: self.source,
            output: &result.segment.text,
            from: setup.languages.from,
            to: setup.languages.to,
            kind: self.kind,
        };
        let mut doubts = checks::check(&pair, &setup.job.options.checks);
        // What is wrong with the source alone, no answer can mend.
        doubts.retain(|doubt| doubt.kind != checks::ORDER_IN_SOURCE);
        doubts.extend(result.findings.iter().filter(|finding| finding.is_doubt()).cloned());
        // Of equal doubts one is shown, and one counts.
        Finding::arrange(&mut doubts);
        doubts
    }
}

/// An answer under repair, with the best attempt so far.
struct Patient<'t> {
    case: Case<'t>,
    /// Index in the results.
    index: usize,
    demands: Demands,
    before: Vec<Finding>,
    best: Option<Candidate>,
    /// Tokens of all attempts.
    tokens: usize,
}

struct Candidate {
    result: ChunkResult,
    penalty: Penalty,
    method: Method,
}

impl Patient<'_> {
    fn penalty(&self) -> Penalty {
        self.best.as_ref().map_or_else(|| Penalty::of(&self.before), |best| best.penalty)
    }

    /// Keeps a candidate if it is better than the first answer and than the best so far.
    fn consider(&mut self, candidate: Candidate) {
        let is_better = match &self.best {
            None => candidate.penalty.improves(Penalty::of(&self.before)),
            Some(best) => {
                let score = |candidate: &Candidate| candidate.result.segment.score;
                candidate.penalty.improves(Penalty::of(&self.before))
                    && (candidate.penalty.weight() < best.penalty.weight()
                        || candidate.penalty == best.penalty && score(&candidate) > score(best))
            }
        };
        if is_better {
            self.best = Some(candidate);
        }
    }
}

/// Repairs translations of chunks, in place.
pub(super) fn translations(
    setup: &TaskSetup<'_>,
    chunks: &[SourceChunk<'_>],
    results: &mut [ChunkResult],
    progress: &mut StageProgress,
    observer: &mut Observer<'_>,
) -> Result<()> {
    let cases = chunks.iter().map(|chunk| Case {
        text: chunk.text,
        source: chunk.text.trim(),
        kind: OutputKind::Translation,
    });
    let rounds = if setup.seq2seq.is_some() { SEARCH } else { TRANSLATION };
    repair(setup, Task::Translate, cases, results, rounds, progress, observer)
}

/// Repairs a summary of `article` that was made of `chunk`, in place.
pub(super) fn summary(
    setup: &TaskSetup<'_>,
    task: Task,
    article: &str,
    chunk: &SourceChunk<'_>,
    results: &mut [ChunkResult],
    progress: &mut StageProgress,
    observer: &mut Observer<'_>,
) -> Result<()> {
    let case = Case { text: chunk.text, source: article, kind: OutputKind::Summary };
    let rounds = if setup.seq2seq.is_some() { SEARCH } else { SUMMARY };
    repair(setup, task, std::iter::once(case), results, rounds, progress, observer)
}

/// Tries the rounds on all results that need it. `cases` are in the order of the results.
fn repair<'t>(
    setup: &TaskSetup<'_>,
    task: Task,
    cases: impl Iterator<Item = Case<'t>>,
    results: &mut [ChunkResult],
    rounds: &[&[Method]],
    progress: &mut StageProgress,
    observer: &mut Observer<'_>,
) -> Result<()> {
    let repair = setup.job.options.repair;
    if repair == Repair::Off {
        return Ok(());
    }
    let began = Instant::now();
    let mut patients = Vec::new();
    for (index, (case, result)) in cases.zip(&*results).enumerate() {
        observer.check()?;
        // A model that does not end its reasoning does not end it at another try either.
        if result.still_reasoning {
            continue;
        }
        let before = case.doubts(setup, result);
        if Penalty::of(&before).needs_repair(repair) {
            let demands = Demands::of(setup, case.source, &before);
            patients.push(Patient { case, index, demands, before, best: None, tokens: 0 });
        }
    }
    for methods in rounds {
        let needs_repair = |patient: &&mut Patient<'_>| patient.penalty().needs_repair(repair);
        let mut treated: Vec<&mut Patient<'_>> = patients.iter_mut().filter(needs_repair).collect();
        round(setup, task, &mut treated, methods, progress, observer)?;
    }
    if patients.is_empty() {
        return Ok(());
    }
    let repaired = patients.iter().filter(|patient| patient.best.is_some()).count();
    observer.event(&Event::Repair {
        segments: patients.len(),
        repaired,
        tokens: patients.iter().map(|patient| patient.tokens).sum(),
        seconds: began.elapsed().as_secs_f64(),
    });
    for Patient { case, index, before, best, tokens, .. } in patients {
        let result = &mut results[index];
        let tokens = result.tokens + tokens;
        if let Some(Candidate { result: better, method, .. }) = best {
            let after = case.doubts(setup, &better);
            *result = better;
            result.findings.push(repaired_finding(&before, &after, method));
        }
        result.tokens = tokens;
        if setup.seq2seq.is_none() {
            // Only answers under repair have it.
            result.segment.score = None;
        }
    }
    Ok(())
}

/// One batch of attempts, each method for each patient that it suits.
fn round(
    setup: &TaskSetup<'_>,
    task: Task,
    patients: &mut [&mut Patient<'_>],
    methods: &[Method],
    progress: &mut StageProgress,
    observer: &mut Observer<'_>,
) -> Result<()> {
    let mut attempts = Vec::new();
    // The patient, the method, and the texts it is answered in.
    let mut plans: Vec<(usize, Method, Vec<&str>)> = Vec::new();
    for (at, patient) in patients.iter().enumerate() {
        for method in methods {
            let texts = pieces(patient, *method);
            attempts.extend(texts.iter().map(|text| attempt(setup, patient, *method, text)));
            if !texts.is_empty() {
                plans.push((at, *method, texts));
            }
        }
    }
    if attempts.is_empty() {
        return Ok(());
    }
    let mut answers = attempt::answers(setup, task, &attempts, progress, observer)?.into_iter();
    drop(attempts);
    for (at, method, texts) in plans {
        let answers: Vec<ChunkResult> = answers.by_ref().take(texts.len()).collect();
        let Some(result) = joined(patients[at].case.text, &texts, answers) else { continue };
        patients[at].tokens += result.tokens;
        // No text has no wrong words, and is of no use.
        if result.segment.text.trim().is_empty() {
            continue;
        }
        let penalty = Penalty::of(&patients[at].case.doubts(setup, &result));
        patients[at].consider(Candidate { result, penalty, method });
    }
    Ok(())
}

/// The texts that a method answers for a patient; none if it would give the first answer again.
fn pieces<'t>(patient: &Patient<'t>, method: Method) -> Vec<&'t str> {
    let text = patient.case.text;
    match method {
        Method::Demanded if patient.demands.are_empty() => Vec::new(),
        Method::Demanded | Method::Sampled(_) => vec![text],
        Method::Sentences => {
            let pieces = sentences(text);
            if pieces.len() > 1 { pieces } else { Vec::new() }
        }
    }
}

fn attempt<'t>(
    setup: &TaskSetup<'_>,
    patient: &Patient<'_>,
    method: Method,
    text: &'t str,
) -> Attempt<'t> {
    let base = setup.job.options.seed.unwrap_or(0);
    let seed = match method {
        Method::Sampled(number) => Some(base.wrapping_add(number)),
        Method::Demanded | Method::Sentences => None,
    };
    let demands = &patient.demands;
    Attempt { text, terms: demands.terms_in(text), seed, rules: demands.rules_for(setup, text) }
}

/// The answers to the pieces of a text as one.
fn joined(text: &str, pieces: &[&str], answers: Vec<ChunkResult>) -> Option<ChunkResult> {
    let count = answers.len() as f32;
    let mut answers = answers.into_iter().zip(pieces);
    let (mut whole, first) = answers.next()?;
    let mut space = trailing_space(first);
    for (answer, piece) in answers {
        whole.segment.text.push_str(space);
        whole.segment.text.push_str(&answer.segment.text);
        whole.segment.finish = whole.segment.finish.max(answer.segment.finish);
        let scores = whole.segment.score.zip(answer.segment.score);
        whole.segment.score = scores.map(|(sum, score)| sum + score);
        whole.tokens += answer.tokens;
        whole.still_reasoning |= answer.still_reasoning;
        whole.findings.extend(answer.findings);
        space = trailing_space(piece);
    }
    whole.segment.score = whole.segment.score.map(|sum| sum / count);
    whole.segment.source = text.trim().to_string();
    Some(whole)
}

/// A note on a repaired answer: what was wrong with it, what still is, and how it was repaired.
fn repaired_finding(before: &[Finding], after: &[Finding], method: Method) -> Finding {
    let (how, how_ko) = method.words();
    let (was, is) = (before.len(), after.len());
    let first = before.iter().min_by_key(|finding| finding.severity);
    let (message, korean) = first
        .map(|finding| (finding.message.as_str(), finding.message_ko.as_str()))
        .unwrap_or_default();
    let korean = if korean.is_empty() { message } else { korean };
    let doubts = if was == 1 { "doubt" } else { "doubts" };
    let kinds: Vec<&str> = before.iter().map(|finding| finding.kind.as_str()).collect();
    Finding::new(
        "repaired",
        "repaired",
        format!("written again {how}: {was} {doubts} before, {is} after; before: {message}"),
    )
    .in_korean(format!("다시 작성({how_ko}), 의심 {was}건 → {is}건, 이전: {korean}"))
    .severity(Severity::Minor)
    .value("kinds", kinds)
    .value("before", was)
    .value("after", is)
}
