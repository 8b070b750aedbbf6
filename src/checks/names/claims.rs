//! Names of a summary that its article in the other language does not have, or not where it says
//! the same. A summary may leave out any name, so only those of the output are sought.

use std::rc::Rc;

use super::english::{self, Unit};
use super::evidence::{English, Korean};
use super::foreign::foreignness;
use super::hangul::{self, Name, Sign};
use super::kinds::{self, INVENTED, MISPLACED};
use crate::checks::comparison::Comparison;
use crate::checks::support::match_sentences;
use crate::document::Span;
use crate::finding::Finding;
use crate::language::Language;

/// Farthest counterpart in a whole article, which has more words that are near by chance.
const NEAR: f32 = 8.0;
/// Bytes of an article that all names of its summary are sought in, and most of these names.
const LONGEST_ARTICLE: usize = 24_000;
const MOST_NAMES: usize = 64;
/// Smallest coverage of a sentence whose names must stand in its own evidence.
const MIN_COVERAGE: f32 = 0.65;
/// Least foreignness of a Korean word that is certainly a name.
const FOREIGN: f32 = 4.5;

/// The country that Korean news need not name and an English summary adds.
const HOME: &[&str] = &["한국", "대한민국", "남한"];

/// A name of the summary.
enum Claim {
    /// The parts of an English name, and which one it is.
    English(Rc<[Unit]>, usize),
    Korean(Name),
}

impl Claim {
    fn span(&self) -> Span {
        match self {
            Self::English(units, at) => units[*at].span.clone(),
            Self::Korean(name) => name.span.clone(),
        }
    }

    /// The kind of evidence that it is a name, for programs.
    fn evidence(&self) -> &'static str {
        match self {
            Self::English(units, at) if !units[*at].known.is_empty() => "gazetteer",
            Self::English(units, at) if units[*at].words.iter().all(|word| word.common) => {
                "surname"
            }
            Self::Korean(Name { sign: Sign::Known(_), .. }) => "gazetteer",
            Self::Korean(Name { sign: Sign::Gloss(_), .. }) => "gloss",
            _ => "sound",
        }
    }
}

/// A text in which the names of a summary in the other language are sought.
enum Sought<'t> {
    English(Box<English>),
    Korean(Box<Korean<'t>>),
}

impl<'t> Sought<'t> {
    fn new(text: &'t str, language: Language) -> Self {
        match language {
            Language::English => Self::English(Box::new(English::new(text))),
            _ => Self::Korean(Box::new(Korean::new(text))),
        }
    }

    fn has(&self, summary: &str, claim: &Claim) -> bool {
        match (self, claim) {
            (Self::Korean(text), Claim::English(units, at)) => {
                let is_near = |unit: &Unit| text.distance(unit, None) <= NEAR;
                // A part of a name may stand for it.
                let neighbors = at.saturating_sub(1)..units.len().min(at + 2);
                is_near(&units[*at]) || units[neighbors].iter().any(is_near)
            }
            (Self::English(text), Claim::Korean(name)) => text.has(summary, name),
            _ => true,
        }
    }
}

pub(super) fn findings(comparison: &Comparison<'_>) -> Vec<Finding> {
    let pair = comparison.pair;
    if pair.source.len() > LONGEST_ARTICLE {
        return Vec::new();
    }
    let claims = claims(comparison);
    let article = Sought::new(pair.source, pair.from);
    let (new, known): (Vec<Claim>, Vec<Claim>) =
        claims.into_iter().partition(|claim| !article.has(pair.output, claim));
    let mut findings: Vec<Finding> =
        new.iter().map(|claim| finding(comparison, claim, None)).collect();
    for sentence in &comparison.matching(match_sentences).sentences {
        let is_covered = sentence.is_reliable && sentence.coverage >= MIN_COVERAGE;
        let Some(text) = sentence.evidence.as_deref().filter(|_| is_covered) else { continue };
        let inside = |claim: &&Claim| {
            let span = claim.span();
            sentence.output.start <= span.start && span.end <= sentence.output.end
        };
        let inside: Vec<&Claim> = known.iter().filter(inside).collect();
        if inside.is_empty() {
            continue;
        }
        let evidence = Sought::new(text, pair.from);
        let moved = inside.into_iter().filter(|claim| !evidence.has(pair.output, claim));
        findings.extend(moved.map(|claim| finding(comparison, claim, sentence.window.clone())));
    }
    let mut seen = std::collections::HashSet::new();
    findings.retain(|finding| seen.insert(finding.message.clone()));
    findings
}

/// The certain names of the output.
fn claims(comparison: &Comparison<'_>) -> Vec<Claim> {
    let output = &comparison.output;
    if comparison.pair.to == Language::English {
        let names = english::names(output.text, output.sentences());
        let is_home = |unit: &Unit| unit.known.iter().any(|name| HOME.contains(name));
        let claims = names.iter().flat_map(|name| {
            let units: Rc<[Unit]> = english::units(output.text, name).into();
            let certain = |at: &usize| !units[*at].doubtful && !is_home(&units[*at]);
            let certain: Vec<usize> = (0..units.len()).filter(certain).collect();
            certain.into_iter().map(move |at| Claim::English(Rc::clone(&units), at))
        });
        return claims.take(MOST_NAMES).collect();
    }
    let is_certain = |name: &Name| match &name.sign {
        // Korean writers add the acronyms of institutions.
        Sign::Gloss(gloss) => output.text[gloss.clone()].contains(char::is_lowercase),
        Sign::Known(_) => true,
        Sign::Foreign => foreignness(&output.text[name.span.clone()]) > FOREIGN,
    };
    let names = hangul::names(output.text).into_iter().filter(is_certain);
    names.map(Claim::Korean).take(MOST_NAMES).collect()
}

/// A finding about a name that the article does not have, or not in the sentences at a place.
fn finding(comparison: &Comparison<'_>, claim: &Claim, place: Option<Span>) -> Finding {
    let kind = comparison.pair.kind;
    let ((article, summary), (article_ko, _)) = (kind.words(), kind.korean_words());
    let span = claim.span();
    let name = &comparison.pair.output[span.clone()];
    let finding = if place.is_none() {
        kinds::finding(
            INVENTED,
            format!("'{name}' appears in the {summary} but not in the {article}"),
            format!("{article_ko}에 없는 이름: '{name}'"),
        )
    } else {
        kinds::finding(
            MISPLACED,
            format!("'{name}' is not in the sentences of the {article} that say this"),
            format!("{article_ko}의 해당 문장에 없는 이름: '{name}'"),
        )
    };
    let finding = match place {
        Some(place) => finding.in_source(place),
        None => finding,
    };
    finding.in_output(span).found(name).value("name", name).value("evidence", claim.evidence())
}
