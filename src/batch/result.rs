//! What comes of an item: its line in `items.jsonl`, or in `failed.jsonl`. No clock values, so that
//! equal runs have equal bytes.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::queue::Lease;
use crate::event::{Finding, Finish};
use crate::formats::{Form, Item};
use crate::language::Language;
use crate::outcome::{Outcome, Tokens};

/// A line of `items.jsonl`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Line {
    /// What the source calls the item; where it has no name, or another item has that name, what
    /// the journal calls it. Unique.
    pub id: String,
    /// Which version of it this is.
    pub version: Option<String>,
    /// Its headline.
    pub title: Option<String>,
    /// Where it can be read.
    pub link: Option<String>,
    /// When it was published, as the source writes it.
    pub published: Option<String>,
    /// The few words a newsroom calls it by.
    pub slug: Option<String>,
    /// The input it came from.
    pub input: String,
    /// The language it is in, and the one it was brought into.
    pub from: String,
    /// See `from`.
    pub to: String,
    /// What the text of its translation is.
    pub form: Form,
    /// The article, its furniture left out.
    pub source: String,
    /// Its translation.
    pub translation: Option<Translation>,
    /// Its summary.
    pub summary: Option<Summary>,
    /// What is doubtful about the item itself.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// What the journal calls it, and the sum of its content: from these the journal can be begun
    /// again.
    pub key: String,
    /// See `key`.
    pub content: String,
    /// The content that the item had when it was last done, where it was edited since: the journal
    /// keeps that version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<String>,
    /// Whether the item is not in its input any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
    /// Sum of the models and options it was made with.
    #[serde(default)]
    pub spec: String,
}

/// A translation, whole and paragraph by paragraph.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Translation {
    /// The model that made it.
    pub model: String,
    /// The translated headline.
    pub title: Option<String>,
    /// All of it, in the form of the source.
    pub text: String,
    /// Each part of the source beside its translation.
    pub pairs: Vec<Pair>,
    /// Why it ended.
    pub finish: String,
    /// Tokens read and written.
    pub tokens: Count,
    /// What is doubtful; `segment` counts `pairs`.
    pub findings: Vec<Finding>,
}

/// A part of a text and what was made of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pair {
    /// As it stands in the source.
    pub source: String,
    /// Translated.
    pub text: String,
}

/// A summary.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Summary {
    /// The model that made it.
    pub model: String,
    /// How it was reached: `direct` or `cascade`.
    pub route: String,
    /// The summary.
    pub text: String,
    /// The summary in the article's language that `text` was translated from, on the route
    /// `cascade`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intermediate: Option<String>,
    /// Why it ended.
    pub finish: String,
    /// Tokens read and written.
    pub tokens: Count,
    /// What is doubtful.
    pub findings: Vec<Finding>,
}

/// Tokens of the text, of those the ones that were read, and tokens written.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the same three as in `Tokens`")]
pub struct Count {
    pub input: usize,
    pub seen: usize,
    pub output: usize,
}

impl From<Tokens> for Count {
    fn from(tokens: Tokens) -> Self {
        Self { input: tokens.input, seen: tokens.seen, output: tokens.output }
    }
}

impl Line {
    /// The line of an item of which nothing was made yet.
    pub fn new(lease: &Lease, item: &Item, from: Language, to: Language) -> Self {
        Self {
            id: lease.id.clone(),
            version: item.version.clone(),
            title: item.document.title().map(str::to_string),
            link: item.link.clone(),
            published: item.published.clone(),
            slug: item.slug.clone(),
            form: item.form.clone(),
            input: lease.input.clone(),
            from: from.code().to_string(),
            to: to.code().to_string(),
            source: item.document.article(),
            translation: None,
            summary: None,
            findings: Vec::new(),
            key: lease.key.clone(),
            content: lease.content.clone(),
            supersedes: lease.previous.clone(),
            removed: false,
            spec: String::new(),
        }
    }

    /// The names of the item's page, and of the file that is its translation where the item was
    /// one: names people recognise, of characters every file system takes, and unlike all others. A
    /// file keeps its name, another item has its headline; part of the key's sum follows.
    pub(super) fn files(&self) -> (String, Option<String>) {
        let name = match &self.form {
            Form::File(_) => file_name(&self.input),
            _ => headline_name(self.title.as_deref().unwrap_or("item")),
        };
        let name = format!("{name}-{}", &super::sum(&self.key)[..16]);
        let own = match (&self.form, &self.translation) {
            (Form::File(ending), Some(_)) => Some(format!("{name}.{}.{ending}", self.to)),
            _ => None,
        };
        (format!("{name}.md"), own)
    }

    /// All that is doubtful.
    pub fn doubts(&self) -> impl Iterator<Item = &Finding> {
        let translation = self.translation.iter().flat_map(|one| &one.findings);
        let summary = self.summary.iter().flat_map(|one| &one.findings);
        self.findings.iter().chain(translation).chain(summary).filter(|doubt| doubt.is_doubt())
    }

