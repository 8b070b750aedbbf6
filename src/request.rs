//! The builder behind [`Model::translate`] and [`Model::summarize`].

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use crate::document::Document;
use crate::error::{Error, InputFault, Result};
use crate::event::Event;
use crate::formats;
use crate::generation::Options;
use crate::language::Language;
use crate::model::Model;
use crate::outcome::{Outcome, Route};
use crate::pipeline::{self, Watch};
use crate::prompts::{Style, Task, Term};

/// What a model is good for, where somebody knows: a catalogue, or the user. Where nobody does, it
/// is asked for anything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Abilities {
    /// The family of its prompts: `any`, `modest`, `small`, `base`, `hunyuan` …
    pub family: Option<String>,
    /// Languages it writes summaries in; all where `None`.
    pub summarizes: Option<Vec<Language>>,
}

/// How a text is chosen among those a model could write, where that is not as usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Choices {
    /// See [`Request::seed`].
    pub seed: Option<u64>,
    /// See [`Request::max_tokens`].
    pub max_tokens: Option<usize>,
    /// See [`Request::beams`].
    pub beams: Option<usize>,
}

/// Everything a request says but the text; plain data.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Job {
    pub task: Task,
    pub from: Option<Language>,
    pub to: Option<Language>,
    pub sentences: usize,
    pub style: Style,
    pub route: Route,
    pub prompt: Option<String>,
    pub prompts: Option<PathBuf>,
    pub glossary: Vec<Term>,
    pub options: Options,
    pub max_tokens: Option<usize>,
    pub beams: Option<usize>,
    pub abilities: Abilities,
}

/// A text and what to do with it. Nothing happens before [`text`](Self::text),
/// [`pieces`](Self::pieces) or [`run`](Self::run).
///
/// ```no_run
/// use malmoi::{Language, Model};
/// let model = Model::open("qwen2.5-coder-1.5b-instruct-q4_k_m.gguf")?;
/// let article = std::fs::read_to_string("article.txt").unwrap();
/// println!("{}", model.summarize(&article).to(Language::Korean).sentences(3).text()?);
/// # Ok::<(), malmoi::Error>(())
/// ```
#[derive(Clone)]
pub struct Request {
    model: Model,
    translator: Option<(Model, Abilities)>,
    document: Result<Document, InputFault>,
    job: Job,
    deadline: Option<Instant>,
}

impl Model {
    /// Summarizes an article, by default in three sentences of its own language.
    pub fn summarize(&self, text: &str) -> Request {
        Request::new(self, Task::Summarize, read(text))
    }

    /// Translates a text, by default from the language it is in to the other one. Paragraphs stay
    /// paragraphs.
    pub fn translate(&self, text: &str) -> Request {
        Request::new(self, Task::Translate, read(text))
    }

    /// As [`summarize`](Self::summarize), of a document that was read already.
    pub fn summarize_document(&self, document: Document) -> Request {
        Request::new(self, Task::Summarize, Ok(document))
    }

    /// As [`translate`](Self::translate), of a document that was read already.
    pub fn translate_document(&self, document: Document) -> Request {
        Request::new(self, Task::Translate, Ok(document))
    }
}

fn read(text: &str) -> Result<Document, InputFault> {
    formats::read(text.as_bytes(), "the text").map_err(|e| match e {
        Error::UnreadableInput { fault, .. } => fault,
        other => other.to_string().into(),
    })
}

impl Request {
    fn new(model: &Model, task: Task, document: Result<Document, InputFault>) -> Self {
        let job = Job {
            task,
            from: None,
            to: None,
            sentences: 3,
            style: Style::Paragraph,
            route: Route::Auto,
            prompt: None,
            prompts: None,
            glossary: Vec::new(),
            options: Options::default(),
            max_tokens: None,
            beams: None,
            abilities: Abilities::default(),
        };
        Self { model: model.clone(), translator: None, document, job, deadline: None }
    }

    /// The language to write in.
    pub fn to(mut self, language: Language) -> Self {
        self.job.to = Some(language);
        self
    }

    /// The language of the text, where it should not be looked for.
    pub fn from(mut self, language: Language) -> Self {
        self.job.from = Some(language);
        self
    }

    /// How many sentences (or bullets) a summary has; a longer answer is cut after the last of
    /// them, and that is reported.
    pub fn sentences(mut self, count: usize) -> Self {
        self.job.sentences = count.max(1);
        self
    }

    /// Paragraph, bullets or headline.
    pub fn style(mut self, style: Style) -> Self {
        self.job.style = style;
        self
    }

    /// How a summary in another language is reached.
    pub fn route(mut self, route: Route) -> Self {
        self.job.route = route;
        self
    }

    /// A prompt by name, instead of the one for the task and the model's family.
    pub fn prompt(mut self, name: impl Into<String>) -> Self {
        self.job.prompt = Some(name.into());
        self
    }

    /// A folder whose prompt files come before the built-in ones of the same names.
    pub fn prompts_from(mut self, folder: impl AsRef<Path>) -> Self {
        self.job.prompts = Some(folder.as_ref().to_path_buf());
        self
    }

