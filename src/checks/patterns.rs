//! Patterns: the user's own rules, from a file: regular expressions, prescribed terms and forbidden
//! words. Runs rules that were read before; knows nothing of files.

pub(super) mod file;

use super::check::{Check, Example, FindingKind, OutputKind, Pair, Scope};
use super::comparison::Comparison;
use super::spans::excerpt;
use crate::document::Span;
use crate::finding::Finding;
use crate::glossary::Text;
use file::{Applies, Forbidden, Pattern, Term};

const PATTERN: FindingKind = FindingKind::major("pattern");
const TERM: FindingKind = FindingKind::major("term_missing");
const FORBIDDEN: FindingKind = FindingKind::major("forbidden_word");

pub(super) const CHECK: Check = Check {
    name: "patterns",
    describe: "the rules of a file of your own: patterns, key terms, forbidden words",
    kinds: &[PATTERN, TERM, FORBIDDEN],
    scope: Scope::Article,
    // With the rules of `EXAMPLE`.
    examples: &[
        Example::found(PATTERN, "We won!", "우리가 이겼다!"),
        Example::found(TERM, "The harbors reopened.", "포구들이 다시 문을 열었다."),
        Example::found(FORBIDDEN, "그는 여직원을 칭찬했다.", "He praised the lady clerks."),
        Example::fine("The harbors reopened.", "항만들이 다시 문을 열었다."),
        Example::fine("We won.", "우리가 이겼다."),
    ],
    run,
};

/// A file of rules as the documentation shows it.
#[cfg(test)]
pub(super) const EXAMPLE: &str = r#"
[[pattern]]
name = "exclamation mark"
output = "!"
direction = "en-ko"
severity = "minor"
message = "news has no exclamation marks"

[[term]]
en = "harbor"
ko = ["항만", "항구"]

[[forbidden]]
word = "lady clerk"
instead = "clerk"
"#;

/// Upper bound on the findings of a rule.
const MAX_FINDINGS: usize = 20;

fn run(comparison: &Comparison<'_>) -> Vec<Finding> {
    let pair = comparison.pair;
    let Some(patterns) = &comparison.options.patterns else { return Vec::new() };
    let mut findings = Vec::new();
    for pattern in patterns.patterns.iter().filter(|rule| applies(&rule.applies, pair)) {
        findings.extend(pattern_findings(pattern, pair));
    }
    let source = Text::new(pair.source);
    let output = Text::new(pair.output);
    for term in patterns.terms.iter().filter(|rule| applies(&rule.applies, pair)) {
        findings.extend(term_finding(term, pair, &source, &output));
    }
    for word in patterns.forbidden.iter().filter(|rule| applies(&rule.applies, pair)) {
        findings.extend(forbidden_findings(word, pair, &output));
    }
    findings
}

/// True if a rule is for pairs of these languages.
fn applies(rule: &Applies, pair: &Pair<'_>) -> bool {
    rule.from.is_none_or(|from| from == pair.from) && rule.to.is_none_or(|to| to == pair.to)
}

fn pattern_findings(rule: &Pattern, pair: &Pair<'_>) -> Vec<Finding> {
    let in_source = rule.source.as_ref().map(|pattern| pattern.find(pair.source));
    if matches!(in_source, Some(None)) {
        return Vec::new();
    }
    let in_source = in_source.flatten().map(|found| found.range());
    let finding = |source: Option<Span>, output: Option<Span>| {
        let words = match (&output, &source) {
            (Some(span), _) => &pair.output[span.clone()],
            (None, Some(span)) => &pair.source[span.clone()],
            (None, None) => "",
        };
        let shown = excerpt(words);
        let shown = if shown.is_empty() { String::new() } else { format!(": '{shown}'") };
        let english = rule.message.as_deref().unwrap_or(&rule.name);
        let korean = rule.message_ko.as_deref().unwrap_or(english);
        let mut finding = CHECK
            .finding(PATTERN, format!("{english}{shown}"), format!("{korean}{shown}"))
            .severity(rule.applies.severity)
            .value("name", rule.name.as_str());
        if let Some(span) = source {
            finding = finding.in_source(span);
        }
        if let Some(span) = output {
            finding = finding.in_output(span);
        }
        finding
    };
    if let Some(missing) = &rule.missing {
        return match missing.is_match(pair.output) {
            true => Vec::new(),
            false => vec![finding(in_source, None)],
        };
    }
    match &rule.output {
        Some(output) => output
            .find_iter(pair.output)
            .take(MAX_FINDINGS)
            .map(|found| finding(in_source.clone(), Some(found.range())))
            .collect(),
        None => vec![finding(in_source, None)],
    }
}

