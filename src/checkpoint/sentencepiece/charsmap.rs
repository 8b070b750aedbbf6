//! Normalization of text before segmentation: replacement of characters, treatment of blanks.
//!
//! A charsmap maps sequences of characters to texts (full-width letters to plain ones, jamo to
//! syllables, line ends to blanks). Format: four bytes of length, a double array of 32-bit units as
//! Darts-clone writes it, and the texts, each ended by a zero byte. At every place the longest
//! sequence in the array counts. The normalizer `Precompiled` of the `tokenizers` crate is not used
//! because it works on graphemes and leaves decomposed jamo as they are, which gives other ids than
//! those of the training. Foreign like the rest of the file: every step through the array is
//! checked.

use super::model::Normalization;

/// The form of a blank in pieces.
pub(super) const BLANK: char = '▁';

/// Maximum length of a sequence in bytes; those of Unicode are below forty. An array may contain
/// cycles.
const MAX_SEQUENCE: usize = 128;
/// Maximum length of a replacement in bytes; those of Unicode are below forty.
const MAX_REPLACEMENT: usize = 256;

/// Maximum bytes that a `precompiled_charsmap` makes of one byte.
pub(in crate::checkpoint) fn growth_by_charsmap(bytes: &[u8]) -> Result<f64, String> {
    Charsmap::parse(bytes).map(|map| map.growth())
}

/// The charsmap of a model.
#[derive(Debug, Default)]
pub(super) struct Charsmap {
    units: Vec<u32>,
    texts: String,
}

impl Charsmap {
    /// Reads the bytes of `precompiled_charsmap`. No bytes are an empty map.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let Some((length, rest)) = bytes.split_first_chunk::<4>() else {
            return if bytes.is_empty() {
                Ok(Self::default())
            } else {
                Err("its charsmap is cut short".into())
            };
        };
        let length = u32::from_le_bytes(*length) as usize;
        if length > rest.len() || !length.is_multiple_of(4) {
            return Err(format!("its charsmap has {} bytes, {length} of them units", rest.len()));
        }
        let (units, texts) = rest.split_at(length);
        let units = units
            .chunks_exact(4)
            .map(|unit| u32::from_le_bytes([unit[0], unit[1], unit[2], unit[3]]));
        let texts =
            std::str::from_utf8(texts).map_err(|e| format!("its charsmap is not UTF-8: {e}"))?;
        if texts.split('\0').any(|text| text.len() > MAX_REPLACEMENT) {
            return Err("its charsmap makes long texts of single characters".into());
        }
        Ok(Self { units: units.collect(), texts: texts.to_string() })
    }

    /// Maximum bytes of a replacement for each byte of its sequence.
    pub fn growth(&self) -> f64 {
        let mut most = 1.0f64;
        let mut seen = vec![false; self.units.len()];
        let mut nodes: Vec<u32> =
            self.units.first().map(|root| offset(*root)).into_iter().collect();
        // Breadth first, so that every node is reached by its shortest sequence.
        for length in 1..=MAX_SEQUENCE {
            let mut deeper = Vec::new();
            for (node, byte) in
                nodes.iter().flat_map(|node| (0..=255u32).map(move |byte| (node, byte)))
            {
                let index = node ^ byte;
                let Some(unit) =
                    self.units.get(index as usize).filter(|unit| *unit & (1 << 31 | 0xff) == byte)
                else {
                    continue;
                };
                if std::mem::replace(&mut seen[index as usize], true) {
                    continue;
                }
                let child = index ^ offset(*unit);
                let value = self.units.get(child as usize).filter(|_| unit >> 8 & 1 == 1);
                let text = value.and_then(|value| self.texts.get((value & !(1 << 31)) as usize..));
                let text = text.and_then(|text| text.split('\0').next()).unwrap_or_default();
                most = most.max(text.len() as f64 / length as f64);
                deeper.push(child);
            }
            nodes = deeper;
        }
        most
    }

    /// The length of the longest sequence that a text begins with, and its replacement.
    fn longest(&self, text: &str) -> Option<(usize, &str)> {
        let mut longest = None;
        let mut at = offset(*self.units.first()?);
        for (length, byte) in (1..=MAX_SEQUENCE).zip(text.bytes()) {
            at ^= u32::from(byte);
            let Some(unit) = self.units.get(at as usize) else { break };
            // The label of a unit. Units that are values have the top bit set and no label.
            if unit & (1 << 31 | 0xff) != u32::from(byte) {
                break;
            }
            at ^= offset(*unit);
            if unit >> 8 & 1 == 1 {
                longest = self.units.get(at as usize).map(|value| (length, value & !(1 << 31)));
            }
        }
        let (length, value) = longest?;
        let replacement = self.texts.get(value as usize..)?.split('\0').next()?;
        // The sequences of an array need not be whole characters.
        text.is_char_boundary(length).then_some((length, replacement))
    }

    /// The length of the first sequence or character of a text, and its replacement. `unchanged`
    /// returns the length of a prefix that is not replaced.
    fn first<'a>(
        &'a self,
        text: &'a str,
        unchanged: impl Fn(&str) -> Option<usize>,
    ) -> (usize, &'a str) {
        let first = text.chars().next().map_or(text.len(), char::len_utf8);
        match unchanged(text) {
            Some(length) => (length, &text[..length]),
            None => self.longest(text).unwrap_or((first, &text[..first])),
        }
    }

    /// Normalizes a text. `unchanged` returns the length of a prefix that is not replaced.
    pub fn apply(
        &self,
        normalization: &Normalization,
        text: &str,
        unchanged: impl Fn(&str) -> Option<usize>,
    ) -> String {
        let mut rest = text;
        if normalization.collapse_blanks {
            while !rest.is_empty()
                && let (length, " ") = self.first(rest, &unchanged)
            {
                rest = &rest[length..];
            }
        }
        if rest.is_empty() {
            return String::new();
        }
        let blank = if normalization.escape { BLANK } else { ' ' };
        let mut normalized = String::with_capacity(rest.len() + rest.len() / 2);
        if normalization.add_blank && !normalization.blank_last {
            normalized.push(blank);
        }
        let mut after_blank = normalization.collapse_blanks;
        while !rest.is_empty() {
            let (length, mut replacement) = self.first(rest, &unchanged);
            if after_blank {
                replacement = replacement.trim_start_matches(' ');
            }
            // A removed sequence does not separate two blanks.
            if !replacement.is_empty() {
                normalized.extend(replacement.chars().map(|c| if c == ' ' { blank } else { c }));
                after_blank = normalization.collapse_blanks && replacement.ends_with(' ');
            }
            rest = &rest[length..];
        }
        if normalization.collapse_blanks {
            normalized.truncate(normalized.trim_end_matches(blank).len());
        }
        if normalization.add_blank && normalization.blank_last {
            normalized.push(blank);
        }
        normalized
    }
}

