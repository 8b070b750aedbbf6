//! The network: embeddings, layers, logits.

use candle_core::{Device, IndexOp, Tensor};

use super::config::DecoderConfig;
use super::families;
use super::layer::Layer;
use super::per_layer::LayerInputs;
use super::reader::DecoderReader;
use super::step::Step;
use crate::architectures::batch::{Logits, Row, check_rows, logit_counts, logit_positions};
use crate::architectures::layers::RmsNorm;
use crate::architectures::state::{SequenceCache, State};
use crate::architectures::tensors::Tensors;
use crate::architectures::{Loaded, Network, Setup};
use crate::error::Result;
use crate::kernels::{Embedding, Linear, Phase};

struct DecoderNetwork {
    config: DecoderConfig,
    device: Device,
    vocabulary: usize,
    embed_tokens: Embedding,
    layer_inputs: Option<LayerInputs>,
    layers: Vec<Layer>,
    norm: RmsNorm,
    lm_head: Linear,
}

pub(super) fn load(setup: &Setup<'_>) -> Result<Loaded> {
    let checkpoint = setup.checkpoint;
    let config = families::config(checkpoint)?;
    let embeddings = "model.embed_tokens.weight";
    let vocabulary =
        checkpoint.find(embeddings)?.and_then(|found| found.shape.first().copied()).unwrap_or(0);
    let tensors = Tensors { checkpoint, device: setup.device, precision: setup.precision };
    let read = DecoderReader { tensors, config: &config };
    let embed_tokens = checkpoint.tensor(embeddings, &[vocabulary, config.hidden])?;
    let lm_head = if config.tied {
        Linear::new(embed_tokens.clone(), None, setup.precision, setup.device)?
    } else {
        read.linear("lm_head", vocabulary, config.hidden)?
    };
    let layers = (0..config.layers.len())
        .map(|index| Layer::load(&read, index))
        .collect::<Result<Vec<_>>>()?;
    let layer_inputs =
        config.layer_inputs.map(|width| LayerInputs::load(&read, width)).transpose()?;
    let norm = read.norm(config.names.last_norm, config.hidden)?;
    let context = config.context;
    let embed_tokens = Embedding::new(embed_tokens, setup.device)?;
    let device = setup.device.clone();
    let network = DecoderNetwork {
        config,
        device,
        vocabulary,
        embed_tokens,
        layer_inputs,
        layers,
        norm,
        lm_head,
    };
    Ok(Loaded { network: Box::new(network), context, vocabulary, encoder_vocabulary: None })
}

impl Network for DecoderNetwork {
    fn begin(&self, inputs: &[&[u32]], _: Phase) -> Result<Vec<State>> {
        inputs.iter().map(|_| self.empty_state()).collect()
    }

    fn forward(&self, rows: &mut [Row<'_>], phase: Phase) -> Result<Logits> {
        check_rows(rows, self.vocabulary, self.config.context)?;
        // Logits are for the new tokens, even if the whole sequence is computed again.
        let counts = logit_counts(rows);
        let tokens: Vec<_> =
            rows.iter_mut().map(|row| row.state.tokens_to_compute(row.tokens)).collect();
        let mut rows: Vec<Row<'_>> = rows
            .iter_mut()
            .zip(&tokens)
            .map(|(row, tokens)| Row { state: &mut *row.state, tokens, logits: row.logits })
            .collect();
        rows.iter_mut().for_each(|row| row.state.begin_step());
        let x = self.hidden_states(&mut rows, &counts, phase)?;
        rows.iter_mut().for_each(|row| row.state.end_step(row.tokens));
        self.logits(&x, &counts)
    }
}

impl DecoderNetwork {
    fn empty_state(&self) -> Result<State> {
        let caches = self
            .layers
            .iter()
            .map(|layer| layer.empty_cache(&self.device))
            .collect::<candle_core::Result<_>>()?;
        let state = State::new(SequenceCache::Layers(caches));
        let longer = self.config.ropes.iter().find_map(|rope| rope.longer.as_ref());
        Ok(match longer {
            Some(longer) => state.recompute_beyond(longer.than),
            None => state,
        })
    }

    /// Output of the last layer, `[tokens, hidden]`, for the last `counts` tokens of each row.
    fn hidden_states(
        &self,
        rows: &mut [Row<'_>],
        counts: &[usize],
        phase: Phase,
    ) -> candle_core::Result<Tensor> {
        let ids: Vec<u32> = rows.iter().flat_map(|row| row.tokens).copied().collect();
        // Positions of the tokens, each with the length of its sequence.
        let mut positions = Vec::with_capacity(ids.len());
        for row in &*rows {
            let end = row.state.len() + row.tokens.len();
            positions.extend((row.state.len()..end).map(|position| (position, end)));
        }
        let rotations = self
            .config
            .ropes
            .iter()
            .map(|rope| rope.at(&positions, &self.device))
            .collect::<candle_core::Result<Vec<_>>>()?;
        let step = Step { rotations: &rotations, phase };
        let mut x = self.embed_tokens.forward(&ids)?;
        if self.config.embedding_scale != 1.0 {
            x = (x * self.config.embedding_scale)?;
        }
        let inputs =
            self.layer_inputs.as_ref().map(|inputs| inputs.forward(&ids, &x, phase)).transpose()?;
        let needed = logit_positions(rows, counts);
        for (index, layer) in self.layers.iter().enumerate() {
            let input = inputs.as_ref().map(|inputs| inputs.i((.., index, ..))).transpose()?;
            let only = (index + 1 == self.layers.len()).then_some(&needed[..]);
            x = layer.forward(&x, input.as_ref(), &step, rows, index, only)?;
        }
        Ok(x)
    }

    /// Logits of the last layer's output; `counts` vectors belong to each row.
    fn logits(&self, x: &Tensor, counts: &[usize]) -> Result<Logits> {
        if counts.iter().all(|count| *count == 0) {
            return Ok(Logits::new(self.vocabulary, Vec::new(), counts));
        }
        let mut values: Vec<f32> = self.lm_head.forward_to_vec(&self.norm.forward(x)?)?;
        if self.config.logit_scale != 1.0 {
            values.iter_mut().for_each(|logit| *logit *= self.config.logit_scale as f32);
        }
        if let Some(cap) = self.config.logit_cap.map(|cap| cap as f32) {
            values.iter_mut().for_each(|logit| *logit = cap * (*logit / cap).tanh());
        }
        Ok(Logits::new(self.vocabulary, values, counts))
    }
}
