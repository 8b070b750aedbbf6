//! The network: encode, cross-attention keys and values, decoder steps.
//!
//! An encoder input is encoded once, in `begin`; the state keeps the keys and values that the
//! decoder's cross-attention needs of it.

use candle_core::{Device, Tensor};

use super::layers::{DecoderLayer, Embeddings, EncoderLayer, Norm};
use crate::architectures::Network;
use crate::architectures::batch::{
    Logits, LogitsFor, Row, check_rows, check_tokens, logit_counts, logit_positions,
};
use crate::architectures::ragged::cross_kv;
use crate::architectures::state::{SequenceCache, State};
use crate::error::{Error, Result};
use crate::kernels::{Linear, Phase, threads};

pub(super) struct EncoderDecoder {
    pub device: Device,
    /// Maximum number of tokens of an encoder input, and of a decoder sequence.
    pub context: usize,
    pub encoder_vocabulary: usize,
    pub encoder: Encoder,
    pub decoder: DecoderStack,
    pub head: Head,
    /// The decoder layer whose first head was trained to align an output with its source.
    pub alignment_layer: Option<usize>,
}

pub(super) struct Encoder {
    pub embeddings: Embeddings,
    pub layers: Vec<EncoderLayer>,
    pub norm: Option<Norm>,
}

pub(super) struct DecoderStack {
    pub embeddings: Embeddings,
    pub layers: Vec<DecoderLayer>,
    pub norm: Option<Norm>,
}

/// The output matrix.
pub(super) struct Head {
    pub vocabulary: usize,
    pub lm_head: Linear,
    /// Factor of its input.
    pub scale: Option<f64>,
    /// `[vocabulary]`, added to the logits.
    pub bias: Option<Vec<f32>>,
}

impl Network for EncoderDecoder {
    fn begin(&self, inputs: &[&[u32]], phase: Phase) -> Result<Vec<State>> {
        self.check_inputs(inputs)?;
        let encoded = self.encoder.forward(inputs, phase)?;
        let cross = self
            .decoder
            .layers
            .iter()
            .map(|layer| layer.encoder_attn.keys_and_values(&encoded, phase))
            .collect::<candle_core::Result<Vec<_>>>()?;
        let mut states = Vec::with_capacity(inputs.len());
        for output in cross_kv(inputs, &cross)? {
            let caches = self
                .decoder
                .layers
                .iter()
                .map(|layer| layer.history.empty_cache(&self.device))
                .collect::<candle_core::Result<_>>()?;
            states.push(State::new(SequenceCache::Layers(caches)).with_encoder_output(output));
        }
        Ok(states)
    }

    fn forward(&self, rows: &mut [Row<'_>], phase: Phase) -> Result<Logits> {
        check_rows(rows, self.head.vocabulary, self.context)?;
        rows.iter_mut().for_each(|row| row.state.begin_step());
        let x = self.decoder.forward(rows, phase)?;
        rows.iter_mut().for_each(|row| row.state.end_step(row.tokens));
        self.logits(&x, rows)
    }

    fn align(&self, input: &[u32], read: &[u32]) -> Result<Option<Vec<Vec<f32>>>> {
        let Some(layer) = self.alignment_layer else { return Ok(None) };
        let mut states = self.begin(&[input], Phase::Prefill)?;
        let mut rows: Vec<Row<'_>> = states
            .iter_mut()
            .map(|state| Row { state, tokens: read, logits: LogitsFor::None })
            .collect();
        check_rows(&rows, self.head.vocabulary, self.context)?;
        Ok(Some(self.decoder.attention(&mut rows, layer, Phase::Prefill)?))
    }
}

impl EncoderDecoder {
    fn check_inputs(&self, inputs: &[&[u32]]) -> Result<()> {
        for input in inputs {
            if input.is_empty() {
                return Err(Error::Engine("a source without tokens".into()));
            }
            if input.len() > self.context {
                let (needed, window) = (input.len(), self.context);
                return Err(Error::TooLong { what: "a source".into(), needed, window });
            }
            check_tokens(input, self.encoder_vocabulary)?;
        }
        Ok(())
    }

    /// The logits that rows ask for, of the decoder's output `[tokens, width]`.
    fn logits(&self, x: &Tensor, rows: &[Row<'_>]) -> Result<Logits> {
        let counts = logit_counts(rows);
        let positions = logit_positions(rows, &counts);
        if positions.is_empty() {
            return Ok(Logits::new(self.head.vocabulary, Vec::new(), &counts));
        }
        let count = positions.len();
        let x = x.index_select(&Tensor::from_vec(positions, count, &self.device)?, 0)?;
        let x = match &self.decoder.norm {
            Some(norm) => norm.forward(&x)?,
            None => x,
        };
        let values = self.head.forward(&x)?;
        Ok(Logits::new(self.head.vocabulary, values, &counts))
    }
}

impl Encoder {
    /// Token ids of all inputs to `[tokens, width]`.
    fn forward(&self, inputs: &[&[u32]], phase: Phase) -> candle_core::Result<Tensor> {
        let ids: Vec<u32> = inputs.iter().flat_map(|input| input.iter()).copied().collect();
        let positions: Vec<usize> = inputs.iter().flat_map(|input| 0..input.len()).collect();
        let mut x = self.embeddings.forward(&ids, &positions)?;
        for layer in &self.layers {
            x = layer.forward(&x, inputs, phase)?;
        }
        match &self.norm {
            Some(norm) => norm.forward(&x),
            None => Ok(x),
        }
    }
}

impl DecoderStack {
    /// New tokens of all rows to `[tokens, width]`, before the last norm.
    fn forward(&self, rows: &mut [Row<'_>], phase: Phase) -> candle_core::Result<Tensor> {
        let mut x = self.embed(rows)?;
        for (index, layer) in self.layers.iter().enumerate() {
            x = layer.forward(&x, rows, index, phase)?;
        }
        Ok(x)
    }

    /// The attention to the encoder output that the first head of a layer has, for the new tokens
    /// of one row.
    fn attention(
        &self,
        rows: &mut [Row<'_>],
        layer: usize,
        phase: Phase,
    ) -> candle_core::Result<Vec<Vec<f32>>> {
        let mut x = self.embed(rows)?;
        for (index, before) in self.layers.iter().enumerate().take(layer) {
            x = before.forward(&x, rows, index, phase)?;
        }
        match self.layers.get(layer) {
            Some(aligned) => aligned.attention(&x, rows, layer, phase),
            None => candle_core::bail!("no decoder layer {layer}"),
        }
    }

    /// New tokens of all rows to `[tokens, width]`.
    fn embed(&self, rows: &[Row<'_>]) -> candle_core::Result<Tensor> {
        let ids: Vec<u32> = rows.iter().flat_map(|row| row.tokens).copied().collect();
        let positions: Vec<usize> = rows
            .iter()
            .flat_map(|row| row.state.len()..row.state.len() + row.tokens.len())
            .collect();
        self.embeddings.forward(&ids, &positions)
    }
}

impl Head {
    /// `[tokens, width]` to `tokens` vectors of logits.
    fn forward(&self, x: &Tensor) -> candle_core::Result<Vec<f32>> {
        let mut logits = match self.scale {
            Some(scale) => self.lm_head.forward_to_vec(&(x * scale)?)?,
            None => self.lm_head.forward_to_vec(x)?,
        };
        if let Some(bias) = &self.bias {
            threads::parallel_chunks(&mut logits, self.vocabulary, |_, logits| {
                logits.iter_mut().zip(bias).for_each(|(logit, bias)| *logit += bias);
            });
        }
        Ok(logits)
    }
}
