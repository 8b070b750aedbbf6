//! English negations.

use super::force::{Force, Negation};
use crate::checks::lexicon::{Word, english_words};
use crate::document::Span;

/// Words that negate by themselves, besides those in "n't".
const NEGATORS: &[&str] = &[
    "not", "no", "never", "none", "nobody", "nothing", "nowhere", "neither", "nor", "cannot",
    "without", "unable",
];

/// Words that stand between a negation and the word it negates, or tell nothing.
#[rustfmt::skip]
const FUNCTION_WORDS: &[&str] = &[
    "a", "an", "the", "to", "be", "is", "was", "are", "were", "been", "being", "am", "do", "does", "did", "has", "have", "had",
    "having", "will", "would", "could", "should", "must", "can", "may", "might", "shall", "any", "yet", "longer", "even", "also",
    "always", "still", "ever", "of", "in", "on", "at", "for", "with", "and", "or", "that", "this", "it", "its", "his", "her",
    "their", "by", "as", "from", "so", "such", "very", "more", "he", "she", "they", "we", "i", "you", "there", "who", "which",
];

/// True for a word that stands between a negation and the word it negates, or tells nothing.
pub(super) fn is_function_word(word: &str) -> bool {
    FUNCTION_WORDS.contains(&word)
}

/// The negations of a text, in order.
pub(super) fn negations(text: &str) -> Vec<Negation> {
    let words = english_words(text);
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let force = match force(&words, at, &text[word.span.end..]) {
            Some(force) => force,
            None if is_affixed(&word.text) => Force::Affix,
            None => continue,
        };
        let head = head(text, &words, at);
        found.push(Negation { span: word.span.clone(), head, force, is_gradable: false });
    }
    found
}

/// Adverbs and other words that a negation does not negate, besides function words.
const PASSED_OVER: &[&str] = &["enough", "too", "quite", "just", "only", "want", "going", "able"];

/// The word that is negated: the first content word after the negation, in its clause.
fn head(text: &str, words: &[Word], at: usize) -> Span {
    const REACH: usize = 6;
    let mut end = words[at].span.end;
    for word in words[at + 1..].iter().take(REACH) {
        if text[end..word.span.start].contains(|c: char| !c.is_whitespace() && c != '-') {
            break;
        }
        end = word.span.end;
        let is_passed = is_function_word(&word.text)
            || PASSED_OVER.contains(&word.text.as_str())
            || word.text.ends_with("ly");
        if !is_passed {
            return word.span.clone();
        }
    }
    words[at].span.clone()
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
    let next = word(at + 1);
    let is_weak = match (here, next) {
        ("not", "far" | "long" | "many" | "much" | "few" | "least" | "surprisingly") => true,
        ("not", "to") => word(at + 2) == "mention",
        (
            "no",
            "doubt" | "doubting" | "matter" | "more" | "less" | "fewer" | "later" | "sooner"
            | "wonder" | "one's" | "better" | "means" | "stranger",
        ) => true,
        // "no-fly zone", "no-hitter"; "no-one" is a pronoun.
        ("no", _) if rest.starts_with('-') => next != "one",
        ("no", _) if rest.starts_with('.') || matches!(before, "oh" | "or") => true,
        // "never so close", "no better", "never before" tell of the most or the first.
        ("never", "so" | "more" | "less" | "better") => true,
        ("never", _) if later("before", 4) || later("so", 3) => true,
        ("nothing", "but" | "more" | "less" | "short") => true,
        ("without", "doubt") => true,
        ("without", "a") => word(at + 2) == "doubt",
        ("can't" | "cannot" | "couldn't", "wait" | "help") => true,
        ("not" | "never", _) if matches!(before, "or" | "if" | "why") => true,
        // "may or may not"
        _ if is_not && at > 1 && word(at - 2) == "or" => true,
        _ if is_not && matches!(next, "only" | "just" | "merely" | "simply" | "mention") => true,
        _ if later("anything", 6) && later("but", 7) => true,
        _ => is_double(words, at) || is_repeated() || (is_not && later("until", 10)) || is_tag(),
    };
    Some(match here {
        _ if is_weak => Force::Weak,
        "without" | "unable" | "never" | "nowhere" => Force::Soft,
        _ => Force::Plain,
    })
}

/// True if the word after a negation denies, too: "not uncommon", "never fails".
fn is_double(words: &[Word], at: usize) -> bool {
    const DENYING: &str = "fail fails failed forget forgets forgot hesitate hesitated miss doubt \
                           deny without unless impossible";
    let next = words[at + 1..].iter().take(2).enumerate();
    next.into_iter().any(|(distance, word)| {
        let word = word.text.as_str();
        let is_litotes = word.starts_with("un") && is_affixed(word);
        is_litotes || (distance == 0 && DENYING.split(' ').any(|one| one == word))
    })
}

/// A word without its negative prefix or suffix: "related" of "unrelated".
pub(super) fn without_affix(word: &str) -> &str {
    const PREFIXES: &[&str] = &["un", "non", "in", "im", "il", "ir", "dis", "mis"];
    let stem = word.strip_suffix("less");
    stem.or_else(|| PREFIXES.iter().find_map(|prefix| word.strip_prefix(prefix))).unwrap_or(word)
}

/// True if a text says that something can be done.
pub(super) fn has_ability(text: &str) -> bool {
    const ABLE: &[&str] = &[
        "can", "could", "may", "might", "able", "possible", "allow", "allows", "allowed", "enough",
    ];
    english_words(text).iter().any(|word| ABLE.contains(&word.text.as_str()))
}

/// The words after "with", up to the noun: "the", "consent" of "with the consent".
pub(super) fn accompanied(text: &str) -> impl Iterator<Item = String> {
    const REACH: usize = 3;
    let words = english_words(text);
    let starts: Vec<usize> = (0..words.len()).filter(|at| words[*at].text == "with").collect();
    let ends = |text: &str| text.contains(|c: char| !c.is_whitespace() && c != '-');
    let mut found = Vec::new();
    for start in starts {
        let mut end = words[start].span.end;
        for word in words[start + 1..].iter().take(REACH) {
            if ends(&text[end..word.span.start]) || is_negator(&word.text) {
                break;
            }
            end = word.span.end;
            found.push(word.text.clone());
        }
    }
    found.into_iter()
}

/// True for words with a negative prefix or suffix: "unhappy", "speechless".
fn is_affixed(word: &str) -> bool {
    const NOT_NEGATIVE: &[&str] = &[
        "under", "unit", "univ", "union", "uniq", "unif", "until", "unto", "uncle", "unless",
        "unve",
    ];
    #[rustfmt::skip]
    const NEGATIVE: &[&str] = &[
        "inab", "inacc", "inact", "inad", "inap", "incap", "incomp", "incon", "incorrect", "indef", "ineff", "inel", "ineq",
        "inev", "inexp", "inexc", "inflex", "inhum", "insens", "insec", "insig", "insuff", "invis", "involun", "imposs",
        "improp", "improb", "immor", "immob", "imperf", "impen", "impat", "imprac", "illeg", "illog", "illit",
        "irreg", "irresp", "irrel", "irrev", "irrep", "irrec", "irref", "disag", "dislik", "dissat", "disapp", "dishon",
        "disbel", "disob", "disreg", "discont", "disconn", "disab", "disadv", "discour", "disresp", "disqual",
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
