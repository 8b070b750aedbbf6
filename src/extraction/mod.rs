//! Extraction of term candidates from texts and their translations: what a desk may want in its
//! glossary, for people to choose from.
//!
//! Knows English and Korean words, names and how often they stand together; knows neither files nor
//! which of the candidates are good terms.

mod association;
mod candidate;
mod phrases;

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::checks::{aligned_sentences, names_in_both};
use association::Association;
pub use candidate::{Candidate, Evidence};

/// The passages of an English text with those of its Korean translation: line by line if both have
/// the same number of lines, otherwise by sentences.
pub fn aligned<'t>(english: &'t str, korean: &'t str) -> Vec<(&'t str, &'t str)> {
    let lines = |text: &'t str| -> Vec<&'t str> {
        text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
    };
    let (en, ko) = (lines(english), lines(korean));
    if en.len() == ko.len() && en.len() > 1 {
        return en.into_iter().zip(ko).collect();
    }
    let sentences = aligned_sentences(english, korean).into_iter();
    sentences.map(|(en, ko)| (english[en].trim(), korean[ko].trim())).collect()
}

/// Candidates of terms from English passages with their Korean translations, the most frequent
/// first. Each English term has one candidate, and each Korean one.
///
/// ```
/// use malmoi::extraction::candidates;
/// let pairs = [
///     ("Minister Marten Holm met the mayor.", "마르텐 홀름 장관이 시장을 만났다."),
///     ("Holm spoke on HBS.", "홀름은 HBS에 출연했다."),
/// ];
/// let found = candidates(&pairs);
/// let of = |english: &str| found.iter().find(|one| one.english == english).unwrap();
/// assert_eq!(of("Marten Holm").korean, "마르텐 홀름");
/// assert!(of("HBS").term().keep);
/// ```
pub fn candidates(pairs: &[(&str, &str)]) -> Vec<Candidate> {
    let mut found = evident(pairs);
    let taken = |get: fn(&Candidate) -> &str| -> HashSet<String> {
        found.iter().map(|one| get(one).to_string()).collect()
    };
    let english = taken(|one| &one.english);
    let korean = taken(|one| &one.korean);
    let together = Association::of(pairs).candidates(&english, &korean);
    found.extend(together);
    found.sort_by(|a, b| {
        let order = b.together.cmp(&a.together).then(a.evidence.cmp(&b.evidence));
        order.then_with(|| a.english.cmp(&b.english))
    });
    found
}

/// Candidates that one pair is enough for: glosses, names that sound alike, kept words.
fn evident(pairs: &[(&str, &str)]) -> Vec<Candidate> {
    // For each English term its Korean ones, each with its evidence and its number of pairs.
    let mut seen: BTreeMap<String, HashMap<(String, Evidence), usize>> = BTreeMap::new();
    for (english, korean) in pairs {
        let mut of_pair: HashSet<(&str, &str, Evidence)> = HashSet::new();
        let alike: Vec<(&str, &str)> = names_in_both(english, korean)
            .into_iter()
            .map(|(en, ko)| (&english[en], &korean[ko]))
            .filter(|(_, ko)| ko.chars().nth(1).is_some())
            .collect();
        let glosses: Vec<(&str, &str)> = phrases::glosses(korean, &alike)
            .into_iter()
            .filter(|(_, gloss)| english.contains(gloss))
            .map(|(term, gloss)| (gloss, term))
            .collect();
        for (en, ko) in alike {
            // A gloss has the whole name, of which this may be a part.
            if !glosses.iter().any(|(gloss, _)| gloss.contains(en)) {
                of_pair.insert((en, ko, Evidence::Sound));
            }
        }
        of_pair.extend(glosses.into_iter().map(|(gloss, term)| (gloss, term, Evidence::Gloss)));
        for word in phrases::kept(english, korean) {
            of_pair.insert((word, word, Evidence::Kept));
        }
        for (en, ko, evidence) in of_pair {
            let of_term = seen.entry(en.to_string()).or_default();
            *of_term.entry((ko.to_string(), evidence)).or_default() += 1;
        }
    }
    let best = |(english, found): (String, HashMap<(String, Evidence), usize>)| {
        let rank = |((korean, evidence), count): &(&(String, Evidence), &usize)| {
            (std::cmp::Reverse(**count), *evidence, korean.clone())
        };
        let ((korean, evidence), together) = found.iter().min_by_key(rank)?;
        let occurrences = pairs.iter().filter(|pair| phrases::has(pair.0, &english)).count();
        let (korean, evidence, together) = (korean.clone(), *evidence, *together);
        Some(Candidate { english, korean, evidence, together, occurrences })
    };
    let mut found: Vec<Candidate> = seen.into_iter().filter_map(best).collect();
    one_for_each(&mut found);
    found
}

