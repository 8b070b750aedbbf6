//! Folders that are watched: files become inputs as they arrive, each once for each of its states.
//!
//! Folders are polled: the system does not report what other machines write to a share. A file is
//! read when its size and time have not changed for a while, so a file that is being written is
//! waited for, and a file that is renamed into its place is read when it is there.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use super::files::{FileSearch, name};
use super::ingest::{BatchInput, Opened};

/// Longest time between two listings of the folders.
const POLL_INTERVAL: Duration = Duration::from_secs(2);
/// Interval at which the stop flag is looked at.
const STOP_INTERVAL: Duration = Duration::from_millis(100);

/// Folders to watch for new and changed files.
pub struct Watch {
    folders: Vec<PathBuf>,
    search: FileSearch,
    settle: Duration,
    prepare: Box<dyn Fn(BatchInput) -> BatchInput + Send>,
}

impl Watch {
    /// Watches folders and their subfolders for the files that a search takes.
    pub fn new(folders: Vec<PathBuf>, search: FileSearch) -> Self {
        let settle = Duration::from_secs(2);
        Self { folders, search, settle, prepare: Box::new(|input| input) }
    }

    /// Time for which a file must not have changed before it is read; two seconds by default.
    pub fn settle(mut self, settle: Duration) -> Self {
        self.settle = settle;
        self
    }

    /// Changes each input before it is read, for example its encoding.
    pub fn prepare(mut self, prepare: impl Fn(BatchInput) -> BatchInput + Send + 'static) -> Self {
        self.prepare = Box::new(prepare);
        self
    }

    /// The names of the files that are there now.
    pub(super) fn names(&self) -> Vec<String> {
        self.files().iter().map(|path| name(path)).collect()
    }

    /// The files that are there now.
    pub fn files(&self) -> Vec<PathBuf> {
        self.folders.iter().flat_map(|folder| self.search.list(folder)).collect()
    }

    /// The files as they arrive, until the flag is set. `done` are the validators of files of
    /// earlier runs, by name.
    pub(super) fn inputs(
        self,
        done: HashMap<String, String>,
        held: Held,
        stop: Arc<AtomicBool>,
    ) -> Arrivals {
        Arrivals { watch: self, done, held, stop, files: HashMap::new(), ready: VecDeque::new() }
    }
}

/// Files that another thread reads first, because they are inputs of their own.
#[derive(Default)]
pub(super) struct Held {
    pub names: HashSet<String>,
    /// True when they are read.
    pub are_read: Arc<AtomicBool>,
}

impl Held {
    fn holds(&self, path: &Path) -> bool {
        !self.names.is_empty()
            && !self.are_read.load(Ordering::SeqCst)
            && self.names.contains(&name(path))
    }
}

/// What tells that a file has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    bytes: u64,
    modified: SystemTime,
}

impl State {
    /// The state of a file; `None` if it is gone.
    fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok().filter(|metadata| metadata.is_file())?;
        let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        Some(Self { bytes: metadata.len(), modified })
    }

    fn validator(self) -> String {
        let since = self.modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        format!("{} bytes at {}", self.bytes, since.as_nanos())
    }
}

/// A file that is in a watched folder.
struct Seen {
    state: State,
    /// Time at which the state was first seen.
    since: Instant,
    /// True if this state was given out.
    is_done: bool,
}

/// The inputs of watched folders, in the order of their times.
pub(super) struct Arrivals {
    watch: Watch,
    done: HashMap<String, String>,
    held: Held,
    stop: Arc<AtomicBool>,
    files: HashMap<PathBuf, Seen>,
    ready: VecDeque<(PathBuf, State)>,
}

impl Arrivals {
    /// Looks at the folders once.
    fn poll(&mut self) {
        let now = Instant::now();
        let listed = self.watch.files();
        let mut files = HashMap::with_capacity(listed.len());
        let mut ready: Vec<(PathBuf, State)> = Vec::new();
        for path in listed {
            let Some(state) = State::of(&path) else { continue };
            let mut seen = match self.files.remove(&path) {
                Some(seen) if seen.state == state => seen,
                earlier => {
                    let validator = self.done.remove(&name(&path));
                    let is_done = validator.is_some_and(|known| known == state.validator());
                    // A file that has not changed for a while is whole at first sight.
                    let age = SystemTime::now().duration_since(state.modified).unwrap_or_default();
                    let is_old = earlier.is_none() && age >= self.watch.settle;
                    let since = if is_old { now.checked_sub(self.watch.settle) } else { None };
                    Seen { state, since: since.unwrap_or(now), is_done }
                }
            };
            // Many programs make an empty file first and fill it later.
            let is_still = now.duration_since(seen.since) >= self.watch.settle;
            if !seen.is_done && is_still && state.bytes > 0 && !self.held.holds(&path) {
                seen.is_done = true;
                ready.push((path.clone(), state));
            }
            files.insert(path, seen);
        }
        self.files = files;
        ready.sort_by(|(a, state), (b, other)| (state.modified, a).cmp(&(other.modified, b)));
        self.ready.extend(ready);
    }

