//! Verification: reads a log from its first line to its last, and names the first fault.

use std::io::{BufRead, Read, Result};

use super::chain::{self, Head};

/// Bytes of a line; longer ones are no records.
const MAX_LINE: u64 = 1 << 20;

/// What was found in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Lines that form a chain from the first on.
    pub lines: u64,
    /// The last of them.
    pub head: Head,
    /// Torn fragments that the log itself records.
    pub torn: u64,
    /// Line of the expected head, if it is one of them.
    pub expected_at: Option<u64>,
    /// The first fault: its line, from 1, and what is wrong with it.
    pub fault: Option<(u64, String)>,
}

/// Verifies a log. With `expected`, the hash of a line that was noted before, it must still be
/// there: a log that was cut shorter than that is told.
///
/// # Errors
///
/// If it cannot be read.
pub fn verify(mut log: impl BufRead, expected: Option<&str>) -> Result<Verified> {
    let mut found =
        Verified { lines: 0, head: Head::empty(), torn: 0, expected_at: None, fault: None };
    let mut number = 0;
    // A line that is no record: its number, what is wrong, its bytes and hash.
    let mut fragment: Option<(u64, &'static str, u64, String)> = None;
    let mut line = Vec::new();
    loop {
        line.clear();
        (&mut log).take(MAX_LINE).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            break;
        }
        number += 1;
        let is_whole = line.last() == Some(&b'\n');
        if is_whole {
            line.pop();
        }
        let sealed = match chain::read(&line) {
            Ok(sealed) if is_whole => sealed,
            other => {
                if let Some((at, reason, ..)) = fragment {
                    found.fault = Some((at, reason.to_string()));
                    break;
                }
                let reason = match other {
                    Err(reason) if is_whole => reason,
                    _ => "it is torn: the next start of the program records that",
                };
                fragment = Some((number, reason, line.len() as u64, chain::sha256(&line)));
                continue;
            }
        };
        if let Some((at, reason, bytes, sum)) = fragment.take() {
            if sealed.torn != Some((bytes, sum)) {
                found.fault = Some((at, reason.to_string()));
                break;
            }
            found.torn += 1;
        }
        if let Some(reason) = gap(&found.head, &sealed) {
            found.fault = Some((number, reason));
            break;
        }
        found.lines += 1;
        found.head = sealed.head;
        if expected == Some(&*found.head.sha256) {
            found.expected_at = Some(number);
        }
    }
    if found.fault.is_none() {
        found.fault = fragment.map(|(at, reason, ..)| (at, reason.to_string()));
    }
    if found.fault.is_none() && expected.is_some() && found.expected_at.is_none() {
        let reason = format!(
            "the expected head is not in the log: it was cut after line {number}, or written anew"
        );
        found.fault = Some((number + 1, reason));
    }
    Ok(found)
}

/// What is wrong between a line and the one before it.
fn gap(before: &Head, line: &chain::Sealed) -> Option<String> {
    if line.prev == before.sha256 && line.head.seq == before.seq + 1 {
        return None;
    }
    let (seq, next) = (line.head.seq, before.seq + 1);
    Some(if seq > next {
        format!("records {next} to {} are missing before it", seq - 1)
    } else if seq < next {
        format!("record {seq} is out of its place: {next} was next")
    } else {
        "it does not continue the line before it".to_string()
    })
}
