//! A text that is translated or summarized: its document, its languages, and the run itself.

use malmoi::document::Document;
use malmoi::prompts::Task;
use malmoi::{Event, Language, LanguagePair, Observer, Outcome, TaskOptions, formats};

use super::failure::Failure;
use super::{News, Running, Served};

/// Reads a text in a format, by the extension of its files: `txt`, `html`.
pub(crate) fn document(text: &str, format: &str) -> Result<Document, Failure> {
    let name = format!("the text.{format}");
    // Errors name "the text", whatever extension told its format.
    formats::read(text.as_bytes(), &name).map_err(|error| match Failure::from(error) {
        Failure::Invalid(message) => Failure::Invalid(message.replace(&name, "the text")),
        other => other,
    })
}

/// The languages of a task: as given, else the one that the document is written in, and for a
/// translation the other one.
pub(crate) fn languages(
    task: Task,
    document: &Document,
    from: Option<Language>,
    to: Option<Language>,
) -> Result<LanguagePair, Failure> {
    let from = match from {
        Some(from) => from,
        None => Language::of_article(&document.article())?,
    };
    let default = if task == Task::Translate { from.other() } else { from };
    let languages = LanguagePair { from, to: to.unwrap_or(default) };
    if task == Task::Translate && languages.from == languages.to {
        return Err(malmoi::Error::SameLanguage { language: from.name() }.into());
    }
    Ok(languages)
}

/// Translates or summarizes a document, with news of it.
pub(crate) fn run<T>(
    served: &Served,
    document: Document,
    options: TaskOptions,
    running: &Running<'_, T>,
) -> Result<Outcome, Failure> {
    let Served { task, languages, model, translator } = served;
    let request = match task {
        Task::Translate => model.model.translate_document(document),
        _ => model.model.summarize_document(document),
    };
    let mut request = request
        .task_options(options)
        .from(languages.from)
        .to(languages.to)
        .capabilities(model.capabilities.clone())
        .deadline(running.deadline());
    if let Some(translator) = translator {
        request = request.translator(&translator.model, translator.capabilities.clone());
    }
    let mut last = (0, 0);
    let on_event = |event: &Event| {
        let Event::Progress { done, segments, written, .. } = *event else { return };
        if written > 0 {
            running.first_token();
        }
        if (done, segments) != last {
            last = (done, segments);
            running.send(News::Progress { done, segments });
        }
    };
    let observer = Observer::new()
        .on_event(on_event)
        .on_text(|text| running.send(News::Text(text.to_string())))
        .cancel_if(|| running.is_over());
    request.observe(observer).map_err(|error| running.failure(error))
}
