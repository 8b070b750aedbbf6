//! Models on disk: which there are, where they lie, whether they are what they claim, and how to
//! get them.
//!
//! Knows names, files and sums. Opens no model and prints nothing; without the feature `fetch` it
//! cannot fetch.

// Some of what these do is only needed for fetching.
mod cache;
pub mod catalogue;
pub(crate) mod error;
mod first_checksums;
mod lock;
mod lookup;
#[cfg_attr(not(feature = "fetch"), allow(dead_code))]
mod model_files;
mod names;
#[cfg_attr(not(feature = "fetch"), allow(dead_code))]
pub(crate) mod partial_file;
#[cfg(feature = "fetch")]
mod pull;
mod remove;
mod repo;
#[cfg(feature = "fetch")]
mod sources;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use cache::RepoFolder;
use catalogue::{Entry, Purpose, Source};
use first_checksums::FirstChecksums;

use crate::files::ChecksumCache;

pub use cache::stored_token;
pub use error::StoreError;
pub use lookup::damage;
pub use names::{Checksum, Commit, FileName};
pub use remove::{Leftover, Removed};
pub use repo::RepoFile;

/// What the store may do, and where.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The Hugging Face cache: the folder that holds `models--owner--repo`.
    pub cache: PathBuf,
    /// The hub's address.
    pub endpoint: String,
    /// What the hub knows its user by. It is sent to the hub's own host and nowhere else.
    pub token: Option<String>,
    /// Never open a connection.
    pub offline: bool,
    /// The Python whose `pip` is asked where the hub cannot be.
    pub python: String,
    /// How long the hub may take to answer.
    pub connect_timeout: Duration,
    /// Idle time-out after which a download is resumed; one minute by default.
    pub idle_timeout: Option<Duration>,
    /// How often a hub that is busy or broken (429, 5xx) is asked again.
    pub retries: u32,
    /// Time before the first of these; doubled each time. `Retry-After` of the hub goes before it.
    pub retry_delay: Duration,
    /// List of computed checksums, best in the folder of cached weights (`sums.json`), where opening
    /// a model looks for it too. By default a list of the store's own, in the cache.
    pub checksums: Option<PathBuf>,
    /// Bytes of disk to assume free, instead of asking the system.
    pub free_space: Option<u64>,
}

impl Settings {
    /// The usual ones, for a cache folder.
    pub fn new(cache: impl Into<PathBuf>) -> Self {
        Self {
            cache: cache.into(),
            endpoint: "https://huggingface.co".to_string(),
            token: None,
            offline: false,
            python: "python3".to_string(),
            connect_timeout: Duration::from_secs(5),
            idle_timeout: None,
            retries: 4,
            retry_delay: Duration::from_secs(1),
            checksums: None,
            free_space: None,
        }
    }
}

/// What happens during a pull.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum StoreEvent {
    /// Told before the first byte is asked for.
    Licence {
        /// The model.
        model: String,
        /// Its licence, with what else it asks.
        licence: String,
    },
    /// Another process is pulling the same model.
    Waiting {
        /// The model.
        model: String,
    },
    /// The cache's file system has no locks: two pulls of one model at once would disturb each
    /// other.
    Unlocked {
        /// The model.
        model: String,
        /// The system's reason.
        reason: String,
    },
    /// Sums of files that are there are computed.
    Checking {
        /// The model.
        model: String,
    },
    /// A file that is there is not what it should be, and is fetched again.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A source is asked.
    Source {
        /// `hub: …` or `pip: …`.
        source: String,
    },
    /// A source is busy; it is asked again.
    Retry {
        /// What it answered.
        reason: String,
        /// Seconds until then.
        seconds: u64,
    },
    /// A source did not give the model; the next one is asked.
    SourceFailed {
        /// The source.
        source: String,
        /// The reason.
        #[serde(rename = "reason", serialize_with = "as_text")]
        error: StoreError,
    },
    /// Bytes of the model that are there or, from pip, on their way. Comes at least twice a second.
    Progress {
        /// Bytes.
        done: u64,
        /// Of all, where that is known.
        total: Option<u64>,
    },
    /// It is there.
    Installed {
        /// The file or folder to open.
        path: PathBuf,
        /// Whether its bytes are those the catalogue pins; else their sums are only those that the
        /// source gave.
        pinned: bool,
    },
}

