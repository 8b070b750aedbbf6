//! EXAONE 4 (<https://arxiv.org/abs/2507.11407>): norms on the way out only; where there are local layers, the global ones are not told
//! positions.

use super::{
    Defaults, MAX_CONTEXT, MAX_LAYERS, NAMES_OF_LLAMA, NORM_BEFORE_ROTATION, Names, common,
    expect_activation, sliding_layers,
};
use crate::architectures::decoder::Config;
use crate::checkpoint::Checkpoint;
use crate::error::Result;

pub(super) fn exaone4(checkpoint: &Checkpoint) -> Result<Config> {
    let hyper = &checkpoint.hyper;
    let mut config = common(checkpoint, Defaults::default())?;
    expect_activation(hyper, &["silu"])?;
    config.names = Names {
        mixer_norms: [None, Some("post_attention_layernorm")],
        feed_forward_norms: [None, Some("post_feedforward_layernorm")],
        ..NAMES_OF_LLAMA
    };
    config.attention.norms = Some(NORM_BEFORE_ROTATION);
    if hyper.get("sliding_window", "attention.sliding_window").is_some() {
        let window = hyper.count("sliding_window", "attention.sliding_window", MAX_CONTEXT)?;
        // Older configs write "LLLG"; those name the type of each layer, too.
        let pattern = match hyper.word("sliding_window_pattern", "-") {
            Some(word) => word.len().max(1),
            None => hyper.count_or("sliding_window_pattern", "-", MAX_LAYERS, 4)?,
        };
        let sliding = sliding_layers(hyper, config.layers.len(), |index| (index + 1) % pattern != 0)?;
        config.set_windows(&sliding, window);
        for (_, heads) in config.attention_layers().filter(|(_, heads)| heads.window.is_none()) {
            heads.rope = None;
        }
    }
    Ok(config)
}
