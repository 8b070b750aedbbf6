//! Prompts: the wording of a task, one file each in `prompts/`, embedded at build time.
//!
//! A prompt is not a chat template: the prompt says *what* to do, the checkpoint's template in
//! which tokens a turn is wrapped. Knows wordings and languages; knows nothing of models (a family
//! is a word here) or tokens.
//!
//! A file is front matter and a Jinja body:
//!
//! ```text
//! ---
//! task: ["translate"]                  summarize, combine (summaries into one) or translate
//! for: any                             model families: any, base, small, hunyuan …
//! describe: Faithful translation       half a line for the listing
//! stop: ["\n\n"]                       (optional) strings that end the answer
//! examples: none                       (optional) the wording has no place for examples
//! system: "You are a translator."      (optional) the system message, itself a template
//! ---
//! Translate into {{ target.name }}:
//!
//! {{ text }}
//! --- examples                         (optional) few-shot examples, source first
//! en: The ferry leaves at nine.
//! ko: 여객선은 9시에 출발한다.
//! ```
//!
//! Each example is shown as chat turns: the body with its source, then its target. A body that uses
//! `examples` has them in its own text instead, as models without turns need it.
//!
//! **The article never passes through the template.** Placeholders stand for `text`, `context` and
//! the glossary while the template is rendered. The rendered text is cut at the placeholders into
//! [`PromptPart`]s, so that the tokenizer knows which words came from outside.

mod examples;
mod front_matter;
mod options;
mod shipped_examples;

use std::path::Path;
use std::sync::OnceLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, context};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::formats::visible;
use crate::glossary::Term;
use crate::language::{Language, LanguagePair, Register};
pub use crate::prompt_part::{ExampleTurns, PromptPart};
use crate::prompt_part::{UserTexts, has_marker};
pub(crate) use examples::ExampleQuery;
pub use examples::{Example, Examples};
use front_matter::{front_matter, list, string};
pub use options::{Style, Task};
use shipped_examples::{ShippedExample, shipped_examples};

/// Embeds prompt files by name.
macro_rules! embed {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../prompts/", $name, ".md")))),*]
    };
}

/// Built-in prompts. A test compares this list with the folder.
const EMBEDDED: &[(&str, &str)] = embed![
    "combine",
    "summarize",
    "summarize-base",
    "summarize-small",
    "translate",
    "translate-base",
    "translate-gemma",
    "translate-hunyuan",
    "translate-small",
];

/// The family of prompts for every model.
const ANY: &str = "any";

/// Upper bound on the steps of a template. A prompt takes some hundreds.
const FUEL: u64 = 100_000;

/// Variables of a prompt's body.
#[derive(Debug, Clone, Copy)]
pub struct Variables<'a> {
    /// The source text. Untrusted.
    pub text: &'a str,
    /// Language of the text.
    pub source: Language,
    /// Language of the answer.
    pub target: Language,
    /// Sentences of a summary, or its bullet points.
    pub sentences: usize,
    /// Shape of a summary.
    pub style: Style,
    /// Prescribed translations. Untrusted.
    pub glossary: &'a [Term],
    /// Few-shot examples, in the order in which they are shown. Untrusted.
    pub examples: &'a [Example],
    /// Words around the source text. Untrusted.
    pub context: Option<&'a str>,
    /// Register of a Korean answer; `None` for the one that the prompt names itself.
    pub register: Option<Register>,
}

/// Names of the variables.
const VARIABLES: &[&str] = &[
    "text",
    "source",
    "target",
    "sentences",
    "style",
    "glossary",
    "examples",
    "context",
    "register",
];
/// Attributes of `source` and `target`.
const LANGUAGE_ATTRIBUTES: &[&str] = &["code", "name", "native"];

/// A rendered prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The system message, if the prompt has one. It contains no untrusted text.
    pub system: Option<String>,
    /// Turns before the user's: those of the examples, unless they are in the body.
    pub examples: Vec<ExampleTurns>,
    /// The user's turn, in order. Invisible characters are removed from user text.
    pub parts: Vec<PromptPart>,
}

