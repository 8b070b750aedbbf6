//! Qwen 2 (<https://arxiv.org/abs/2407.10671>) and Qwen 3 (<https://arxiv.org/abs/2505.09388>).

use super::{
    Defaults, MAX_CONTEXT, NORM_BEFORE_ROTATION, common, expect_activation, flag, sliding_layers,
};
use crate::architectures::decoder::Config;
use crate::checkpoint::Checkpoint;
use crate::error::Result;

pub(super) fn qwen2(checkpoint: &Checkpoint) -> Result<Config> {
    let hyper = &checkpoint.hyper;
    let mut config = common(checkpoint, Defaults::default())?;
    expect_activation(hyper, &["silu"])?;
    if flag(hyper, "use_sliding_window") {
        let window = hyper.count("sliding_window", "-", MAX_CONTEXT)?;
        // Counted from the first layer; 28 is the reference's default.
        let full =
            hyper.get("max_window_layers", "-").and_then(|v| v.as_u64()).unwrap_or(28) as usize;
        let sliding = sliding_layers(hyper, config.layers.len(), |index| index >= full)?;
        config.set_windows(&sliding, window);
    }
    Ok(config)
}

/// Qwen 2 with norms of queries and keys.
pub(super) fn qwen3(checkpoint: &Checkpoint) -> Result<Config> {
    let mut config = qwen2(checkpoint)?;
    config.attention.norms = Some(NORM_BEFORE_ROTATION);
    Ok(config)
}
