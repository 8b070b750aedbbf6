//! Sampling defaults recommended by a checkpoint.

use serde_json::Value as Json;

use crate::checkpoint::gguf::Gguf;

/// Sampling defaults of a checkpoint, by the names of `generation_config.json`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SamplingDefaults {
    /// Softmax temperature.
    pub temperature: Option<f64>,
    /// Number of most likely tokens to keep.
    pub top_k: Option<usize>,
    /// Cumulative probability of the most likely tokens to keep.
    pub top_p: Option<f64>,
    /// Least probability of a token to keep, relative to the most likely one.
    pub min_p: Option<f64>,
    /// Cumulative probability to keep of the tokens closest to the expected information content
    /// (locally typical sampling).
    pub typical_p: Option<f64>,
    /// Divisor of the logits of tokens that have occurred.
    pub repetition_penalty: Option<f64>,
    /// Names of settings that change sampling and are not supported.
    pub unsupported: Vec<String>,
}

/// Keys of `generation_config.json` that change sampling and are not supported, and the values with
/// which they change nothing.
const UNSUPPORTED: &[(&str, &[f64])] = &[
    ("diversity_penalty", &[0.0]),
    ("dola_layers", &[]),
    ("encoder_repetition_penalty", &[1.0]),
    ("epsilon_cutoff", &[0.0]),
    ("eta_cutoff", &[0.0]),
    ("exponential_decay_length_penalty", &[]),
    ("guidance_scale", &[1.0]),
    ("num_beam_groups", &[1.0]),
    ("penalty_alpha", &[0.0]),
    ("sequence_bias", &[]),
    ("top_h", &[1.0]),
    ("watermarking_config", &[]),
];
/// The same for GGUF keys with the prefix `general.sampling.`. A `penalty_last_n` of -1 looks at
/// the whole text, as ours does.
const UNSUPPORTED_GGUF: &[(&str, &[f64])] =
    &[("mirostat", &[0.0]), ("penalty_last_n", &[0.0, -1.0, 64.0]), ("xtc_probability", &[0.0])];

impl SamplingDefaults {
    /// Reads `generation_config.json`.
    pub(super) fn of_folder(config: &Json) -> Self {
        let number = |key: &str| config.get(key).and_then(Json::as_f64);
        let changes = |(key, neutral): &&(&str, &[f64])| match config.get(key) {
            None | Some(Json::Null | Json::Bool(false)) => false,
            Some(value) => !value.as_f64().is_some_and(|value| neutral.contains(&value)),
        };
        Self {
            temperature: number("temperature"),
            top_k: config.get("top_k").and_then(Json::as_u64).map(|k| k as usize),
            top_p: number("top_p"),
            min_p: number("min_p"),
            typical_p: number("typical_p"),
            repetition_penalty: number("repetition_penalty"),
            unsupported: UNSUPPORTED
                .iter()
                .filter(changes)
                .map(|(key, _)| key.to_string())
                .collect(),
        }
    }

    /// Reads the metadata of a GGUF file, which llama.cpp's converter copies from
    /// `generation_config.json`.
    pub(super) fn of_gguf(gguf: &Gguf) -> Self {
        let number = |key: &str| gguf.float(&format!("general.sampling.{key}"));
        let changes = |(key, neutral): &&(&str, &[f64])| {
            number(key).is_some_and(|value| !neutral.contains(&value))
        };
        Self {
            temperature: number("temp"),
            top_k: gguf.number("general.sampling.top_k").map(|k| k as usize),
            top_p: number("top_p"),
            min_p: number("min_p"),
            typical_p: number("typical_p").or_else(|| number("typ_p")),
            repetition_penalty: number("penalty_repeat"),
            unsupported: UNSUPPORTED_GGUF
                .iter()
                .filter(changes)
                .map(|(key, _)| key.to_string())
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn defaults_are_read_and_unsupported_settings_are_named() {
        let defaults = SamplingDefaults::of_folder(&json!({
            "temperature": 0.7, "top_p": 0.6, "top_k": 20, "min_p": 0.05, "typical_p": 0.9, "repetition_penalty": 1.05,
            "epsilon_cutoff": 0.0, "eta_cutoff": 0.002, "guidance_scale": null, "penalty_alpha": 0.6
        }));
        let wanted = SamplingDefaults {
            temperature: Some(0.7),
            top_k: Some(20),
            top_p: Some(0.6),
            min_p: Some(0.05),
            typical_p: Some(0.9),
            repetition_penalty: Some(1.05),
            unsupported: ["eta_cutoff", "penalty_alpha"].map(String::from).to_vec(),
        };
        assert_eq!(defaults, wanted);
        assert_eq!(SamplingDefaults::of_folder(&Json::Null), SamplingDefaults::default());
    }
}