    /// Tokens written.
    pub fn written(&self) -> usize {
        let translation = self.translation.as_ref().map_or(0, |one| one.tokens.output);
        translation + self.summary.as_ref().map_or(0, |one| one.tokens.output)
    }
}

impl Translation {
    /// What an outcome says; `title` is the source's, whose translation is looked up.
    pub fn of(outcome: Outcome, title: Option<&str>) -> Self {
        let pairs: Vec<Pair> = outcome
            .segments
            .into_iter()
            .map(|one| Pair { source: one.source, text: one.text })
            .collect();
        let title = title.and_then(|title| pairs.iter().find(|pair| pair.source == title.trim()));
        Self {
            model: outcome.model,
            title: title.map(|pair| pair.text.clone()),
            text: outcome.text,
            pairs,
            finish: finish(outcome.finish),
            tokens: outcome.tokens.into(),
            findings: outcome.findings,
        }
    }
}

impl From<Outcome> for Summary {
    fn from(outcome: Outcome) -> Self {
        Self {
            model: outcome.model,
            route: outcome.route.as_str().to_string(),
            text: outcome.text,
            intermediate: outcome.intermediate,
            finish: finish(outcome.finish),
            tokens: outcome.tokens.into(),
            findings: outcome.findings,
        }
    }
}

/// The words of a headline, as many as a file name should have.
fn headline_name(title: &str) -> String {
    const LONGEST: usize = 40;
    let mut name = String::new();
    for word in title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if name.chars().count() + word.chars().count() >= LONGEST {
            break;
        }
        if !name.is_empty() {
            name.push('-');
        }
        name.push_str(&word.to_lowercase());
    }
    if name.is_empty() { "item".to_string() } else { name }
}

/// The name of an input file without folders and ending; characters that mean something to a shell
/// or a file system are hyphens.
fn file_name(input: &str) -> String {
    // A file name has room for 255 bytes on most systems, also for the sum and the endings.
    const LONGEST: usize = 120;
    let last = input.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = std::path::Path::new(last).file_stem().unwrap_or_default().to_string_lossy();
    let mut name = String::new();
    for c in
        stem.chars().map(|c| if c.is_alphanumeric() || matches!(c, '_' | '.') { c } else { '-' })
    {
        let joins = matches!(c, '-' | '.');
        if name.len() + c.len_utf8() > LONGEST {
            break;
        }
        if !(joins && (name.is_empty() || name.ends_with(['-', '.']))) {
            name.push(c);
        }
    }
    let name = name.trim_end_matches(['-', '.']);
    if name.is_empty() { "item".to_string() } else { name.to_string() }
}

fn finish(finish: Finish) -> String {
    finish.as_str().to_string()
}

/// A line of `failed.jsonl`.
pub(super) fn failure(
    key: &str,
    input: &str,
    place: Option<&str>,
    reason: &str,
    raw: Option<&str>,
) -> String {
    json!({"id": key, "input": input, "place": place, "reason": reason, "beginning": raw})
        .to_string()
}

/// The files of a line of `items.jsonl`.
pub(super) fn files(line: &str) -> Vec<String> {
    let files = serde_json::from_str::<Line>(line).ok().map(|line| line.files());
    files.into_iter().flat_map(|(page, own)| [Some(page), own]).flatten().collect()
}

/// Names of what is not the same in two specifications, with both values.
pub(super) fn differences(frozen: &str, asked: &str) -> Vec<String> {
    let read = |text: &str| {
        serde_json::from_str::<serde_json::Map<String, Value>>(text).unwrap_or_default()
    };
    let (frozen, asked) = (read(frozen), read(asked));
    let mut names: Vec<&String> = frozen.keys().chain(asked.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let value = |of: &serde_json::Map<String, Value>, name: &str| {
        of.get(name).map_or("none".into(), Value::to_string)
    };
    let differ = names.into_iter().filter(|name| frozen.get(*name) != asked.get(*name));
    differ
        .map(|name| format!("{name} was {}, is {}", value(&frozen, name), value(&asked, name)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_keeps_its_name_in_characters_every_file_system_takes() {
        for (input, name) in [
            ("in/harbour.txt", "harbour"),
            ("Harbour Plan (v2).final.docx", "Harbour-Plan-v2-final"),
            ("-rf.txt", "rf"),
            ("in/해민항 준설.html", "해민항-준설"),
            ("https://baram.example/rss?page=1&x=2", "rss-page-1-x-2"),
            ("in/\u{202e}a\nb.txt", "a-b"),
            ("in/....txt", "item"),
        ] {
            assert_eq!(file_name(input), name, "{input:?}");
        }
        let long = file_name(&format!("{}.txt", "항".repeat(200)));
        assert!(long.len() <= 120 && long.chars().all(|c| c == '항'), "{long}");
    }
}
