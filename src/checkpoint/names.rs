//! The two spellings of tensor names: Hugging Face's, which the code uses, and llama.cpp's, which GGUF files use.
//!
//! Source: `gguf-py/gguf/tensor_mapping.py` of llama.cpp.

/// Names outside layers.
const WHOLE: &[(&str, &str)] = &[
    ("model.embed_tokens", "token_embd"),
    ("model.norm", "output_norm"),
    ("lm_head", "output"),
    ("rope_freqs", "rope_freqs"),
];

/// Names within `model.layers.N.` and `blk.N.`.
const IN_LAYER: &[(&str, &str)] = &[
    ("input_layernorm", "attn_norm"),
    ("self_attn.q_proj", "attn_q"),
    ("self_attn.k_proj", "attn_k"),
    ("self_attn.v_proj", "attn_v"),
    ("self_attn.o_proj", "attn_output"),
    ("self_attn.q_norm", "attn_q_norm"),
    ("self_attn.k_norm", "attn_k_norm"),
    ("self_attn.query_layernorm", "attn_q_norm"),
    ("self_attn.key_layernorm", "attn_k_norm"),
    // Two meanings: after attention in Gemma, before the MLP in Llama and Qwen. A file has the first row's name only in the first
    // case, so that the first row that is there is the right one.
    ("post_attention_layernorm", "post_attention_norm"),
    ("post_attention_layernorm", "ffn_norm"),
    ("pre_feedforward_layernorm", "ffn_norm"),
    ("post_feedforward_layernorm", "post_ffw_norm"),
    ("mlp.gate_proj", "ffn_gate"),
    ("mlp.up_proj", "ffn_up"),
    ("mlp.down_proj", "ffn_down"),
];

/// What `model.layers.3.self_attn.q_proj.weight` may be called (`blk.3.attn_q.weight`), likeliest first; a name that is in no table
/// stays as it is.
pub(super) fn in_gguf(name: &str) -> Vec<String> {
    let (path, kind) = name.rsplit_once('.').unwrap_or((name, ""));
    let in_layer = path.strip_prefix("model.layers.").and_then(|rest| rest.split_once('.'));
    let (table, prefix, path) = match in_layer {
        Some((layer, path)) => (IN_LAYER, format!("blk.{layer}."), path),
        None => (WHOLE, String::new(), path),
    };
    let known = table.iter().filter(|(hugging, _)| *hugging == path);
    let mut names: Vec<String> = known.map(|(_, gguf)| format!("{prefix}{gguf}.{kind}")).collect();
    if names.is_empty() {
        names.push(name.to_string());
    }
    names
}

#[cfg(test)]
mod tests {
    use super::in_gguf;

    #[test]
    fn names_are_translated_within_and_outside_layers() {
        assert_eq!(in_gguf("model.layers.12.self_attn.q_proj.bias"), ["blk.12.attn_q.bias"]);
        assert_eq!(in_gguf("model.embed_tokens.weight"), ["token_embd.weight"]);
        assert_eq!(
            in_gguf("model.layers.0.post_attention_layernorm.weight"),
            ["blk.0.post_attention_norm.weight", "blk.0.ffn_norm.weight"]
        );
        assert_eq!(in_gguf("something.else"), ["something.else"]);
    }
}
