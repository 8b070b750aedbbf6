//! Which model does the work: the one that was named, the best that is installed, or the
//! catalogue's default.

use std::cell::RefCell;
use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, bail};
use malmoi::store::catalogue::{self, Entry, Purpose};
use malmoi::store::{InstalledModel, ResolvedName, Store, StoreError};
use malmoi::{Capabilities, Language, Model, OnOpening, OpenOptions, Opening, Quantization};

use crate::ui::Ui;

/// Bytes above which a model is fetched only with consent.
const ASK_ABOVE: u64 = 500_000_000;

/// A model and what is known of it.
#[derive(Clone)]
pub(crate) struct ResolvedModel {
    pub model: Model,
    pub capabilities: Capabilities,
    pub located: InstalledModel,
}

/// Finds models for a command.
pub(crate) struct ModelResolver<'c> {
    pub store: &'c Store,
    /// What `--model` says.
    pub requested: Option<&'c str>,
    pub ui: Ui,
    /// `--yes`: models are fetched without a question, however large.
    pub yes: bool,
    /// What `--quantize` says.
    pub quantize: Option<Quantization>,
    /// Where what is made of weights is kept.
    pub weights_cache: PathBuf,
    /// Whether weights laid out for this processor are kept there as well.
    pub cache_weights: bool,
    /// Whether texts are to be those of every processor.
    pub reproducible: bool,
    /// Models that are open: one that serves two purposes is loaded once.
    pub opened: RefCell<Vec<ResolvedModel>>,
}

