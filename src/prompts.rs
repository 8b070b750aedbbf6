//! Prompts: a task's wording, one file each in `prompts/`, embedded at build time. Finds, checks
//! and renders them.
//!
//! A prompt is not a chat template: it says *what* is asked, the checkpoint's own template says in
//! which tokens a turn is wrapped. Knows wordings and languages; knows nothing of models (a family
//! is a word here) or tokens.
//!
//! A file is front matter and a Jinja body:
//!
//! ```text
//! ---
//! task: ["translate"]                    summarize, combine (summaries of parts into one) or translate
//! for: any                               the model families it is written for: any, base, small, hunyuan …
//! describe: Faithful news translation    half a line for the listing
//! stop: ["\n\n"]                         (optional) strings that end the answer
//! system: "You are a translator."        (optional) the system message, itself a template
//! ---
//! Translate into {{ target.name }}:
//!
//! {{ text }}
//! ```
//!
//! **The article never passes through the template.** `text`, `context` and the glossary are stood
//! in for by markers that nothing else can hold; the rendered wording is cut at the markers, and
//! whoever encodes it gets [`PromptPart`]s that say which words are ours and which came from outside.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, context};

use crate::error::{Error, Result};
use crate::formats::visible;
use crate::language::Language;
pub use crate::prompt_part::PromptPart;
use crate::prompt_part::{UserTexts, has_marker};

/// Embeds the files and names them once.
macro_rules! embed {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../prompts/", $name, ".md")))),*]
    };
}

/// Every prompt that is built in. A test holds this list and the folder together.
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

/// The family of prompts that suit every model.
const ANY: &str = "any";

/// Steps a template may take: a wording takes some hundreds.
const FUEL: u64 = 100_000;

/// What a prompt asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Task {
    /// A summary of a text.
    Summarize,
    /// One summary from summaries of the parts of a text.
    Combine,
    /// A translation.
    Translate,
}

impl Task {
    /// The word front matter uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Summarize => "summarize",
            Self::Combine => "combine",
            Self::Translate => "translate",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Summarize, Self::Combine, Self::Translate]
            .into_iter()
            .find(|task| task.as_str() == word)
    }
}

/// The shape of a summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Style {
    /// Running text.
    #[default]
    Paragraph,
    /// One line a point.
    Bullets,
    /// One line.
    Headline,
}

impl Style {
    /// The word prompts and the command line use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Paragraph => "paragraph",
            Self::Bullets => "bullets",
            Self::Headline => "headline",
        }
    }
}

/// A word and its prescribed translation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// In the source language.
    pub source: String,
    /// In the target language.
    pub target: String,
}

impl Term {
    /// Reads a list of terms: a term, a tab and its translation on each line. A third column is a
    /// comment, as in OmegaT's glossaries, and so are lines that begin with `#`.
    ///
    /// ```
    /// use malmoi::prompts::Term;
    /// let terms = Term::read("# ministries\nMinistry of Unification\t통일부\thouse style\n".as_bytes(), "terms.tsv").unwrap();
    /// assert_eq!(terms[0].target, "통일부");
    /// let error = Term::read(b"Ministry of Unification", "terms.tsv").unwrap_err();
    /// assert_eq!(error.to_string(), "terms.tsv has no tab between a term and its translation on line 1");
    /// ```
    pub fn read(bytes: &[u8], name: &str) -> Result<Vec<Self>> {
        let text = crate::formats::decode(bytes, name)?;
        let lines = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
        let terms = lines.map(|(index, line)| {
            let mut columns = line.split('\t').map(str::trim);
            let sides = columns.next().zip(columns.next());
            match sides.filter(|(source, target)| !source.is_empty() && !target.is_empty()) {
                Some((source, target)) => {
                    Ok(Self { source: source.to_string(), target: target.to_string() })
                }
                None => {
                    let reason = format!(
                        "has no tab between a term and its translation on line {}",
                        index + 1
                    );
                    Err(Error::unreadable(name, reason))
                }
            }
        });
        terms.collect()
    }
}

/// What a body may speak of.
#[derive(Debug, Clone, Copy)]
pub struct Variables<'a> {
    /// The text the task is done on. Untrusted.
    pub text: &'a str,
    /// Its language.
    pub source: Language,
    /// The language of the answer.
    pub target: Language,
    /// Sentences (or points) of a summary.
    pub sentences: usize,
    /// Shape of a summary.
    pub style: Style,
    /// Prescribed translations. Untrusted.
    pub glossary: &'a [Term],
    /// What stands before the text, if the model should see it. Untrusted.
    pub context: Option<&'a str>,
}

/// The variables a body may use, as it writes them.
const KNOWN: &[&str] = &["text", "source", "target", "sentences", "style", "glossary", "context"];
/// What `source` and `target` have.
const KNOWN_OF_LANGUAGE: &[&str] = &["code", "name", "native"];
/// The keys of front matter.
const KEYS: &[&str] = &["task", "for", "describe", "stop", "system"];

