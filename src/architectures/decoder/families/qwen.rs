//! Qwen 2 (<https://arxiv.org/abs/2407.10671>) and Qwen 3 (<https://arxiv.org/abs/2505.09388>).

use super::common::{NORM_BEFORE_ROTATION, common, expect_activation, flag, sliding_layers};
use super::defaults::Defaults;
use crate::architectures::bounds::MAX_CONTEXT;
use crate::architectures::decoder::config::DecoderConfig;
use crate::checkpoint::{Checkpoint, Key};
use crate::error::Result;

pub(super) fn qwen2(checkpoint: &Checkpoint) -> Result<DecoderConfig> {
    let model_config = &checkpoint.config;
    let mut config = common(checkpoint, Defaults::default())?;
    expect_activation(model_config, &["silu"])?;
    if flag(model_config, "use_sliding_window") {
        let window = model_config.count(Key::json("sliding_window"), MAX_CONTEXT)?;
        // The first layers that attend to everything; 28 is the reference's default.
        let full =
            model_config.get(Key::json("max_window_layers")).and_then(|v| v.as_u64()).unwrap_or(28)
                as usize;
        let sliding = sliding_layers(model_config, config.layers.len(), |index| index >= full)?;
        config.set_windows(&sliding, window);
    }
    Ok(config)
}

/// Qwen 2 with norms of queries and keys.
pub(super) fn qwen3(checkpoint: &Checkpoint) -> Result<DecoderConfig> {
    let mut config = qwen2(checkpoint)?;
    config.attention.norms = Some(NORM_BEFORE_ROTATION);
    Ok(config)
}
