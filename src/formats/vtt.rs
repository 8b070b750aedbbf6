//! WebVTT, SubRip's successor on the web.

use super::subtitles::{SubtitleFormat, read};
use super::{Format, Reader, xml};

/// WebVTT.
pub(super) const FORMAT: Format = Format {
    name: "vtt",
    describe: "WebVTT subtitles",
    extensions: &["vtt"],
    title: "WebVTT",
    written: "WebVTT",
    kept: "times, settings, styles and notes",
    sniff: |bytes| {
        let start = xml::beginning(&bytes[..bytes.len().min(SNIFFED_BYTES)]);
        let rest = start.strip_prefix(SIGNATURE);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
    },
    read: Reader::Article(|text| read(text, SubtitleFormat::WebVtt)),
};

/// The first word of a file.
const SIGNATURE: &str = "WEBVTT";

/// Bytes examined to recognize a file.
const SNIFFED_BYTES: usize = 400;