/// A finding if the source has a term, and the translation none of its prescribed words.
fn term_finding(
    rule: &Term,
    pair: &Pair<'_>,
    source: &Text<'_>,
    output: &Text<'_>,
) -> Option<Finding> {
    if pair.kind != OutputKind::Translation || pair.from == pair.to {
        return None;
    }
    let span = rule.words(pair.from).iter().find_map(|word| source.find(word, pair.from).next())?;
    let targets = rule.words(pair.to);
    let places = output.places(targets.iter().map(String::as_str), pair.to);
    if targets.iter().any(|word| places.standing(word).is_some()) {
        return None;
    }
    let word = &pair.source[span.clone()];
    let expected = targets.join("', '");
    let message = format!("the term '{}' is not translated as '{expected}'", excerpt(word));
    let korean = format!("정해진 용어가 아님: '{}' → '{expected}'", excerpt(word));
    let finding = CHECK.finding(TERM, message, korean).severity(rule.applies.severity);
    Some(finding.in_source(span).expected(targets.first().map_or("", String::as_str)))
}

fn forbidden_findings(rule: &Forbidden, pair: &Pair<'_>, output: &Text<'_>) -> Vec<Finding> {
    let spans = output.find(&rule.word, pair.to).take(MAX_FINDINGS);
    spans
        .map(|span| {
            let word = excerpt(&pair.output[span.clone()]);
            let (mut english, mut korean) =
                (format!("the word '{word}' is forbidden"), format!("금지된 말: '{word}'"));
            if let Some(instead) = &rule.instead {
                english.push_str(&format!("; write '{instead}'"));
                korean.push_str(&format!(" → '{instead}'"));
            }
            if let Some(message) = &rule.message {
                english = format!("{message}: '{word}'");
                korean = format!("{message}: '{word}'");
            }
            let finding = CHECK.finding(FORBIDDEN, english, korean).severity(rule.applies.severity);
            let finding = finding.in_output(span).found(word);
            match &rule.instead {
                Some(instead) => finding.expected(instead),
                None => finding,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::options::CheckOptions;
    use super::super::pairs::{summary, translation};
    use super::file::Patterns;
    use super::*;

    fn messages(rules: &str, pair: &Pair<'_>) -> Vec<String> {
        let patterns = Patterns::parse(rules, "checks.toml").unwrap();
        let options = CheckOptions { patterns: Some(Arc::new(patterns)), ..Default::default() };
        CHECK.findings(pair, &options).into_iter().map(|found| found.message).collect()
    }

    #[test]
    fn patterns_look_at_source_output_or_both() {
        let rules = "[[pattern]]\nname = 'unit'\nsource = '(?i)acres?'\noutput = '에이커'\nmessage = 'write hectares'\nmessage_ko = '헥타르로 씀'\n\
            [[pattern]]\nname = 'quotation marks lost'\nsource = '\"'\nmissing = '[\"“‘]'\n\
            [[pattern]]\nname = 'draft'\nsource = 'DRAFT'\nseverity = 'critical'";
        let pair = translation("A field of 5 acres.", "5에이커의 밭이다.");
        assert_eq!(messages(rules, &pair), ["write hectares: '에이커'"]);
        let pair = translation("He said \"yes\".", "그는 그렇다고 했다.");
        assert_eq!(messages(rules, &pair), ["quotation marks lost: '\"'"]);
        let pair = translation("DRAFT: a field.", "초안: 밭.");
        assert_eq!(messages(rules, &pair), ["draft: 'DRAFT'"]);
        assert_eq!(messages(rules, &translation("A field.", "5에이커의 밭.")), [""; 0]);
    }

    #[test]
    fn terms_are_known_with_endings_and_particles_in_both_directions() {
        let rules = "[[term]]\nen = ['ferry', 'passenger ship']\nko = '여객선'\n[[term]]\nen = 'prime minister'\nko = '총리'";
        for (source, output) in [
            ("The ferries left.", "여객선들이 떠났다."),
            ("The Prime Minister's ferry left.", "총리의 여객선은 떠났다."),
            ("여객선이 떠났다.", "The passenger ships left."),
            ("무여객선 지역이다.", "It is an area without ships."),
            ("The terrier left.", "개가 떠났다."),
        ] {
            assert_eq!(messages(rules, &translation(source, output)), [""; 0], "{output}");
        }
        for (source, output, message) in [
            (
                "The FERRIES left.",
                "배들이 떠났다.",
                "the term 'FERRIES' is not translated as '여객선'",
            ),
            (
                "여객선에서는 음악이 나왔다.",
                "The boat had music.",
                "the term '여객선' is not translated as 'ferry', 'passenger ship'",
            ),
        ] {
            assert_eq!(messages(rules, &translation(source, output)), [message]);
        }
        assert_eq!(messages(rules, &summary("The ferry left.", "It left.")), [""; 0]);
    }

    #[test]
    fn forbidden_words_are_found_in_the_output_only() {
        let rules = "[[forbidden]]\nword = '처녀작'\ninstead = '첫 작품'\n[[forbidden]]\nword = 'chairman'\ndirection = 'ko-en'\nmessage = 'say chair'";
        assert_eq!(
            messages(rules, &translation("His first book.", "그의 처녀작을 냈다.")),
            ["the word '처녀작' is forbidden; write '첫 작품'"]
        );
        assert_eq!(
            messages(rules, &translation("의장이 왔다.", "The chairmen and a Chairman came.")),
            ["say chair: 'Chairman'"]
        );
        assert_eq!(messages(rules, &summary("처녀작", "첫 작품")), [""; 0]);
    }
}
