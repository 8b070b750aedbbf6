//! A model ready to work: network, tokenizer, end tokens and chat template behind one handle.
//!
//! Knows tokens and messages; knows no document, and of languages and tasks only the names that
//! checkpoints have for them. Prompts come as parts that are trusted or not; models that read a
//! source are given no prompt but [`Sources`].

use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::Device;

use crate::architectures::{self, Network, Setup};
use crate::checkpoint::{
    ChatTemplate, Checkpoint, Content, Frame, Hyper, Message, Quantization, Recommended, Tokenizer,
    Translation, Typed, Work,
};
use crate::error::{Error, Result};
use crate::generation::search_config;
use crate::generation::{
    Batcher, BeamSearchConfig, Engine, Generated, LogitsProcessors, Options, RequestQueue,
    Seq2SeqEngine, Sink, run_call,
};
use crate::kernels::{Phase, Precision};
use crate::prompt_part::{PromptPart, SYSTEM_END, UserTexts, has_marker};
use crate::reasoning;

/// What opening a model has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Opening {
    /// Its files are looked at.
    Reading,
    /// Its float weights are quantised, or found to be already.
    Quantizing,
    /// Its weights are laid out for this processor, or found to be already.
    LayingOut,
    /// Its network and vocabulary are made.
    Loading,
}

/// Told what opening a model has come to; see [`OpenOptions::on_opening`].
#[derive(Clone, Default)]
pub struct OnOpening(Option<Arc<Told>>);

type Told = dyn Fn(Opening) + Send + Sync;

impl OnOpening {
    /// Calls a function, which must not block.
    pub fn new(tell: impl Fn(Opening) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(tell)))
    }

    fn tell(&self, opening: Opening) {
        if let Some(tell) = &self.0 {
            tell(opening);
        }
    }
}

impl std::fmt::Debug for OnOpening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "OnOpening(..)" } else { "OnOpening" })
    }
}

/// How to open a model.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// What to call it in results; by default the name of its file or folder.
    pub name: Option<String>,
    /// The most tokens of prompt and text together; by default, and at most, what it was made for.
    pub context: Option<usize>,
    /// Multiply quantised weights as floats: slow, for comparisons with reference implementations.
    pub exact: bool,
    /// Compute to the bit what every other processor computes, where this one has a faster and
    /// finer way of its own (see [`Phase`](crate::kernels::Phase)): for texts that must be the
    /// same on different machines.
    pub portable: bool,
    /// Quantise the float weights of a folder; a GGUF file's are as they are.
    pub quantize: Option<Quantization>,
    /// A folder for what is made of a model's files, so that it need not be made again: quantised
    /// weights, and those that come in PyTorch's own form. It is made if need be.
    pub kept_in: Option<PathBuf>,
    /// Lay out quantised weights as this processor reads them once, and keep them in that folder
    /// too: as large as the model again, and from then on it is open at once. Where they
    /// cannot be kept they are laid out each time.
    pub keep_tiles: bool,
    /// Bytes of memory to assume free, instead of asking the system.
    pub available_memory: Option<u64>,
    /// Told what it has come to: laying out or quantising a large model takes minutes.
    pub on_opening: OnOpening,
}

/// A loaded model. Cloning it is cheap and shares everything.
#[derive(Clone)]
pub struct Model(Arc<Inner>, Option<Batcher>);

struct Inner {
    name: String,
    path: PathBuf,
    hyper: Hyper,
    network: Box<dyn Network>,
    tokenizer: Tokenizer,
    template: Option<ChatTemplate>,
    end_tokens: Vec<u32>,
    vocabulary: usize,
    context: usize,
    bytes: u64,
    work: Work,
    newly_kept: Option<u64>,
    phases_share_kernels: bool,
    /// What the checkpoint forbids of texts that are continued.
    rules: Arc<LogitsProcessors>,
    /// Texts that end an output.
    stops: Vec<String>,
    fixed_chunks: bool,
    /// How sources are searched; of a network that reads none nothing.
    beams: Option<BeamSearchConfig>,
}

/// How a model reads sources for a task.
#[derive(Debug, Clone)]
pub struct Sources {
    frame: Frame,
    /// Words that stand before every text.
    words: String,
    /// How they are searched.
    pub search: BeamSearchConfig,
}

