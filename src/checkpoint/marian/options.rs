//! The options of a network in its container (`special:model.yml`), as the hyper-parameters that
//! Hugging Face's Marian has in `config.json`. An option that would change the arithmetic and is
//! not supported is refused by name.

use std::path::Path;

use serde_json::{Value as Json, json};

use crate::checkpoint::flat_yaml::FlatYaml;
use crate::error::{Error, Result};

/// Name of the options' item.
pub(super) const ITEM: &str = "special:model.yml";
/// `model_type` of these networks.
pub(in crate::checkpoint) const MODEL_TYPE: &str = "marian-student";
/// `</s>` in Marian's vocabularies. The first step begins with it, and has no embedding.
pub(in crate::checkpoint) const EOS: u32 = 0;
/// Longest input and output in tokens: Firefox breaks sentences at 128, and Marian has no limit.
const CONTEXT: usize = 512;
/// Limit of the beams that a file can ask for; published settings have 6 and 12.
const MAX_BEAMS: u32 = 32;

/// Options with the only supported value, where they are set.
const REQUIRED: &[(&str, &[&str])] = &[
    ("type", &["transformer"]),
    ("transformer-preprocess", &[""]),
    ("transformer-postprocess", &["dan", "da n", "an"]),
    ("transformer-postprocess-emb", &["", "d"]),
    ("transformer-postprocess-top", &[""]),
    ("transformer-decoder-autoreg", &["rnn", "self-attention"]),
    ("dec-cell", &["ssru", "gru"]),
    ("transformer-no-projection", &["false"]),
    ("transformer-rnn-projection", &["false"]),
    ("transformer-train-position-embeddings", &["false"]),
    ("transformer-ffn-depth", &["2"]),
    ("transformer-decoder-ffn-depth", &["0", "2"]),
    ("transformer-tied-layers", &[""]),
    ("lemma-dim-emb", &["0"]),
    ("output-omit-bias", &["false"]),
    ("ulr", &["false"]),
];

/// The keys of `config.json` for the options of a container. `beams` are those of the settings.
pub(super) fn config(path: &Path, options: &str, beams: u32) -> Result<Json> {
    let options = FlatYaml::parse(options);
    let unsupported = |key: &str, value: &str, supported: String| Error::Unsupported {
        what: format!("{key} `{value}`"),
        file: path.to_path_buf(),
        supported,
    };
    for (key, supported) in REQUIRED {
        if let Some(value) = options.text(key)
            && !supported.contains(&value)
        {
            return Err(unsupported(key, value, supported.join(", ")));
        }
    }
    let is_recurrent = options.text("transformer-decoder-autoreg") == Some("rnn");
    if is_recurrent && options.text("dec-cell") != Some("ssru") {
        let cell = options.text("dec-cell").unwrap_or_default();
        return Err(unsupported("dec-cell", cell, "ssru".into()));
    }
    let number = |key: &str| {
        let value = options.text(key);
        let number = value.and_then(|value| value.parse::<u32>().ok());
        number.ok_or_else(|| {
            let value = value.unwrap_or("missing");
            Error::malformed(path, format!("the option {key} is {value}, not a number"))
        })
    };
    let feed_forward = number("transformer-dim-ffn")?;
    let decoder_feed_forward = match options.text("transformer-decoder-dim-ffn") {
        None | Some("0") => feed_forward,
        Some(_) => number("transformer-decoder-dim-ffn")?,
    };
    let decoder_layers = number("dec-depth")?;
    let alignment_layer = match options.text("transformer-guided-alignment-layer") {
        None | Some("last") => decoder_layers,
        Some(_) => number("transformer-guided-alignment-layer")?,
    };
    if !(1..=decoder_layers).contains(&alignment_layer) {
        let reason = format!("it aligns by decoder layer {alignment_layer} of {decoder_layers}");
        return Err(Error::malformed(path, reason));
    }
    let heads = number("transformer-heads")?;
    let activation = options.text("transformer-ffn-activation").unwrap_or("relu");
    Ok(json!({
        "model_type": MODEL_TYPE,
        "d_model": number("dim-emb")?,
        "encoder_layers": number("enc-depth")?,
        "encoder_attention_heads": heads,
        "encoder_ffn_dim": feed_forward,
        "decoder_layers": decoder_layers,
        "decoder_attention_heads": heads,
        "decoder_ffn_dim": decoder_feed_forward,
        "activation_function": activation,
        "max_position_embeddings": CONTEXT,
        "recurrent_decoder": is_recurrent,
        "alignment_layer": alignment_layer - 1,
        "share_encoder_decoder_embeddings": false,
        "decoder_start_token_id": EOS,
        "eos_token_id": EOS,
        "num_beams": beams.clamp(1, MAX_BEAMS),
    }))
}
