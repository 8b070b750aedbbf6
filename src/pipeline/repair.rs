//! Between check and join, repair: answers with severe doubts are generated again in other ways,
//! and the best by the checks is kept. The first answer stays unless another one is better. What is
//! still doubtful then is translated by the second model, if there is one.
//!
//! The ways are tried in rounds; the attempts of all answers in a round are one batch. What is
//! written does not depend on the other answers: seeds are fixed, and each prompt has a random
//! stream of its own.

mod demands;
mod penalty;

use std::time::Instant;

use super::attempt::{self, Attempt};
use super::chunk::{ChunkResult, Second, SourceChunk, joined};
use super::clauses;
use super::progress::StageProgress;
use super::segment;
use super::setup::TaskSetup;
use crate::checks::{self, OutputKind, Pair};
use crate::error::{Error, Result};
use crate::event::{Event, Observer};
use crate::finding::{Finding, Severity};
use crate::job::{Capabilities, Job, Repair, SecondModel, TaskOptions};
use crate::model::Model;
use crate::prompts::Task;
use crate::segment::sentences;
use demands::Demands;
use penalty::Penalty;

/// A way to answer a text again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    /// The likeliest tokens of the second model.
    Second,
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
            Self::Second => ("by the second model", "두 번째 모델"),
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
/// Rounds for the second model, and for one that searches.
const SECOND: &[&[Method]] = &[&[Method::Second], &[Method::Demanded, Method::Sampled(1)]];
const SECOND_SEARCH: &[&[Method]] = &[&[Method::Second], &[Method::Demanded]];

/// An answer that may be repaired.
struct Case<'t> {
    /// Text that the model reads.
    text: &'t str,
    /// Text that the answer is compared with: the same, or the whole article of a summary.
    source: &'t str,
    kind: OutputKind,
}

impl<'t> Case<'t> {
    /// The parts of the text that the model answers apart: clauses of a long sentence.
    fn parts(&self, setup: &TaskSetup<'_>) -> Vec<&'t str> {
        if self.kind != OutputKind::Translation {
            return vec![self.text];
        }
        let tokens = setup.model.count(self.text);
        let parts = clauses::parts(setup, &SourceChunk { text: self.text, tokens });
        parts.into_iter().map(|part| part.text).collect()
    }

    fn pair<'p>(&'p self, setup: &TaskSetup<'_>, output: &'p str) -> Pair<'p> {
        Pair {
            source: self.source,
            output,
            from: setup.languages.from,
            to: setup.languages.to,
            kind: self.kind,
        }
    }

    /// The estimate of an answer's quality.
    fn estimate(&self, setup: &TaskSetup<'_>, output: &str) -> Option<f32> {
        checks::assess(&self.pair(setup, output), &setup.job.options.checks).estimate
    }

    /// The doubts about an answer: of the checks, and of its generation.
    fn doubts(&self, setup: &TaskSetup<'_>, result: &ChunkResult) -> Vec<Finding> {
        let pair = self.pair(setup, &result.segment.text);
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
    /// The first answer.
    first: String,
    /// The text in parts that fit the model.
    parts: Vec<&'t str>,
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
    /// True if its doubts weigh as much as the first answer's, and it is nearer in meaning.
    is_nearer: bool,
}

impl Patient<'_> {
    /// True if an answer has the first one's penalty, and a higher estimate.
    fn is_nearer(&self, setup: &TaskSetup<'_>, result: &ChunkResult, penalty: Penalty) -> bool {
        let estimate = |text| self.case.estimate(setup, text);
        penalty == Penalty::of(&self.before)
            && estimate(&self.first)
                .zip(estimate(&result.segment.text))
                .is_some_and(|(first, other)| other > first)
    }

    fn penalty(&self) -> Penalty {
        self.best.as_ref().map_or_else(|| Penalty::of(&self.before), |best| best.penalty)
    }

    /// Keeps a candidate if it is better than the first answer and than the best so far.
    fn consider(&mut self, candidate: Candidate) {
        let improves = candidate.is_nearer || candidate.penalty.improves(Penalty::of(&self.before));
        let is_better = match &self.best {
            None => improves,
            Some(best) => {
                let score = |candidate: &Candidate| candidate.result.segment.score;
                improves
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
    let rounds = if setup.seq2seq.is_some() { SEARCH } else { TRANSLATION };
    repair(setup, Task::Translate, cases(chunks), results, rounds, progress, observer)
}

/// The cases of translations.
fn cases<'t>(chunks: &[SourceChunk<'t>]) -> impl Iterator<Item = Case<'t>> {
    chunks.iter().map(|chunk| Case {
        text: chunk.text,
        source: chunk.text.trim(),
        kind: OutputKind::Translation,
    })
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

