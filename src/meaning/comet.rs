//! COMET without a reference (Rei and others, 2020): the quality of a translation, estimated from
//! the vectors of source and translation by a small network.
//!
//! Opens the folder of a `ReferencelessRegression` of the package unbabel-comet, such as
//! wmt20-comet-qe-da: `hparams.yaml` and `checkpoints/model.ckpt` or safetensors, with the
//! `config.json` and the tokenizer of the encoder. Other classes of COMET are refused by name.

use std::path::Path;

use candle_core::Device;

use super::files::EncoderFiles;
use super::hparams::Hparams;
use super::linear::LinearLayer;
use super::name_of;
use super::network::EncoderNetwork;
use crate::checks::Estimator;
use crate::error::Result;

/// The class of COMET models that this is.
const CLASS: &str = "referenceless_regression_metric";
/// Limits above those of any published model.
const MAX_HIDDEN: usize = 1 << 16;
const MAX_LAYERS: usize = 16;
/// Sizes of the hidden layers that the package takes where the file has none.
const HIDDEN_SIZES: [usize; 2] = [2048, 1024];
/// Each hidden layer is a linear one, an activation and a dropout in the package's numbering.
const STEPS_A_LAYER: usize = 3;
/// Tokens that the package leaves free below the encoder's window.
const SPARE_TOKENS: usize = 2;
/// Added to a variance before its root, as in the package.
const EPSILON: f32 = 1e-12;

/// A COMET model that needs no reference.
pub struct CometModel {
    name: String,
    files: EncoderFiles,
    network: EncoderNetwork,
    mix: LayerMix,
    pooling: Pooling,
    estimator: FeedForward,
}

/// The weight of the embeddings and of each layer in the states that are pooled.
struct LayerMix {
    weights: Vec<f32>,
    /// True if each layer is first scaled to mean 0 and variance 1 over a sentence.
    is_normalized: bool,
}

/// The states of a sentence that make its vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pooling {
    First,
    Mean,
}

/// Linear layers with an activation after each but the last.
struct FeedForward {
    layers: Vec<LinearLayer>,
    activation: Activation,
    last: Option<Activation>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Activation {
    Tanh,
    Sigmoid,
}

impl CometModel {
    /// Opens a folder, with one for the checkpoint converted to safetensors.
    ///
    /// # Errors
    ///
    /// Fails if a file is missing or damaged, and for other classes of models.
    pub fn open_with_cache(path: impl AsRef<Path>, cache: Option<&Path>) -> Result<Self> {
        let path = path.as_ref();
        let hparams = Hparams::open(path)?;
        match hparams.text("class_identifier") {
            None | Some(CLASS) => {}
            Some(other) => return Err(hparams.unsupported("class_identifier", other, CLASS)),
        }
        if !path.join("config.json").exists() {
            let encoder = hparams.text("pretrained_model").unwrap_or("xlm-roberta-large");
            let reason = format!("config.json and tokenizer.json of {encoder} belong beside it");
            return Err(hparams.malformed(reason));
        }
        let files = EncoderFiles::open(path, cache)?;
        let network = EncoderNetwork::load(&files)?;
        let mix = LayerMix::load(&hparams, &files)?;
        let pooling = match hparams.text("pool").unwrap_or("avg") {
            "avg" => Pooling::Mean,
            "cls" => Pooling::First,
            other => return Err(hparams.unsupported("pool", other, "avg, cls")),
        };
        let estimator = FeedForward::load(&hparams, &files)?;
        Ok(Self { name: name_of(path), files, network, mix, pooling, estimator })
    }

    /// The name of its folder.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The estimate of a translation: higher is better. Published models were trained on
    /// standardized human scores, of which 0 is the mean. Longer texts than the encoder's window
    /// are cut.
    pub fn estimate(&self, source: &str, translation: &str) -> Result<f32> {
        let window = self.network.window().saturating_sub(SPARE_TOKENS);
        let tokens = [translation, source].map(|text| self.files.tokens("", text.trim(), window));
        let [translation, source] = tokens;
        let (translation, source) = (self.vector(&translation?)?, self.vector(&source?)?);
        self.files.check()?;
        let pairs = || translation.iter().zip(&source);
        let products: Vec<f32> = pairs().map(|(one, other)| one * other).collect();
        let differences: Vec<f32> = pairs().map(|(one, other)| (one - other).abs()).collect();
        Ok(self.estimator.apply([translation, source, products, differences].concat()))
    }

