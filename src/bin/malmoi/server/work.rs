//! What the engine is asked to do: translate or summarize a document, or answer a chat.

use malmoi::document::Document;
use malmoi::internals::audit::sha256;
use malmoi::internals::generation::{Control, Update};
use malmoi::prompts::Task;
use malmoi::{Error, Finish, LanguagePair, Model, Options, Outcome, Sampling, TaskOptions};

use super::app::App;
use super::caller;
use crate::audit::{self, Asker};
use crate::engine::{Failure, News, Running, Ticket, task};

/// Puts a translation or a summary into the queue, for the model of a name or the usual one.
pub(super) fn submit(
    app: &App,
    model: Option<&str>,
    task: Task,
    document: Document,
    languages: LanguagePair,
    options: TaskOptions,
) -> Result<Ticket<Outcome>, Failure> {
    let served = app.engine.find_named(task, languages, model)?.clone();
    let metrics = app.metrics.clone();
    let length = document.text().chars().count();
    let recorder = app.recorder.clone();
    let asker = asker();
    let hashes = recorder.is_on().then(|| (audit::source(&document), audit::options(&options)));
    app.engine.submit(length, move |running| {
        let outcome = task::run(&served, document, options, running)?;
        metrics.outcome(&outcome);
        if let Some(hashes) = hashes {
            recorder.outcome(&asker, hashes, &outcome)?;
        }
        Ok(outcome)
    })
}

/// A conversation: what the model is told, earlier turns, and the message to answer.
#[derive(Clone)]
pub(super) struct Chat {
    pub system: Option<String>,
    /// Messages of the user, each with its answer.
    pub turns: Vec<(String, String)>,
    pub message: String,
    pub options: Options,
}

impl Chat {
    /// Characters of all that the model is told.
    pub fn characters(&self) -> usize {
        let turns = self.turns.iter().flat_map(|(user, assistant)| [user, assistant]);
        let texts = self.system.iter().chain(turns).chain([&self.message]);
        texts.map(|text| text.chars().count()).sum()
    }

    /// SHA-256 of all that the model is told, in order.
    fn hash(&self) -> String {
        let turns = self.turns.iter().flat_map(|(user, assistant)| [user, assistant]);
        let texts = self.system.iter().chain(turns).chain([&self.message]);
        let texts: Vec<&str> = texts.map(String::as_str).collect();
        sha256(texts.join("\0").as_bytes())
    }

    /// The same for another answer, drawn with another seed if it is drawn.
    pub fn another(&self, index: u64) -> Self {
        let mut another = self.clone();
        if let Sampling::Random { seed, .. } = &mut another.options.sampling {
            *seed = seed.wrapping_add(index);
        }
        another
    }
}

/// A model's answer to a chat.
#[derive(Debug)]
pub(super) struct Answer {
    pub text: String,
    pub finish: Finish,
    pub prompt_tokens: usize,
    pub tokens: usize,
}

/// Puts a chat into the queue.
pub(super) fn chat(app: &App, model: Model, chat: Chat) -> Result<Ticket<Answer>, Failure> {
    let (recorder, asker) = (app.recorder.clone(), asker());
    app.engine.submit(chat.characters(), move |running| {
        let answer = answer(&model, &chat, running)?;
        if recorder.is_on() {
            recorder.chat(&asker, model.name(), chat.hash(), &answer.text)?;
        }
        Ok(answer)
    })
}

/// Who asked for the work of this task.
pub(super) fn asker() -> Asker {
    caller::current().map(|caller| caller.asker()).unwrap_or_default()
}

fn answer(model: &Model, chat: &Chat, running: &Running<'_, Answer>) -> Result<Answer, Failure> {
    use malmoi::internals::prompt_part::{ExampleTurns, PromptPart};
    let turns: Vec<ExampleTurns> = chat
        .turns
        .iter()
        .map(|(user, assistant)| ExampleTurns {
            user: vec![PromptPart::UserText(user.clone())],
            assistant: assistant.clone(),
        })
        .collect();
    let parts = [PromptPart::UserText(chat.message.as_str())];
    let prompt = model
        .prompt(chat.system.as_deref(), &turns, &parts)
        .map_err(|error| Failure::Invalid(error.to_string()))?;
    let prompt_tokens = prompt.len();
    let room = model.context().saturating_sub(prompt_tokens);
    if room == 0 {
        let window = model.context();
        let message = format!("the messages have {prompt_tokens} tokens; the model takes {window}");
        return Err(Failure::TooLarge(message));
    }
    let mut options = chat.options.clone();
    options.max_tokens = options.max_tokens.min(room);
    let mut is_late = false;
    let mut sink = |_, update: Update<'_>| {
        if let Update::Text(text) = update {
            running.first_token();
            running.send(News::Text(text.to_string()));
        }
        is_late |= std::time::Instant::now() >= running.deadline();
        if is_late || running.is_over() { Control::Cancel } else { Control::Continue }
    };
    let generated = model.generate(&[prompt], &options, &mut sink);
    let generated = match generated {
        Err(Error::Cancelled) if is_late => Err(Error::OutOfTime { seconds: 0.0 }),
        other => other,
    };
    let generated = generated.map_err(|error| running.failure(error))?;
    let Some(generated) = generated.into_iter().next() else { return Err(Failure::Internal) };
    let (text, finish, tokens) = (generated.text, generated.finish, generated.tokens);
    Ok(Answer { text, finish, prompt_tokens, tokens })
}
