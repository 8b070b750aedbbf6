//! Names of the fields of a pair in records and headers, and a pair made of such fields. Knows the
//! names; knows no syntax.

use super::TextPair;
use crate::formats::record::normalized;
use crate::language::Language;

const ID: &[&str] = &["id", "key", "번호", "아이디"];
const SOURCE: &[&str] =
    &["source", "src", "original", "article", "document", "text", "원문", "기사", "본문"];
const TRANSLATION: &[&str] =
    &["output", "translation", "target", "tgt", "mt", "hypothesis", "번역문", "번역"];
const SUMMARY: &[&str] = &["summary", "요약문", "요약"];
const FROM: &[&str] = &["from", "sourcelanguage", "source_lang", "src_lang", "srclang"];
const TO: &[&str] = &["to", "targetlanguage", "target_lang", "tgt_lang", "trglang"];
const TASK: &[&str] = &["task"];

/// True if a header names a source and an output.
pub(super) fn is_header(names: &[String]) -> bool {
    let has = |wanted: &[&str]| names.iter().any(|name| wanted.contains(&&*normalized(name)));
    has(SOURCE) && (has(TRANSLATION) || has(SUMMARY))
}

/// The pair of a record; `get` returns a field by its name in lower case without spaces.
pub(super) fn pair(
    place: String,
    get: impl Fn(&str) -> Option<String>,
) -> Result<TextPair, String> {
    let first = |names: &[&str]| names.iter().find_map(|name| get(name));
    let language = |names: &[&str]| match first(names).filter(|given| !given.trim().is_empty()) {
        None => Ok(None),
        Some(given) => Language::parse(&given)
            .map(Some)
            .map_err(|error| format!("names another language: {error}; use `en` or `ko`")),
    };
    let missing = |what: &str, names: &[&str]| {
        format!("has no {what}; it is read from a field named {}", names.join(", "))
    };
    let source = first(SOURCE).ok_or_else(|| missing("source", SOURCE))?;
    let translation = first(TRANSLATION);
    let is_summary = translation.is_none();
    let names = [TRANSLATION, SUMMARY].concat();
    let output = translation.or_else(|| first(SUMMARY)).ok_or_else(|| missing("output", &names))?;
    let task = first(TASK).or_else(|| is_summary.then(|| "summary".to_string()));
    let (from, to) = (language(FROM)?, language(TO)?);
    Ok(TextPair { place, id: first(ID), source, output, from, to, task })
}