/// A prompt file, parsed and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// Its name: the file name without the extension.
    pub name: String,
    /// Its tasks.
    pub tasks: Vec<Task>,
    /// The model families it is written for, `any` among them.
    pub families: Vec<String>,
    /// A few words for listings.
    pub describe: String,
    /// Strings that end the answer.
    pub stop: Vec<String>,
    /// True unless its wording has no place for few-shot examples.
    pub takes_examples: bool,
    /// SHA-256 of its file, in hexadecimal digits.
    pub sha256: String,
    examples: Vec<ShippedExample>,
    /// True if the body itself has the examples.
    has_examples_in_body: bool,
    shows_context: bool,
    system: Option<String>,
    body: String,
}

impl Prompt {
    /// The prompt with a name, or without one the prompt of the model family, else the prompt for
    /// every model.
    ///
    /// A file in `folder` replaces the built-in prompt of the same name; other files in it are
    /// found by name only.
    ///
    /// ```
    /// use malmoi::prompts::{Prompt, Task};
    /// let name = |family| Prompt::find(Task::Translate, family, None, None).unwrap().name;
    /// assert_eq!(name("hunyuan"), "translate-hunyuan");
    /// assert_eq!(name("llama"), "translate");
    /// let error = Prompt::find(Task::Translate, "llama", Some("formal"), None).unwrap_err();
    /// assert!(error.to_string().contains("translate-base, translate-gemma"));
    /// ```
    pub fn find(
        task: Task,
        family: &str,
        name: Option<&str>,
        folder: Option<&Path>,
    ) -> Result<Self> {
        match name {
            Some(name) => Self::named(task, name, folder),
            None => Self::of_family(task, family, folder),
        }
    }

