//! The normalization of Tercom: case, entities, punctuation, Chinese and Japanese characters.

use std::borrow::Cow;
use std::sync::LazyLock;

use crate::eval::metric::is_space;
use crate::eval::tokenizer::{IN_NUMBERS, PUNCTUATION, Rules, apply, rules, without_entities};

/// Marks of punctuation in Chinese and Japanese, and full-width ones.
const ASIAN_MARKS: &str =
    "([\u{3001}\u{3002}\u{3008}-\u{3011}\u{3014}-\u{301f}\u{ff61}-\u{ff65}\u{30fb}])";
const WIDE_MARKS: &str =
    "([\u{ff0e}\u{ff0c}\u{ff1f}\u{ff1a}\u{ff1b}\u{ff01}\u{ff02}\u{ff08}\u{ff09}])";

static WESTERN: LazyLock<Rules> = LazyLock::new(|| {
    let [before, after, dash] = IN_NUMBERS;
    rules(&[PUNCTUATION, (r"'s ", " 's "), before, after, dash])
});

// The ranges are sacreBLEU's, 3200-3F22 included. Its patterns for kana match no line, since each
// begins with a space here.
static ASIAN: LazyLock<Rules> = LazyLock::new(|| {
    rules(&[
        ("([\u{4e00}-\u{9fff}\u{3400}-\u{4dbf}])", " $1 "),
        ("([\u{31c0}-\u{31ef}\u{2e80}-\u{2eff}])", " $1 "),
        ("([\u{3300}-\u{33ff}\u{f900}-\u{faff}\u{fe30}-\u{fe4f}])", " $1 "),
        ("([\u{3200}-\u{3f22}])", " $1 "),
        (ASIAN_MARKS, " $1 "),
        (WIDE_MARKS, " $1 "),
    ])
});

static NO_MARKS: LazyLock<Rules> = LazyLock::new(|| rules(&[(r#"[.,?:;!"()]"#, "")]));
static NO_ASIAN_MARKS: LazyLock<Rules> =
    LazyLock::new(|| rules(&[(ASIAN_MARKS, ""), (WIDE_MARKS, "")]));

/// What is done to a line.
pub(super) struct Normalization {
    pub normalized: bool,
    pub no_punctuation: bool,
    pub asian_support: bool,
    pub case_sensitive: bool,
}

/// The line as TER compares it.
pub(super) fn normalize(options: &Normalization, line: &str) -> String {
    let line = line.trim_end_matches(is_space);
    let mut text: Cow<'_, str> =
        if options.case_sensitive { line.into() } else { line.to_lowercase().into() };
    if options.normalized && !text.is_empty() {
        let joined = text.replace("\n-", "").replace('\n', " ");
        text = apply(&WESTERN, &format!(" {} ", without_entities(&joined))).into_owned().into();
        if options.asian_support {
            text = apply(&ASIAN, &text).into_owned().into();
        }
    }
    if options.no_punctuation {
        text = apply(&NO_MARKS, &text).into_owned().into();
        if options.asian_support {
            text = apply(&NO_ASIAN_MARKS, &text).into_owned().into();
        }
    }
    text.into_owned()
}
