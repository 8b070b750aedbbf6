//! The choice of a model: the one that `--model` names, else the best installed one, else the
//! catalogue's default.

use std::cell::RefCell;
use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, bail};
use malmoi::store::catalogue::{self, Entry, ModelTask, Purpose};
use malmoi::store::{InstalledModel, ResolvedName, Store, StoreError};
use malmoi::{
    Capabilities, Language, Model, OnOpening, OpenOptions, Opening, Quantization, SecondModel,
};

use crate::audit::Audit;
use crate::ui::Ui;

/// Size above which a download needs the user's consent, in bytes.
const ASK_ABOVE: u64 = 500_000_000;

/// An open model, its capabilities and its location.
#[derive(Clone)]
pub(crate) struct ResolvedModel {
    pub model: Model,
    pub capabilities: Capabilities,
    pub installed: InstalledModel,
}

/// Finds and opens the models of a command.
pub(crate) struct ModelResolver<'c> {
    pub store: &'c Store,
    /// Value of `--model`.
    pub requested: Option<&'c str>,
    pub ui: Ui,
    /// True with `--yes`: download without asking, however large.
    pub yes: bool,
    /// Value of `--quantize`.
    pub quantize: Option<Quantization>,
    /// Folder of quantized and packed weights.
    pub weights_cache: PathBuf,
    /// True to cache weights in the layout of this CPU.
    pub cache_weights: bool,
    /// True for the same text on every CPU.
    pub reproducible: bool,
    /// True in a sandbox without network: nothing can be downloaded.
    pub is_closed: bool,
    /// Where the sums of opened models are recorded.
    pub audit: Option<Arc<Audit>>,
    /// Open models: a model with two purposes is loaded once.
    pub opened: RefCell<Vec<ResolvedModel>>,
}

