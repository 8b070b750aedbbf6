//! From hidden states to one vector: pooling, the dense layer of some encoders, and length 1.
//!
//! A folder says so in the files of sentence-transformers (`1_Pooling/config.json`, `2_Dense`);
//! without them the mean of all tokens counts.

use std::path::Path;

use candle_core::Tensor;
use serde::Deserialize;

use super::files::EncoderFiles;
use super::linear::LinearLayer;
use crate::checkpoint::{Key, Safetensors};
use crate::error::{Error, Result};

/// Limit of a dense layer's width.
const MAX_WIDTH: usize = 1 << 16;

/// Which hidden states make the vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pooling {
    /// That of the first token.
    First,
    /// The mean of all.
    Mean,
}

/// What follows the network.
pub(super) struct Head {
    pooling: Pooling,
    dense: Option<Dense>,
    /// Written before every sentence.
    prefix: &'static str,
    hidden: usize,
}

/// A dense layer, with or without tanh.
struct Dense {
    layer: LinearLayer,
    is_tanh: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PoolingConfig {
    pooling_mode_cls_token: bool,
    pooling_mode_mean_tokens: bool,
    pooling_mode_max_tokens: bool,
    pooling_mode_mean_sqrt_len_tokens: bool,
}

#[derive(Deserialize)]
struct DenseConfig {
    in_features: usize,
    out_features: usize,
    #[serde(default)]
    activation_function: String,
}

impl Head {
    pub fn load(path: &Path, files: &EncoderFiles) -> Result<Self> {
        let hidden = files.parameters.hidden;
        let pooling = match read::<PoolingConfig>(&path.join("1_Pooling/config.json"))? {
            None => Pooling::Mean,
            Some(PoolingConfig {
                pooling_mode_max_tokens: false,
                pooling_mode_mean_sqrt_len_tokens: false,
                pooling_mode_cls_token: first,
                pooling_mode_mean_tokens: mean,
            }) if first != mean => {
                if first {
                    Pooling::First
                } else {
                    Pooling::Mean
                }
            }
            Some(_) => {
                return Err(Error::Unsupported {
                    what: "this pooling".into(),
                    file: path.join("1_Pooling/config.json"),
                    supported: "the first token, the mean of all".into(),
                });
            }
        };
        let dense = Dense::load(&path.join("2_Dense"), hidden)?;
        let prefix = if is_e5(path, files) { "query: " } else { "" };
        Ok(Self { pooling, dense, prefix, hidden })
    }

    pub fn prefix(&self) -> &'static str {
        self.prefix
    }

    pub fn dimensions(&self) -> usize {
        self.dense.as_ref().map_or(self.hidden, |dense| dense.layer.bias.len())
    }

    /// Vectors of length 1 from hidden states, `[sentences, longest, hidden]`, given the number of
    /// tokens of each sentence.
    pub fn vectors(&self, states: &Tensor, lengths: &[usize]) -> Result<Vec<Vec<f32>>> {
        let longest = states.dim(1)?;
        let states: Vec<f32> = states.flatten_all()?.to_vec1()?;
        let rows = states.chunks_exact((longest * self.hidden).max(1)).zip(lengths);
        let vectors = rows.map(|(states, length)| {
            let count = match self.pooling {
                Pooling::First => 1,
                Pooling::Mean => *length,
            };
            let mut pooled = vec![0f32; self.hidden];
            for state in states.chunks_exact(self.hidden).take(count) {
                pooled.iter_mut().zip(state).for_each(|(sum, number)| *sum += number);
            }
            pooled.iter_mut().for_each(|sum| *sum /= count.max(1) as f32);
            let mut vector = match &self.dense {
                Some(dense) => dense.apply(&pooled),
                None => pooled,
            };
            normalize(&mut vector);
            vector
        });
        Ok(vectors.collect())
    }
}

impl Dense {
    /// The layer in a folder; `None` if there is no such folder.
    fn load(folder: &Path, hidden: usize) -> Result<Option<Self>> {
        let Some(config) = read::<DenseConfig>(&folder.join("config.json"))? else {
            return Ok(None);
        };
        let (inputs, outputs) = (config.in_features, config.out_features);
        if inputs != hidden || !(1..=MAX_WIDTH).contains(&outputs) {
            let reason = format!("a layer from {inputs} to {outputs} after a width of {hidden}");
            return Err(Error::malformed(folder.join("config.json"), reason));
        }
        let is_tanh = match config.activation_function.rsplit('.').next() {
            Some("Tanh") => true,
            Some("Identity" | "") => false,
            _ => {
                return Err(Error::Unsupported {
                    what: format!("the activation `{}`", config.activation_function),
                    file: folder.join("config.json"),
                    supported: "Tanh, Identity".into(),
                });
            }
        };
        let tensors = Safetensors::open(folder)?;
        let numbers = |name: &str, shape: &[usize]| -> Result<Vec<f32>> {
            let found = tensors.get(name)?.filter(|(_, info)| info.shape == shape);
            let weight = found.and_then(|(file, info)| info.weight(file));
            let weight = weight.ok_or_else(|| Error::Tensor {
                name: name.to_string(),
                file: folder.to_path_buf(),
                reason: format!("is missing, or not of shape {shape:?}"),
            })?;
            let tensor = weight.to_tensor(&candle_core::Device::Cpu)?;
            Ok(tensor.flatten_all()?.to_vec1()?)
        };
        let weight = numbers("linear.weight", &[outputs, inputs])?;
        let bias = numbers("linear.bias", &[outputs])?;
        Ok(Some(Self { layer: LinearLayer { inputs, weight, bias }, is_tanh }))
    }

    fn apply(&self, vector: &[f32]) -> Vec<f32> {
        let mut outputs = self.layer.apply(vector);
        if self.is_tanh {
            outputs.iter_mut().for_each(|number| *number = number.tanh());
        }
        outputs
    }
}

/// True for the E5 family, which was trained with a word before every text.
fn is_e5(path: &Path, files: &EncoderFiles) -> bool {
    let named = files.config().and_then(|config| config.string(Key::json("_name_or_path")));
    let has_name = |text: &str| text.to_lowercase().contains("multilingual-e5");
    files.is_container() || named.is_some_and(has_name) || has_name(&path.to_string_lossy())
}

/// A JSON file; `None` if there is none.
fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        // The folder may be a container, which has no files in it.
        Err(_) if !path.exists() => return Ok(None),
        Err(error) => return Err(Error::io("read", path, error)),
    };
    serde_json::from_slice(&text).map(Some).map_err(|e| Error::malformed(path, e.to_string()))
}

/// Scales a vector to length 1; a vector of zeros stays.
fn normalize(vector: &mut [f32]) {
    let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|number| *number /= length);
    }
}
