//! Refuses unsupported features of a folder or file before a network is built: adapters, weights
//! quantized by other programs, GGUF files of other types.
//!
//! Without this check they would be ignored, and the results would be wrong without a sign.

use std::path::Path;

use super::config::ModelConfig;
use super::gguf::Gguf;
use super::safetensors::Safetensors;
use crate::error::{Error, Result};

/// Files of adapters.
const ADAPTERS: &[&str] = &[
    "adapter_config.json",
    "adapter_model.safetensors",
    "adapter_model.bin",
    "adapters.safetensors",
    "pytorch_lora_weights.safetensors",
];
/// Parts of the names of tensors of unmerged adapters.
const ADAPTER_TENSORS: &[&str] = &[
    ".lora_A",
    ".lora_B",
    ".lora_embedding_A",
    ".lora_magnitude_vector",
    ".ia3_l",
    ".base_layer.",
];

/// Keys of config.json that describe quantized weights: that of Hugging Face, an older one of
/// compressed-tensors, and that of MLX.
const KEYS: &[&str] = &["quantization_config", "compression_config", "quantization"];
/// Files that older checkpoints have instead, with the method.
const FILES: &[(&str, &str)] = &[
    ("quantize_config.json", "gptq"),
    ("quant_config.json", "awq"),
    ("hf_quant_config.json", "modelopt"),
];
/// Suffixes of tensors that quantized layers have instead of `weight` or next to it, with the
/// method.
const LAYERS: &[(&str, &str)] = &[
    (".qweight", "gptq or awq"),
    (".qzeros", "gptq or awq"),
    (".weight_packed", "compressed-tensors"),
    (".weight_scale", "compressed-tensors or fp8"),
    (".weight_scale_inv", "fp8"),
    (".weight_quant_state", "bitsandbytes"),
    (".absmax", "bitsandbytes"),
    (".quant_map", "bitsandbytes"),
    (".SCB", "bitsandbytes"),
    (".Wf", "hqq"),
    (".W_q", "hqq"),
    (".codebooks", "aqlm"),
    (".weight_blocks", "mxfp4"),
    ("_proj_blocks", "mxfp4"),
    ("_proj.scales", "gptq, awq or mlx"),
];
/// Types of matrices that float networks do not have.
const TYPES: &[&str] =
    &["F8_E4M3", "F8_E5M2", "F8_E8M0", "F4", "F6_E2M3", "F6_E3M2", "I8", "U8", "I32", "U32"];

const FLOATS: &str = "float weights, or a GGUF file";

/// Refuses a folder with an adapter, which would have to be added to the weights.
pub(super) fn adapters(folder: &Path) -> Result<()> {
    match ADAPTERS.iter().find(|name| folder.join(name).exists()) {
        Some(name) => Err(Error::Unsupported {
            what: format!("an adapter ({name})"),
            file: folder.to_path_buf(),
            supported:
                "weights it was merged into; without the file the weights are used as they are"
                    .into(),
        }),
        None => Ok(()),
    }
}

/// Refuses weights quantized by another program, and tensors of an unmerged adapter.
pub(super) fn quantized(config: &ModelConfig, folder: &Path, tensors: &Safetensors) -> Result<()> {
    if let Some((name, _)) =
        tensors.names().find(|(name, _)| ADAPTER_TENSORS.iter().any(|part| name.contains(part)))
    {
        let what = format!("an adapter that is not merged (tensor `{name}`)");
        return Err(config.unsupported(what, "weights it was merged into"));
    }
    let by_layers = tensors.names().find_map(|(name, kind)| method_of_tensor(name, kind));
    let by_config =
        KEYS.iter().find_map(|key| Some((key, method_of_config(config.text_or_outer(key)?)?)));
    if let Some((key, method)) = by_config
        // For bitsandbytes it may be a setting for training, left in the config of float weights.
        && (by_layers.is_some() || !method.starts_with("bitsandbytes"))
    {
        return Err(config.unsupported(format!("weights quantized by {method} ({key})"), FLOATS));
    }
    let Some(method) = by_layers else { return Ok(()) };
    let what = match FILES.iter().find(|(name, _)| folder.join(name).exists()) {
        Some((file, method)) => format!("weights quantized by {method} ({file})"),
        None => format!("weights quantized by {method}"),
    };
    Err(config.unsupported(what, FLOATS))
}

/// The method of quantization by the name and type of a tensor; `None` for a float tensor.
fn method_of_tensor(name: &str, kind: Option<&str>) -> Option<String> {
    // The names of bitsandbytes go on after the suffix.
    let has = |suffix: &str| name.ends_with(suffix) || name.contains(&format!("{suffix}."));
    if let Some((_, method)) = LAYERS.iter().find(|(suffix, _)| has(suffix)) {
        return Some((*method).to_string());
    }
    let kind = kind.filter(|kind| TYPES.contains(kind) && name.ends_with("weight"))?;
    Some(format!("a method that stores {kind}"))
}

/// The method that a config names; `None` for an empty config.
fn method_of_config(config: &serde_json::Value) -> Option<String> {
    let object = config.as_object().filter(|object| !object.is_empty())?;
    let word = |key: &str| object.get(key).and_then(|value| value.as_str());
    let named = word("quant_method").or_else(|| word("quant_type")).or_else(|| word("quant_algo"));
    let format = word("format").map(|format| format!(", {format}")).unwrap_or_default();
    let bits = object.get("bits").and_then(|bits| bits.as_u64());
    Some(match (named, bits) {
        (Some(name), _) => format!("{name}{format}"),
        (None, _) if object.keys().any(|key| key.starts_with("load_in_")) => {
            "bitsandbytes".to_string()
        }
        (None, Some(bits)) => format!("mlx, {bits} bits"),
        (None, None) => format!("a method it does not name{format}"),
    })
}

/// Refuses GGUF files that are not models.
pub(super) fn gguf_type(gguf: &Gguf) -> Result<()> {
    let kind = gguf.text("general.type").unwrap_or("model");
    let types = [
        ("adapter", "an adapter"),
        ("mmproj", "the vision part of a model"),
        ("imatrix", "statistics for quantizing"),
        ("vocab", "a vocabulary without a network"),
    ];
    match types.iter().find(|(word, _)| *word == kind) {
        Some((_, what)) => Err(Error::Unsupported {
            what: format!("{what} (general.type `{kind}`)"),
            file: gguf.file().path().to_path_buf(),
            supported: "GGUF files of models".into(),
        }),
        None => Ok(()),
    }
}
