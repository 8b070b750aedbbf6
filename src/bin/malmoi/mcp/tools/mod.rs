//! The tools, one file each.

mod check;
mod glossary_lookup;
mod summarize;
mod translate;

use std::sync::Arc;

use malmoi::checks::OutputKind;
use malmoi::internals::audit::AuditError;
use malmoi::prompts::Task;
use malmoi::{Finding, Language, Outcome, TaskOptions, Term};
use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use rmcp::schemars::{self, JsonSchema};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::report::{self, Answer, FindingData, Findings, SupportData};
use super::toolbox::Toolbox;
use crate::audit::{self, Asker};
use crate::engine::{Failure, News, Running, fields, task};
use crate::findings::left_out;

/// All tools, in the order in which they are listed.
pub(super) const TOOLS: &[ToolEntry] =
    &[translate::TOOL, summarize::TOOL, check::TOOL, glossary_lookup::TOOL];

type Schema = Arc<JsonObject>;

/// A tool: what an assistant is told about it, and how it is done.
pub(super) struct ToolEntry {
    pub name: &'static str,
    title: &'static str,
    /// What it does, when to use it, and what comes back.
    description: &'static str,
    input: fn() -> Schema,
    output: fn() -> Schema,
    /// Runs on a thread of the engine.
    pub run: fn(&Toolbox, JsonObject, &Running<'_, Answer>) -> Result<Answer, Failure>,
}

/// The description of a tool in the protocol.
pub(super) fn describe(tool: &ToolEntry) -> Tool {
    let annotations = ToolAnnotations::with_title(tool.title)
        .read_only(true)
        .destructive(false)
        .idempotent(true)
        .open_world(false);
    Tool::new(tool.name, tool.description, (tool.input)())
        .with_title(tool.title)
        .with_raw_output_schema((tool.output)())
        .with_annotations(annotations)
}

/// The schema of arguments.
fn input<T: JsonSchema>() -> Schema {
    schema::<T>(schemars::generate::SchemaSettings::draft2020_12())
}

/// The schema of an answer's data.
fn output<T: JsonSchema>() -> Schema {
    schema::<T>(schemars::generate::SchemaSettings::draft2020_12().for_serialize())
}

/// A schema in one piece: some assistants follow no references.
fn schema<T: JsonSchema>(settings: schemars::generate::SchemaSettings) -> Schema {
    let generator = settings.with(|settings| settings.inline_subschemas = true).into_generator();
    let mut schema = match generator.into_root_schema_for::<T>().to_value() {
        Value::Object(schema) => schema,
        _ => JsonObject::new(),
    };
    // The type's name and comment, which say nothing to an assistant.
    schema.remove("title");
    schema.remove("description");
    Arc::new(schema)
}

/// The arguments of a call.
fn arguments<T: DeserializeOwned>(given: JsonObject) -> Result<T, Failure> {
    serde_json::from_value(Value::Object(given))
        .map_err(|error| Failure::Invalid(format!("the arguments do not fit: {error}")))
}

/// A prescribed translation.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "schemars", rename = "Term")]
#[serde(deny_unknown_fields)]
struct TermArgument {
    /// The term as it is in the text.
    source: String,
    /// Its required translation.
    target: String,
}

fn terms(given: &[TermArgument]) -> Vec<Term> {
    given.iter().map(|term| Term::new(&term.source, &term.target)).collect()
}

/// Arguments of both tasks.
struct TaskArguments<'a> {
    text: &'a str,
    format: Option<&'a str>,
    from: Option<&'a str>,
    to: Option<&'a str>,
    options: TaskOptions,
}

/// The data of a translation or a summary.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "schemars")]
struct TaskData {
    /// The translation or the summary.
    text: String,
    /// Language of the source.
    from: &'static str,
    /// Language of the result.
    to: &'static str,
    /// The model that wrote it, on this computer.
    model: String,
    /// Possible errors, the gravest first. Empty if the checks found none.
    findings: Vec<FindingData>,
    /// For a summary, the words of the article that each sentence comes from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    support: Vec<SupportData>,
    /// How the result was made: parts that were left out, segments from the translation memory.
    notes: Vec<String>,
}

