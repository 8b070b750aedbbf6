//! READ THIS FIRST. The path of a text:
//! read → segment → prompt → generate → repair → check → join.
//!
//! A [`Document`] comes in as a reader of `formats` made it; an [`Outcome`] goes out. Each step is
//! a file of this folder; [`summarize`] and [`translate`] below call them in order. This is the one
//! place where text modules and model modules meet.

mod attempt;
mod cascade;
mod check;
mod chunk;
mod clauses;
mod finish;
mod generate;
mod join;
mod length_limit;
mod memory;
mod orders;
mod progress;
mod prompt;
mod read;
mod repair;
mod segment;
mod setup;
mod short_text;
mod similar;
mod stages;
mod tags;
mod translation;
mod window;

use std::time::Instant;

use crate::document::Document;
use crate::error::{Error, Result};
use crate::event::Observer;
use crate::finding::Finding;
use crate::job::{Capabilities, Job, Repair};
use crate::language::LanguagePair;
use crate::model::Model;
use crate::outcome::{Outcome, Route, SecondUse};
use crate::prompts::Task;
use progress::StageProgress;
use setup::TaskSetup;

/// Summarizes or translates a document. `translator` is the model for the second half of a cascade,
/// if that is another one.
pub(crate) fn run(
    model: &Model,
    translator: Option<(&Model, &Capabilities)>,
    document: &Document,
    job: &Job,
    observer: &mut Observer<'_>,
) -> Result<Outcome> {
    let began = Instant::now();
    observer.check()?;
    let (document, orders) = &orders::apply(document, job.options.on_orders, observer)?;
    let languages = read::languages(document, job)?;
    let document = &*document.in_language(languages.from.code());
    let mut outcome = if job.task == Task::Translate {
        translate(model, document, languages, job, observer)?
    } else if route(model, document, languages, job) == Route::Cascade {
        cascade(model, translator, document, languages, job, observer)?
    } else {
        summarize(model, document, languages, job, observer)?
    };
    outcome.findings.extend(orders.iter().cloned());
    Finding::arrange(&mut outcome.findings);
    outcome.seconds = began.elapsed().as_secs_f64();
    Ok(outcome)
}

/// The route of a summary: direct if the model writes summaries in the target language, else a
/// cascade. A text that is its own summary is only translated, which a cascade does.
fn route(model: &Model, document: &Document, languages: LanguagePair, job: &Job) -> Route {
    let LanguagePair { from, to } = languages;
    let summarizes = &job.capabilities.summarizes;
    let writes_target = summarizes.as_ref().is_none_or(|languages| languages.contains(&to));
    match job.options.route {
        _ if from == to => Route::Direct,
        // An encoder-decoder model cannot be told a language: it writes in the article's.
        Route::Auto if !writes_target || model.is_encoder_decoder() => Route::Cascade,
        Route::Auto if short_text::is_own_summary(&document.article()) => Route::Cascade,
        Route::Auto => Route::Direct,
        requested => requested,
    }
}

fn summarize(
    model: &Model,
    document: &Document,
    languages: LanguagePair,
    job: &Job,
    observer: &mut Observer<'_>,
) -> Result<Outcome> {
    let setup = TaskSetup::new(model, job, Task::Summarize, languages)?;
    let article = document.article();
    let mut outcome = join::empty_outcome(&setup, Task::Summarize)?;
    outcome.findings.extend(read::left_out(document, observer));
    if short_text::is_own_summary(&article) {
        short_text::return_unchanged(&setup, &article, &mut outcome, observer)?;
        return Ok(check::report(outcome, &job.options.checks, observer));
    }
    outcome.findings.extend(prompt::ignored_examples(&setup, Task::Summarize)?);
    outcome.findings.extend(prompt::ignored_recommendations(&setup));
    summarize_text(&setup, Task::Summarize, &article, &article, &mut outcome, observer)?;
    observer.check()?;
    check::summary(&article, &mut outcome, &job.options.checks);
    Ok(check::report(outcome, &job.options.checks, observer))
}

