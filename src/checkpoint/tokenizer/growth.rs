//! An upper bound on how much a tokenizer can lengthen a text: a file may ask for thirty steps,
//! each of which doubles every letter.
//!
//! Knows the steps of `tokenizers` by their names in `tokenizer.json`.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value as Json;

use crate::checkpoint::sentencepiece::growth_by_charsmap;

/// Limit of growth, twice that of any real tokenizer: SentencePiece's normalization with marked
/// blanks.
const MAX_GROWTH: f64 = 256.0;
/// Limit of steps; real tokenizers have fewer than ten.
const MAX_STEPS: usize = 64;
/// Limit of bytes put before or after a text or word.
const MAX_AFFIX: usize = 64;
/// Maximum growth by Unicode normalization; a second normalization adds nothing.
const UNICODE_GROWTH: f64 = 12.0;

/// The growth by the steps of one direction, so far.
struct Growth {
    steps: usize,
    /// The product of the factors of replacements and the like.
    factor: f64,
    /// The maximum of the factors of Unicode normalizations.
    unicode: f64,
}

/// Refuses steps that may lengthen a text beyond the limit when encoding or decoding.
pub(super) fn check(normalizer: &Json, pre_tokenizer: &Json, decoder: &Json) -> Result<(), String> {
    let mut growth = Growth { steps: 0, factor: 1.0, unicode: 1.0 };
    growth.add(normalizer)?;
    growth.add(pre_tokenizer)?;
    growth.check("reads")?;
    let mut growth = Growth { steps: 0, factor: 1.0, unicode: 1.0 };
    growth.add(decoder)?;
    growth.check("writes")
}

impl Growth {
    fn check(&self, does: &str) -> Result<(), String> {
        let growth = self.factor * self.unicode;
        if growth > MAX_GROWTH || self.steps > MAX_STEPS {
            return Err(format!(
                "its {} steps may make a text that it {does} {growth:.0} times as long (the most is {MAX_GROWTH})",
                self.steps
            ));
        }
        Ok(())
    }

    fn add(&mut self, step: &Json) -> Result<(), String> {
        let Some(step) = step.as_object() else { return Ok(()) };
        for list in ["normalizers", "pretokenizers", "decoders"] {
            for inner in step.get(list).and_then(Json::as_array).into_iter().flatten() {
                self.add(inner)?;
            }
        }
        self.steps += 1;
        let text = |key: &str| step.get(key).and_then(Json::as_str).unwrap_or_default();
        match text("type") {
            "NFC" | "NFD" | "NFKC" | "NFKD" | "Lowercase" | "BertNormalizer" | "Nmt" => {
                self.unicode = self.unicode.max(UNICODE_GROWTH);
            }
            "Precompiled" => {
                let map = BASE64_STANDARD.decode(text("precompiled_charsmap"));
                let map = map.map_err(|_| "its precompiled_charsmap is not base64".to_string())?;
                self.unicode = self.unicode.max(growth_by_charsmap(&map)?);
            }
            "Replace" => {
                let content = text("content").len() as f64;
                let pattern = step.get("pattern").and_then(|pattern| pattern.get("String"));
                self.factor *= match pattern.and_then(Json::as_str).map(str::len) {
                    Some(length) if length > 0 => (content / length as f64).max(1.0),
                    // An expression may match the empty string at every place.
                    _ => 1.0 + content,
                };
            }
            // A byte becomes a character of at most two bytes.
            "ByteLevel" => self.factor *= 2.0,
            "Metaspace" => self.factor *= 3.0,
            _ => {}
        }
        for key in
            ["prepend", "prefix", "suffix", "replacement", "pad_token", "word_delimiter_token"]
        {
            if text(key).len() > MAX_AFFIX {
                return Err(format!(
                    "its step `{}` adds {} bytes to a text",
                    text("type"),
                    text(key).len()
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn replace(pattern: &str, content: &str) -> Json {
        json!({"type": "Replace", "pattern": {"String": pattern}, "content": content})
    }

    fn sequence(steps: Vec<Json>) -> Json {
        json!({"type": "Sequence", "normalizers": steps})
    }

    fn refused(normalizer: Json) -> bool {
        check(&normalizer, &Json::Null, &Json::Null).is_err()
    }

    #[test]
    fn steps_of_real_tokenizers_are_let_through() {
        let blanks = replace(" ", "▁");
        assert!(!refused(Json::Null));
        assert!(!refused(sequence(vec![
            json!({"type": "Prepend", "prepend": "▁"}),
            blanks.clone()
        ])));
        let spaces = json!({"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"});
        let quotes = [replace("``", "\""), replace("''", "\"")];
        let [first, second] = quotes;
        let kinds = ["NFKD", "StripAccents", "Lowercase", "NFC"].map(|kind| json!({"type": kind}));
        assert!(!refused(sequence([vec![first, second], kinds.to_vec(), vec![spaces]].concat())));
        let level = json!({"type": "ByteLevel"});
        check(&level, &json!({"type": "Sequence", "pretokenizers": [level]}), &level).unwrap();
    }

    #[test]
    fn steps_that_grow_a_text_without_bound_are_refused_wherever_they_are() {
        assert!(refused(sequence(vec![replace("e", "ee"); 30])));
        assert!(refused(sequence(vec![
            sequence(vec![replace("e", "eee"); 3]),
            sequence(vec![replace("a", "aaa"); 3])
        ])));
        assert!(refused(replace("e", &"e".repeat(1000))));
        assert!(refused(replace("", &"e".repeat(300))));
        let nowhere = json!({"type": "Replace", "pattern": {"Regex": "(?=e)"}, "content": "e"});
        assert!(refused(sequence(vec![nowhere; 10])));
        assert!(refused(json!({"type": "Prepend", "prepend": "x".repeat(100)})));
        assert!(refused(sequence(vec![json!({"type": "Prepend", "prepend": "x"}); 100])));
        let level = json!({"type": "ByteLevel"});
        let levels = json!({"type": "Sequence", "pretokenizers": vec![level; 20]});
        assert!(check(&Json::Null, &levels, &Json::Null).is_err());
        let decoders = json!({"type": "Sequence", "decoders": vec![replace("e", "ee"); 30]});
        let message = check(&Json::Null, &Json::Null, &decoders).unwrap_err();
        assert!(
            message.contains("may make a text that it writes 1073741824 times as long"),
            "{message}"
        );
        assert!(refused(json!({"type": "Precompiled", "precompiled_charsmap": "?"})));
    }
}
