//! The fields of requests: words for languages, formats, styles and registers, and the limits on
//! texts. A field that cannot be used fails with the values that can.

use malmoi::checks::CheckOptions;
use malmoi::prompts::Style;
use malmoi::{Language, Register, Term};

use super::failure::Failure;

/// Most sentences of a summary.
const MOST_SENTENCES: usize = 50;

/// Refuses texts beyond the limit on their characters.
pub(crate) fn within(limit: usize, characters: usize) -> Result<(), Failure> {
    if characters > limit {
        let message = format!("the text has {characters} characters; this server takes {limit}");
        return Err(Failure::TooLarge(message));
    }
    Ok(())
}

/// The language of a code: `ko`, `EN-US`, `kor`, `ko-KR`.
pub(crate) fn language(code: &str) -> Result<Language, Failure> {
    let base = code.split(['-', '_']).next().unwrap_or_default();
    Language::parse(&base.to_lowercase()).map_err(|_| {
        Failure::Invalid(format!("`{}` is not supported; use en or ko", shortened(code)))
    })
}

/// The language of a code; `None` for `auto`.
pub(crate) fn optional_language(code: Option<&str>) -> Result<Option<Language>, Failure> {
    code.filter(|code| !code.is_empty() && *code != "auto").map(language).transpose()
}

/// The extension of files in a format; plain text by default.
pub(crate) fn format(name: Option<&str>) -> Result<&'static str, Failure> {
    Ok(match name {
        None | Some("" | "text") => "txt",
        Some("html") => "html",
        Some("markdown") => "md",
        Some("srt") => "srt",
        Some("vtt") => "vtt",
        Some(other) => {
            return Err(unknown(other, "format", "text, html, markdown, srt or vtt"));
        }
    })
}

/// The style of a summary; a paragraph by default.
pub(crate) fn style(name: Option<&str>) -> Result<Style, Failure> {
    Ok(match name {
        None | Some("paragraph") => Style::Paragraph,
        Some("bullets") => Style::Bullets,
        Some("headline") => Style::Headline,
        Some(other) => return Err(unknown(other, "style", "paragraph, bullets or headline")),
    })
}

/// The number of a summary's sentences, within bounds.
pub(crate) fn sentences(count: usize) -> Result<usize, Failure> {
    if (1..=MOST_SENTENCES).contains(&count) {
        return Ok(count);
    }
    Err(Failure::Invalid(format!("`sentences` must be from 1 to {MOST_SENTENCES}")))
}

/// Options of the checks with the register and the terms of a request.
pub(crate) fn check_options(
    usual: &CheckOptions,
    register: Option<&str>,
    terms: &[Term],
) -> Result<CheckOptions, Failure> {
    let mut options = usual.clone();
    if let Some(word) = register {
        let register = Register::parse(word);
        options.register =
            Some(register.ok_or_else(|| unknown(word, "register", "handa, hamnida or haeyo"))?);
    }
    if !terms.is_empty() {
        options.glossary = options.glossary.with(terms);
    }
    Ok(options)
}

/// A word that is none of a field's.
pub(super) fn unknown(word: &str, field: &str, known: &str) -> Failure {
    Failure::Invalid(format!("`{}` is no {field}; use {known}", shortened(word)))
}

/// At most 20 characters of what a client sent, for messages.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(20).collect()
}
