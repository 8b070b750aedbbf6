//! Names of a summary that its article in the same language does not have.

use std::collections::{BTreeSet, HashSet};

use super::english::{self, Word};
use super::hangul::{self, Sign};
use super::{CHECK, INVENTED};
use crate::checks::comparison::Comparison;
use crate::checks::spans::excerpt;
use crate::document::Span;
use crate::finding::Finding;
use crate::language::Language;

pub(super) fn findings(comparison: &Comparison<'_>) -> Vec<Finding> {
    let new = match comparison.pair.to {
        Language::English => new_in_english(comparison),
        _ => new_in_korean(comparison),
    };
    let kind = comparison.pair.kind;
    let ((article, summary), (article_ko, _)) = (kind.words(), kind.korean_words());
    let mut messages = HashSet::new();
    let findings = new.into_iter().filter_map(|(word, name)| {
        let text = &comparison.pair.output[name.clone()];
        let word = &comparison.pair.output[word];
        let context =
            if text == word { String::new() } else { format!(" (in '{}')", excerpt(text)) };
        let message =
            format!("'{word}'{context} appears in the {summary} but not in the {article}");
        messages.insert(message.clone()).then(|| {
            let korean = format!("{article_ko}에 없는 이름: '{word}'{context}");
            CHECK.finding(INVENTED, message, korean).in_output(name).found(text).value("name", text)
        })
    });
    findings.collect()
}

/// Words of an English output that its source does not have, each with its name.
fn new_in_english(comparison: &Comparison<'_>) -> Vec<(Span, Span)> {
    let output = &comparison.output;
    let source = SourceWords::of(comparison.source.text);
    let names = english::names(output.text, output.sentences());
    let new = names.into_iter().filter_map(|name| {
        let alone = name.words.len() == 1;
        let is_new = |word: &&Word| {
            !word.initial_only(alone) && word.is_telling() && !source.resembles(&word.folded)
        };
        let word = name.words.iter().find(is_new)?.span.clone();
        Some((word, name.span))
    });
    new.collect()
}

/// Names of a Korean output that its source does not have.
fn new_in_korean(comparison: &Comparison<'_>) -> Vec<(Span, Span)> {
    let (source, output) = (comparison.source.text, comparison.output.text);
    let names = hangul::names(output).into_iter().filter(|name| {
        let text = &output[name.span.clone()];
        let glossed = match &name.sign {
            Sign::Gloss(gloss) => source.contains(&output[gloss.clone()]),
            Sign::Known(_) | Sign::Foreign => false,
        };
        let bare = &text[..text.len() - super::sounds::particle_length(text)];
        !glossed && !source.contains(bare)
    });
    names.map(|name| (name.span.clone(), name.span)).collect()
}

/// The words of a source in lower case.
struct SourceWords(BTreeSet<String>);

impl SourceWords {
    fn of(text: &str) -> Self {
        let mut words = BTreeSet::new();
        for span in english::words(text) {
            let word = text[span].to_lowercase();
            words.extend(word.split('-').map(str::to_string));
            words.insert(word);
        }
        Self(words)
    }

    /// True if the source has the word, a longer word that starts with it, or the start of it:
    /// "Korea" and "Korean".
    fn resembles(&self, word: &str) -> bool {
        const MIN_LENGTH: usize = 4;
        let longer =
            || self.0.range(word.to_string()..).next().is_some_and(|other| other.starts_with(word));
        let shorter = || {
            let ends = word.char_indices().map(|(at, _)| at).filter(|end| *end >= MIN_LENGTH);
            ends.into_iter().any(|end| self.0.contains(&word[..end]))
        };
        let parts = || word.contains('-') && word.split('-').all(|part| self.0.contains(part));
        self.0.contains(word) || (word.len() >= MIN_LENGTH && (longer() || shorter())) || parts()
    }
}
