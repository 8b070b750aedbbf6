//! SmolLM 3: Llama with no rotary embedding in every fourth layer
//! (<https://arxiv.org/abs/2501.18795>).

use super::common::{flag, sliding_layers};
use super::defaults::Defaults;
use super::llama::with;
use crate::architectures::bounds::{MAX_CONTEXT, MAX_LAYERS};
use crate::architectures::decoder::config::DecoderConfig;
use crate::checkpoint::{Checkpoint, Key};
use crate::error::{Error, Result};

pub(super) fn smollm3(checkpoint: &Checkpoint) -> Result<DecoderConfig> {
    let model_config = &checkpoint.config;
    let mut config = with(checkpoint, Defaults { tied: true, ..Defaults::default() })?;
    if flag(model_config, "use_sliding_window") {
        let window = model_config.count(Key::json("sliding_window"), MAX_CONTEXT)?;
        let sliding = sliding_layers(model_config, config.layers.len(), |_| true)?;
        config.set_windows(&sliding, window);
    }
    let interval = model_config.count_or(Key::json("no_rope_layer_interval"), MAX_LAYERS, 4)?;
    let named = model_config.list(Key::json("no_rope_layers"));
    for (index, heads) in config.attention_layers() {
        // Despite the name, 1 means that the layer has a rotary embedding.
        let rotates = match named.map(|named| named.get(index).and_then(serde_json::Value::as_u64))
        {
            Some(Some(flag)) => flag != 0,
            Some(None) => {
                return Err(Error::malformed(
                    model_config.file(),
                    "no_rope_layers has no number for each layer",
                ));
            }
            None => (index + 1) % interval != 0,
        };
        heads.rope = rotates.then_some(0);
    }
    Ok(config)
}
