//! Phi 3, 3.5 and 4 (<https://arxiv.org/abs/2404.14219>): Llama with fused matrices, heads that rotate in part, and tables of factors for
//! long texts.

use super::{Defaults, FeedForward, MAX_CONTEXT, NAMES_OF_LLAMA, Names, common, expect_activation};
use crate::architectures::decoder::Config;
use crate::checkpoint::Checkpoint;
use crate::error::Result;

pub(super) fn phi3(checkpoint: &Checkpoint) -> Result<Config> {
    let hyper = &checkpoint.hyper;
    let mut config = common(checkpoint, Defaults::default())?;
    expect_activation(hyper, &["silu"])?;
    if hyper.number("rms_norm_eps", "attention.layer_norm_rms_epsilon")?.is_none() {
        config.norm_epsilon = 1e-5;
    }
    // Some files of llama.cpp have the three apart.
    config.attention.fused = checkpoint.find("model.layers.0.self_attn.qkv_proj.weight")?.is_some();
    config.names = Names {
        feed_forward: FeedForward::Two(["mlp.gate_up_proj", "mlp.down_proj"]),
        ..NAMES_OF_LLAMA
    };
    // llama.cpp's converter writes 0 where there is none.
    let key = ("sliding_window", "attention.sliding_window");
    if hyper.get(key.0, key.1).is_some_and(|v| v.as_u64() != Some(0)) {
        let window = hyper.count(key.0, key.1, MAX_CONTEXT)?;
        config.set_windows(&vec![true; config.layers.len()], window);
    }
    Ok(config)
}
