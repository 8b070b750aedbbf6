//! Names: capitalised words of an English summary that its English article never mentions.
//!
//! Across scripts a name is a transcription ("한민구", "Han Min-koo") that no comparison of letters
//! finds; not attempted here.

use std::collections::{BTreeSet, HashSet};

use super::{Check, Kind, Pair, Task, excerpt, placed};
use crate::document::Span;
use crate::finding::Finding;
use crate::language::Language;
use crate::segment::sentences;

const INVENTED: Kind = Kind::major("name_invented");

pub(super) const CHECK: Check = Check {
    name: "names",
    describe: "names in an English summary that the article does not mention",
    kinds: &[INVENTED],
    run,
};

/// Small words inside names.
const JOINERS: &[&str] = &["of", "the", "for", "and", "de", "von", "van", "bin", "al"];

/// Names with which every writer replaces others.
#[rustfmt::skip]
const ORDINARY: &[&str] = &[
    "american", "americans", "america", "united", "states", "korean", "koreans", "korea", "south", "north",
    "republic", "mr", "ms", "mrs", "dr", "president", "minister", "prime", "january", "february", "march",
    "april", "may", "june", "july", "august", "september", "october", "november", "december", "monday",
    "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "i", "the", "u.s", "us", "uk", "un",
    "eu",
];

fn run(pair: &Pair<'_>) -> Vec<Finding> {
    if pair.task != Task::Summary || pair.from != Language::English || pair.to != Language::English
    {
        return Vec::new();
    }
    let known = Known::of(pair.source);
    let mut doubts: Vec<Finding> = Vec::new();
    let mut said = HashSet::new();
    for (start, sentence) in placed(sentences(pair.output)) {
        for name in names(sentence) {
            let Some(word) = known.stranger(sentence, &name) else { continue };
            let (text, word) = (&sentence[name.span.clone()], &sentence[word]);
            let message = if text == word {
                format!("\"{word}\" is in the summary but not in the article")
            } else {
                format!(
                    "\"{word}\" of \"{}\" is in the summary but not in the article",
                    excerpt(text)
                )
            };
            if said.insert(message.clone()) {
                let place = start + name.span.start..start + name.span.end;
                doubts.push(CHECK.doubt(INVENTED, message).in_output(place).value("name", text));
            }
        }
    }
    doubts
}

/// Two or more capitalised words in a row: where they stand in their sentence.
struct Name {
    span: Span,
    /// The words that can be judged: the first of a sentence is capitalised whatever it is.
    judged: Vec<Span>,
}

/// The words of an article, folded.
struct Known(BTreeSet<String>);

impl Known {
    fn of(article: &str) -> Self {
        Self(spans(article).map(|word| fold(&article[word])).collect())
    }

    /// The first judged word of a name that no word of the article resembles.
    fn stranger(&self, sentence: &str, name: &Name) -> Option<Span> {
        name.judged.iter().find(|word| self.is_strange(&fold(&sentence[(*word).clone()]))).cloned()
    }

    fn is_strange(&self, word: &str) -> bool {
        // An initial, or what "U. S." is made of, is in too many texts to tell anything.
        let initial = word.chars().nth(1).is_none();
        !initial && !ORDINARY.contains(&word) && !self.resembles(word)
    }

    /// "Korea" and "Korean", "Yonhap" and "Yonhap's": the beginning of a longer one.
    fn resembles(&self, word: &str) -> bool {
        const SHORTEST: usize = 4;
        let longer =
            || self.0.range(word.to_string()..).next().is_some_and(|known| known.starts_with(word));
        let shorter = || {
            let ends = word.char_indices().map(|(at, _)| at).filter(|end| *end >= SHORTEST);
            ends.into_iter().any(|end| self.0.contains(&word[..end]))
        };
        self.0.contains(word) || (word.len() >= SHORTEST && (longer() || shorter()))
    }
}

fn names(sentence: &str) -> Vec<Name> {
    let words: Vec<Span> = spans(sentence).collect();
    let capital = |at: usize| {
        words.get(at).is_some_and(|word| sentence[word.clone()].starts_with(char::is_uppercase))
    };
    // A comma ends a name; the stop of an initial does not.
    let adjacent = |at: usize| {
        sentence[words[at - 1].end..words[at].start].chars().all(|c| c == ' ' || c == '.')
    };
    let joins = |at: usize| {
        JOINERS.contains(&&sentence[words[at].clone()]) && capital(at + 1) && adjacent(at + 1)
    };
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let mut end = at;
        while end < words.len()
            && (end == at || adjacent(end))
            && (capital(end) || (end > at && joins(end)))
        {
            end += 1;
        }
        let capitals: Vec<usize> = (at..end).filter(|at| capital(*at)).collect();
        if capitals.len() >= 2 {
            let judged =
                capitals.into_iter().filter(|at| *at > 0).map(|at| words[at].clone()).collect();
            found.push(Name { span: words[at].start..words[end - 1].end, judged });
        }
        at = end.max(at + 1);
    }
    found
}

/// Words with their hyphens and inner stops: "Min-koo", "U.S".
fn spans(text: &str) -> impl Iterator<Item = Span> + '_ {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '’' | '\'');
    let mut at = 0;
    text.split(move |c| !inside(c)).filter_map(move |part| {
        let word = part.trim_matches(|c: char| !c.is_alphanumeric());
        let start = at + part.find(|c: char| c.is_alphanumeric()).unwrap_or(0);
        // What was split at is one character, of any length.
        at += part.len();
        at += text[at..].chars().next().map_or(0, char::len_utf8);
        (!word.is_empty()).then(|| start..start + word.len())
    })
}

fn fold(word: &str) -> String {
    let lower = word.to_lowercase();
    lower.trim_end_matches("'s").trim_end_matches("’s").to_string()
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{messages, summary, translation};
    use super::*;

    const ARTICLE: &str = "U.S. Defense Secretary Dale Whitcombe met South Korea's defense minister, Han Seo-jin, in Busan. \"Yes,\" Han said.";

    #[test]
    fn names_of_the_article_in_another_order_or_form_are_known() {
        for good in [
            "Whitcombe met South Korean Minister Han Seo-jin.",
            "Defense Minister Han met Secretary Dale Whitcombe.",
            "Yesterday Whitcombe met Han.",
            "In Busan, U. S. Defense Secretary Dale J. Whitcombe met Han.",
        ] {
            assert!(
                run(&summary(ARTICLE, good)).is_empty(),
                "{good} {:?}",
                run(&summary(ARTICLE, good))
            );
        }
    }

    #[test]
    fn a_name_the_article_does_not_have_is_doubted() {
        assert_eq!(
            messages(run(&summary(ARTICLE, "In Busan, Dale Whitmore met Han."))),
            ["\"Whitmore\" of \"Dale Whitmore\" is in the summary but not in the article"]
        );
        assert_eq!(run(&summary(ARTICLE, "Han met him in Jeju City.")).len(), 1);
    }

    #[test]
    fn translations_are_not_judged() {
        assert!(run(&translation("한서진 장관이 왔다.", "Minister Han Seo-jin came.")).is_empty());
    }
}
