//! Glossary: terms that occur in the source and are not translated as prescribed.
//!
//! Knows the terms that a [`Glossary`](crate::Glossary) finds; a term counts as used wherever one
//! of its translations stands in the output. In a summary, which leaves out most of its article,
//! only forbidden words and particles are looked for.

use serde::{Deserialize, Serialize};

use super::check::{Check, Example, FindingKind, OutputKind, Pair, Scope};
use super::comparison::Comparison;
use super::options::CheckOptions;
use super::spans::excerpt;
use crate::document::Span;
use crate::finding::Finding;
use crate::glossary::{Occurrence, Term, Text, particle_after};
use crate::language::{Language, LanguagePair, is_hangul};

const MISSING: FindingKind = FindingKind::major("glossary_missing");
const CHANGED: FindingKind = FindingKind::major("glossary_changed");
const FORBIDDEN: FindingKind = FindingKind::major("glossary_forbidden");
const PARTICLE: FindingKind = FindingKind::minor("glossary_particle");

pub(super) const CHECK: Check = Check {
    name: "glossary",
    describe: "terms of the glossary that are not translated as prescribed",
    kinds: &[MISSING, CHANGED, FORBIDDEN, PARTICLE],
    scope: Scope::Article,
    // With the terms of `EXAMPLE`.
    examples: &[
        Example::found(MISSING, "The breakwater held.", "둑은 무너지지 않았다."),
        Example::found(CHANGED, "Listen to Haemin FM.", "해민에프엠을 들으십시오."),
        Example::found(FORBIDDEN, "The quay and its wharf.", "부두와 그 선착장."),
        Example::found(PARTICLE, "The breakwater held.", "방파제은 무너지지 않았다."),
        Example::fine("Breakwaters held.", "방파제들은 무너지지 않았다."),
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

/// Upper bound on the findings of a forbidden word, and on those of particles.
const MAX_FINDINGS: usize = 5;

/// How a translation used a glossary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GlossaryUse {
    /// Terms that occur in the source, those of each segment counted on their own.
    pub terms: usize,
    /// Those of them that the translation has as prescribed.
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
    let used = terms.iter().filter(|one| is_used(&one.term, &output, pair)).count();
    GlossaryUse { terms: terms.len(), used }
}

fn languages(pair: &Pair<'_>) -> LanguagePair {
    LanguagePair { from: pair.from, to: pair.to }
}

fn is_used(term: &Term, output: &Text<'_>, pair: &Pair<'_>) -> bool {
    if term.keep {
        return pair.output.contains(term.source.trim());
    }
    term.renderings().any(|rendering| output.has(rendering, pair.to))
}

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let pair = comparison.pair;
    if comparison.options.glossary.is_empty() || pair.from == pair.to {
        return Vec::new();
    }
    let output = Text::new(pair.output);
    let mut findings = Vec::new();
    for Occurrence { term, span } in terms_in(pair.source, languages(pair), comparison.options) {
        let forbidden: Vec<Finding> = forbidden(&term, pair, &output);
        let is_missing = pair.kind == OutputKind::Translation && !is_used(&term, &output, pair);
        if is_missing && forbidden.is_empty() {
            findings.push(missing(&term, span, pair));
        }
        findings.extend(forbidden);
        if pair.to == Language::Korean && !is_missing {
            findings.extend(term.renderings().flat_map(|word| particles(word, pair.output)));
        }
    }
    findings
}

/// A term that is not in the output as prescribed.
fn missing(term: &Term, span: Span, pair: &Pair<'_>) -> Finding {
    let word = excerpt(&pair.source[span.clone()]);
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
    finding.in_source(span).expected(target.as_str())
}

/// Forbidden translations of a term, outside of its allowed ones.
fn forbidden(term: &Term, pair: &Pair<'_>, output: &Text<'_>) -> Vec<Finding> {
    let allowed: Vec<Span> =
        term.renderings().flat_map(|word| output.find(word, pair.to)).collect();
    let is_allowed = |span: &Span| {
        allowed.iter().any(|allowed| allowed.start <= span.start && span.end <= allowed.end)
    };
    let spans = term.forbid.iter().flat_map(|word| output.find(word, pair.to));
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
fn particles(word: &str, text: &str) -> Vec<Finding> {
    let wrong = text.match_indices(word).filter_map(|(start, _)| {
        let end = start + word.len();
        let is_inside =
            word.starts_with(is_hangul) && text[..start].chars().next_back().is_some_and(is_hangul);
        let (written, expected) = particle_after(word, &text[end..]).filter(|_| !is_inside)?;
        Some((start..end + written.len(), expected))
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
