//! Which model does the work: the one that was named, the best that is installed, or the catalogue's default.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use malmoi::store::catalogue::{self, Entry, Purpose};
use malmoi::store::{Located, Store, StoreError};
use malmoi::{Abilities, Language, Model, OnOpening, OpenOptions, Opening, Quantization};

use crate::ui::Ui;

/// A model and what is known of it.
#[derive(Clone)]
pub(crate) struct Chosen {
    pub model: Model,
    pub abilities: Abilities,
    pub located: Located,
}

/// Finds models for a command.
pub(crate) struct Chooser<'c> {
    pub store: &'c Store,
    /// What `--model` says.
    pub named: Option<&'c str>,
    pub ui: Ui,
    /// What `--quantize` says.
    pub quantize: Option<Quantization>,
    /// Where what is made of weights is kept.
    pub kept_in: PathBuf,
    /// Whether weights laid out for this processor are kept there as well.
    pub keep_tiles: bool,
    /// Whether texts are to be those of every processor.
    pub portable: bool,
    /// Models that are open: one that serves two purposes is loaded once.
    pub opened: RefCell<Vec<Chosen>>,
}

impl Chooser<'_> {
    /// One for translating.
    pub fn translator(&self, from: Language, to: Language) -> Result<Chosen> {
        self.open(self.located(Purpose::Translate(from, to))?)
    }

    /// One for summarizing, and another for translating the summary where that is better done by another.
    pub fn summarizers(&self, from: Language, to: Language) -> Result<(Chosen, Option<Chosen>)> {
        let direct = Purpose::Summarize(from, to);
        if self.named.is_some() {
            let summarizer = self.open(self.located(direct)?)?;
            // One that cannot be told a language needs another beside it.
            let alone = from == to || !summarizer.model.reads_sources();
            let second = (!alone).then(|| self.open(self.best_or_default(Purpose::Translate(from, to))?));
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

    fn open(&self, located: Located) -> Result<Chosen> {
        let mut opened = self.opened.borrow_mut();
        if let Some(chosen) = opened.iter().find(|chosen| chosen.located.path == located.path) {
            return Ok(chosen.clone());
        }
        let name = located.entry.map(|entry| entry.name.clone());
        if let Some(entry) = located.entry.filter(|entry| !entry.commercial) {
            self.ui.note(format!("{}: {}", entry.name, entry.licence_line()));
        }
        // Files of the catalogue are quantised as they are.
        let quantize = self.quantize.filter(|_| located.path.is_dir() || self.named.is_some());
        if let Some(to) = quantize {
            let kept_in = self.kept_in.display();
            self.ui.note(format!("weights quantized to {} are kept in {kept_in}", to.as_str()));
        }
        let Self { keep_tiles, portable, .. } = *self;
        let kept_in = Some(self.kept_in.clone());
        let shown = name
            .clone()
            .unwrap_or_else(|| located.path.file_stem().unwrap_or_default().to_string_lossy().into_owned());
        let status = Arc::new(self.ui.status(&format!("opening {shown}")));
        let line = status.clone();
        let on_opening = OnOpening::new(move |opening| {
            line.say(&match opening {
                Opening::Quantizing => format!("quantizing the weights of {shown}, once"),
                Opening::LayingOut => format!("opening {shown}: laying out its weights for this processor"),
                _ => format!("opening {shown}"),
            });
        });
        let model = Model::open_with(
            &located.path,
            &OpenOptions {
                name,
                quantize,
                kept_in,
                keep_tiles,
                portable,
                on_opening,
                ..OpenOptions::default()
            },
        );
        status.end();
        let model = model?;
        if let Some(bytes) = model.newly_kept() {
            self.ui.note(format!(
                "{} is open at once from now on: its weights, laid out for this processor, are kept in {} ({} MB; MALMOI_KEEP=false keeps none)",
                model.name(),
                self.kept_in.display(),
                bytes / 1_000_000,
            ));
        }
        let abilities = located.entry.map_or_else(Abilities::default, |entry| Abilities {
            family: Some(entry.family.clone()),
            summarizes: Some(entry.summary_languages()),
        });
        opened.push(Chosen { model, abilities, located });
        Ok(opened[opened.len() - 1].clone())
    }

    fn located(&self, purpose: Purpose) -> Result<Located> {
        let Some(name) = self.named else { return self.best_or_default(purpose) };
        let located = match self.store.locate(name) {
            Err(StoreError::NotInstalled { .. }) => self.store.pull(name, &mut self.ui.pull())?,
            other => other?,
        };
        if let Some(entry) = located.entry.filter(|entry| !able(entry, purpose)) {
            self.ui.note(format!("{} was not made for this: {}", entry.name, entry.note));
        }
        Ok(located)
    }

    fn best_or_default(&self, purpose: Purpose) -> Result<Located> {
        if let Some(best) = self.store.best(purpose) {
            return Ok(best);
        }
        let mut defaults: Vec<&Entry> = catalogue::defaults(purpose).collect();
        if defaults.is_empty() {
            // Nobody serves it well; the most able default is still better than nothing.
            defaults.extend(catalogue::defaults(Purpose::Translate(Language::English, Language::Korean)));
        }
        let mut last = None;
        for entry in defaults {
            self.ui.note(format!(
                "no model for this is installed; {} is the default ({})",
                entry.name, entry.note
            ));
            match self.store.pull(&entry.name, &mut self.ui.pull()) {
                Ok(located) => return Ok(located),
                Err(error @ StoreError::NoSource { .. }) => last = Some(error),
                Err(error) => return Err(error.into()),
            }
        }
        Err(last.unwrap_or(StoreError::NotInstalled { name: "a model for this".into() }).into())
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
