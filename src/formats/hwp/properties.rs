//! The document's properties: a property set of OLE, as in the older Office formats.

use chrono::{DateTime, SecondsFormat};

use super::records::{long, short};

pub(super) const STREAM: &str = "/\u{5}HwpSummaryInformation";

/// Identifiers of the dates of creation and of the last change.
const CREATED: u32 = 12;
const SAVED: u32 = 13;
/// Type of a date: 100 ns since 1601.
const FILE_TIME: u32 = 0x40;
/// Offset of the first set's offset, after byte order, versions and class.
const FIRST_SET: usize = 44;
/// Limit of properties: the format defines fewer than thirty.
const MAX_PROPERTIES: usize = 1000;
/// Seconds from 1601 to 1970.
const EPOCH: i64 = 11_644_473_600;

/// The date of creation, otherwise of the last change, as HWPX writes it.
pub(super) fn published(bytes: &[u8]) -> Option<String> {
    if short(bytes, 0) != Some(0xFFFE) {
        return None;
    }
    let set = bytes.get(long(bytes, FIRST_SET)? as usize..)?;
    let count = (long(set, 4)? as usize).min(MAX_PROPERTIES);
    let date = |wanted: u32| {
        let at = (0..count).map(|index| 8 + 8 * index);
        let place = at.filter(|at| long(set, *at) == Some(wanted)).find_map(|at| long(set, at + 4));
        let value = set.get(place? as usize..)?;
        let time = u64::from(long(value, 8)?) << 32 | u64::from(long(value, 4)?);
        (long(value, 0)? == FILE_TIME && time > 0).then_some(time)
    };
    let time = date(CREATED).or_else(|| date(SAVED))?;
    let seconds = i64::try_from(time / 10_000_000).ok()? - EPOCH;
    Some(DateTime::from_timestamp(seconds, 0)?.to_rfc3339_opts(SecondsFormat::Secs, true))
}

#[cfg(test)]
mod tests {
    use super::super::writer::properties;
    use super::*;

    #[test]
    fn the_date_is_that_of_creation_or_of_the_last_change() {
        // 2026-01-07 01:30:00 UTC.
        let created = 134_122_230_000_000_000;
        assert_eq!(published(&properties(created, 0)).as_deref(), Some("2026-01-07T01:30:00Z"));
        assert_eq!(published(&properties(0, created)).as_deref(), Some("2026-01-07T01:30:00Z"));
        assert_eq!(published(&properties(0, 0)), None);
    }

    #[test]
    fn no_part_of_the_properties_is_trusted() {
        let whole = properties(134_122_230_000_000_000, 1);
        for end in 0..whole.len() {
            published(&whole[..end]);
        }
        let mut changed = whole.clone();
        for at in 0..changed.len() {
            changed[at] = 0xFF;
            published(&changed);
            changed[at] = whole[at];
        }
    }
}
