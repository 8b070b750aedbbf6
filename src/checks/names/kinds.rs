//! Kinds of the check's findings.

use crate::checks::check::FindingKind;
use crate::finding::Finding;

/// Name of the check.
pub(super) const NAME: &str = "names";

/// In a translation, where the names of long texts are compared with too many words.
pub(super) const ADDED: FindingKind = FindingKind::major("name_added").up_to_sentences(2);
pub(super) const INVENTED: FindingKind = FindingKind::major("name_invented");
pub(super) const LOST: FindingKind = FindingKind::major("name_lost").up_to_sentences(2);
pub(super) const MISPLACED: FindingKind = FindingKind::major("name_misplaced");
/// Neighbors of a list in another order, which seldom changes the meaning.
pub(super) const REORDERED: FindingKind = FindingKind::minor("names_reordered");
pub(super) const SWAPPED: FindingKind = FindingKind::major("names_swapped");
pub(super) const REPLACED: FindingKind = FindingKind::major("name_replaced").up_to_sentences(8);

/// A finding with its sentence for an editor in English and in Korean.
pub(super) fn finding(kind: FindingKind, english: String, korean: String) -> Finding {
    Finding::new(NAME, kind.name, english).in_korean(korean).severity(kind.severity)
}
