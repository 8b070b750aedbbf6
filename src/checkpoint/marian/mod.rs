//! Marian's own files: the small translators of Firefox, Bergamot and translateLocally.
//!
//! A folder has weights in Marian's binary container (`model.enko.intgemm.alphas.bin`) or archive
//! (`.npz`), which also holds the options of the network, one or two SentencePiece vocabularies
//! (`.spm`; OPUS-MT has a list of their pieces, `.yml`, beside `source.spm` and `target.spm`),
//! perhaps a lexical shortlist (`lex.…bin`) and a `config.yml` that names the files. All may be
//! compressed (`.gz`, `.zst`), as they are published.
//!
//! Knows files and the names in them; knows no network.

mod container;
mod folder;
mod item;
mod names;
mod npz;
mod options;

pub(super) use self::container::{MarianWeights, parse};
pub(super) use self::folder::MarianFolder;
pub(super) use self::options::{EOS, MODEL_TYPE};