    /// Translations that must be used.
    pub fn glossary(mut self, terms: Vec<Term>) -> Self {
        self.job.glossary = terms;
        self
    }

    /// How tokens are chosen; [`Options::max_tokens`] is only used where
    /// [`max_tokens`](Self::max_tokens) asks for it.
    pub fn options(mut self, options: Options) -> Self {
        self.job.options = options;
        self
    }

    /// Samples as the model's makers recommend, instead of taking the likeliest token each time.
    /// The same seed gives the same text. Models that read a source search for the best text,
    /// whatever the seed.
    pub fn seed(mut self, seed: u64) -> Self {
        self.job.options.sample_as_recommended(self.model.recommended(), seed);
        self
    }

    /// The most tokens of each piece, instead of what its length suggests.
    pub fn max_tokens(mut self, count: usize) -> Self {
        self.job.max_tokens = Some(count.max(1));
        self
    }

    /// How many texts a search follows at once, instead of what the checkpoint says; one takes the
    /// likeliest token each time. Only models that read a source are searched.
    pub fn beams(mut self, width: usize) -> Self {
        self.job.beams = Some(width.clamp(1, 64));
        self
    }

    /// All of these at once.
    pub fn choices(mut self, choices: Choices) -> Self {
        let Choices { seed, max_tokens, beams } = choices;
        self = seed.into_iter().fold(self, Self::seed);
        self = max_tokens.into_iter().fold(self, Self::max_tokens);
        beams.into_iter().fold(self, Self::beams)
    }

    /// What the model is good for.
    pub fn abilities(mut self, abilities: Abilities) -> Self {
        self.job.abilities = abilities;
        self
    }

    /// Another model for the second half of a cascade.
    pub fn translator(mut self, model: &Model, abilities: Abilities) -> Self {
        self.translator = Some((model.clone(), abilities));
        self
    }

    /// When to give up: whatever is under way then ends with [`Error::OutOfTime`]. Looked at where
    /// [`watch`](Self::watch) asks whether to go on.
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Does it and gives the text.
    pub fn text(self) -> Result<String> {
        Ok(self.run()?.text)
    }

    /// Does it and gives everything there is to know about it.
    pub fn run(self) -> Result<Outcome> {
        self.watch(|_| {}, |_| ControlFlow::Continue(()))
    }

    /// Does it, telling what happens and giving out text as soon as it is certain; an empty text
    /// only asks whether to go on. `Break` ends it with [`Error::Cancelled`].
    ///
    /// It is asked before anything is done, between the parts of a text while they are measured,
    /// tokenized and checked, and after every step of the model, prompts included; while a model
    /// that is [shared](Model::shared) works or the request waits for its turn there, ten times a
    /// second.
    pub fn watch(
        self,
        mut on_event: impl FnMut(&Event),
        mut on_text: impl FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Outcome> {
        let document = self.document.map_err(|fault| Error::unreadable("the text", fault))?;
        let translator = self.translator.as_ref().map(|(model, abilities)| (model, abilities));
        let (began, mut late) = (Instant::now(), false);
        let mut on_time = |text: &str| {
            late |= self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
            if late { ControlFlow::Break(()) } else { on_text(text) }
        };
        let mut watch = Watch { on_event: &mut on_event, on_text: &mut on_time };
        match pipeline::run(&self.model, translator, &document, &self.job, &mut watch) {
            Err(Error::Cancelled) if late => {
                Err(Error::OutOfTime { seconds: began.elapsed().as_secs_f64() })
            }
            result => result,
        }
    }

    /// Does it in a thread of its own and gives the text piece by piece. Dropping the iterator ends
    /// the work.
    pub fn pieces(self) -> Result<Pieces> {
        // Unbounded, for a sink that waits would hold up every other caller of a shared model; a
        // text is short.
        let (sender, pieces) = channel();
        let reader = Arc::new(());
        let present = Arc::downgrade(&reader);
        let work = move || {
            let send = |text: &str| {
                let is_there = present.strong_count() > 0;
                match is_there && (text.is_empty() || sender.send(Ok(text.to_string())).is_ok()) {
                    true => ControlFlow::Continue(()),
                    false => ControlFlow::Break(()),
                }
            };
            match self.watch(|_| {}, send) {
                Ok(_) | Err(Error::Cancelled) => {}
                // Without a reader there is no one to tell.
                Err(error) => drop(sender.send(Err(error))),
            }
        };
        std::thread::Builder::new()
            .name("malmoi".into())
            .spawn(work)
            .map_err(|e| Error::Engine(format!("no thread could be started: {e}").into()))?;
        Ok(Pieces { pieces, _reader: reader })
    }
}

/// A text in pieces; see [`Request::pieces`].
pub struct Pieces {
    pieces: Receiver<Result<String>>,
    /// Gone when the iterator is dropped: the work looks at it while it has no text to send.
    _reader: Arc<()>,
}

impl Iterator for Pieces {
    type Item = Result<String>;

    fn next(&mut self) -> Option<Self::Item> {
        self.pieces.recv().ok()
    }
}
