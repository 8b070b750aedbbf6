//! Glossary: terms that occur in the source and are not translated as prescribed.
//!
//! Knows the terms that a [`Glossary`](crate::Glossary) finds; a term counts as used wherever one
//! of its translations stands in the output and no forbidden one does. One that stands only inside
//! a longer Korean word is in doubt. In a summary, which leaves out most of its article, only
//! forbidden words and particles are looked for.

use serde::{Deserialize, Serialize};

use super::check::{Check, Example, FindingKind, OutputKind, Pair, Scope};
use super::comparison::Comparison;
use super::options::CheckOptions;
use super::spans::excerpt;
use crate::document::Span;
use crate::finding::Finding;
use crate::glossary::{Occurrence, Places, Standing, Term, Text, particle_after};
use crate::language::{Language, LanguagePair, is_hangul};

const MISSING: FindingKind = FindingKind::major("glossary_missing");
const CHANGED: FindingKind = FindingKind::major("glossary_changed");
const FORBIDDEN: FindingKind = FindingKind::major("glossary_forbidden");
const INSIDE: FindingKind = FindingKind::minor("glossary_inside");
const PARTICLE: FindingKind = FindingKind::minor("glossary_particle");

pub(super) const CHECK: Check = Check {
    name: "glossary",
    describe: "terms of the glossary that are not translated as prescribed",
    kinds: &[MISSING, CHANGED, FORBIDDEN, INSIDE, PARTICLE],
    scope: Scope::Article,
    // With the terms of `EXAMPLE`.
    examples: &[
        Example::found(MISSING, "The breakwater held.", "둑은 무너지지 않았다."),
        Example::found(CHANGED, "Listen to Haemin FM.", "해민에프엠을 들으십시오."),
        Example::found(FORBIDDEN, "The quay and its wharf.", "부두와 그 선착장."),
        Example::found(INSIDE, "The quay is new.", "부두리아는 새것이다."),
        Example::found(PARTICLE, "The breakwater held.", "방파제은 무너지지 않았다."),
        Example::fine("Breakwaters held.", "방파제들은 무너지지 않았다."),
        Example::fine("The quay is new.", "해민부두는 새것이다."),
        Example::fine("방파제를 지었다.", "They built a breakwater."),
        Example::fine("Listen to Haemin FM.", "Haemin FM을 들으십시오."),
    ],
    run,
};

/// A glossary in TSV.
#[cfg(test)]
pub(super) const EXAMPLE: &str = "source\ttarget\tforbid\tkeep\n\
    breakwater\t방파제\t\t\n\
    quay\t부두\t선착장\t\n\
    Haemin FM\t\t\tyes\n";

/// Name of the value that holds the term as the source has it.
const TERM: &str = "term";

/// Upper bound on the findings of a forbidden word, and on those of particles.
const MAX_FINDINGS: usize = 5;

/// How a translation used a glossary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GlossaryUse {
    /// Terms that occur in the source, those of each segment counted on their own.
    pub terms: usize,
    /// Those of them that the translation has as prescribed; of the others a finding says what it
    /// has instead.
    pub used: usize,
}

impl GlossaryUse {
    /// Adds the counts of another segment.
    pub fn add(&mut self, other: Self) {
        self.terms += other.terms;
        self.used += other.used;
    }
}

/// The terms of the glossary that occur in a text and are for the register that is asked for.
pub(crate) fn terms_in(
    text: &str,
    languages: LanguagePair,
    options: &CheckOptions,
) -> Vec<Occurrence> {
    if languages.from == languages.to {
        return Vec::new();
    }
    let mut found = options.glossary.occurring(text, languages);
    found.retain(|one| match (one.term.register, options.register) {
        (Some(of_term), Some(asked)) => of_term == asked,
        _ => true,
    });
    found
}

/// How a translation used the glossary of the options.
pub(crate) fn usage(pair: &Pair<'_>, options: &CheckOptions) -> GlossaryUse {
    if options.glossary.is_empty() {
        return GlossaryUse::default();
    }
    let terms = terms_in(pair.source, languages(pair), options);
    let output = Text::new(pair.output);
    let places = output.places(words(&terms), pair.to);
    let is_used = |term: &Term| {
        standing(term, &places) == Some(Standing::Word) && forbidden(term, pair, &places).is_empty()
    };
    let used = terms.iter().filter(|one| is_used(&one.term)).count();
    GlossaryUse { terms: terms.len(), used }
}

