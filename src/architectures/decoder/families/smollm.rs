//! SmolLM 3: Llama of which every fourth layer is not told positions (<https://arxiv.org/abs/2501.18795>).

use super::llama::with;
use super::{Defaults, MAX_CONTEXT, MAX_LAYERS, flag, sliding_layers};
use crate::architectures::decoder::Config;
use crate::checkpoint::Checkpoint;
use crate::error::{Error, Result};

pub(super) fn smollm3(checkpoint: &Checkpoint) -> Result<Config> {
    let hyper = &checkpoint.hyper;
    let mut config = with(checkpoint, Defaults { tied: true, ..Defaults::default() })?;
    if flag(hyper, "use_sliding_window") {
        let window = hyper.count("sliding_window", "-", MAX_CONTEXT)?;
        let sliding = sliding_layers(hyper, config.layers.len(), |_| true)?;
        config.set_windows(&sliding, window);
    }
    let interval = hyper.count_or("no_rope_layer_interval", "-", MAX_LAYERS, 4)?;
    let named = hyper.list("no_rope_layers", "-");
    for (index, heads) in config.attention_layers() {
        // Called "no rope", and one where there is one.
        let rotates = match named.map(|named| named.get(index).and_then(serde_json::Value::as_u64))
        {
            Some(Some(flag)) => flag != 0,
            Some(None) => {
                return Err(Error::malformed(hyper.file(), "no_rope_layers is not a flag a layer"));
            }
            None => (index + 1) % interval != 0,
        };
        heads.rope = rotates.then_some(0);
    }
    Ok(config)
}
