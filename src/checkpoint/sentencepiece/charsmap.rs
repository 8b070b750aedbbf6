//! What SentencePiece does to text before it cuts it: characters become others, blanks are counted
//! and marked.
//!
//! A charsmap holds, for sequences of characters, what they become (full-width letters plain ones,
//! jamo syllables, line ends blanks): four bytes of length, a double array of 32-bit units as
//! Darts-clone writes it, and the texts they become, each ended by a zero. At every place the
//! longest sequence that is in it counts. `tokenizers` has a normalizer for these too
//! (`Precompiled`), but that one looks at graphemes, and leaves decomposed jamo as they are: other
//! ids than the model learnt from. Foreign like the rest of the file: every step through the array
//! is checked.

use super::model::Normalization;

/// How a blank is written in pieces.
pub(super) const BLANK: char = '▁';

/// The longest sequence looked for, in bytes: Unicode's own are below forty. Arrays may be made to
/// lead in circles.
const MAX_SEQUENCE: usize = 128;
/// The longest text that one becomes, in bytes: Unicode's own are below forty.
const MAX_BECOMES: usize = 256;

/// The charsmap of one model.
#[derive(Debug, Default)]
pub(super) struct Charsmap {
    units: Vec<u32>,
    texts: String,
}

impl Charsmap {
    /// Reads the bytes of `precompiled_charsmap`; none at all change nothing.
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
        if texts.split('\0').any(|text| text.len() > MAX_BECOMES) {
            return Err("its charsmap makes long texts of single characters".into());
        }
        Ok(Self { units: units.collect(), texts: texts.to_string() })
    }

    /// How many bytes a byte of a text becomes at most.
    pub fn growth(&self) -> f64 {
        let mut most = 1.0f64;
        let mut seen = vec![false; self.units.len()];
        let mut nodes: Vec<u32> =
            self.units.first().map(|root| offset(*root)).into_iter().collect();
        // Level by level, so that every node is met by its shortest sequence.
        for length in 1..=MAX_SEQUENCE {
            let mut deeper = Vec::new();
            for (node, byte) in
                nodes.iter().flat_map(|node| (0..=255u32).map(move |byte| (node, byte)))
            {
                let place = node ^ byte;
                let Some(unit) =
                    self.units.get(place as usize).filter(|unit| *unit & (1 << 31 | 0xff) == byte)
                else {
                    continue;
                };
                if std::mem::replace(&mut seen[place as usize], true) {
                    continue;
                }
                let child = place ^ offset(*unit);
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

    /// The longest sequence in the array that a text begins with, in bytes, and what it becomes.
    fn longest(&self, text: &str) -> Option<(usize, &str)> {
        let mut found = None;
        let mut at = offset(*self.units.first()?);
        for (length, byte) in (1..=MAX_SEQUENCE).zip(text.bytes()) {
            at ^= u32::from(byte);
            let Some(unit) = self.units.get(at as usize) else { break };
            // The label of a unit; the top bit is set in units that are values, which have none.
            if unit & (1 << 31 | 0xff) != u32::from(byte) {
                break;
            }
            at ^= offset(*unit);
            if unit >> 8 & 1 == 1 {
                found = self.units.get(at as usize).map(|value| (length, value & !(1 << 31)));
            }
        }
        let (length, value) = found?;
        let becomes = self.texts.get(value as usize..)?.split('\0').next()?;
        // An array need not be of whole characters.
        text.is_char_boundary(length).then_some((length, becomes))
    }

    /// The first sequence or character of a text, in bytes, and what it becomes. `kept` gives the
    /// length of what is left as it is.
    fn first<'a>(
        &'a self,
        text: &'a str,
        kept: impl Fn(&str) -> Option<usize>,
    ) -> (usize, &'a str) {
        let first = text.chars().next().map_or(text.len(), char::len_utf8);
        match kept(text) {
            Some(length) => (length, &text[..length]),
            None => self.longest(text).unwrap_or((first, &text[..first])),
        }
    }

    /// A whole text as the model wants it.
    pub fn apply(
        &self,
        how: &Normalization,
        text: &str,
        kept: impl Fn(&str) -> Option<usize>,
    ) -> String {
        let mut rest = text;
        if how.squeeze {
            while !rest.is_empty()
                && let (length, " ") = self.first(rest, &kept)
            {
                rest = &rest[length..];
            }
        }
        if rest.is_empty() {
            return String::new();
        }
        let blank = if how.escape { BLANK } else { ' ' };
        let mut made = String::with_capacity(rest.len() + rest.len() / 2);
        if how.add_blank && !how.blank_last {
            made.push(blank);
        }
        let mut after_blank = how.squeeze;
        while !rest.is_empty() {
            let (length, mut becomes) = self.first(rest, &kept);
            if after_blank {
                becomes = becomes.trim_start_matches(' ');
            }
            // What becomes nothing does not part two blanks.
            if !becomes.is_empty() {
                made.extend(becomes.chars().map(|c| if c == ' ' { blank } else { c }));
                after_blank = how.squeeze && becomes.ends_with(' ');
            }
            rest = &rest[length..];
        }
        if how.squeeze {
            made.truncate(made.trim_end_matches(blank).len());
        }
        if how.add_blank && how.blank_last {
            made.push(blank);
        }
        made
    }
}

/// How far a unit's children are away.
fn offset(unit: u32) -> u32 {
    (unit >> 10) << ((unit & 1 << 9) >> 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A charsmap of one byte that becomes another text.
    fn of_one(byte: u8, becomes: &str) -> Vec<u8> {
        let mut units = vec![0u32; 512];
        // The root's children start at 256; the child's value lies at 1.
        units[0] = 256 << 10;
        let at = 256 ^ u32::from(byte);
        units[at as usize] = u32::from(byte) | 1 << 8 | (at ^ 1) << 10;
        units[1] = 1 << 31;
        let blob: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        [&(blob.len() as u32).to_le_bytes()[..], &blob, becomes.as_bytes(), b"\0"].concat()
    }

    fn none(_: &str) -> Option<usize> {
        None
    }

    #[test]
    fn sequences_become_others_and_blanks_are_marked() {
        let map = Charsmap::parse(&of_one(b'x', "ks ")).unwrap();
        let how = Normalization::default();
        assert_eq!(map.apply(&how, "  tax  x 한 ", none), "▁taks▁ks▁한");
        let raw = Normalization { squeeze: false, add_blank: false, ..how.clone() };
        assert_eq!(map.apply(&raw, " x  y ", none), "▁ks▁▁▁y▁");
        let last = Normalization { blank_last: true, ..how.clone() };
        assert_eq!(map.apply(&last, " a b", none), "a▁b▁");
        let kept = |text: &str| text.starts_with('x').then_some(1);
        assert_eq!(map.apply(&how, "x x", kept), "▁x▁x");
        assert_eq!(map.apply(&how, " \u{20} ", none), "");
        let gone = Charsmap::parse(&of_one(b'x', "")).unwrap();
        assert_eq!(gone.apply(&how, "a x x b", none), "▁a▁b");
        assert_eq!(Charsmap::default().apply(&how, "a\tb", none), "▁a\tb");
    }

    #[test]
    fn the_most_that_a_byte_becomes_is_found() {
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
