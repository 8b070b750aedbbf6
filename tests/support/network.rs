//! Runs a checkpoint's network on the CPU.

use candle_core::Device;
use malmoi::internals::architectures::{self, LogitsFor, Row, Setup};
use malmoi::internals::checkpoint::Checkpoint;
use malmoi::internals::kernels::{Phase, Precision};

/// Logits after the last of some tokens.
pub fn last_logits(checkpoint: &Checkpoint, tokens: &[u32]) -> Vec<f32> {
    let setup = Setup { checkpoint, device: &Device::Cpu, precision: Precision::Fast };
    let network = architectures::load(&setup).unwrap().network;
    let mut state = network.begin(&[&[]], Phase::Decode).unwrap().remove(0);
    let rows = &mut [Row { state: &mut state, tokens, logits: LogitsFor::Last }];
    network.forward(rows, Phase::Decode).unwrap().last(0).to_vec()
}

/// Tokens that every small test network knows.
pub fn tokens() -> Vec<u32> {
    (3..40).collect()
}
