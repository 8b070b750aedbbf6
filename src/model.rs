//! A loaded model behind one handle: network, tokenizer, chat template and end-of-sequence tokens.
//!
//! Knows tokens and messages; knows no document, and of languages and tasks only the names that
//! checkpoints have for them. Prompts come as parts of the template or of user text;
//! encoder–decoder models get no prompt but the input of a [`Seq2SeqTask`].

mod alignment;
mod memory;
mod prompt_encoding;
mod seq2seq_task;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use candle_core::Device;

use self::alignment::Alignment;
use self::prompt_encoding::PromptEncoder;
pub use self::seq2seq_task::Seq2SeqTask;
use crate::architectures::{self, Loaded, Network, Setup};
use crate::checkpoint::{
    ChatTemplate, Checkpoint, MatmulCost, ModelConfig, Quantization, SamplingDefaults, Tokenizer,
};
use crate::error::{Error, Result};
use crate::generation::{self, search_config};
use crate::generation::{
    Batcher, BeamSearchConfig, Engine, Generated, LexicalConstraint, LexicalRules,
    LogitsProcessors, Options, PrefixCache, PromptOptions, RequestQueue, Seq2SeqEngine, Sink,
    TokenBytes, Update, run_call,
};
use crate::kernels::{Phase, Precision};
use crate::prompt_part::{ExampleTurns, PromptPart};
use crate::reasoning;

/// A stage of opening a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Opening {
    /// Reading headers and configuration.
    Reading,
    /// Quantizing float weights, or finding them in the cache.
    Quantizing,
    /// Packing weights for this CPU, or finding them in the cache.
    Packing,
    /// Building the network and the tokenizer.
    Loading,
}

/// A callback for the stages of opening a model; see [`OpenOptions::on_opening`].
#[derive(Clone, Default)]
pub struct OnOpening(Option<Arc<Callback>>);

type Callback = dyn Fn(Opening) + Send + Sync;

impl OnOpening {
    /// Calls a function, which must not block.
    pub fn new(callback: impl Fn(Opening) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(callback)))
    }

    fn call(&self, stage: Opening) {
        if let Some(callback) = &self.0 {
            callback(stage);
        }
    }
}

impl std::fmt::Debug for OnOpening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "OnOpening(..)" } else { "OnOpening" })
    }
}

/// Options of opening a model.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// The model's name in results; by default the name of its file or folder.
    pub name: Option<String>,
    /// One SHA-256 of the model's files, for results; the model itself computes none. The store has
    /// it: [`Store::model_sha256`](crate::store::Store::model_sha256).
    pub sha256: Option<String>,
    /// Maximum tokens of prompt and output together; by default, and at most, the length the model
    /// was made for.
    pub context: Option<usize>,
    /// Multiply quantized weights as floats: slow, for comparison with reference implementations.
    pub reference: bool,
    /// Compute the same bits on every CPU, for outputs that must not depend on the machine. By
    /// default, CPUs with AMX use it for prompts and encoder inputs, with different rounding.
    pub reproducible: bool,
    /// Quantize the float weights of a folder. The weights of a GGUF file are used as they are.
    pub quantize: Option<Quantization>,
    /// Folder of the cache of weights: quantized weights, and PyTorch checkpoints converted to
    /// safetensors. It is created if it does not exist.
    pub weights_cache: Option<PathBuf>,
    /// Pack quantized weights for this CPU once and cache them, too. The cached file is as large as
    /// the model, which then opens instantly. If it cannot be written, weights are packed at each
    /// opening.
    pub cache_packed: bool,
    /// Bytes of memory to assume free, instead of asking the system.
    pub available_memory: Option<u64>,
    /// Called at each stage: packing or quantizing a large model takes minutes.
    pub on_opening: OnOpening,
}

impl OpenOptions {
    fn precision(&self) -> Precision {
        if self.reference {
            Precision::Reference
        } else if self.reproducible {
            Precision::Reproducible
        } else {
            Precision::Fast
        }
    }
}

