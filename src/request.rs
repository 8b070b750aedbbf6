//! [`Request`]: the builder behind [`Model::translate`] and [`Model::summarize`].

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use crate::checks::CheckOptions;
use crate::desk::Desk;
use crate::document::Document;
use crate::error::{Error, InputFault, Result};
use crate::event::Observer;
use crate::formats;
use crate::generation::Options;
use crate::glossary::Glossary;
use crate::job::{Capabilities, Job, OnOrders, Repair, SecondModel, TaskOptions};
use crate::language::Language;
use crate::model::Model;
use crate::outcome::{Outcome, Route};
use crate::pipeline;
use crate::prompts::{Examples, Style, Task};

/// A text, a task and its options. Nothing is computed before [`text`](Self::text),
/// [`stream`](Self::stream), [`run`](Self::run) or [`observe`](Self::observe).
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
    /// The second model of a cascade.
    translator: Option<(Model, Capabilities)>,
    /// The text, or the reason why it cannot be read.
    document: Result<Document, InputFault>,
    job: Job,
    deadline: Option<Instant>,
}

impl Model {
    /// Summarizes an article, by default in three sentences in its own language.
    pub fn summarize(&self, text: &str) -> Request {
        Request::new(self, Task::Summarize, read(text))
    }

    /// Translates a text, by default from the language it is in to the other one. Paragraphs stay
    /// paragraphs.
    pub fn translate(&self, text: &str) -> Request {
        Request::new(self, Task::Translate, read(text))
    }

    /// [`summarize`](Self::summarize) for a document that has been read already.
    pub fn summarize_document(&self, document: Document) -> Request {
        Request::new(self, Task::Summarize, Ok(document))
    }

    /// [`translate`](Self::translate) for a document that has been read already.
    pub fn translate_document(&self, document: Document) -> Request {
        Request::new(self, Task::Translate, Ok(document))
    }
}

fn read(text: &str) -> Result<Document, InputFault> {
    formats::read(text.as_bytes(), "the text").map_err(|error| match error {
        Error::UnreadableInput { fault, .. } => fault,
        other => other.to_string().into(),
    })
}

impl Request {
    fn new(model: &Model, task: Task, document: Result<Document, InputFault>) -> Self {
        let job = Job {
            task,
            options: TaskOptions::default(),
            generation: Options::default(),
            capabilities: Capabilities::default(),
        };
        Self { model: model.clone(), translator: None, document, job, deadline: None }
    }

    /// Replaces all options of the task.
    pub fn task_options(mut self, options: TaskOptions) -> Self {
        self.job.options = options.clamped();
        self
    }

    /// Language of the result.
    pub fn to(mut self, language: Language) -> Self {
        self.job.options.to = Some(language);
        self
    }

    /// Language of the text, instead of the one that is detected.
    pub fn from(mut self, language: Language) -> Self {
        self.job.options.from = Some(language);
        self
    }

    /// Sentences of a summary, or its bullet points. A longer answer is cut after the last of
    /// them.
    pub fn sentences(mut self, count: usize) -> Self {
        self.job.options.sentences = count.max(1);
        self
    }

    /// Shape of a summary.
    pub fn style(mut self, style: Style) -> Self {
        self.job.options.style = style;
        self
    }

    /// Route to a summary in another language.
    pub fn route(mut self, route: Route) -> Self {
        self.job.options.route = route;
        self
    }

    /// A prompt by name, instead of the one for the task and the model's family.
    pub fn prompt(mut self, name: impl Into<String>) -> Self {
        self.job.options.prompt = Some(name.into());
        self
    }

    /// Folder of prompt files that replace the built-in ones of the same names.
    pub fn prompts_from(mut self, folder: impl AsRef<Path>) -> Self {
        self.job.options.prompt_folder = Some(folder.as_ref().to_path_buf());
        self
    }

    /// Prescribed translations: those that occur in a segment are shown to the model, and are
    /// looked for in its answer.
    pub fn glossary(mut self, terms: impl Into<Glossary>) -> Self {
        self.job.options.checks.glossary = terms.into();
        self
    }

    /// Pairs that show the model how to answer.
    pub fn examples(mut self, examples: Examples) -> Self {
        self.job.options.examples = examples;
        self
    }

    /// Token-level options, instead of a [`seed`](Self::seed). Their limit, stop strings and search
    /// are set by the pipeline.
    pub fn options(mut self, options: Options) -> Self {
        self.job.generation = options;
        self.job.options.seed = None;
        self
    }

    /// Samples as the model's makers recommend, instead of taking the likeliest token each time.
    /// The same seed gives the same text. Models that search ignore it.
    pub fn seed(mut self, seed: u64) -> Self {
        self.job.options.seed = Some(seed);
        self
    }

    /// Upper bound on the tokens of each segment.
    pub fn max_tokens(mut self, count: usize) -> Self {
        self.job.options.max_tokens = Some(count);
        self.job.options = self.job.options.clamped();
        self
    }