    /// The input of a file; `None` if it was moved away in the meantime.
    fn input(&self, path: PathBuf, state: State) -> Option<BatchInput> {
        let file = std::fs::File::open(&path);
        if matches!(&file, Err(error) if error.kind() == std::io::ErrorKind::NotFound) {
            return None;
        }
        let opened = path.clone();
        let open = move |_: Option<&str>| {
            let file = file.map_err(|error| crate::error::Error::io("read", &opened, error))?;
            Ok(Opened::Source(Box::new(file), Some(state.validator())))
        };
        let input = BatchInput { path: Some(path.clone()), ..BatchInput::new(name(&path), open) };
        Some((self.watch.prepare)(input))
    }
}

impl Iterator for Arrivals {
    type Item = BatchInput;

    fn next(&mut self) -> Option<BatchInput> {
        loop {
            if self.stop.load(Ordering::SeqCst) {
                return None;
            }
            while let Some((path, state)) = self.ready.pop_front() {
                if let Some(input) = self.input(path, state) {
                    return Some(input);
                }
            }
            let polled = Instant::now();
            self.poll();
            // A folder that takes long to list is listed less often.
            let interval =
                POLL_INTERVAL.min(self.watch.settle.max(STOP_INTERVAL)).max(polled.elapsed() * 4);
            while self.ready.is_empty()
                && polled.elapsed() < interval
                && !self.stop.load(Ordering::SeqCst)
            {
                std::thread::sleep(STOP_INTERVAL.min(interval));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Inbox {
        folder: tempfile::TempDir,
        arrivals: Arrivals,
    }

    impl Inbox {
        fn new(done: &[(&str, &str)]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let watch = Watch::new(vec![folder.path().to_path_buf()], FileSearch::default());
            let done = done.iter().map(|(name, known)| ((*name).into(), (*known).into())).collect();
            let watch = watch.settle(Duration::from_millis(30));
            let arrivals = watch.inputs(done, Held::default(), Arc::default());
            Self { folder, arrivals }
        }

        fn write(&self, name: &str, text: &str) {
            std::fs::write(self.folder.path().join(name), text).unwrap();
        }

        /// File names that are ready after the files have stood still.
        fn ready(&mut self) -> Vec<String> {
            self.arrivals.poll();
            std::thread::sleep(Duration::from_millis(60));
            self.arrivals.poll();
            let paths = self.arrivals.ready.drain(..);
            let mut names: Vec<String> =
                paths.map(|(path, _)| path.file_name().unwrap().to_string_lossy().into()).collect();
            names.sort();
            names
        }
    }

    #[test]
    fn a_file_is_taken_when_it_stands_still_and_again_when_it_changes() {
        let mut inbox = Inbox::new(&[]);
        inbox.write("a.nitf", "<nitf>");
        inbox.arrivals.poll();
        assert!(inbox.arrivals.ready.is_empty(), "it may still be written");
        inbox.write("a.nitf", "<nitf></nitf>");
        assert_eq!(inbox.ready(), ["a.nitf"]);
        assert!(inbox.ready().is_empty());
        inbox.write("a.nitf", "<nitf> </nitf>");
        inbox.write("b.part", "x");
        inbox.write(".c.nitf", "x");
        inbox.write("empty.nitf", "");
        assert_eq!(inbox.ready(), ["a.nitf"]);
        std::fs::rename(inbox.folder.path().join("b.part"), inbox.folder.path().join("b.txt"))
            .unwrap();
        assert_eq!(inbox.ready(), ["b.txt"]);
    }

    #[test]
    fn a_file_of_an_earlier_run_is_not_taken_again() {
        let mut inbox = Inbox::new(&[]);
        inbox.write("a.txt", "One.");
        let path = inbox.folder.path().join("a.txt");
        let known = State::of(&path).unwrap().validator();
        inbox.arrivals.done.insert(name(&path), known);
        assert!(inbox.ready().is_empty());
        inbox.write("a.txt", "Two of them.");
        assert_eq!(inbox.ready(), ["a.txt"]);
    }

    #[test]
    fn a_file_that_is_an_input_of_its_own_is_taken_after_the_others_are_read() {
        let mut inbox = Inbox::new(&[]);
        inbox.write("a.txt", "One.");
        inbox.write("b.txt", "Two.");
        inbox.arrivals.held.names.insert(name(&inbox.folder.path().join("a.txt")));
        assert_eq!(inbox.ready(), ["b.txt"]);
        inbox.arrivals.held.are_read.store(true, Ordering::SeqCst);
        assert_eq!(inbox.ready(), ["a.txt"]);
    }

    #[test]
    fn a_file_that_is_gone_is_passed_over_and_a_stop_ends_the_inputs() {
        let mut inbox = Inbox::new(&[]);
        let state = State { bytes: 1, modified: SystemTime::UNIX_EPOCH };
        inbox.arrivals.ready.push_back((inbox.folder.path().join("gone.txt"), state));
        inbox.write("a.txt", "One.");
        let input = inbox.arrivals.next().unwrap();
        assert!(input.name.ends_with("a.txt"));
        inbox.arrivals.stop.store(true, Ordering::SeqCst);
        assert!(inbox.arrivals.next().is_none());
    }
}
