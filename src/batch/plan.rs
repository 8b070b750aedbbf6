//! The plan of a batch: models and options, and the specification that results depend on.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::hash::sha256;
use crate::checks::Estimation;
use crate::error::{Error, Result};
use crate::formats::Item;
use crate::formats::pairs::ExchangeFormat;
use crate::job::{Capabilities, OnOrders, Repair, TaskOptions};
use crate::language::Language;
use crate::model::Model;
use crate::prompts::{Examples, Prompt, Task};

/// A model for a task of a batch.
#[derive(Clone)]
pub struct ModelChoice {
    /// The model.
    pub model: Model,
    /// Prompts and languages that suit it.
    pub capabilities: Capabilities,
    /// Identifies its weights. Results of models with different fingerprints are never mixed in one
    /// folder.
    pub fingerprint: String,
}

impl From<&Model> for ModelChoice {
    /// A model identified by its path.
    fn from(model: &Model) -> Self {
        Self {
            model: model.clone(),
            capabilities: Capabilities::default(),
            fingerprint: model.path().display().to_string(),
        }
    }
}

/// Reads the page that an item links to.
#[derive(Clone)]
pub struct Follow(Arc<ReadPage>);

type ReadPage = dyn Fn(&str) -> Result<Item> + Send + Sync;

impl Follow {
    /// A function from an address to the article there.
    pub fn new(read: impl Fn(&str) -> Result<Item> + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    pub(super) fn read(&self, address: &str) -> Result<Item> {
        (self.0)(address)
    }
}

/// Models and options of a batch.
#[derive(Clone)]
pub(super) struct BatchPlan {
    /// Options of both tasks. `to` of the plan replaces them.
    pub options: TaskOptions,
    /// Language of the results.
    pub to: Language,
    /// Model that summarizes; `None` for no summaries.
    pub summarizer: Option<ModelChoice>,
    /// Model that translates items and, on the route `cascade`, summaries.
    pub translator: Option<ModelChoice>,
    /// True to translate items.
    pub translate: bool,
    /// Number of items processed at the same time.
    pub max_concurrent: usize,
    /// True if the inputs are feeds: `feed.xml` is written, and items that left them are not marked
    /// as removed, because a feed shows its latest items only.
    pub feed: bool,
    /// Formats to write source and translation in, side by side.
    pub bilingual: Vec<&'static ExchangeFormat>,
    /// Reads the pages of items; `None` to read only the items.
    pub follow: Option<Follow>,
    /// True to mark items that left their files as removed.
    pub track_removals: bool,
    /// True to show removed items in the results.
    pub keep_removed: bool,
    /// Time limit for an item, without the time to fetch its page.
    pub item_timeout: Option<Duration>,
}

impl BatchPlan {
    /// A plan without models: options by default, eight items at a time.
    pub fn new(to: Language) -> Self {
        Self {
            options: TaskOptions::default(),
            to,
            summarizer: None,
            translator: None,
            translate: false,
            max_concurrent: 8,
            feed: false,
            bilingual: Vec::new(),
            follow: None,
            track_removals: true,
            keep_removed: false,
            item_timeout: None,
        }
    }

