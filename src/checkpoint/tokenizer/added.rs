//! Added tokens: entries of a vocabulary that no merge makes, control tokens among them.

/// Texts of control tokens that end a turn or a text, by model family; the metadata of many GGUF
/// files name only one of them. Those of `llama_vocab::impl::load` of llama.cpp for text models,
/// and HyperCLOVA X's.
const TURN_ENDS: &[&str] = &[
    "<|eot_id|>",
    "<|im_end|>",
    "<|end|>",
    "<|return|>",
    "<end_of_turn>",
    "<turn|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|eom_id|>",
    "<EOT>",
    "[|endofturn|]",
    "<|endofturn|>",
    "<|stop|>",
    "</s>",
    "<eos>",
    "[EOS]",
    "[EOT]",
    "<end_of_utterance>",
];

/// First and last characters of control tokens.
const BRACKETS: &[(&str, &str)] =
    &[("<", ">"), ("[", "]"), ("{", "}"), ("|", "|"), ("◁", "▷"), ("__", "__")];

/// True for the text of a control token that ends a turn or a text in some family.
pub(super) fn is_turn_end(text: &str) -> bool {
    TURN_ENDS.contains(&text)
}

/// White space next to an added token that belongs to it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Strip {
    pub(super) left: bool,
    pub(super) right: bool,
}

/// A token that is not made by merging.
#[derive(Debug, Clone)]
pub(super) struct AddedToken {
    pub(super) text: String,
    pub(super) id: u32,
    /// Never part of a text for readers.
    pub(super) special: bool,
    pub(super) strip: Strip,
}

impl AddedToken {
    pub(super) fn new(text: String, id: u32, special: bool, strip: Strip) -> Self {
        // Turn ends are special even if the file says otherwise, except `</s>`, which depends on
        // the other tokens. Reasoning tags stay visible, to be removed with the text between them.
        let ends = is_turn_end(&text) && text != "</s>";
        let special = ends || special && !crate::reasoning::is_tag(&text);
        Self { text, id, special, strip }
    }

    pub(super) fn ends_turns(&self) -> bool {
        is_turn_end(&self.text)
    }

    /// True for the token that stands for text outside the vocabulary.
    pub(super) fn is_unknown(&self) -> bool {
        matches!(
            self.text.to_lowercase().as_str(),
            "<unk>" | "[unk]" | "<|unk|>" | "unk" | "<unknown>"
        )
    }

    /// True if user text must not be encoded to it: special tokens, and those that look like markup
    /// for the model. Other added tokens are words.
    pub(super) fn is_control(&self) -> bool {
        let is_bracketed = |(open, close): &(&str, &str)| {
            self.text.len() > open.len() + close.len()
                && self.text.starts_with(open)
                && self.text.ends_with(close)
        };
        self.special || BRACKETS.iter().any(is_bracketed)
    }
}
