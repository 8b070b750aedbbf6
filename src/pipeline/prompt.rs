//! Step 3, prompt: token ids of the prompts of a stage, and findings about options that no prompt
//! passes on.

use super::chunk::SourceChunk;
use super::setup::TaskSetup;
use crate::checks;
use crate::error::Result;
use crate::event::Observer;
use crate::finding::Finding;
use crate::formats::visible;
use crate::generation::Sampling;
use crate::glossary::Term;
use crate::language::LanguagePair;
use crate::model::Seq2SeqTask;
use crate::prompt_part::PromptPart;
use crate::prompts::{Prompt, Rendered, Task, Variables};

/// Family of prompts for a model without a chat template.
const BASE: &str = "base";

/// Encodes texts as prompts of one task.
pub(super) struct PartEncoder<'a> {
    setup: &'a TaskSetup<'a>,
    task: Task,
    input: PromptInput<'a>,
}

enum PromptInput<'a> {
    /// The text alone, into an encoder.
    EncoderText(&'a Seq2SeqTask),
    /// A prompt of the user's, into an encoder.
    EncoderPrompt(&'a Seq2SeqTask, Prompt),
    /// A prompt for a decoder-only model.
    Prompt(Prompt),
}

impl<'a> PartEncoder<'a> {
    pub fn new(setup: &'a TaskSetup<'a>, task: Task) -> Result<Self> {
        let input = match &setup.seq2seq {
            None => PromptInput::Prompt(find(setup, task)?),
            Some(seq2seq) if setup.takes_prompt() => {
                PromptInput::EncoderPrompt(seq2seq, find(setup, task)?)
            }
            Some(seq2seq) => PromptInput::EncoderText(seq2seq),
        };
        Ok(Self { setup, task, input })
    }

    /// Strings that end an answer.
    pub fn stop(&self) -> &[String] {
        match &self.input {
            PromptInput::EncoderText(_) => &[],
            PromptInput::EncoderPrompt(_, prompt) | PromptInput::Prompt(prompt) => &prompt.stop,
        }
    }

    /// Token ids of the prompt for a text.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        self.encode_with_terms(text, &[])
    }

    /// The same with prescribed translations beside those of the glossary.
    pub fn encode_with_terms(&self, text: &str, terms: &[Term]) -> Result<Vec<u32>> {
        let model = self.setup.model;
        match &self.input {
            PromptInput::EncoderText(seq2seq) => model.encoder_input(seq2seq, &visible(text)),
            PromptInput::EncoderPrompt(seq2seq, prompt) => {
                let rendered = self.render(prompt, text, terms)?;
                let text: String = rendered.parts.iter().map(PromptPart::as_str).collect();
                model.encoder_input(seq2seq, &text)
            }
            PromptInput::Prompt(_) if self.is_worded_by_template() => {
                let LanguagePair { from, to } = self.setup.languages;
                model.translation_prompt(from.code(), to.code(), &visible(text))
            }
            PromptInput::Prompt(prompt) => {
                let rendered = self.render(prompt, text, terms)?;
                let parts: Vec<_> = rendered.parts.iter().map(PromptPart::as_deref).collect();
                model.prompt(rendered.system.as_deref(), &parts)
            }
        }
    }

    /// True if the chat template itself asks for a translation, given languages and text.
    fn is_worded_by_template(&self) -> bool {
        self.task == Task::Translate
            && self.setup.job.options.prompt.is_none()
            && self.setup.model.has_translation_template()
    }

    fn render(&self, prompt: &Prompt, text: &str, terms: &[Term]) -> Result<Rendered> {
        let options = &self.setup.job.options;
        // Only terms that occur: others cost tokens and lead small models astray.
        let occurring = checks::terms_in(text, self.setup.languages, &options.checks);
        let own = occurring.into_iter().map(|occurrence| occurrence.term);
        let is_new = |term: &&Term| !terms.iter().any(|other| other.source == term.source);
        let mut glossary: Vec<Term> = own.filter(|term| is_new(&term)).collect();
        glossary.extend_from_slice(terms);
        prompt.render(&Variables {
            text,
            source: self.setup.languages.from,
            target: self.setup.languages.to,
            sentences: options.sentences,
            style: options.style,
            glossary: &glossary,
            context: None,
            register: options.checks.register,
        })
    }

    /// Prompts of all chunks.
    pub fn encode_all(
        &self,
        chunks: &[SourceChunk<'_>],
        observer: &mut Observer<'_>,
    ) -> Result<Vec<Vec<u32>>> {
        let mut prompts = Vec::with_capacity(chunks.len());
        for chunk in chunks {
            observer.check()?;
            prompts.push(self.encode(chunk.text.trim())?);
        }
        Ok(prompts)
    }

    /// The marks that close the reasoning which some chat templates open at the end of a prompt.
    pub fn open_reasoning(&self, prompts: &[Vec<u32>]) -> Vec<Option<&'static str>> {
        if self.setup.seq2seq.is_some() {
            return vec![None; prompts.len()];
        }
        prompts.iter().map(|ids| self.setup.model.reasoning_left_open(ids)).collect()
    }
}

fn find(setup: &TaskSetup<'_>, task: Task) -> Result<Prompt> {
    let options = &setup.job.options;
    let family = match &setup.job.capabilities.family {
        Some(family) => family,
        None if !setup.model.has_chat_template() => BASE,
        None => setup.model.architecture(),
    };
    // A named prompt is for the job's own task; summaries are combined with the family's.
    let name = options.prompt.as_deref().filter(|_| task == setup.job.task);
    Prompt::find(task, family, name, options.prompt_folder.as_deref())
}

/// A finding if the model takes no prompt and so knows nothing of the glossary.
pub(super) fn ignored_glossary(setup: &TaskSetup<'_>) -> Option<Finding> {
    if setup.takes_prompt() || setup.job.options.checks.glossary.is_empty() {
        return None;
    }
    let message = "the model takes no instructions: the glossary was not passed to it";
    let korean = "지시를 받지 않는 모델: 용어집이 전달되지 않음";
    Some(Finding::new("glossary", "glossary_unheard", message).in_korean(korean))
}

/// A finding with the sampling settings that the checkpoint recommends and malmoi does not
/// implement.
pub(super) fn ignored_recommendations(setup: &TaskSetup<'_>) -> Option<Finding> {
    let samples = setup.seq2seq.is_none() && setup.job.generation.sampling != Sampling::Greedy;
    let names = &setup.model.sampling_defaults().unsupported;
    if !samples || names.is_empty() {
        return None;
    }
    let names = names.join(", ");
    let message =
        format!("the model's makers also recommend {names}, which malmoi does not support");
    let korean = format!("모델 제작자가 권하지만 malmoi가 지원하지 않는 설정: {names}");
    Some(Finding::new("sampling", "sampling_ignored", message).in_korean(korean))
}
