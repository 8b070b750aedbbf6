//! The options of a text or a document: its formality, and the glossaries that it names.

use malmoi::{Language, LanguagePair, Register, TaskOptions};
use serde_json::Value;

use super::super::super::app::App;
use super::super::super::incoming::Incoming;
use super::super::shortened;
use crate::engine::Failure;

/// Glossaries that a request may name.
const MOST_GLOSSARIES: usize = 10;

pub(super) fn options(
    app: &App,
    incoming: &Incoming,
    from: Option<Language>,
    to: Language,
) -> Result<TaskOptions, Failure> {
    let mut options = app.options.now();
    for name in ["style_id", "translation_memory_id", "custom_instructions"] {
        let is_empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty) || value == "";
        if incoming.get(name).is_some_and(|value| !is_empty(value)) {
            return Err(Failure::Invalid(format!("`{name}` is not supported")));
        }
    }
    if let Some(register) = register(incoming, to)? {
        options.checks.register = Some(register);
    }
    let mut ids = incoming.texts("glossary_ids")?.unwrap_or_default();
    ids.extend(incoming.texts("glossary_id")?.unwrap_or_default());
    let mut named: Vec<&str> = Vec::new();
    for id in ids.iter().flat_map(|id| id.split(',')).filter(|id| !id.is_empty()) {
        if named.contains(&id) {
            continue;
        }
        if named.len() == MOST_GLOSSARIES {
            let message = format!("`glossary_id` names more than {MOST_GLOSSARIES} glossaries");
            return Err(Failure::Invalid(message));
        }
        named.push(id);
    }
    for id in named {
        let glossary = app.glossaries.get(id)?;
        let Some(from) = from else {
            return Err(Failure::Invalid("a glossary needs `source_lang`".into()));
        };
        let dictionary = glossary
            .dictionary(LanguagePair { from, to })
            .ok_or_else(|| Failure::Invalid("the glossary is not for these languages".into()))?;
        options.checks.glossary = options.checks.glossary.with(&dictionary.terms());
    }
    Ok(options)
}

/// The register of Korean for a formality. English has none: it is refused, unless it is a mere
/// preference.
fn register(incoming: &Incoming, to: Language) -> Result<Option<Register>, Failure> {
    let formality = incoming.text("formality")?.unwrap_or_default();
    let register = match formality.as_str() {
        "more" | "prefer_more" => Register::Hamnida,
        "less" | "prefer_less" => Register::Haeyo,
        "" | "default" => return Ok(None),
        other => {
            let message = format!("formality `{}` is not supported", shortened(other));
            return Err(Failure::Invalid(message));
        }
    };
    match to {
        Language::Korean => Ok(Some(register)),
        Language::English if formality.starts_with("prefer") => Ok(None),
        Language::English => {
            let message = "'formality' is not supported for given 'target_lang'.";
            Err(Failure::Invalid(message.into()))
        }
    }
}
