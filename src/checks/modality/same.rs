//! Modes of one language: the mode of a verb in two texts.

use super::{FUTURE, OBLIGATION, POSSIBILITY, ends_in_l};
use crate::checks::check::FindingKind;
use crate::checks::lexicon::{english_stem, english_words, korean_stem, korean_words};
use crate::document::Span;
use crate::language::Language;

/// The mode of a verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
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

/// Verbs whose mode in the output is in no place of the source, where both stand after the same
/// word: the kind, the span in the source and that in the output.
pub(super) fn changed(
    source: &str,
    output: &str,
    language: Language,
) -> Vec<(FindingKind, Span, Span)> {
    let (stated, claimed) = (verbs(source, language), verbs(output, language));
    let mut found = Vec::new();
    for claim in &claimed {
        let same =
            || stated.iter().filter(|verb| verb.stem == claim.stem && verb.before == claim.before);
        if same().any(|verb| verb.mode == claim.mode) {
            continue;
        }
        let Some(other) = same().next() else { continue };
        if let Some(kind) = kind(other.mode, claim.mode) {
            found.push((kind, other.span.clone(), claim.span.clone()));
        }
    }
    found
}

/// The kind of a change; `None` for one that reported speech makes, too.
fn kind(from: Mode, to: Mode) -> Option<FindingKind> {
    match (from, to) {
        (Mode::Conditional, Mode::Fact) | (Mode::Fact, Mode::Conditional) => None,
        (Mode::Conditional, Mode::Possibility | Mode::Ability)
        | (Mode::Possibility | Mode::Ability, Mode::Conditional) => None,
        (Mode::Obligation, _) | (_, Mode::Obligation) => Some(OBLIGATION),
        (Mode::Possibility | Mode::Ability, _) | (_, Mode::Possibility | Mode::Ability) => {
            Some(POSSIBILITY)
        }
        _ => Some(FUTURE),
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
