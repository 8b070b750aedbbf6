//! Inputs and their items, read one after the other on a thread of their own: a slow pipe or a slow server holds up nobody's work, and
//! a fast one is not read further than somebody takes.

use std::collections::HashMap;
use std::io::Read;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::formats::{self, Fields, Found, Unreadable};

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
    Item(String, Found),
    /// An input could not be opened or read at all.
    Refused(String, Error),
    /// An input is as it was.
    Same(String),
    /// An input was read to its end, and has a mark now.
    End(String, Option<String>),
}

/// Inputs that are being read.
pub(super) struct Intake(Receiver<Heard>);

impl Intake {
    /// Begins to read; `marks` are those that inputs had.
    pub fn start(inputs: Vec<Input>, fields: Fields, mut marks: HashMap<String, String>) -> Result<Self> {
        let (tell, hear) = sync_channel(AHEAD);
        let read = move || {
            for input in inputs {
                let mark = marks.remove(&input.name);
                // Nobody listens any more: the run was stopped.
                if read(input, mark.as_deref(), &fields, &tell).is_none() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("malmoi-intake".into()).spawn(read);
        thread.map_err(|e| Error::Engine(format!("no thread could be started: {e}").into()))?;
        Ok(Self(hear))
    }

    /// Up to `most` pieces of news, the first of which is waited for; and whether there may be more.
    pub fn take(&self, most: usize, patience: Duration) -> (Vec<Heard>, bool) {
        let mut heard = Vec::new();
        match self.0.recv_timeout(patience) {
            Ok(first) => heard.push(first),
            Err(RecvTimeoutError::Timeout) => return (heard, true),
            Err(RecvTimeoutError::Disconnected) => return (heard, false),
        }
        while heard.len() < most {
            match self.0.try_recv() {
                Ok(next) => heard.push(next),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return (heard, false),
            }
        }
        (heard, true)
    }
}

/// Reads one input; `None` where nobody listens.
fn read(input: Input, mark: Option<&str>, fields: &Fields, tell: &SyncSender<Heard>) -> Option<()> {
    let Input { name, open } = input;
    let opened = open(mark).and_then(|opened| match opened {
        Opened::Same => Ok(None),
        Opened::Source(source, mark) => Ok(Some((formats::items(source, &name, fields.clone())?, mark))),
    });
    let last = match opened {
        Ok(Some((items, mark))) => {
            for found in items {
                tell.send(Heard::Item(name.clone(), found)).ok()?;
            }
            Heard::End(name, mark)
        }
        Ok(None) => Heard::Same(name),
        Err(error) => Heard::Refused(name, error),
    };
    tell.send(last).ok()
}

/// An input that cannot be read is one bad item; the others are read all the same.
pub(super) fn unreadable(name: &str, error: &Error) -> Unreadable {
    let reason = error.to_string().trim_start_matches(name).trim_start().to_string();
    Unreadable { place: "whole".into(), reason, raw: String::new() }
}