impl Model {
    /// Opens a folder in Hugging Face layout or a `.gguf` file.
    ///
    /// ```no_run
    /// let model = malmoi::Model::open("models/SmolLM2-135M-Instruct.Q4_1.gguf")?;
    /// println!("{} reads {} tokens at once", model.name(), model.context());
    /// # Ok::<(), malmoi::Error>(())
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, &OpenOptions::default())
    }

    /// As [`Model::open`], with options.
    pub fn open_with(path: impl AsRef<Path>, options: &OpenOptions) -> Result<Self> {
        let path = path.as_ref();
        let kept_in = options.kept_in.as_deref();
        let tell = |opening| options.on_opening.tell(opening);
        tell(Opening::Reading);
        let mut checkpoint = Checkpoint::open_keeping(path, kept_in)?;
        if let Some(to) = options.quantize {
            let kept_in = kept_in.ok_or_else(|| {
                Error::malformed(path, "no folder was named for keeping its quantised weights")
            })?;
            tell(Opening::Quantizing);
            checkpoint.quantize(to, kept_in)?;
        }
        check_memory(&checkpoint, options.available_memory)?;
        let device = device()?;
        let mut newly_kept = None;
        if let Some(kept_in) =
            kept_in.filter(|_| options.keep_tiles && !options.exact && device.is_cpu())
        {
            tell(Opening::LayingOut);
            // Nothing is lost by failing but time, each time.
            newly_kept = checkpoint.keep_tiles(kept_in).unwrap_or_default();
        }
        tell(Opening::Loading);
        let precision = match options {
            OpenOptions { exact: true, .. } => Precision::Exact,
            OpenOptions { portable: true, .. } => Precision::Portable,
            _ => Precision::Quantized,
        };
        let loaded =
            architectures::load(&Setup { checkpoint: &checkpoint, device: &device, precision })?;
        let mut tokenizer = match checkpoint.gguf() {
            Some(gguf) => Tokenizer::from_gguf(gguf)?,
            None => Tokenizer::from_folder(path, checkpoint.hyper.architecture())?,
        };
        tokenizer.forget_beyond(loaded.vocabulary)?;
        let (bytes, work) = (checkpoint.size(), checkpoint.work()?);
        let hyper = checkpoint.hyper;
        let beams = match loaded.sources {
            Some(known) if tokenizer.largest_id().is_some_and(|id| id as usize >= known) => {
                let reason =
                    format!("its tokenizer has more tokens than the network, which knows {known}");
                return Err(Error::malformed(path, reason));
            }
            Some(_) => Some(BeamSearchConfig::from_checkpoint(
                &hyper,
                "",
                loaded.vocabulary,
                loaded.context,
            )?),
            None => None,
        };
        let template =
            hyper.chat_template().map(|source| ChatTemplate::parse(source, hyper.special_tokens()));
        let mut name = options.name.clone().unwrap_or_else(|| name_of(path));
        if let Some(to) = options.quantize {
            // Its results are others than the whole model's.
            name = format!("{name} {}", to.as_str());
        }
        let end_tokens = end_tokens(&hyper, &tokenizer, loaded.vocabulary)?;
        let rules = LogitsProcessors::from_checkpoint(&hyper, loaded.vocabulary, &end_tokens)?;
        let inner = Inner {
            name,
            path: path.to_path_buf(),
            network: loaded.network,
            end_tokens,
            rules: Arc::new(rules),
            stops: search_config::stop_strings(&hyper)?,
            vocabulary: loaded.vocabulary,
            template: template.transpose()?,
            tokenizer,
            context: options.context.unwrap_or(usize::MAX).min(loaded.context),
            bytes,
            work,
            newly_kept,
            fixed_chunks: options.exact || !device.is_cpu(),
            phases_share_kernels: options.exact
                || options.portable
                || !device.is_cpu()
                || Phase::share_kernels(),
            beams,
            hyper,
        };
        Ok(Self(Arc::new(inner), None))
    }

    /// The same model for use by many threads at once: what all of them ask for goes through it
    /// together, up to `batch` texts at a time. Each gets the text it would get alone.
    pub fn shared(&self, batch: usize) -> Result<Self> {
        let inner = self.0.clone();
        let room = if inner.beams.is_some() { Seq2SeqEngine::max_searches(batch) } else { batch };
        let batcher = Batcher::start(room, move |queue| inner.serve(queue, batch))?;
        Ok(Self(self.0.clone(), Some(batcher)))
    }

    /// What it is called in results.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The folder or file it came from.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// The architecture its checkpoint names.
    pub fn architecture(&self) -> &str {
        self.0.hyper.architecture()
    }

    /// The most tokens of prompt and text together.
    pub fn context(&self) -> usize {
        self.0.context
    }

    /// Bytes of its weights.
    pub fn bytes(&self) -> u64 {
        self.0.bytes
    }

    /// What its matrices cost.
    pub fn work(&self) -> Work {
        self.0.work
    }

    /// Bytes that opening it left on the disk, where [`OpenOptions::keep_tiles`] did so for the
    /// first time.
    pub fn newly_kept(&self) -> Option<u64> {
        self.0.newly_kept
    }

    /// Sampling defaults its makers recommend.
    pub fn recommended(&self) -> &Recommended {
        &self.0.hyper.recommended
    }

    /// Whether it was trained to answer messages. One that was not only continues texts.
    pub fn answers_messages(&self) -> bool {
        self.0.template.is_some()
    }

    /// How many tokens a text takes.
    pub fn count(&self, text: &str) -> usize {
        self.0.tokenizer.count(text)
    }

    /// Its network, for measurements and tests.
    pub fn network(&self) -> &dyn Network {
        &*self.0.network
    }

    /// Its vocabulary, for measurements and tests.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.0.tokenizer
    }

    /// Texts that are control tokens to it: an output must not contain them.
    pub fn special_texts(&self) -> impl Iterator<Item = &str> {
        self.0.tokenizer.special_texts()
    }

    /// The token ids of a prompt: its parts as one user message in the checkpoint's own chat
    /// template, or one after the other where it has none.
    pub fn prompt(&self, system: Option<&str>, parts: &[PromptPart<&str>]) -> Result<Vec<u32>> {
        let Some(template) = &self.0.template else {
            let mut ids = self.beginning();
            ids.extend(self.0.tokenizer.encode_parts(parts)?);
            return Ok(ids);
        };
        let (user, user_texts) = with_placeholders(parts)?;
        self.answer_to(template, &conversations(system, &user), &user_texts)
    }

    /// Tokens before a text that is to be continued: what the files say of it, or else what the
    /// tokenizer puts there.
    fn beginning(&self) -> Vec<u32> {
        let before = self.0.tokenizer.before();
        let begin = self.0.hyper.begin_token();
        match self.0.hyper.begins_texts() {
            Some(false) => Vec::new(),
            Some(true) if begin.is_some() => begin.into_iter().collect(),
            _ => before.to_vec(),
        }
    }

    /// Whether its chat template asks for translations in its own words; others are not understood
    /// then.
    pub fn words_translations(&self) -> bool {
        self.0.template.as_ref().is_some_and(ChatTemplate::words_translations)
    }

    /// The token ids of a prompt for the translation of a text, in the words of the checkpoint's
    /// chat template. Languages are codes.
    pub fn translation_prompt(&self, source: &str, target: &str, text: &str) -> Result<Vec<u32>> {
        let Some(template) = &self.0.template else {
            return self.prompt(None, &[PromptPart::UserText(text)]);
        };
        let mut user_texts = UserTexts::default();
        let text = user_texts.hide(text);
        let content = Content::Translation([Translation::new(source, target, text)]);
        self.answer_to(template, &[vec![Message { role: "user", content }]], &user_texts)
    }

    /// The token ids of messages in which marks stand for plain parts, up to where the model
    /// answers. Of several ways of saying the same the first is taken that the template accepts and
    /// leaves whole.
    fn answer_to(
        &self,
        template: &ChatTemplate,
        conversations: &[Vec<Message>],
        user_texts: &UserTexts<'_>,
    ) -> Result<Vec<u32>> {
        let mut refusal = None;
        for messages in conversations {
            let rendered = template.render(messages, &[("enable_thinking", false.into())]);
            match rendered
                .and_then(|rendered| self.encode_rendered(messages, &rendered, user_texts))
            {
                Ok(ids) => return Ok(ids),
                Err(error) => drop(refusal.get_or_insert(error)),
            }
        }
        Err(refusal.unwrap_or_else(|| Error::prompt("chat_template", "it was given no message")))
    }

    /// The token ids of rendered messages; fails where any of what was said is not in them.
    fn encode_rendered(
        &self,
        messages: &[Message],
        rendered: &str,
        user_texts: &UserTexts<'_>,
    ) -> Result<Vec<u32>> {
        let fail = || {
            Error::prompt(
                "chat_template",
                "it leaves out a part of the message, or changes its order",
            )
        };
        let said = messages.iter().filter(|message| message.role == "system").count();
        if rendered.matches(SYSTEM_END).count() != said {
            return Err(fail());
        }
        let rendered = rendered.replace(SYSTEM_END, "");
        if !user_texts.are_in_order(&rendered) {
            return Err(fail());
        }
        self.0.tokenizer.encode_parts(&user_texts.restore(&rendered).ok_or_else(fail)?)
    }

    /// The mark that closes the reasoning which a prompt's last words open, where its template does
    /// so.
    pub(crate) fn reasoning_left_open(&self, prompt: &[u32]) -> Option<&'static str> {
        let tail = &prompt[prompt.len().saturating_sub(16)..];
        reasoning::left_open(&self.0.tokenizer.decode(tail).ok()?)
    }

    /// Whether it reads a whole source and then writes a text: translators and summarizers that
    /// take no prompt.
    pub fn reads_sources(&self) -> bool {
        self.0.beams.is_some()
    }

    /// Whether it was trained to translate and nothing else: Marian, M2M100 and NLLB are for that.
    pub fn only_translates(&self) -> bool {
        matches!(self.architecture(), "marian" | "m2m_100")
    }

    /// How sources are read for a task that goes from one language (by its code) into another.
    /// Fails where the model has marks for languages and none for these.
    pub fn sources(&self, task: &str, from: &str, into: &str) -> Result<Sources> {
        let Inner { hyper, tokenizer, vocabulary, context, .. } = &*self.0;
        let mut search = BeamSearchConfig::from_checkpoint(hyper, task, *vocabulary, *context)?;
        let mut frame = tokenizer.frame(from, into)?;
        if frame.before.is_empty() && frame.after.is_empty() {
            // Its files say nothing; all the networks were trained with an end, those that know a
            // beginning with that as well.
            frame.before.extend(hyper.begin_token());
            frame.after.extend(self.0.end_tokens.first());
        }
        search.logits_processors.forced_bos_token_id =
            frame.first.or(search.logits_processors.forced_bos_token_id);
        let words = hyper.words_before(task).unwrap_or_default().to_string();
        Ok(Sources { frame, words, search })
    }

    /// The token ids of a source.
    pub fn source(&self, sources: &Sources, text: &str) -> Result<Vec<u32>> {
        let Sources { frame, words, .. } = sources;
        let ids = self.0.tokenizer.encode(&format!("{words}{text}"))?;
        Ok([&frame.before[..], &ids, &frame.after].concat())
    }

    /// Continues prompts, or finds texts for sources. Results stand in the order of what was given,
    /// and do not depend on how many are worked on at once.
    pub fn generate(
        &self,
        prompts: &[Vec<u32>],
        options: &Options,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<Generated>> {
        let mut options = Options { logits_processors: self.0.rules.clone(), ..options.clone() };
        options.stop.extend(self.0.stops.iter().cloned());
        if options.no_repeat_ngram == 0 {
            options.no_repeat_ngram = self.0.rules.no_repeat_ngram_size;
        }
        let generate = |prompts: &[Vec<u32>], sink: &mut Sink<'_>| match &self.1 {
            Some(batcher) => batcher.generate(prompts, &options, sink),
            None => run_call(prompts, &options, sink, |queue, batch| self.0.serve(queue, batch)),
        };
        if !self.reads_sources() {
            return generate(prompts, sink);
        }
        // The longest first: those that are read together are of about one length, and the last
        // ones are short.
        let mut order: Vec<usize> = (0..prompts.len()).collect();
        order.sort_by_key(|index| std::cmp::Reverse(prompts[*index].len()));
        let sorted: Vec<Vec<u32>> = order.iter().map(|index| prompts[*index].clone()).collect();
        let mut generated: Vec<_> = generate(&sorted, &mut |at, update| sink(order[at], update))?
            .into_iter()
            .zip(&order)
            .collect();
        generated.sort_by_key(|(_, index)| **index);
        Ok(generated.into_iter().map(|(generated, _)| generated).collect())
    }
}

