//! READ THIS FIRST. What happens to a text: read → segment → prompt → generate → check → join.
//!
//! The one place where text modules and model modules meet. A document comes in, as a format read
//! it; an [`Outcome`] goes out. A text longer than the model's window is summarized by parts, and
//! the summaries of the parts as a text again ([`condense`]).

mod course;
mod places;
mod wanted;
mod write;

use std::time::Instant;

use crate::checks::{self, Pair};
use crate::document::{Document, Kind};
use crate::error::{Error, Result};
use crate::event::{Event, Finish, Observer};
use crate::finding::{Finding, Place, Severity, beginning};
use crate::job::{Capabilities, Job, TaskOptions};
use crate::language::{Language, LanguagePair};
use crate::model::Model;
use crate::outcome::{Outcome, Route, Segment, Tokens};
use crate::prompts::Task;
use course::Course;
use write::{Part, Writer};

/// Does what a job says to a document. `translator` is for the second half of a cascade, where that
/// is another model's.
pub(crate) fn run(
    model: &Model,
    translator: Option<(&Model, &Capabilities)>,
    document: &Document,
    job: &Job,
    observer: &mut Observer<'_>,
) -> Result<Outcome> {
    let began = Instant::now();
    observer.check()?;
    let from = match job.options.from {
        Some(from) => from,
        None => Language::of_article(&document.article())?,
    };
    let mut outcome = match job.task {
        Task::Translate => translate(model, &job.capabilities, document, from, job, observer)?,
        Task::Summarize | Task::Combine => {
            let to = job.options.to.unwrap_or(from);
            match route(model, job, &document.article(), LanguagePair { from, to }) {
                Route::Cascade => {
                    cascade(model, translator, document, LanguagePair { from, to }, job, observer)?
                }
                _ => summarize(model, document, LanguagePair { from, to }, job, observer)?,
            }
        }
    };
    outcome.seconds = began.elapsed().as_secs_f64();
    Ok(outcome)
}

/// Direct where the model writes summaries in the language asked for, else summarize and then
/// translate, as what is its own summary is. A model that cannot be told a language writes in the
/// article's.
fn route(
    model: &Model,
    job: &Job,
    article: &str,
    LanguagePair { from, to }: LanguagePair,
) -> Route {
    let writes =
        job.capabilities.summarizes.as_ref().is_none_or(|languages| languages.contains(&to));
    let able = writes && !model.is_encoder_decoder();
    match job.options.route {
        _ if from == to => Route::Direct,
        Route::Auto if able && !is_own_summary(article) => Route::Direct,
        Route::Auto => Route::Cascade,
        asked => asked,
    }
}

/// A summary in the article's language, and a translation of that.
fn cascade(
    model: &Model,
    translator: Option<(&Model, &Capabilities)>,
    document: &Document,
    LanguagePair { from, to }: LanguagePair,
    job: &Job,
    observer: &mut Observer<'_>,
) -> Result<Outcome> {
    if translator.is_none() && model.is_encoder_decoder() {
        let what = format!("a summary in {} of an article in {}", to.name(), from.name());
        let supported =
            "summaries in the article's language, which another model can translate".to_string();
        return Err(Error::Unsupported { what, file: model.path().to_path_buf(), supported });
    }
    let first = LanguagePair { from, to: from };
    let summary =
        observer.without_text(|observer| summarize(model, document, first, job, observer))?;
    let (translator, capabilities) = translator.unwrap_or((model, &job.capabilities));
    let between = Document::of_lines(summary.text.clone());
    let options = TaskOptions { to: Some(to), prompt: None, ..job.options.clone() };
    let second = Job { task: Task::Translate, options, ..job.clone() };
    let mut outcome = translate(translator, capabilities, &between, from, &second, observer)?;
    outcome.task = Task::Summarize;
    outcome.route = Route::Cascade;
    outcome.tokens =
        Tokens { output: summary.tokens.output + outcome.tokens.output, ..summary.tokens };
    outcome.finish = outcome.finish.max(summary.finish);
    // Segment numbers of the first half would point into the second's list.
    let first = summary.findings.into_iter().map(of_first_step);
    let second = outcome.findings.into_iter().map(of_second_step);
    outcome.findings = first.chain(second).collect();
    Finding::arrange(&mut outcome.findings);
    outcome.intermediate = Some(summary.text);
    Ok(outcome)
}

/// A finding about the summary that is then translated: its segment and its places would point into
/// the translation's.
fn of_first_step(finding: Finding) -> Finding {
    let source = finding.source.and_then(|place| {
        let start = place.offset?;
        Some(Place { start, end: start + (place.end - place.start), ..place })
    });
    Finding { segment: None, source, output: None, ..finding }
        .value("step", Task::Summarize.as_str())
}

