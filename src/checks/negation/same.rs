//! Negations of one language: a verb that is negated in one text and not in the other.

use std::collections::{HashMap, HashSet};

use super::english::{is_function_word, is_negator};
use crate::checks::lexicon::{english_stem, english_words, korean_stem, korean_words};
use crate::document::Span;
use crate::language::Language;

/// A word with its polarity.
struct Stated {
    /// The beginning that its inflected forms share.
    stem: String,
    is_negated: bool,
    span: Span,
    /// The stem of the content word before it.
    before: String,
}

/// The first word that is negated in `these` and stated in `others`, never negated there, between
/// the same words; its spans in both.
pub(super) fn contradiction(these: &str, others: &str, language: Language) -> Option<(Span, Span)> {
    let (these, others) = (stated(these, language), stated(others, language));
    let negated: HashSet<&str> =
        others.iter().filter(|word| word.is_negated).map(|word| word.stem.as_str()).collect();
    let affirmed: HashSet<&str> =
        these.iter().filter(|word| !word.is_negated).map(|word| word.stem.as_str()).collect();
    let mut by_context: HashMap<(&str, &str), &Stated> = HashMap::new();
    for other in others.iter().filter(|other| !other.before.is_empty()) {
        by_context.entry((&other.before, &other.stem)).or_insert(other);
    }
    for word in these.iter().filter(|word| word.is_negated) {
        if negated.contains(word.stem.as_str()) || affirmed.contains(word.stem.as_str()) {
            continue;
        }
        let other = by_context.get(&(word.before.as_str(), word.stem.as_str()));
        if let Some(other) = other {
            return Some((word.span.clone(), other.span.clone()));
        }
    }
    None
}

fn stated(text: &str, language: Language) -> Vec<Stated> {
    match language {
        Language::English => english(text),
        Language::Korean => korean(text),
    }
}

fn english(text: &str) -> Vec<Stated> {
    const REACH: usize = 5;
    let mut found: Vec<Stated> = Vec::new();
    let mut negation: Option<(usize, Span)> = None;
    let mut before = String::new();
    for word in english_words(text) {
        if is_negator(&word.text) {
            negation = Some((0, word.span.clone()));
            continue;
        }
        if let Some((distance, _)) = &mut negation {
            *distance += 1;
        }
        let has_break = negation.as_ref().is_some_and(|(distance, span)| {
            *distance > REACH
                || text[span.end..word.span.start].contains(['.', ',', ';', ':', '!', '?'])
        });
        if has_break {
            negation = None;
        }
        if is_function_word(&word.text) {
            continue;
        }
        let stem = english_stem(&word.text);
        let negated = negation.take();
        let span = negated.as_ref().map_or(word.span.start, |(_, span)| span.start)..word.span.end;
        found.push(Stated { stem: stem.clone(), is_negated: negated.is_some(), span, before });
        before = stem;
    }
    found
}

fn korean(text: &str) -> Vec<Stated> {
    let words = korean_words(text);
    let word = |at: usize| words.get(at).map_or("", |span| &text[span.clone()]);
    let mut found: Vec<Stated> = Vec::new();
    let mut before = String::new();
    let mut at = 0;
    while at < words.len() {
        let (here, next, third) = (word(at), word(at + 1), word(at + 2));
        // The verb and the words that carry its polarity.
        let (stem, is_negated, length) = if next == "수" && third.starts_with(['있', '없']) {
            (korean_stem(here), third.starts_with('없'), 3)
        } else if next.starts_with(['있', '없']) {
            (particle_less(here), next.starts_with('없'), 2)
        } else if let Some(stem) = negated_stem(here, next) {
            (korean_stem(stem), true, 2)
        } else if ["아니", "아닌", "아닙", "아닐"].iter().any(|start| next.starts_with(start))
        {
            (particle_less(here), true, 2)
        } else if matches!(here, "안" | "못") && !next.is_empty() {
            (korean_stem(next), true, 2)
        } else {
            (korean_stem(here), false, 1)
        };
        let last = (at + length - 1).min(words.len() - 1);
        let span = words[at].start..words[last].end;
        found.push(Stated { stem: stem.clone(), is_negated, span, before });
        before = stem;
        at += length;
    }
    found
}

/// The stem of a verb before a negation: "발표되" of "발표되지 않았다".
fn negated_stem<'t>(word: &'t str, next: &str) -> Option<&'t str> {
    let is_negation =
        ["않", "못하", "못했", "못한", "못할", "못해", "못합", "말고", "말라", "말아", "말자"]
            .iter()
            .any(|start| next.starts_with(start));
    let ends = ["지는", "지도", "지를", "지"];
    ends.iter()
        .find_map(|end| word.strip_suffix(end))
        .filter(|stem| is_negation && !stem.is_empty())
}

/// A noun without its particle.
fn particle_less(word: &str) -> String {
    let ends = ["이", "가", "은", "는", "도", "을", "를", "의", "에", "만"];
    let noun = ends.iter().find_map(|end| word.strip_suffix(end)).filter(|noun| !noun.is_empty());
    noun.unwrap_or(word).to_string()
}
