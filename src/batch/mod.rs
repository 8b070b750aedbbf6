//! Whole feeds and archives: every item once, nothing lost, whatever happens in between.
//!
//! Items are offered to a [`Journal`], claimed from it in order, worked on by many threads that
//! share one generation loop ([`Model::shared`]), and settled there; the files people read are made
//! from the journal. It can be killed at any instant: what was committed is done, the rest waits.
//!
//! ```text
//!   inputs ─► offer ─► journal ─► claim ─► workers (pipeline) ─► complete │ retry │ bury ─► journal ─► outputs
//! ```
//!
//! Knows items and files; how a text is worked on is the pipeline's to know.

mod bilingual;
mod digest;
pub(crate) mod error;
mod eta;
mod ingest;
mod journal;
mod outputs;
mod queue;
mod result;
mod run;
mod workers;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use sha2::{Digest, Sha256};

pub use bilingual::{BILINGUAL_FORMATS, BilingualFormat};
pub use error::BatchError;
pub use ingest::{Input, Open, Opened};
pub use journal::{Journal, Offered};
pub use outputs::check_folder;
pub use queue::{Lease, Length, Stats, WorkQueue};
pub use result::{Count, Line, Pair, Summary, Translation};
pub use run::{Counts, Ended, Progress, Watch, run};

use crate::error::{Error, Result};
use crate::formats::Item;
use crate::job::{Capabilities, TaskOptions};
use crate::language::Language;
use crate::model::Model;
use crate::outcome::Route;
use crate::prompts::{Prompt, Style, Task, Term};
use crate::request::Request;

/// A model, what it is good for, and the sum of its weights.
#[derive(Clone)]
pub struct ModelChoice {
    /// The model.
    pub model: Model,
    /// What it is good for.
    pub capabilities: Capabilities,
    /// What identifies its weights: results depend on them.
    pub sum: String,
}

/// What is done to every item.
#[derive(Clone)]
pub struct Plan {
    /// The language items are in; `None` to look at each.
    pub from: Option<Language>,
    /// The language items are brought into.
    pub to: Language,
    /// Who writes summaries, where any are wanted.
    pub summarizer: Option<ModelChoice>,
    /// Who translates: items, where that is wanted, and summaries of a cascade.
    pub translator: Option<ModelChoice>,
    /// Whether items are translated.
    pub translate: bool,
    /// Sentences or points of a summary.
    pub sentences: usize,
    /// Its shape.
    pub style: Style,
    /// How one in another language is reached.
    pub route: Route,
    /// A prompt by name.
    pub prompt: Option<String>,
    /// A folder of prompt files.
    pub prompts: Option<PathBuf>,
    /// Translations that must be used.
    pub glossary: Vec<Term>,
    /// See [`TaskOptions::seed`].
    pub seed: Option<u64>,
    /// See [`TaskOptions::max_tokens`].
    pub max_tokens: Option<usize>,
    /// See [`TaskOptions::beams`].
    pub beams: Option<usize>,
    /// Texts that go through a model at once.
    pub batch: usize,
    /// Whether `feed.xml` is written too.
    pub feed: bool,
    /// Formats in which pairs of source and translation are written too: `pairs.tmx`.
    pub pairs: Vec<&'static BilingualFormat>,
    /// How the page of an item is read, where its article is wanted instead of what the item says.
    pub follow: Option<Follow>,
    /// Whether results show items that are not in their inputs any more, too. Feeds are windows on
    /// a stream: their items stay.
    pub keep_removed: bool,
    /// How long models may work on one item, its page read already; one that takes longer fails.
    /// Not limited by default.
    pub item_timeout: Option<Duration>,
}

/// How the page an item links to is read: from the web, or from wherever pages are kept.
#[derive(Clone)]
pub struct Follow(Arc<ReadPage>);

type ReadPage = dyn Fn(&str) -> Result<Item> + Send + Sync;

impl Follow {
    /// Gives the article at an address.
    pub fn new(read: impl Fn(&str) -> Result<Item> + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }
}