/// A loaded model. Cloning it is cheap and shares everything.
#[derive(Clone)]
pub struct Model {
    inner: Arc<Inner>,
    /// The queue of a shared model.
    batcher: Option<Batcher>,
}

struct Inner {
    name: String,
    /// One checksum of its files, if it was given.
    sha256: Option<String>,
    path: PathBuf,
    /// Name and hash of its files, read when the memory first needs them.
    fingerprint: OnceLock<String>,
    config: ModelConfig,
    network: Box<dyn Network>,
    tokenizer: Tokenizer,
    /// The bytes of its tokens, read when a constraint first needs them.
    token_bytes: OnceLock<Arc<TokenBytes>>,
    template: Option<ChatTemplate>,
    /// True if the template has turns for examples; found out when the first one is to be shown.
    accepts_examples: OnceLock<bool>,
    eos_tokens: Vec<u32>,
    vocabulary: usize,
    context: usize,
    bytes: u64,
    matmul_cost: MatmulCost,
    bytes_cached: Option<u64>,
    phases_share_kernels: bool,
    /// Beginnings of the last call's prompts.
    prefixes: Mutex<PrefixCache>,
    /// The checkpoint's rules for the output of decoder-only models.
    logits_processors: Arc<LogitsProcessors>,
    /// Strings that end an output.
    stops: Vec<String>,
    fixed_chunks: bool,
    /// Default beam-search settings; `None` for decoder-only models.
    beams: Option<BeamSearchConfig>,
}

