//! The table as text.

use std::collections::BTreeMap;
use std::fmt;

use super::measure::{AlarmRow, KindRow, Share, Table};

/// Checks named beside a row.
const MAX_CHECKS: usize = 3;

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} correct lines, seed {}", self.lines, self.seed)?;
        for (of_summaries, what) in [(false, "translations"), (true, "summaries")] {
            let (mean, high) = self.mean(of_summaries);
            let count = self.recalls(of_summaries).len();
            writeln!(
                f,
                "\nErrors found, {what}: mean {} of {count} kinds, {high} kinds with 90 % or more\n",
                percent(mean)
            )?;
            for rows in self.kinds_of(of_summaries) {
                kind(f, &rows)?;
            }
        }
        writeln!(f, "\nCorrect pairs with a finding\n")?;
        for AlarmRow { set, direction, alarms, by_check } in &self.alarms {
            let checks = named(by_check, usize::MAX);
            writeln!(f, "{set:<16} {direction}  {}  {checks}", share(alarms))?;
        }
        Ok(())
    }
}

impl Table {
    /// The rows of each kind, which has one for each direction.
    pub(super) fn kinds_of(&self, of_summaries: bool) -> Vec<Vec<&KindRow>> {
        let mut kinds: Vec<Vec<&KindRow>> = Vec::new();
        for row in self.kinds.iter().filter(|row| row.is_summary == of_summaries) {
            match kinds.last_mut().filter(|rows| rows[0].kind == row.kind) {
                Some(rows) => rows.push(row),
                None => kinds.push(vec![row]),
            }
        }
        kinds.retain(|rows| rows.iter().any(|row| row.found.of > 0));
        kinds
    }
}

fn kind(f: &mut fmt::Formatter<'_>, rows: &[&KindRow]) -> fmt::Result {
    for (index, row) in rows.iter().filter(|row| row.found.of > 0).enumerate() {
        let name = if index == 0 { row.kind } else { "" };
        let checks = named(&row.by_check, MAX_CHECKS);
        writeln!(f, "{name:<36} {}  {}  {checks}", row.direction, share(&row.found))?;
    }
    Ok(())
}

/// The most frequent checks with their counts.
pub(super) fn named(by_check: &BTreeMap<String, usize>, most: usize) -> String {
    let mut checks: Vec<(&String, &usize)> = by_check.iter().collect();
    checks.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let shown = checks.iter().take(most).map(|(check, count)| format!("{check} {count}"));
    shown.collect::<Vec<_>>().join(", ")
}

/// Such as " 97.3 % [94.8-98.6] of 300".
fn share(share: &Share) -> String {
    let Share { of, share, low, high, .. } = share;
    let (low, high) = (low * 100.0, high * 100.0);
    format!("{:>7} [{low:5.1}-{high:5.1}] of {of:<5}", percent(*share))
}

pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
