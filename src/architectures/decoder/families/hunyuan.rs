//! HunYuan dense, among them Hunyuan-MT and Hy-MT (<https://arxiv.org/abs/2509.05209>).

use super::common::{common, expect_activation};
use super::defaults::Defaults;
use crate::architectures::decoder::config::{DecoderConfig, QueryKeyNorm};
use crate::checkpoint::Checkpoint;
use crate::error::Result;

pub(super) fn hunyuan(checkpoint: &Checkpoint) -> Result<DecoderConfig> {
    let mut config = common(checkpoint, Defaults::default())?;
    expect_activation(&checkpoint.config, &["silu"])?;
    config.attention.norms =
        Some(QueryKeyNorm { after_rotation: true, names: ["query_layernorm", "key_layernorm"] });
    Ok(config)
}