    /// The vector of a sentence.
    fn vector(&self, tokens: &[u32]) -> Result<Vec<f32>> {
        let hidden = self.files.parameters.hidden;
        let mut vector = vec![0.0; hidden];
        let mut weights = self.mix.weights.iter();
        self.network.forward_each(&[tokens], &mut |states| {
            if let Some(weight) = weights.next().filter(|weight| **weight != 0.0) {
                let states: Vec<f32> = states.flatten_all()?.to_vec1()?;
                self.pooling.add(&states, *weight, self.mix.is_normalized, &mut vector);
            }
            Ok(())
        })?;
        Ok(vector)
    }
}

impl Pooling {
    /// Adds the pooled states of a sentence to a vector, scaled by a weight.
    fn add(self, states: &[f32], weight: f32, is_normalized: bool, vector: &mut [f32]) {
        let (mean, deviation) = if is_normalized { moments(states) } else { (0.0, 1.0) };
        let width = vector.len().max(1);
        let count = match self {
            Self::First => 1,
            Self::Mean => states.len() / width,
        };
        let factor = weight / (deviation * count.max(1) as f32);
        for state in states.chunks_exact(width).take(count) {
            let places = vector.iter_mut().zip(state);
            places.for_each(|(sum, number)| *sum += (number - mean) * factor);
        }
    }
}

/// Mean and standard deviation of all numbers.
fn moments(numbers: &[f32]) -> (f32, f32) {
    let count = numbers.len().max(1) as f64;
    let mean = numbers.iter().map(|number| f64::from(*number)).sum::<f64>() / count;
    let squares = numbers.iter().map(|number| (f64::from(*number) - mean).powi(2));
    let variance = squares.sum::<f64>() / count;
    (mean as f32, (variance as f32 + EPSILON).sqrt())
}

impl LayerMix {
    fn load(hparams: &Hparams, files: &EncoderFiles) -> Result<Self> {
        let count = files.parameters.layers + 1;
        let layer = hparams.text("layer").unwrap_or("mix");
        if layer != "mix" {
            let only = layer.parse().ok().filter(|only| *only < count);
            let missing = || hparams.malformed(format!("layer is {layer}, of {count} layers"));
            let only: usize = only.ok_or_else(missing)?;
            let weights = (0..count).map(|layer| f32::from(u8::from(layer == only))).collect();
            return Ok(Self { weights, is_normalized: false });
        }
        // The package's cure of a fault in 2.2.4 has a name of its own for softmax.
        match hparams.text("layer_transformation") {
            None | Some("softmax" | "sparsemax_patch") => {}
            Some(other) => {
                return Err(hparams.unsupported("layer_transformation", other, "softmax"));
            }
        }
        let scalar = |name: &str| -> Result<f32> {
            let numbers = numbers(files, &format!("layerwise_attention.{name}"), &[1])?;
            Ok(numbers.first().copied().unwrap_or_default())
        };
        let gamma = scalar("gamma")?;
        let logits = (0..count)
            .map(|layer| scalar(&format!("scalar_parameters.{layer}")))
            .collect::<Result<Vec<f32>>>()?;
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let powers: Vec<f32> = logits.iter().map(|logit| (logit - largest).exp()).collect();
        let sum: f32 = powers.iter().sum();
        let weights = powers.iter().map(|power| gamma * power / sum).collect();
        Ok(Self { weights, is_normalized: hparams.flag("layer_norm", true)? })
    }
}

impl FeedForward {
    fn load(hparams: &Hparams, files: &EncoderFiles) -> Result<Self> {
        let activation = |key: &str| match hparams.text(key).map(str::to_lowercase).as_deref() {
            None => Ok(None),
            Some("tanh") => Ok(Some(Activation::Tanh)),
            Some("sigmoid") => Ok(Some(Activation::Sigmoid)),
            Some(other) => Err(hparams.unsupported(key, other, "Tanh, Sigmoid")),
        };
        let last = activation("final_activation")?;
        let activation = activation("activations")?.unwrap_or(Activation::Tanh);
        let hidden = hparams.counts("hidden_sizes", MAX_HIDDEN)?;
        let mut outputs = hidden.unwrap_or(HIDDEN_SIZES.to_vec());
        if outputs.len() > MAX_LAYERS {
            return Err(hparams.malformed(format!("hidden_sizes has {} layers", outputs.len())));
        }
        outputs.push(1);
        // Translation, source, their product and their difference.
        let mut inputs = 4 * files.parameters.hidden;
        let mut layers = Vec::with_capacity(outputs.len());
        for (index, outputs) in outputs.into_iter().enumerate() {
            let name = format!("estimator.ff.{}", index * STEPS_A_LAYER);
            let weight = numbers(files, &format!("{name}.weight"), &[outputs, inputs])?;
            let bias = numbers(files, &format!("{name}.bias"), &[outputs])?;
            layers.push(LinearLayer { inputs, weight, bias });
            inputs = outputs;
        }
        Ok(Self { layers, activation, last })
    }

    fn apply(&self, mut features: Vec<f32>) -> f32 {
        for (index, layer) in self.layers.iter().enumerate() {
            features = layer.apply(&features);
            let is_last = index + 1 == self.layers.len();
            let activation = if is_last { self.last } else { Some(self.activation) };
            if let Some(activation) = activation {
                features.iter_mut().for_each(|number| *number = activation.of(*number));
            }
        }
        features.first().copied().unwrap_or(f32::NAN)
    }
}

impl Activation {
    fn of(self, number: f32) -> f32 {
        match self {
            Self::Tanh => number.tanh(),
            Self::Sigmoid => 1.0 / (1.0 + (-number).exp()),
        }
    }
}

impl Estimator for CometModel {
    fn name(&self) -> &str {
        CometModel::name(self)
    }

    fn estimate(&self, source: &str, translation: &str) -> Result<f32> {
        CometModel::estimate(self, source, translation)
    }
}

/// The numbers of a tensor outside the encoder.
fn numbers(files: &EncoderFiles, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
    let tensor = files.head_tensor(name, shape)?.to_tensor(&Device::Cpu)?;
    Ok(tensor.flatten_all()?.to_vec1()?)
}