impl ModelResolver<'_> {
    /// True if the models for summaries are there, so that none is downloaded.
    pub fn has_summarizers(&self, from: Language, to: Language) -> bool {
        if self.requested.is_some() {
            return self.is_there(Purpose::Summarize(from, to));
        }
        let has = |purpose| self.store.best(purpose).is_some();
        has(Purpose::Summarize(from, to))
            || (from != to
                && has(Purpose::Summarize(from, from))
                && has(Purpose::Translate(from, to)))
    }

    /// Downloads the translator of a direction, if there is none.
    pub fn prepare_translator(&self, from: Language, to: Language) -> Result<()> {
        self.prepare(Purpose::Translate(from, to))
    }

    /// Downloads the models for summaries that are not there.
    pub fn prepare_summarizers(&self, from: Language, to: Language) -> Result<()> {
        let direct = Purpose::Summarize(from, to);
        if self.requested.is_some() || from == to || self.store.best(direct).is_some() {
            return self.prepare(direct);
        }
        self.prepare(Purpose::Translate(from, to))?;
        self.prepare(Purpose::Summarize(from, from))
    }

    /// Downloads a model of a name that is not there; returns its place.
    pub fn prepare_named(&self, name: &str) -> Result<PathBuf> {
        Ok(self.installed(name)?.path)
    }

    fn prepare(&self, purpose: Purpose) -> Result<()> {
        if !self.is_there(purpose) {
            self.locate(purpose)?;
        }
        Ok(())
    }

    /// True if the requested model, or one for a purpose, is installed. What else is wrong with a
    /// name is told when it is opened.
    fn is_there(&self, purpose: Purpose) -> bool {
        match self.requested {
            Some(name) => !matches!(self.store.locate(name), Err(StoreError::NotInstalled { .. })),
            None => self.store.best(purpose).is_some(),
        }
    }

    /// Downloads a model. Fails in a sandbox that has closed the network.
    fn pull(&self, name: &str) -> Result<std::result::Result<InstalledModel, StoreError>> {
        if self.is_closed {
            bail!(
                "{name} is not installed, and the sandbox has closed the network; run `malmoi \
                 models pull {name}` first"
            );
        }
        Ok(self.store.pull(name, &mut self.ui.pull()))
    }

    /// A model that translates.
    pub fn translator(&self, from: Language, to: Language) -> Result<ResolvedModel> {
        self.open(self.locate(Purpose::Translate(from, to))?)
    }

    /// The place of a model that translates. Fails for one of the catalogue that writes no texts,
    /// or translates between other languages.
    pub fn installed_translator(&self, from: Language, to: Language) -> Result<InstalledModel> {
        let purpose = Purpose::Translate(from, to);
        if let Some(name) = self.requested
            && let Ok(ResolvedName::Entry(entry)) = self.store.resolve(name)
        {
            let pair = format!("{from}-{to}");
            let has_others = !entry.translates.is_empty() && !entry.translates.contains(&pair);
            if entry.task != ModelTask::Write || has_others {
                return Err(does_not_translate(entry, purpose));
            }
        }
        self.locate(purpose)
    }

    /// Opens a model of [`installed_translator`](Self::installed_translator), and fails for one
    /// that only summarizes.
    pub fn check_translator(
        &self,
        installed: &InstalledModel,
        from: Language,
        to: Language,
    ) -> Result<()> {
        let opened = self.open(installed.clone())?;
        match installed.entry {
            Some(entry) if entry.translates.is_empty() && opened.model.is_encoder_decoder() => {
                Err(does_not_translate(entry, Purpose::Translate(from, to)))
            }
            _ => Ok(()),
        }
    }

    /// A model that summarizes and, if it should not write in the other language, one that
    /// translates the summary.
    pub fn summarizers(
        &self,
        from: Language,
        to: Language,
    ) -> Result<(ResolvedModel, Option<ResolvedModel>)> {
        let direct = Purpose::Summarize(from, to);
        if self.requested.is_some() {
            let summarizer = self.open(self.locate(direct)?)?;
            // An encoder-decoder model cannot be told to write in another language.
            if from == to || !summarizer.model.is_encoder_decoder() {
                return Ok((summarizer, None));
            }
            let translator = self.best_or_default(Purpose::Translate(from, to))?;
            return Ok((summarizer, Some(self.open(translator)?)));
        }
        if from == to || self.store.best(direct).is_some() {
            return Ok((self.open(self.locate(direct)?)?, None));
        }
        // The translator comes first: it can often do both.
        let translator = self.locate(Purpose::Translate(from, to))?;
        let summarizer = self.locate(Purpose::Summarize(from, from))?;
        if summarizer.path == translator.path {
            return Ok((self.open(summarizer)?, None));
        }
        Ok((self.open(summarizer)?, Some(self.open(translator)?)))
    }

    /// Fails, with what to install, if the models for a task are not there: the requested one, or
    /// any.
    #[cfg(feature = "mcp")]
    pub fn check_installed(
        &self,
        task: malmoi::prompts::Task,
        from: Language,
        to: Language,
    ) -> Result<()> {
        if let Some(name) = self.requested {
            self.store.locate(name)?;
            return Ok(());
        }
        let (purpose, is_there) = match task {
            malmoi::prompts::Task::Translate => {
                (Purpose::Translate(from, to), self.has_translator(from, to))
            }
            _ => (Purpose::Summarize(from, to), self.has_summarizer(from, to)),
        };
        let default = catalogue::defaults(purpose).next();
        match default {
            _ if is_there => Ok(()),
            Some(entry) => bail!(
                "no model that {} is installed; `malmoi models pull {}` ({}) in a terminal \
                 installs one",
                describe(purpose),
                entry.name,
                size(entry.memory(None))
            ),
            None => bail!(
                "no model that {} is installed; `malmoi models list` in a terminal shows those \
                 there are",
                describe(purpose)
            ),
        }
    }

    /// True if a model that translates is installed.
    #[cfg(any(feature = "serve", feature = "mcp"))]
    pub fn has_translator(&self, from: Language, to: Language) -> bool {
        self.store.best(Purpose::Translate(from, to)).is_some()
    }

    /// True if the models for a summary, in one step or two, are installed.
    #[cfg(any(feature = "serve", feature = "mcp"))]
    pub fn has_summarizer(&self, from: Language, to: Language) -> bool {
        let has = |purpose| self.store.best(purpose).is_some();
        let in_two_steps = || has(Purpose::Summarize(from, from)) && self.has_translator(from, to);
        has(Purpose::Summarize(from, to)) || (from != to && in_two_steps())
    }

    /// True if a model can serve a purpose. One that is not in the catalogue is taken at its word.
    #[cfg(feature = "serve")]
    pub fn serves(installed: &InstalledModel, purpose: Purpose) -> bool {
        installed.entry.is_none_or(|entry| can_serve(entry, purpose))
    }

    /// A model that judges results: a name, folder or file, downloaded if necessary.
    pub fn judge(&self, name: &str) -> Result<Model> {
        Ok(self.open(self.installed(name)?)?.model)
    }

    /// The model for second opinions, by the name of a setting. It is found now, and opened when a
    /// segment first needs it.
    pub fn second(&self, name: Option<&str>) -> Result<Option<SecondModel>> {
        let Some(name) = name else { return Ok(None) };
        let installed = self.installed(name)?;
        if let Some(entry) = installed.entry {
            if entry.translates.is_empty() {
                bail!(
                    "{name} gives no second opinion, because it does not translate; \
                     `malmoi models list` shows the models that do"
                );
            }
            self.note_license(entry);
        }
        let fingerprint = self.store.fingerprint(&installed)?;
        let shown = shown_name(&installed);
        let store = Store::new(self.store.settings().clone());
        let (ui, quantize, weights_cache) =
            (self.ui.quiet(), self.quantize, self.weights_cache.clone());
        let (cache_weights, reproducible) = (self.cache_weights, self.reproducible);
        let audit = self.audit.clone();
        let open = move || {
            let resolver = ModelResolver {
                store: &store,
                requested: None,
                ui,
                yes: false,
                quantize,
                weights_cache: weights_cache.clone(),
                cache_weights,
                reproducible,
                // Nothing is downloaded when it is opened.
                is_closed: true,
                audit: audit.clone(),
                opened: RefCell::default(),
            };
            let opened = resolver.open(installed.clone())?;
            Ok::<_, anyhow::Error>((opened.model, opened.capabilities))
        };
        Ok(Some(SecondModel::new(shown, fingerprint, open)))
    }

    /// Notes a license that forbids commercial use.
    fn note_license(&self, entry: &Entry) {
        if !entry.commercial {
            self.ui.note(format!("{}: {}", entry.name, entry.license_line()));
        }
    }

    /// The place of a model: a name, folder or file, downloaded if necessary.
    pub fn installed(&self, name: &str) -> Result<InstalledModel> {
        match self.store.locate(name) {
            Err(StoreError::NotInstalled { .. }) => {
                self.ask_consent(name, None)?;
                Ok(self.pull(name)??)
            }
            other => Ok(other?),
        }
    }

    /// Opens a model, with its progress on the terminal.
    pub fn open(&self, installed: InstalledModel) -> Result<ResolvedModel> {
        let mut opened = self.opened.borrow_mut();
        if let Some(model) = opened.iter().find(|model| model.installed.path == installed.path) {
            return Ok(model.clone());
        }
        // The catalogue's files are quantized already.
        let quantize =
            self.quantize.filter(|_| installed.path.is_dir() || self.requested.is_some());
        let is_pinned = installed.entry.is_some_and(|entry| !entry.files.is_empty());
        if !is_pinned && quantize.is_none() {
            Model::check_memory(&installed.path)?;
        }
        self.store.check(&installed)?;
        let sha256 = self.store.model_sha256(&installed)?.to_string();
        let name = match installed.entry {
            Some(entry) => Some(entry.name.clone()),
            None => self.store.repo_of(&installed.path),
        };
        if let Some(entry) = installed.entry {
            self.note_license(entry);
        }
        if let Some(to) = quantize {
            let folder = self.weights_cache.display();
            self.ui.note(format!("weights quantized to {} are cached in {folder}", to.as_str()));
        }
        let weights_cache = Some(self.weights_cache.clone());
        let shown = shown_name(&installed);
        let status = Arc::new(self.ui.status(&format!("opening {shown}")));
        let line = status.clone();
        let on_opening = OnOpening::new(move |opening| {
            line.set(&match opening {
                Opening::Quantizing => format!("quantizing the weights of {shown}, once"),
                Opening::Packing => {
                    format!("opening {shown}: packing its weights for this CPU")
                }
                _ => format!("opening {shown}"),
            });
        });
        let model = Model::open_with(
            &installed.path,
            &OpenOptions {
                name,
                sha256: Some(sha256.clone()),
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
                "{} will open faster from now on: its weights, packed for this CPU, are cached in {} ({} MB; MALMOI_CACHE_WEIGHTS=false turns this off)",
                model.name(),
                self.weights_cache.display(),
                bytes / 1_000_000,
            ));
        }
        if let Some(audit) = &self.audit {
            audit.model(model.name(), sha256);
        }
        let capabilities =
            installed.entry.map_or_else(Capabilities::default, |entry| Capabilities {
                family: Some(entry.family.clone()),
                summarizes: Some(entry.summary_languages()),
            });
        opened.push(ResolvedModel { model, capabilities, installed });
        Ok(opened[opened.len() - 1].clone())
    }

    /// The requested model, downloaded if necessary, or the best one for a purpose.
    fn locate(&self, purpose: Purpose) -> Result<InstalledModel> {
        let Some(name) = self.requested else { return self.best_or_default(purpose) };
        let installed = match self.store.locate(name) {
            Err(StoreError::NotInstalled { .. }) => {
                let entry = match self.store.resolve(name)? {
                    ResolvedName::Entry(entry) => Some(entry),
                    ResolvedName::Repo(_) | ResolvedName::Path(_) => None,
                };
                self.ask_consent(name, entry.map(|entry| entry.memory(None)))?;
                self.pull(name)??
            }
            other => other?,
        };
        if let Some(entry) = installed.entry.filter(|entry| !can_serve(entry, purpose)) {
            self.ui.note(format!(
                "{} is not a model that {}: {}",
                entry.name,
                describe(purpose),
                entry.note
            ));
        }
        Ok(installed)
    }

    /// The best installed model for a purpose, else the catalogue's default, which is downloaded.
    /// Notes the model and the reason.
    fn best_or_default(&self, purpose: Purpose) -> Result<InstalledModel> {
        if let Some(best) = self.store.best(purpose) {
            let name = best.entry.map_or("", |entry| &entry.name);
            self.ui
                .note(format!("using {name}, the best installed model that {}", describe(purpose)));
            return Ok(best);
        }
        let mut last_error = None;
        for entry in catalogue::defaults(purpose) {
            let size = size(entry.memory(None));
            self.ui.note(format!(
                "no installed model {}; the default for that is {} ({size}, {}): {}",
                describe(purpose),
                entry.name,
                entry.license,
                entry.note
            ));
            if !self.store.settings().offline {
                self.ask_consent(&entry.name, Some(entry.memory(None)))?;
            }
            match self.pull(&entry.name)? {
                Ok(installed) => return Ok(installed),
                Err(error @ StoreError::NoSource { .. }) => last_error = Some(error),
                Err(error) => return Err(error.into()),
            }
        }
        match last_error {
            Some(error) => Err(error.into()),
            None => bail!(
                "no model in the catalogue {}; choose a model with --model",
                describe(purpose)
            ),
        }
    }

    /// Asks before a large download. `bytes` is its size, if known.
    fn ask_consent(&self, name: &str, bytes: Option<u64>) -> Result<()> {
        if self.yes
            || self.store.settings().offline
            || bytes.is_some_and(|bytes| bytes <= ASK_ABOVE)
        {
            return Ok(());
        }
        let size = bytes.map_or("unknown size".to_string(), size);
        let mut input = std::io::stdin().lock();
        if !input.is_terminal() || !std::io::stderr().is_terminal() {
            bail!(
                "{name} ({size}) is not installed, and a download of this size needs your consent; \
                 add --yes, or run `malmoi models pull {name}` first"
            );
        }
        eprint!("download {name} ({size})? [y/N] ");
        let mut answer = String::new();
        input.read_line(&mut answer)?;
        match answer.trim().to_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => bail!("{name} was not downloaded; see `malmoi models list` for smaller models"),
        }
    }
}

/// A model's name for display: that of the catalogue, else that of its file or folder.
fn shown_name(installed: &InstalledModel) -> String {
    let stem = || installed.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    installed.entry.map_or_else(stem, |entry| entry.name.clone())
}

fn does_not_translate(entry: &Entry, purpose: Purpose) -> anyhow::Error {
    let (name, note) = (&entry.name, &entry.note);
    anyhow::anyhow!(
        "{name} is not a model that {}: {note} `malmoi models list` shows those that do",
        describe(purpose)
    )
}

/// A purpose as a verb phrase.
fn describe(purpose: Purpose) -> String {
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

/// A number of bytes for display: "98 MB", "4.1 GB".
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

/// True if a model can serve a purpose, in one step or two.
fn can_serve(entry: &Entry, purpose: Purpose) -> bool {
    let serves = |purpose| entry.serves(purpose).is_some();
    match purpose {
        Purpose::Summarize(from, to) if from != to => {
            serves(purpose)
                || (entry.same_language && serves(Purpose::Summarize(from, from)))
                || (serves(Purpose::Summarize(from, from)) && serves(Purpose::Translate(from, to)))
        }
        _ => serves(purpose),
    }
}
