//! The section of examples in a prompt file: after a line `--- examples`, pairs of lines
//! `en: text` and `ko: text`, of which the first is the source.

use super::front_matter::string;
use super::{Example, Task};
use crate::language::{Language, LanguagePair};

/// The line before the section.
const MARK: &str = "--- examples";

/// An example and the direction that it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ShippedExample {
    pub languages: LanguagePair,
    pub example: Example,
}

/// Cuts the body of a prompt file into the template and its examples. Errors name the line of the
/// file, in which the body begins after `lines_before` lines.
pub(super) fn shipped_examples(
    body: String,
    lines_before: usize,
    tasks: &[Task],
) -> Result<(String, Vec<ShippedExample>), String> {
    let Some(mark) = body.lines().position(|line| line.trim_end() == MARK) else {
        return Ok((body, Vec::new()));
    };
    let template = body.split_inclusive('\n').take(mark).collect();
    let mut examples = Vec::new();
    let mut source: Option<(usize, Language, String)> = None;
    for (at, line) in body.lines().enumerate().skip(mark + 1) {
        let at = lines_before + at + 1;
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let (language, text) = side(line).map_err(|reason| format!("line {at}: {reason}"))?;
        let Some((_, from, text_before)) = source.take() else {
            source = Some((at, language, text));
            continue;
        };
        if tasks.contains(&Task::Translate) && language == from {
            return Err(format!(
                "line {at}: a translation from {} into {}",
                from.name(),
                language.name()
            ));
        }
        let languages = LanguagePair { from, to: language };
        let example = Example { source: text_before, target: text };
        examples.push(ShippedExample { languages, example });
    }
    match source {
        Some((at, ..)) => Err(format!("line {at}: an example without a second line")),
        None if examples.is_empty() => Err(format!("no examples after `{MARK}`")),
        None => Ok((template, examples)),
    }
}

/// The language and the text of a line.
fn side(line: &str) -> Result<(Language, String), String> {
    let (code, text) = line.split_once(':').unwrap_or((line, ""));
    let Some(language) = Language::all().find(|language| language.code() == code) else {
        let codes: Vec<String> =
            Language::all().map(|language| format!("`{}: text`", language.code())).collect();
        return Err(format!("`{line}` is not {}", codes.join(" or ")));
    };
    let text = string(text.trim())?;
    if text.trim().is_empty() {
        return Err(format!("`{code}:` without a text"));
    }
    match Language::detect(&text) {
        Some(other) if other != language => {
            Err(format!("the text after `{code}:` is in {}", other.name()))
        }
        _ => Ok((language, text)),
    }
}