impl Inner {
    fn serve(&self, queue: &mut dyn RequestQueue, batch: usize) {
        let Self { network, tokenizer, end_tokens, context, .. } = self;
        let (network, context, fixed_chunks) = (&**network, *context, self.fixed_chunks);
        match &self.beams {
            Some(config) => Seq2SeqEngine { network, tokenizer, context, config, fixed_chunks }
                .serve(queue, batch),
            None => Engine {
                network,
                tokenizer,
                eos_tokens: end_tokens,
                context,
                phases_share_kernels: self.phases_share_kernels,
                fixed_chunks,
            }
            .serve(queue, batch),
        }
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model")
            .field("name", &self.0.name)
            .field("architecture", &self.architecture())
            .finish()
    }
}

/// The ways of saying something that templates take, the most usual first: with a system turn or
/// with its words before the user's, as text or as a list with one entry.
fn conversations(system: Option<&str>, user: &str) -> Vec<Vec<Message>> {
    let text = |text: &str| Content::Text(text.to_string());
    let typed = |text: &str| Content::Typed([Typed::new(text)]);
    let mut ways = Vec::new();
    for content in [&text as &dyn Fn(&str) -> Content, &typed] {
        match system {
            None => ways.push(vec![Message { role: "user", content: content(user) }]),
            Some(system) => {
                let turn = format!("{system}{SYSTEM_END}");
                let apart = [("system", turn.as_str()), ("user", user)];
                ways.push(
                    apart.map(|(role, said)| Message { role, content: content(said) }).into(),
                );
                let together = format!("{system}\n\n{user}");
                ways.push(vec![Message { role: "user", content: content(&together) }]);
            }
        }
    }
    ways
}

