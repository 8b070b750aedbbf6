//! Tensor names: those of Hugging Face, which the code uses, and those of llama.cpp in GGUF files.
//!
//! Reference: `gguf-py/gguf/tensor_mapping.py` of llama.cpp.

type Table = &'static [(&'static str, &'static str)];

/// Names outside layers.
const OUTSIDE_LAYERS: Table = &[
    ("model.embed_tokens", "token_embd"),
    ("model.embed_tokens_per_layer", "per_layer_token_embd"),
    ("model.per_layer_model_projection", "per_layer_model_proj"),
    ("model.per_layer_projection_norm", "per_layer_proj_norm"),
    ("model.norm", "output_norm"),
    ("model.embedding_norm", "token_embd_norm"),
    ("model.embedding_norm", "output_norm"),
    ("lm_head", "output"),
    ("shared", "token_embd"),
    ("encoder.final_layer_norm", "enc.output_norm"),
    ("decoder.final_layer_norm", "dec.output_norm"),
];

/// Prefixes of layers before the layer number, with the table of the names after it.
const STACKS: &[(&str, &str, Table)] = &[
    ("model.layers.", "blk.", IN_LAYER),
    ("encoder.block.", "enc.blk.", IN_ENCODER),
    ("decoder.block.", "dec.blk.", IN_DECODER),
];

/// Names within `model.layers.N.` and `blk.N.`.
const IN_LAYER: Table = &[
    ("input_layernorm", "attn_norm"),
    ("operator_norm", "attn_norm"),
    ("self_attn.qkv_proj", "attn_qkv"),
    ("self_attn.q_proj", "attn_q"),
    ("self_attn.k_proj", "attn_k"),
    ("self_attn.v_proj", "attn_v"),
    ("self_attn.o_proj", "attn_output"),
    ("self_attn.out_proj", "attn_output"),
    ("self_attn.q_norm", "attn_q_norm"),
    ("self_attn.k_norm", "attn_k_norm"),
    ("self_attn.query_layernorm", "attn_q_norm"),
    ("self_attn.key_layernorm", "attn_k_norm"),
    ("self_attn.q_layernorm", "attn_q_norm"),
    ("self_attn.k_layernorm", "attn_k_norm"),
    ("conv.in_proj", "shortconv.in_proj"),
    ("conv.conv", "shortconv.conv"),
    ("conv.out_proj", "shortconv.out_proj"),
    ("linear_attn.in_proj_qkv", "attn_qkv"),
    ("linear_attn.in_proj_z", "attn_gate"),
    ("linear_attn.in_proj_a", "ssm_alpha"),
    ("linear_attn.in_proj_b", "ssm_beta"),
    ("linear_attn.conv1d", "ssm_conv1d"),
    ("linear_attn.norm", "ssm_norm"),
    ("linear_attn.out_proj", "ssm_out"),
    // Two meanings: after attention in Gemma, before the MLP in Llama and Qwen. Only files of the
    // first kind have the name of the first row, so the first row found is the right one.
    ("post_attention_layernorm", "post_attention_norm"),
    ("post_attention_layernorm", "ffn_norm"),
    ("pre_feedforward_layernorm", "ffn_norm"),
    ("ffn_norm", "ffn_norm"),
    ("post_feedforward_layernorm", "post_ffw_norm"),
    ("mlp.gate_proj", "ffn_gate"),
    ("mlp.up_proj", "ffn_up"),
    ("mlp.gate_up_proj", "ffn_up"),
    ("mlp.down_proj", "ffn_down"),
    ("feed_forward.w1", "ffn_gate"),
    ("feed_forward.w3", "ffn_up"),
    ("feed_forward.w2", "ffn_down"),
    ("per_layer_input_gate", "inp_gate"),
    ("per_layer_projection", "proj"),
    ("post_per_layer_input_norm", "post_norm"),
];

/// Names within `encoder.block.N.` and `enc.blk.N.`: T5's.
const IN_ENCODER: Table = &[
    ("layer.0.layer_norm", "attn_norm"),
    ("layer.0.SelfAttention.q", "attn_q"),
    ("layer.0.SelfAttention.k", "attn_k"),
    ("layer.0.SelfAttention.v", "attn_v"),
    ("layer.0.SelfAttention.o", "attn_o"),
    ("layer.0.SelfAttention.relative_attention_bias", "attn_rel_b"),
    ("layer.1.layer_norm", "ffn_norm"),
    ("layer.1.DenseReluDense.wi", "ffn_up"),
    ("layer.1.DenseReluDense.wi_0", "ffn_gate"),
    ("layer.1.DenseReluDense.wi_1", "ffn_up"),
    ("layer.1.DenseReluDense.wo", "ffn_down"),
];

/// Names within `decoder.block.N.` and `dec.blk.N.`: T5's.
const IN_DECODER: Table = &[
    ("layer.0.layer_norm", "attn_norm"),
    ("layer.0.SelfAttention.q", "attn_q"),
    ("layer.0.SelfAttention.k", "attn_k"),
    ("layer.0.SelfAttention.v", "attn_v"),
    ("layer.0.SelfAttention.o", "attn_o"),
    ("layer.0.SelfAttention.relative_attention_bias", "attn_rel_b"),
    ("layer.1.layer_norm", "cross_attn_norm"),
    ("layer.1.EncDecAttention.q", "cross_attn_q"),
    ("layer.1.EncDecAttention.k", "cross_attn_k"),
    ("layer.1.EncDecAttention.v", "cross_attn_v"),
    ("layer.1.EncDecAttention.o", "cross_attn_o"),
    ("layer.2.layer_norm", "ffn_norm"),
    ("layer.2.DenseReluDense.wi", "ffn_up"),
    ("layer.2.DenseReluDense.wi_0", "ffn_gate"),
    ("layer.2.DenseReluDense.wi_1", "ffn_up"),
    ("layer.2.DenseReluDense.wo", "ffn_down"),
];

