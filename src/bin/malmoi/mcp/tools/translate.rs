//! The tool `translate`.

use malmoi::TaskOptions;
use malmoi::prompts::Task;
use rmcp::model::JsonObject;
use rmcp::schemars::{self, JsonSchema};
use serde::Deserialize;

use super::{Answer, Failure, Running, TaskArguments, TaskData, TermArgument, ToolEntry, Toolbox};
use crate::engine::fields;

pub(super) const TOOL: ToolEntry = ToolEntry {
    name: "translate",
    title: "Translate news",
    description: "Translate a news text between English and Korean with a model on this computer; \
        the text is sent nowhere. The newsroom's glossary and translation memory are used. Returns \
        the translation, and possible errors that checks found in it: numbers, names, dates, \
        quotations, negation, terms. Use it when the user wants an article translated locally, or \
        by the newsroom's rules. A long article takes minutes.",
    input: super::input::<Arguments>,
    output: super::output::<TaskData>,
    run,
};

#[derive(Deserialize, JsonSchema)]
#[schemars(crate = "schemars")]
#[serde(deny_unknown_fields)]
struct Arguments {
    /// The whole text, as plain text or in `format`.
    text: String,
    /// Language to translate into; by default the other one.
    #[serde(default)]
    #[schemars(with = "String", extend("enum" = ["en", "ko"]), !default)]
    to: Option<String>,
    /// Language of the text; detected by default.
    #[serde(default)]
    #[schemars(with = "String", extend("enum" = ["auto", "en", "ko"]), !default)]
    from: Option<String>,
    /// Format of the text, which the translation keeps; plain text by default.
    #[serde(default)]
    #[schemars(
        with = "String",
        extend("enum" = ["text", "html", "markdown", "srt", "vtt"]),
        !default
    )]
    format: Option<String>,
    /// Register of a Korean translation: `handa` as in newspapers (한다체), `hamnida` as in
    /// newscasts (합니다체), `haeyo` as in newsletters (해요체).
    #[serde(default)]
    #[schemars(with = "String", extend("enum" = ["handa", "hamnida", "haeyo"]), !default)]
    register: Option<String>,
    /// Required translations, beside those of the newsroom's glossary.
    #[serde(default)]
    #[schemars(!default)]
    glossary: Vec<TermArgument>,
}

fn run(
    toolbox: &Toolbox,
    given: JsonObject,
    running: &Running<'_, Answer>,
) -> Result<Answer, Failure> {
    let asked: Arguments = super::arguments(given)?;
    let terms = super::terms(&asked.glossary);
    let usual = &toolbox.options;
    let checks = fields::check_options(&usual.checks, asked.register.as_deref(), &terms)?;
    let arguments = TaskArguments {
        text: &asked.text,
        format: asked.format.as_deref(),
        from: asked.from.as_deref(),
        to: asked.to.as_deref(),
        options: TaskOptions { checks, ..usual.clone() },
    };
    super::run_task(toolbox, Task::Translate, arguments, running)
}
