//! Modes of one language: the mode of a verb in two texts.

use std::collections::HashMap;

use crate::checks::lexicon::{ends_in_l, english_stem, english_words, korean_stem, korean_words};
use crate::document::Span;
use crate::language::Language;

/// The mode of a verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// "rises", "rose".
    Fact,
    /// "will rise".
    Future,
    /// "would rise", "could rise": not compared.
    Conditional,
    /// "can rise".
    Ability,
    /// "may rise".
    Possibility,
    /// "must rise".
    Obligation,
}

/// A verb with its mode.
struct Verb {
    stem: String,
    /// The stem of the word before it, or before its auxiliary.
    before: String,
    mode: Mode,
    span: Span,
}

/// A verb whose mode changed.
pub(super) struct Change {
    /// The stronger of the two modes.
    pub mode: Mode,
    /// The verb in the source.
    pub stated: Span,
    /// The verb in the output.
    pub claimed: Span,
}

/// Verbs whose mode in the output is in no place of the source, where both stand after the same
/// word.
pub(super) fn changed(source: &str, output: &str, language: Language) -> Vec<Change> {
    let (stated, claimed) = (verbs(source, language), verbs(output, language));
    let mut by_verb: HashMap<(&str, &str), Vec<&Verb>> = HashMap::new();
    for verb in &stated {
        by_verb.entry((&verb.before, &verb.stem)).or_default().push(verb);
    }
    let mut found = Vec::new();
    for claim in &claimed {
        let Some(same) = by_verb.get(&(claim.before.as_str(), claim.stem.as_str())) else {
            continue;
        };
        if same.iter().any(|verb| verb.mode == claim.mode) {
            continue;
        }
        if let Some(mode) = stronger(same[0].mode, claim.mode) {
            let (stated, claimed) = (same[0].span.clone(), claim.span.clone());
            found.push(Change { mode, stated, claimed });
        }
    }
    found
}

/// The stronger of two modes; `None` for a change that reported speech makes, too.
fn stronger(from: Mode, to: Mode) -> Option<Mode> {
    let is_told = |mode| matches!(mode, Mode::Conditional);
    match (from, to) {
        (other, told) | (told, other)
            if is_told(told) && matches!(other, Mode::Fact | Mode::Possibility | Mode::Ability) =>
        {
            None
        }
        (Mode::Obligation, _) | (_, Mode::Obligation) => Some(Mode::Obligation),
        (Mode::Possibility | Mode::Ability, _) | (_, Mode::Possibility | Mode::Ability) => {
            Some(Mode::Possibility)
        }
        _ => Some(Mode::Future),
    }
}

fn verbs(text: &str, language: Language) -> Vec<Verb> {
    match language {
        Language::English => english(text),
        Language::Korean => korean(text),
    }
}

fn english(text: &str) -> Vec<Verb> {
    let mut found = Vec::new();
    let mut mode: Option<(Mode, usize)> = None;
    let mut before = String::new();
    for word in english_words(text) {
        let auxiliary = match word.text.as_str() {
            "will" | "won't" => Some(Mode::Future),
            "would" | "could" | "wouldn't" | "couldn't" => Some(Mode::Conditional),
            "can" | "cannot" | "can't" => Some(Mode::Ability),
            "may" | "might" if !text[word.span.clone()].starts_with('M') => Some(Mode::Possibility),
            "must" | "should" | "shall" | "mustn't" | "shouldn't" => Some(Mode::Obligation),
            "not" | "never" | "also" | "still" | "only" => continue,
            _ => None,
        };
        if let Some(auxiliary) = auxiliary {
            mode = Some((auxiliary, word.span.start));
            continue;
        }
        let stem = english_stem(&word.text);
        let (mode, start) = mode.take().unwrap_or((Mode::Fact, word.span.start));
        found.push(Verb { stem: stem.clone(), before, mode, span: start..word.span.end });
        before = stem;
    }
    found
}

fn korean(text: &str) -> Vec<Verb> {
    let words = korean_words(text);
    let word = |at: usize| words.get(at).map_or("", |span| &text[span.clone()]);
    let mut found = Vec::new();
    let mut before = String::new();
    let mut at = 0;
    while at < words.len() {
        let (here, next, third) = (word(at), word(at + 1), word(at + 2));
        let starts = |word: &str, list: &[&str]| list.iter().any(|start| word.starts_with(start));
        let is_open = here.chars().next_back().is_some_and(ends_in_l);
        let (mode, length) = if is_open && next == "수도" && starts(third, &["있"]) {
            (Mode::Possibility, 3)
        } else if is_open && next == "수" && starts(third, &["있", "없"]) {
            (Mode::Ability, 3)
        } else if here.ends_with('지') && starts(next, &["모르", "모른", "몰"]) {
            (Mode::Possibility, 2)
        } else if here.ends_with('지') && starts(next, &["않"]) {
            (Mode::Fact, 2)
        } else if here.ends_with('야')
            && starts(next, &["하", "한", "할", "합", "했", "된", "됩", "되"])
        {
            (Mode::Obligation, 2)
        } else if is_open && starts(next, &["것", "예정", "계획", "전망", "방침", "거", "겁"])
        {
            (Mode::Future, 2)
        } else {
            (Mode::Fact, 1)
        };
        let last = (at + length - 1).min(words.len() - 1);
        let stem = korean_stem(here);
        found.push(Verb {
            stem: stem.clone(),
            before,
            mode,
            span: words[at].start..words[last].end,
        });
        before = stem;
        at += length;
    }
    found
}
