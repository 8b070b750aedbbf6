//! Names of an English and a Korean text, compared: without a counterpart, or with another name in
//! its place.

use super::english::{self, Unit};
use super::evidence::{English, Korean, NEAR, agree};
use super::foreign::foreignness;
use super::hangul::{self, Sign};
use super::kinds::{self, ADDED, LOST, REPLACED};
use crate::checks::comparison::{Comparison, Text};
use crate::document::Span;
use crate::finding::Finding;
use crate::language::Language;

/// A name that has no other name in its place must be further from all words.
const ALONE: f32 = 9.5;
/// A name that a translator into English is said to have added must be further still.
const ADDED_ALONE: f32 = 10.9;
/// Least foreignness of a Korean word that is certainly a name.
const FOREIGN: f32 = 6.0;
/// Letters of a name that a short text has by chance only seldom.
const LONG: usize = 7;
/// Two names without a counterpart that are nearer than this are one name, oddly spelled.
const MISSPELLED: f32 = 14.0;

/// Names without a counterpart that are compared with one of the other text.
const MOST_COMPARED: usize = 20;

/// Phrases that stand for a place whose name the other text repeats, with the Korean words that
/// they translate where they do not.
const PLACES: &[(&str, &[&str])] = &[
    ("the city", &["도시"]),
    ("the country", &["나라", "국가"]),
    ("the nation", &["나라", "국가", "국민"]),
    ("the capital", &["수도"]),
    ("the state", &["주의", "주는", "주에"]),
    ("the island", &["섬"]),
    ("the region", &["지역", "지방"]),
    ("the town", &["마을"]),
    ("the kingdom", &["왕국"]),
    ("the area", &["지역", "일대"]),
    ("the government", &["정부", "당국"]),
    ("national", &["국립", "국가", "전국", "국민", "국내", "전미"]),
    ("nationwide", &["전국"]),
    ("domestic", &["국내"]),
    ("local", &["지역", "현지", "지방"]),
];

/// Particles of a subject, and the English pronouns that stand for one.
const SUBJECT: &[&str] = &["은", "는", "이", "가"];
const PRONOUNS: &[&str] = &["he", "she", "it", "they"];

/// A name without a counterpart.
struct Open {
    /// Its span in its text.
    span: Span,
    /// Its place in the text: 0 to 1.
    place: f32,
    /// The kind of evidence, for programs.
    evidence: &'static str,
    /// True if it is certainly a name.
    certain: bool,
    /// True if it needs no other name in its place to be reported.
    alone: bool,
}

pub(super) fn findings(comparison: &Comparison<'_>, en: &Text<'_>, ko: &Text<'_>) -> Vec<Finding> {
    let korean = Korean::new(ko.text);
    let into_english = comparison.pair.to == Language::English;
    let mut open_english: Vec<(Open, Unit)> = Vec::new();
    for name in english::names(en.text, en.sentences()) {
        let place = name.span.start as f32 / en.text.len() as f32;
        let measured = |unit: Unit| (korean.distance(&unit, Some(place)), unit);
        let units: Vec<_> = english::units(en.text, &name).into_iter().map(measured).collect();
        // A part of a name may be left out: "Secretary Dale Whitcombe", "Whitcombe".
        let near: Vec<Span> = units
            .iter()
            .filter(|(distance, _)| *distance <= NEAR)
            .map(|(_, unit)| unit.span.clone())
            .collect();
        for (distance, unit) in units.into_iter().filter(|(distance, _)| *distance > NEAR) {
            let is_part = near.iter().any(|other| !are_coordinated(en.text, &unit.span, other));
            let evidence = match unit.words.iter().all(|word| word.common) {
                _ if !unit.known.is_empty() => "gazetteer",
                true => "surname",
                false => "sound",
            };
            let is_far = if into_english {
                let longest = unit.words.iter().map(|word| word.folded.len()).max();
                distance > ADDED_ALONE && longest >= Some(LONG)
            } else {
                distance > ALONE
            };
            let certain = !unit.doubtful;
            let alone = certain && !is_part && is_far;
            let span = unit.span.clone();
            open_english.push((Open { span, place, evidence, certain, alone }, unit));
        }
    }
    let english = English::new(en.text);
    let untranslated =
        PLACES.iter().filter(|(_, words)| !words.iter().any(|word| ko.text.contains(word)));
    let places: Vec<&str> = untranslated.map(|(phrase, _)| *phrase).collect();
    let has_place = english.has_any(&places);
    let mut open_korean: Vec<Open> = Vec::new();
    for name in hangul::names(ko.text) {
        let span = name.span.clone();
        let place = span.start as f32 / ko.text.len() as f32;
        let distance = english.distance(ko.text, &name, Some(place));
        if distance <= NEAR {
            continue;
        }
        let text = &ko.text[name.word.clone()];
        let is_same = |unit: &Unit| unit.words.iter().any(|word| agree(word, text, MISSPELLED));
        let evidence = match &name.sign {
            Sign::Gloss(_) => "gloss",
            Sign::Known(_) => "gazetteer",
            Sign::Foreign => "sound",
        };
        let same = open_english.iter().take(MOST_COMPARED).position(|(_, unit)| is_same(unit));
        if let (Some(same), true) = (same, evidence != "gloss") {
            open_english.remove(same);
            continue;
        }
        // Korean writers repeat the name that a pronoun stands for.
        let is_subject = SUBJECT.iter().any(|particle| ko.text[span.end..].starts_with(particle));
        let is_pronoun = is_subject && english.has_any(PRONOUNS);
        let certain = evidence != "sound" || foreignness(&ko.text[span.clone()]) > FOREIGN;
        let alone = distance > ALONE
            && match &name.sign {
                // Korean writers add the acronyms of institutions.
                Sign::Gloss(gloss) => ko.text[gloss.clone()].contains(char::is_lowercase),
                // Korean translators name the place that "the city" stands for.
                Sign::Known(_) => into_english && !has_place && !is_pronoun,
                Sign::Foreign => false,
            };
        open_korean.push(Open { span, place, evidence, certain, alone });
    }
    let open_english: Vec<Open> = open_english.into_iter().map(|(open, _)| open).collect();
    let (source, output) = match comparison.pair.from {
        Language::English => (open_english, open_korean),
        _ => (open_korean, open_english),
    };
    report(comparison, source, output)
}

