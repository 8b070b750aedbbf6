//! Speakers of English sentences: "Han said", "said Han, a minister", "according to Han".

use super::statement::Found;
use crate::checks::lexicon::{Word, english_words};
use crate::document::Span;

#[rustfmt::skip]
const SPEECH: &[&str] = &[
    "said", "says", "told", "tells", "added", "adds", "announced", "announces", "stated", "claimed", "claims", "argued",
    "argues", "insisted", "insists", "noted", "explained", "explains", "warned", "warns", "denied", "denies", "admitted",
    "admits", "confirmed", "predicted", "predicts", "wrote", "writes", "testified", "suggested", "acknowledged",
    "emphasized", "stressed", "replied", "called", "urged", "urges", "criticized", "demanded", "demands", "complained",
    "rejected", "promised", "pledged", "declared", "recalled",
];
/// Words between a speaker and the verb.
const BETWEEN: &[&str] =
    &["had", "has", "have", "also", "later", "then", "earlier", "who", "again"];
/// Words that begin a clause of its own.
const CLAUSE: &[&str] = &[
    "that", "but", "while", "when", "as", "because", "after", "before", "if", "although", "though",
    "which", "where", "than", "so", "whether",
];
/// Forms of "be": what follows is said of the subject, not by it.
const PASSIVE: &[&str] = &["is", "are", "was", "were", "be", "been", "being", "get", "got"];
const PRONOUNS: &[&str] = &["he", "she", "it", "they", "his", "her", "its", "their", "who"];
/// Words for speakers that are not told from others.
#[rustfmt::skip]
const GENERIC: &[&str] = &[
    "official", "officials", "spokesman", "spokeswoman", "spokesperson", "source", "sources", "people", "expert",
    "experts", "analyst", "analysts", "witness", "witnesses", "report", "reports", "statement", "company", "firm",
    "authorities", "i", "we", "you", "some", "many", "others", "critics", "media", "study", "researchers",
];
/// Most words that name a speaker.
const MAX_WORDS: usize = 12;
/// Most words of a speaker after the verb.
const MAX_AFTER: usize = 6;

/// The speaker of a sentence.
pub(super) fn speaker(sentence: &str, start: usize) -> Option<Found> {
    let words = english_words(sentence);
    let found = (0..words.len()).find_map(|at| {
        let verb = words[at].text.as_str();
        if verb == "according" && words.get(at + 1).is_some_and(|next| next.text == "to") {
            return after(sentence, &words, at + 2);
        }
        let is_passive = at > 0 && PASSIVE.contains(&words[at - 1].text.as_str());
        if !SPEECH.contains(&verb) || is_passive {
            return None;
        }
        before(sentence, &words, at).or_else(|| after(sentence, &words, at + 1))
    })?;
    let spoken = english_words(&sentence[found.clone()]);
    let is_pronoun = spoken.iter().any(|word| PRONOUNS.contains(&word.text.as_str()));
    Some(Found { speaker: start + found.start..start + found.end, is_pronoun })
}

/// The subject before a verb, with its apposition: "Han, the mayor of Haemin, said".
fn before(sentence: &str, words: &[Word], verb: usize) -> Option<Span> {
    let is_between =
        |word: &Word| BETWEEN.contains(&word.text.as_str()) || word.text.ends_with("ly");
    let mut end = verb;
    while end > 0 && is_between(&words[end - 1]) {
        end -= 1;
    }
    let (mut begin, mut commas) = (end, 0);
    while begin > 0 && end - begin < MAX_WORDS {
        let next = words.get(begin).map_or(sentence.len(), |word| word.span.start);
        let gap = &sentence[words[begin - 1].span.end..next];
        if gap.contains(['"', '“', '”', ';', ':', '(', ')', '—', '–', '\n']) {
            break;
        }
        if gap.contains(',') {
            commas += 1;
            // A comma before the verb closes an apposition, the one before that opens it.
            let is_apposition = begin == end || commas == 2;
            if commas > 2 || !is_apposition {
                break;
            }
        }
        if commas != 1 && CLAUSE.contains(&words[begin - 1].text.as_str()) {
            break;
        }
        begin -= 1;
    }
    (begin < end).then(|| words[begin].span.start..words[end - 1].span.end)
}

/// The words after a verb or "according to", up to a mark.
fn after(sentence: &str, words: &[Word], first: usize) -> Option<Span> {
    let mut end = first;
    while end < words.len() && end - first < MAX_AFTER {
        let previous = end.checked_sub(1).map_or(0, |at| words[at].span.end);
        let gap = &sentence[previous..words[end].span.start];
        let is_clause = CLAUSE.contains(&words[end].text.as_str());
        if is_clause || gap.contains([',', '.', '"', '“', '”', ';', ':', '(', '\n']) {
            break;
        }
        end += 1;
    }
    (first < end).then(|| words[first].span.start..words[end - 1].span.end)
}

/// The words that tell a speaker from others; `None` for one that is not told from others.
pub(super) fn telling(speaker: &str) -> Option<Vec<&str>> {
    #[rustfmt::skip]
    const OTHER: &[&str] = &[
        "the", "a", "an", "of", "and", "in", "on", "at", "for", "to", "by", "with", "from", "mr", "mrs", "ms", "dr", "not", "no",
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "meanwhile", "however", "also",
    ];
    let words: Vec<Word> = english_words(speaker);
    if words.iter().any(|word| GENERIC.contains(&word.text.as_str())) {
        return None;
    }
    let is_telling = |word: &&Word| {
        let text = word.text.trim_end_matches("'s");
        text.len() > 1 && !OTHER.contains(&text) && !PRONOUNS.contains(&text)
    };
    let text =
        |word: &Word| speaker[word.span.clone()].trim_end_matches("'s").trim_end_matches("’s");
    Some(words.iter().filter(is_telling).map(text).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speakers_are_found_before_and_after_the_verb() {
        for (sentence, found) in [
            ("Mayor Han Seo-jin said it would rain.", "Mayor Han Seo-jin"),
            ("\"It will rain,\" said Feld, an analyst.", "Feld"),
            ("\"It will rain,\" its director, Pia Lund, told a hearing.", "its director, Pia Lund"),
            ("According to the waterworks, no letter came.", "the waterworks"),
            ("No letter came, according to Pia Lund.", "Pia Lund"),
            ("It rained when Han later said so.", "Han"),
        ] {
            let speaker = speaker(sentence, 0).map(|found| &sentence[found.speaker]);
            assert_eq!(speaker, Some(found), "{sentence}");
        }
        assert!(speaker("Han is said to be ill.", 0).is_none());
        assert!(speaker("The port opened.", 0).is_none());
        assert!(speaker("\"It rains,\" he said.", 0).is_some_and(|found| found.is_pronoun));
    }

    #[test]
    fn officials_and_companies_are_not_told_from_others() {
        assert_eq!(telling("company officials"), None);
        assert_eq!(telling("the Mayor of Haemin"), Some(vec!["Mayor", "Haemin"]));
    }
}