fn as_text<S: serde::Serializer>(error: &StoreError, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(error)
}

/// A model on disk.
#[derive(Debug, Clone)]
pub struct InstalledModel {
    /// The file or folder to open.
    pub path: PathBuf,
    /// What the catalogue says of it, where it is in there.
    pub entry: Option<&'static Entry>,
}

/// What a name stands for.
#[derive(Debug, Clone)]
pub enum ResolvedName {
    /// A model of the catalogue.
    Entry(&'static Entry),
    /// A repository of the hub.
    Repo(RepoFile),
    /// A file or folder.
    Path(PathBuf),
}

/// What became of a check of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Its bytes are those the catalogue pins.
    Match,
    /// Unpinned: its bytes are those that first came, or that its hub gave the sum of.
    Unchanged,
    /// Unpinned, and no sum of it is known.
    Unpinned,
    /// Its bytes are others.
    Mismatch {
        /// The sum it should have.
        expected: String,
        /// The sum it has.
        found: String,
    },
    /// It was cut short, or is longer than it should be.
    SizeMismatch {
        /// The size it should have.
        expected: u64,
        /// The size it has.
        found: u64,
    },
    /// It is not there, though other files of the model are.
    Missing,
}

impl Verdict {
    /// The error this is, for a file of this name; `None` where nothing is wrong.
    pub fn error(&self, file: &str) -> Option<StoreError> {
        let file = file.to_string();
        match self {
            Self::Match | Self::Unchanged | Self::Unpinned => None,
            Self::Mismatch { expected, found } => Some(StoreError::ChecksumMismatch {
                file,
                expected: expected.clone(),
                found: found.clone(),
            }),
            Self::SizeMismatch { expected, found } => {
                Some(StoreError::SizeMismatch { file, expected: *expected, found: *found })
            }
            Self::Missing => Some(StoreError::MissingFile { file }),
        }
    }
}

/// How a model is pulled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PullOptions {
    /// Fetch every file again, even those that are right.
    pub force: bool,
}

/// A model that serves a purpose, installed or to be had: what a command chooses its default from.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// What the catalogue says of it.
    pub entry: &'static Entry,
    /// Where it lies, if it is installed.
    pub installed: Option<PathBuf>,
    /// Bytes to fetch before it can be used: 0 for an installed one, an estimate where its files
    /// are not pinned.
    pub download: u64,
}

/// The models on disk, and the way to more.
pub struct Store {
    settings: Settings,
}

impl Store {
    /// Looks at nothing yet.
    pub fn new(settings: Settings) -> Self {
        Self { settings }
    }

    /// What it may do, and where.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What a name stands for: the catalogue comes first, then files and folders, then the hub.
    pub fn resolve(&self, name: &str) -> Result<ResolvedName, StoreError> {
        if let Some(entry) = catalogue::find(name) {
            return Ok(ResolvedName::Entry(entry));
        }
        let path = Path::new(name);
        if path.exists() {
            return Ok(ResolvedName::Path(path.to_path_buf()));
        }
        if let Some(refused) = catalogue::refusal(name) {
            return Err(StoreError::Refused {
                name: name.to_string(),
                reason: refused.reason.clone(),
            });
        }
        let is_path = path.is_absolute()
            || name.starts_with('.')
            || (name.ends_with(".gguf") && !name.contains(':'));
        match RepoFile::parse(name) {
            _ if is_path => {}
            Ok(repo) => return Ok(ResolvedName::Repo(repo)),
            Err(error) if name.contains(['@', ':']) => return Err(error),
            Err(_) => {}
        }
        Err(StoreError::Unknown { name: name.to_string(), nearest: catalogue::nearest(name) })
    }

    /// A model that is on disk and whole.
    pub fn locate(&self, name: &str) -> Result<InstalledModel, StoreError> {
        let (path, entry) = match self.resolve(name)? {
            ResolvedName::Path(path) => {
                // The same bytes are the same model, whatever the file's name.
                let entry = catalogue::of_size(&path).filter(|entry| self.is_file_of(&path, entry));
                (Some(path), entry)
            }
            ResolvedName::Entry(entry) => (self.installed(entry), Some(entry)),
            ResolvedName::Repo(repo) => {
                (self.find_repo(&repo, false)?.and_then(lookup::CachedModel::complete_path), None)
            }
        };
        let path = path.ok_or_else(|| StoreError::NotInstalled { name: name.to_string() })?;
        Ok(InstalledModel { path, entry })
    }

