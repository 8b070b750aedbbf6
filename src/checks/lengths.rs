//! Usual lengths of translations between English and Korean.
//!
//! The figures come from `benches/checks/lengths.py` over human translations: FLORES-200 dev and
//! the first 1,000 lines of NTREX-128. Latin glosses in Korean, "해민(Haemin)", are not counted.

use crate::language::{Language, is_hangul, is_latin};

/// Source lengths up to a number of characters: median and deviation of ln(output / source).
struct Class(usize, f64, f64);

#[rustfmt::skip]
const FROM_ENGLISH: &[Class] = &[
    Class(25, -0.310, 0.380), Class(40, -0.439, 0.242), Class(60, -0.551, 0.192), Class(80, -0.640, 0.177),
    Class(110, -0.673, 0.189), Class(140, -0.679, 0.143), Class(180, -0.705, 0.156), Class(250, -0.689, 0.146),
    Class(400, -0.682, 0.118), Class(800, -0.676, 0.097), Class(usize::MAX, -0.680, 0.081),
];

#[rustfmt::skip]
const FROM_KOREAN: &[Class] = &[
    Class(12, 0.606, 0.602), Class(20, 0.557, 0.350), Class(30, 0.643, 0.250), Class(40, 0.693, 0.212),
    Class(55, 0.705, 0.173), Class(70, 0.685, 0.157), Class(90, 0.673, 0.154), Class(125, 0.659, 0.144),
    Class(200, 0.674, 0.124), Class(400, 0.667, 0.101), Class(usize::MAX, 0.667, 0.082),
];

/// Outermost deviations: beyond the 0.1th and the 99.9th percentile of human translations.
pub(super) fn usual_deviations(from: Language) -> (f64, f64) {
    match from {
        Language::English => (-3.7, 3.5),
        Language::Korean => (-4.1, 2.8),
    }
}

/// The difference of the length of a phrase, such as a quotation, from the usual one, in standard
/// deviations. The lengths of phrases vary more than those of sentences.
pub(super) fn phrase_deviation(from: Language, source: usize, output: usize) -> f64 {
    const MEDIAN: f64 = -0.70;
    let (english, korean) = match from {
        Language::English => (source, output),
        Language::Korean => (output, source),
    };
    let (english, korean) = (english.max(1) as f64, korean.max(1) as f64);
    let size = (2.0 * english * korean).sqrt();
    let deviation = (0.02 + 2.5 / size).sqrt();
    ((korean / english).ln() - MEDIAN).abs() / deviation
}

/// Characters of output per character of source for a source of this length, with its range of
/// usual deviations.
pub(super) fn usual_ratios(from: Language, source: usize) -> (f64, f64) {
    let Class(_, median, deviation) = class(from, source);
    let (low, high) = usual_deviations(from);
    ((median + low * deviation).exp(), (median + high * deviation).exp())
}

/// The difference of an output's length from the usual one, in standard deviations; negative for a
/// short output.
pub(super) fn deviation(from: Language, source: usize, output: usize) -> f64 {
    let Class(_, median, deviation) = class(from, source);
    let ratio = (output.max(1) as f64 / source.max(1) as f64).ln();
    (ratio - median) / deviation
}

fn class(from: Language, source: usize) -> &'static Class {
    let classes = match from {
        Language::English => FROM_ENGLISH,
        Language::Korean => FROM_KOREAN,
    };
    let at = classes.partition_point(|class| class.0 < source);
    &classes[at.min(classes.len() - 1)]
}

/// Number of characters. A run of white space counts as one, a Latin gloss in Korean as none.
pub(super) fn chars(text: &str, language: Language) -> usize {
    let text = text.trim();
    let mut count = 0;
    let mut was_space = false;
    let mut skipped = 0;
    for (at, c) in text.char_indices() {
        if at < skipped {
            continue;
        }
        if language == Language::Korean
            && matches!(c, '(' | '（')
            && let Some(length) = gloss(&text[at..])
        {
            skipped = at + length;
            continue;
        }
        let is_space = c.is_whitespace();
        count += usize::from(!is_space || !was_space);
        was_space = is_space;
    }
    count
}

/// Length in bytes of the bracket at the beginning of a text that holds a Latin word and no Hangul.
fn gloss(text: &str) -> Option<usize> {
    const MAX_CHARS: usize = 80;
    let mut has_latin = false;
    for (at, c) in text.char_indices().skip(1).take(MAX_CHARS) {
        match c {
            ')' | '）' => return has_latin.then_some(at + c.len_utf8()),
            '(' | '（' => return None,
            _ if is_hangul(c) => return None,
            _ => has_latin |= is_latin(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn glosses_and_runs_of_space_are_not_counted() {
        let count = |text| chars(text, Language::Korean);
        assert_eq!(count("한서진(Han Seo-jin)이  왔다."), count("한서진이 왔다."));
        assert_eq!(count("해민항(신항)"), 7);
        assert_eq!(chars("Haemin (HPA)", Language::English), 12);
        assert_eq!(count("((a"), 3);
    }

    #[test]
    fn half_a_translation_is_further_from_the_usual_than_a_concise_one() {
        let far = |source, output| deviation(Language::English, source, output);
        assert!(far(120, 60).abs() < 0.5 && far(120, 45) > -3.0 && far(120, 30) < -4.0);
        assert!(far(40, 10) > -4.0 && far(400, 110) < -4.0);
        let (low, high) = usual_ratios(Language::Korean, 60);
        assert!(low > 1.0 && low < 1.3 && high > 2.5 && high < 3.2);
    }
}
