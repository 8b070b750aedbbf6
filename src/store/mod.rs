//! Models on disk: which there are, where they lie, whether they are what they claim, and how to get them.
//!
//! Knows names, files and sums. Opens no model and prints nothing; without the feature `fetch` it cannot fetch.

// Some of what these two do is only needed for fetching.
#[cfg_attr(not(feature = "fetch"), allow(dead_code))]
pub(crate) mod arrival;
#[cfg_attr(not(feature = "fetch"), allow(dead_code))]
mod cache;
pub mod catalogue;
mod error;
#[cfg(feature = "fetch")]
mod pip;
#[cfg(feature = "fetch")]
mod pull;
mod repo;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use arrival::{sha256_of, write_whole};
use cache::RepoFolder;
use catalogue::{Entry, Purpose, Source};

pub use error::StoreError;
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
    pub patience: Duration,
    /// How long a download may bring nothing before it is asked for again; a minute where `None`.
    pub stretch: Option<Duration>,
    /// Bytes of disk to assume free, instead of asking the system.
    pub free: Option<u64>,
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
            patience: Duration::from_secs(5),
            stretch: None,
            free: None,
        }
    }
}

/// What happens during a pull.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
    /// Somebody else is pulling the same model.
    Waiting {
        /// The model.
        model: String,
    },
    /// A source is asked.
    Source {
        /// `hub: …` or `pip: …`.
        source: String,
    },
    /// A source did not give the model; the next one is asked.
    SourceFailed {
        /// Which.
        source: String,
        /// Why.
        reason: String,
        /// What would help, where that is known.
        hint: Option<String>,
    },
    /// Bytes of the model that are there.
    Progress {
        /// So many.
        done: u64,
        /// Of so many, where that is known.
        total: Option<u64>,
    },
    /// It is there, and is what it should be.
    Installed {
        /// The file or folder to open.
        path: PathBuf,
    },
}

/// A model on disk.
#[derive(Debug, Clone)]
pub struct Located {
    /// The file or folder to open.
    pub path: PathBuf,
    /// What the catalogue says of it, where it is in there.
    pub entry: Option<&'static Entry>,
}

/// What a name stands for.
#[derive(Debug, Clone)]
pub enum Named {
    /// A model of the catalogue.
    Entry(&'static Entry),
    /// A repository of the hub.
    Repo(RepoFile),
    /// A file or folder.
    Path(PathBuf),
}

/// What became of a check of sums.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Its bytes are the pinned ones.
    Right,
    /// Nobody said what its bytes should be.
    Unknown,
    /// Its bytes are others.
    Wrong {
        /// The sum it should have.
        expected: String,
        /// The sum it has.
        found: String,
    },
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
    pub fn resolve(&self, name: &str) -> Result<Named, StoreError> {
        if let Some(entry) = catalogue::find(name) {
            return Ok(Named::Entry(entry));
        }
        let path = Path::new(name);
        if path.exists() {
            return Ok(Named::Path(path.to_path_buf()));
        }
        if let Some(refused) = catalogue::refusal(name) {
            return Err(StoreError::Refused { name: name.to_string(), reason: refused.reason.clone() });
        }
        let is_path =
            path.is_absolute() || name.starts_with('.') || (name.ends_with(".gguf") && !name.contains(':'));
        match RepoFile::parse(name) {
            _ if is_path => {}
            Ok(repo) => return Ok(Named::Repo(repo)),
            Err(error) if name.contains(['@', ':']) => return Err(error),
            Err(_) => {}
        }
        Err(StoreError::Unknown { name: name.to_string(), nearest: catalogue::nearest(name) })
    }

    /// A model that is on disk.
    pub fn locate(&self, name: &str) -> Result<Located, StoreError> {
        let (path, entry) = match self.resolve(name)? {
            Named::Path(path) => {
                let entry = catalogue::of_file(&path);
                (Some(path), entry)
            }
            Named::Entry(entry) => (self.installed(entry), Some(entry)),
            Named::Repo(repo) => (self.find(&repo), None),
        };
        let path = path.ok_or_else(|| StoreError::NotInstalled { name: name.to_string() })?;
        Ok(Located { path, entry })
    }

    /// Where a model of the catalogue lies, if it is there.
    pub fn installed(&self, entry: &Entry) -> Option<PathBuf> {
        entry.repositories().find_map(|repo| {
            let folder = RepoFolder::new(&self.settings.cache, &repo.repo);
            let Some(first) = entry.files.first() else { return self.find(&repo) };
            // Every file has its size, or it is not this model; sums are for `verify`.
            let right = |path: &Path| {
                let beside = path.parent().unwrap_or(path);
                entry.files.iter().all(|file| size(&beside.join(&file.name)) == Some(file.bytes))
            };
            folder.find(&first.name, right)
        })
    }

    fn find(&self, repo: &RepoFile) -> Option<PathBuf> {
        let folder = RepoFolder::new(&self.settings.cache, &repo.repo);
        let commit = folder.commit(&repo.revision)?;
        cache::complete(&folder.snapshot(&commit), repo.file.as_deref())
    }

