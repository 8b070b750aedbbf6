//! What a folder or file asks for that is not done, refused by its name before a network is built:
//! quantized weights of other programs, and adapters.
//!
//! A network without them would be another one, and would not say so.

use std::path::Path;

use super::config::ModelConfig;
use super::gguf::Gguf;
use super::safetensors::Safetensors;
use crate::error::{Error, Result};

/// Files by which adapters are known.
const ADAPTERS: &[&str] = &[
    "adapter_config.json",
    "adapter_model.safetensors",
    "adapter_model.bin",
    "adapters.safetensors",
    "pytorch_lora_weights.safetensors",
];
/// Parts of tensor names that unmerged adapters have.
const ADAPTED: &[&str] = &[
    ".lora_A",
    ".lora_B",
    ".lora_embedding_A",
    ".lora_magnitude_vector",
    ".ia3_l",
    ".base_layer.",
];

/// Where config.json describes quantized weights: Hugging Face's key, an older one of
/// compressed-tensors, and that of MLX.
const KEYS: &[&str] = &["quantization_config", "compression_config", "quantization"];
/// Files that older checkpoints have instead, and what they are of.
const FILES: &[(&str, &str)] = &[
    ("quantize_config.json", "gptq"),
    ("quant_config.json", "awq"),
    ("hf_quant_config.json", "modelopt"),
];
/// Ends of tensor names that quantized layers have in the place of `weight`, or beside it, and what
/// they are of.
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
/// Types of matrices that no float network has.
const TYPES: &[&str] =
    &["F8_E4M3", "F8_E5M2", "F8_E8M0", "F4", "F6_E2M3", "F6_E3M2", "I8", "U8", "I32", "U32"];

const FLOATS: &str = "float weights, or a GGUF file";

/// Refuses a folder with an adapter in it: it would have to be added to the weights.
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

/// Refuses weights that another program quantized, and those that an adapter was not merged into.
pub(super) fn quantized(config: &ModelConfig, folder: &Path, tensors: &Safetensors) -> Result<()> {
    if let Some((name, _)) =
        tensors.names().find(|(name, _)| ADAPTED.iter().any(|part| name.contains(part)))
    {
        let what = format!("an adapter that is not merged (tensor `{name}`)");
        return Err(config.unsupported(what, "weights it was merged into"));
    }
    let layer = |(name, kind): (&str, Option<&str>)| {
        let ends = |(end, _): &&(&str, &str)| {
            // The states of bitsandbytes have more parts behind the word.
            name.ends_with(end) || name.contains(&format!("{end}."))
        };
        let known = LAYERS.iter().find(ends).map(|(_, by)| (*by).to_string());
        let kind = kind.filter(|kind| TYPES.contains(kind) && name.ends_with("weight"));
        known.or_else(|| kind.map(|kind| format!("a method that stores {kind}")))
    };
    let found = tensors.names().find_map(layer);
    let said = KEYS.iter().find_map(|key| Some((*key, method(config.text_or_outer(key)?)?)));
    if let Some((key, method)) = said
        // A setting for training that was left in the config of float weights.
        && (found.is_some() || !method.starts_with("bitsandbytes"))
    {
        return Err(config.unsupported(format!("weights quantized by {method} ({key})"), FLOATS));
    }
    let Some(found) = found else { return Ok(()) };
    let beside = FILES.iter().find(|(name, _)| folder.join(name).exists());
    let what = match beside {
        Some((name, method)) => format!("weights quantized by {method} ({name})"),
        None => format!("weights quantized by {found}"),
    };
    Err(config.unsupported(what, FLOATS))
}

/// How weights were quantized, by what a config says of it; `None` where it says nothing.
fn method(config: &serde_json::Value) -> Option<String> {
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

/// Refuses GGUF files that are no model.
pub(super) fn gguf_type(gguf: &Gguf) -> Result<()> {
    let kind = gguf.text("general.type").unwrap_or("model");
    let known = [
        ("adapter", "an adapter"),
        ("mmproj", "the part of a model that sees pictures"),
        ("imatrix", "statistics for quantizing"),
        ("vocab", "a vocabulary without a network"),
    ];
    match known.iter().find(|(word, _)| *word == kind) {
        Some((_, what)) => Err(Error::Unsupported {
            what: format!("{what} (general.type `{kind}`)"),
            file: gguf.file().path().to_path_buf(),
            supported: "GGUF files of models".into(),
        }),
        None => Ok(()),
    }
}