/// Map and reduce: chunks that fit the context window are summarized; the summaries of several
/// chunks are a text to summarize again. The last summary is repaired before it is passed on.
fn summarize_text(
    setup: &TaskSetup<'_>,
    task: Task,
    article: &str,
    text: &str,
    outcome: &mut Outcome,
    observer: &mut Observer<'_>,
) -> Result<()> {
    join::add_step(setup, task, outcome)?;
    let chunks = segment::chunks(setup, task, text, observer)?;
    let mut progress = StageProgress::new(task, &chunks);
    let is_last = chunks.len() == 1;
    let mut answers = |observer: &mut Observer<'_>| {
        generate::answers(setup, task, &chunks, &mut progress, observer)
    };
    let is_streamed = is_last && setup.job.options.repair == Repair::Off;
    let mut results =
        if is_streamed { answers(observer)? } else { observer.without_text(answers)? };
    if is_last && !is_streamed {
        repair::summary(setup, task, article, &chunks[0], &mut results, &mut progress, observer)?;
        observer.text(&results[0].segment.text)?;
    }
    if task == Task::Summarize {
        join::count_input(&chunks, outcome);
    }
    let summaries = join::paragraphs(&results);
    join::add_results(results, outcome);
    if is_last {
        outcome.text = summaries;
        return Ok(());
    }
    if summaries.len() >= text.len() {
        // Summaries as long as their texts would be summarized without end.
        let window = window::window(setup);
        let what = "the text after summarizing its parts".into();
        return Err(Error::TooLong { what, needed: window + 1, window });
    }
    summarize_text(setup, Task::Combine, article, &summaries, outcome, observer)
}

fn translate(
    model: &Model,
    document: &Document,
    languages: LanguagePair,
    job: &Job,
    observer: &mut Observer<'_>,
) -> Result<Outcome> {
    let LanguagePair { from, to } = languages;
    if from == to {
        return Err(Error::SameLanguage { language: to.name() });
    }
    let document = &document.relabeled(from.code(), to.code());
    let setup = TaskSetup::new(model, job, Task::Translate, languages)?;
    let mut outcome = join::empty_outcome(&setup, Task::Translate)?;
    let second = job.options.second.as_ref().map(|second| second.name().to_string());
    outcome.second = second.map(|model| SecondUse { model, asked: 0, taken: 0 });
    outcome.findings.extend(prompt::ignored_glossary(&setup));
    outcome.findings.extend(prompt::ignored_context(&setup)?);
    outcome.findings.extend(prompt::ignored_examples(&setup, Task::Translate)?);
    outcome.findings.extend(prompt::ignored_recommendations(&setup));
    let (mut translation, untranslated) = segment::blocks(&setup, document, observer)?;
    outcome.findings.extend(untranslated);
    outcome.findings.extend(generate::translation(&setup, &mut translation, observer)?);
    join::count_input(&translation.chunks, &mut outcome);
    let is_bilingual = job.options.bilingual;
    let positions = join::translation(translation, is_bilingual, &mut outcome)?;
    if let Some(second) = job.options.second.as_ref().filter(|_| outcome.has_asked_second())
        && let Ok(opened) = second.get()
    {
        let job = repair::second_job(job, opened);
        let setup = TaskSetup::new(&opened.0, &job, Task::Translate, languages)?;
        join::add_step(&setup, Task::Translate, &mut outcome)?;
    }
    check::translation(&positions, &mut outcome, &job.options.checks, observer)?;
    let mut outcome = check::report(outcome, &job.options.checks, observer);
    stages::fill(&positions.stages, &mut outcome);
    Ok(outcome)
}

/// A summary in the article's language, and its translation.
fn cascade(
    model: &Model,
    translator: Option<(&Model, &Capabilities)>,
    document: &Document,
    languages: LanguagePair,
    job: &Job,
    observer: &mut Observer<'_>,
) -> Result<Outcome> {
    if translator.is_none() && model.is_encoder_decoder() {
        return Err(cascade::needs_translator(model, languages));
    }
    let first = LanguagePair { from: languages.from, to: languages.from };
    let summary =
        observer.without_text(|observer| summarize(model, document, first, job, observer))?;
    let (translator, capabilities) = translator.unwrap_or((model, &job.capabilities));
    let text = Document::from_lines(summary.text.clone());
    let second = cascade::translation_job(job, capabilities);
    let translation = translate(translator, &text, languages, &second, observer)?;
    Ok(cascade::join(summary, translation))
}
