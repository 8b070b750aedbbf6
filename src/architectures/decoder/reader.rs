//! Reads the parts of a decoder by their tensor names.

use super::config::{DecoderConfig, FeedForwardNames};
use crate::architectures::layers::{GatedMlp, RmsNorm};
use crate::architectures::tensors::Tensors;
use crate::error::Result;

pub(super) struct DecoderReader<'a> {
    pub tensors: Tensors<'a>,
    pub config: &'a DecoderConfig,
}

impl DecoderReader<'_> {
    /// The feed-forward layer with a prefix, of a width.
    pub fn feed_forward(&self, prefix: &str, width: usize) -> Result<GatedMlp> {
        let DecoderConfig { hidden, activation, names, .. } = *self.config;
        let (gate, up, down) = match names.feed_forward {
            FeedForwardNames::Three([gate, up, down]) => (
                self.linear(&format!("{prefix}{gate}"), width, hidden)?,
                self.linear(&format!("{prefix}{up}"), width, hidden)?,
                down,
            ),
            FeedForwardNames::Two([gate_up, down]) => {
                let [gate, up] =
                    self.parts(&format!("{prefix}{gate_up}"), [width, width], hidden)?;
                (gate, up, down)
            }
        };
        let down = self.linear(&format!("{prefix}{down}"), hidden, width)?;
        Ok(GatedMlp { gate, up, down, activation })
    }

    pub fn norm(&self, name: &str, size: usize) -> Result<RmsNorm> {
        self.rms_norm(name, size, self.config.norm_epsilon, self.config.norm_offset)
    }
}

impl<'a> std::ops::Deref for DecoderReader<'a> {
    type Target = Tensors<'a>;

    fn deref(&self) -> &Tensors<'a> {
        &self.tensors
    }
}
