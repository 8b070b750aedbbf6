//! Step 3, prompt: token ids of the prompts of a stage, with as many examples as fit, and findings
//! about options that no prompt passes on.

use std::rc::Rc;

use super::chunk::SourceChunk;
use super::setup::TaskSetup;
use super::similar::SimilarExample;
use super::window;
use crate::checks;
use crate::error::Result;
use crate::event::Observer;
use crate::finding::Finding;
use crate::formats::visible;
use crate::generation::Sampling;
use crate::glossary::Term;
use crate::job::Repair;
use crate::language::{Language, LanguagePair, Register};
use crate::model::Seq2SeqTask;
use crate::prompt_part::PromptPart;
use crate::prompts::{Example, ExampleQuery, Prompt, Rendered, Task, Variables};
use crate::segment;

/// Divisor of the window: the words around a text may take a quarter of its tokens.
const CONTEXT_SHARE: usize = 4;
/// Characters of a token in running text, at most on average.
const TOKEN_CHARACTERS: usize = 16;
/// Family of prompts for a model without a chat template.
const BASE: &str = "base";

/// Encodes texts as prompts of one task.
pub(super) struct PartEncoder<'a> {
    setup: &'a TaskSetup<'a>,
    task: Task,
    input: PromptInput<'a>,
    takes_examples: bool,
    /// The words around the text, cut to their share of the window.
    context: Option<&'a str>,
}