    /// Where a model of the catalogue lies, if all of it is there, by names and sizes; sums are for
    /// [`Store::check`].
    pub fn installed(&self, entry: &Entry) -> Option<PathBuf> {
        self.find_entry(entry)?.complete_path()
    }

    /// The best installed model for a purpose.
    pub fn best(&self, purpose: Purpose) -> Option<InstalledModel> {
        let best = self.candidates(purpose).into_iter().next()?;
        Some(InstalledModel { path: best.installed?, entry: Some(best.entry) })
    }

    /// Models for a purpose: the installed ones, best first, then the catalogue's defaults in
    /// order.
    pub fn candidates(&self, purpose: Purpose) -> Vec<Candidate> {
        let serving =
            catalogue::entries().iter().filter_map(|entry| Some((entry.serves(purpose)?, entry)));
        let mut ranked: Vec<_> = serving
            .filter_map(|(rank, entry)| Some((rank, entry, self.installed(entry)?)))
            .collect();
        // Of equals the one the catalogue names last.
        ranked.reverse();
        ranked.sort_by_key(|(rank, ..)| std::cmp::Reverse(*rank));
        let installed = ranked.into_iter().map(|(_, entry, path)| Candidate {
            entry,
            installed: Some(path),
            download: 0,
        });
        let mut candidates: Vec<Candidate> = installed.collect();
        for entry in catalogue::defaults(purpose) {
            if !candidates.iter().any(|candidate| candidate.entry.name == entry.name) {
                candidates.push(Candidate { entry, installed: None, download: entry.download() });
            }
        }
        candidates
    }

    /// Gets a model, from the first source that gives it, unless it is there and right.
    pub fn pull(
        &self,
        name: &str,
        on_event: &mut dyn FnMut(StoreEvent),
    ) -> Result<InstalledModel, StoreError> {
        self.pull_with(name, PullOptions::default(), on_event)
    }

    /// Gets a model as `options` say. Files that are damaged are replaced once their successors are
    /// whole and right.
    #[cfg(feature = "fetch")]
    pub fn pull_with(
        &self,
        name: &str,
        options: PullOptions,
        on_event: &mut dyn FnMut(StoreEvent),
    ) -> Result<InstalledModel, StoreError> {
        pull::pull(self, name, options, on_event)
    }

    /// Gets nothing: this build has no code to fetch with.
    #[cfg(not(feature = "fetch"))]
    pub fn pull_with(
        &self,
        name: &str,
        _: PullOptions,
        _: &mut dyn FnMut(StoreEvent),
    ) -> Result<InstalledModel, StoreError> {
        match self.locate(name) {
            Err(StoreError::NotInstalled { name }) => Err(StoreError::Offline { name }),
            other => other,
        }
    }

    fn first_checksums(&self) -> FirstChecksums {
        FirstChecksums::of(&self.settings.cache)
    }

    fn checksums(&self) -> ChecksumCache {
        ChecksumCache::in_file(match &self.settings.checksums {
            Some(list) => list.clone(),
            None => self.settings.cache.join(".locks/malmoi-computed-sums.json"),
        })
    }

    /// The checksum of a file; read once for each state of the file.
    fn checksum(&self, path: &Path) -> Result<Checksum, StoreError> {
        self.checksums().of(path).map(Checksum::from).map_err(error::io("read", path))
    }

    fn folder(&self, repo: &RepoFile) -> RepoFolder {
        RepoFolder::new(&self.settings.cache, repo)
    }
}

impl Entry {
    /// Repositories of the hub that hold it. What came through another source lies under the
    /// first's name.
    pub fn repositories(&self) -> impl Iterator<Item = RepoFile> {
        self.sources.iter().filter_map(|source| match source {
            Source::Hub { hf } => RepoFile::parse(hf).ok(),
            Source::Pip { .. } => None,
        })
    }
}
