//! Reading of inputs, one after another on a separate thread: a slow pipe or server does not hold
//! up the workers, and a bounded channel holds up a fast one. Files that arrive in watched folders
//! have a thread of their own, so that they wait for no other input.

use std::any::Any;
use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::formats::{self, Fields, ItemResult, Unreadable};

/// Capacity of the channel, in events.
const CAPACITY: usize = 32;

/// An input: its name, and a function that opens it.
pub struct BatchInput {
    /// Name in the results; its extension determines the format.
    pub name: String,
    /// Opens the input, given its validator when it was last read to its end.
    pub open: Open,
    /// Path of the file, if the input is one: results must not overwrite it.
    pub path: Option<PathBuf>,
}

impl BatchInput {
    /// An input that is not a file.
    pub fn new(
        name: impl Into<String>,
        open: impl FnOnce(Option<&str>) -> Result<Opened> + Send + 'static,
    ) -> Self {
        Self { name: name.into(), open: Box::new(open), path: None }
    }
}

/// A function that opens an input, given its last validator (such as an ETag).
pub type Open = Box<dyn FnOnce(Option<&str>) -> Result<Opened> + Send>;

/// An opened input.
pub enum Opened {
    /// The input has not changed since it had that validator.
    NotModified,
    /// Its bytes, and its validator if it has one.
    Source(Box<dyn Read + Send>, Option<String>),
}

/// Progress of reading, in the order of the inputs. Names are those of inputs.
#[allow(clippy::large_enum_variant)]
pub(super) enum IngestEvent {
    /// An input of this run is read again, because it has changed.
    Again(String),
    /// An item, or the reason it could not be read.
    Item(String, ItemResult),
    /// An input that could not be opened, or not read to its end.
    Failed(String, Error),
    /// An input that has not changed.
    NotModified(String),
    /// The end of an input, and its validator.
    End(String, Option<String>),
    /// The end of all inputs of a thread.
    Finished,
    /// The end of a thread by a panic.
    Died,
}

/// Inputs that one thread reads, one after another.
pub(super) type Source = Box<dyn Iterator<Item = BatchInput> + Send>;

/// Inputs being read.
pub(super) struct Ingest {
    events: Receiver<IngestEvent>,
    /// Number of threads that read.
    reading: usize,
}

impl Ingest {
    /// Starts reading, each source on its own thread. `validators` are the last ones by input name.
    pub fn start(
        sources: Vec<Source>,
        fields: &Fields,
        validators: HashMap<String, String>,
    ) -> Result<Self> {
        let (sender, events) = sync_channel(CAPACITY);
        let reading = sources.len();
        let known = Arc::new(Known { validators, names: Mutex::default() });
        for inputs in sources {
            let (sender, fields, known) = (sender.clone(), fields.clone(), known.clone());
            let work = move || {
                let ended = guarded(|| read_all(inputs, &fields, &known, &sender));
                let last = if ended.is_ok() { IngestEvent::Finished } else { IngestEvent::Died };
                // The receiver is gone: the run was stopped.
                let _ = sender.send(last);
            };
            let thread = std::thread::Builder::new().name("malmoi-ingest".into()).spawn(work);
            thread.map_err(|e| Error::Engine(format!("no thread could be started: {e}").into()))?;
        }
        Ok(Self { events, reading })
    }

