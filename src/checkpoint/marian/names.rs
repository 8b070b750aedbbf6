//! Names of tensors: those of Hugging Face's Marian, which the code uses, and Marian's own.

/// Names within a layer before their suffix, as (Hugging Face, weight, bias). A stack's prefix and
/// `lN_` stand before Marian's.
const IN_LAYER: &[(&str, &str, &str)] = &[
    ("self_attn.q_proj", "self_Wq", "self_bq"),
    ("self_attn.k_proj", "self_Wk", "self_bk"),
    ("self_attn.v_proj", "self_Wv", "self_bv"),
    ("self_attn.out_proj", "self_Wo", "self_bo"),
    ("self_attn_layer_norm", "self_Wo_ln_scale", "self_Wo_ln_bias"),
    // Simple recurrent units in place of the decoder's self-attention.
    ("self_attn.candidate", "rnn_W", ""),
    ("self_attn.forget_gate", "rnn_Wf", "rnn_bf"),
    ("self_attn_layer_norm", "rnn_ffn_ln_scale", "rnn_ffn_ln_bias"),
    ("encoder_attn.q_proj", "context_Wq", "context_bq"),
    ("encoder_attn.k_proj", "context_Wk", "context_bk"),
    ("encoder_attn.v_proj", "context_Wv", "context_bv"),
    ("encoder_attn.out_proj", "context_Wo", "context_bo"),
    ("encoder_attn_layer_norm", "context_Wo_ln_scale", "context_Wo_ln_bias"),
    ("fc1", "ffn_W1", "ffn_b1"),
    ("fc2", "ffn_W2", "ffn_b2"),
    ("final_layer_norm", "ffn_ffn_ln_scale", "ffn_ffn_ln_bias"),
];

/// Names outside layers. A table of one stack counts before the shared one.
const OUTSIDE_LAYERS: &[(&str, &str)] = &[
    ("model.encoder.embed_tokens.weight", "encoder_Wemb"),
    ("model.decoder.embed_tokens.weight", "decoder_Wemb"),
    ("model.encoder.embed_tokens.weight", "Wemb"),
    ("model.decoder.embed_tokens.weight", "Wemb"),
    ("model.shared.weight", "Wemb"),
    ("lm_head.weight", "decoder_ff_logit_out_W"),
    ("final_logits_bias", "decoder_ff_logit_out_b"),
];

/// Marian's possible names of a tensor by its Hugging Face name.
pub(super) fn in_container(name: &str) -> impl Iterator<Item = String> {
    let outside = OUTSIDE_LAYERS.iter().filter(move |(ours, _)| *ours == name);
    let outside = outside.map(|(_, marian)| (*marian).to_string());
    let layers = ["encoder", "decoder"].into_iter().filter_map(move |stack| {
        let rest = name.strip_prefix("model.")?.strip_prefix(stack)?.strip_prefix(".layers.")?;
        let (index, rest) = rest.split_once('.')?;
        Some((stack, index.parse::<usize>().ok()?.checked_add(1)?, rest))
    });
    let layers = layers.flat_map(|(stack, number, rest)| {
        IN_LAYER.iter().filter_map(move |(ours, weight, bias)| {
            let marian = match rest.strip_prefix(ours)? {
                ".weight" => weight,
                ".bias" if !bias.is_empty() => bias,
                _ => return None,
            };
            Some(format!("{stack}_l{number}_{marian}"))
        })
    });
    outside.chain(layers)
}

/// True for a table with a row for each token.
pub(super) fn is_table(name: &str) -> bool {
    matches!(name, "Wemb" | "encoder_Wemb" | "decoder_Wemb")
}

/// True for a weight: not for the options, nor for the factors from activations to int8, which a
/// static quantization would need.
pub(super) fn is_weight(name: &str) -> bool {
    !name.starts_with("special:") && !name.ends_with("_QuantMultA")
}