/// The prompt for a text.
pub(super) struct EncodedPrompt {
    pub ids: Vec<u32>,
    /// Number of examples that did not fit.
    pub examples_left_out: usize,
    /// Likeness, in percent, of the examples from the desk's memory.
    pub similar: Vec<u8>,
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
        let takes_examples = match &input {
            PromptInput::Prompt(prompt) => {
                prompt.takes_examples
                    && !is_worded_by_template(setup, task)
                    && (prompt.has_examples_in_body() || setup.model.accepts_examples())
            }
            PromptInput::EncoderText(_) | PromptInput::EncoderPrompt(..) => false,
        };
        let context = match task {
            Task::Translate => setup.context.get_or_init(|| context(setup)).as_deref(),
            _ => None,
        };
        Ok(Self { setup, task, input, takes_examples, context })
    }

    /// True if its prompts have a place for few-shot examples.
    pub fn takes_examples(&self) -> bool {
        self.takes_examples
    }

    /// True if its prompts have a place for the words around a text.
    fn shows_context(&self) -> bool {
        match &self.input {
            PromptInput::EncoderText(_) => false,
            PromptInput::EncoderPrompt(_, prompt) => prompt.shows_context(),
            PromptInput::Prompt(prompt) => {
                prompt.shows_context() && !is_worded_by_template(self.setup, self.task)
            }
        }
    }

    /// Strings that end an answer.
    pub fn stop(&self) -> &[String] {
        match &self.input {
            PromptInput::EncoderText(_) => &[],
            PromptInput::EncoderPrompt(_, prompt) | PromptInput::Prompt(prompt) => &prompt.stop,
        }
    }

    /// Token ids of the prompt for a text, without examples.
    pub fn encode_alone(&self, text: &str) -> Result<Vec<u32>> {
        self.encode_with(text, &[], &[])
    }

    /// The prompt for a text, with prescribed translations beside those of the glossary, and with
    /// as many examples as prompt and answer leave room for.
    pub fn encode(&self, text: &str, terms: &[Term]) -> Result<EncodedPrompt> {
        let similar = self.memory_examples(text);
        // Examples that are alike for all texts come first, to be read once.
        let mut examples = self.fixed_examples(text, similar.len());
        examples.extend(similar.iter().map(|similar| similar.example.clone()));
        let mut shown = &examples[..];
        loop {
            let ids = self.encode_with(text, terms, shown)?;
            if shown.is_empty() || self.leaves_room(&ids, text) {
                let examples_left_out = examples.len() - shown.len();
                let likeness = similar.iter().rev().take(shown.len()).map(|one| one.percent);
                return Ok(EncodedPrompt { ids, examples_left_out, similar: likeness.collect() });
            }
            // The last examples are the most similar.
            shown = &shown[1..];
        }
    }

    /// Token ids of the prompt for a text without the far ones of its similar examples, by which a
    /// segment is known again: an addition to the memory changes the far examples of most segments,
    /// and the near ones of few.
    pub fn encode_without_far(&self, text: &str) -> Result<Vec<u32>> {
        let similar = self.memory_examples(text);
        let near: Vec<_> = similar.iter().filter(|similar| similar.is_near()).collect();
        let mut examples = self.fixed_examples(text, near.len());
        examples.extend(near.into_iter().map(|similar| similar.example.clone()));
        self.encode_with(text, &[], &examples)
    }

    /// Similar translations of people, the most similar last.
    fn memory_examples(&self, text: &str) -> Rc<[SimilarExample]> {
        if self.takes_examples && self.task == Task::Translate {
            self.setup.similar.of(&self.setup.job.options, self.setup.languages, text)
        } else {
            Rc::default()
        }
    }

    /// The user's examples, or else those of the prompt file, in the places that `similar` ones of
    /// the memory leave.
    fn fixed_examples(&self, text: &str, similar: usize) -> Vec<Example> {
        let PromptInput::Prompt(prompt) = &self.input else { return Vec::new() };
        if !self.takes_examples {
            return Vec::new();
        }
        let given = &self.setup.job.options.examples;
        let limit = given.max().saturating_sub(similar);
        let found = given.clone().limit(limit).find(&self.query(text));
        if !found.is_empty() || self.wants_another_register() {
            return found;
        }
        prompt.examples(self.setup.languages).take(limit).cloned().collect()
    }

    /// True if Korean is asked for in another register than that of the examples of prompt files,
    /// which is the newspapers' 한다체.
    fn wants_another_register(&self) -> bool {
        let register = self.setup.job.options.checks.register;
        self.setup.languages.to == Language::Korean
            && register.is_some_and(|register| register != Register::Handa)
    }

    fn query<'q>(&self, text: &'q str) -> ExampleQuery<'q> {
        ExampleQuery { task: self.task, languages: self.setup.languages, text }
    }

    /// True if a prompt leaves room for its answer in the window.
    fn leaves_room(&self, ids: &[u32], text: &str) -> bool {
        let reasons = self.setup.model.reasoning_left_open(ids).is_some();
        let reasoning = if reasons { window::REASONING_TOKENS } else { 0 };
        let tokens = self.setup.model.count(text);
        let answer = window::answer_limit(self.setup, self.task, tokens) + reasoning;
        ids.len() + answer <= window::window(self.setup)
    }

    fn encode_with(&self, text: &str, terms: &[Term], examples: &[Example]) -> Result<Vec<u32>> {
        let model = self.setup.model;
        match &self.input {
            PromptInput::EncoderText(seq2seq) => model.encoder_input(seq2seq, &visible(text)),
            PromptInput::EncoderPrompt(seq2seq, prompt) => {
                let rendered = self.render(prompt, text, terms, examples)?;
                let text: String = rendered.parts.iter().map(PromptPart::as_str).collect();
                model.encoder_input(seq2seq, &text)
            }
            PromptInput::Prompt(_) if is_worded_by_template(self.setup, self.task) => {
                let LanguagePair { from, to } = self.setup.languages;
                model.translation_prompt(from.code(), to.code(), &visible(text))
            }
            PromptInput::Prompt(prompt) => {
                let rendered = self.render(prompt, text, terms, examples)?;
                let parts: Vec<_> = rendered.parts.iter().map(PromptPart::as_deref).collect();
                model.prompt(rendered.system.as_deref(), &rendered.examples, &parts)
            }
        }
    }

    fn render(
        &self,
        prompt: &Prompt,
        text: &str,
        terms: &[Term],
        examples: &[Example],
    ) -> Result<Rendered> {
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
            examples,
            context: self.context,
            register: options.checks.register,
        })
    }

    /// Prompts of all chunks.
    pub fn encode_all(
        &self,
        chunks: &[SourceChunk<'_>],
        observer: &mut Observer<'_>,
    ) -> Result<Vec<EncodedPrompt>> {
        let mut prompts = Vec::with_capacity(chunks.len());
        for chunk in chunks {
            observer.check()?;
            prompts.push(self.encode(chunk.text.trim(), &[])?);
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

/// The words around a text to translate, cut to their share of the window.
fn context(setup: &TaskSetup<'_>) -> Option<String> {
    let budget = window::window(setup) / CONTEXT_SHARE;
    let given = beginning(setup.job.options.context.as_deref()?.trim(), budget);
    let parts = segment::split(given, budget, &|text| setup.model.count(text));
    parts.first().map(|part| part.text.trim().to_string())
}

/// The beginning of a text that may fit some tokens, so that no more of it is counted.
fn beginning(text: &str, tokens: usize) -> &str {
    let end = text.char_indices().nth(tokens.saturating_mul(TOKEN_CHARACTERS));
    end.map_or(text, |(end, _)| {
        text[..end].rsplit_once(char::is_whitespace).map_or(&text[..end], |(words, _)| words)
    })
}

/// True if the chat template itself asks for a translation, given languages and text.
fn is_worded_by_template(setup: &TaskSetup<'_>, task: Task) -> bool {
    task == Task::Translate
        && setup.job.options.prompt.is_none()
        && setup.model.has_translation_template()
}

/// The prompt of a task: the named one, or that of the model's family.
pub(super) fn find(setup: &TaskSetup<'_>, task: Task) -> Result<Prompt> {
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

/// A finding if nothing passes the glossary on: the model takes no prompt, and no search is
/// repeated for the terms of a translation.
pub(super) fn ignored_glossary(setup: &TaskSetup<'_>) -> Option<Finding> {
    let options = &setup.job.options;
    let is_enforced = setup.job.task == Task::Translate && options.repair != Repair::Off;
    if setup.takes_prompt() || is_enforced || options.checks.glossary.is_empty() {
        return None;
    }
    let message = "the model takes no instructions: the glossary was not passed to it";
    let korean = "지시를 받지 않는 모델: 용어집이 전달되지 않음";
    Some(Finding::new("glossary", "glossary_unheard", message).in_korean(korean))
}

/// A finding if the words around a text were not shown to the model, or not all of them.
pub(super) fn ignored_context(setup: &TaskSetup<'_>) -> Result<Option<Finding>> {
    let encoder = PartEncoder::new(setup, Task::Translate)?;
    let (Some(given), Some(shown)) = (&setup.job.options.context, encoder.context) else {
        return Ok(None);
    };
    let (kind, message, korean) = if !encoder.shows_context() {
        let message = "the model's prompt has no place for context: it was not shown to it";
        ("context_unheard", message, "문맥 자리가 없는 모델: 문맥이 전달되지 않음")
    } else if shown.len() < given.trim().len() {
        let message = "the context is longer than its part of the model's window and was cut";
        ("context_cut", message, "문맥이 모델이 읽을 수 있는 길이를 넘어 뒷부분을 뺌")
    } else {
        return Ok(None);
    };
    Ok(Some(Finding::new("context", kind, message).in_korean(korean)))
}

/// A finding if the user's examples were shown for no segment: the prompt has no place for them, or
/// they are in other languages.
pub(super) fn ignored_examples(setup: &TaskSetup<'_>, task: Task) -> Result<Option<Finding>> {
    if !setup.job.options.examples.has(task) {
        return Ok(None);
    }
    let encoder = PartEncoder::new(setup, task)?;
    let LanguagePair { from, to } = setup.languages;
    let (message, korean) = if !encoder.takes_examples() {
        let message = "the model's prompt has no place for examples: they were not shown to it";
        (message.to_string(), "예문 자리가 없는 모델: 예문이 전달되지 않음".to_string())
    } else if setup.job.options.examples.find(&encoder.query("")).is_empty() {
        let message = format!("no example has a text in {} with one in {}", from.name(), to.name());
        let (from, to) = (from.korean_name(), to.korean_name());
        (message, format!("{from}·{to}로 된 예문이 없음"))
    } else {
        return Ok(None);
    };
    Ok(Some(Finding::new("examples", "examples_unheard", message).in_korean(korean)))
}

/// A finding for a segment beside which some of the examples did not fit. Other examples than the
/// user's are left out without one.
pub(super) fn examples_left_out(
    setup: &TaskSetup<'_>,
    task: Task,
    count: usize,
) -> Option<Finding> {
    if count == 0 || !setup.job.options.examples.has(task) {
        return None;
    }
    let are = if count == 1 { "example was" } else { "examples were" };
    let message = format!("{count} {are} left out: the model's window has no room for more");
    let korean = format!("모델이 읽을 수 있는 길이를 넘어 예문 {count}개를 뺌");
    let finding = Finding::new("examples", "examples_left_out", message).in_korean(korean);
    Some(finding.value("examples", count))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_context_only_the_words_that_may_fit_are_counted() {
        let long = "항만 부두 ".repeat(40_000);
        let counted = beginning(&long, 100);
        assert_eq!(counted.chars().count(), 1598);
        assert!(long.starts_with(counted) && counted.ends_with("항만"), "{counted}");
        assert_eq!(beginning(&"가".repeat(40), 2).chars().count(), 32);
        assert_eq!(beginning("The quay opened.", 1), "The quay opened.");
    }
}
