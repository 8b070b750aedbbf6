//! Tokenizers of BLEU: mteval's versions 13a and 14 (`intl`), characters, Korean morphemes, none.
//!
//! Sources: `mteval-v13a.pl` and `mteval-v14.pl` of NIST, in the form that sacreBLEU 2.6 gives
//! them.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::mecab::Mecab;
use super::metric::is_space;

/// How BLEU splits a line into tokens.
#[derive(Debug, Clone, Default)]
pub enum Tokenizer {
    /// mteval-v13a, for languages in Latin letters; the default of WMT.
    #[default]
    Mteval13a,
    /// mteval-v14: punctuation and symbols of all scripts.
    International,
    /// Each character.
    Characters,
    /// Korean morphemes.
    Morphemes(Arc<Mecab>),
    /// White space alone.
    None,
}

impl Tokenizer {
    /// Its name, as in `--tokenize`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Mteval13a => "13a",
            Self::International => "intl",
            Self::Characters => "char",
            Self::Morphemes(_) => "ko-mecab",
            Self::None => "none",
        }
    }

    /// Its name in a signature, with the version of its dictionary if it has one.
    pub fn signature(&self) -> String {
        match self {
            Self::Morphemes(mecab) => mecab.name(),
            tokenizer => tokenizer.name().to_string(),
        }
    }

    /// The line with its tokens between spaces.
    pub(super) fn tokenize<'t>(&self, line: &'t str) -> Cow<'t, str> {
        let line = line.trim_end_matches(is_space);
        match self {
            Self::Mteval13a => mteval_13a(line).into(),
            Self::International => {
                static RULES: LazyLock<Rules> = LazyLock::new(|| {
                    rules(&[
                        (r"(\P{N})(\p{P})", "$1 $2 "),
                        (r"(\p{P})(\P{N})", " $1 $2"),
                        (r"(\p{S})", " $1 "),
                    ])
                });
                apply(&RULES, line).into_owned().into()
            }
            Self::Characters => line.chars().flat_map(|c| [c, ' ']).collect::<String>().into(),
            Self::Morphemes(mecab) => mecab.tokens(line).join(" ").into(),
            Self::None => line.into(),
        }
    }
}

/// Substitutions, one after the other.
pub(super) type Rules = Vec<(Regex, &'static str)>;

/// Compiles substitutions that are written in this crate; tests compile each.
pub(super) fn rules(rules: &[(&str, &'static str)]) -> Rules {
    rules.iter().filter_map(|(from, to)| Some((Regex::new(from).ok()?, *to))).collect()
}

/// Applies substitutions in their order.
pub(super) fn apply<'t>(rules: &Rules, text: &'t str) -> Cow<'t, str> {
    let mut text = Cow::Borrowed(text);
    for (from, to) in rules {
        if let Cow::Owned(changed) = from.replace_all(&text, *to) {
            text = changed.into();
        }
    }
    text
}

/// Entities that both mteval and TER undo.
pub(super) fn without_entities(text: &str) -> String {
    if !text.contains('&') {
        return text.to_string();
    }
    text.replace("&quot;", "\"").replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")
}

/// Punctuation of ASCII but for apostrophe, hyphen, comma and period.
pub(super) const PUNCTUATION: (&str, &str) = (r"([{-~\[-` -&(-+:-@/])", " $1 ");
/// Periods, commas and hyphens, unless they stand in numbers.
pub(super) const IN_NUMBERS: [(&str, &str); 3] =
    [(r"([^0-9])([.,])", "$1 $2 "), (r"([.,])([^0-9])", " $1 $2"), (r"([0-9])(-)", "$1 $2 ")];

fn mteval_13a(line: &str) -> String {
    static RULES: LazyLock<Rules> = LazyLock::new(|| {
        let [before, after, dash] = IN_NUMBERS;
        rules(&[PUNCTUATION, before, after, dash])
    });
    let line = line.replace("<skipped>", "").replace("-\n", "").replace('\n', " ");
    apply(&RULES, &format!(" {} ", without_entities(&line))).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::metric::words;

    fn tokens(tokenizer: Tokenizer, line: &str) -> String {
        words(&tokenizer.tokenize(line)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn each_tokenizer_splits_in_its_way() {
        let line = "\"Fares rose 3.5%,\" she said – 1,200 won (AT&amp;T) 해민시는 '20-21'년.";
        for (tokenizer, expected) in [
            (
                Tokenizer::Mteval13a,
                "\" Fares rose 3.5 % , \" she said – 1,200 won ( AT & T ) 해민시는 '20 - 21'년 .",
            ),
            (
                Tokenizer::International,
                "\" Fares rose 3.5 % , \" she said – 1,200 won ( AT & amp ; T ) 해민시는 ' 20-21 ' 년 .",
            ),
        ] {
            assert_eq!(tokens(tokenizer, line), expected);
        }
        assert_eq!(tokens(Tokenizer::Characters, "해민 12 "), "해 민 1 2");
        assert_eq!(tokens(Tokenizer::None, "a,  b."), "a, b.");
    }
}
