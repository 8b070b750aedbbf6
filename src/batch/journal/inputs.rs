//! The inputs of a run in the journal: their validators, and the items that left them.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

use rusqlite::params;

use super::Journal;
use super::row::UNREADABLE;
use crate::error::Result;

/// Name of the fact that holds an input's validator.
fn validator_name(input: &str) -> String {
    format!("mark of {input}")
}

impl Journal {
    /// Sets the names of this run's inputs. With `tracks_removals`, items that left a file are
    /// marked as removed when the file was read to its end, and all items of deleted files at once.
    pub fn set_inputs(&mut self, inputs: &[String], tracks_removals: bool) -> Result<()> {
        self.inputs = inputs.iter().cloned().collect();
        self.tracks_removals = tracks_removals;
        let earlier: Vec<String> = {
            let mut select = self
                .connection
                .prepare("SELECT DISTINCT input FROM item")
                .map_err(|e| self.sql_error(e))?;
            let rows = select.query_map([], |row| row.get(0));
            rows.and_then(Iterator::collect).map_err(|e| self.sql_error(e))?
        };
        let roots: HashSet<Option<PathBuf>> = inputs.iter().map(|name| root(name)).collect();
        // A relative name means another file in another working folder.
        let folder =
            std::env::current_dir().map_or(String::new(), |folder| folder.display().to_string());
        let same_folder = self.fact("working folder")?.is_none_or(|before| before == folder);
        self.set_fact("working folder", &folder)?;
        self.transaction(|journal| {
            for name in &earlier {
                // Only files in the folders of this run's inputs are looked for.
                let gone = !journal.inputs.contains(name)
                    && (same_folder || Path::new(name).is_absolute())
                    && roots.contains(&root(name))
                    && is_deleted(name);
                if !gone {
                    continue;
                }
                journal.forget_unreadable(name)?;
                if tracks_removals {
                    journal.execute("UPDATE item SET removed = 1 WHERE input = ?1", [name])?;
                }
            }
            Ok(())
        })
    }

    /// The validator (such as an ETag) of an input when it was last read to its end.
    pub fn validator(&mut self, input: &str) -> Result<Option<String>> {
        self.fact(&validator_name(input))
    }

    /// Records that an input is unchanged, and forgets an earlier failure to read it.
    pub fn not_modified(&mut self, input: &str) -> Result<()> {
        self.execute("DELETE FROM item WHERE key = ?1", [format!("{UNREADABLE}{input} whole")])?;
        Ok(())
    }

    /// Says that names of inputs arrive during the run, from watched folders.
    pub fn watch(&mut self) {
        self.watches = true;
    }

    /// Prepares for an input that this run reads again: its items were not met yet, and its
    /// unreadable parts are forgotten.
    pub fn read_again(&mut self, input: &str) -> Result<()> {
        self.execute(
            "UPDATE item SET met = met - 1 WHERE input = ?1 AND met = ?2",
            params![input, self.run],
        )?;
        self.forget_unreadable(input)
    }

    /// Forgets the unreadable parts of an input.
    fn forget_unreadable(&mut self, input: &str) -> Result<()> {
        self.execute(
            "DELETE FROM item WHERE input = ?1 AND substr(key, 1, ?2) = ?3",
            params![input, UNREADABLE.len() as i64, UNREADABLE],
        )?;
        Ok(())
    }

    /// Records that an input was read to its end. Unreadable parts of earlier runs that are gone
    /// are forgotten; items that are gone are marked as removed.
    pub fn finish_input(&mut self, input: &str, validator: Option<&str>) -> Result<()> {
        self.execute(
            "DELETE FROM item WHERE input = ?1 AND met <> ?2 AND substr(key, 1, ?3) = ?4",
            params![input, self.run, UNREADABLE.len() as i64, UNREADABLE],
        )?;
        // A stream (a feed's address, a pipe) never holds all items, and neither do the readable
        // parts of an input with an unreadable part.
        if self.tracks_removals && Path::new(input).is_file() {
            self.execute(
                "UPDATE item SET removed = 1 WHERE input = ?1 AND met <> ?2 AND removed = 0 AND NOT EXISTS \
                 (SELECT 1 FROM item WHERE input = ?1 AND met = ?2 AND substr(key, 1, ?3) = ?4)",
                params![input, self.run, UNREADABLE.len() as i64, UNREADABLE],
            )?;
        }
        let name = validator_name(input);
        match validator {
            Some(validator) => self.set_fact(&name, validator),
            None => self.execute("DELETE FROM fact WHERE name = ?1", [name]).map(drop),
        }
    }
}

/// True if an input was a file, or a folder that could not be read, and is not one any more.
pub(super) fn is_deleted(name: &str) -> bool {
    // A name with a replacement character is not the name of the file.
    let is_path = !name.contains("://") && name != "standard input" && !name.contains('\u{FFFD}');
    is_path
        && match std::fs::symlink_metadata(name) {
            Ok(metadata) => metadata.is_dir(),
            Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        }
}

/// The first folder of a path; `None` for a bare file name.
fn root(name: &str) -> Option<PathBuf> {
    let path = Path::new(name);
    path.parent().filter(|parent| !parent.as_os_str().is_empty())?;
    path.components()
        .find(|part| matches!(part, Component::Normal(_)))
        .map(|first| first.as_os_str().into())
}