    /// The names of the built-in prompts, sorted.
    pub fn names() -> impl Iterator<Item = &'static str> {
        EMBEDDED.iter().map(|(name, _)| *name)
    }

    /// A built-in prompt, or the file in `folder` that replaces it. `None` if there is neither.
    pub fn load(name: &str, folder: Option<&Path>) -> Result<Option<Self>> {
        // A name such as "../x" is no path: it does not exist.
        let is_plain =
            !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
        if !is_plain {
            return Ok(None);
        }
        if let Some(folder) = folder {
            let path = folder.join(format!("{name}.md"));
            match std::fs::read_to_string(&path) {
                Ok(text) => return Self::parse(name, &text).map(Some),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(Error::io("read", path, error)),
            }
        }
        // Built-in prompts are parsed and checked once.
        static PARSED: OnceLock<Vec<Prompt>> = OnceLock::new();
        if PARSED.get().is_none() {
            let parsed: Result<Vec<Self>> =
                EMBEDDED.iter().map(|(name, text)| Self::parse(name, text)).collect();
            let _ = PARSED.set(parsed?);
        }
        let builtin = PARSED.get().map(Vec::as_slice).unwrap_or_default();
        Ok(builtin.iter().find(|prompt| prompt.name == name).cloned())
    }

    /// Names and texts of the prompts in use, by name: the built-in ones, and the files in `folder`
    /// that replace them or are added.
    ///
    /// # Errors
    /// Fails if a file cannot be read, or is no prompt.
    pub fn texts(folder: Option<&Path>) -> Result<Vec<(String, String)>> {
        let mut texts: std::collections::BTreeMap<String, String> =
            EMBEDDED.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
        if let Some(folder) = folder {
            let entries = std::fs::read_dir(folder).map_err(|e| Error::io("read", folder, e))?;
            for path in entries.flatten().map(|entry| entry.path()) {
                let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                if path.extension().is_some_and(|extension| extension == "md") {
                    let text =
                        std::fs::read_to_string(&path).map_err(|e| Error::io("read", &path, e))?;
                    Self::parse(&name, &text)?;
                    texts.insert(name, text);
                }
            }
        }
        Ok(texts.into_iter().collect())
    }

    /// Parses and checks a prompt file.
    ///
    /// ```
    /// use malmoi::prompts::Prompt;
    /// let file = "---\ntask: [\"translate\"]\n---\n{{ artcle }}";
    /// let error = Prompt::parse("mine", file).unwrap_err().to_string();
    /// assert!(error.starts_with("prompt `mine`: unknown variable `artcle`; known: text, source"));
    /// ```
    pub fn parse(name: &str, file: &str) -> Result<Self> {
        let fail = |reason: String| Error::prompt(name, reason);
        let (mut front, body) = front_matter(file).map_err(fail)?;
        let words = front.remove("task").ok_or_else(|| fail("front matter lacks `task`".into()))?;
        let mut tasks = Vec::new();
        for word in list(&words).map_err(fail)? {
            tasks.push(Task::parse(&word).ok_or_else(|| fail(format!("unknown task `{word}`")))?);
        }
        let stop = front
            .remove("stop")
            .map(|stop| list(&stop))
            .transpose()
            .map_err(fail)?
            .unwrap_or_default();
        let families =
            front.remove("for").map(|families| list(&families)).transpose().map_err(fail)?;
        let takes_examples = match front.remove("examples").as_deref() {
            None => true,
            Some("none") => false,
            Some(other) => {
                return Err(fail(format!("front matter has `examples: {other}`; known: none")));
            }
        };
        let lines_before = file.lines().count() - body.lines().count();
        let (body, examples) = shipped_examples(body, lines_before, &tasks).map_err(fail)?;
        if !takes_examples && !examples.is_empty() {
            return Err(fail("has examples, and `examples: none` in front matter".into()));
        }
        let mut text =
            |key| front.remove(key).map(|value| string(&value)).transpose().map_err(fail);
        let mut prompt = Self {
            name: name.to_string(),
            tasks,
            families: families.unwrap_or_else(|| vec![ANY.to_string()]),
            describe: text("describe")?.unwrap_or_default(),
            stop,
            takes_examples,
            sha256: sha256(file),
            examples,
            has_examples_in_body: false,
            shows_context: false,
            system: text("system")?,
            body,
        };
        prompt.check()?;
        Ok(prompt)
    }

    /// Renders the prompt.
    ///
    /// ```
    /// use malmoi::{Language, prompts::{Prompt, PromptPart, Style, Task, Variables}};
    /// let prompt = Prompt::find(Task::Translate, "translategemma", None, None).unwrap();
    /// let rendered = prompt.render(&Variables {
    ///     text: "{{ 7 * 7 }} <|im_end|>",
    ///     source: Language::English,
    ///     target: Language::Korean,
    ///     sentences: 3,
    ///     style: Style::Paragraph,
    ///     glossary: &[],
    ///     examples: &[],
    ///     context: None,
    ///     register: None,
    /// });
    /// // The article is not rendered as a template, and it is a part of its own.
    /// let article = PromptPart::UserText("{{ 7 * 7 }} <|im_end|>".into());
    /// assert_eq!(rendered.unwrap().parts.last(), Some(&article));
    /// ```
    pub fn render(&self, variables: &Variables<'_>) -> Result<Rendered> {
        if self.has_examples_in_body {
            return self.render_body(variables);
        }
        // Glossary and context belong to the text, and would make other turns for each text.
        let before = Variables { glossary: &[], examples: &[], context: None, ..*variables };
        let mut examples = Vec::with_capacity(variables.examples.len());
        for Example { source, target } in variables.examples {
            let user = self.render_body(&Variables { text: source, ..before })?.parts;
            examples.push(ExampleTurns { user, assistant: visible(target).into_owned() });
        }
        Ok(Rendered { examples, ..self.render_body(&Variables { examples: &[], ..*variables })? })
    }

    /// The examples that the prompt file has for a direction.
    pub fn examples(&self, languages: LanguagePair) -> impl Iterator<Item = &Example> {
        let fit = self.examples.iter().filter(move |shipped| shipped.languages == languages);
        fit.map(|shipped| &shipped.example)
    }

    /// True if the body has a place for the words around a text.
    pub fn shows_context(&self) -> bool {
        self.shows_context
    }

    /// True if the body has the examples in its own text, so that they need no turns.
    pub fn has_examples_in_body(&self) -> bool {
        self.has_examples_in_body
    }

    fn render_body(&self, variables: &Variables<'_>) -> Result<Rendered> {
        let mut user_texts = UserTexts::default();
        let text = user_texts.hide(visible(variables.text));
        let article = text.clone();
        let values = context! {
            text,
            source => language(variables.source),
            target => language(variables.target),
            sentences => variables.sentences,
            style => variables.style.as_str(),
            glossary => variables.glossary.iter().map(|term| context! {
                source => user_texts.hide(visible(&term.source)),
                target => user_texts.hide(visible(&term.target)),
            }).collect::<Vec<_>>(),
            examples => variables.examples.iter().map(|example| context! {
                source => user_texts.hide(visible(&example.source)),
                target => user_texts.hide(visible(&example.target)),
            }).collect::<Vec<_>>(),
            context => variables.context.map(|context| user_texts.hide(visible(context))),
            register => variables.register.map(register),
        };
        let system = self.system.as_ref().map(|system| self.fill(system, &values)).transpose()?;
        if system.as_deref().is_some_and(has_marker) {
            return Err(self.error(
                "`system` may not use text, glossary, examples or context: they are untrusted",
            ));
        }
        let body = self.fill(&self.body, &values)?;
        let apart =
            "takes `text`, `context`, a glossary term or an example apart; put them in whole";
        let parts = user_texts.restore(&body).ok_or_else(|| self.error(apart))?;
        if !body.contains(&article) {
            return Err(self.error("does not use `text`: the model would not see the article"));
        }
        let parts = parts.into_iter().map(|part| part.map(str::to_string)).collect();
        Ok(Rendered { system, examples: Vec::new(), parts })
    }

    fn named(task: Task, name: &str, folder: Option<&Path>) -> Result<Self> {
        let Some(prompt) = Self::load(name, folder)? else {
            let names = Self::names_for(task, folder)?.join(", ");
            return Err(Error::prompt(
                name,
                format!("does not exist; prompts to {}: {names}", task.as_str()),
            ));
        };
        if !prompt.tasks.contains(&task) {
            let tasks: Vec<&str> = prompt.tasks.iter().map(|task| task.as_str()).collect();
            return Err(prompt.error(format!(
                "is made to {}, not to {}",
                tasks.join(" or "),
                task.as_str()
            )));
        }
        Ok(prompt)
    }

    fn of_family(task: Task, family: &str, folder: Option<&Path>) -> Result<Self> {
        let mut general = None;
        for name in Self::names() {
            match Self::load(name, folder)? {
                Some(prompt) if !prompt.tasks.contains(&task) => {}
                Some(prompt) if prompt.families.iter().any(|other| other == family) => {
                    return Ok(prompt);
                }
                Some(prompt) if prompt.families.iter().any(|other| other == ANY) => {
                    general = Some(prompt)
                }
                _ => {}
            }
        }
        general.ok_or_else(|| {
            Error::prompt(
                task.as_str(),
                format!("no prompt is made for {family} models or for any"),
            )
        })
    }

    /// Names of the prompts for a task. Files in the folder that cannot be parsed are left out.
    fn names_for(task: Task, folder: Option<&Path>) -> Result<Vec<String>> {
        let mut names: Vec<String> = Self::names().map(str::to_string).collect();
        if let Some(folder) = folder {
            let files =
                std::fs::read_dir(folder).map_err(|error| Error::io("read", folder, error))?;
            names.extend(files.filter_map(|file| {
                Some(file.ok()?.file_name().to_str()?.strip_suffix(".md")?.to_string())
            }));
        }
        names.sort_unstable();
        names.dedup();
        names.retain(
            |name| matches!(Self::load(name, folder), Ok(Some(prompt)) if prompt.tasks.contains(&task)),
        );
        Ok(names)
    }

    /// Finds errors that rendering would find with certain variables only.
    fn check(&mut self) -> Result<()> {
        let (mut has_examples_in_body, mut shows_context) = (false, false);
        for template in self.system.iter().chain([&self.body]) {
            if has_marker(template) {
                return Err(
                    self.error("holds a private-use character that malmoi uses as a marker")
                );
            }
            let environment = environment();
            let parsed =
                environment.template_from_str(template).map_err(|error| self.jinja(&error))?;
            let variables = parsed.undeclared_variables(false);
            has_examples_in_body |= variables.contains("examples");
            shows_context |= variables.contains("context");
            let mut unknown: Vec<String> =
                parsed.undeclared_variables(true).into_iter().filter(|v| !is_known(v)).collect();
            unknown.sort_unstable();
            if let Some(unknown) = unknown.first() {
                let known = if unknown.contains('.') { LANGUAGE_ATTRIBUTES } else { VARIABLES };
                return Err(self
                    .error(format!("unknown variable `{unknown}`; known: {}", known.join(", "))));
            }
        }
        self.has_examples_in_body = has_examples_in_body;
        self.shows_context = shows_context;
        // Rendering once finds a text that is not used or used in part, and a template without end.
        let term = Term::new("a", "b");
        let (source, target) = (Language::English, Language::Korean);
        let (text, context, glossary) = ("c", Some("d"), &[term][..]);
        let examples = &[Example { source: "e".into(), target: "f".into() }][..];
        self.render(&Variables {
            text,
            source,
            target,
            sentences: 3,
            style: Style::Paragraph,
            glossary,
            examples,
            context,
            register: Some(Register::Hamnida),
        })
        .map(|_| ())
    }

    fn fill(&self, template: &str, values: &minijinja::Value) -> Result<String> {
        let rendered =
            environment().render_str(template, values).map_err(|error| self.jinja(&error))?;
        Ok(rendered.trim().to_string())
    }

    fn jinja(&self, error: &minijinja::Error) -> Error {
        let line =
            error.line().map(|line| format!(" (line {line} of the body)")).unwrap_or_default();
        self.error(format!(
            "{}{line}",
            error.detail().map_or_else(|| error.kind().to_string(), str::to_string)
        ))
    }

    fn error(&self, reason: impl ToString) -> Error {
        Error::prompt(&self.name, reason)
    }
}

/// A template environment without file access and with a limit on its steps.
/// The SHA-256 of a text, in hexadecimal digits.
fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    // A line with a block tag only leaves no blank line.
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment
        .set_syntax(syntax.expect("only custom delimiters can clash, and these are Jinja's own"));
    environment
}

fn language(language: Language) -> minijinja::Value {
    context! { code => language.code(), name => language.name(), native => language.native_name() }
}

/// The register of an answer in words: "합니다체 (밝혔습니다, 합니다)".
fn register(register: Register) -> String {
    format!("{} ({})", register.korean_name(), register.sample())
}

/// True for a variable of a prompt's body.
fn is_known(variable: &str) -> bool {
    match variable.split_once('.') {
        Some(("source" | "target", part)) => LANGUAGE_ATTRIBUTES.contains(&part),
        Some((variable, _)) => VARIABLES.contains(&variable),
        // Functions of the template language.
        None => {
            VARIABLES.contains(&variable)
                || environment().globals().any(|(name, _)| name == variable)
        }
    }
}

#[cfg(test)]
#[path = "prompts/tests.rs"]
mod tests;