    /// The best installed model for a purpose.
    pub fn best(&self, purpose: Purpose) -> Option<Located> {
        let serving = catalogue::entries().iter().filter_map(|entry| Some((entry.serves(purpose)?, entry)));
        let installed = serving.filter_map(|(rank, entry)| Some((rank, entry, self.installed(entry)?)));
        let (_, entry, path) = installed.max_by_key(|(rank, _, _)| *rank)?;
        Some(Located { path, entry: Some(entry) })
    }

    /// Gets a model, from the first source that gives it, unless it is there already.
    #[cfg(feature = "fetch")]
    pub fn pull(&self, name: &str, on_event: &mut dyn FnMut(StoreEvent)) -> Result<Located, StoreError> {
        pull::pull(self, name, on_event)
    }

    /// Gets nothing: this build has no code to fetch with.
    #[cfg(not(feature = "fetch"))]
    pub fn pull(&self, name: &str, _: &mut dyn FnMut(StoreEvent)) -> Result<Located, StoreError> {
        match self.locate(name) {
            Err(StoreError::NotInstalled { name }) => Err(StoreError::Offline { name }),
            other => other,
        }
    }

    /// Reads a model's files and compares their sums with those that are known. In the order of their names.
    pub fn verify(&self, name: &str) -> Result<Vec<(PathBuf, Verdict)>, StoreError> {
        let located = self.locate(name)?;
        let known = self.sums();
        let files = if located.path.is_dir() { files_in(&located.path)? } else { vec![located.path.clone()] };
        let verdicts = files.into_iter().map(|path| {
            let file_name = path.file_name().unwrap_or_default().to_string_lossy();
            let pinned =
                located.entry.and_then(|entry| entry.files.iter().find(|file| file.name == file_name));
            let expected = pinned.map(|file| &file.sha256).or_else(|| known.get(&self.key(&path)));
            let found = sha256_of(&path)?;
            let verdict = match expected {
                None => Verdict::Unknown,
                Some(expected) if *expected == found => Verdict::Right,
                Some(expected) => Verdict::Wrong { expected: expected.clone(), found },
            };
            Ok((path, verdict))
        });
        verdicts.collect()
    }

    /// What identifies a model's weights and vocabulary: the sum of its pinned sums, else of its files.
    pub fn fingerprint(&self, located: &Located) -> Result<String, StoreError> {
        let pinned = located.entry.map(|entry| entry.files.as_slice()).unwrap_or_default();
        if !pinned.is_empty() {
            let sums: Vec<&str> = pinned.iter().map(|file| file.sha256.as_str()).collect();
            return Ok(sums.join(" "));
        }
        let files = if located.path.is_dir() { files_in(&located.path)? } else { vec![located.path.clone()] };
        let sums: Result<Vec<String>, StoreError> = files.iter().map(|path| sha256_of(path)).collect();
        Ok(sums?.join(" "))
    }

    /// Takes a model off the disk. A path that is not in the cache is somebody's own and stays.
    pub fn remove(&self, name: &str) -> Result<PathBuf, StoreError> {
        let (repo, path) = match self.resolve(name)? {
            Named::Path(path) => return Err(StoreError::NotOurs { path }),
            Named::Repo(repo) => (repo.clone(), self.find(&repo)),
            Named::Entry(entry) => {
                let mut places = entry.repositories().filter_map(|repo| Some((repo, self.installed(entry)?)));
                let (repo, path) =
                    places.next().ok_or_else(|| StoreError::NotInstalled { name: name.to_string() })?;
                (repo, Some(path))
            }
        };
        let path = path.ok_or_else(|| StoreError::NotInstalled { name: name.to_string() })?;
        let folder = RepoFolder::new(&self.settings.cache, &repo.repo);
        if path.is_dir() {
            std::fs::remove_dir_all(folder.root()).map_err(error::io("remove", folder.root()))?;
        } else {
            folder.remove(&path)?;
        }
        Ok(path)
    }

    // === Sums nobody pinned: the first that came is what every later one must be ===

    fn sums_file(&self) -> PathBuf {
        self.settings.cache.join("malmoi-sums.json")
    }

    fn sums(&self) -> BTreeMap<String, String> {
        let text = std::fs::read(self.sums_file()).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// A file's name within the cache, which says repository, commit and file.
    fn key(&self, path: &Path) -> String {
        let within = path.strip_prefix(&self.settings.cache).unwrap_or(path);
        within.to_string_lossy().replace('\\', "/")
    }

    #[cfg_attr(not(feature = "fetch"), expect(dead_code, reason = "only what was fetched is remembered"))]
    fn remember(&self, path: &Path, sha256: &str) -> Result<(), StoreError> {
        let mut sums = self.sums();
        sums.insert(self.key(path), sha256.to_string());
        let text = serde_json::to_vec_pretty(&sums).unwrap_or_default();
        write_whole(&self.sums_file(), &text)
    }
}

impl Entry {
    /// Repositories of the hub that hold it. What came through another source lies under the first's name.
    pub fn repositories(&self) -> impl Iterator<Item = RepoFile> {
        self.sources.iter().filter_map(|source| match source {
            Source::Hub { hf } => RepoFile::parse(hf).ok(),
            Source::Pip { .. } => None,
        })
    }
}

fn size(path: &Path) -> Option<u64> {
    std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|found| found.len())
}

fn files_in(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let entries = std::fs::read_dir(folder).map_err(error::io("read", folder))?;
    let mut paths: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|p| p.is_file()).collect();
    paths.sort();
    Ok(paths)
}
