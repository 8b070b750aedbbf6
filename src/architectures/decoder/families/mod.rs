//! The decoder families: the meaning of each one's hyper-parameters. Reads numbers, and no tensors
//! but tables of frequencies.
//!
//! A mechanism that a checkpoint asks for and that is not implemented is refused by name, never
//! left out. A new family is a file with a function that returns its [`Config`], and a line in the
//! table below.

mod common;
mod defaults;
mod exaone;
mod gemma;
mod gemma4;
mod granite;
mod hunyuan;
mod lfm;
mod llama;
mod phi;
mod qwen;
mod qwen35;
mod rope;
mod smollm;

use super::config::Config;
use crate::checkpoint::Checkpoint;
use crate::error::Result;

/// Reads the hyper-parameters of a family.
type Read = fn(&Checkpoint) -> Result<Config>;

macro_rules! families {
    ($($($name:literal)|+ => $read:path,)*) => {
        /// Names in `config.json` and GGUF files, and the function that reads the rest.
        const FAMILIES: &[(&[&str], Read)] = &[$((&[$($name),+], $read)),*];
        /// All names in the table.
        pub(super) const NAMES: &[&str] = &[$($($name),+),*];
    };
}

families! {
    "llama" => llama::llama,
    "mistral" | "mistral3" => llama::mistral,
    "qwen2" => qwen::qwen2,
    "qwen3" => qwen::qwen3,
    "qwen3_5_text" | "qwen3_5" | "qwen35" => qwen35::qwen35,
    "gemma2" => gemma::gemma2,
    "gemma3_text" | "gemma3" => gemma::gemma3,
    "gemma4_text" | "gemma4" => gemma4::gemma4,
    "hunyuan_v1_dense" | "hunyuan-dense" => hunyuan::hunyuan,
    "exaone4" | "exaone4_5_text" | "exaone4_5" => exaone::exaone4,
    "granite" => granite::granite,
    "hyperclovax" => granite::hyperclovax,
    "smollm3" => smollm::smollm3,
    "phi3" => phi::phi3,
    "lfm2" => lfm::lfm2,
}

/// The config of a checkpoint.
pub(super) fn config(checkpoint: &Checkpoint) -> Result<Config> {
    let name = checkpoint.config.architecture();
    match FAMILIES.iter().find(|(names, _)| names.contains(&name)) {
        Some((_, read)) => read(checkpoint),
        None => {
            Err(checkpoint.config.unsupported(format!("architecture `{name}`"), NAMES.join(", ")))
        }
    }
}
