//! Kinds of the check's findings.

use crate::checks::check::FindingKind;
use crate::finding::Finding;

/// Name of the check.
pub(super) const CHECK: &str = "consistency";

pub(super) const SENTENCE: FindingKind = FindingKind::minor("sentence_two_ways");
/// In a long text without parts, human translators write many names in two ways.
pub(super) const NAME: FindingKind = FindingKind::minor("name_two_ways").up_to_sentences(3);
pub(super) const TWO_TRANSLATIONS: FindingKind = FindingKind::minor("two_translations");
pub(super) const SAME_TRANSLATION: FindingKind = FindingKind::major("same_translation");

/// A finding with its sentence for an editor in English and in Korean.
pub(super) fn finding(kind: FindingKind, english: String, korean: String) -> Finding {
    Finding::new(CHECK, kind.name, english).in_korean(korean).severity(kind.severity)
}