    /// Receives up to `limit` events, waiting at most `timeout` for the first. Returns `false` with
    /// the last ones.
    pub fn recv(&mut self, limit: usize, timeout: Duration) -> Result<(Vec<IngestEvent>, bool)> {
        let died =
            || Error::Engine("the thread that reads the inputs ended before they were read".into());
        let mut events = Vec::new();
        while events.len() < limit {
            let next = if events.is_empty() {
                self.events.recv_timeout(timeout)
            } else {
                self.events.try_recv().map_err(|error| match error {
                    TryRecvError::Empty => RecvTimeoutError::Timeout,
                    TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
                })
            };
            match next {
                Ok(IngestEvent::Finished) => {
                    self.reading = self.reading.saturating_sub(1);
                    if self.reading == 0 {
                        return Ok((events, false));
                    }
                }
                Ok(IngestEvent::Died) => return Err(died()),
                Ok(next) => events.push(next),
                Err(RecvTimeoutError::Timeout) => break,
                // Earlier events come first; the next call returns the error.
                Err(RecvTimeoutError::Disconnected) if events.is_empty() => return Err(died()),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        Ok((events, true))
    }
}

/// What the threads know of inputs.
struct Known {
    /// Last validators by input name.
    validators: HashMap<String, String>,
    /// Names of the inputs of this run that were read or are being read.
    names: Mutex<HashSet<String>>,
}

/// Reads inputs one after another, until the receiver is gone.
fn read_all(inputs: Source, fields: &Fields, known: &Known, sender: &SyncSender<IngestEvent>) {
    for input in inputs {
        let name = input.name.clone();
        let mut names = known.names.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = names.insert(name.clone());
        drop(names);
        if !is_new && sender.send(IngestEvent::Again(name.clone())).is_err() {
            return;
        }
        // An input that is read again has been read since it had its validator.
        let validator = known.validators.get(&name).filter(|_| is_new);
        if read(input, validator.map(String::as_str), fields, sender).is_none() {
            return;
        }
    }
}

/// Reads an input. Returns `None` if the receiver is gone.
fn read(
    input: BatchInput,
    validator: Option<&str>,
    fields: &Fields,
    sender: &SyncSender<IngestEvent>,
) -> Option<()> {
    /// Consecutive panics after which an input is abandoned.
    const MAX_PANICS: usize = 16;
    let BatchInput { name, open, .. } = input;
    let opened = guarded(|| {
        open(validator).and_then(|opened| match opened {
            Opened::NotModified => Ok(None),
            Opened::Source(source, validator) => {
                Ok(Some((formats::items(source, &name, fields.clone())?, validator)))
            }
        })
    });
    let bug = |panic: String| Error::unreadable(&name, bug(&panic));
    let (mut items, validator) = match opened.unwrap_or_else(|panic| Err(bug(panic))) {
        Ok(Some(opened)) => opened,
        Ok(None) => return sender.send(IngestEvent::NotModified(name)).ok(),
        Err(error) => return sender.send(IngestEvent::Failed(name, error)).ok(),
    };
    let mut panics = 0;
    for number in 1u64.. {
        let item = match guarded(|| items.next()) {
            Ok(Some(item)) => {
                panics = 0;
                item
            }
            Ok(None) => break,
            Err(panic) => {
                panics += 1;
                if panics == MAX_PANICS {
                    return sender.send(IngestEvent::Failed(name.clone(), bug(panic))).ok();
                }
                Err(Unreadable {
                    place: format!("item {number}"),
                    reason: self::bug(&panic),
                    raw: String::new(),
                })
            }
        };
        sender.send(IngestEvent::Item(name.clone(), item)).ok()?;
    }
    sender.send(IngestEvent::End(name, validator)).ok()
}

/// Runs code of a reader. The error is the message of a panic.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let message = |panic: Box<dyn Any + Send>| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given").to_string()
    };
    // After a panic a reader is only asked for its next item, which is checked like any other.
    catch_unwind(AssertUnwindSafe(work)).map_err(message)
}

fn bug(what: &str) -> String {
    let what: String = what.chars().take(200).collect();
    format!("met a bug in malmoi's reader ({what})")
}

