//! Names that stand in an English and in a Korean text, for other modules than the check.

use super::english::{self, Name, Unit};
use super::evidence::{Korean, NEAR};
use super::sounds::particle_length;
use crate::document::Span;
use crate::segment::sentences;

/// Spans of the capitalized phrases of an English text, without words that are capitalized by their
/// place alone.
pub(crate) fn capitalized_phrases(text: &str) -> Vec<Span> {
    let own = |name: Name| {
        let first = name.words.iter().find(|word| !word.initial_only(false))?;
        Some(first.span.start..name.span.end)
    };
    names(text).into_iter().filter_map(own).collect()
}

/// Spans of the names of an English text, and of their counterparts in a Korean one by sound or by
/// the gazetteer.
pub(crate) fn names_in_both(english: &str, korean: &str) -> Vec<(Span, Span)> {
    let read = Korean::new(korean);
    let mut found = Vec::new();
    for name in names(english) {
        for unit in english::units(english, &name) {
            if read.distance(&unit, None) <= NEAR
                && let Some(place) = read.place_of_all(&unit)
            {
                found.push(with_surname(&name, &unit, place, korean));
            }
        }
    }
    found
}

/// A Korean word without the particles at its end; at least two syllables stay.
pub(crate) fn without_particles(word: &str) -> &str {
    &word[..word.len() - particle_length(word)]
}

fn names(text: &str) -> Vec<Name> {
    let mut end = 0;
    let spans = sentences(text).into_iter().map(|sentence| {
        end += sentence.len();
        end - sentence.len()..end
    });
    english::names(text, &spans.collect::<Vec<_>>())
}

/// A Korean person's name whole: "Park Do-yun" and 박도윤, where the given name was found.
fn with_surname(name: &Name, unit: &Unit, place: Span, korean: &str) -> (Span, Span) {
    const LONGEST_SURNAME: usize = 6;
    let alone = (unit.span.clone(), place.clone());
    let at = name.words.iter().position(|word| word.span.start == unit.span.start);
    let Some(surname) = at.and_then(|at| at.checked_sub(1)).map(|at| &name.words[at]) else {
        return alone;
    };
    let is_given = unit.words.len() == 1 && unit.words[0].folded.contains('-');
    let before = korean[..place.start].char_indices().next_back();
    let syllable = before.filter(|(_, c)| super::hangul::is_hangul(*c));
    let is_first = |at: usize| !korean[..at].ends_with(super::hangul::is_hangul);
    match syllable {
        Some((start, _))
            if is_given && is_first(start) && surname.folded.len() <= LONGEST_SURNAME =>
        {
            (surname.span.start..unit.span.end, start..place.end)
        }
        _ => alone,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(english: &str, korean: &str) -> Vec<(String, String)> {
        let found = names_in_both(english, korean).into_iter();
        found.map(|(en, ko)| (english[en].to_string(), korean[ko].to_string())).collect()
    }

    #[test]
    fn names_are_found_with_their_counterparts() {
        for (english, korean, expected) in [
            ("said Park Do-yun, who works there", "일하는 박도윤 씨는", ("Park Do-yun", "박도윤")),
            (
                "Striker Tomas Orvik scored.",
                "공격수 토마스 오르비크는 골을 넣었다.",
                ("Tomas Orvik", "토마스 오르비크"),
            ),
            ("The port of Haemin closed.", "해민의 항구가 닫혔다.", ("Haemin", "해민")),
            ("They met in Norway.", "노르웨이에서 만났다.", ("Norway", "노르웨이")),
        ] {
            let found = both(english, korean);
            assert_eq!(found, [(expected.0.to_string(), expected.1.to_string())], "{english}");
        }
        assert_eq!(both("Striker Tomas Orvik scored.", "감독은 말했다."), []);
    }

    #[test]
    fn phrases_begin_with_a_word_that_is_capitalized_of_itself() {
        let text = "The Ministry of Environment met. However, the Green Coast Party left.";
        let phrases: Vec<&str> =
            capitalized_phrases(text).into_iter().map(|span| &text[span]).collect();
        assert_eq!(phrases, ["Ministry of Environment", "Green Coast Party"]);
    }
}
