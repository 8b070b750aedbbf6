//! Results of items: lines of `items.jsonl` and `failed.jsonl`. They contain no times, so that
//! equal runs write equal bytes.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::hash::sha256;
use super::queue::Lease;
use crate::checks::{Consistency, Dismissals, GlossaryUse, OutputKind, Pair};
use crate::document::Package;
use crate::event::Finish;
use crate::finding::{Finding, Support};
use crate::formats::{Form, Item};
use crate::language::Language;
use crate::outcome::{MemoryUse, Outcome, Provenance, SecondUse, Tokens};

/// A line of `items.jsonl`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Line {
    /// Id of the item in its source, or its key in the journal if it has no id or another item has
    /// the same; unique.
    pub id: String,
    /// Version of the item.
    pub version: Option<String>,
    /// Headline.
    pub title: Option<String>,
    /// Address of the article.
    pub link: Option<String>,
    /// Date of publication, as the source writes it.
    pub published: Option<String>,
    /// Slug: the few words a newsroom calls the item by.
    pub slug: Option<String>,
    /// Name of the input it came from.
    pub input: String,
    /// Language of the item.
    pub from: String,
    /// Language of its results.
    pub to: String,
    /// Form of the source and of `translation.text`.
    pub form: Form,
    /// The article without page boilerplate.
    pub source: String,
    /// Translation.
    pub translation: Option<PairedTranslation>,
    /// Summary.
    pub summary: Option<Summary>,
    /// Findings about the item itself.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// Key of the item in the journal. With `content` it allows the journal to be rebuilt.
    pub key: String,
    /// SHA-256 of the content.
    pub content: String,
    /// SHA-256 of the content of the last result, if the item was edited since; the journal keeps
    /// that version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<String>,
    /// True if the item is no longer in its input.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
    /// Hash of the models and options it was made with.
    #[serde(default)]
    pub spec: String,
}

/// A translation, whole and paragraph by paragraph.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PairedTranslation {
    /// Name of the model.
    pub model: String,
    /// Translated headline.
    pub title: Option<String>,
    /// The whole translation, in the form of the source.
    pub text: String,
    /// The translation of an office file, as such a file. It is in the journal and in `items/`, not
    /// in `items.jsonl`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<Package>,
    /// Paragraphs of the source with their translations.
    pub pairs: Vec<BilingualPair>,
    /// Reason generation ended.
    pub finish: String,
    /// Token counts.
    pub tokens: Tokens,
    /// How it used the glossary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub glossary: Option<GlossaryUse>,
    /// What it owes to the second model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<SecondUse>,
    /// Findings; `segment` is an index into `pairs`.
    pub findings: Vec<Finding>,
    /// What ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
}

/// A paragraph and its translation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BilingualPair {
    /// Text of the source.
    pub source: String,
    /// Translation.
    pub text: String,
    /// Estimate of the translation's quality, higher for better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<f32>,
    /// What it owes to the desk's memory. That a machine's translation was reused is not written:
    /// the line has the same bytes as when the segment is generated.
    #[serde(default, skip_serializing_if = "owes_nothing", serialize_with = "memory_of_people")]
    pub memory: Option<MemoryUse>,
    /// The model that wrote it, if that is the second one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// True if a segment owes nothing to people.
fn owes_nothing(memory: &Option<MemoryUse>) -> bool {
    memory.clone().and_then(MemoryUse::of_people).is_none()
}

fn memory_of_people<S: serde::Serializer>(
    memory: &Option<MemoryUse>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    memory.clone().and_then(MemoryUse::of_people).serialize(serializer)
}

/// A summary.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Summary {
    /// Name of the model.
    pub model: String,
    /// Route: `direct` or `cascade`.
    pub route: String,
    /// The summary.
    pub text: String,
    /// On the route `cascade`, the summary in the article's language, from which `text` was
    /// translated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intermediate: Option<String>,
    /// Reason generation ended.
    pub finish: String,
    /// Token counts.
    pub tokens: Tokens,
    /// Findings.
    pub findings: Vec<Finding>,
    /// The article sentences that support each sentence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub support: Vec<Support>,
    /// What ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
}