/// The term of a finding about a term that is not as prescribed, as the source has it.
pub(crate) fn glossary_term(finding: &Finding) -> Option<&str> {
    let is_glossary = finding.check == CHECK.name;
    finding.values.get(TERM).filter(|_| is_glossary)?.as_str()
}

fn languages(pair: &Pair<'_>) -> LanguagePair {
    LanguagePair { from: pair.from, to: pair.to }
}

/// The words of terms that are looked for in an output.
fn words(terms: &[Occurrence]) -> impl Iterator<Item = &str> {
    terms.iter().flat_map(|Occurrence { term, .. }| {
        let forbidden = term.forbid.iter().map(String::as_str);
        term.renderings().chain(std::iter::once(term.source.as_str())).chain(forbidden)
    })
}

/// How the best of a term's translations stands in the output.
fn standing(term: &Term, places: &Places<'_, '_>) -> Option<Standing> {
    if term.keep {
        return places.has_as_written(&term.source).then_some(Standing::Word);
    }
    let mut best = None;
    for rendering in term.renderings() {
        match places.standing(rendering) {
            Some(Standing::Word) => return Some(Standing::Word),
            inside => best = best.or(inside),
        }
    }
    best
}

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let pair = comparison.pair;
    if comparison.options.glossary.is_empty() || pair.from == pair.to {
        return Vec::new();
    }
    let output = Text::new(pair.output);
    let terms = terms_in(pair.source, languages(pair), comparison.options);
    let places = output.places(words(&terms), pair.to);
    let mut findings = Vec::new();
    for Occurrence { term, span } in &terms {
        let word = excerpt(&pair.source[span.clone()]);
        let mut of_term = forbidden(term, pair, &places);
        let standing = standing(term, &places);
        if pair.kind == OutputKind::Translation && of_term.is_empty() {
            match &standing {
                None => of_term.push(missing(term, span, &word)),
                Some(Standing::Inside(longer)) => {
                    of_term.push(inside(term, span, &word, longer, pair));
                }
                Some(Standing::Word) => {}
            }
        }
        findings.extend(of_term.into_iter().map(|finding| finding.value(TERM, word.as_str())));
        if pair.to == Language::Korean && standing == Some(Standing::Word) {
            findings.extend(term.renderings().flat_map(|word| particles(word, pair, &places)));
        }
    }
    findings
}

/// A term that is not in the output as prescribed.
fn missing(term: &Term, span: &Span, word: &str) -> Finding {
    let target = &term.target;
    let finding = if term.keep {
        let english = format!("'{word}' must stay as it is by the glossary");
        CHECK.finding(CHANGED, english, format!("용어집에 따라 그대로 둘 말: '{word}'"))
    } else {
        let english =
            format!("the glossary has '{target}' for '{word}', which the translation does not use");
        CHECK.finding(MISSING, english, format!("용어집과 다름: '{word}' → '{target}'"))
    };
    let finding = match &term.note {
        Some(note) => finding.value("note", note.as_str()),
        None => finding,
    };
    finding.in_source(span.clone()).expected(target.as_str())
}

/// A term whose translation stands only inside a longer word, which may be another.
fn inside(term: &Term, span: &Span, word: &str, longer: &Span, pair: &Pair<'_>) -> Finding {
    let (found, target) = (excerpt(&pair.output[longer.clone()]), &term.target);
    let english =
        format!("the glossary has '{target}' for '{word}', which is only inside '{found}'");
    let korean = format!("용어 확인: '{word}' → '{target}', 번역문에는 '{found}' 안에만 있음");
    let finding = CHECK.finding(INSIDE, english, korean).found(found).expected(target.as_str());
    finding.in_source(span.clone()).in_output(longer.clone())
}

