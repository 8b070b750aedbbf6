//! The tool `glossary_lookup`: the desk's terms in a text. Needs no model.

use std::fmt::Write as _;

use malmoi::LanguagePair;
use rmcp::model::JsonObject;
use rmcp::schemars::{self, JsonSchema};
use serde::{Deserialize, Serialize};

use super::{Answer, Failure, Running, ToolEntry, Toolbox};
use crate::engine::fields;

pub(super) const TOOL: ToolEntry = ToolEntry {
    name: "glossary_lookup",
    title: "Look up prescribed terms",
    description: "Find which terms of the newsroom's glossary occur in an English or Korean text, \
        with the translations that are required, allowed and forbidden for each. Use it before you \
        translate or summarize news in the other language yourself, or when the user asks how the \
        newsroom writes a name or a term. Needs no model and takes a moment.",
    input: super::input::<Arguments>,
    output: super::output::<LookupData>,
    run,
};

#[derive(Deserialize, JsonSchema)]
#[schemars(crate = "schemars")]
#[serde(deny_unknown_fields)]
struct Arguments {
    /// A text, or a term alone.
    text: String,
    /// Language of the text; detected by default.
    #[serde(default)]
    #[schemars(with = "String", extend("enum" = ["auto", "en", "ko"]), !default)]
    from: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(crate = "schemars")]
struct LookupData {
    /// Language of the text.
    from: &'static str,
    /// Language of the translations.
    to: &'static str,
    /// Terms that occur, in the order of the text.
    terms: Vec<TermData>,
    /// Terms of the whole glossary.
    glossary_size: usize,
}

#[derive(Serialize, JsonSchema)]
#[schemars(crate = "schemars", rename = "FoundTerm")]
struct TermData {
    /// The term.
    source: String,
    /// The words of the text where it first stands.
    found: String,
    /// Its required translation.
    target: String,
    /// Other translations that are allowed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    alternatives: Vec<String>,
    /// Translations that are not allowed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    forbid: Vec<String>,
    /// A note for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

fn run(toolbox: &Toolbox, given: JsonObject, _: &Running<'_, Answer>) -> Result<Answer, Failure> {
    let Arguments { text, from } = super::arguments(given)?;
    fields::within(toolbox.characters, text.chars().count())?;
    let from = super::direction(from.as_deref(), &text)?;
    let languages = LanguagePair { from, to: from.other() };
    let glossary = &toolbox.options.checks.glossary;
    let found = glossary.occurring(&text, languages);
    let terms: Vec<TermData> = found
        .into_iter()
        .map(|found| TermData {
            found: text.get(found.span).unwrap_or_default().to_string(),
            source: found.term.source,
            target: found.term.target,
            alternatives: found.term.alternatives,
            forbid: found.term.forbid,
            note: found.term.note,
        })
        .collect();
    let shown = shown(&terms, glossary.terms().len());
    let data = LookupData {
        from: languages.from.code(),
        to: languages.to.code(),
        terms,
        glossary_size: glossary.terms().len(),
    };
    Ok(Answer::new(vec![shown], &data))
}

fn shown(terms: &[TermData], size: usize) -> String {
    let mut text = match (terms.len(), size) {
        (0, 0) => {
            return "The newsroom has no glossary here yet. `malmoi glossary import FILE` in a \
                    terminal makes one; start the assistant's tools again after that."
                .into();
        }
        (0, _) => return format!("None of the glossary's {size} terms occurs in the text."),
        (count, _) => format!("{count} of the glossary's {size} terms occur in the text:\n"),
    };
    for TermData { source, target, alternatives, forbid, note, .. } in terms {
        let _ = write!(text, "- {source}: {target}");
        if !alternatives.is_empty() {
            let _ = write!(text, "; also {}", alternatives.join(", "));
        }
        if !forbid.is_empty() {
            let _ = write!(text, "; not {}", forbid.join(", "));
        }
        if let Some(note) = note {
            let _ = write!(text, " ({note})");
        }
        text.push('\n');
    }
    text.trim_end().to_string()
}
