//! English negations.

use super::force::{Force, Negation};
use crate::checks::lexicon::{Word, english_words};

/// Words that negate by themselves, besides those in "n't".
const NEGATORS: &[&str] = &[
    "not", "no", "never", "none", "nobody", "nothing", "nowhere", "neither", "nor", "cannot",
    "without", "unable",
];

/// The negations of a text, in order.
pub(super) fn negations(text: &str) -> Vec<Negation> {
    let words = english_words(text);
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let force = match force(&words, at, &text[word.span.end..]) {
            Some(force) => force,
            None if ADJECTIVES.contains(&word.text.as_str()) => Force::Adjective,
            None if is_affixed(&word.text) => Force::Affix,
            None => continue,
        };
        found.push(Negation { span: word.span.clone(), force });
    }
    found
}

/// True for the words that negate what follows them.
pub(super) fn is_negator(word: &str) -> bool {
    NEGATORS.contains(&word) || word.ends_with("n't")
}

/// The force of a negating word; `None` for other words.
fn force(words: &[Word], at: usize, rest: &str) -> Option<Force> {
    let word = |at: usize| words.get(at).map_or("", |word| word.text.as_str());
    let here = word(at);
    if !is_negator(here) {
        return None;
    }
    let before = at.checked_sub(1).map_or("", word);
    let is_not = here == "not" || here.ends_with("n't");
    let later = |word: &str, count: usize| {
        words[at + 1..].iter().take(count).any(|found| found.text == word)
    };
    let is_repeated =
        || here == "nor" && words[..at].iter().rev().take(14).any(|word| is_negator(&word.text));
    let is_tag = || {
        let end = rest.chars().take(80).find(|c| matches!(c, '.' | '?' | '!' | ';'));
        here.ends_with("n't") && end == Some('?')
    };
    let is_weak = match (here, word(at + 1)) {
        ("not", "only" | "just" | "merely" | "simply" | "least" | "mention" | "surprisingly") => {
            true
        }
        ("not", "to") => word(at + 2) == "mention",
        ("not", "far" | "long" | "many" | "much" | "few" | "uncommon" | "unusual") => true,
        (
            "no",
            "doubt" | "matter" | "more" | "less" | "fewer" | "later" | "sooner" | "wonder"
            | "one's" | "better" | "means" | "stranger",
        ) => true,
        ("no", _) => rest.starts_with('.') || matches!(before, "oh" | "or"),
        ("nothing", "but" | "more" | "less" | "short") | ("without", "doubt" | "a") => {
            here == "nothing" || matches!(word(at + 2), "doubt") || word(at + 1) == "doubt"
        }
        ("can't" | "cannot" | "couldn't", "wait" | "help" | "afford") => word(at + 1) != "afford",
        ("not" | "never", _) if matches!(before, "or" | "if" | "why") => true,
        _ => is_repeated() || (is_not && later("until", 10)) || is_tag(),
    };
    Some(if is_weak { Force::Weak } else { Force::Plain })
}

/// Adjectives that Korean renders with a negation or a negative prefix alone.
#[rustfmt::skip]
const ADJECTIVES: &[&str] = &[
    "unknown", "unclear", "unrelated", "unhurt", "unharmed", "uninjured", "unaware", "undisclosed", "unidentified",
    "unpaid", "unresolved", "unfinished", "unsuccessful", "unlikely", "unwilling", "invisible", "impossible",
    "incapable", "incomplete", "inadequate", "insufficient", "ineligible", "unauthorized", "unnecessary",
    "unaffected", "unanswered", "unconfirmed", "unconstitutional", "undamaged", "undecided", "undetected",
    "unexplained", "unfair", "unhappy", "unhealthy", "uninsured", "unlawful", "unlicensed", "unofficial", "unpopular",
    "unprepared", "unreliable", "unsafe", "unstable", "untreated", "unvaccinated", "unsolved", "unskilled", "unsold",
    "unreasonable", "unpredictable", "irreversible", "irreplaceable", "impenetrable", "unbreakable", "unacceptable",
    "unbearable", "unbeatable", "unchanged", "uncertain",
];

/// True for words with a negative prefix or suffix: "unhappy", "speechless".
fn is_affixed(word: &str) -> bool {
    const NOT_NEGATIVE: &[&str] = &[
        "under", "unit", "univ", "union", "uniq", "unif", "until", "unto", "uncle", "unless",
        "unve",
    ];
    #[rustfmt::skip]
    const NEGATIVE: &[&str] = &[
        "inab", "inac", "inad", "inap", "inca", "incom", "incon", "incor", "indef", "indep", "ineff", "inel", "ineq",
        "inev", "inexp", "inexc", "inflex", "inhum", "insens", "insec", "insig", "insuff", "invis", "invol", "imposs",
        "improp", "improb", "immor", "immob", "impart", "imperf", "impen", "impat", "imprac", "illeg", "illog", "illit",
        "irreg", "irresp", "irrel", "irrev", "irrep", "irrec", "irref", "disag", "dislik", "dissat", "disapp", "dishon",
        "disbel", "disob", "disreg", "discont", "disconn", "disab", "disadv", "discour", "disresp", "disarm", "disqual",
        "disprop", "discred", "mistrust", "misund", "mislead", "misinf", "misus",
    ];
    const NOT_LESS: &[&str] = &["regardless", "nonetheless", "nevertheless", "wireless"];
    let length = word.len();
    if NOT_NEGATIVE.iter().any(|start| word.starts_with(start)) || NOT_LESS.contains(&word) {
        return false;
    }
    (word.starts_with("un") && length > 5)
        || (word.starts_with("non") && (length == 3 || length > 5))
        || (word.ends_with("less") && length > 6)
        || NEGATIVE.iter().any(|start| word.starts_with(start))
}
