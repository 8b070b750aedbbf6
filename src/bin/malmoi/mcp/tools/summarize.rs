//! The tool `summarize`.

use malmoi::TaskOptions;
use malmoi::prompts::Task;
use rmcp::model::JsonObject;
use rmcp::schemars::{self, JsonSchema};
use serde::Deserialize;

use super::{Answer, Failure, Running, TaskArguments, TaskData, TermArgument, ToolEntry, Toolbox};
use crate::engine::fields;

pub(super) const TOOL: ToolEntry = ToolEntry {
    name: "summarize",
    title: "Summarize news",
    description: "Summarize a news article in English or Korean, in its own language or the other \
        one, with a model on this computer; the text is sent nowhere. Returns the summary, the \
        sentences of the article that each of its sentences comes from, and possible errors that \
        checks found in it. Use it when the user wants a summary made locally, or one whose \
        sources can be shown. Give the whole article; a long one takes minutes.",
    input: super::input::<Arguments>,
    output: super::output::<TaskData>,
    run,
};

#[derive(Deserialize, JsonSchema)]
#[schemars(crate = "schemars")]
#[serde(deny_unknown_fields)]
struct Arguments {
    /// The whole article, as plain text or in `format`.
    text: String,
    /// Language of the summary; by default that of the article.
    #[serde(default)]
    #[schemars(with = "String", extend("enum" = ["en", "ko"]), !default)]
    to: Option<String>,
    /// Language of the article; detected by default.
    #[serde(default)]
    #[schemars(with = "String", extend("enum" = ["auto", "en", "ko"]), !default)]
    from: Option<String>,
    /// Format of the article; plain text by default.
    #[serde(default)]
    #[schemars(
        with = "String",
        extend("enum" = ["text", "html", "markdown", "srt", "vtt"]),
        !default
    )]
    format: Option<String>,
    /// Sentences, or points with the style `bullets`; 3 by default.
    #[serde(default)]
    #[schemars(with = "u32", range(min = 1, max = 50), !default)]
    sentences: Option<usize>,
    /// Shape of the summary; a paragraph by default.
    #[serde(default)]
    #[schemars(with = "String", extend("enum" = ["paragraph", "bullets", "headline"]), !default)]
    style: Option<String>,
    /// Register of a Korean summary: `handa` as in newspapers (한다체), `hamnida` as in newscasts
    /// (합니다체), `haeyo` as in newsletters (해요체).
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
    let mut options = TaskOptions {
        checks: fields::check_options(&usual.checks, asked.register.as_deref(), &terms)?,
        style: fields::style(asked.style.as_deref())?,
        ..usual.clone()
    };
    if let Some(count) = asked.sentences {
        options.sentences = fields::sentences(count)?;
    }
    let arguments = TaskArguments {
        text: &asked.text,
        format: asked.format.as_deref(),
        from: asked.from.as_deref(),
        to: asked.to.as_deref(),
        options,
    };
    super::run_task(toolbox, Task::Summarize, arguments, running)
}