/// Forbidden translations of a term, outside of its allowed ones.
fn forbidden(term: &Term, pair: &Pair<'_>, places: &Places<'_, '_>) -> Vec<Finding> {
    let mut allowed: Vec<Span> = term.renderings().flat_map(|word| places.find(word)).collect();
    allowed.sort_by_key(|span| span.start);
    // So that the last one with a start up to another's has the greatest end of them.
    let mut end = 0;
    for span in &mut allowed {
        end = end.max(span.end);
        span.end = end;
    }
    let is_allowed = |span: &Span| {
        let before = allowed.partition_point(|allowed| allowed.start <= span.start);
        before.checked_sub(1).is_some_and(|last| span.end <= allowed[last].end)
    };
    let spans = term.forbid.iter().flat_map(|word| places.find(word));
    let finding = |span: Span| {
        let (word, target) = (excerpt(&pair.output[span.clone()]), &term.target);
        let english = format!("'{word}' is forbidden by the glossary; write '{target}'");
        let korean = format!("용어집이 금한 말: '{word}' → '{target}'");
        CHECK
            .finding(FORBIDDEN, english, korean)
            .in_output(span)
            .found(word)
            .expected(target.as_str())
    };
    spans.filter(|span| !is_allowed(span)).take(MAX_FINDINGS).map(finding).collect()
}

/// Particles after a term that do not follow its final sound.
fn particles(word: &str, pair: &Pair<'_>, places: &Places<'_, '_>) -> Vec<Finding> {
    let (word, text) = (word.trim(), pair.output);
    let wrong = places.as_written(word).filter_map(|span| {
        let before = text[..span.start].chars().next_back();
        let is_inside = word.starts_with(is_hangul) && before.is_some_and(is_hangul);
        let (written, expected) = particle_after(word, &text[span.end..]).filter(|_| !is_inside)?;
        Some((span.start..span.end + written.len(), expected))
    });
    let finding = |(span, expected): (Span, &str)| {
        let (found, right) = (&text[span.clone()], format!("{word}{expected}"));
        let english = format!("wrong particle: '{found}' should be '{right}'");
        let korean = format!("조사 오류: '{found}' → '{right}'");
        CHECK.finding(PARTICLE, english, korean).in_output(span).found(found).expected(right)
    };
    wrong.take(MAX_FINDINGS).map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Register;

    fn options(terms: Vec<Term>) -> CheckOptions {
        CheckOptions { glossary: terms.into(), ..CheckOptions::default() }
    }

    fn found(source: &str, output: &str, options: &CheckOptions) -> Vec<String> {
        let (from, to) = (Language::English, Language::Korean);
        let pair = Pair { source, output, from, to, kind: OutputKind::Translation };
        CHECK.findings(&pair, options).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn alternatives_are_allowed_and_forbidden_words_named() {
        let term = Term {
            alternatives: vec!["항구".into()],
            forbid: vec!["포트".into(), "항".into()],
            ..Term::new("harbour", "항만")
        };
        let options = options(vec![term]);
        assert_eq!(
            found("The harbour closed.", "항구가 닫혔다.", &options),
            <[&str; 0]>::default()
        );
        assert_eq!(
            found("The harbour closed.", "포트를 닫았다.", &options),
            ["'포트' is forbidden by the glossary; write '항만'"]
        );
        assert_eq!(
            found("The harbour closed.", "문을 닫았다.", &options),
            ["the glossary has '항만' for 'harbour', which the translation does not use"]
        );
    }

    #[test]
    fn a_term_of_another_register_is_not_asked_for() {
        let formal = Term {
            register: Some(Register::Hamnida),
            ..Term::new("he said", "말씀하셨습니다")
        };
        let mut options = options(vec![formal]);
        options.register = Some(Register::Handa);
        assert_eq!(found("It rained, he said.", "비가 왔다고 했다.", &options).len(), 0);
        options.register = Some(Register::Hamnida);
        assert_eq!(found("It rained, he said.", "비가 왔다고 했다.", &options).len(), 1);
    }

    #[test]
    fn what_was_used_is_counted() {
        let options = options(vec![Term::new("harbour", "항만"), Term::new("mayor", "시장")]);
        let (source, output) = ("The mayor of the harbour", "항구의 시장");
        let (from, to) = (Language::English, Language::Korean);
        let pair = Pair { source, output, from, to, kind: OutputKind::Translation };
        assert_eq!(usage(&pair, &options), GlossaryUse { terms: 2, used: 1 });
    }
}