/// Translates or summarizes a text with the model for it.
fn run_task(
    toolbox: &Toolbox,
    task: Task,
    arguments: TaskArguments<'_>,
    running: &Running<'_, Answer>,
) -> Result<Answer, Failure> {
    let TaskArguments { text, format, from, to, options } = arguments;
    fields::within(toolbox.characters, text.chars().count())?;
    let document = task::document(text, fields::format(format)?)?;
    let (from, to) = (fields::optional_language(from)?, fields::optional_language(to)?);
    let languages = task::languages(task, &document, from, to)?;
    let on_first = || running.send(News::Progress { done: 0, segments: 0 });
    let served = toolbox.models.find(task, languages, on_first)?;
    let article = document.article().to_string();
    let audit = toolbox.audit.as_ref();
    let hashes = audit.map(|_| (audit::source(&document), audit::options(&options)));
    let outcome = task::run(&served, document, options, running)?;
    if let (Some(audit), Some((input, options))) = (audit, hashes) {
        recorded(audit.outcome(&Asker::default(), input, options, &outcome))?;
    }
    Ok(report_task(&outcome, &article))
}

/// A result that cannot be recorded is not answered.
fn recorded(result: Result<(), AuditError>) -> Result<(), Failure> {
    result.map_err(|error| {
        eprintln!("error: {error}");
        Failure::Internal
    })
}

fn report_task(outcome: &Outcome, article: &str) -> Answer {
    let kind = match outcome.task {
        Task::Translate => OutputKind::Translation,
        _ => OutputKind::Summary,
    };
    let findings = Findings::of_outcome(outcome, article, kind);
    let notes = notes(outcome);
    let mut about = format!("Written by {} on this computer.\n{}", outcome.model, findings.text());
    if !outcome.support.is_empty() {
        about += "\nWhere the summary comes from:\n";
        about += &report::support_text(&outcome.text, &outcome.support);
    }
    for note in &notes {
        about += &format!("\nNote: {note}");
    }
    let data = TaskData {
        text: outcome.text.clone(),
        from: outcome.from.code(),
        to: outcome.to.code(),
        model: outcome.model.clone(),
        findings: findings.data(),
        support: report::support_data(&outcome.text, &outcome.support),
        notes,
    };
    Answer::new(vec![outcome.text.clone(), about], &data)
}

/// How a result was made, in sentences.
fn notes(outcome: &Outcome) -> Vec<String> {
    let notes = outcome.findings.iter().filter(|one| !one.is_doubt() && !one.dismissed);
    let (boilerplate, others): (Vec<&Finding>, Vec<&Finding>) =
        notes.partition(|one| one.check == "furniture");
    let mut notes: Vec<String> =
        Finding::merged(others).iter().map(|one| one.finding.message.clone()).collect();
    notes.extend(left_out(&boilerplate, false, Language::English).map(|line| line.text));
    match outcome.reused() {
        0 => {}
        1 => notes.push("1 segment comes from the translation memory".into()),
        count => notes.push(format!("{count} segments come from the translation memory")),
    }
    if let Some(glossary) = &outcome.glossary {
        let (used, terms) = (glossary.used, glossary.terms);
        notes.push(format!("{used} of {terms} prescribed terms were used"));
    }
    notes
}

/// The language of a text for tools that take both directions.
fn direction(from: Option<&str>, text: &str) -> Result<Language, Failure> {
    match fields::optional_language(from)? {
        Some(from) => Ok(from),
        None => Ok(Language::of_article(text)?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fields of a schema with their descriptions, and the required ones.
    fn properties(schema: &JsonObject) -> Vec<(&String, &Value)> {
        schema["properties"].as_object().unwrap().iter().collect()
    }

    #[test]
    fn every_field_is_described_in_one_piece() {
        for tool in TOOLS {
            for schema in [(tool.input)(), (tool.output)()] {
                assert_eq!(schema["type"], "object", "{}", tool.name);
                let text = serde_json::to_string(&schema).unwrap();
                assert!(!text.contains("$ref"), "{}: {text}", tool.name);
                for (name, field) in properties(&schema) {
                    assert!(field["description"].is_string(), "{}: {name}", tool.name);
                }
            }
        }
    }

    #[test]
    fn no_argument_is_a_path_and_none_is_unknown() {
        for tool in TOOLS {
            let schema = (tool.input)();
            assert_eq!(schema["additionalProperties"], false, "{}", tool.name);
            for (name, field) in properties(&schema) {
                let about = field["description"].as_str().unwrap().to_lowercase();
                for word in ["path", "file", "folder", "url"] {
                    assert!(!name.contains(word) && !about.contains(word), "{}", tool.name);
                }
                // Some assistants know plain types only.
                assert!(field["type"].is_string(), "{}: {name}: {field}", tool.name);
                assert!(field.get("default").is_none(), "{}: {name}: {field}", tool.name);
            }
        }
    }
}