    /// The specification as one line of JSON: everything that results depend on. The number of
    /// concurrent items is not part of it, because it changes no result.
    pub fn spec(&self) -> Result<String> {
        let options = &self.options;
        let model = |choice: &Option<ModelChoice>| {
            choice.as_ref().map(|choice| json!([choice.model.name(), choice.fingerprint]))
        };
        let prompt = match (&options.prompt, &options.prompt_folder) {
            (None, None) => None,
            (name, folder) => Some(prompt_hash(name.as_deref(), folder.as_deref())?),
        };
        let mut spec = json!({
            "to": self.to.code(),
            "summarizer": model(&self.summarizer),
            "translator": model(&self.translator),
            "translate": self.translate,
            "sentences": options.sentences,
            "style": options.style.as_str(),
            "route": options.route.as_str(),
            "prompt": prompt,
            // Terms are part of the content of the items they occur in.
            "glossary": null,
            "seed": options.seed,
            "max_tokens": options.max_tokens,
            "follow": self.follow.is_some(),
            "malmoi": env!("CARGO_PKG_VERSION"),
        });
        // Absent unless set: folders of versions without these options have the same specification.
        if let Some(beams) = options.beams {
            spec["beams"] = json!(beams);
        }
        if let Some(from) = options.from {
            spec["from"] = json!(from.code());
        }
        if let Some(register) = options.checks.register {
            spec["register"] = json!(register.as_str());
        }
        if let Some(patterns) = &options.checks.patterns {
            spec["checks"] = json!(sha256(patterns.text()));
        }
        let examples: Vec<[&str; 3]> = options
            .examples
            .iter()
            .map(|(task, example)| [task.as_str(), &*example.source, &*example.target])
            .collect();
        let max = options.examples.max();
        if !examples.is_empty() || max != Examples::LIMIT {
            spec["examples"] = json!([max, sha256(&json!(examples).to_string())]);
        }
        if options.repair != Repair::default() {
            spec["repair"] = json!(options.repair.as_str());
        }
        if options.similar != TaskOptions::default().similar {
            spec["similar"] = json!(options.similar);
        }
        if options.bilingual {
            spec["bilingual"] = true.into();
        }
        if options.on_orders != OnOrders::default() {
            spec["on_orders"] = json!(options.on_orders.as_str());
        }
        if let Some(second) = &options.second {
            spec["second"] = json!([second.name(), second.fingerprint()]);
        }
        if let Some(encoder) = &options.checks.encoder {
            spec["meaning"] = json!(encoder.name());
        }
        let estimation = options.checks.estimation.name();
        if estimation != Estimation::default().name() {
            spec["estimate"] = json!(estimation);
        }
        Ok(spec.to_string())
    }

    /// The options for a task. A named prompt for the other task is left out.
    pub fn task_options(&self, task: Task) -> Result<TaskOptions> {
        let mut options = TaskOptions { to: Some(self.to), ..self.options.clone() };
        if let Some(name) = &options.prompt {
            let prompt = Prompt::load(name, options.prompt_folder.as_deref())?;
            if prompt.is_some_and(|prompt| !prompt.tasks.contains(&task)) {
                options.prompt = None;
            }
        }
        Ok(options)
    }
}

/// SHA-256 of a prompt's name and of all prompt files in a folder.
fn prompt_hash(name: Option<&str>, folder: Option<&Path>) -> Result<String> {
    let mut text = name.unwrap_or_default().to_string();
    if let Some(folder) = folder {
        let entries = std::fs::read_dir(folder).map_err(|e| Error::io("read", folder, e))?;
        let mut files: Vec<PathBuf> =
            entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
        files.sort();
        for path in files {
            text += &std::fs::read_to_string(&path).map_err(|e| Error::io("read", &path, e))?;
        }
    }
    Ok(sha256(&text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Register;

    /// Folders of earlier versions go on only if their specification is the same text.
    #[test]
    fn the_specification_is_written_as_in_earlier_versions() {
        let mut plan = BatchPlan::new(Language::Korean);
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            plan.spec().unwrap(),
            format!(
                "{{\"to\":\"ko\",\"summarizer\":null,\"translator\":null,\"translate\":false,\
                 \"sentences\":3,\"style\":\"paragraph\",\"route\":\"auto\",\"prompt\":null,\
                 \"glossary\":null,\"seed\":null,\"max_tokens\":null,\"follow\":false,\
                 \"malmoi\":\"{version}\"}}"
            )
        );
        plan.options.from = Some(Language::English);
        plan.options.beams = Some(4);
        let spec = plan.spec().unwrap();
        assert!(spec.ends_with("\"beams\":4,\"from\":\"en\"}"), "{spec}");
        plan.options.checks.register = Some(Register::Hamnida);
        let spec = plan.spec().unwrap();
        assert!(spec.ends_with("\"from\":\"en\",\"register\":\"hamnida\"}"), "{spec}");
        plan.options.similar = Some(0);
        let spec = plan.spec().unwrap();
        assert!(spec.ends_with(",\"similar\":0}"), "{spec}");
        plan.options.similar = TaskOptions::default().similar;
        plan.options.repair = Repair::Off;
        plan.options.on_orders = OnOrders::Drop;
        let spec = plan.spec().unwrap();
        assert!(spec.ends_with(",\"repair\":\"off\",\"on_orders\":\"drop\"}"), "{spec}");
    }
}
