//! The refusal of a scan, which both readers know.

/// Error for a document of pictures alone.
pub(super) const REASON: &str =
    "is a scan: its pages are pictures without text; run it through text recognition (OCR) first";