/// Names within layers of tensors that are neither a weight nor a bias.
const WITHOUT_SUFFIX: Table = &[
    ("linear_attn.A_log", "ssm_a"),
    ("linear_attn.dt_bias", "ssm_dt.bias"),
    ("layer_scalar", "layer_output_scale.weight"),
];

/// Prefixes of the text network and of its output matrix in multimodal checkpoints, as saved and as
/// in memory, and in checkpoints of the text network alone. The most common last.
const TEXT_PREFIXES: &[(&str, &str)] = &[
    ("language_model.model.", "language_model.lm_head."),
    // The inner network alone, without its head.
    ("", "lm_head."),
    ("model.language_model.", "lm_head."),
    ("model.", "lm_head."),
];

/// Prefixes of the other parts of multimodal checkpoints, and of layers that draft tokens.
const OTHER_PARTS: &[&str] = &[
    "audio_tower.",
    "embed_audio.",
    "embed_vision.",
    "mtp.",
    "multi_modal_projector.",
    "vision_tower.",
    "visual.",
];

/// True if a tensor of a folder belongs to the text network, judging by its name.
pub(super) fn is_text(name: &str) -> bool {
    let name = name.strip_prefix("model.").unwrap_or(name);
    !OTHER_PARTS.iter().any(|part| name.starts_with(part))
}

/// The possible names of `model.layers.3.…` in a folder, the most common first.
pub(super) fn in_folder(name: &str) -> impl Iterator<Item = String> + '_ {
    TEXT_PREFIXES.iter().rev().filter_map(move |(model, head)| {
        let part = name.strip_prefix("model.").map(|rest| (*model, rest));
        let (prefix, rest) = part.or_else(|| Some((*head, name.strip_prefix("lm_head.")?)))?;
        Some(format!("{prefix}{rest}"))
    })
}

/// The possible names of `model.layers.3.self_attn.q_proj.weight` in a GGUF file
/// (`blk.3.attn_q.weight`), most likely first. A name in no table is unchanged.
pub(super) fn in_gguf(name: &str) -> Vec<String> {
    let in_layer = |name: &str| {
        STACKS.iter().find_map(|(hugging, gguf, table)| {
            let (layer, path) = name.strip_prefix(hugging)?.split_once('.')?;
            Some((*table, format!("{gguf}{layer}."), path.to_string()))
        })
    };
    if let Some((_, prefix, path)) = in_layer(name)
        && let Some((_, gguf)) = WITHOUT_SUFFIX.iter().find(|(hugging, _)| *hugging == path)
    {
        return vec![format!("{prefix}{gguf}")];
    }
    let (path, kind) = name.rsplit_once('.').unwrap_or((name, ""));
    let (table, prefix, path) =
        in_layer(path).unwrap_or((OUTSIDE_LAYERS, String::new(), path.to_string()));
    let mut names: Vec<String> = table
        .iter()
        .filter(|(hugging, _)| *hugging == path)
        .map(|(_, gguf)| format!("{prefix}{gguf}.{kind}"))
        .collect();
    if names.is_empty() {
        names.push(name.to_string());
    }
    names
}

#[cfg(test)]
mod tests {
    use super::{in_folder, in_gguf};

    #[test]
    fn the_text_network_of_a_multimodal_checkpoint_has_longer_names() {
        let names: Vec<String> = in_folder("model.norm.weight").collect();
        assert_eq!(
            names,
            [
                "model.norm.weight",
                "model.language_model.norm.weight",
                "norm.weight",
                "language_model.model.norm.weight"
            ]
        );
        let names: Vec<String> = in_folder("lm_head.weight").collect();
        assert_eq!(names.last().unwrap(), "language_model.lm_head.weight");
    }

    #[test]
    fn names_are_translated_within_and_outside_layers() {
        assert_eq!(in_gguf("model.layers.12.self_attn.q_proj.bias"), ["blk.12.attn_q.bias"]);
        assert_eq!(in_gguf("model.embed_tokens.weight"), ["token_embd.weight"]);
        assert_eq!(
            in_gguf("model.layers.0.post_attention_layernorm.weight"),
            ["blk.0.post_attention_norm.weight", "blk.0.ffn_norm.weight"]
        );
        assert_eq!(in_gguf("something.else"), ["something.else"]);
        assert_eq!(in_gguf("model.layers.0.linear_attn.A_log"), ["blk.0.ssm_a"]);
        // The sublayer after attention differs between the stacks.
        assert_eq!(
            in_gguf("encoder.block.7.layer.1.layer_norm.weight"),
            ["enc.blk.7.ffn_norm.weight"]
        );
        assert_eq!(
            in_gguf("decoder.block.7.layer.1.layer_norm.weight"),
            ["dec.blk.7.cross_attn_norm.weight"]
        );
        assert_eq!(in_gguf("decoder.final_layer_norm.weight"), ["dec.output_norm.weight"]);
        assert_eq!(in_gguf("shared.weight"), ["token_embd.weight"]);
    }
}
