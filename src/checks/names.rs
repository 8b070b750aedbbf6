//! Names: capitalized words of an English summary that its English article does not mention.
//!
//! Translations are not checked: in another script a name is a transcription ("한민구",
//! "Han Min-koo"), which no comparison of letters finds.

use std::collections::{BTreeSet, HashSet};

use super::check::{Check, Example, FindingKind, OutputKind, Scope};
use super::comparison::Comparison;
use super::spans::{excerpt, with_offsets};
use crate::document::Span;
use crate::finding::Finding;
use crate::language::Language;
use crate::segment::sentences;

const INVENTED: FindingKind = FindingKind::major("name_invented");

pub(super) const CHECK: Check = Check {
    name: "names",
    describe: "names in an English summary that the article does not mention",
    kinds: &[INVENTED],
    scope: Scope::Article,
    examples: &[
        Example::found(
            INVENTED,
            "Defense Minister Han Seo-jin met Dale Whitcombe in Busan.",
            "In Busan, Han met Dale Whitmore.",
        )
        .summary(),
        Example::fine(
            "Defense Minister Han Seo-jin met Dale Whitcombe in Busan.",
            "In Busan, Minister Han met Dale Whitcombe.",
        )
        .summary(),
    ],
    run,
};

/// Lower-case words inside names.
const JOINERS: &[&str] = &["of", "the", "for", "and", "de", "von", "van", "bin", "al"];

/// Words in names that are not counted: every writer uses some for others.
#[rustfmt::skip]
const ORDINARY: &[&str] = &[
    "american", "americans", "america", "united", "states", "korean", "koreans", "korea", "south", "north",
    "republic", "mr", "ms", "mrs", "dr", "president", "minister", "prime", "january", "february", "march",
    "april", "may", "june", "july", "august", "september", "october", "november", "december", "monday",
    "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "i", "the", "u.s", "us", "uk", "un",
    "eu",
];

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let pair = comparison.pair;
    if pair.kind != OutputKind::Summary
        || pair.from != Language::English
        || pair.to != Language::English
    {
        return Vec::new();
    }
    let article = ArticleWords::of(pair.source);
    let mut findings: Vec<Finding> = Vec::new();
    let mut messages = HashSet::new();
    for (start, sentence) in with_offsets(sentences(pair.output)) {
        for name in names(sentence) {
            let Some(word) = article.unmentioned(sentence, &name) else { continue };
            let (text, word) = (&sentence[name.span.clone()], &sentence[word]);
            let context =
                if text == word { String::new() } else { format!(" (in '{}')", excerpt(text)) };
            let message =
                format!("'{word}'{context} appears in the summary but not in the article");
            if messages.insert(message.clone()) {
                let place = start + name.span.start..start + name.span.end;
                let korean = format!("기사에 없는 이름: '{word}'{context}");
                let finding = CHECK.finding(INVENTED, message, korean);
                findings.push(finding.in_output(place).value("name", text));
            }
        }
    }
    findings
}

/// A name: two or more capitalized words in a row.
struct Name {
    /// Its span in the sentence.
    span: Span,
    /// Its words that are compared. The first word of a sentence, always capitalized, is not.
    words: Vec<Span>,
}

/// The words of an article, folded.
struct ArticleWords(BTreeSet<String>);

impl ArticleWords {
    fn of(article: &str) -> Self {
        Self(spans(article).map(|word| fold(&article[word])).collect())
    }

    /// The first word of a name that resembles no word of the article.
    fn unmentioned(&self, sentence: &str, name: &Name) -> Option<Span> {
        name.words
            .iter()
            .find(|word| self.is_unmentioned(&fold(&sentence[(*word).clone()])))
            .cloned()
    }

    fn is_unmentioned(&self, word: &str) -> bool {
        // A single letter, an initial or a part of "U. S.", tells nothing.
        let initial = word.chars().nth(1).is_none();
        !initial && !ORDINARY.contains(&word) && !self.resembles(word)
    }

