//! SubRip.

use super::subtitles::{SubtitleFormat, is_number, is_timing, read};
use super::{Format, Reader, xml};

/// SubRip.
pub(super) const FORMAT: Format = Format {
    name: "srt",
    describe: "SubRip subtitles",
    extensions: &["srt"],
    title: "SubRip",
    written: "SubRip",
    kept: "numbers, times, positions and styles",
    sniff: |bytes| {
        let start = xml::beginning(&bytes[..bytes.len().min(SNIFFED_BYTES)]);
        let mut lines = start.trim_start().lines().map(str::trim).filter(|line| !line.is_empty());
        let first = lines.next().unwrap_or_default();
        is_timing(if is_number(first) { lines.next().unwrap_or_default() } else { first })
    },
    read: Reader::Article(|text| read(text, SubtitleFormat::SubRip)),
};

/// Bytes examined to recognize a file.
const SNIFFED_BYTES: usize = 400;