/// The offset of a unit's children.
fn offset(unit: u32) -> u32 {
    (unit >> 10) << ((unit & 1 << 9) >> 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A charsmap that replaces one byte.
    fn of_one(byte: u8, replacement: &str) -> Vec<u8> {
        let mut units = vec![0u32; 512];
        // The children of the root start at 256; the value of the child is at 1.
        units[0] = 256 << 10;
        let at = 256 ^ u32::from(byte);
        units[at as usize] = u32::from(byte) | 1 << 8 | (at ^ 1) << 10;
        units[1] = 1 << 31;
        let blob: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        [&(blob.len() as u32).to_le_bytes()[..], &blob, replacement.as_bytes(), b"\0"].concat()
    }

    fn none(_: &str) -> Option<usize> {
        None
    }

    #[test]
    fn sequences_are_replaced_and_blanks_are_marked() {
        let map = Charsmap::parse(&of_one(b'x', "ks ")).unwrap();
        let how = Normalization::default();
        assert_eq!(map.apply(&how, "  tax  x 한 ", none), "▁taks▁ks▁한");
        let raw = Normalization { collapse_blanks: false, add_blank: false, ..how.clone() };
        assert_eq!(map.apply(&raw, " x  y ", none), "▁ks▁▁▁y▁");
        let last = Normalization { blank_last: true, ..how.clone() };
        assert_eq!(map.apply(&last, " a b", none), "a▁b▁");
        let unchanged = |text: &str| text.starts_with('x').then_some(1);
        assert_eq!(map.apply(&how, "x x", unchanged), "▁x▁x");
        assert_eq!(map.apply(&how, " \u{20} ", none), "");
        let gone = Charsmap::parse(&of_one(b'x', "")).unwrap();
        assert_eq!(gone.apply(&how, "a x x b", none), "▁a▁b");
        assert_eq!(Charsmap::default().apply(&how, "a\tb", none), "▁a\tb");
    }

    #[test]
    fn the_maximum_growth_is_found() {
        assert_eq!(Charsmap::default().growth(), 1.0);
        assert_eq!(Charsmap::parse(&of_one(b'x', "ks ")).unwrap().growth(), 3.0);
        assert_eq!(Charsmap::parse(&of_one(b'x', &"y".repeat(200))).unwrap().growth(), 200.0);
        assert_eq!(Charsmap::parse(&of_one(b'x', "")).unwrap().growth(), 1.0);
    }

    #[test]
    fn arrays_that_lead_nowhere_or_in_circles_change_nothing_and_end() {
        for fill in [
            0u32,
            u32::MAX,
            1 << 31,
            u32::from(b'a'),
            u32::from(b'a') | 1 << 8,
            0x61 | 1 << 9,
            !0xff,
        ] {
            for count in [1, 2, 255, 256, 1000] {
                let blob: Vec<u8> = (0..count).flat_map(|_| fill.to_le_bytes()).collect();
                let bytes =
                    [&(blob.len() as u32).to_le_bytes()[..], &blob, "ok\0".as_bytes()].concat();
                let map = Charsmap::parse(&bytes).unwrap();
                map.apply(&Normalization::default(), &"a한".repeat(1000), none);
                map.growth();
            }
        }
    }

    #[test]
    fn lengths_that_cannot_be_are_refused() {
        let refused = |bytes: &[u8]| Charsmap::parse(bytes).unwrap_err();
        assert!(refused(&[1, 2]).contains("cut short"));
        assert!(refused(&[255, 255, 255, 255, 0]).contains("of them units"));
        assert!(refused(&[3, 0, 0, 0, 1, 2, 3]).contains("of them units"));
        assert!(refused(&[0, 0, 0, 0, 0xff]).contains("not UTF-8"));
        assert!(refused(&of_one(b'x', &"y".repeat(300))).contains("long texts"));
    }
}