/// The content of a user message with placeholders for user text.
fn with_placeholders<'p>(parts: &[PromptPart<&'p str>]) -> Result<(String, UserTexts<'p>)> {
    let mut content = String::new();
    let mut user_texts = UserTexts::default();
    for part in parts {
        match *part {
            PromptPart::Template(text) if has_marker(text) => {
                let reason = "it contains one of the private-use characters U+F5A10 to U+F5A12";
                return Err(Error::prompt("prompt", reason));
            }
            PromptPart::Template(text) => content.push_str(text),
            PromptPart::UserText(text) => content.push_str(&user_texts.hide(text)),
        }
    }
    Ok((content, user_texts))
}

/// Everything that ends a text: what the checkpoint says, and the turn ends of its vocabulary.
fn end_tokens(hyper: &Hyper, tokenizer: &Tokenizer, vocabulary: usize) -> Result<Vec<u32>> {
    let mut ends = hyper.end_tokens().to_vec();
    ends.extend(tokenizer.turn_ends());
    // The tokenizer's end may be another than those of the network's config.
    let said = hyper.special_tokens().find(|(name, _)| *name == "eos_token");
    ends.extend(said.and_then(|(_, text)| tokenizer.id_of(text)));
    ends.sort_unstable();
    ends.dedup();
    ends.retain(|id| (*id as usize) < vocabulary);
    if ends.is_empty() {
        return Err(Error::NoEndToken { file: hyper.file().to_path_buf() });
    }
    Ok(ends)
}

