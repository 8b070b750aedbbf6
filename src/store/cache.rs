//! The layout of the Hugging Face cache, shared with other programs.
//!
//! `models--owner--repo/{blobs/<checksum>, snapshots/<commit>/<file>, refs/<revision>}`. Large
//! files of a snapshot are links to blobs; a blob may be a link to `blobs/<2 digits>/<hash>`, the
//! store that `huggingface_hub` shares between repositories. Names of folders, snapshots, refs and
//! the token come from `hf_hub`. Knows paths; knows no model and no source.

use std::path::{Path, PathBuf};

use hf_hub::{Cache, CacheRepo, Repo, RepoType};

use super::catalogue::PinnedFile;
use super::error::{StoreError, io};
use super::names::{Checksum, Commit, FileName};
use super::repo::RepoFile;

/// The token saved by `hf auth login` in a `HF_HOME`.
pub fn stored_token(home: &Path) -> Option<String> {
    Cache::new(home.join("hub")).token()
}

/// A repository's folder in the cache.
pub(super) struct RepoFolder {
    layout: CacheRepo,
    root: PathBuf,
    revision: String,
}

impl RepoFolder {
    pub fn new(cache: &Path, repo: &RepoFile) -> Self {
        let model = Repo::with_revision(
            repo.repo().to_string(),
            RepoType::Model,
            repo.revision().to_string(),
        );
        let root = cache.join(model.folder_name());
        let layout = Cache::new(cache.to_path_buf()).repo(model);
        Self { layout, root, revision: repo.revision().to_string() }
    }

    #[cfg_attr(not(feature = "fetch"), allow(dead_code))]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Lock file for pulling and removing a model, beside the locks of other programs.
    pub fn lock(&self) -> PathBuf {
        let name = self.root.file_name().unwrap_or_default().to_string_lossy();
        let cache = self.root.parent().unwrap_or(Path::new("."));
        cache.join(".locks").join(format!("malmoi-{name}.lock"))
    }

    pub fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    #[cfg_attr(not(feature = "fetch"), allow(dead_code))]
    pub fn blob(&self, checksum: &Checksum) -> PathBuf {
        self.blobs().join(checksum.as_str())
    }

    pub fn refs(&self) -> PathBuf {
        self.root.join("refs")
    }

    pub fn snapshot(&self, commit: &Commit) -> PathBuf {
        self.layout.pointer_path(commit.as_str())
    }

    /// The commit of the revision when it was fetched. A revision may be a commit itself.
    pub fn commit(&self) -> Option<Commit> {
        if let Ok(commit) = Commit::parse(&self.revision) {
            return Some(commit);
        }
        let text = std::fs::read_to_string(self.refs().join(&self.revision)).ok()?;
        Commit::parse(text.trim()).ok()
    }

    /// Records the commit of a branch or tag.
    #[cfg_attr(not(feature = "fetch"), allow(dead_code))]
    pub fn set_commit(&self, commit: &Commit) -> Result<(), StoreError> {
        if self.commit().as_ref() == Some(commit) {
            return Ok(());
        }
        self.layout
            .create_ref(commit.as_str())
            .map_err(io("write", &self.refs().join(&self.revision)))
    }

    /// All snapshots, newest first.
    pub fn snapshots(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.root.join("snapshots")) else { return Vec::new() };
        let mut dated = Vec::new();
        for entry in entries.flatten() {
            let is_commit =
                entry.file_name().to_str().is_some_and(|name| Commit::parse(name).is_ok());
            let path = entry.path();
            let modified = std::fs::metadata(&path).and_then(|metadata| metadata.modified());
            if let Ok(modified) = modified
                && is_commit
            {
                dated.push((modified, path));
            }
        }
        dated.sort_by(|a, b| b.cmp(a));
        dated.into_iter().map(|(_, path)| path).collect()
    }

    /// Links the files of a snapshot to their blobs: all at once, by renaming a folder, if there is
    /// no such snapshot yet, and one by one otherwise. The folder is made in `folder`.
    pub fn link_all(
        &self,
        commit: &Commit,
        files: &[PinnedFile],
        folder: &Path,
    ) -> Result<(), StoreError> {
        let snapshot = self.snapshot(commit);
        if snapshot.symlink_metadata().is_ok() {
            for file in files {
                // A file without a known checksum was fetched to this place.
                if crate::files::size(&self.blob(&file.sha256)).is_some() {
                    self.link(&file.sha256, commit, &file.name)?;
                }
            }
            return Ok(());
        }
        let staged = folder.join("snapshot");
        for file in files {
            self.link_at(&file.sha256, &staged.join(file.name.as_str()), &file.name)?;
        }
        let snapshots = snapshot.parent().unwrap_or(&self.root);
        std::fs::create_dir_all(snapshots).map_err(io("create", snapshots))?;
        crate::files::sync_folder(&staged).map_err(io("write", &staged))?;
        std::fs::rename(&staged, &snapshot).map_err(io("rename", &staged))?;
        crate::files::sync_folder(snapshots).map_err(io("write", snapshots))
    }

    /// Links a file of a snapshot to its blob, replacing the previous link atomically.
    #[cfg_attr(not(feature = "fetch"), allow(dead_code))]
    pub fn link(
        &self,
        checksum: &Checksum,
        commit: &Commit,
        name: &FileName,
    ) -> Result<(), StoreError> {
        self.link_at(checksum, &self.snapshot(commit).join(name.as_str()), name)
    }

    /// Links a path, as deep in the folder of snapshots as that of the file, to a blob.
    fn link_at(&self, checksum: &Checksum, link: &Path, name: &FileName) -> Result<(), StoreError> {
        let folder = link.parent().unwrap_or(&self.root);
        std::fs::create_dir_all(folder).map_err(io("create", folder))?;
        #[cfg(unix)]
        {
            let to = format!("{}blobs/{checksum}", "../".repeat(2 + name.depth()));
            let temporary = folder.join(format!(".malmoi-{}", std::process::id()));
            match std::fs::remove_file(&temporary) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(io("replace", &temporary)(error));
                }
                _ => {}
            }
            std::os::unix::fs::symlink(to, &temporary).map_err(io("create", &temporary))?;
            std::fs::rename(&temporary, link).map_err(io("rename", &temporary))
        }
        // Links need privileges on other systems, so the file is moved.
        #[cfg(not(unix))]
        std::fs::rename(self.blob(checksum), link).map_err(io("rename", link))
    }
}