impl Model {
    /// Opens a folder in Hugging Face layout or a `.gguf` file.
    ///
    /// ```no_run
    /// let model = malmoi::Model::open("models/SmolLM2-135M-Instruct.Q4_1.gguf")?;
    /// println!("{} has a context of {} tokens", model.name(), model.context());
    /// # Ok::<(), malmoi::Error>(())
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, &OpenOptions::default())
    }

    /// Fails with [`Error::TooBig`] if a file of weights does not fit into the free memory: by its
    /// size alone, so that it is refused before it is hashed. Folders pass.
    pub fn check_memory(path: impl AsRef<Path>) -> Result<()> {
        memory::check_file(path.as_ref())
    }

    /// As [`Model::open`], with options.
    pub fn open_with(path: impl AsRef<Path>, options: &OpenOptions) -> Result<Self> {
        let path = path.as_ref();
        let mut checkpoint = open_checkpoint(path, options)?;
        memory::check(&checkpoint, options.available_memory)?;
        let device = device()?;
        let mut bytes_cached = None;
        if let Some(cache) = &options.weights_cache
            && options.cache_packed
            && !options.reference
            && device.is_cpu()
        {
            options.on_opening.call(Opening::Packing);
            // A failure costs only the time to pack again.
            bytes_cached = checkpoint.cache_packed(cache).unwrap_or_default();
        }
        options.on_opening.call(Opening::Loading);
        let precision = options.precision();
        let loaded =
            architectures::load(&Setup { checkpoint: &checkpoint, device: &device, precision })?;
        let tokenizer = open_tokenizer(path, &checkpoint, &loaded)?;
        let (bytes, matmul_cost) = (checkpoint.size(), checkpoint.matmul_cost()?);
        let config = checkpoint.config;
        let beams = match loaded.encoder_vocabulary {
            Some(_) => {
                let (vocabulary, context) = (loaded.vocabulary, loaded.context);
                Some(BeamSearchConfig::from_checkpoint(&config, "", vocabulary, context)?)
            }
            None => None,
        };
        let template = config
            .chat_template()
            .map(|source| ChatTemplate::parse(source, config.special_tokens()))
            .transpose()?;
        let mut name = options.name.clone().unwrap_or_else(|| name_of(path));
        if let Some(to) = options.quantize {
            // Quantized weights give different results, so the name says so.
            name = format!("{name} {}", to.as_str());
        }
        let eos_tokens = eos_tokens(&config, &tokenizer, loaded.vocabulary)?;
        let logits_processors =
            LogitsProcessors::from_checkpoint(&config, loaded.vocabulary, &eos_tokens)?;
        let inner = Inner {
            name,
            sha256: options.sha256.clone(),
            path: path.to_path_buf(),
            fingerprint: OnceLock::new(),
            network: loaded.network,
            eos_tokens,
            logits_processors: Arc::new(logits_processors),
            stops: search_config::stop_strings(&config)?,
            vocabulary: loaded.vocabulary,
            template,
            accepts_examples: OnceLock::new(),
            prefixes: Mutex::default(),
            tokenizer,
            token_bytes: OnceLock::new(),
            context: options.context.unwrap_or(usize::MAX).min(loaded.context),
            bytes,
            matmul_cost,
            bytes_cached,
            fixed_chunks: options.reference || !device.is_cpu(),
            phases_share_kernels: options.reference
                || options.reproducible
                || !device.is_cpu()
                || Phase::share_kernels(),
            beams,
            config,
        };
        Ok(Self { inner: Arc::new(inner), batcher: None })
    }

    /// The same model for use by many threads at once: the requests of all of them are computed
    /// together, up to `batch` texts at a time. Each text is the one it would be alone. A shared
    /// model stays in its loop.
    pub fn shared(&self, batch: usize) -> Result<Self> {
        if self.batcher.is_some() {
            return Ok(self.clone());
        }
        let inner = self.inner.clone();
        let room = if inner.beams.is_some() { Seq2SeqEngine::max_searches(batch) } else { batch };
        let batcher = Batcher::start(room, move |queue| {
            inner.serve(queue, batch, &mut PrefixCache::default());
        })?;
        Ok(Self { inner: self.inner.clone(), batcher: Some(batcher) })
    }

    /// The model's name in results.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The checksum of its files that it was opened with.
    pub fn sha256(&self) -> Option<&str> {
        self.inner.sha256.as_deref()
    }

    /// Its name with a hash of samples of its files: tells models apart that have one name.
    pub(crate) fn fingerprint(&self) -> &str {
        self.inner.fingerprint.get_or_init(|| {
            let files = crate::files::fingerprint(&self.inner.path).unwrap_or_default();
            format!("{} {files}", self.inner.name)
        })
    }

    /// Its folder or file.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// The architecture named by its checkpoint.
    pub fn architecture(&self) -> &str {
        self.inner.config.architecture()
    }

    /// Maximum tokens of prompt and output together.
    pub fn context(&self) -> usize {
        self.inner.context
    }

    /// Size of its weights in bytes.
    pub fn bytes(&self) -> u64 {
        self.inner.bytes
    }

    /// The cost of its matmuls.
    #[doc(hidden)]
    pub fn matmul_cost(&self) -> MatmulCost {
        self.inner.matmul_cost
    }

    /// Bytes that opening it wrote to the cache, if [`OpenOptions::cache_packed`] did so for the
    /// first time.
    pub fn bytes_cached(&self) -> Option<u64> {
        self.inner.bytes_cached
    }

    /// Sampling defaults recommended by the checkpoint.
    #[doc(hidden)]
    pub fn sampling_defaults(&self) -> &SamplingDefaults {
        &self.inner.config.sampling_defaults
    }

    /// True if it has a chat template, so was trained to answer messages; others only continue
    /// texts.
    pub fn has_chat_template(&self) -> bool {
        self.inner.template.is_some()
    }

    /// Number of tokens of a text.
    pub fn count(&self, text: &str) -> usize {
        self.inner.tokenizer.count(text)
    }

    /// Its network, for measurements and tests.
    #[doc(hidden)]
    pub fn network(&self) -> &dyn Network {
        &*self.inner.network
    }

    /// Its tokenizer, for measurements and tests.
    #[doc(hidden)]
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.inner.tokenizer
    }

    /// Texts of its special tokens, which an output must not contain.
    #[doc(hidden)]
    pub fn special_texts(&self) -> impl Iterator<Item = &str> {
        self.inner.tokenizer.special_texts()
    }

    /// The token ids of a prompt: the turns of examples, then its parts as the last user message in
    /// the checkpoint's chat template. Without a template its parts are joined, and examples are an
    /// error.
    #[doc(hidden)]
    pub fn prompt(
        &self,
        system: Option<&str>,
        examples: &[ExampleTurns],
        parts: &[PromptPart<&str>],
    ) -> Result<Vec<u32>> {
        self.inner.prompts().prompt(system, examples, parts)
    }

    /// True if its chat template has turns for examples.
    pub(crate) fn accepts_examples(&self) -> bool {
        *self.inner.accepts_examples.get_or_init(|| self.inner.prompts().accepts_examples())
    }

    /// True if its chat template has the wording for translation requests, and accepts no other
    /// messages.
    #[doc(hidden)]
    pub fn has_translation_template(&self) -> bool {
        self.inner.template.as_ref().is_some_and(ChatTemplate::has_translation_template)
    }

    /// The token ids of a translation request in the wording of the checkpoint's chat template.
    /// Languages are codes.
    #[doc(hidden)]
    pub fn translation_prompt(&self, source: &str, target: &str, text: &str) -> Result<Vec<u32>> {
        self.inner.prompts().translation(source, target, text)
    }

    /// The mark that closes reasoning, if the end of a prompt opens it, as some templates do.
    pub(crate) fn reasoning_left_open(&self, prompt: &[u32]) -> Option<&'static str> {
        let tail = &prompt[prompt.len().saturating_sub(16)..];
        reasoning::left_open(&self.inner.tokenizer.decode(tail).ok()?)
    }

    /// True for encoder–decoder models: translators and summarizers that take no prompt.
    pub fn is_encoder_decoder(&self) -> bool {
        self.inner.beams.is_some()
    }

    /// True if it was trained to translate and nothing else: Marian, its students, M2M100 and NLLB.
    pub fn only_translates(&self) -> bool {
        matches!(self.architecture(), "marian" | "marian-student" | "m2m_100")
    }

    /// The use of an encoder–decoder model for a task, from one language (by its code) into
    /// another. Fails if the model has language tokens and none for one of these.
    #[doc(hidden)]
    pub fn seq2seq_task(&self, task: &str, from: &str, into: &str) -> Result<Seq2SeqTask> {
        let Inner { config, tokenizer, vocabulary, context, .. } = &*self.inner;
        let mut search = BeamSearchConfig::from_checkpoint(config, task, *vocabulary, *context)?;
        let mut template = tokenizer.encoder_template(from, into)?;
        if template.before.is_empty() && template.after.is_empty() {
            // Not in the files; all such networks were trained with an EOS token, and those with a
            // BOS token with that as well.
            template.before.extend(config.bos_token());
            template.after.extend(self.inner.eos_tokens.first());
        }
        let forced = &mut search.logits_processors.forced_bos_token_id;
        *forced = template.first.or(*forced);
        let prefix = config.task_prefix(task).unwrap_or_default().to_string();
        Ok(Seq2SeqTask { template, prefix, search })
    }

    /// The token ids of a text as the encoder's input.
    #[doc(hidden)]
    pub fn encoder_input(&self, task: &Seq2SeqTask, text: &str) -> Result<Vec<u32>> {
        task.encoder_input(&self.inner.tokenizer, text)
    }

    /// Which words of an output, given as text and token ids, stand for which of its source; `None`
    /// if the model was not trained to tell, or the text is not that of the ids.
    pub(crate) fn align(
        &self,
        task: &Seq2SeqTask,
        source: &str,
        (output, ids): (&str, &[u32]),
    ) -> Result<Option<Alignment>> {
        let Inner { network, tokenizer, context, .. } = &*self.inner;
        task.align(&**network, tokenizer, *context, source, (output, ids))
    }

    /// The token that ends a text, if the checkpoint names one.
    pub(crate) fn eos_token(&self) -> Option<u32> {
        self.inner.eos_tokens.first().copied()
    }

    /// Logits of the first output token for an encoder input. Fails for decoder-only models.
    pub(crate) fn first_logits(&self, input: &[u32]) -> Result<Vec<f32>> {
        let Some(search) = &self.inner.beams else {
            return Err(Error::Engine("a decoder-only model has no encoder input".into()));
        };
        generation::first_logits(&*self.inner.network, search, input)
    }

    /// Generates outputs for prompts, or for encoder inputs. Results stand in the order of the
    /// prompts and do not depend on the batch size.
    #[doc(hidden)]
    pub fn generate(
        &self,
        prompts: &[Vec<u32>],
        options: &Options,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<Generated>> {
        let options = Arc::new(options.clone());
        let prompts = prompts.iter().map(|ids| (ids.clone(), options.clone())).collect();
        self.generate_each(prompts, sink)
    }

    /// As [`generate`](Self::generate), with options for each prompt.
    pub(crate) fn generate_each(
        &self,
        mut prompts: Vec<PromptOptions>,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<Generated>> {
        for (_, options) in &mut prompts {
            *options = Arc::new(self.completed(options));
        }
        if !self.is_encoder_decoder() {
            return self.generate_in_order(prompts, sink);
        }
        // The longest first: inputs that are encoded together are of similar lengths, and the last
        // batch is short.
        let mut order: Vec<usize> = (0..prompts.len()).collect();
        order.sort_by_key(|index| std::cmp::Reverse(prompts[*index].0.len()));
        let sorted = order.iter().map(|index| prompts[*index].clone()).collect();
        let mut sink = |at: usize, update: Update<'_>| sink(order[at], update);
        let generated = self.generate_in_order(sorted, &mut sink)?;
        let mut generated: Vec<_> = generated.into_iter().zip(&order).collect();
        generated.sort_by_key(|(_, index)| **index);
        Ok(generated.into_iter().map(|(generated, _)| generated).collect())
    }

    /// Options with the rules and stop strings of the checkpoint.
    fn completed(&self, options: &Options) -> Options {
        let logits_processors = self.inner.logits_processors.clone();
        let mut options = Options { logits_processors, ..options.clone() };
        options.stop.extend(self.inner.stops.iter().cloned());
        if options.no_repeat_ngram == 0 {
            options.no_repeat_ngram = self.inner.logits_processors.no_repeat_ngram_size;
        }
        options
    }

    fn generate_in_order(
        &self,
        prompts: Vec<PromptOptions>,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<Generated>> {
        match &self.batcher {
            Some(batcher) => batcher.generate(prompts, sink),
            None => self.generate_alone(prompts, sink),
        }
    }

    /// Generates in this thread. What prompts begin with is kept for the next call: the segments
    /// of a document come in several calls, and their repair in more.
    fn generate_alone(
        &self,
        prompts: Vec<PromptOptions>,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<Generated>> {
        let kept = || self.inner.prefixes.lock().unwrap_or_else(PoisonError::into_inner);
        let longest = prompts.iter().map(|(ids, _)| ids.len()).max().unwrap_or(0);
        // Another call at the same time begins without prefixes.
        let mut cache = std::mem::take(&mut *kept());
        let generated =
            run_call(prompts, sink, |queue, batch| self.inner.serve(queue, batch, &mut cache));
        cache.keep_for_next_call(longest);
        *kept() = cache;
        generated
    }

    /// Lexical rules for the tokens of this model.
    pub(crate) fn lexical_constraint(&self, rules: LexicalRules) -> Arc<LexicalConstraint> {
        let vocabulary = self.inner.token_bytes.get_or_init(|| {
            let ids = 0..self.inner.vocabulary as u32;
            Arc::new(TokenBytes::new(ids.map(|id| self.inner.tokenizer.token_bytes(id)).collect()))
        });
        Arc::new(LexicalConstraint::new(rules, vocabulary.clone()))
    }
}

impl Inner {
    fn prompts(&self) -> PromptEncoder<'_> {
        let Self { config, tokenizer, template, .. } = self;
        PromptEncoder { config, tokenizer, template: template.as_ref() }
    }

    /// Runs the loop of its kind of network until the queue is empty.
    fn serve(&self, queue: &mut dyn RequestQueue, batch: usize, cache: &mut PrefixCache) {
        let Self { network, tokenizer, eos_tokens, .. } = self;
        let Self { context, phases_share_kernels, fixed_chunks, .. } = *self;
        let network = &**network;
        match &self.beams {
            Some(config) => {
                Seq2SeqEngine { network, tokenizer, context, config, fixed_chunks }
                    .serve(queue, batch);
            }
            None => {
                Engine {
                    network,
                    tokenizer,
                    eos_tokens,
                    context,
                    phases_share_kernels,
                    fixed_chunks,
                }
                .serve(queue, batch, cache);
            }
        }
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model")
            .field("name", &self.inner.name)
            .field("architecture", &self.architecture())
            .finish()
    }
}

/// Opens the files of a model, with float weights quantized if the options say so.
fn open_checkpoint(path: &Path, options: &OpenOptions) -> Result<Checkpoint> {
    let cache = options.weights_cache.as_deref();
    options.on_opening.call(Opening::Reading);
    let mut checkpoint = Checkpoint::open_with_cache(path, cache)?;
    if let Some(to) = options.quantize {
        let cache = cache.ok_or_else(|| {
            Error::malformed(path, "no cache folder was given for its quantized weights")
        })?;
        options.on_opening.call(Opening::Quantizing);
        checkpoint.quantize(to, cache)?;
    }
    Ok(checkpoint)
}

/// Opens the tokenizer. Fails if it can encode a text to ids that the network does not have.
fn open_tokenizer(path: &Path, checkpoint: &Checkpoint, loaded: &Loaded) -> Result<Tokenizer> {
    let mut tokenizer = match checkpoint.gguf() {
        Some(gguf) => Tokenizer::from_gguf(gguf)?,
        None => Tokenizer::from_folder(path, checkpoint.config.architecture())?,
    };
    tokenizer.forget_beyond(loaded.vocabulary)?;
    if let Some(size) = loaded.encoder_vocabulary
        && tokenizer.largest_id().is_some_and(|id| id as usize >= size)
    {
        let reason = format!("its tokenizer has more tokens than the network, which knows {size}");
        return Err(Error::malformed(path, reason));
    }
    Ok(tokenizer)
}

/// The tokens that end an output: those of the checkpoint, and the ends of turns in its vocabulary.
fn eos_tokens(config: &ModelConfig, tokenizer: &Tokenizer, vocabulary: usize) -> Result<Vec<u32>> {
    let mut tokens = config.eos_tokens().to_vec();
    tokens.extend(tokenizer.turn_ends());
    // The EOS token of the tokenizer may differ from those of the network's config.
    let eos_text = config.special_tokens().find(|(name, _)| *name == "eos_token");
    tokens.extend(eos_text.and_then(|(_, text)| tokenizer.id_of(text)));
    tokens.sort_unstable();
    tokens.dedup();
    tokens.retain(|id| (*id as usize) < vocabulary);
    if tokens.is_empty() {
        return Err(Error::NoEndToken { file: config.file().to_path_buf() });
    }
    Ok(tokens)
}

/// The name of a folder, or of a file without its extension.
fn name_of(path: &Path) -> String {
    let name = if path.is_dir() { path.file_name() } else { path.file_stem() };
    name.unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// The GPU if the build supports one and the machine has it, else the CPU.
fn device() -> Result<Device> {
    #[cfg(feature = "cuda")]
    return Ok(Device::cuda_if_available(0)?);
    #[cfg(all(feature = "metal", not(feature = "cuda")))]
    return Ok(Device::metal_if_available(0)?);
    #[cfg(not(any(feature = "cuda", feature = "metal")))]
    Ok(Device::Cpu)
}
