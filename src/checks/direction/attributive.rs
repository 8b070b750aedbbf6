//! Words that stand before a noun and tell of it alone: "new" of "a new breakwater". Two of them
//! are opposites of each other only if they tell of the same noun.

use crate::checks::comparison::Text;
use crate::checks::lexicon::{final_consonant, is_attributive_adjective};
use crate::checks::support::features::{self, Feature};
use crate::document::Span;
use crate::language::{Language, is_hangul};

/// True if a word of each text stands before a noun, and the nouns do not mean the same. Nouns that
/// are not known in the other language may.
pub(super) fn have_different_nouns(one: (&Text<'_>, &Span), other: (&Text<'_>, &Span)) -> bool {
    let is_portable = one.0.language != other.0.language;
    let features = |(text, span): (&Text<'_>, &Span)| -> Vec<Feature> {
        let words = nouns(text.text, span, text.language);
        let claim = |word: Span| features::of_one(&text.text[word], text.language, is_portable);
        words.into_iter().filter_map(claim).flatten().collect()
    };
    let (these, others) = (features(one), features(other));
    !these.is_empty() && !others.is_empty() && !these.iter().any(|feature| others.contains(feature))
}

/// Most words of a noun with what stands between it and the word that tells of it.
const MOST_WORDS: usize = 3;

/// The words after a word that stands before a noun, the noun among them; none for another word.
fn nouns(text: &str, span: &Span, language: Language) -> Vec<Span> {
    let rest = &text[span.end..];
    match language {
        Language::English if is_before_noun(text, span) => following(rest, span.end, |_| false),
        Language::English => Vec::new(),
        Language::Korean => {
            let ending = rest.find(|c| !is_hangul(c)).unwrap_or(rest.len());
            let end = span.end + ending;
            if is_adnominal(&text[span.start..end], &rest[..ending]) {
                following(&rest[ending..], end, has_particle)
            } else {
                Vec::new()
            }
        }
    }
}

/// True for an English adjective before a noun, and for another word between an article and a noun:
/// "the falling prices", not "the council raised prices".
fn is_before_noun(text: &str, span: &Span) -> bool {
    const BEFORE: &[&str] = &[
        "a", "an", "the", "its", "his", "her", "their", "our", "your", "my", "this", "that",
        "these", "those", "no", "any", "some", "every", "each", "of", "in", "for", "with", "at",
        "on", "by", "from", "two", "three", "most", "more",
    ];
    if is_attributive_adjective(&text[span.clone()].to_lowercase()) {
        return true;
    }
    let before = text[..span.start].trim_end();
    let word = before.rsplit(|c: char| !c.is_alphanumeric() && c != '\'' && c != '’').next();
    before.len() < span.start
        && word.is_some_and(|word| {
            BEFORE.contains(&word.to_lowercase().as_str())
                || word.ends_with("'s")
                || word.ends_with("’s")
        })
}

/// Korean words that stand before nouns as they are.
const DETERMINERS: &[&str] = &[
    "새",
    "옛",
    "헌",
    "첫",
    "마지막",
    "최초",
    "최종",
    "신규",
    "기존",
    "신형",
    "구형",
    "대형",
    "소형",
];

/// True for a determiner and for an adnominal form: "낡은", "늘어난", "확대된"; a noun with a
/// topic particle, "수출은", is none. `ending` is what follows the known part of the word.
fn is_adnominal(word: &str, ending: &str) -> bool {
    const N: u32 = 4;
    let ends_in_n = word.chars().next_back().and_then(final_consonant) == Some(N);
    DETERMINERS.contains(&word)
        || ends_in_n && !matches!(ending, "은" | "는" | "만" | "란" | "이란")
        || ends_in_n && ending == "은" && word.chars().nth(2).is_none()
}

/// True for a Korean word that ends its phrase with a particle.
fn has_particle(word: &str) -> bool {
    const PARTICLES: &[&str] = &[
        "은", "는", "이", "가", "을", "를", "에", "에서", "으로", "로", "와", "과", "도", "의",
        "에게", "까지", "부터",
    ];
    let syllables = word.chars().count();
    PARTICLES
        .iter()
        .any(|particle| word.ends_with(particle) && particle.chars().count() < syllables)
}

/// The words at the start of a text up to a mark, a word that tells nothing, or one that `ends`.
fn following(rest: &str, offset: usize, ends: fn(&str) -> bool) -> Vec<Span> {
    let mut found = Vec::new();
    let mut at = 0;
    while found.len() < MOST_WORDS {
        let gap = rest[at..].find(|c: char| c.is_alphanumeric()).unwrap_or(rest.len() - at);
        if !rest[at..at + gap].chars().all(|c| c == ' ' || c == '-') || at + gap == rest.len() {
            break;
        }
        let start = at + gap;
        let length =
            rest[start..].find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len() - start);
        let word = &rest[start..start + length];
        if features::is_stop_word(word) {
            break;
        }
        found.push(offset + start..offset + start + length);
        if ends(word) {
            break;
        }
        at = start + length;
    }
    found
}