/// A finding about the translation of a summary: its source is the summary, and no part of the
/// article.
fn of_second_step(finding: Finding) -> Finding {
    let source = finding.source.map(|place| Place { offset: None, ..place });
    Finding { source, ..finding }.value("step", Task::Translate.as_str())
}

fn summarize(
    model: &Model,
    document: &Document,
    LanguagePair { from, to }: LanguagePair,
    job: &Job,
    observer: &mut Observer<'_>,
) -> Result<Outcome> {
    let article = document.article();
    let writer =
        Writer::new(model, &job.capabilities, job, Task::Summarize, LanguagePair { from, to })?;
    let mut outcome = empty_outcome(model, Task::Summarize, from, to);
    report_furniture(document, &mut outcome, observer);
    if is_own_summary(&article) {
        return give_back(model, &article, outcome, observer);
    }
    outcome.findings.extend(writer.not_followed());
    condense(&writer, Task::Summarize, &article, &mut outcome, observer)?;
    observer.check()?;
    // The result against the whole article, however many parts it went through.
    let (source, output) = (article.as_str(), outcome.text.as_str());
    let pair = Pair { source, output, from, to, task: checks::Task::Summary };
    // Of an article that was read whole, segment and whole are one but for white space around them.
    let whole = (outcome.segments.len() == 1).then_some(0);
    let mut found = checks::findings(&pair, whole);
    let lead = article.len() - article.trim_start().len();
    for finding in &mut found {
        finding.offset(Some(0), Some(0));
        if let Some(place) = finding.source.as_mut().filter(|_| whole.is_some()) {
            let (start, end) = (place.start.saturating_sub(lead), place.end.saturating_sub(lead));
            *place = Place { start, end, ..*place };
        }
    }
    outcome.findings.extend(found);
    Ok(finished(outcome, observer))
}

/// Whether there is nothing to shorten: a headline, a name, a date. A model asked for a summary of
/// it invents the news.
fn is_own_summary(article: &str) -> bool {
    const FEWEST: usize = 3;
    const HEADLINE: usize = 12;
    let words =
        article.split_whitespace().filter(|word| word.chars().any(char::is_alphabetic)).count();
    let ends = |line: &str| {
        let line = line.trim_end().trim_end_matches(['"', '”', '\'', '’', ')', ']', '」']);
        line.ends_with(['.', '!', '?', '…', '。', '！', '？', ':', ';'])
    };
    words < FEWEST || (words < HEADLINE && !article.lines().any(ends))
}

/// The article as its own summary.
fn give_back(
    model: &Model,
    article: &str,
    mut outcome: Outcome,
    observer: &mut Observer<'_>,
) -> Result<Outcome> {
    let text = article.trim().to_string();
    let tokens = model.count(&text);
    observer.event(&Event::Stage { stage: Task::Summarize.as_str(), segments: 1 });
    observer.text(&text)?;
    observer.event(&Event::Segment { index: 0, finish: Finish::Stop, tokens: 0 });
    let message = "the text is too short to summarize and is given back as it is";
    outcome.findings.push(
        Finding::new("short", "nothing_to_summarize", message).severity(Severity::Minor).at(0),
    );
    outcome.tokens = Tokens { input: tokens, seen: tokens, output: 0 };
    let source = text.clone();
    outcome.segments.push(Segment {
        source,
        text: text.clone(),
        finish: Finish::Stop,
        score: None,
    });
    outcome.text = text;
    Ok(finished(outcome, observer))
}

/// Map and reduce: parts that fit the window are summarized; if there were several, their summaries
/// are condensed in turn.
fn condense(
    writer: &Writer<'_>,
    task: Task,
    text: &str,
    outcome: &mut Outcome,
    observer: &mut Observer<'_>,
) -> Result<()> {
    let parts = writer.parts(task, text, observer)?;
    let whole = parts.len() == 1;
    let written = writer.write(task, &parts, whole, &mut Course::new(task, &parts), observer)?;
    if task == Task::Summarize {
        let tokens = parts.iter().map(|part| part.tokens).sum();
        outcome.tokens.input = tokens;
        outcome.tokens.seen = tokens;
    }
    outcome.add(&written);
    let texts: Vec<&str> = written.iter().map(|piece| piece.segment.text.as_str()).collect();
    outcome.text = texts.join("\n\n");
    if whole {
        return Ok(());
    }
    if outcome.text.len() >= text.len() {
        // Summaries as long as what they summarize would go on for ever.
        let window = writer.window();
        return Err(Error::TooLong {
            what: "the text after summarizing its parts".into(),
            needed: window + 1,
            window,
        });
    }
    let summaries = std::mem::take(&mut outcome.text);
    condense(writer, Task::Combine, &summaries, outcome, observer)
}

