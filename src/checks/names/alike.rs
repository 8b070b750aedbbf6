//! One name in both scripts: a word in Latin letters and one in Hangul.

use super::gazetteer;
use super::sounds::{Cost, Hangul, Spoken};

/// Largest cost per letter at which two words are taken for one name.
const NEAR: f32 = 8.5;
/// Fewest letters of a word whose sound is compared.
const MIN_LETTERS: usize = 3;

/// True if an English word in lower case and a Korean word may be one name, by sound or in the
/// gazetteer.
pub(in crate::checks) fn is_one_name(english: &str, korean: &str) -> bool {
    if gazetteer::korean(english).iter().any(|name| korean.contains(name.trim_matches('_'))) {
        return true;
    }
    let hangul = Hangul::new(korean);
    let joined = english.replace('-', "");
    english.split('-').chain([&joined[..]]).filter(|part| part.len() >= MIN_LETTERS).any(|part| {
        let spoken = Spoken::new(part);
        let budget = (spoken.letters() as f32 * NEAR) as Cost;
        hangul.find(&spoken, 0..korean.len(), budget).is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_by_sound_and_in_the_gazetteer() {
        for (english, korean) in [("marten", "마르텐"), ("china", "중국"), ("seo-jin", "한서진")]
        {
            assert!(is_one_name(english, korean), "{english} {korean}");
        }
        assert!(!is_one_name("marten", "홀름"));
    }
}
