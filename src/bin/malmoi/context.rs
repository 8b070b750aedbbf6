//! The context of a command: settings, the model store and the terminal.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use malmoi::Quantization;
use malmoi::desk::Desk;
use malmoi::store::Store;

use crate::audit::Audit;
use crate::model_resolver::ModelResolver;
use crate::settings::{Settings, SettingsError};
use crate::ui::Ui;

/// Settings that passed their checks, and everything opened from them.
pub(crate) struct Context {
    pub settings: Settings,
    pub store: Store,
    pub quantize: Option<Quantization>,
    /// True to download models without asking.
    pub yes: bool,
    /// True to cache weights in the layout of this CPU.
    pub cache_weights: bool,
    /// True for the same text on every CPU.
    pub reproducible: bool,
    pub ui: Ui,
    pub json: bool,
    /// Where results are recorded, if they are.
    pub audit: Option<Arc<Audit>>,
    /// True once a sandbox has closed the network.
    is_closed: AtomicBool,
}

/// Settings as they were read, before a command needs them to be valid.
pub(crate) struct Startup {
    pub settings: Settings,
    pub faults: Vec<SettingsError>,
    pub yes: bool,
    pub ui: Ui,
    pub json: bool,
    pub audit: Option<Arc<Audit>>,
}

impl Startup {
    /// Opens the store. Fails with the first setting that cannot be used.
    pub fn context(self) -> anyhow::Result<Context> {
        let Self { settings, faults, yes, ui, json, audit } = self;
        if let Some(fault) = faults.into_iter().next() {
            return Err(fault.into());
        }
        Ok(Context {
            store: Store::new(settings.store()?),
            quantize: settings.quantize()?,
            yes,
            cache_weights: settings.cache_weights()?,
            reproducible: settings.reproducible()?,
            settings,
            ui,
            json,
            audit,
            is_closed: AtomicBool::new(false),
        })
    }
}

impl Context {
    /// The desk's memory and glossary, made if there is none; `None` if it is switched off or
    /// cannot be used, which is noted.
    pub fn desk(&self) -> Option<Arc<Desk>> {
        let desk = Desk::open(self.settings.desk()?);
        desk.map(Arc::new).map_err(|error| self.ui.note(format!("without memory: {error}"))).ok()
    }

    /// The same, if there is a file.
    pub fn existing_desk(&self) -> Option<Arc<Desk>> {
        self.settings.desk().filter(|path| path.exists()).and_then(|_| self.desk())
    }

    /// Starts the threads to compute with, if their number is set.
    pub fn start_threads(&self) -> anyhow::Result<()> {
        let Some(requested) = self.settings.threads()? else { return Ok(()) };
        crate::ui::start_threads(requested, self.ui)
    }

    /// Notes that a sandbox has closed the network, so that nothing is fetched in vain.
    pub fn close_network(&self, is_closed: bool) {
        self.is_closed.store(is_closed, Ordering::Relaxed);
    }

    /// A resolver for `--model`, or for the best model where none is named.
    pub fn resolver(&self) -> ModelResolver<'_> {
        ModelResolver {
            store: &self.store,
            requested: self.settings.get("model"),
            ui: self.ui,
            yes: self.yes,
            quantize: self.quantize,
            weights_cache: self.settings.weights_cache(),
            cache_weights: self.cache_weights,
            reproducible: self.reproducible,
            is_closed: self.is_closed.load(Ordering::Relaxed),
            audit: self.audit.clone(),
            opened: RefCell::default(),
        }
    }
}