    /// True if the article has the word, a longer word that starts with it, or the start of it:
    /// "Korea" and "Korean".
    fn resembles(&self, word: &str) -> bool {
        const MIN_LENGTH: usize = 4;
        let longer =
            || self.0.range(word.to_string()..).next().is_some_and(|other| other.starts_with(word));
        let shorter = || {
            let ends = word.char_indices().map(|(at, _)| at).filter(|end| *end >= MIN_LENGTH);
            ends.into_iter().any(|end| self.0.contains(&word[..end]))
        };
        self.0.contains(word) || (word.len() >= MIN_LENGTH && (longer() || shorter()))
    }
}

fn names(sentence: &str) -> Vec<Name> {
    let words: Vec<Span> = spans(sentence).collect();
    let is_capital = |at: usize| {
        words.get(at).is_some_and(|word| sentence[word.clone()].starts_with(char::is_uppercase))
    };
    // A comma ends a name; the period of an initial does not.
    let is_adjacent = |at: usize| {
        sentence[words[at - 1].end..words[at].start].chars().all(|c| c == ' ' || c == '.')
    };
    let is_joiner = |at: usize| {
        JOINERS.contains(&&sentence[words[at].clone()]) && is_capital(at + 1) && is_adjacent(at + 1)
    };
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let mut end = at;
        while end < words.len()
            && (end == at || is_adjacent(end))
            && (is_capital(end) || (end > at && is_joiner(end)))
        {
            end += 1;
        }
        let capitals: Vec<usize> = (at..end).filter(|at| is_capital(*at)).collect();
        if capitals.len() >= 2 {
            let span = words[at].start..words[end - 1].end;
            let compared = capitals.into_iter().filter(|at| *at > 0);
            found.push(Name { span, words: compared.map(|at| words[at].clone()).collect() });
        }
        at = end.max(at + 1);
    }
    found
}

/// Spans of words, with hyphens and periods inside them: "Min-koo", "U.S".
fn spans(text: &str) -> impl Iterator<Item = Span> + '_ {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '’' | '\'');
    let mut at = 0;
    text.split(move |c| !inside(c)).filter_map(move |part| {
        let word = part.trim_matches(|c: char| !c.is_alphanumeric());
        let start = at + part.find(|c: char| c.is_alphanumeric()).unwrap_or(0);
        // The separator is one character of any length.
        at += part.len();
        at += text[at..].chars().next().map_or(0, char::len_utf8);
        (!word.is_empty()).then(|| start..start + word.len())
    })
}

/// A word in lower case, without a possessive ending.
fn fold(word: &str) -> String {
    let lower = word.to_lowercase();
    lower.trim_end_matches("'s").trim_end_matches("’s").to_string()
}

#[cfg(test)]
mod tests {
    use super::super::pairs::{messages, run, summary, translation};
    use super::*;

    const ARTICLE: &str = "U.S. Defense Secretary Dale Whitcombe met South Korea's defense minister, Han Seo-jin, in Busan. \"Yes,\" Han said.";

    #[test]
    fn names_of_the_article_in_another_order_or_form_are_no_finding() {
        for good in [
            "Whitcombe met South Korean Minister Han Seo-jin.",
            "Defense Minister Han met Secretary Dale Whitcombe.",
            "Yesterday Whitcombe met Han.",
            "In Busan, U. S. Defense Secretary Dale J. Whitcombe met Han.",
        ] {
            assert!(
                run(&CHECK, &summary(ARTICLE, good)).is_empty(),
                "{good} {:?}",
                run(&CHECK, &summary(ARTICLE, good))
            );
        }
    }

    #[test]
    fn a_name_the_article_does_not_have_is_found() {
        assert_eq!(
            messages(run(&CHECK, &summary(ARTICLE, "In Busan, Dale Whitmore met Han."))),
            ["'Whitmore' (in 'Dale Whitmore') appears in the summary but not in the article"]
        );
        assert_eq!(run(&CHECK, &summary(ARTICLE, "Han met him in Jeju City.")).len(), 1);
    }

    #[test]
    fn translations_are_not_checked() {
        assert!(
            run(&CHECK, &translation("한서진 장관이 왔다.", "Minister Han Seo-jin came."))
                .is_empty()
        );
    }
}
