//! Where models lie: the Hugging Face cache, so that this program and others find each other's
//! files.
//!
//! `models--owner--repo/{blobs/<sum>, snapshots/<commit>/<file>, refs/<revision>}`; large files of
//! a snapshot are links to blobs, and a blob may itself be a link to `blobs/<2 digits>/<hash>`, the
//! store that `huggingface_hub` shares between repositories. Names of folders, snapshots, refs and
//! the token come from `hf_hub`. Knows paths; knows no catalogue and no source.

use std::path::{Path, PathBuf};

use hf_hub::{Cache, CacheRepo, Repo, RepoType};

use super::StoreError;
use super::error::io;
use super::names::{Checksum, Commit, FileName};
use super::repo::RepoFile;

/// The token that `hf auth login` left in a `HF_HOME`.
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
        let named = Repo::with_revision(
            repo.repo().to_string(),
            RepoType::Model,
            repo.revision().to_string(),
        );
        let root = cache.join(named.folder_name());
        let layout = Cache::new(cache.to_path_buf()).repo(named);
        Self { layout, root, revision: repo.revision().to_string() }
    }

    #[cfg_attr(not(feature = "fetch"), allow(dead_code))]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Held while a model comes in or goes. Beside the locks of other programs, under another name.
    pub fn lock(&self) -> PathBuf {
        let name = self.root.file_name().unwrap_or_default().to_string_lossy();
        let cache = self.root.parent().unwrap_or(Path::new("."));
        cache.join(".locks").join(format!("malmoi-{name}.lock"))
    }

    pub fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    #[cfg_attr(not(feature = "fetch"), allow(dead_code))]
    pub fn blob(&self, sum: &Checksum) -> PathBuf {
        self.blobs().join(sum.as_str())
    }

    pub fn refs(&self) -> PathBuf {
        self.root.join("refs")
    }

    pub fn snapshot(&self, commit: &Commit) -> PathBuf {
        self.layout.pointer_path(commit.as_str())
    }

    /// The commit that the revision pointed to when it was fetched; a commit is its own.
    pub fn commit(&self) -> Option<Commit> {
        if let Ok(commit) = Commit::parse(&self.revision) {
            return Some(commit);
        }
        let text = std::fs::read_to_string(self.refs().join(&self.revision)).ok()?;
        Commit::parse(text.trim()).ok()
    }

    /// Remembers the commit of a branch or tag.
    #[cfg_attr(not(feature = "fetch"), allow(dead_code))]
    pub fn set_commit(&self, commit: &Commit) -> Result<(), StoreError> {
        if self.commit().as_ref() == Some(commit) {
            return Ok(());
        }
        self.layout
            .create_ref(commit.as_str())
            .map_err(io("write", &self.refs().join(&self.revision)))
    }

    /// Every snapshot, the newest first.
    pub fn snapshots(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.root.join("snapshots")) else { return Vec::new() };
        let dated = entries.filter_map(|entry| {
            let entry = entry.ok()?;
            Commit::parse(entry.file_name().to_str()?).ok()?;
            let path = entry.path();
            Some((std::fs::metadata(&path).and_then(|found| found.modified()).ok()?, path))
        });
        let mut dated: Vec<_> = dated.collect();
        dated.sort_by(|a, b| b.cmp(a));
        dated.into_iter().map(|(_, path)| path).collect()
    }

    /// Gives a blob its name in a snapshot, in one step: what had the name before is replaced.
    #[cfg_attr(not(feature = "fetch"), allow(dead_code))]
    pub fn link(&self, sum: &Checksum, commit: &Commit, name: &FileName) -> Result<(), StoreError> {
        let link = self.snapshot(commit).join(name.as_str());
        let folder = link.parent().unwrap_or(&self.root);
        std::fs::create_dir_all(folder).map_err(io("create", folder))?;
        #[cfg(unix)]
        {
            let to = format!("{}blobs/{sum}", "../".repeat(2 + name.depth()));
            let beside = folder.join(format!(".malmoi-{}", std::process::id()));
            match std::fs::remove_file(&beside) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(io("replace", &beside)(error));
                }
                _ => {}
            }
            std::os::unix::fs::symlink(to, &beside).map_err(io("create", &beside))?;
            std::fs::rename(&beside, &link).map_err(io("rename", &beside))
        }
        // Links need rights that users of other systems do not have: the file moves to its name.
        #[cfg(not(unix))]
        std::fs::rename(self.blob(sum), &link).map_err(io("rename", &link))
    }
}
