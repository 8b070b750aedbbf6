//! Names of a summary that its article in the same language does not have.

use std::collections::{BTreeSet, HashSet};

use super::english::{self, Word};
use super::hangul::{self, Sign};
use super::kinds::{self, INVENTED, MISPLACED};
use super::sounds;
use crate::checks::check::FindingKind;
use crate::checks::comparison::Comparison;
use crate::checks::spans::excerpt;
use crate::checks::support::match_sentences;
use crate::document::Span;
use crate::finding::Finding;
use crate::language::Language;

pub(super) fn findings(comparison: &Comparison<'_>) -> Vec<Finding> {
    let (article, output) = (comparison.pair.source, comparison.pair.output);
    let of_article = SourceWords::of(article);
    let names = names(comparison);
    let mut findings = Vec::new();
    let mut seen = HashSet::new();
    for sentence in &comparison.matching(match_sentences).sentences {
        let evidence = sentence.evidence.as_deref().filter(|_| !sentence.is_unsupported());
        let evidence = evidence.map(|text| (text, SourceWords::of(text)));
        let first = names.partition_point(|name| name.span.start < sentence.output.start);
        let inside = names[first..].iter().take_while(|name| name.span.end <= sentence.output.end);
        for name in inside {
            let new = name.words.iter().find(|word| !of_article.has(article, word));
            let moved = || {
                let (text, words) = evidence.as_ref()?;
                name.words.iter().find(|word| !words.has(text, word))
            };
            let (kind, word) = match (new, moved()) {
                (Some(word), _) => (INVENTED, word),
                (None, Some(word)) => (MISPLACED, word),
                (None, None) => continue,
            };
            if seen.insert((kind.name, word.folded.clone())) {
                let finding = finding(comparison, kind, &output[name.span.clone()], word);
                let finding = finding.in_output(name.span.clone());
                findings.push(match &sentence.window {
                    Some(window) if kind == MISPLACED => finding.in_source(window.clone()),
                    _ => finding,
                });
            }
        }
    }
    findings
}

fn finding(comparison: &Comparison<'_>, kind: FindingKind, name: &str, word: &Term) -> Finding {
    let ((article, summary), (article_ko, _)) =
        (comparison.pair.kind.words(), comparison.pair.kind.korean_words());
    let word = &comparison.pair.output[word.span.clone()];
    let context = if name == word { String::new() } else { format!(" (in '{}')", excerpt(name)) };
    let (english, korean) = if kind == INVENTED {
        (
            format!("'{word}'{context} appears in the {summary} but not in the {article}"),
            format!("{article_ko}에 없는 이름: '{word}'{context}"),
        )
    } else {
        (
            format!("'{word}'{context} is not in the sentences of the {article} that say this"),
            format!("{article_ko}의 해당 문장에 없는 이름: '{word}'{context}"),
        )
    };
    kinds::finding(kind, english, korean).found(name).value("name", name)
}

/// A name of the output, with its words that tell it from others.
struct Named {
    span: Span,
    words: Vec<Term>,
}

/// A word of a name.
struct Term {
    span: Span,
    folded: String,
}

/// The names of the output in order.
fn names(comparison: &Comparison<'_>) -> Vec<Named> {
    let output = &comparison.output;
    if comparison.pair.to == Language::English {
        let names = english::names(output.text, output.sentences()).into_iter().map(|name| {
            let alone = name.words.len() == 1;
            let telling =
                name.words.iter().filter(|word| !word.initial_only(alone) && word.is_telling());
            let term = |word: &Word| Term { span: word.span.clone(), folded: word.folded.clone() };
            Named { words: telling.map(term).collect(), span: name.span }
        });
        return names.collect();
    }
    let names = hangul::names(output.text).into_iter().map(|name| {
        let mut words = Vec::new();
        if let Sign::Gloss(gloss) = &name.sign {
            let folded = output.text[gloss.clone()].to_string();
            words.push(Term { span: gloss.clone(), folded });
        }
        let text = &output.text[name.span.clone()];
        let bare = text[..text.len() - sounds::particle_length(text)].to_string();
        words.push(Term { span: name.span.clone(), folded: bare });
        Named { span: name.span, words }
    });
    names.collect()
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

    /// True if the source has a word of a name, in any form.
    fn has(&self, source: &str, word: &Term) -> bool {
        source.contains(&word.folded) || self.resembles(&word.folded)
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
