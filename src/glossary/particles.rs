//! Korean particles that follow the final sound of the word before them: 은 after a consonant, 는
//! after a vowel. Latin letters and digits are taken as they are read aloud.

use crate::language::is_hangul;

/// How a word ends when it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FinalSound {
    Vowel,
    /// ㄹ, after which 로 stays as after a vowel.
    Rieul,
    Consonant,
}

/// Particles after a consonant and after a vowel; longer ones first.
#[rustfmt::skip]
const PAIRS: &[(&str, &str)] = &[
    ("으로부터", "로부터"), ("으로서", "로서"), ("으로써", "로써"), ("으로는", "로는"), ("으로도", "로도"), ("이라는", "라는"), ("이라고", "라고"),
    ("이나마", "나마"), ("이든지", "든지"), ("이란", "란"), ("이라", "라"), ("이나", "나"), ("이랑", "랑"), ("이며", "며"), ("으로", "로"),
    ("과의", "와의"), ("과는", "와는"), ("과", "와"), ("은", "는"), ("을", "를"), ("이", "가"),
];

/// The particle at the start of `rest` in the form that must follow `word`: `None` if there is
/// none, if it has the right form, or if the reading of the word is not known.
///
/// ```
/// use malmoi::glossary::particle_after;
/// assert_eq!(particle_after("통일부", "은 밝혔다"), Some(("은", "는")));
/// assert_eq!(particle_after("서울", "으로"), Some(("으로", "로")));
/// assert_eq!(particle_after("통일부", "는 밝혔다"), None);
/// ```
pub fn particle_after(word: &str, rest: &str) -> Option<(&'static str, &'static str)> {
    let sound = final_sound(word)?;
    /// One letter more than the longest particle has.
    const MAX_LETTERS: usize = 5;
    let letters = rest.chars().take_while(|c| is_hangul(*c)).take(MAX_LETTERS);
    let found = &rest[..letters.map(char::len_utf8).sum()];
    let (consonant, vowel) =
        PAIRS.iter().find(|(consonant, vowel)| found == *consonant || found == *vowel)?;
    let takes_vowel_form = match sound {
        FinalSound::Vowel => true,
        FinalSound::Rieul => consonant.starts_with('으'),
        FinalSound::Consonant => false,
    };
    let expected = if takes_vowel_form { *vowel } else { *consonant };
    let written = if found == *consonant { *consonant } else { *vowel };
    (written != expected).then_some((written, expected))
}

/// The final sound of a word; `None` if its reading is not known. A Latin word of several letters
/// in lower case is read as a word, which no rule tells.
fn final_sound(word: &str) -> Option<FinalSound> {
    let last = word.trim_end().chars().next_back()?;
    if ('가'..='힣').contains(&last) {
        return Some(match (u32::from(last) - 0xAC00) % 28 {
            0 => FinalSound::Vowel,
            8 => FinalSound::Rieul,
            _ => FinalSound::Consonant,
        });
    }
    let is_abbreviation = last.is_ascii_uppercase()
        && word.chars().rev().take_while(char::is_ascii_alphabetic).all(|c| c.is_ascii_uppercase());
    Some(match last {
        // 일, 칠, 팔; 영, 삼, 육.
        '1' | '7' | '8' => FinalSound::Rieul,
        '0' | '3' | '6' => FinalSound::Consonant,
        '2' | '4' | '5' | '9' => FinalSound::Vowel,
        // 엘, 아르 or 알; 엠, 엔.
        'L' | 'R' if is_abbreviation => FinalSound::Rieul,
        'M' | 'N' if is_abbreviation => FinalSound::Consonant,
        _ if is_abbreviation => FinalSound::Vowel,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_follows_the_final_sound() {
        for (word, rest, expected) in [
            ("통일부", "이 밝혔다", Some("가")),
            ("국회", "을", Some("를")),
            ("시청", "를", Some("을")),
            ("시청", "와", Some("과")),
            ("서울", "으로", Some("로")),
            ("부산", "로", Some("으로")),
            ("AI", "을", Some("를")),
            ("SBN", "는", Some("은")),
            ("KTL", "으로", Some("로")),
            ("제3", "는", Some("은")),
            ("통일부", "에서", None),
            ("통일부", "이사회", None),
            ("harbour", "를", None),
            ("국회", "를", None),
        ] {
            assert_eq!(
                particle_after(word, rest).map(|(_, right)| right),
                expected,
                "{word}{rest}"
            );
        }
    }
}
