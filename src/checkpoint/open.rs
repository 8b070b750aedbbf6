//! Opening a model folder or GGUF file, and finding its tensors by name.

use std::path::{Path, PathBuf};

use super::cache::packed::{PackOutcome, PackedCache};
use super::cache::quantization::Quantization;
use super::cache::quantized;
use super::config::ModelConfig;
use super::gguf::{Gguf, TensorInfo};
use super::marian::{MarianFolder, MarianWeights};
use super::safetensors::Safetensors;
use super::{pickle, tensor_names, unsupported};
use crate::error::{Error, Result};
use crate::files::MappedFile;
use crate::kernels::Weight;

/// The files that hold the weights.
pub enum Weights {
    /// A GGUF file, or the parts of a split one; the first holds the metadata.
    Gguf(Vec<Gguf>),
    /// The safetensors of a folder, and their quantized form.
    Safetensors(Safetensors, Option<Gguf>),
    /// Marian's container.
    Marian(MarianWeights),
    /// No weights: a scripted model.
    None,
}

/// Models with fewer bytes to pack than this open instantly anyway.
const MIN_PACKED_BYTES: usize = 32 << 20;
/// Names of an output matrix that is not tied to the embedding table.
const OUTPUT_MATRIX: &str = "lm_head.weight";
const OUTPUT_MATRIX_GGUF: &str = "output.weight";
/// Names of the embedding table, of which only rows are read if the output matrix is not tied.
const EMBEDDINGS: &[&str] = &["embed_tokens.weight", "shared.weight", "token_embd.weight"];
/// Names of tables of which only rows are ever read.
const TABLES: &[&str] =
    &["embed_tokens_per_layer", "per_layer_token_embd", "position", "relative_attention_bias"];

/// The cost of a decoder's matmuls, for comparison with the limits of the machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MatmulCost {
    /// Bytes read by each forward pass, for any number of tokens: all matrices except a table of
    /// which only rows are read.
    pub bytes: u64,
    /// Weights that every token is multiplied with. The output matrix is not counted, because it is
    /// applied only to tokens whose logits are needed. (So is the last feed-forward layer, which is
    /// counted.)
    pub weights: u64,
}

/// An opened model folder or GGUF file. Only headers are in memory.
pub struct Checkpoint {
    path: PathBuf,
    /// The configuration, from JSON files or GGUF metadata.
    pub config: ModelConfig,
    /// Tensors.
    pub weights: Weights,
    /// Matrices in the layout of this CPU's kernels, if they are cached.
    packed: Option<PackedCache>,
}

