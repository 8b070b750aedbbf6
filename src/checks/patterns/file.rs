//! The file of the user's rules: `checks.toml`, read and validated as a whole.
//!
//! Every fault names the file, the entry and what to write instead. Knows TOML; knows nothing of
//! pairs.

use regex::{Regex, RegexBuilder};
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::finding::Severity;
use crate::language::Language;

/// Largest file, in bytes.
const MAX_BYTES: usize = 1 << 20;
/// Most patterns, and most terms and words.
const MAX_PATTERNS: usize = 200;
const MAX_WORDS: usize = 2000;
/// Longest pattern, in bytes, and its size once it is compiled.
const MAX_PATTERN: usize = 1000;
const MAX_COMPILED: usize = 1 << 18;
/// Longest term or word, in bytes.
const MAX_WORD: usize = 200;

/// The user's own rules for the checks: patterns, prescribed terms and forbidden words.
///
/// ```
/// use malmoi::checks::Patterns;
/// let rules = "[[term]]\nen = 'harbor'\nko = '항만'\n[[forbidden]]\nword = '처녀작'";
/// assert_eq!(Patterns::parse(rules, "checks.toml")?.len(), 2);
/// let rules = "[[pattern]]\nname = 'a'\noutput = '('";
/// let error = Patterns::parse(rules, "checks.toml").unwrap_err();
/// assert!(error.to_string().starts_with("checks.toml: [[pattern]] 1 ('a'): `output` is not a"));
/// # Ok::<(), malmoi::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Patterns {
    pub(super) patterns: Vec<Pattern>,
    pub(super) terms: Vec<Term>,
    pub(super) forbidden: Vec<Forbidden>,
    text: String,
}

/// The pairs that a rule is for, and the severity of its findings.
#[derive(Debug, Clone)]
pub(super) struct Applies {
    pub from: Option<Language>,
    pub to: Option<Language>,
    pub severity: Severity,
}