impl ModelResolver<'_> {
    /// One for translating.
    pub fn translator(&self, from: Language, to: Language) -> Result<ResolvedModel> {
        self.open(self.located(Purpose::Translate(from, to))?)
    }

    /// One for summarizing, and another for translating the summary where that is better done by
    /// another.
    pub fn summarizers(
        &self,
        from: Language,
        to: Language,
    ) -> Result<(ResolvedModel, Option<ResolvedModel>)> {
        let direct = Purpose::Summarize(from, to);
        if self.requested.is_some() {
            let summarizer = self.open(self.located(direct)?)?;
            // One that cannot be told a language needs another beside it.
            let alone = from == to || !summarizer.model.is_encoder_decoder();
            let second =
                (!alone).then(|| self.open(self.best_or_default(Purpose::Translate(from, to))?));
            return Ok((summarizer, second.transpose()?));
        }
        if from == to || self.store.best(direct).is_some() {
            return Ok((self.open(self.located(direct)?)?, None));
        }
        // The translator comes first: often it can do both.
        let translator = self.located(Purpose::Translate(from, to))?;
        let summarizer = self.located(Purpose::Summarize(from, from))?;
        if summarizer.path == translator.path {
            return Ok((self.open(summarizer)?, None));
        }
        Ok((self.open(summarizer)?, Some(self.open(translator)?)))
    }

    fn open(&self, located: InstalledModel) -> Result<ResolvedModel> {
        let mut opened = self.opened.borrow_mut();
        if let Some(chosen) = opened.iter().find(|chosen| chosen.located.path == located.path) {
            return Ok(chosen.clone());
        }
        self.store.check(&located)?;
        let name = located.entry.map(|entry| entry.name.clone());
        if let Some(entry) = located.entry.filter(|entry| !entry.commercial) {
            self.ui.note(format!("{}: {}", entry.name, entry.licence_line()));
        }
        // Files of the catalogue are quantised as they are.
        let quantize = self.quantize.filter(|_| located.path.is_dir() || self.requested.is_some());
        if let Some(to) = quantize {
            let kept_in = self.weights_cache.display();
            self.ui.note(format!("weights quantized to {} are kept in {kept_in}", to.as_str()));
        }
        let weights_cache = Some(self.weights_cache.clone());
        let shown = name.clone().unwrap_or_else(|| {
            located.path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
        });
        let status = Arc::new(self.ui.status(&format!("opening {shown}")));
        let line = status.clone();
        let on_opening = OnOpening::new(move |opening| {
            line.set(&match opening {
                Opening::Quantizing => format!("quantizing the weights of {shown}, once"),
                Opening::Packing => {
                    format!("opening {shown}: laying out its weights for this processor")
                }
                _ => format!("opening {shown}"),
            });
        });
        let model = Model::open_with(
            &located.path,
            &OpenOptions {
                name,
                quantize,
                weights_cache,
                cache_packed: self.cache_weights,
                reproducible: self.reproducible,
                on_opening,
                ..OpenOptions::default()
            },
        );
        status.end();
        let model = model?;
        if let Some(bytes) = model.bytes_cached() {
            self.ui.note(format!(
                "{} is open at once from now on: its weights, laid out for this processor, are kept in {} ({} MB; MALMOI_CACHE_WEIGHTS=false turns this off)",
                model.name(),
                self.weights_cache.display(),
                bytes / 1_000_000,
            ));
        }
        let capabilities = located.entry.map_or_else(Capabilities::default, |entry| Capabilities {
            family: Some(entry.family.clone()),
            summarizes: Some(entry.summary_languages()),
        });
        opened.push(ResolvedModel { model, capabilities, located });
        Ok(opened[opened.len() - 1].clone())
    }

    fn located(&self, purpose: Purpose) -> Result<InstalledModel> {
        let Some(name) = self.requested else { return self.best_or_default(purpose) };
        let located = match self.store.locate(name) {
            Err(StoreError::NotInstalled { .. }) => {
                let known = match self.store.resolve(name)? {
                    ResolvedName::Entry(entry) => Some(entry),
                    ResolvedName::Repo(_) | ResolvedName::Path(_) => None,
                };
                self.consent(name, known.map(|entry| entry.memory(None)))?;
                self.store.pull(name, &mut self.ui.pull())?
            }
            other => other?,
        };
        if let Some(entry) = located.entry.filter(|entry| !able(entry, purpose)) {
            self.ui.note(format!(
                "{} is not a model that {}: {}",
                entry.name,
                does(purpose),
                entry.note
            ));
        }
        Ok(located)
    }

    /// The best installed model for a purpose, else the catalogue's default, fetched; says which
    /// and why.
    fn best_or_default(&self, purpose: Purpose) -> Result<InstalledModel> {
        if let Some(best) = self.store.best(purpose) {
            let name = best.entry.map_or("", |entry| &entry.name);
            self.ui.note(format!("using {name}, the best installed model that {}", does(purpose)));
            return Ok(best);
        }
        let mut last = None;
        for entry in catalogue::defaults(purpose) {
            let size = size(entry.memory(None));
            self.ui.note(format!(
                "no installed model {}; the default for that is {} ({size}, {}): {}",
                does(purpose),
                entry.name,
                entry.licence,
                entry.note
            ));
            if !self.store.settings().offline {
                self.consent(&entry.name, Some(entry.memory(None)))?;
            }
            match self.store.pull(&entry.name, &mut self.ui.pull()) {
                Ok(located) => return Ok(located),
                Err(error @ StoreError::NoSource { .. }) => last = Some(error),
                Err(error) => return Err(error.into()),
            }
        }
        match last {
            Some(error) => Err(error.into()),
            None => bail!("no model of the catalogue {}; name one with --model", does(purpose)),
        }
    }

    /// Asks before a large download. `bytes` is `None` where the size is not known beforehand.
    fn consent(&self, name: &str, bytes: Option<u64>) -> Result<()> {
        if self.yes
            || self.store.settings().offline
            || bytes.is_some_and(|bytes| bytes <= ASK_ABOVE)
        {
            return Ok(());
        }
        let size = bytes.map_or("of unknown size".to_string(), size);
        let mut input = std::io::stdin().lock();
        if !input.is_terminal() || !std::io::stderr().is_terminal() {
            bail!(
                "{name} ({size}) is not installed, and nothing this large is fetched without a yes; \
                 add --yes, or run `malmoi models pull {name}` first"
            );
        }
        eprint!("fetch {name} ({size})? [y/N] ");
        let mut answer = String::new();
        input.read_line(&mut answer)?;
        match answer.trim().to_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => bail!("{name} was not fetched; `malmoi models list` shows smaller ones"),
        }
    }
}

/// What a model for a purpose does, as a verb phrase.
fn does(purpose: Purpose) -> String {
    match purpose {
        Purpose::Summarize(from, to) if from == to => {
            format!("summarizes {} articles", from.name())
        }
        Purpose::Summarize(from, to) => {
            format!("summarizes {} articles in {}", from.name(), to.name())
        }
        Purpose::Translate(from, to) => format!("translates {} into {}", from.name(), to.name()),
    }
}

/// Bytes for people: "98 MB", "4.1 GB".
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

/// Whether it can do this, in one step or in two.
fn able(entry: &Entry, purpose: Purpose) -> bool {
    let serves = |purpose| entry.serves(purpose).is_some();
    match purpose {
        Purpose::Summarize(from, to) if from != to => {
            serves(purpose)
                || (entry.within && serves(Purpose::Summarize(from, from)))
                || (serves(Purpose::Summarize(from, from)) && serves(Purpose::Translate(from, to)))
        }
        _ => serves(purpose),
    }
}
