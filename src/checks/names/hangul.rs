//! Names in Korean text: names with a gloss in Latin letters, names of the gazetteer, and words
//! that sound like foreign names. Korean has no capitals, so other names are not seen.

use super::foreign::foreignness;
use super::gazetteer;
use super::sounds::{is_particles, particle_length};
use crate::document::Span;

/// The evidence that a word is a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sign {
    /// Its name in Latin letters stands in brackets behind it.
    Gloss(Span),
    /// The gazetteer has it, with these English names.
    Known(&'static [String]),
    /// It sounds like a foreign name.
    Foreign,
}

/// A name in a Korean text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    /// Its span, without a particle.
    pub span: Span,
    /// The span of the whole word: a particle may be part of the name.
    pub word: Span,
    pub sign: Sign,
}

/// The names of a text in order.
pub(super) fn names(text: &str) -> Vec<Name> {
    let mut found = Vec::new();
    let mut at = 0;
    for word in text.split(|c: char| !is_hangul(c)) {
        let start = at;
        at += word.len();
        let after = &text[at..];
        at += after.chars().next().map_or(0, char::len_utf8);
        // A particle follows a Latin word, a digit or a closing mark: "cell이란", "(세포)란".
        let mut before = text[..start].chars().rev();
        let is_particle = match before.next() {
            Some('"' | '\'') => before.next().is_some_and(|c| !c.is_whitespace()),
            Some(c) => c.is_alphanumeric() || ")]”’".contains(c),
            None => false,
        };
        if word.is_empty() || is_particle {
            continue;
        }
        let span = start..start + word.len();
        if let Some(gloss) = gloss(after) {
            let gloss = start + word.len() + gloss.start..start + word.len() + gloss.end;
            found.push(Name { span: span.clone(), word: span, sign: Sign::Gloss(gloss) });
        } else if let Some((length, names)) = known(word) {
            found.push(Name { span: start..start + length, word: span, sign: Sign::Known(names) });
        } else {
            let bare = &word[..word.len() - particle_length(word)];
            if is_foreign(bare) {
                found.push(Name {
                    span: start..start + bare.len(),
                    word: span,
                    sign: Sign::Foreign,
                });
            }
        }
    }
    found
}

pub(super) fn is_hangul(c: char) -> bool {
    ('가'..='힣').contains(&c)
}

/// The span of a gloss at the start of a text: "(Kanye West)".
fn gloss(after: &str) -> Option<Span> {
    const LONGEST: usize = 60;
    let inside = after.trim_start_matches(' ').strip_prefix(['(', '（'])?;
    let start = after.len() - inside.len();
    let length = inside.find([')', '）', ',', ';'])?;
    let words = &inside[..length];
    (length <= LONGEST
        && words.starts_with(|c: char| c.is_uppercase())
        && !words.chars().any(|c| is_hangul(c) || c.is_numeric()))
    .then(|| start..start + length)
}

/// The length of the known name that a word begins with, and its English names.
fn known(word: &str) -> Option<(usize, &'static [String])> {
    const SHORTEST: usize = 2;
    const LONGEST: usize = 9;
    let ends = word.char_indices().map(|(at, c)| at + c.len_utf8()).take(LONGEST);
    let ends: Vec<usize> = ends.skip(SHORTEST - 1).collect();
    ends.into_iter().rev().find_map(|end| {
        let names = gazetteer::english(&word[..end]);
        let rest = &word[end..];
        (!names.is_empty() && is_particles(rest)).then_some((end, names))
    })
}

/// True for a word that sounds like a foreign name.
fn is_foreign(word: &str) -> bool {
    const ENOUGH: f32 = 2.0;
    foreignness(word) > ENOUGH
}