#[derive(Debug, Clone)]
pub(super) struct Pattern {
    pub applies: Applies,
    pub name: String,
    /// The rule is for sources with a match.
    pub source: Option<Regex>,
    /// Each match in the output is a finding.
    pub output: Option<Regex>,
    /// An output without a match is a finding.
    pub missing: Option<Regex>,
    pub message: Option<String>,
    pub message_ko: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Term {
    pub applies: Applies,
    english: Vec<String>,
    korean: Vec<String>,
}

impl Term {
    /// The words for the term in a language.
    pub fn words(&self, language: Language) -> &[String] {
        match language {
            Language::English => &self.english,
            Language::Korean => &self.korean,
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Forbidden {
    pub applies: Applies,
    pub word: String,
    pub instead: Option<String>,
    pub message: Option<String>,
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    #[serde(default)]
    pattern: Vec<PatternRule>,
    #[serde(default)]
    term: Vec<TermRule>,
    #[serde(default)]
    forbidden: Vec<ForbiddenRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PatternRule {
    name: String,
    source: Option<String>,
    output: Option<String>,
    missing: Option<String>,
    message: Option<String>,
    message_ko: Option<String>,
    severity: Option<String>,
    direction: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TermRule {
    en: Words,
    ko: Words,
    severity: Option<String>,
    direction: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ForbiddenRule {
    word: String,
    instead: Option<String>,
    message: Option<String>,
    severity: Option<String>,
    direction: Option<String>,
}

/// One word or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Words {
    One(String),
    Several(Vec<String>),
}

impl Words {
    fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(word) => vec![word],
            Self::Several(words) => words,
        }
    }
}

impl Patterns {
    /// Reads rules from the bytes of a file; `name` is shown in errors.
    ///
    /// # Errors
    ///
    /// Fails if the bytes are not UTF-8 or not TOML, if a rule is incomplete, unknown or too large,
    /// or if a pattern is not a regular expression.
    pub fn read(bytes: &[u8], name: &str) -> Result<Self> {
        let fault = |reason: &str| Error::Rules { file: name.into(), reason: reason.into() };
        if bytes.len() > MAX_BYTES {
            return Err(fault("larger than 1 MiB; split the rules into several files"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| fault("not UTF-8; save it as UTF-8"))?;
        Self::parse(text, name)
    }

    /// Parses rules; `name` is shown in errors.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn parse(text: &str, name: &str) -> Result<Self> {
        let fault = |reason: String| Error::Rules { file: name.into(), reason };
        if text.len() > MAX_BYTES {
            return Err(fault("larger than 1 MiB; split the rules into several files".into()));
        }
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        let rules: Rules = toml::from_str(text).map_err(|e| fault(syntax(&e, text)))?;
        if rules.pattern.len() > MAX_PATTERNS {
            return Err(fault(format!("more than {MAX_PATTERNS} patterns; join some with `|`")));
        }
        if rules.term.len() + rules.forbidden.len() > MAX_WORDS {
            return Err(fault(format!(
                "more than {MAX_WORDS} terms and words; use --glossary for terms"
            )));
        }
        let patterns = numbered("pattern", rules.pattern, |rule| rule.name.clone(), Pattern::new);
        let terms = numbered("term", rules.term, |rule| rule.en.first(), Term::new);
        let forbidden =
            numbered("forbidden", rules.forbidden, |rule| rule.word.clone(), Forbidden::new);
        Ok(Self {
            patterns: patterns.map_err(fault)?,
            terms: terms.map_err(fault)?,
            forbidden: forbidden.map_err(fault)?,
            text: text.to_string(),
        })
    }

    /// Number of rules.
    pub fn len(&self) -> usize {
        self.patterns.len() + self.terms.len() + self.forbidden.len()
    }

    /// True if the file has no rules.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The file's text, from which a batch knows whether the rules have changed.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Words {
    fn first(&self) -> String {
        match self {
            Self::One(word) => word.clone(),
            Self::Several(words) => words.first().cloned().unwrap_or_default(),
        }
    }
}

/// Converts the entries of one kind. A fault begins with the entry's place: `[[term]] 2 ('port')`.
fn numbered<R, T>(
    kind: &str,
    rules: Vec<R>,
    name: impl Fn(&R) -> String,
    new: impl Fn(R) -> std::result::Result<T, String>,
) -> std::result::Result<Vec<T>, String> {
    let convert = |(index, rule): (usize, R)| {
        let name: String = name(&rule).chars().take(40).collect();
        new(rule).map_err(|reason| format!("[[{kind}]] {} ('{name}'): {reason}", index + 1))
    };
    rules.into_iter().enumerate().map(convert).collect()
}

impl Pattern {
    fn new(rule: PatternRule) -> std::result::Result<Self, String> {
        if rule.name.trim().is_empty() {
            return Err("`name` is empty".into());
        }
        if rule.source.is_none() && rule.output.is_none() && rule.missing.is_none() {
            return Err("no pattern: add `source`, `output` or `missing`".into());
        }
        if rule.output.is_some() && rule.missing.is_some() {
            return Err("`output` and `missing` exclude each other: make two entries".into());
        }
        Ok(Self {
            applies: Applies::new(rule.severity.as_deref(), rule.direction.as_deref())?,
            name: rule.name,
            source: compiled("source", rule.source)?,
            output: compiled("output", rule.output)?,
            missing: compiled("missing", rule.missing)?,
            message: rule.message,
            message_ko: rule.message_ko,
        })
    }
}

impl Term {
    fn new(rule: TermRule) -> std::result::Result<Self, String> {
        let (english, korean) = (rule.en.into_vec(), rule.ko.into_vec());
        for (key, words) in [("en", &english), ("ko", &korean)] {
            if words.is_empty() {
                return Err(format!("`{key}` has no word"));
            }
            words.iter().try_for_each(|word| valid_word(key, word))?;
        }
        let applies = Applies::new(rule.severity.as_deref(), rule.direction.as_deref())?;
        Ok(Self { applies, english, korean })
    }
}

impl Forbidden {
    fn new(rule: ForbiddenRule) -> std::result::Result<Self, String> {
        valid_word("word", &rule.word)?;
        let applies = Applies::new(rule.severity.as_deref(), rule.direction.as_deref())?;
        Ok(Self { applies, word: rule.word, instead: rule.instead, message: rule.message })
    }
}

impl Applies {
    fn new(severity: Option<&str>, direction: Option<&str>) -> std::result::Result<Self, String> {
        let severity = match severity {
            None | Some("major") => Severity::Major,
            Some("critical") => Severity::Critical,
            Some("minor") => Severity::Minor,
            Some(other) => {
                return Err(format!("`severity` is '{other}'; write critical, major or minor"));
            }
        };
        let Some(given) = direction else { return Ok(Self { from: None, to: None, severity }) };
        let languages = given.split_once('-').map(|(from, to)| {
            [from, to].map(|code| Language::all().find(|language| language.code() == code))
        });
        match languages {
            Some([Some(from), Some(to)]) => Ok(Self { from: Some(from), to: Some(to), severity }),
            _ => Err(format!("`direction` is '{given}'; write en-ko, ko-en, en-en or ko-ko")),
        }
    }
}

fn valid_word(key: &str, word: &str) -> std::result::Result<(), String> {
    if word.trim().is_empty() {
        return Err(format!("a word of `{key}` is empty"));
    }
    if word.len() > MAX_WORD {
        return Err(format!("a word of `{key}` is longer than {MAX_WORD} bytes"));
    }
    Ok(())
}

/// A pattern of the key, compiled within the limits.
fn compiled(key: &str, pattern: Option<String>) -> std::result::Result<Option<Regex>, String> {
    let Some(pattern) = pattern else { return Ok(None) };
    if pattern.len() > MAX_PATTERN {
        return Err(format!("`{key}` is longer than {MAX_PATTERN} bytes; make two entries"));
    }
    let built = RegexBuilder::new(&pattern).size_limit(MAX_COMPILED).build();
    let regex = built.map_err(|e| match e {
        regex::Error::CompiledTooBig(_) => {
            format!("`{key}` is too large once compiled; use smaller repetitions such as {{0,20}}")
        }
        other => {
            let reason = other.to_string();
            let last = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
            format!(
                "`{key}` is not a regular expression: {last} (look-around and back-references are not supported)"
            )
        }
    })?;
    if regex.is_match("") {
        return Err(format!("`{key}` matches everywhere, even an empty text; require a character"));
    }
    Ok(Some(regex))
}

/// A fault of TOML on one line, with its line in the file.
fn syntax(error: &toml::de::Error, text: &str) -> String {
    let reason = error.message().lines().next().unwrap_or_default().to_string();
    match error.span().and_then(|span| text.get(..span.start)) {
        Some(before) => format!("line {}: {reason}", before.matches('\n').count() + 1),
        None => reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn faults_name_file_entry_and_remedy() {
        for (rules, message) in [
            (
                "[[pattern]]\nname = 'a'",
                "c.toml: [[pattern]] 1 ('a'): no pattern: add `source`, `output` or `missing`",
            ),
            (
                "[[pattern]]\nname = 'a'\noutput = 'x*'",
                "c.toml: [[pattern]] 1 ('a'): `output` matches everywhere, even an empty text; require a character",
            ),
            (
                "[[pattern]]\nname = 'a'\noutput = '(?:\\w{50}){50}'",
                "c.toml: [[pattern]] 1 ('a'): `output` is too large once compiled; use smaller repetitions such as {0,20}",
            ),
            (
                "[[term]]\nen = 'a'\nko = '가'\n[[term]]\nen = 'port'\nko = []",
                "c.toml: [[term]] 2 ('port'): `ko` has no word",
            ),
            (
                "[[forbidden]]\nword = 'a'\nseverity = 'bad'",
                "c.toml: [[forbidden]] 1 ('a'): `severity` is 'bad'; write critical, major or minor",
            ),
            (
                "[[forbidden]]\nword = 'a'\ndirection = 'ko'",
                "c.toml: [[forbidden]] 1 ('a'): `direction` is 'ko'; write en-ko, ko-en, en-en or ko-ko",
            ),
            (
                "[[pattern]]\nname = 'a'\noutput = '(?=x)y'",
                "c.toml: [[pattern]] 1 ('a'): `output` is not a regular expression: look-around, including look-ahead and look-behind, is not supported (look-around and back-references are not supported)",
            ),
        ] {
            let error = Patterns::parse(rules, "c.toml").unwrap_err();
            assert_eq!(error.to_string(), message);
        }
        let error = Patterns::parse("\n[[pattern]]\nnme = 'a'", "c.toml").unwrap_err().to_string();
        assert!(error.starts_with("c.toml: line ") && error.contains("nme"), "{error}");
        assert!(Patterns::parse("[[term]", "c.toml").is_err());
        assert!(Patterns::read(&[0xFF, 0xFE], "c.toml").is_err());
        assert!(Patterns::parse("", "c.toml").unwrap().is_empty());
    }

    proptest! {
        #[test]
        fn no_file_makes_the_reader_panic(text in "(\\[\\[(pattern|term|forbidden)\\]\\]\n|name = '.{0,9}'\n|(output|source|en|ko|word) = '.{0,20}'\n|.{0,20}\n){0,12}") {
            let _ = Patterns::parse(&text, "checks.toml");
        }
    }
}
