//! What a model folder or a GGUF file contains: tensors, hyper-parameters, end tokens, chat
//! template, sampling defaults.
//!
//! Everything in it is foreign and checked. Tensors go by the names that Hugging Face checkpoints
//! give them, whatever the file: `names.rs` holds the other spelling. Knows no architecture: which
//! names and hyper-parameters are needed is theirs to say.

mod chat_template;
mod gguf;
mod hyper;
mod kept;
mod names;
mod pickle;
mod quantize;
mod refused;
mod safetensors;
mod sentencepiece;
mod sums;
mod tiled;
mod tokenizer;

use std::path::{Path, PathBuf};

pub use chat_template::{ChatTemplate, Content, Message, Translation, Typed};
pub use gguf::{Gguf, TensorInfo, Value};
pub use hyper::{Hyper, Recommended};
pub use kept::kept_files;
pub use pickle::convert as convert_pickled;
pub use quantize::Quantization;
pub use safetensors::Safetensors;
pub use sentencepiece::Frame;
pub use tokenizer::{TextStream, Tokenizer};

use tiled::{Outcome, Tiled};

use crate::error::{Error, Result};
use crate::files::MappedFile;
use crate::kernels::Weight;

/// Entry points for the fuzz targets: parsers of foreign bytes that must neither panic, hang nor
/// allocate beyond their input.
#[doc(hidden)]
pub mod fuzzing {
    /// A GGUF header; `true` where it was accepted.
    pub fn gguf(bytes: &[u8]) -> bool {
        super::gguf::parse(bytes).is_ok()
    }

    /// A tokenizer in a GGUF file's metadata; where there is one, it also encodes and decodes.
    pub fn tokenizer(bytes: &[u8]) -> bool {
        let Ok(gguf) = super::Gguf::from_bytes(bytes) else { return false };
        let Ok(tokenizer) = super::Tokenizer::from_gguf(&gguf) else { return false };
        let Ok(ids) = tokenizer.encode("Kim 김, <|im_end|> 7.5%\n") else { return false };
        tokenizer.decode(&ids).is_ok()
    }

    /// A PyTorch checkpoint.
    pub fn pickle(bytes: &[u8]) -> bool {
        super::pickle::parse(bytes).is_ok()
    }

    /// A SentencePiece model.
    pub fn pieces(bytes: &[u8]) -> bool {
        super::sentencepiece::try_out(bytes)
    }

    /// A safetensors header.
    pub fn safetensors(bytes: &[u8]) -> bool {
        super::safetensors::parse(bytes).is_ok()
    }

    /// A safetensors index.
    pub fn index(bytes: &[u8]) -> bool {
        super::safetensors::parse_index(bytes).is_ok()
    }
}

/// Where the weights are.
pub enum Weights {
    /// One GGUF file, or the parts of a split one; the first holds the metadata.
    Gguf(Vec<Gguf>),
    /// A folder's safetensors, and those that were quantised.
    Safetensors(Safetensors, Option<Gguf>),
    /// None: a scripted model.
    None,
}

/// Models with fewer bytes to lay out than this are open at once anyway.
const WORTHWHILE: usize = 32 << 20;
/// What the output matrix is called that is not the embedding table …
const HEAD: &str = "lm_head.weight";
const HEAD_IN_GGUF: &str = "output.weight";
/// … how that table is called, which then is only looked up …
const EMBEDDINGS: &[&str] = &["embed_tokens.weight", "shared.weight", "token_embd.weight"];
/// … and tables of which only rows are looked up anyway.
const TABLES: &[&str] =
    &["embed_tokens_per_layer", "per_layer_token_embd", "position", "relative_attention_bias"];

/// What the matrices of a decoder cost, to compare its speed with what a machine could do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// Bytes that each step reads, for however many tokens: all matrices but a table of which only
    /// rows are looked up.
    pub bytes: u64,
    /// Weights that every token is multiplied with. The output matrix is left out: only tokens
    /// whose logits are wanted meet it. (Nor do others meet the last feed-forward layer, which
    /// is counted.)
    pub weights: u64,
}

/// An opened model: nothing of it is in memory yet but headers.
pub struct Checkpoint {
    path: PathBuf,
    /// Hyper-parameters, from `config.json` or GGUF metadata.
    pub hyper: Hyper,
    /// Tensors.
    pub weights: Weights,
    /// Matrices as this processor reads them, where they are kept.
    tiled: Option<Tiled>,
}