impl Plan {
    /// Nothing yet, in the usual way: three sentences, eight texts at once, the likeliest token
    /// each time. Whoever uses it names a model for a summary, a translation or both.
    pub fn new(to: Language) -> Self {
        Self {
            from: None,
            to,
            summarizer: None,
            translator: None,
            translate: false,
            sentences: 3,
            style: Style::Paragraph,
            route: Route::Auto,
            prompt: None,
            prompts: None,
            glossary: Vec::new(),
            seed: None,
            max_tokens: None,
            beams: None,
            batch: 8,
            feed: false,
            pairs: Vec::new(),
            follow: None,
            keep_removed: false,
            item_timeout: None,
        }
    }

    /// What results depend on, as one line of JSON: the same line, the same results. How many texts
    /// go through at once is not in it: it changes nothing.
    pub fn spec(&self) -> Result<String> {
        let worker =
            |one: &Option<ModelChoice>| one.as_ref().map(|one| json!([one.model.name(), one.sum]));
        let glossary: Vec<[&str; 2]> =
            self.glossary.iter().map(|term| [&*term.source, &*term.target]).collect();
        let prompt = match (&self.prompt, &self.prompts) {
            (None, None) => None,
            (name, folder) => Some(self.prompt_sum(name.as_deref(), folder.as_deref())?),
        };
        let mut spec = json!({
            "to": self.to.code(),
            "summarizer": worker(&self.summarizer),
            "translator": worker(&self.translator),
            "translate": self.translate,
            "sentences": self.sentences,
            "style": self.style.as_str(),
            "route": self.route.as_str(),
            "prompt": prompt,
            "glossary": if glossary.is_empty() { None } else { Some(sum(&json!(glossary).to_string())) },
            "seed": self.seed,
            "max_tokens": self.max_tokens,
            "follow": self.follow.is_some(),
            "malmoi": env!("CARGO_PKG_VERSION"),
        });
        // Absent unless set, so that folders of earlier versions go on.
        if let Some(beams) = self.beams {
            spec["beams"] = json!(beams);
        }
        if let Some(from) = self.from {
            spec["from"] = json!(from.code());
        }
        Ok(spec.to_string())
    }

    /// The sum of what a user's own prompts say.
    fn prompt_sum(&self, name: Option<&str>, folder: Option<&std::path::Path>) -> Result<String> {
        let mut words = name.unwrap_or_default().to_string();
        if let Some(folder) = folder {
            let entries = std::fs::read_dir(folder).map_err(|e| Error::io("read", folder, e))?;
            let mut files: Vec<PathBuf> =
                entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
            files.retain(|path| path.extension().is_some_and(|ending| ending == "md"));
            files.sort();
            for path in files {
                words +=
                    &std::fs::read_to_string(&path).map_err(|e| Error::io("read", &path, e))?;
            }
        }
        Ok(sum(&words))
    }

    /// Puts the plan's options into a request for an item in `from`. A prompt by name is used for
    /// the tasks it is made for.
    fn apply(&self, request: Request, task: Task, from: Language) -> Result<Request> {
        let mut prompt = self.prompt.clone();
        if let Some(name) = &self.prompt
            && Prompt::load(name, self.prompts.as_deref())?
                .is_some_and(|prompt| !prompt.tasks.contains(&task))
        {
            prompt = None;
        }
        Ok(request.task_options(TaskOptions {
            from: Some(from),
            to: Some(self.to),
            sentences: self.sentences,
            style: self.style,
            route: self.route,
            glossary: self.glossary.clone(),
            prompt,
            prompt_folder: self.prompts.clone(),
            seed: self.seed,
            max_tokens: self.max_tokens,
            beams: self.beams,
        }))
    }
}

/// Sum of a specification, as lines of `items.jsonl` carry it.
fn spec_sum(spec: &str) -> String {
    let mut sum = sum(spec);
    sum.truncate(16);
    sum
}

fn sum(text: &str) -> String {
    format!("{:x}", Sha256::digest(text))
}
