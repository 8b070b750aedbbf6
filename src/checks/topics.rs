//! Topics: words of a summary that belong to a topic the article does not touch, such as a school
//! in news of a bridge. Knows the topics of the dictionary; a word is in doubt only if the article
//! has no word of its topic at all.

use super::check::{Check, Example, FindingKind, OutputKind, Scope};
use super::comparison::{Comparison, Text};
use super::dictionary::{self, Concept, Topics};
use crate::document::Span;
use crate::finding::Finding;
use crate::language::{Language, is_hangul};

const NEW: FindingKind = FindingKind::major("topic_invented");

pub(super) const CHECK: Check = Check {
    name: "topics",
    describe: "words of a summary on a topic that the article does not touch",
    kinds: &[NEW],
    scope: Scope::Article,
    examples: &[
        Example::found(
            NEW,
            "The bridge of Haemin was closed. Engineers found cracks in two of its pillars. The \
             city will repair it.",
            "해민시가 다리를 닫았다. 태풍으로 기둥 두 개에 금이 갔다.",
        )
        .summary(),
        Example::found(
            NEW,
            "해민시가 다리를 닫았다. 기둥 두 개에서 균열이 발견됐다. 시는 다리를 고치기로 했다.",
            "Haemin closed its bridge, and two students left the school.",
        )
        .summary(),
        Example::fine(
            "해민시가 다리를 닫았다. 교사들이 균열을 발견했다. 시는 다리를 고치기로 했다.",
            "Haemin closed its bridge after a school found cracks.",
        )
        .summary(),
        Example::fine(
            "The bridge of Haemin was closed. A storm had hit it. The city will repair it.",
            "태풍이 지나간 뒤 해민시가 다리를 닫았다.",
        )
        .summary(),
    ],
    run,
};

/// Fewest sentences of an article that shows its topics.
const MIN_SENTENCES: usize = 3;

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let (source, output) = (&comparison.source, &comparison.output);
    if comparison.pair.kind != OutputKind::Summary || source.sentences().len() < MIN_SENTENCES {
        return Vec::new();
    }
    let mut touched: Topics = 0;
    for word in words(source.text, 0..source.text.len()) {
        concepts(source, &word, false)
            .into_iter()
            .for_each(|one| touched |= dictionary::shown(one));
    }
    let mut findings = Vec::new();
    for sentence in output.sentences() {
        let mut reported: Topics = 0;
        for word in words(output.text, sentence.clone()) {
            let concepts = concepts(output, &word, true);
            let is_new = |one: &Concept| {
                let needed = dictionary::needed(*one);
                needed != 0 && needed & (touched | reported) == 0
            };
            if !concepts.is_empty() && concepts.iter().all(is_new) {
                concepts.iter().for_each(|one| reported |= dictionary::needed(*one));
                findings.push(finding(comparison, word));
            }
        }
    }
    findings
}

fn finding(comparison: &Comparison<'_>, place: Span) -> Finding {
    let word = &comparison.pair.output[place.clone()];
    let ((original, result), (original_ko, _)) = (comparison.words(), comparison.korean_words());
    let message =
        format!("'{word}' in the {result} is on a topic that the {original} does not touch");
    let korean = format!("{original_ko}에서 다루지 않은 내용: '{word}'");
    CHECK.finding(NEW, message, korean).in_output(place).found(word)
}

/// Spans of the words in a part of a text.
fn words(text: &str, part: Span) -> impl Iterator<Item = Span> {
    let mut at = part.start;
    text[part].split_inclusive(|c: char| !c.is_alphanumeric()).filter_map(move |piece| {
        let start = at;
        at += piece.len();
        let word = piece.trim_end_matches(|c: char| !c.is_alphanumeric());
        (!word.is_empty()).then(|| start..start + word.len())
    })
}

/// Concepts that a word has, or also those that it may have.
fn concepts(text: &Text<'_>, word: &Span, only_certain: bool) -> Vec<Concept> {
    let word = &text.text[word.clone()];
    match text.language {
        Language::English => dictionary::of_english(&word.to_lowercase()),
        Language::Korean if word.contains(is_hangul) => {
            let mut found = Vec::new();
            dictionary::of_korean(word, |is_certain, concept| {
                found.extend((is_certain || !only_certain).then_some(concept));
            });
            found
        }
        Language::Korean => Vec::new(),
    }
}
