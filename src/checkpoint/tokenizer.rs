//! Text to token ids and back. This folder alone uses the `tokenizers` crate.
//!
//! *Template* text may contain control tokens; *user* text cannot: `<|im_end|>` in an article is
//! encoded as characters. Therefore the crate is set to ignore control tokens, and template text
//! is cut at them here (`codec.rs`). The text between two control tokens is encoded as a whole,
//! whatever parts it consists of: the first word of an article may share a token with the blank
//! before it, as in the texts that a model was trained on.
//!
//! Sources: SentencePiece files for the families that are published with them, `tokenizer.json`,
//! `vocab.json` with `merges.txt`, or the metadata of a GGUF file.

mod added;
mod codec;
mod gguf_vocabulary;
mod growth;
mod json;
mod library;
mod open;
mod spans;
mod stream;

pub use self::codec::Tokenizer;
pub use self::stream::DecodeStream;
