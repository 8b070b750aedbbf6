//! Variants: two renderings of one name that differ in a letter, 김민호 and 김민오.
//!
//! Words of the output that differ in one letter are found through the words that are left when any
//! one letter is taken out, in linear time; a pair is two renderings if both sound most like the
//! same name of the source, and that name is there twice.

use std::collections::{HashMap, HashSet};

use super::common_words::is_common;
use super::english::{self, Word};
use super::evidence::NEAR;
use super::sounds::{Cost, Hangul, Spoken, particle_length};
use crate::checks::comparison::Comparison;
use crate::checks::spans::InPart;
use crate::document::Span;
use crate::language::{Language, is_hangul};

/// Most pairs of similar words that are compared with the names of the source.
const MAX_PAIRS: usize = 16;
/// Most names of the source that a word is compared with.
const MAX_NAMES: usize = 128;
/// Most letters of a name of the source.
const LONGEST_NAME: usize = 40;
/// Most words that share what is left without a letter: more are forms of a common stem.
const MAX_ALIKE: usize = 4;

/// Particles that names end with, too.
const MAY_END_NAMES: &[&str] = &["나", "로", "도", "만", "인", "란"];

/// A name of the source with two renderings.
pub(in super::super) struct Variant {
    pub name: String,
    pub first: InPart,
    pub second: InPart,
}

/// A different word of a text that may be a name.
struct Form {
    /// In lower case, letters only.
    key: String,
    /// Its first place.
    place: InPart,
    count: usize,
}

/// The names that the parts of a translation render in two ways.
pub(in super::super) fn of(parts: &[Comparison<'_>]) -> Vec<Variant> {
    let Some(first) = parts.first() else { return Vec::new() };
    let output = forms(parts, first.pair.to, false);
    let pairs = similar(&output, first.pair.to);
    if pairs.is_empty() {
        return Vec::new();
    }
    let mut names = forms(parts, first.pair.from, true);
    names.retain(|name| (2..=LONGEST_NAME).contains(&name.key.chars().count()));
    names.truncate(MAX_NAMES);
    let word = |form: &Form| match first.pair.to {
        Language::Korean => parts[form.place.part].pair.output[form.place.span.clone()].to_string(),
        Language::English => form.key.clone(),
    };
    let mut found = Vec::new();
    for (one, other) in pairs {
        let (one, other) = (&output[one], &output[other]);
        let of = |form: &Form| nearest(&word(form), &names, first.pair.to);
        let (Some(name), Some(same)) = (of(one), of(other)) else { continue };
        if std::ptr::eq(name, same) && name.count > 1 {
            found.push(Variant {
                name: parts[name.place.part].pair.source[name.place.span.clone()].to_string(),
                first: one.place.clone(),
                second: other.place.clone(),
            });
        }
    }
    found
}

/// The different words of the sources or outputs that may be names, in the order of their places.
fn forms(parts: &[Comparison<'_>], language: Language, of_source: bool) -> Vec<Form> {
    let mut forms: Vec<Form> = Vec::new();
    let mut index: HashMap<String, usize> = HashMap::new();
    for (part, comparison) in parts.iter().enumerate() {
        let text = if of_source { &comparison.source } else { &comparison.output };
        let spans = match language {
            Language::Korean => korean_words(text.text),
            Language::English => english_words(text.text, text.sentences()),
        };
        for span in spans {
            let letters = text.text[span.clone()].chars().filter(|c| c.is_alphabetic());
            let key: String = letters.flat_map(char::to_lowercase).collect();
            let at = *index.entry(key.clone()).or_insert(forms.len());
            match forms.get_mut(at) {
                Some(form) => form.count += 1,
                None => forms.push(Form { key, place: InPart { part, span }, count: 1 }),
            }
        }
    }
    forms
}

/// Words in Hangul without their particles.
fn korean_words(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut end = 0;
    for word in text.split_inclusive(|c| !is_hangul(c)) {
        let start = end;
        end += word.len();
        let word = word.trim_end_matches(|c| !is_hangul(c));
        let bare = word.len() - particle_length(word);
        if bare > 0 {
            spans.push(start..start + bare);
        }
        // 애리조나 is no 애리조 with a particle.
        if bare < word.len() && MAY_END_NAMES.contains(&&word[bare..]) {
            spans.push(start..start + word.len());
        }
    }
    spans
}

/// The words of names, and names of several words as a whole.
fn english_words(text: &str, sentences: &[Span]) -> Vec<Span> {
    let is_own = |word: &Word| !word.common && !word.acronym && word.is_telling();
    let mut spans = Vec::new();
    for name in english::names(text, sentences) {
        spans.extend(name.words.iter().filter(|word| is_own(word)).map(|word| word.span.clone()));
        if let [first, .., last] = &name.words[..]
            && name.words.iter().all(is_own)
        {
            spans.push(first.span.start..last.span.end);
        }
    }
    spans
}

/// Pairs of words that differ in one letter.
fn similar(forms: &[Form], language: Language) -> Vec<(usize, usize)> {
    let fewest = match language {
        Language::Korean => 3,
        Language::English => 5,
    };
    let mut alike: HashMap<String, Vec<usize>> = HashMap::new();
    let mut pairs = Vec::new();
    let mut seen = HashSet::new();
    for (at, form) in forms.iter().enumerate() {
        const LONGEST: usize = 24;
        let length = form.key.chars().count();
        if !(fewest..=LONGEST).contains(&length) || is_common(&form.key) {
            continue;
        }
        for left_out in 0..=length {
            let letters = form.key.chars().enumerate().filter(|(place, _)| *place != left_out);
            let rest: String = letters.map(|(_, letter)| letter).collect();
            let others = alike.entry(rest).or_default();
            if others.len() < MAX_ALIKE {
                let is_new = |other: &&usize| {
                    // "Indonesian" is a form of "Indonesia", 휘트컴인 one of 휘트컴.
                    let (key, own) = (&forms[**other].key, &form.key);
                    !key.starts_with(own.as_str())
                        && !own.starts_with(key.as_str())
                        && seen.insert((**other, at))
                };
                pairs.extend(others.iter().filter(is_new).map(|other| (*other, at)));
                others.push(at);
            }
        }
    }
    pairs.truncate(MAX_PAIRS);
    pairs
}

/// The name of the source that sounds most like a word; `to` is the language of the word.
fn nearest<'n>(word: &str, names: &'n [Form], to: Language) -> Option<&'n Form> {
    let distance = |name: &Form| {
        let (latin, korean) = match to {
            Language::Korean => (name.key.as_str(), word),
            Language::English => (word, name.key.as_str()),
        };
        let spoken = Spoken::new(latin);
        let budget = (spoken.letters() as f32 * NEAR) as Cost;
        let found = Hangul::new(korean).find(&spoken, 0..korean.len(), budget)?;
        // A given name stands after a surname of one syllable.
        let surname = korean.chars().next().map_or(0, char::len_utf8);
        let is_whole = (found.start == 0 || found.start == surname) && found.end == korean.len();
        is_whole.then(|| f32::from(found.cost) / spoken.letters().max(1) as f32)
    };
    let near = names.iter().filter_map(|name| Some((distance(name)?, name)));
    near.min_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, name)| name)
}