/// True if "and" stands between two names: each is one of its own.
fn are_coordinated(text: &str, one: &Span, other: &Span) -> bool {
    let between = text.get(one.end.min(other.end)..one.start.max(other.start));
    between.is_some_and(|between| between.split(' ').any(|word| word == "and"))
}

/// Pairs the names of the source with those of the output, and reports pairs and single names.
fn report(comparison: &Comparison<'_>, source: Vec<Open>, output: Vec<Open>) -> Vec<Finding> {
    let kind = comparison.pair.kind;
    let ((original, result), (original_ko, result_ko)) = (kind.words(), kind.korean_words());
    let mut findings: Vec<Finding> = Vec::new();
    let mut paired = vec![false; output.len()];
    for lost in &source {
        let text = &comparison.pair.source[lost.span.clone()];
        let may_replace = |at: &usize| !paired[*at] && (lost.certain || output[*at].certain);
        let nearest = (0..output.len()).filter(may_replace).min_by(|a, b| {
            let distance = |at: usize| (output[at].place - lost.place).abs();
            distance(*a).total_cmp(&distance(*b))
        });
        let finding = if let Some(at) = nearest {
            paired[at] = true;
            let found = &comparison.pair.output[output[at].span.clone()];
            kinds::finding(
                REPLACED,
                format!("the {result} has '{found}' where the {original} has '{text}'"),
                format!("{original_ko}의 이름 '{text}', {result_ko}에는 '{found}'"),
            )
            .in_output(output[at].span.clone())
            .expected(text)
            .found(found)
        } else if lost.alone {
            kinds::finding(
                LOST,
                format!("'{text}' appears in the {original} but not in the {result}"),
                format!("{result_ko}에 빠진 이름: '{text}'"),
            )
            .expected(text)
        } else {
            continue;
        };
        findings.push(
            finding
                .in_source(lost.span.clone())
                .value("name", text)
                .value("evidence", lost.evidence),
        );
    }
    for (new, _) in output.iter().zip(&paired).filter(|(new, paired)| new.alone && !**paired) {
        let text = &comparison.pair.output[new.span.clone()];
        let english = format!("'{text}' appears in the {result} but not in the {original}");
        let korean = format!("{original_ko}에 없는 이름: '{text}'");
        let finding = kinds::finding(ADDED, english, korean).found(text);
        findings.push(
            finding.in_output(new.span.clone()).value("name", text).value("evidence", new.evidence),
        );
    }
    let mut seen = std::collections::HashSet::new();
    findings.retain(|finding| seen.insert(finding.message.clone()));
    findings
}