fn translate(
    model: &Model,
    capabilities: &Capabilities,
    document: &Document,
    from: Language,
    job: &Job,
    observer: &mut Observer<'_>,
) -> Result<Outcome> {
    let to = job.options.to.unwrap_or(from.other());
    if from == to {
        return Err(Error::SameLanguage { language: to.name() });
    }
    let document = &document.said_to_be(from.code(), to.code());
    let writer = Writer::new(model, capabilities, job, Task::Translate, LanguagePair { from, to })?;
    let mut outcome = empty_outcome(model, Task::Translate, from, to);
    outcome.findings.extend(writer.unheard());
    outcome.findings.extend(writer.not_followed());
    // A block is translated whole where it fits, else by sentences; what has no word of the source
    // language stays as it is.
    let mut parts: Vec<Part<'_>> = Vec::new();
    let mut blocks = Vec::new();
    for block in document.blocks() {
        observer.check()?;
        let text = document.block_text(block);
        let first = parts.len();
        match Language::detect(text).filter(|_| block.kind != Kind::Outside) {
            Some(language) if language == from => {
                parts.extend(writer.parts(Task::Translate, text, observer)?)
            }
            Some(_) => outcome.findings.extend(not_translated(text, from)),
            None => {}
        }
        blocks.push(first..parts.len());
    }
    let written = writer.translate(document, &parts, &blocks, observer)?;
    outcome.tokens.input = parts.iter().map(|part| part.tokens).sum();
    outcome.tokens.seen = outcome.tokens.input;
    let joined = places::join(document, &parts, &written, &blocks);
    outcome.text = joined.text;
    outcome.add(&written);
    outcome.findings.extend(write::left_out(document, &parts, &written, &blocks));
    for (index, segment) in outcome.segments.iter().enumerate() {
        observer.check()?;
        let (source, output) = (segment.source.as_str(), segment.text.as_str());
        let pair = Pair { source, output, from, to, task: checks::Task::Translation };
        outcome.findings.extend(checks::findings(&pair, Some(index)));
    }
    for finding in &mut outcome.findings {
        if let Some(index) = finding.segment {
            finding.offset(joined.sources[index], joined.outputs[index]);
        }
    }
    Ok(finished(outcome, observer))
}

fn empty_outcome(model: &Model, task: Task, from: Language, to: Language) -> Outcome {
    Outcome {
        task,
        model: model.name().to_string(),
        from,
        to,
        route: Route::Direct,
        text: String::new(),
        finish: Finish::Stop,
        tokens: Tokens::default(),
        segments: Vec::new(),
        findings: Vec::new(),
        intermediate: None,
        seconds: 0.0,
    }
}

impl Outcome {
    /// Takes in what was written, with what is to say about how.
    fn add(&mut self, written: &[write::Written]) {
        for piece in written {
            let index = self.segments.len();
            self.tokens.output += piece.tokens;
            self.finish = self.finish.max(piece.segment.finish);
            self.findings.extend(piece.remarks.iter().map(|remark| remark.clone().at(index)));
            self.segments.push(piece.segment.clone());
        }
    }
}

fn report_furniture(document: &Document, outcome: &mut Outcome, observer: &mut Observer<'_>) {
    for (what, text) in document.boilerplate() {
        let message = format!("left out as {what}: {}", beginning(text));
        let finding = Finding::new("furniture", "furniture", message).severity(Severity::Minor);
        let finding = finding.value("what", what);
        observer.event(&Event::Found(finding.clone()));
        outcome.findings.push(finding);
    }
    outcome.findings.extend(write::outside(document, "are left out"));
}

/// A block that is already in the other language; names and codes are no news.
fn not_translated(text: &str, from: Language) -> Option<Finding> {
    const WORDS: usize = 4;
    let message = format!("\"{}\" is not in {} and stays as it is", beginning(text), from.name());
    let finding = Finding::new("language", "not_translated", message).value("text", text);
    (text.split_whitespace().count() >= WORDS).then_some(finding)
}

fn finished(mut outcome: Outcome, observer: &mut Observer<'_>) -> Outcome {
    Finding::arrange(&mut outcome.findings);
    for finding in outcome.findings.iter().filter(|finding| finding.check != "furniture") {
        observer.event(&Event::Found(finding.clone()));
    }
    outcome
}
