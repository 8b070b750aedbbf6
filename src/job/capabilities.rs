//! What suits a model.

use crate::language::Language;

/// Prompts and languages that suit a model, from the catalogue or the user. By default no language
/// is excluded and the prompts follow from the model's architecture.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// Family of its prompts: `any`, `modest`, `small`, `base`, `hunyuan` …
    pub family: Option<String>,
    /// Languages it writes summaries in; `None` for all.
    pub summarizes: Option<Vec<Language>>,
}