/// Leaves one candidate for each Korean term, the one with most pairs.
fn one_for_each(found: &mut Vec<Candidate>) {
    found.sort_by(|a, b| {
        let order = b.together.cmp(&a.together).then(a.evidence.cmp(&b.evidence));
        order.then_with(|| b.english.len().cmp(&a.english.len()))
    });
    let mut korean = HashSet::new();
    found.retain(|one| korean.insert(one.korean.clone()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pairs: &[(&str, &str)]) -> Vec<(String, String, Evidence)> {
        let found = candidates(pairs).into_iter();
        found.map(|one| (one.english, one.korean, one.evidence)).collect()
    }

    const COUNCIL: &[(&str, &str)] = &[
        ("The Haemin Port Authority closed the breakwater.", "해민항만공사가 방파제를 닫았다."),
        ("A breakwater protects the harbor.", "방파제가 항구를 보호한다."),
        ("The Haemin Port Authority said so.", "해민항만공사는 그렇게 말했다."),
        ("The mayor of Sorae agreed.", "소래 시장이 동의했다."),
        ("Cracks in the breakwater grew.", "방파제의 균열이 커졌다."),
        ("The mayor will ask the Haemin Port Authority.", "시장은 해민항만공사에 묻는다."),
        ("It rained all night.", "밤새 비가 내렸다."),
        ("The ferry sails on Monday.", "배는 월요일에 떠난다."),
        ("Prices rose again.", "물가가 다시 올랐다."),
        ("Two people were hurt.", "두 명이 다쳤다."),
    ];

    #[test]
    fn terms_that_stand_together_are_found_without_their_particles() {
        let found = found(COUNCIL);
        for (english, korean) in
            [("Haemin Port Authority", "해민항만공사"), ("breakwater", "방파제")]
        {
            let expected = (english.to_string(), korean.to_string(), Evidence::Together);
            assert!(found.contains(&expected), "{english}: {found:?}");
        }
    }

    #[test]
    fn a_gloss_is_enough_and_kept_words_are_kept() {
        let found = found(&[(
            "The Sorae Coast Institute (SCI) warned.",
            "소래해안연구원(SCI)은 경고했다.",
        )]);
        assert!(found.contains(&("SCI".into(), "소래해안연구원".into(), Evidence::Gloss)));
        let found = self::found(&[(
            "Coach Elena Marsh smiled.",
            "엘레나 마시(Elena Marsh) 감독이 웃었다.",
        )]);
        assert_eq!(found, [("Elena Marsh".into(), "엘레나 마시".into(), Evidence::Gloss)]);
        let kept = candidates(&[("HBS aired it.", "HBS가 방송했다.")]);
        assert_eq!(kept[0].term().note.as_deref(), Some("kept, 1 of 1"));
        assert!(kept[0].term().keep);
    }

    #[test]
    fn texts_are_aligned_by_lines_or_by_sentences() {
        let pairs = aligned("One.\n\nTwo.\n", "하나.\n둘.\n");
        assert_eq!(pairs, [("One.", "하나."), ("Two.", "둘.")]);
        let english = "The ferry sailed. It was late by 40 minutes.";
        let pairs = aligned(english, "배가 떠났다. 40분 늦었다.");
        assert_eq!(pairs[1], ("It was late by 40 minutes.", "40분 늦었다."));
        assert_eq!(aligned("", ""), []);
    }

    #[test]
    fn order_does_not_change_the_candidates() {
        let mut turned = COUNCIL.to_vec();
        turned.reverse();
        assert_eq!(candidates(COUNCIL), candidates(&turned));
    }
}