/// A failed input as an unreadable item.
pub(super) fn unreadable(name: &str, error: &Error) -> Unreadable {
    let text = error.to_string();
    let reason = text.strip_prefix(&format!("{name} ")).unwrap_or(&text).to_string();
    Unreadable { place: "whole".into(), reason, raw: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &'static str) -> Open {
        Box::new(move |_| Ok(Opened::Source(Box::new(text.as_bytes()), None)))
    }

    fn all(inputs: Vec<BatchInput>) -> Vec<IngestEvent> {
        let sources: Vec<Source> = vec![Box::new(inputs.into_iter())];
        let mut ingest = Ingest::start(sources, &Fields::default(), HashMap::new()).unwrap();
        let mut all = Vec::new();
        loop {
            let (heard, more) = ingest.recv(8, Duration::from_secs(5)).unwrap();
            all.extend(heard);
            if !more {
                return all;
            }
        }
    }

    #[test]
    fn a_reader_that_panics_is_an_input_refused_and_the_next_one_is_read() {
        let panics: Open = Box::new(|_| panic!("index out of the text"));
        let inputs = vec![
            BatchInput::new("a.txt", panics),
            BatchInput::new("b.txt", source("Mayor Han Seo-jin spoke in Haemin.")),
        ];
        let heard = all(inputs);
        assert!(
            matches!(&heard[0], IngestEvent::Failed(name, error) if name == "a.txt" && error.to_string().contains("index out of")),
        );
        assert!(matches!(&heard[1], IngestEvent::Item(name, Ok(_)) if name == "b.txt"));
        assert!(matches!(&heard[2], IngestEvent::End(name, _) if name == "b.txt"));
    }

    /// Panics in the middle of its bytes.
    struct Faulty(usize);

    impl Read for Faulty {
        fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
            self.0 += 1;
            assert!(self.0 < 3, "a bad page");
            let line = b"{\"text\": \"Haemin's ferry sailed.\"}\n";
            bytes[..line.len()].copy_from_slice(line);
            Ok(line.len())
        }
    }

    #[test]
    fn a_reader_that_panics_again_and_again_is_left_after_a_while() {
        let open: Open = Box::new(|_| Ok(Opened::Source(Box::new(Faulty(0)), None)));
        let heard = all(vec![BatchInput::new("a.jsonl", open)]);
        assert!(matches!(&heard[0], IngestEvent::Item(_, Ok(_))));
        assert!(
            matches!(heard.last(), Some(IngestEvent::Failed(..))),
            "it was not read to its end"
        );
        assert!(heard.len() < 40, "{}", heard.len());
    }

    #[test]
    fn a_thread_that_dies_is_an_error() {
        let (sender, receiver) = sync_channel(1);
        sender.send(IngestEvent::NotModified("a.txt".into())).unwrap();
        drop(sender);
        let mut ingest = Ingest { events: receiver, reading: 1 };
        assert_eq!(ingest.recv(8, Duration::ZERO).unwrap().0.len(), 1);
        let error = ingest.recv(8, Duration::ZERO).err().unwrap();
        assert!(error.to_string().contains("ended before they were read"), "{error}");
    }

    #[test]
    fn a_source_that_waits_holds_up_no_other_and_one_that_dies_is_an_error() {
        let (go, waits) = std::sync::mpsc::channel::<()>();
        let slow = std::iter::from_fn(move || {
            // The sender says nothing and goes.
            let _ = waits.recv();
            panic!("a fault of the list")
        });
        let fast = vec![BatchInput::new("b.txt", source("The ferry of Haemin sailed."))];
        let sources: Vec<Source> = vec![Box::new(slow), Box::new(fast.into_iter())];
        let mut ingest = Ingest::start(sources, &Fields::default(), HashMap::new()).unwrap();
        let mut heard = Vec::new();
        while heard.len() < 2 {
            let (events, more) = ingest.recv(8, Duration::from_secs(60)).unwrap();
            assert!(more && !events.is_empty(), "the other source is held up");
            heard.extend(events);
        }
        assert!(matches!(&heard[1], IngestEvent::End(name, _) if name == "b.txt"));
        drop(go);
        let error = loop {
            match ingest.recv(8, Duration::from_secs(60)) {
                Ok((_, more)) => assert!(more, "the dead thread counts as finished"),
                Err(error) => break error,
            }
        };
        assert!(error.to_string().contains("ended before they were read"), "{error}");
    }
}