/// `qwen2.5-coder-1.5b-instruct-q4_k_m` of a path to that file.
fn name_of(path: &Path) -> String {
    let name = if path.is_dir() { path.file_name() } else { path.file_stem() };
    name.unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// Weights are mapped, not copied, but a model that does not fit would be read from disk for every
/// token.
fn check_memory(checkpoint: &Checkpoint, available: Option<u64>) -> Result<()> {
    const MEGABYTE: u64 = 1_000_000;
    let available = available.unwrap_or_else(free_memory);
    // A tenth for tokenizer, activations and a first stretch of cache.
    let needed = checkpoint.size() + checkpoint.size() / 10;
    if needed > available {
        let file = checkpoint.path().to_path_buf();
        return Err(Error::TooBig {
            file,
            needed: needed / MEGABYTE,
            available: available / MEGABYTE,
        });
    }
    Ok(())
}

/// What the system can give without swapping; everything where it does not say.
fn free_memory() -> u64 {
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    let machine = system.available_memory();
    let group = system
        .cgroup_limits()
        .map_or(u64::MAX, |limits| limits.total_memory.saturating_sub(limits.rss));
    match machine {
        0 => u64::MAX,
        machine => machine.min(group),
    }
}

/// The CPU, unless the build has a GPU's feature and the machine the GPU.
fn device() -> Result<Device> {
    #[cfg(feature = "cuda")]
    return Ok(Device::cuda_if_available(0)?);
    #[cfg(all(feature = "metal", not(feature = "cuda")))]
    return Ok(Device::metal_if_available(0)?);
    #[cfg(not(any(feature = "cuda", feature = "metal")))]
    Ok(Device::Cpu)
}