    /// Beam width of models that search, instead of the checkpoint's; 1 takes the likeliest token
    /// each time.
    pub fn beams(mut self, width: usize) -> Self {
        self.job.options.beams = Some(width);
        self.job.options = self.job.options.clamped();
        self
    }

    /// Options of the checks. A register and a glossary among them are also asked of the model; a
    /// glossary that was set before stays unless they have one.
    pub fn checks(mut self, options: CheckOptions) -> Self {
        let before = std::mem::replace(&mut self.job.options.checks, options);
        if self.job.options.checks.glossary.is_empty() {
            self.job.options.checks.glossary = before.glossary;
        }
        self
    }

    /// Which answers are written again after the checks. A summary is streamed while it is
    /// generated only with [`Repair::Off`].
    pub fn repair(mut self, repair: Repair) -> Self {
        self.job.options.repair = repair;
        self
    }

    /// Another model, which translates segments that are still doubtful after repair; the better of
    /// both translations by the checks is kept. [`Outcome::second`] counts them.
    pub fn second(mut self, second: impl Into<SecondModel>) -> Self {
        self.job.options.second = Some(second.into());
        self
    }

    /// What becomes of sentences that give orders to a language model.
    pub fn on_orders(mut self, on_orders: OnOrders) -> Self {
        self.job.options.on_orders = on_orders;
        self
    }

    /// The desk's memory: translations in it are reused, and new ones are kept in it.
    pub fn desk(mut self, desk: &Arc<Desk>) -> Self {
        self.job.options.desk = Some(desk.clone());
        self
    }

    /// Least likeness, in percent, of translations of people in the memory that the model is shown
    /// as examples, 70 by default. With 0 the nearest are shown however far, with `None` none.
    pub fn similar(mut self, least: impl Into<Option<u8>>) -> Self {
        self.job.options.similar = least.into();
        self
    }

    /// Keeps the source in a translated office file: each paragraph is followed by its translation.
    pub fn bilingual(mut self, bilingual: bool) -> Self {
        self.job.options.bilingual = bilingual;
        self
    }

    /// Capabilities of the model.
    pub fn capabilities(mut self, capabilities: Capabilities) -> Self {
        self.job.capabilities = capabilities;
        self
    }

    /// Another model for the second half of a cascade.
    pub fn translator(mut self, model: &Model, capabilities: Capabilities) -> Self {
        self.translator = Some((model.clone(), capabilities));
        self
    }

    /// Time after which the request ends with [`Error::OutOfTime`]. It is checked as often as
    /// [`Observer::cancel_if`].
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Runs the request and returns the text of the result.
    pub fn text(self) -> Result<String> {
        Ok(self.run()?.text)
    }

    /// Runs the request.
    pub fn run(self) -> Result<Outcome> {
        self.observe(Observer::new())
    }

    /// Runs the request with callbacks for events, for text as soon as it is final, and for
    /// cancellation.
    pub fn observe(self, mut observer: Observer<'_>) -> Result<Outcome> {
        let Self { model, translator, document, mut job, deadline } = self;
        let document = document.map_err(|fault| Error::unreadable("the text", fault))?;
        if let Some(seed) = job.options.seed {
            job.generation.sample_as_recommended(model.sampling_defaults(), seed);
        }
        let began = Instant::now();
        let translator = translator.as_ref().map(|(model, capabilities)| (model, capabilities));
        observer.set_deadline(deadline);
        match pipeline::run(&model, translator, &document, &job, &mut observer) {
            Err(Error::Cancelled) if observer.is_late() => {
                Err(Error::OutOfTime { seconds: began.elapsed().as_secs_f64() })
            }
            result => result,
        }
    }

    /// Runs the request in a thread of its own and returns its text in pieces. Dropping the
    /// iterator cancels the request.
    pub fn stream(self) -> Result<TextStream> {
        // Unbounded: a callback that waited would hold up every other request of a shared model,
        // and a text is short.
        let (sender, pieces) = channel();
        let alive = Arc::new(());
        let reader = Arc::downgrade(&alive);
        let work = move || {
            let observer = Observer::new()
                .on_text(|text| drop(sender.send(Ok(text.to_string()))))
                .cancel_if(|| reader.strong_count() == 0);
            match self.observe(observer) {
                Ok(_) | Err(Error::Cancelled) => {}
                Err(error) => drop(sender.send(Err(error))),
            }
        };
        std::thread::Builder::new()
            .name("malmoi".into())
            .spawn(work)
            .map_err(|e| Error::Engine(format!("no thread could be started: {e}").into()))?;
        Ok(TextStream { pieces, _alive: alive })
    }
}

/// The text of a result in pieces; see [`Request::stream`].
pub struct TextStream {
    pieces: Receiver<Result<String>>,
    /// Dropped with the iterator, which the working thread notices.
    _alive: Arc<()>,
}

impl Iterator for TextStream {
    type Item = Result<String>;

    fn next(&mut self) -> Option<Self::Item> {
        self.pieces.recv().ok()
    }
}