impl Line {
    /// The line of an item without a result yet.
    pub(super) fn new(lease: &Lease, item: &Item, from: Language, to: Language) -> Self {
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

    /// Names of the item's page and, if the item was a file, of its translation: the file's name or
    /// the headline, in characters that all file systems allow, with part of the key's hash.
    pub(super) fn file_names(&self) -> (String, Option<String>) {
        let name = match &self.form {
            Form::File(_) => file_name(&self.input),
            _ => headline_name(self.title.as_deref().unwrap_or("item")),
        };
        let name = format!("{name}-{}", &sha256(&self.key)[..16]);
        let translated = match (&self.form, &self.translation) {
            (Form::File(extension), Some(_)) => Some(format!("{name}.{}.{extension}", self.to)),
            _ => None,
        };
        (format!("{name}.md"), translated)
    }

    /// Language of the results.
    pub(super) fn language(&self) -> Language {
        Language::parse(&self.to).unwrap_or(Language::English)
    }

    /// Findings that put the result in doubt.
    pub fn doubts(&self) -> impl Iterator<Item = &Finding> {
        let translation = self.translation.iter().flat_map(|result| &result.findings);
        let summary = self.summary.iter().flat_map(|result| &result.findings);
        self.findings.iter().chain(translation).chain(summary).filter(|finding| finding.is_doubt())
    }

    /// Adds what the translation renders in another way than an earlier item of the run.
    pub(super) fn compare(&mut self, run: &mut Consistency, dismissed: &Dismissals) {
        let to = self.language();
        let Some(translation) = &mut self.translation else { return };
        let (from, kind) = (to.other(), OutputKind::Translation);
        for (index, BilingualPair { source, text: output, .. }) in
            translation.pairs.iter().enumerate()
        {
            let pair = Pair { source, output, from, to, kind };
            let found = run.compare(&pair, &self.id, dismissed);
            // Doubts between the paragraphs of one item are there already.
            let found = found.filter(|finding| finding.values["place"] != self.id);
            translation.findings.extend(found.map(|finding| finding.at(index)));
        }
        Finding::arrange(&mut translation.findings);
    }

    /// Number of generated tokens.
    pub fn output_tokens(&self) -> usize {
        let translation = self.translation.as_ref().map_or(0, |result| result.tokens.output);
        translation + self.summary.as_ref().map_or(0, |result| result.tokens.output)
    }
}

impl PairedTranslation {
    /// The translation of an outcome. `title` is the headline of the source, whose translation is
    /// looked up among the pairs.
    pub fn new(outcome: Outcome, title: Option<&str>) -> Self {
        let file = outcome.file.map(|file| Package::new("file", &file));
        let pairs: Vec<BilingualPair> = outcome
            .segments
            .into_iter()
            .map(|segment| BilingualPair {
                source: segment.source,
                text: segment.text,
                estimate: segment.estimate,
                memory: segment.memory,
                model: segment.model,
            })
            .collect();
        let title = title.and_then(|title| pairs.iter().find(|pair| pair.source == title.trim()));
        Self {
            model: outcome.model,
            title: title.map(|pair| pair.text.clone()),
            text: outcome.text,
            file,
            pairs,
            finish: finish(outcome.finish),
            tokens: outcome.tokens,
            glossary: outcome.glossary,
            second: outcome.second,
            findings: outcome.findings,
            provenance: Some(outcome.provenance),
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
            tokens: outcome.tokens,
            findings: outcome.findings,
            support: outcome.support,
            provenance: Some(outcome.provenance),
        }
    }
}

/// The first words of a headline, joined by hyphens.
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

/// The stem of an input's file name; characters special to a shell or a file system become hyphens.
fn file_name(input: &str) -> String {
    // Most systems allow 255 bytes, which include the hash and the extensions.
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

/// Names of the output files of a line of `items.jsonl`.
pub(super) fn files(line: &str) -> Vec<String> {
    let files = serde_json::from_str::<Line>(line).ok().map(|line| line.file_names());
    files.into_iter().flat_map(|(page, translated)| [Some(page), translated]).flatten().collect()
}

/// The differences of two specifications: names with both values.
pub(super) fn differences(stored: &str, requested: &str) -> Vec<String> {
    let read = |text: &str| {
        serde_json::from_str::<serde_json::Map<String, Value>>(text).unwrap_or_default()
    };
    let (stored, requested) = (read(stored), read(requested));
    let mut names: Vec<&String> = stored.keys().chain(requested.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let value = |of: &serde_json::Map<String, Value>, name: &str| {
        of.get(name).map_or("none".into(), Value::to_string)
    };
    names
        .into_iter()
        .filter(|name| stored.get(*name) != requested.get(*name))
        .map(|name| format!("{name} was {}, is {}", value(&stored, name), value(&requested, name)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: &str, pairs: &[(&str, &str)]) -> Line {
        let pairs: Vec<Value> =
            pairs.iter().map(|(source, text)| json!({"source": source, "text": text})).collect();
        let translation = json!({
            "model": "m", "title": null, "text": "", "pairs": pairs, "finish": "stop",
            "tokens": Tokens::default(), "findings": [],
        });
        let line = json!({
            "id": id, "version": null, "title": null, "link": null, "published": null, "slug": null,
            "input": "", "from": "en", "to": "ko", "form": Form::Words, "source": "",
            "translation": translation, "summary": null, "key": id, "content": "",
        });
        serde_json::from_value(line).unwrap()
    }

    #[test]
    fn a_paragraph_with_another_translation_in_an_earlier_item_is_named() {
        let source = "The port stayed closed on Monday.";
        let closed = (source, "항구는 월요일 문을 닫았다.");
        let shut = (source, "항만은 월요일에 폐쇄됐다.");
        let mut run = Consistency::default();
        let mut messages = |mut line: Line| -> Vec<String> {
            line.compare(&mut run, &Dismissals::default());
            line.doubts().map(|doubt| doubt.message.clone()).collect()
        };
        assert_eq!(messages(line("a", &[closed, shut])), [""; 0]);
        let message = "the same original has another translation at a";
        assert_eq!(messages(line("b", &[closed, shut])), [message]);
    }

    #[test]
    fn a_file_name_uses_only_characters_that_every_file_system_allows() {
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
