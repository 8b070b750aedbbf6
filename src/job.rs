//! A request's options as plain data: written once, embedded by the builder, by batches and by the
//! command line.
//!
//! Knows tasks and languages; of models only which one gives second opinions.

mod capabilities;
mod second;

use std::path::PathBuf;
use std::sync::Arc;

use crate::checks::CheckOptions;
use crate::desk::{Desk, LEAST_LIKENESS};
use crate::generation::Options;
use crate::language::Language;
use crate::outcome::Route;
use crate::prompts::{Examples, Style, Task};

pub use capabilities::Capabilities;
pub use second::SecondModel;

/// Options of a summary or a translation.
///
/// ```
/// use malmoi::{Language, TaskOptions};
/// let to = Some(Language::Korean);
/// let options = TaskOptions { to, sentences: 2, ..TaskOptions::default() };
/// assert_eq!((options.from, options.seed), (None, None));
/// ```
#[derive(Debug, Clone)]
pub struct TaskOptions {
    /// Language of the text; detected by default.
    pub from: Option<Language>,
    /// Language of the result. By default a summary is in the language of the text, a translation
    /// in the other one.
    pub to: Option<Language>,
    /// Sentences of a summary, or its bullet points; 3 by default.
    pub sentences: usize,
    /// Shape of a summary.
    pub style: Style,
    /// Route to a summary in another language.
    pub route: Route,
    /// Pairs that show the model how to answer, in place of those of the prompt.
    pub examples: Examples,
    /// Words around a text to translate, which the model reads and does not translate; at most a
    /// quarter of its window. Prompts without a place for them leave them out, with a finding.
    pub context: Option<String>,
    /// Name of a prompt; by default the one for the task and the model's family.
    pub prompt: Option<String>,
    /// Folder of prompt files that replace the built-in ones of the same names.
    pub prompt_folder: Option<PathBuf>,
    /// Seed for sampling as the model's makers recommend; without it the likeliest token is taken.
    /// Models that search take no seed.
    pub seed: Option<u64>,
    /// Upper bound on the tokens of each segment; by default it follows from the task and the
    /// segment's length.
    pub max_tokens: Option<usize>,
    /// Beam width of models that search; by default the checkpoint's.
    pub beams: Option<usize>,
    /// Options of the checks. A register and a glossary among them are also asked of the model.
    pub checks: CheckOptions,
    /// Which answers are written again.
    pub repair: Repair,
    /// Model that translates doubtful segments again; the better of both translations is kept.
    pub second: Option<SecondModel>,
    /// What becomes of sentences that give orders to a language model. With [`OnOrders::Drop`],
    /// offsets in the article are those in the text without them.
    pub on_orders: OnOrders,
    /// The desk's memory: translations in it are reused, and new ones are kept in it.
    pub desk: Option<Arc<Desk>>,
    /// True if a translated office file keeps the source: each paragraph is followed by its
    /// translation.
    pub bilingual: bool,
    /// Least likeness, in percent, of translations of people in the memory that the model is shown
    /// as examples; 0 shows the nearest however far, `None` shows none. 70 by default.
    pub similar: Option<u8>,
}

impl TaskOptions {
    /// Upper bound on [`beams`](Self::beams).
    const MAX_BEAMS: usize = 64;

    /// The same with every number in its range.
    pub(crate) fn clamped(mut self) -> Self {
        self.sentences = self.sentences.max(1);
        self.max_tokens = self.max_tokens.map(|count| count.max(1));
        self.beams = self.beams.map(|width| width.clamp(1, Self::MAX_BEAMS));
        self
    }
}

impl Default for TaskOptions {
    fn default() -> Self {
        Self {
            from: None,
            to: None,
            sentences: 3,
            style: Style::Paragraph,
            route: Route::Auto,
            examples: Examples::default(),
            context: None,
            prompt: None,
            prompt_folder: None,
            seed: None,
            max_tokens: None,
            beams: None,
            checks: CheckOptions::default(),
            repair: Repair::Auto,
            second: None,
            on_orders: OnOrders::Report,
            desk: None,
            bilingual: false,
            similar: Some(LEAST_LIKENESS),
        }
    }
}

/// Which segments of a translation, and which summaries, are written again after the checks. The
/// best attempt by the checks is kept; without a better one the first answer stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Repair {
    /// Those with a critical or major doubt.
    #[default]
    Auto,
    /// None.
    Off,
    /// Those with any doubt.
    All,
}

impl Repair {
    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Off => "off",
            Self::All => "all",
        }
    }
}

/// What becomes of sentences of a text that give orders to a language model
/// ([`checks::orders`](crate::checks::orders)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnOrders {
    /// The model reads them, and each is a finding.
    #[default]
    Report,
    /// They are left out of what the model reads, and each is a finding with its words.
    Drop,
    /// The text is refused with [`Error::Orders`](crate::Error::Orders).
    Refuse,
}

impl OnOrders {
    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Drop => "drop",
            Self::Refuse => "refuse",
        }
    }
}

/// A task for the pipeline: everything about a request but its text.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub task: Task,
    pub options: TaskOptions,
    /// Token-level options; the pipeline sets their limit, stop strings and search.
    pub generation: Options,
    /// Capabilities of the model that works on the task.
    pub capabilities: Capabilities,
}
