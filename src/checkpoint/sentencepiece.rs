//! SentencePiece models, for the families that are published with nothing else (`source.spm`,
//! `spiece.model`, `sentencepiece.bpe.model`).
//!
//! A model file has pieces and rules, but not the ids a network was trained with. [`FAMILIES`] says
//! for each family where the ids come from, which special tokens there are, and what stands around
//! a text. The ids are those of transformers' tokenizers on the SentencePiece library
//! (`tokenization_*.py` of version 4; version 5 rebuilds some of them on `tokenizers`, with other
//! ids for some texts), with one difference: user text never becomes a special token. `</s>`,
//! `>>kor<<` and `<2ko>` in an article are characters.
//!
//! Files are foreign and checked. `families.rs` has the table, `codes.rs` its languages, `model.rs`
//! the format, `charsmap.rs` normalization, `segment.rs` the algorithms, `vocabulary.rs` the ids.
//! Knows no network, and of a language only its code.
//!
//! [`FAMILIES`]: families::FAMILIES

mod charsmap;
mod codec;
mod codes;
mod families;
mod files;
mod model;
mod output;
mod segment;
mod special;
mod unigram;
mod vocabulary;

pub(super) use self::charsmap::growth_by_charsmap;
pub(super) use self::codec::{SentencePiece, try_out};
pub(super) use self::families::Family;
pub(super) use self::files::read_vocabulary;
pub use self::special::EncoderTemplate;
pub(super) use self::special::{SpecialToken, unknown_language};
pub use self::unigram::Unigram;

#[cfg(test)]
mod tests {
    use super::model::tests::{field, piece, small, trainer, varint};
    use super::*;

    /// A model with byte fallback and pieces of every type.
    fn full(algorithm: u64) -> Vec<u8> {
        let bytes = (0..256)
            .map(|byte| piece(&format!("<0x{byte:02X}>"), 0.0, 6))
            .collect::<Vec<_>>()
            .concat();
        let more =
            [piece("ab", -3.0, 1), piece("7.5", 0.0, 4), piece("b", -4.0, 1), piece("m ", -9.0, 5)];
        [small(), bytes, more.concat(), trainer(3, algorithm), trainer(35, 1)].concat()
    }

    #[test]
    fn whole_models_are_usable() {
        assert!(try_out(&small()));
        assert!(try_out(&full(1)) && try_out(&full(2)));
    }

    #[test]
    fn wrong_bytes_are_refused_or_harmless() {
        for (whole, step) in [(small(), 1), (full(1), 13), (full(2), 17)] {
            for length in (0..whole.len()).step_by(step) {
                try_out(&whole[..length]);
            }
            for at in (0..whole.len()).step_by(step) {
                for change in [1, 2, 4, 8, 0x80, 0xff] {
                    let mut bytes = whole.clone();
                    bytes[at] ^= change;
                    try_out(&bytes);
                }
            }
        }
    }

    #[test]
    fn lengths_and_charsmaps_that_cannot_be_are_refused() {
        let huge = [varint(1 << 3 | 2), varint(1 << 40), small()].concat();
        assert!(!try_out(&[small(), huge].concat()));
        for charsmap in [&b"\xff\xff\xff\xff0000"[..], b"123", b"\x02\0\0\0ab"] {
            let spec = field(3, 2, &field(2, 2, charsmap));
            assert!(!try_out(&[small(), spec].concat()), "{charsmap:?}");
        }
        assert!(!try_out(&piece("<unk>", 0.0, 2)), "a model without an end");
    }
}
