//! A model set up for a task, as all steps share it.

use std::cell::OnceCell;

use super::similar::SimilarExamples;
use crate::error::{Error, Result};
use crate::job::Job;
use crate::language::LanguagePair;
use crate::model::{Model, Seq2SeqTask};
use crate::prompts::Task;

pub(super) struct TaskSetup<'a> {
    pub model: &'a Model,
    pub job: &'a Job,
    pub languages: LanguagePair,
    /// Encoder input and beam search of an encoder-decoder model; `None` for a decoder-only one.
    pub seq2seq: Option<Seq2SeqTask>,
    /// Examples from the memory.
    pub similar: SimilarExamples,
    /// The words around a text to translate, cut to their share of the window when first needed.
    pub context: OnceCell<Option<String>>,
}

impl<'a> TaskSetup<'a> {
    /// An error if the model cannot do the task at all.
    pub fn new(
        model: &'a Model,
        job: &'a Job,
        task: Task,
        languages: LanguagePair,
    ) -> Result<Self> {
        let seq2seq = if model.is_encoder_decoder() {
            Some(seq2seq(model, job, task, languages)?)
        } else {
            None
        };
        let (similar, context) = (SimilarExamples::default(), OnceCell::new());
        Ok(Self { model, job, languages, seq2seq, similar, context })
    }

    /// True if a prompt says what to do. An encoder-decoder model is given the text alone, unless
    /// the user named a prompt.
    pub fn takes_prompt(&self) -> bool {
        self.seq2seq.is_none() || self.job.options.prompt.is_some()
    }
}

fn seq2seq(model: &Model, job: &Job, task: Task, languages: LanguagePair) -> Result<Seq2SeqTask> {
    if task != Task::Translate && model.only_translates() {
        return Err(Error::Unsupported {
            what: "summarizing".into(),
            file: model.path().to_path_buf(),
            supported: "translation".into(),
        });
    }
    let (from, to) = (languages.from.code(), languages.to.code());
    // Names of `task_specific_params` in `config.json`.
    let name = match task {
        Task::Translate => format!("translation_{from}_to_{to}"),
        Task::Summarize | Task::Combine => "summarization".to_string(),
    };
    let mut seq2seq = model.seq2seq_task(&name, from, to)?;
    if let Some(width) = job.options.beams {
        seq2seq.search.num_beams = width;
    }
    Ok(seq2seq)
}