impl Checkpoint {
    /// Opens a folder in Hugging Face layout, or a `.gguf` file.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_keeping(path, None)
    }

    /// The same with a folder where weights in PyTorch's own form are kept as safetensors once they
    /// were read.
    pub fn open_keeping(path: &Path, kept_in: Option<&Path>) -> Result<Self> {
        let kind = std::fs::metadata(path).map_err(|e| Error::io("read", path, e))?;
        if kind.is_dir() { Self::open_folder(path, kept_in) } else { Self::open_gguf(path) }
    }

    fn open_folder(folder: &Path, kept_in: Option<&Path>) -> Result<Self> {
        refused::adapters(folder)?;
        let config = folder.join("config.json");
        if !config.exists() {
            let ggufs = ggufs_in(folder);
            let reason = match ggufs.as_slice() {
                [] => "there is no config.json in it, so it is not a model folder".to_string(),
                several => format!(
                    "there is no config.json in it; name one of its GGUF files: {}",
                    several.join(", ")
                ),
            };
            return Err(Error::malformed(folder, reason));
        }
        let hyper = Hyper::from_folder(folder)?;
        let weights = if hyper.architecture() == "scripted" {
            Weights::None
        } else {
            let tensors = Self::safetensors(folder, kept_in)?;
            refused::quantized(&hyper, folder, &tensors)?;
            Weights::Safetensors(tensors, None)
        };
        Ok(Self { path: folder.to_path_buf(), hyper, weights, tiled: None })
    }

    fn safetensors(folder: &Path, kept_in: Option<&Path>) -> Result<Safetensors> {
        let whole = folder.join("model.safetensors");
        let has_safetensors =
            whole.exists() || folder.join("model.safetensors.index.json").exists();
        match kept_in {
            _ if has_safetensors || !pickle::is_in(folder) => Safetensors::open(folder),
            Some(kept_in) => Safetensors::in_files(vec![pickle::converted(folder, kept_in)?]),
            None => {
                let reason = "its weights are in pytorch_model.bin, and no folder was named for keeping them as safetensors";
                Err(Error::malformed(folder, reason))
            }
        }
    }

    fn open_gguf(path: &Path) -> Result<Self> {
        let first = Gguf::open(path)?;
        refused::other_than_models(&first)?;
        let parts = split_parts(path, &first)?;
        let mut files = vec![first];
        for part in parts {
            files.push(Gguf::open(&part)?);
        }
        let hyper = Hyper::from_gguf(&files[0])?;
        Ok(Self { path: path.to_path_buf(), hyper, weights: Weights::Gguf(files), tiled: None })
    }

    /// Quantises the float weights of a folder, or takes those that were before; they are kept in
    /// `kept_in`.
    pub fn quantize(&mut self, to: Quantization, kept_in: &Path) -> Result<()> {
        match &mut self.weights {
            Weights::Safetensors(tensors, quantized) => {
                *quantized = Some(quantize::quantized(&self.path, tensors, to, kept_in)?);
                Ok(())
            }
            Weights::Gguf(_) => {
                let what = format!("quantising a GGUF file to {}", to.as_str());
                Err(self.hyper.unsupported(what, "folders of float weights"))
            }
            Weights::None => Ok(()),
        }
    }

    /// Lays out the matrices for this processor, or takes those that were before; they are kept in
    /// a folder. Returns the bytes that are new on the disk, if any are.
    pub fn keep_tiles(&mut self, kept_in: &Path) -> Result<Option<u64>> {
        let outcome = {
            let tensors = self.tensors();
            let headed =
                tensors.iter().any(|(name, _)| *name == HEAD_IN_GGUF || name.ends_with(HEAD));
            let is_table = |name: &str| {
                TABLES.iter().any(|table| name.contains(table))
                    || headed && EMBEDDINGS.iter().any(|table| name.contains(table))
            };
            let matrices: Vec<_> =
                tensors.into_iter().filter(|(name, _)| !is_table(name)).collect();
            let sources = self.weight_files();
            if sources.is_empty() {
                return Ok(None);
            }
            Tiled::of(&self.path, &sources, &matrices, kept_in, WORTHWHILE)?
        };
        match outcome {
            Outcome::Found(tiled) => self.tiled = Some(tiled),
            Outcome::Made(tiled) => {
                let bytes = tiled.bytes();
                self.tiled = Some(tiled);
                return Ok(Some(bytes));
            }
            Outcome::NotWorthwhile | Outcome::NoRoom => {}
        }
        Ok(None)
    }

    /// The files that weights are read from; quantised weights stand for those they were made of.
    fn weight_files(&self) -> Vec<&MappedFile> {
        match &self.weights {
            Weights::Gguf(files) => files.iter().map(Gguf::file).collect(),
            Weights::Safetensors(_, Some(quantized)) => vec![quantized.file()],
            Weights::Safetensors(tensors, None) => tensors.files().iter().collect(),
            Weights::None => Vec::new(),
        }
    }

    /// Every file that is mapped, to be checked while it is in use.
    pub fn files(&self) -> Vec<MappedFile> {
        let mut files: Vec<MappedFile> = self.weight_files().into_iter().cloned().collect();
        if let Weights::Safetensors(tensors, Some(_)) = &self.weights {
            files.extend(tensors.files().iter().cloned());
        }
        files.extend(self.tiled.as_ref().map(|tiled| tiled.file().clone()));
        files
    }

    /// All tensors that networks can read, by their names in the files.
    fn tensors(&self) -> Vec<(&str, Weight)> {
        match &self.weights {
            Weights::Gguf(files) => files.iter().flat_map(Gguf::weights).collect(),
            Weights::Safetensors(tensors, Some(quantized)) => {
                let rest =
                    tensors.weights().filter(|(name, _)| !quantized.tensors().contains_key(*name));
                quantized.weights().chain(rest).collect()
            }
            Weights::Safetensors(tensors, None) => tensors.weights().collect(),
            Weights::None => Vec::new(),
        }
    }

    /// The folder or file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of weights.
    pub fn size(&self) -> u64 {
        match &self.weights {
            Weights::Gguf(files) => files.iter().map(|file| file.file().bytes().len() as u64).sum(),
            Weights::Safetensors(_, Some(quantized)) => quantized.file().bytes().len() as u64,
            Weights::Safetensors(tensors, None) => tensors.size(),
            Weights::None => 0,
        }
    }

    /// What its matrices cost.
    pub fn work(&self) -> Result<Work> {
        let mut work = Work::default();
        for (_, weight) in self.tensors() {
            if weight.shape.len() == 2 {
                work.bytes += weight.bytes.len() as u64;
                work.weights += weight.shape.iter().product::<usize>() as u64;
            }
        }
        if let Some(table) = self.find("model.embed_tokens.weight")? {
            work.weights =
                work.weights.saturating_sub(table.shape.iter().product::<usize>() as u64);
            if let Some(head) = self.find("lm_head.weight")? {
                work.weights =
                    work.weights.saturating_sub(head.shape.iter().product::<usize>() as u64);
                work.bytes = work.bytes.saturating_sub(table.bytes.len() as u64);
            }
        }
        Ok(work)
    }

    /// The GGUF file whose metadata describes the model, where it is one.
    pub fn gguf(&self) -> Option<&Gguf> {
        match &self.weights {
            Weights::Gguf(files) => files.first(),
            _ => None,
        }
    }

    /// A tensor by its Hugging Face name, if it is there.
    pub fn find(&self, name: &str) -> Result<Option<Weight>> {
        let found = match &self.weights {
            Weights::None => None,
            Weights::Safetensors(tensors, quantized) => {
                let get = |name: String| {
                    let there =
                        quantized.as_ref().and_then(|q| Some((q.file(), q.tensors().get(&name)?)));
                    let found = there.map_or_else(|| tensors.get(&name), |there| Ok(Some(there)));
                    Ok::<_, Error>(found?.map(|(file, info)| (name, file, info)))
                };
                let found = names::in_folder(name).find_map(|name| get(name).transpose());
                found.or_else(|| get(name.into()).transpose()).transpose()?
            }
            Weights::Gguf(files) => {
                let in_files = |name: String| {
                    let found = files
                        .iter()
                        .find_map(|file| Some((file.file(), file.tensors().get(&name)?)));
                    found.map(|(file, info)| (name, file, info))
                };
                names::in_gguf(name).into_iter().find_map(in_files)
            }
        };
        Ok(found.and_then(|(name, file, info)| {
            let tiles = self.tiled.as_ref().and_then(|tiled| tiled.get(&name));
            Some(Weight { tiles, ..info.weight(file)? })
        }))
    }

    /// A tensor that must be there, in this shape.
    pub fn tensor(&self, name: &str, shape: &[usize]) -> Result<Weight> {
        let fail = |reason: String| Error::Tensor {
            name: name.to_string(),
            file: self.path.clone(),
            reason,
        };
        let weight = self.find(name)?.ok_or_else(|| fail("is missing".into()))?;
        if weight.shape != shape {
            return Err(fail(format!("has shape {:?}, expected {shape:?}", weight.shape)));
        }
        Ok(weight)
    }
}

fn ggufs_in(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".gguf"))
        .collect();
    names.sort();
    names
}

/// The other parts of a split file (`…-00001-of-00003.gguf`): its metadata says how many there are.
fn split_parts(path: &Path, first: &Gguf) -> Result<Vec<PathBuf>> {
    let count = first.number("split.count").unwrap_or(0);
    if count < 2 {
        return Ok(Vec::new());
    }
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let suffix = format!("-of-{count:05}.gguf");
    let stem = name.strip_suffix(&suffix).and_then(|stem| stem.strip_suffix("-00001"));
    match stem {
        Some(stem) if first.number("split.no") == Some(0) && count < 1000 => Ok((2..=count)
            .map(|part| path.with_file_name(format!("{stem}-{part:05}{suffix}")))
            .collect()),
        _ => Err(Error::malformed(
            path,
            format!("it is one of {count} parts; name the first, which ends in -00001{suffix}"),
        )),
    }
}
