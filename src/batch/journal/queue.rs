//! The journal as a [`WorkQueue`].

use rusqlite::params;

use super::row::ItemRow;
use super::{Journal, LEASE_SECONDS, now};
use crate::batch::queue::{Lease, Length, Stats, WorkQueue};
use crate::error::Result;

impl WorkQueue for Journal {
    fn claim(&mut self, limit: usize, length: Length) -> Result<Vec<Lease>> {
        // Long items are searched for among the next items only, to keep the order roughly.
        const SEARCHED: i64 = 512;
        let fits = match length {
            Length::Any => "true",
            Length::Short => "size <= ?4",
            Length::Long => "size > ?4",
        };
        // No lease can be stolen: only the process that holds the folder's lock has leases.
        let mut claim = self
            .connection
            .prepare_cached(&format!(
                "UPDATE item SET state = 'leased', lease = ?2 WHERE ordinal IN (SELECT ordinal FROM (SELECT ordinal, \
                 octet_length(payload) AS size FROM item WHERE state = 'pending' AND removed = 0 ORDER BY ordinal LIMIT ?3) \
                 WHERE {fits} AND ?4 > 0 LIMIT ?1) RETURNING {}, attempts",
                ItemRow::COLUMNS
            ))
            .map_err(|e| self.sql_error(e))?;
        let values = params![
            limit as i64,
            now() + LEASE_SECONDS,
            SEARCHED.max(limit as i64),
            Length::LONG as i64
        ];
        let rows =
            claim.query_map(values, |row| Ok((ItemRow::read(row)?, row.get(ItemRow::WIDTH)?)));
        let rows: Vec<(ItemRow, u32)> =
            rows.and_then(Iterator::collect).map_err(|e| self.sql_error(e))?;
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
                // A single bad row must not end this run and all later runs.
                Err(error) => self.discard_damaged(row, &error.to_string())?,
            }
        }
        leases.sort_by_key(|lease| lease.ordinal);
        Ok(leases)
    }

    fn extend(&mut self, lease: &Lease) -> Result<()> {
        self.execute(
            "UPDATE item SET lease = ?2 WHERE ordinal = ?1 AND content = ?3 AND state = 'leased'",
            params![lease.ordinal, now() + LEASE_SECONDS, lease.content],
        )?;
        Ok(())
    }

    fn complete(&mut self, lease: &Lease, line: &str) -> Result<bool> {
        self.settle(lease, "done", line)
    }

    fn retry(&mut self, lease: &Lease) -> Result<()> {
        self.return_to_queue(lease, 1)
    }

    fn release(&mut self, lease: &Lease) -> Result<()> {
        self.return_to_queue(lease, 0)
    }

    fn dead_letter(&mut self, lease: &Lease, line: &str) -> Result<bool> {
        self.settle(lease, "dead", line)
    }

    fn stats(&self) -> Result<Stats> {
        let mut stats = Stats::default();
        let mut count = self
            .connection
            .prepare_cached("SELECT state, removed, count(*) FROM item GROUP BY state, removed")
            .map_err(|e| self.sql_error(e))?;
        let rows =
            count.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?)));
        let rows: Vec<(String, bool, i64)> =
            rows.and_then(Iterator::collect).map_err(|e| self.sql_error(e))?;
        for (state, removed, count) in rows {
            let total = match state.as_str() {
                _ if removed => &mut stats.removed,
                "pending" => &mut stats.pending,
                "leased" => &mut stats.leased,
                "done" => &mut stats.done,
                _ => &mut stats.dead,
            };
            *total += count.unsigned_abs();
        }
        Ok(stats)
    }
}

impl Journal {
    /// Settles an item, unless it changed or was settled since it was claimed.
    fn settle(&self, lease: &Lease, state: &str, line: &str) -> Result<bool> {
        let row = self.row(lease.ordinal)?;
        let Some(mut row) = row.filter(|row| row.content == lease.content && row.state == "leased")
        else {
            return Ok(false);
        };
        row.state = state.to_string();
        row.line = Some(line.to_string());
        if state == "done" {
            row.payload = None;
        }
        self.update(&row)?;
        self.execute(
            "UPDATE item SET lease = NULL, attempts = attempts + 1 WHERE ordinal = ?1",
            [row.ordinal],
        )?;
        Ok(true)
    }

    fn return_to_queue(&self, lease: &Lease, attempts: i64) -> Result<()> {
        self.execute(
            "UPDATE item SET state = 'pending', lease = NULL, attempts = attempts + ?2 \
             WHERE ordinal = ?1 AND content = ?3 AND state = 'leased'",
            params![lease.ordinal, attempts, lease.content],
        )?;
        Ok(())
    }
}
