//! The decoder families: the meaning of each one's hyper-parameters. Reads numbers; of tensors,
//! tables of frequencies and whether one exists.
//!
//! A mechanism that a checkpoint asks for and that is not implemented is refused by name, never
//! left out. A new family is a file with a function that returns its [`DecoderConfig`], and a line
//! in the table below.

mod common;
mod defaults;
mod rope;

use super::config::DecoderConfig;
use crate::checkpoint::Checkpoint;
use crate::error::Result;

/// Reads the hyper-parameters of a family.
type Read = fn(&Checkpoint) -> Result<DecoderConfig>;

macro_rules! families {
    ($(mod $module:ident: $($($name:literal)|+ => $read:ident),+;)*) => {
        $(mod $module;)*

        /// Names in `config.json` and GGUF files, and the function that reads the rest.
        const FAMILIES: &[(&[&str], Read)] = &[$($((&[$($name),+], $module::$read)),+),*];
        /// All names in the table.
        pub(super) const NAMES: &[&str] = &[$($($($name),+),+),*];
    };
}

families! {
    mod llama: "llama" => llama, "mistral" | "mistral3" => mistral;
    mod qwen: "qwen2" => qwen2, "qwen3" => qwen3;
    mod qwen35: "qwen3_5_text" | "qwen3_5" | "qwen35" => qwen35;
    mod gemma: "gemma2" => gemma2, "gemma3_text" | "gemma3" => gemma3;
    mod gemma4: "gemma4_text" | "gemma4" => gemma4;
    mod hunyuan: "hunyuan_v1_dense" | "hunyuan-dense" => hunyuan;
    mod exaone: "exaone4" | "exaone4_5_text" | "exaone4_5" => exaone4;
    mod granite: "granite" => granite, "hyperclovax" => hyperclovax;
    mod smollm: "smollm3" => smollm3;
    mod phi: "phi3" => phi3;
    mod lfm: "lfm2" => lfm2;
}

/// The config of a checkpoint.
pub(super) fn config(checkpoint: &Checkpoint) -> Result<DecoderConfig> {
    let name = checkpoint.config.architecture();
    match FAMILIES.iter().find(|(names, _)| names.contains(&name)) {
        Some((_, read)) => read(checkpoint),
        None => {
            Err(checkpoint.config.unsupported(format!("architecture `{name}`"), NAMES.join(", ")))
        }
    }
}
