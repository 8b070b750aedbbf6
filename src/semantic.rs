//! Semantic matches: units of the desk's memory that mean what a text means, in other words.
//!
//! The encoder of the checks makes vectors, and the desk keeps them ([`index`]). Vectors are
//! compared without the mean of their language: sentences of a language are near each other
//! whatever they say.

use crate::checks::{CheckOptions, SentenceEncoder};
use crate::desk::{Desk, Match, Origin};
use crate::error::Result;
use crate::language::{Language, LanguagePair};

/// Cosine below which a unit is no match by meaning.
pub const LEAST_MEANING: f32 = 0.5;

/// Gives each unit of a memory its vectors of the encoder of `options`, where it has none, and
/// returns the number of new ones, which `on_progress` receives now and then. Without an encoder
/// nothing is done.
///
/// # Errors
///
/// Fails if the encoder or the memory fails. What was done before is kept.
pub fn index(desk: &Desk, options: &CheckOptions, on_progress: &mut dyn FnMut(u64)) -> Result<u64> {
    let Some(encoder) = options.encoder.as_deref() else { return Ok(0) };
    let mut count = 0;
    desk.index(encoder.name(), &mut |language, texts| {
        on_progress(count);
        count += texts.len() as u64;
        vectors(encoder, options, language, texts)
    })
}

/// True if a memory has vectors of the encoder of `options`.
pub fn is_indexed(desk: &Desk, options: &CheckOptions) -> bool {
    let encoder = options.encoder.as_deref();
    encoder.is_some_and(|encoder| desk.is_indexed(encoder.name()).unwrap_or(false))
}

/// Units whose sources mean what a text means, the nearest first, at most `limit` of them: those
/// with a cosine of at least `least`. None without an encoder or without vectors.
///
/// # Errors
///
/// Fails if the encoder or the memory fails.
pub fn similar(
    desk: &Desk,
    options: &CheckOptions,
    languages: LanguagePair,
    text: &str,
    origin: Origin,
    least: f32,
    limit: usize,
) -> Result<Vec<Match>> {
    let Some(encoder) = options.encoder.as_deref() else { return Ok(Vec::new()) };
    if !desk.is_indexed(encoder.name())? {
        return Ok(Vec::new());
    }
    let vectors = vectors(encoder, options, languages.from, &[text])?;
    let Some(vector) = vectors.first() else { return Ok(Vec::new()) };
    desk.near_in_meaning(languages, text, (encoder.name(), vector), origin, least, limit)
}

/// Vectors of texts of a language, without its mean, of length 1.
fn vectors(
    encoder: &dyn SentenceEncoder,
    options: &CheckOptions,
    language: Language,
    texts: &[&str],
) -> Result<Vec<Vec<f32>>> {
    let mut vectors = encoder.encode(texts)?;
    let mean = options.general_mean(language).unwrap_or_default();
    for vector in &mut vectors {
        vector.iter_mut().zip(&mean).for_each(|(number, mean)| *number -= mean);
        let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
        vector.iter_mut().for_each(|number| *number /= length.max(f32::MIN_POSITIVE));
    }
    Ok(vectors)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::pairs::options;
    use crate::desk::{Filter, Unit};

    const EN_KO: LanguagePair = LanguagePair { from: Language::English, to: Language::Korean };
    const KO_EN: LanguagePair = LanguagePair { from: Language::Korean, to: Language::English };

    fn desk() -> (tempfile::TempDir, Desk) {
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::open(folder.path().join("desk.db")).unwrap();
        let unit = |source: &str, target: &str, origin| Unit::new(EN_KO, source, target, origin);
        let machine = unit("A bank and its fraud.", "은행 사기", Origin::Machine);
        let key = Some(crate::desk::SegmentKey::of(&[b"k"]));
        desk.keep([
            unit("The harbor opened on Monday.", "항구가 월요일에 열렸다.", Origin::Imported)
                .into(),
            unit("Prosecutors charged the bank.", "검찰이 은행을 기소했다.", Origin::Confirmed)
                .into(),
            crate::desk::Written { unit: machine, key, outcome: None },
        ])
        .unwrap();
        (folder, desk)
    }

    fn found(desk: &Desk, languages: LanguagePair, text: &str, origin: Origin) -> Vec<String> {
        let found = similar(desk, &options(), languages, text, origin, 0.4, 5).unwrap();
        assert!(found.iter().all(|one| one.meaning.is_some_and(|cosine| cosine >= 0.4)));
        found.into_iter().map(|one| one.unit.source).collect()
    }

    #[test]
    fn units_are_found_by_their_meaning_in_both_directions() {
        let (_folder, desk) = desk();
        let asked = "On Monday they let ships into the harbor, which opened.";
        assert!(found(&desk, EN_KO, asked, Origin::Imported).is_empty());
        assert_eq!(index(&desk, &options(), &mut |_| {}).unwrap(), 5);
        assert_eq!(index(&desk, &options(), &mut |_| {}).unwrap(), 0);
        assert_eq!(found(&desk, EN_KO, asked, Origin::Imported), ["The harbor opened on Monday."]);
        assert_eq!(
            found(&desk, KO_EN, "월요일 항구", Origin::Imported),
            ["항구가 월요일에 열렸다."]
        );
        assert_eq!(found(&desk, EN_KO, "fraud", Origin::Imported).len(), 0);
        assert_eq!(found(&desk, EN_KO, "fraud", Origin::Machine), ["A bank and its fraud."]);
        assert!(
            !similar(&desk, &CheckOptions::default(), EN_KO, asked, Origin::Machine, 0.0, 5)
                .is_ok_and(|found| !found.is_empty())
        );
    }

    #[test]
    fn vectors_go_with_their_units_and_with_changed_words() {
        let (_folder, desk) = desk();
        index(&desk, &options(), &mut |_| {}).unwrap();
        let key = Some(crate::desk::SegmentKey::of(&[b"k"]));
        let unit = Unit::new(EN_KO, "A bank and its fraud.", "어느 은행의 사기", Origin::Machine);
        desk.keep([crate::desk::Written { unit, key, outcome: None }]).unwrap();
        assert_eq!(index(&desk, &options(), &mut |_| {}).unwrap(), 0, "sources are the same");
        let words = Filter { words: Some("Prosecutors".into()), ..Filter::default() };
        assert_eq!((desk.purge(&words).unwrap(), desk.indexed("words").unwrap()), (1, 3));
        assert_eq!(found(&desk, KO_EN, "검찰 은행", Origin::Machine).len(), 0);
    }
}
