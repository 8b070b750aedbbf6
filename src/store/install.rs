//! Installing the pinned files of a model: one process at a time, each file verified before it is
//! in its place, all of them before the model is visible.

use std::path::{Path, PathBuf};

use super::catalogue::PinnedFile;
use super::error::StoreError;
use super::event::StoreEvent;
use super::handle::Store;
use super::lock::{Delay, Lock};
use super::names::{Checksum, Commit};
use super::packed::packed_path;
use super::partial_file::{check_free_space, partial_path};
use super::repo::RepoFile;
use crate::files;

type OnEvent<'e> = &'e mut dyn FnMut(StoreEvent);

/// Writes the bytes of a pinned file to a path, with its progress in bytes as events.
pub(super) type Fill<'f> =
    &'f mut dyn FnMut(&PinnedFile, &Path, OnEvent<'_>) -> Result<(), StoreError>;

impl Store {
    /// The lock of a repository, and whether another process held it.
    pub(super) fn lock_repo(
        &self,
        repo: &RepoFile,
        model: &str,
        on_event: OnEvent<'_>,
    ) -> Result<(Lock, bool), StoreError> {
        let mut has_waited = false;
        let lock = Lock::acquire(&self.folder(repo).lock(), &mut |delay| {
            has_waited |= delay == Delay::Held;
            let model = model.to_string();
            on_event(match delay {
                Delay::Held => StoreEvent::Waiting { model },
                Delay::Unsupported(reason) => StoreEvent::Unlocked { model, reason },
            });
        })?;
        Ok((lock, has_waited))
    }

    /// Fills the pinned files that are missing or not intact, or with `force` all, then links them
    /// into a snapshot. Returns the snapshot.
    pub(super) fn install_pinned(
        &self,
        repo: &RepoFile,
        pinned: &[PinnedFile],
        force: bool,
        fill: Fill<'_>,
        on_event: OnEvent<'_>,
    ) -> Result<PathBuf, StoreError> {
        let folder = self.folder(repo);
        // Only the hub knows the commit of a branch; digits of a checksum stand in for it. No ref
        // is written: refs/main may belong to another program.
        let commit = match (repo.commit(), pinned.first()) {
            (Some(commit), _) => commit,
            (None, Some(file)) => Commit::standing_in(&file.sha256),
            (None, None) => return Err(StoreError::NoChecksums { name: repo.to_string() }),
        };
        let snapshot = folder.snapshot(&commit);
        let mut missing = Vec::new();
        let mut total = 0_u64;
        for file in pinned {
            let (link, blob) = (snapshot.join(file.name.as_str()), folder.blob(&file.sha256));
            let is_intact =
                |path: &Path| self.is_intact(path, Some(file.bytes), Some(&file.sha256));
            total = total.saturating_add(file.bytes);
            if force || !(is_intact(&link)? || is_intact(&blob)?) {
                missing.push((file, blob));
            }
        }
        let rest = missing.iter().fold(0_u64, |rest, (file, blob)| {
            rest.saturating_add(file.bytes.saturating_sub(partial_bytes(blob)))
        });
        // A packed file is on disk twice for a moment, and so is a wheel.
        let largest = missing.iter().map(|(file, _)| file.bytes).max().unwrap_or(0);
        check_free_space(folder.root(), rest.saturating_add(largest), self.settings.free_space)?;
        let bytes = missing.iter().fold(0_u64, |bytes, (file, _)| bytes.saturating_add(file.bytes));
        let mut before = total.saturating_sub(bytes);
        for (file, blob) in missing {
            if force {
                for path in [partial_path(&blob), partial_path(&packed_path(&blob))] {
                    // Absent, if no download was interrupted.
                    let _ = std::fs::remove_file(path);
                }
            }
            let mut tell = |event| match event {
                StoreEvent::Progress { done, .. } => {
                    let done = before.saturating_add(done.min(file.bytes));
                    on_event(StoreEvent::Progress { done, total: Some(total) });
                }
                other => on_event(other),
            };
            fill(file, &blob, &mut tell)?;
            before = before.saturating_add(file.bytes);
        }
        for file in pinned {
            if files::size(&folder.blob(&file.sha256)).is_some() {
                folder.link(&file.sha256, &commit, &file.name)?;
            }
        }
        Ok(snapshot)
    }

    /// True if a file is present, with the size and the checksum it should have, if they are known.
    pub(super) fn is_intact(
        &self,
        path: &Path,
        bytes: Option<u64>,
        sha256: Option<&Checksum>,
    ) -> Result<bool, StoreError> {
        let Some(size) = files::size(path) else { return Ok(false) };
        if bytes.is_some_and(|bytes| bytes != size) {
            return Ok(false);
        }
        match sha256.cloned().or_else(|| self.known_checksum(path)) {
            None => Ok(true),
            Some(expected) => Ok(self.checksum(path)? == expected),
        }
    }
}

/// Bytes of an interrupted download of a file.
pub(super) fn partial_bytes(target: &Path) -> u64 {
    files::size(&partial_path(target)).unwrap_or(0)
}
