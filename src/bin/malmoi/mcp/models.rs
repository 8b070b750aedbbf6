//! Models that are opened when the first call needs them, each once.

use std::cell::RefCell;
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use malmoi::LanguagePair;
use malmoi::prompts::Task;

use crate::context::Context;
use crate::engine::{Failure, Served};
use crate::hints;
use crate::model_resolver::{ModelResolver, ResolvedModel};

/// The models of a program that may never need one.
pub(crate) struct Models {
    context: Context,
    /// Texts that a model generates together.
    at_once: usize,
    opened: Mutex<Vec<ResolvedModel>>,
}

impl Models {
    /// No model is opened yet; none is ever downloaded.
    pub fn new(context: Context, at_once: usize) -> Self {
        Self { context, at_once, opened: Mutex::default() }
    }

    /// The models for a task in a direction; `on_first` is called before the first is opened. A
    /// failure says how to get one.
    pub fn find(
        &self,
        task: Task,
        languages: LanguagePair,
        on_first: impl Fn(),
    ) -> Result<Served, Failure> {
        self.open(task, languages, on_first).map_err(|error| {
            let hint = hints::hint(&error).map(|hint| format!("; {hint}")).unwrap_or_default();
            Failure::NotFound(format!("{error:#}{hint}"))
        })
    }

    fn open(&self, task: Task, languages: LanguagePair, on_first: impl Fn()) -> Result<Served> {
        // Calls that need a model wait for the one that opens it.
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let resolver =
            ModelResolver { opened: RefCell::new(opened.clone()), ..self.context.resolver() };
        let LanguagePair { from, to } = languages;
        resolver.check_installed(task, from, to)?;
        if opened.is_empty() {
            on_first();
        }
        let (model, translator) = match task {
            Task::Translate => (resolver.translator(from, to)?, None),
            _ => resolver.summarizers(from, to)?,
        };
        let known = opened.len();
        let mut all = resolver.opened.into_inner();
        for new in &mut all[known..] {
            new.model = new.model.shared(self.at_once)?;
        }
        *opened = all;
        let shared = |model: ResolvedModel| {
            let is_same = |one: &&ResolvedModel| one.installed.path == model.installed.path;
            opened.iter().find(is_same).cloned().unwrap_or(model)
        };
        Ok(Served { task, languages, model: shared(model), translator: translator.map(shared) })
    }
}