/// Translates again, by the second model, what is still doubtful, in place. Returns a finding if
/// there was a doubt and that model could not be used.
pub(super) fn second_opinion(
    setup: &TaskSetup<'_>,
    chunks: &[SourceChunk<'_>],
    results: &mut [ChunkResult],
    progress: &mut StageProgress,
    observer: &mut Observer<'_>,
) -> Result<Option<Finding>> {
    // The model that translates already has no other opinion.
    let second = setup.job.options.second.as_ref();
    let Some(second) = second.filter(|second| second.name() != setup.model.name()) else {
        return Ok(None);
    };
    // Severe doubts ask for it even where nothing is repaired.
    let scale = match setup.job.options.repair {
        Repair::Off => Repair::Auto,
        scale => scale,
    };
    let began = Instant::now();
    let mut patients = patients(setup, cases(chunks), results, scale, observer)?;
    if patients.is_empty() {
        return Ok(None);
    }
    let missing = match second.get() {
        Err(reason) => Some(no_second_opinion(second, reason)),
        Ok(opened) => {
            match translate_second(setup, opened, scale, &mut patients, progress, observer) {
                Ok(()) => None,
                Err(Error::Cancelled) => return Err(Error::Cancelled),
                Err(error) => Some(no_second_opinion(second, &error.to_string())),
            }
        }
    };
    let state = if missing.is_some() { Second::Missing } else { Second::Asked };
    patients.iter().for_each(|patient| results[patient.index].second = state);
    if missing.is_some() {
        return Ok(missing);
    }
    observer.event(&Event::SecondOpinion {
        segments: patients.len(),
        taken: patients.iter().filter(|patient| patient.best.is_some()).count(),
        tokens: patients.iter().map(|patient| patient.tokens).sum(),
        seconds: began.elapsed().as_secs_f64(),
    });
    for Patient { case, index, before, best, tokens, .. } in patients {
        let result = &mut results[index];
        let tokens = result.tokens + tokens;
        if let Some(Candidate { result: better, .. }) = best {
            let after = case.doubts(setup, &better);
            *result = better;
            result.second = Second::Asked;
            result.segment.model = Some(second.name().to_string());
            // Scores of two models cannot be compared.
            result.segment.score = None;
            result.findings.push(second_finding(&before, &after, second));
        }
        result.tokens = tokens;
    }
    Ok(None)
}

/// The job of the second model. A named prompt is for models that take one.
pub(super) fn second_job(job: &Job, (model, capabilities): &(Model, Capabilities)) -> Job {
    let prompt = job.options.prompt.clone().filter(|_| !model.is_encoder_decoder());
    Job {
        options: TaskOptions { prompt, ..job.options.clone() },
        capabilities: capabilities.clone(),
        ..job.clone()
    }
}

/// Tries the rounds of the second model.
fn translate_second(
    setup: &TaskSetup<'_>,
    opened: &(Model, Capabilities),
    scale: Repair,
    patients: &mut [Patient<'_>],
    progress: &mut StageProgress,
    observer: &mut Observer<'_>,
) -> Result<()> {
    let job = second_job(setup.job, opened);
    let other = TaskSetup::new(&opened.0, &job, Task::Translate, setup.languages)?;
    for patient in &mut *patients {
        let chunks = segment::chunks(&other, Task::Translate, patient.case.text, observer)?;
        let parts = chunks.iter().flat_map(|chunk| clauses::parts(&other, chunk));
        patient.parts = parts.map(|part| part.text).collect();
    }
    let rounds = if other.seq2seq.is_some() { SECOND_SEARCH } else { SECOND };
    treat(&other, Task::Translate, patients, scale, rounds, progress, observer)
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
    let mut patients = patients(setup, cases, results, repair, observer)?;
    // A model that does not end its reasoning does not end it at another try either.
    patients.retain(|patient| !results[patient.index].still_reasoning);
    treat(setup, task, &mut patients, repair, rounds, progress, observer)?;
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

/// The results that need repair.
fn patients<'t>(
    setup: &TaskSetup<'_>,
    cases: impl Iterator<Item = Case<'t>>,
    results: &[ChunkResult],
    scale: Repair,
    observer: &mut Observer<'_>,
) -> Result<Vec<Patient<'t>>> {
    let mut patients = Vec::new();
    for (index, (case, result)) in cases.zip(results).enumerate() {
        observer.check()?;
        let before = case.doubts(setup, result);
        if Penalty::of(&before).needs_repair(scale) {
            let demands = Demands::of(setup, case.source, &before);
            let parts = case.parts(setup);
            let first = result.segment.text.clone();
            patients.push(Patient {
                case,
                index,
                first,
                parts,
                demands,
                before,
                best: None,
                tokens: 0,
            });
        }
    }
    Ok(patients)
}

/// Tries the rounds on the patients, each as long as it needs repair.
fn treat(
    setup: &TaskSetup<'_>,
    task: Task,
    patients: &mut [Patient<'_>],
    scale: Repair,
    rounds: &[&[Method]],
    progress: &mut StageProgress,
    observer: &mut Observer<'_>,
) -> Result<()> {
    for methods in rounds {
        let needs_repair = |patient: &&mut Patient<'_>| patient.penalty().needs_repair(scale);
        let mut treated: Vec<&mut Patient<'_>> = patients.iter_mut().filter(needs_repair).collect();
        round(setup, task, &mut treated, methods, progress, observer)?;
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
        let is_nearer = method == Method::Second && patients[at].is_nearer(setup, &result, penalty);
        patients[at].consider(Candidate { result, penalty, method, is_nearer });
    }
    Ok(())
}

/// The texts that a method answers for a patient; none if it would give the first answer again.
fn pieces<'t>(patient: &Patient<'t>, method: Method) -> Vec<&'t str> {
    match method {
        Method::Demanded if patient.demands.are_empty() => Vec::new(),
        Method::Second | Method::Demanded | Method::Sampled(_) => patient.parts.clone(),
        Method::Sentences => {
            let pieces = sentences(patient.case.text);
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
        // Models that search take no seed.
        Method::Second if setup.seq2seq.is_none() => setup.job.options.seed,
        Method::Second | Method::Demanded | Method::Sentences => None,
    };
    let demands = &patient.demands;
    Attempt { text, terms: demands.terms_in(text), seed, rules: demands.rules_for(setup, text) }
}

/// A note on a repaired answer: what was wrong with it, what still is, and how it was repaired.
fn repaired_finding(before: &[Finding], after: &[Finding], method: Method) -> Finding {
    let (how, how_ko) = method.words();
    let (how, how_ko) = (format!("written again {how}"), format!("다시 작성({how_ko})"));
    note("repaired", "repaired", [&how, &how_ko], before, after)
}

/// A note on a translation of the second model that took the first one's place.
fn second_finding(before: &[Finding], after: &[Finding], second: &SecondModel) -> Finding {
    let name = second.name();
    let (how, how_ko) = (format!("translated by {name} instead"), format!("{name}의 번역을 채택"));
    note("second", "second_taken", [&how, &how_ko], before, after).value("model", name)
}

/// A note on what was done, in English and in Korean, about the doubts before, and on what is left.
fn note(
    check: &str,
    kind: &str,
    [how, how_ko]: [&str; 2],
    before: &[Finding],
    after: &[Finding],
) -> Finding {
    let (was, is) = (before.len(), after.len());
    let first = before.iter().min_by_key(|finding| finding.severity);
    let (message, korean) = first
        .map(|finding| (finding.message.as_str(), finding.message_ko.as_str()))
        .unwrap_or_default();
    let korean = if korean.is_empty() { message } else { korean };
    let doubts = if was == 1 { "doubt" } else { "doubts" };
    let kinds: Vec<&str> = before.iter().map(|finding| finding.kind.as_str()).collect();
    let message = format!("{how}: {was} {doubts} before, {is} after; before: {message}");
    Finding::new(check, kind, message)
        .in_korean(format!("{how_ko}, 의심 {was}건 → {is}건, 이전: {korean}"))
        .severity(Severity::Minor)
        .value("kinds", kinds)
        .value("before", was)
        .value("after", is)
}

/// A note that the second model could not be used.
fn no_second_opinion(second: &SecondModel, reason: &str) -> Finding {
    let name = second.name();
    let message = format!("without a second opinion of {name}: {reason}");
    Finding::new("second", "second_failed", message)
        .in_korean(format!("{name}의 두 번째 번역을 얻지 못함: {reason}"))
        .severity(Severity::Minor)
        .value("model", name)
}
