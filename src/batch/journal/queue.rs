//! The journal as a queue of work.

use rusqlite::params;

use super::row::Row;
use super::{Journal, LEASE, now};
use crate::batch::queue::{Lease, Length, Stats, WorkQueue};
use crate::error::Result;

impl WorkQueue for Journal {
    fn claim(&mut self, most: usize, length: Length) -> Result<Vec<Lease>> {
        // Long items are looked for among the next ones only, so that all go roughly in order.
        const NEXT: i64 = 512;
        let fits = match length {
            Length::Any => "true",
            Length::Short => "size <= ?4",
            Length::Long => "size > ?4",
        };
        // Leases are not taken away here: only the process that holds the folder's lock has any.
        let mut claim = self
            .connection
            .prepare_cached(&format!(
                "UPDATE item SET state = 'leased', lease = ?2 WHERE ordinal IN (SELECT ordinal FROM (SELECT ordinal, \
                 octet_length(payload) AS size FROM item WHERE state = 'pending' AND removed = 0 ORDER BY ordinal LIMIT ?3) \
                 WHERE {fits} AND ?4 > 0 LIMIT ?1) RETURNING {}, attempts",
                Row::COLUMNS
            ))
            .map_err(|e| self.failed(e))?;
        let values =
            params![most as i64, now() + LEASE, NEXT.max(most as i64), Length::LONG as i64];
        let rows = claim.query_map(values, |row| Ok((Row::read(row)?, row.get(10)?)));
        let rows: Vec<(Row, u32)> = rows.and_then(Iterator::collect).map_err(|e| self.failed(e))?;
        drop(claim);
        let mut leases = Vec::new();
        for (row, attempts) in rows {
            match serde_json::from_str(row.payload.as_deref().unwrap_or_default()) {
                Ok(item) => leases.push(Lease {
                    ordinal: row.ordinal,
                    key: row.key,
                    id: row.name.unwrap_or_default(),
                    content: row.content,
                    previous: row.previous,
                    input: row.input,
                    attempts,
                    bytes: row.payload.as_ref().map_or(0, |payload| payload.len() as u64),
                    item,
                }),
                // One bad row must not end this run and all later ones.
                Err(error) => self.lose(row, &error.to_string())?,
            }
        }
        leases.sort_by_key(|lease| lease.ordinal);
        Ok(leases)
    }

    fn extend(&mut self, lease: &Lease) -> Result<()> {
        self.execute(
            "UPDATE item SET lease = ?2 WHERE ordinal = ?1 AND content = ?3 AND state = 'leased'",
            params![lease.ordinal, now() + LEASE, lease.content],
        )?;
        Ok(())
    }

    fn complete(&mut self, lease: &Lease, line: &str) -> Result<bool> {
        self.settle(lease, "done", line, false)
    }

    fn retry(&mut self, lease: &Lease, blamed: bool) -> Result<()> {
        self.execute(
            "UPDATE item SET state = 'pending', lease = NULL, attempts = attempts + ?2 \
             WHERE ordinal = ?1 AND content = ?3 AND state = 'leased'",
            params![lease.ordinal, i64::from(blamed), lease.content],
        )?;
        Ok(())
    }

    fn bury(&mut self, lease: &Lease, line: &str) -> Result<bool> {
        self.settle(lease, "dead", line, true)
    }

    fn stats(&self) -> Result<Stats> {
        let mut stats = Stats::default();
        let mut count = self
            .connection
            .prepare_cached("SELECT state, removed, count(*) FROM item GROUP BY state, removed")
            .map_err(|e| self.failed(e))?;
        let rows =
            count.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?)));
        let rows: Vec<(String, bool, i64)> =
            rows.and_then(Iterator::collect).map_err(|e| self.failed(e))?;
        for (state, removed, count) in rows {
            let place = match state.as_str() {
                _ if removed => &mut stats.removed,
                "pending" => &mut stats.pending,
                "leased" => &mut stats.leased,
                "done" => &mut stats.done,
                _ => &mut stats.dead,
            };
            *place += count.unsigned_abs();
        }
        Ok(stats)
    }
}
