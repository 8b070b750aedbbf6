//! Kinds of the check's findings.

use crate::checks::check::FindingKind;
use crate::finding::Finding;

/// Name of the check.
pub(super) const NAME: &str = "quotes";

pub(super) const INVENTED: FindingKind = FindingKind::major("quotation_invented");
pub(super) const LOST: FindingKind = FindingKind::major("quotation_lost").up_to_sentences(5);
pub(super) const CHANGED: FindingKind = FindingKind::major("quotation_changed").up_to_sentences(3);
pub(super) const UNPAIRED: FindingKind =
    FindingKind::minor("quotation_mark_unpaired").up_to_sentences(8);

/// A finding with its sentence for an editor in English and in Korean.
pub(super) fn finding(kind: FindingKind, english: String, korean: String) -> Finding {
    Finding::new(NAME, kind.name, english).in_korean(korean).severity(kind.severity)
}
