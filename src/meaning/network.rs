//! The network of an encoder: embeddings from the mapped file, then the layers of BERT from
//! candle-transformers. XLM-RoBERTa has the same layers; its positions begin after the padding.

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert;

use super::files::{ActivationName, EncoderFiles, Parameters};
use crate::checkpoint::{BERT_LAYER, BERT_POSITIONS, BERT_TOKEN_TYPES, BERT_WORDS};
use crate::error::Result;
use crate::kernels::{Embedding, layer_norm};

/// A loaded network, on the CPU in f32.
pub(super) struct EncoderNetwork {
    words: Embedding,
    /// Position and token type of each place of a window, added: `[window, hidden]`.
    places: Tensor,
    norm: [Tensor; 2],
    epsilon: f32,
    /// One layer each, so that the output of every layer can be had.
    layers: Vec<bert::BertEncoder>,
    hidden: usize,
}

impl EncoderNetwork {
    pub fn load(files: &EncoderFiles) -> Result<Self> {
        let parameters = files.parameters;
        let Parameters { hidden, vocabulary, positions, token_types, first_position, .. } =
            parameters;
        let device = Device::Cpu;
        let table = files.tensor(BERT_WORDS, &[vocabulary, hidden])?;
        let places = files
            .tensor(BERT_POSITIONS, &[positions, hidden])?
            .rows(first_position.min(positions)..positions)?
            .to_tensor(&device)?;
        let token_type = files
            .tensor(BERT_TOKEN_TYPES, &[token_types, hidden])?
            .rows(0..1)?
            .to_tensor(&device)?;
        let norm = |name: &str| -> Result<Tensor> {
            let weight = files.tensor(&format!("embeddings.LayerNorm.{name}"), &[hidden])?;
            Ok(weight.to_tensor(&device)?)
        };
        let layers = (0..parameters.layers)
            .map(|layer| load_layer(files, layer, &device))
            .collect::<Result<_>>()?;
        Ok(Self {
            words: Embedding::new(table, &device)?,
            places: places.broadcast_add(&token_type)?,
            norm: [norm("weight")?, norm("bias")?],
            epsilon: parameters.epsilon as f32,
            layers,
            hidden,
        })
    }

    /// Upper bound on the tokens of a sentence.
    pub fn window(&self) -> usize {
        self.places.dims().first().copied().unwrap_or(0)
    }

    /// The last hidden states of some sentences, `[sentences, longest, hidden]`. Shorter ones are
    /// padded; their own states do not depend on the padding.
    pub fn forward(&self, sentences: &[&[u32]]) -> Result<Tensor> {
        self.forward_each(sentences, &mut |_| Ok(()))
    }

    /// As [`EncoderNetwork::forward`], showing the states after the embeddings and each layer.
    pub fn forward_each(
        &self,
        sentences: &[&[u32]],
        on_states: &mut dyn FnMut(&Tensor) -> Result<()>,
    ) -> Result<Tensor> {
        let (mut states, mask) = self.embedded(sentences)?;
        on_states(&states)?;
        for layer in &self.layers {
            states = layer.forward(&states, &mask)?;
            on_states(&states)?;
        }
        Ok(states)
    }

    /// As [`EncoderNetwork::forward`], after a share of the layers.
    pub fn forward_share(&self, sentences: &[&[u32]], share: f32) -> Result<Tensor> {
        let (mut states, mask) = self.embedded(sentences)?;
        let count = (self.layers.len() as f32 * share).round() as usize;
        for layer in self.layers.iter().take(count) {
            states = layer.forward(&states, &mask)?;
        }
        Ok(states)
    }

    /// The states before the first layer, and the mask of padding for the layers.
    fn embedded(&self, sentences: &[&[u32]]) -> Result<(Tensor, Tensor)> {
        let longest = sentences.iter().map(|tokens| tokens.len()).max().unwrap_or(0);
        let count = sentences.len();
        let mut ids = Vec::with_capacity(count * longest);
        let mut mask = Vec::with_capacity(count * longest);
        for tokens in sentences {
            ids.extend_from_slice(tokens);
            ids.resize(ids.len() + longest - tokens.len(), 0);
            mask.extend((0..longest).map(|at| if at < tokens.len() { 0.0 } else { f32::MIN }));
        }
        let words = self.words.forward(&ids)?.reshape((count, longest, self.hidden))?;
        let states = words.broadcast_add(&self.places.narrow(0, 0, longest)?)?;
        let [weight, bias] = &self.norm;
        let states = layer_norm(&states, weight, bias, self.epsilon)?;
        let mask = Tensor::from_vec(mask, (count, 1, 1, longest), &Device::Cpu)?;
        Ok((states, mask))
    }
}

/// One layer as an encoder of its own.
fn load_layer(files: &EncoderFiles, layer: usize, device: &Device) -> Result<bert::BertEncoder> {
    let Parameters { hidden, heads, intermediate, epsilon, .. } = files.parameters;
    let mut tensors = HashMap::new();
    for module in &BERT_LAYER {
        let (name, shape) = (module.name, module.shape(hidden, intermediate));
        for (kind, shape) in [("weight", &shape[..]), ("bias", &shape[..1])] {
            let weight = files.tensor(&format!("encoder.layer.{layer}.{name}.{kind}"), shape)?;
            tensors.insert(format!("layer.0.{name}.{kind}"), weight.to_tensor(device)?);
        }
    }
    let config = bert::Config {
        hidden_size: hidden,
        num_hidden_layers: 1,
        num_attention_heads: heads,
        intermediate_size: intermediate,
        hidden_act: match files.parameters.activation {
            ActivationName::Gelu => bert::HiddenAct::Gelu,
            ActivationName::GeluApproximate => bert::HiddenAct::GeluApproximate,
            ActivationName::Relu => bert::HiddenAct::Relu,
        },
        layer_norm_eps: epsilon,
        ..bert::Config::default()
    };
    let tensors = VarBuilder::from_tensors(tensors, DType::F32, device);
    Ok(bert::BertEncoder::load(tensors, &config)?)
}