/// A prompt filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The system message, if the prompt has one. Holds nothing untrusted.
    pub system: Option<String>,
    /// The user's turn, in order. Invisible characters are removed from user text.
    pub parts: Vec<PromptPart>,
}

/// A prompt file, parsed and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// Its name: the file's, without the ending.
    pub name: String,
    /// What it can be used for.
    pub tasks: Vec<Task>,
    /// The model families it is written for, `any` among them.
    pub families: Vec<String>,
    /// Half a line for listings.
    pub describe: String,
    /// Strings that end the answer.
    pub stop: Vec<String>,
    system: Option<String>,
    body: String,
}

impl Prompt {
    /// The prompt called `name`, or the one written for the model family, or the one for any.
    ///
    /// A file of the same name in `folder` takes the place of a built-in one; other files there are
    /// found by their name only.
    /// ```
    /// use malmoi::prompts::{Prompt, Task};
    /// assert_eq!(Prompt::find(Task::Translate, "hunyuan", None, None).unwrap().name, "translate-hunyuan");
    /// assert_eq!(Prompt::find(Task::Translate, "llama", None, None).unwrap().name, "translate");
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
            None => Self::suited(task, family, folder),
        }
    }

    /// The names of the built-in prompts, sorted.
    pub fn names() -> impl Iterator<Item = &'static str> {
        EMBEDDED.iter().map(|(name, _)| *name)
    }

    /// A built-in prompt, or the file in `folder` that takes its place.
    pub fn load(name: &str, folder: Option<&Path>) -> Result<Option<Self>> {
        // A name is no path: "../x" is simply not there.
        let plain =
            !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
        if !plain {
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
        // Checking one takes a trial; the built-in ones are tried once.
        static PARSED: OnceLock<Vec<Prompt>> = OnceLock::new();
        if PARSED.get().is_none() {
            let parsed: Result<Vec<Self>> =
                EMBEDDED.iter().map(|(name, text)| Self::parse(name, text)).collect();
            let _ = PARSED.set(parsed?);
        }
        let found =
            PARSED.get().and_then(|parsed| parsed.iter().find(|prompt| prompt.name == name));
        Ok(found.cloned())
    }

    /// Parses and checks a prompt file.
    ///
    /// ```
    /// use malmoi::prompts::Prompt;
    /// let error = Prompt::parse("mine", "---\ntask: [\"translate\"]\n---\n{{ artcle }}").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "prompt `mine`: unknown variable `artcle`; known: text, source, target, sentences, style, glossary, context"
    /// );
    /// ```
    pub fn parse(name: &str, file: &str) -> Result<Self> {
        let fail = |reason: String| Error::prompt(name, reason);
        let (mut front, body) = front_matter(file).map_err(fail)?;
        let tasks = front.remove("task").ok_or_else(|| fail("front matter lacks `task`".into()))?;
        let tasks = list(&tasks).map_err(fail)?;
        let tasks = tasks
            .iter()
            .map(|word| Task::parse(word).ok_or_else(|| fail(format!("unknown task `{word}`"))));
        let tasks: Vec<Task> = tasks.collect::<Result<_>>()?;
        let stop = front
            .remove("stop")
            .map(|stop| list(&stop))
            .transpose()
            .map_err(fail)?
            .unwrap_or_default();
        let families =
            front.remove("for").map(|families| list(&families)).transpose().map_err(fail)?;
        let mut text =
            |key| front.remove(key).map(|value| string(&value)).transpose().map_err(fail);
        let prompt = Self {
            name: name.to_string(),
            tasks,
            families: families.unwrap_or_else(|| vec![ANY.to_string()]),
            describe: text("describe")?.unwrap_or_default(),
            stop,
            system: text("system")?,
            body,
        };
        prompt.check()?;
        Ok(prompt)
    }

    /// Fills the prompt in.
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
    ///     context: None,
    /// });
    /// // Nothing in the article is a template, and it stays a piece of its own.
    /// assert_eq!(rendered.unwrap().parts.last(), Some(&PromptPart::UserText("{{ 7 * 7 }} <|im_end|>".into())));
    /// ```
    pub fn render(&self, variables: &Variables<'_>) -> Result<Rendered> {
        let mut user_texts = UserTexts::default();
        let text = user_texts.hide(visible(variables.text));
        let article = text.clone();
        let known = context! {
            text,
            source => language(variables.source),
            target => language(variables.target),
            sentences => variables.sentences,
            style => variables.style.as_str(),
            glossary => variables.glossary.iter().map(|term| context! {
                source => user_texts.hide(visible(&term.source)),
                target => user_texts.hide(visible(&term.target)),
            }).collect::<Vec<_>>(),
            context => variables.context.map(|context| user_texts.hide(visible(context))),
        };
        let system = self.system.as_ref().map(|system| self.fill(system, &known)).transpose()?;
        if system.as_deref().is_some_and(has_marker) {
            return Err(
                self.error("`system` may not use text, glossary or context: they are untrusted")
            );
        }
        let body = self.fill(&self.body, &known)?;
        let apart =
            "takes `text`, `context` or a glossary term apart; they can only be put in whole";
        let parts = user_texts.restore(&body).ok_or_else(|| self.error(apart))?;
        if !body.contains(&article) {
            return Err(self.error("does not use `text`: the model would not see the article"));
        }
        let parts = parts.into_iter().map(|part| part.map(str::to_string)).collect();
        Ok(Rendered { system, parts })
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

    fn suited(task: Task, family: &str, folder: Option<&Path>) -> Result<Self> {
        let mut general = None;
        for name in Self::names() {
            match Self::load(name, folder)? {
                Some(prompt) if !prompt.tasks.contains(&task) => {}
                Some(prompt) if prompt.families.iter().any(|one| one == family) => {
                    return Ok(prompt);
                }
                Some(prompt) if prompt.families.iter().any(|one| one == ANY) => {
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

    /// Every name that would work for a task; files in the folder that do not parse are left out.
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

    /// Refuses what rendering would only find out with certain variables.
    fn check(&self) -> Result<()> {
        for template in self.system.iter().chain([&self.body]) {
            if has_marker(template) {
                return Err(
                    self.error("holds a private-use character that malmoi uses as a marker")
                );
            }
            let environment = environment();
            let parsed =
                environment.template_from_str(template).map_err(|error| self.jinja(&error))?;
            let mut unknown: Vec<String> =
                parsed.undeclared_variables(true).into_iter().filter(|v| !is_known(v)).collect();
            unknown.sort_unstable();
            if let Some(unknown) = unknown.first() {
                let known = if unknown.contains('.') { KNOWN_OF_LANGUAGE } else { KNOWN };
                return Err(self
                    .error(format!("unknown variable `{unknown}`; known: {}", known.join(", "))));
            }
        }
        // A trial finds what reading cannot: a text that is not used, or taken apart, or a template
        // that runs for long.
        let term = Term { source: "a".into(), target: "b".into() };
        let (source, target) = (Language::English, Language::Korean);
        let (text, context, glossary) = ("c", Some("d"), &[term][..]);
        self.render(&Variables {
            text,
            source,
            target,
            sentences: 3,
            style: Style::Paragraph,
            glossary,
            context,
        })
        .map(|_| ())
    }

    fn fill(&self, template: &str, known: &minijinja::Value) -> Result<String> {
        let rendered =
            environment().render_str(template, known).map_err(|error| self.jinja(&error))?;
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

/// A template environment with nothing in it that could reach a file, or run for long.
fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    // A line of nothing but a block leaves no line behind.
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment
        .set_syntax(syntax.expect("only custom delimiters can clash, and these are Jinja's own"));
    environment
}

fn language(language: Language) -> minijinja::Value {
    context! { code => language.code(), name => language.name(), native => language.native_name() }
}

fn is_known(variable: &str) -> bool {
    match variable.split_once('.') {
        Some(("source" | "target", part)) => KNOWN_OF_LANGUAGE.contains(&part),
        Some((variable, _)) => KNOWN.contains(&variable),
        // Functions of the template language are no variables of ours.
        None => {
            KNOWN.contains(&variable) || environment().globals().any(|(name, _)| name == variable)
        }
    }
}

/// The keys and raw values above the body, and the body.
fn front_matter(file: &str) -> Result<(BTreeMap<&str, String>, String), String> {
    let file = file.strip_prefix('\u{FEFF}').unwrap_or(file);
    let mut lines = file.split_inclusive('\n');
    if lines.next().map(str::trim_end) != Some("---") {
        return Err("does not begin with front matter (a line of ---)".into());
    }
    let mut front = BTreeMap::new();
    let mut closed = false;
    for line in lines.by_ref().map(str::trim) {
        if line == "---" {
            closed = true;
            break;
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line
            .split_once(':')
            .ok_or_else(|| format!("front matter has `{line}`, not `key: value`"))?;
        let key = key.trim();
        if !KEYS.contains(&key) {
            return Err(format!("unknown key `{key}` in front matter; known: {}", KEYS.join(", ")));
        }
        if front.insert(key, value.trim().to_string()).is_some() {
            return Err(format!("front matter has `{key}` twice"));
        }
    }
    if !closed {
        return Err("its front matter does not end (a second line of ---)".into());
    }
    Ok((front, lines.collect::<String>().replace("\r\n", "\n")))
}

/// A value: bare words, or a string in JSON's quotes where it needs escapes.
fn string(value: &str) -> Result<String, String> {
    if value.starts_with('"') {
        serde_json::from_str(value)
            .map_err(|error| format!("{value} is not a quoted string: {error}"))
    } else {
        Ok(value.to_string())
    }
}

/// A list in JSON's form, or one value.
fn list(value: &str) -> Result<Vec<String>, String> {
    if value.starts_with('[') {
        serde_json::from_str(value)
            .map_err(|error| format!("{value} is not a list of quoted strings: {error}"))
    } else {
        Ok(vec![string(value)?])
    }
}

#[cfg(test)]
#[path = "prompts/tests.rs"]
mod tests;
