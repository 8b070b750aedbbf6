//! Inputs and their items, read one after the other on a thread of their own: a slow pipe or a slow
//! server holds up nobody's work, and a fast one is not read further than somebody takes.

use std::any::Any;
use std::collections::HashMap;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::formats::{self, Fields, ItemResult, Unreadable};

/// Items that are read before anybody takes them.
const AHEAD: usize = 32;

/// An input by its name, and the way to its bytes.
pub struct Input {
    /// What it is called in results; its ending tells its format.
    pub name: String,
    /// Opens it. Given is the mark it had when it was last read to its end.
    pub open: Open,
}

/// What opens an input that is shown the mark it had.
pub type Open = Box<dyn FnOnce(Option<&str>) -> Result<Opened> + Send>;

/// An input that was opened.
pub enum Opened {
    /// It is as it was when it had the mark.
    Same,
    /// Its bytes, and the mark it has now, where it has one.
    Source(Box<dyn Read + Send>, Option<String>),
}

/// What comes of inputs, in order.
pub(super) enum Heard {
    /// An item of an input.
    Item(String, ItemResult),
    /// An input could not be opened or read at all, or not to its end.
    Refused(String, Error),
    /// An input is as it was.
    Same(String),
    /// An input was read to its end, and has a mark now.
    End(String, Option<String>),
    /// All inputs were read. A thread that ends without saying so has died.
    Over,
}

/// Inputs that are being read.
pub(super) struct Ingest(Receiver<Heard>);

impl Ingest {
    /// Begins to read; `marks` are those that inputs had.
    pub fn start(
        inputs: Vec<Input>,
        fields: Fields,
        mut marks: HashMap<String, String>,
    ) -> Result<Self> {
        let (tell, hear) = sync_channel(AHEAD);
        let read = move || {
            for input in inputs {
                let mark = marks.remove(&input.name);
                // Nobody listens any more: the run was stopped.
                if read(input, mark.as_deref(), &fields, &tell).is_none() {
                    return;
                }
            }
            // As above.
            let _ = tell.send(Heard::Over);
        };
        let thread = std::thread::Builder::new().name("malmoi-intake".into()).spawn(read);
        thread.map_err(|e| Error::Engine(format!("no thread could be started: {e}").into()))?;
        Ok(Self(hear))
    }

    /// Up to `most` pieces of news, the first of which is waited for; and whether there may be
    /// more.
    pub fn take(&self, most: usize, patience: Duration) -> Result<(Vec<Heard>, bool)> {
        let died =
            || Error::Engine("the thread that reads the inputs ended before they were read".into());
        let mut heard = Vec::new();
        while heard.len() < most {
            let next = match heard.is_empty() {
                true => self.0.recv_timeout(patience),
                false => self.0.try_recv().map_err(|error| match error {
                    TryRecvError::Empty => RecvTimeoutError::Timeout,
                    TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
                }),
            };
            match next {
                Ok(Heard::Over) => return Ok((heard, false)),
                Ok(next) => heard.push(next),
                Err(RecvTimeoutError::Timeout) => break,
                // What came before is taken in first; the next call says it.
                Err(RecvTimeoutError::Disconnected) if heard.is_empty() => return Err(died()),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        Ok((heard, true))
    }
}

/// Reads one input; `None` where nobody listens.
fn read(input: Input, mark: Option<&str>, fields: &Fields, tell: &SyncSender<Heard>) -> Option<()> {
    /// Failures in a row after which a reader is given up.
    const PANICS: usize = 16;
    let Input { name, open } = input;
    let opened = guarded(|| {
        open(mark).and_then(|opened| match opened {
            Opened::Same => Ok(None),
            Opened::Source(source, mark) => {
                Ok(Some((formats::items(source, &name, fields.clone())?, mark)))
            }
        })
    });
    let bug = |what: String| Error::unreadable(&name, bug(&what));
    let (mut items, mark) = match opened.unwrap_or_else(|what| Err(bug(what))) {
        Ok(Some(opened)) => opened,
        Ok(None) => return tell.send(Heard::Same(name)).ok(),
        Err(error) => return tell.send(Heard::Refused(name, error)).ok(),
    };
    let mut panics = 0;
    for number in 1u64.. {
        let found = match guarded(|| items.next()) {
            Ok(Some(found)) => {
                panics = 0;
                found
            }
            Ok(None) => break,
            Err(what) => {
                panics += 1;
                if panics == PANICS {
                    return tell.send(Heard::Refused(name.clone(), bug(what))).ok();
                }
                Err(Unreadable {
                    place: format!("item {number}"),
                    reason: self::bug(&what),
                    raw: String::new(),
                })
            }
        };
        tell.send(Heard::Item(name.clone(), found)).ok()?;
    }
    tell.send(Heard::End(name, mark)).ok()
}

/// Does something that may meet a bug of a reader. What the panic said is the error.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let said = |panic: Box<dyn Any + Send>| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given").to_string()
    };
    // A reader is not used again after a panic but for its next item, which is checked like any
    // other.
    catch_unwind(AssertUnwindSafe(work)).map_err(said)
}

fn bug(what: &str) -> String {
    let what: String = what.chars().take(200).collect();
    format!("met a bug in malmoi's reader ({what})")
}

/// An input that cannot be read is one bad item; the others are read all the same.
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

    fn all(inputs: Vec<Input>) -> Vec<Heard> {
        let intake = Ingest::start(inputs, Fields::default(), HashMap::new()).unwrap();
        let mut all = Vec::new();
        loop {
            let (heard, more) = intake.take(8, Duration::from_secs(5)).unwrap();
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
            Input { name: "a.txt".into(), open: panics },
            Input { name: "b.txt".into(), open: source("Mayor Han Seo-jin spoke in Haemin.") },
        ];
        let heard = all(inputs);
        assert!(
            matches!(&heard[0], Heard::Refused(name, error) if name == "a.txt" && error.to_string().contains("index out of")),
        );
        assert!(matches!(&heard[1], Heard::Item(name, Ok(_)) if name == "b.txt"));
        assert!(matches!(&heard[2], Heard::End(name, _) if name == "b.txt"));
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
        let heard = all(vec![Input { name: "a.jsonl".into(), open }]);
        assert!(matches!(&heard[0], Heard::Item(_, Ok(_))));
        assert!(matches!(heard.last(), Some(Heard::Refused(..))), "it was not read to its end");
        assert!(heard.len() < 40, "{}", heard.len());
    }

    #[test]
    fn an_intake_that_ends_without_saying_so_is_an_error() {
        let (tell, hear) = sync_channel(1);
        tell.send(Heard::Same("a.txt".into())).unwrap();
        drop(tell);
        let intake = Ingest(hear);
        assert_eq!(intake.take(8, Duration::ZERO).unwrap().0.len(), 1);
        let error = intake.take(8, Duration::ZERO).err().unwrap();
        assert!(error.to_string().contains("ended before they were read"), "{error}");
    }
}