impl Checkpoint {
    /// Opens a folder in Hugging Face layout, or a `.gguf` file.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_with_cache(path, None)
    }

    /// As [`Checkpoint::open`], with a folder for the cache of weights: PyTorch checkpoints are
    /// converted to safetensors there.
    pub fn open_with_cache(path: &Path, cache: Option<&Path>) -> Result<Self> {
        let metadata = std::fs::metadata(path).map_err(|e| Error::io("read", path, e))?;
        if metadata.is_dir() { Self::open_folder(path, cache) } else { Self::open_gguf(path) }
    }

    fn open_folder(folder: &Path, cache: Option<&Path>) -> Result<Self> {
        unsupported::adapters(folder)?;
        if !folder.join("config.json").exists() {
            if let Some(files) = MarianFolder::find(folder)? {
                let (config, weights) = files.read()?;
                let config = ModelConfig::from_json(files.model, config)?;
                let weights = Weights::Marian(weights);
                return Ok(Self { path: folder.to_path_buf(), config, weights, packed: None });
            }
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
        let config = ModelConfig::from_folder(folder)?;
        let weights = if config.architecture() == "scripted" {
            Weights::None
        } else {
            let tensors = Self::safetensors(folder, cache)?;
            unsupported::quantized(&config, folder, &tensors)?;
            Weights::Safetensors(tensors, None)
        };
        Ok(Self { path: folder.to_path_buf(), config, weights, packed: None })
    }

    fn safetensors(folder: &Path, cache: Option<&Path>) -> Result<Safetensors> {
        let whole = folder.join("model.safetensors");
        let has_safetensors =
            whole.exists() || folder.join("model.safetensors.index.json").exists();
        match cache {
            _ if has_safetensors || !pickle::is_in(folder) => Safetensors::open(folder),
            Some(cache) => Safetensors::in_files(vec![pickle::converted(folder, cache)?]),
            None => {
                let reason = "its weights are in pytorch_model.bin, and no cache folder was given for converting them to safetensors";
                Err(Error::malformed(folder, reason))
            }
        }
    }

    fn open_gguf(path: &Path) -> Result<Self> {
        let first = Gguf::open(path)?;
        unsupported::gguf_type(&first)?;
        let parts = split_parts(path, &first)?;
        let mut files = vec![first];
        for part in parts {
            files.push(Gguf::open(&part)?);
        }
        let config = ModelConfig::from_gguf(&files[0])?;
        Ok(Self { path: path.to_path_buf(), config, weights: Weights::Gguf(files), packed: None })
    }

    /// Quantizes the float weights of a folder, or takes them from the cache.
    pub fn quantize(&mut self, to: Quantization, cache: &Path) -> Result<()> {
        match &mut self.weights {
            Weights::Safetensors(tensors, quantized) => {
                *quantized = Some(quantized::quantized(&self.path, tensors, to, cache)?);
                Ok(())
            }
            Weights::Gguf(_) => {
                let what = format!("quantizing a GGUF file to {}", to.as_str());
                Err(self.config.unsupported(what, "folders of float weights"))
            }
            Weights::Marian(_) => {
                let what = format!("quantizing a model of Marian to {}", to.as_str());
                Err(self.config.unsupported(what, "folders of float weights"))
            }
            Weights::None => Ok(()),
        }
    }

    /// Packs the matrices for this CPU, or takes them from the cache. Returns the bytes written to
    /// the cache, if any.
    pub fn cache_packed(&mut self, cache: &Path) -> Result<Option<u64>> {
        let outcome = {
            let tensors = self.tensors();
            let is_untied = tensors
                .iter()
                .any(|(name, _)| *name == OUTPUT_MATRIX_GGUF || name.ends_with(OUTPUT_MATRIX));
            let is_table = |name: &str| {
                TABLES.iter().any(|table| name.contains(table))
                    || is_untied && EMBEDDINGS.iter().any(|table| name.contains(table))
            };
            let matrices: Vec<_> =
                tensors.into_iter().filter(|(name, _)| !is_table(name)).collect();
            let sources = self.weight_files();
            if sources.is_empty() {
                return Ok(None);
            }
            PackedCache::open_or_build(&self.path, &sources, &matrices, cache, MIN_PACKED_BYTES)?
        };
        match outcome {
            PackOutcome::Cached(packed) => self.packed = Some(packed),
            PackOutcome::Built(packed) => {
                let bytes = packed.bytes();
                self.packed = Some(packed);
                return Ok(Some(bytes));
            }
            PackOutcome::TooSmall | PackOutcome::NoRoom => {}
        }
        Ok(None)
    }

    /// The files that weights are read from: the quantized file instead of its sources.
    fn weight_files(&self) -> Vec<&MappedFile> {
        match &self.weights {
            Weights::Gguf(files) => files.iter().map(Gguf::file).collect(),
            Weights::Safetensors(_, Some(quantized)) => vec![quantized.file()],
            Weights::Safetensors(tensors, None) => tensors.files().iter().collect(),
            // Marian's weights were copied from their file.
            Weights::Marian(_) | Weights::None => Vec::new(),
        }
    }

    /// All mapped files, to be checked while they are in use.
    pub fn files(&self) -> Vec<MappedFile> {
        let mut files: Vec<MappedFile> = self.weight_files().into_iter().cloned().collect();
        if let Weights::Safetensors(tensors, Some(_)) = &self.weights {
            files.extend(tensors.files().iter().cloned());
        }
        files.extend(self.packed.as_ref().map(|packed| packed.file().clone()));
        files
    }

    /// All usable tensors, by their names in the files.
    fn tensors(&self) -> Vec<(&str, Weight)> {
        match &self.weights {
            Weights::Gguf(files) => files.iter().flat_map(Gguf::weights).collect(),
            Weights::Safetensors(tensors, Some(quantized)) => {
                let rest =
                    tensors.weights().filter(|(name, _)| !quantized.tensors().contains_key(*name));
                quantized.weights().chain(rest).collect()
            }
            Weights::Safetensors(tensors, None) => tensors.weights().collect(),
            Weights::Marian(weights) => weights.weights().collect(),
            Weights::None => Vec::new(),
        }
    }

    /// The folder or file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Size of the weights in bytes.
    pub fn size(&self) -> u64 {
        match &self.weights {
            Weights::Gguf(files) => files.iter().map(|file| file.file().bytes().len() as u64).sum(),
            Weights::Safetensors(_, Some(quantized)) => quantized.file().bytes().len() as u64,
            Weights::Safetensors(tensors, None) => tensors.size(),
            Weights::Marian(weights) => weights.file().bytes().len() as u64,
            Weights::None => 0,
        }
    }

    /// The cost of its matmuls.
    pub fn matmul_cost(&self) -> Result<MatmulCost> {
        let mut cost = MatmulCost::default();
        for (_, weight) in self.tensors() {
            if weight.shape.len() == 2 {
                cost.bytes += weight.bytes.len() as u64;
                cost.weights += weight.shape.iter().product::<usize>() as u64;
            }
        }
        if let Some(table) = self.find("model.embed_tokens.weight")? {
            cost.weights =
                cost.weights.saturating_sub(table.shape.iter().product::<usize>() as u64);
            if let Some(head) = self.find("lm_head.weight")? {
                cost.weights =
                    cost.weights.saturating_sub(head.shape.iter().product::<usize>() as u64);
                cost.bytes = cost.bytes.saturating_sub(table.bytes.len() as u64);
            }
        }
        Ok(cost)
    }

    /// The GGUF file with the model's metadata; `None` for a folder.
    pub fn gguf(&self) -> Option<&Gguf> {
        match &self.weights {
            Weights::Gguf(files) => files.first(),
            _ => None,
        }
    }

    /// A tensor by its Hugging Face name; `None` if it is missing.
    pub fn find(&self, name: &str) -> Result<Option<Weight>> {
        let Some((name, file, info)) = self.locate(name)? else { return Ok(None) };
        let packed = self.packed.as_ref().and_then(|packed| packed.get(&name));
        Ok(info.weight(file).map(|weight| Weight { packed, ..weight }))
    }

    /// The file and place of a tensor, and its name there.
    fn locate(&self, name: &str) -> Result<Option<(String, &MappedFile, &TensorInfo)>> {
        match &self.weights {
            Weights::None => {}
            Weights::Marian(weights) => {
                let found = weights.get(name);
                return Ok(found.map(|(name, info)| (name, weights.file(), info)));
            }
            Weights::Safetensors(tensors, quantized) => {
                for name in tensor_names::in_folder(name).chain([name.to_string()]) {
                    if let Some(quantized) = quantized
                        && let Some(info) = quantized.tensors().get(&name)
                    {
                        return Ok(Some((name, quantized.file(), info)));
                    }
                    if let Some((file, info)) = tensors.get(&name)? {
                        return Ok(Some((name, file, info)));
                    }
                }
            }
            Weights::Gguf(files) => {
                for name in tensor_names::in_gguf(name) {
                    for gguf in files {
                        if let Some(info) = gguf.tensors().get(&name) {
                            return Ok(Some((name, gguf.file(), info)));
                        }
                    }
                }
            }
        }
        Ok(None)
    }

    /// A required tensor of a given shape.
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

/// The other parts of a split file (`…-00001-of-00003.gguf`), whose metadata has their number.
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
