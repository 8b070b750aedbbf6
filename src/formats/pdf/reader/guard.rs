//! The reader of pages on a thread of its own, with limits of time and memory.
//!
//! The interpreter reads foreign bytes with code that may panic or not come back. A panic costs one
//! page. A page that does not come back is given up with its thread, and a new thread goes on
//! after it. Memory of a page has no hard limit here; what is known to grow is refused before.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Once};
use std::time::{Duration, Instant};

use hayro_interpret::InterpreterCache;
use hayro_interpret::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};

use super::glyph::Page;
use super::limits::{Budget, Exceeded, MAX_CHARACTERS, MAX_OPERATIONS, PAGE_TIME};
use super::{hazards, source};

/// The pages of a document, and why some were not read.
#[derive(Debug, Default)]
pub struct Reading {
    /// Pages that were read, with their numbers from 1.
    pub pages: Vec<(usize, Page)>,
    /// Pages that were not read, each with the reason as a predicate.
    pub failures: Vec<(usize, String)>,
    /// Number of pages of the document.
    pub count: usize,
    /// Date of the document: of its last change, otherwise of its making.
    pub date: Option<String>,
}

/// Limit on the pages that are read.
pub const MAX_PAGES: usize = 3000;
/// Limit on the characters of all pages together: a long book has a quarter of it.
const MAX_DOCUMENT_CHARACTERS: usize = 4_000_000;
/// Time for all pages together.
const DOCUMENT_TIME: Duration = Duration::from_secs(300);
/// Time that a page may take longer than its budget says, where the budget is not asked.
const GRACE: Duration = Duration::from_secs(5);
/// Threads that may be given up for one document, and in one process.
const MAX_GIVEN_UP: usize = 2;
const MAX_GIVEN_UP_TOGETHER: usize = 4;
/// Stack of the reader, in bytes: it descends into nested objects and forms.
const STACK: usize = 256 << 20;

/// Threads that were given up and still run.
static GIVEN_UP: AtomicUsize = AtomicUsize::new(0);

enum Message {
    Refused(String),
    Opened { count: usize, date: Option<String> },
    Page(usize, Result<Page, String>),
}

/// Reads the pages of a document; an error concerns the whole document.
pub fn read(bytes: &[u8]) -> Result<Reading, String> {
    hazards::check_bytes(bytes)?;
    if GIVEN_UP.load(Ordering::Relaxed) >= MAX_GIVEN_UP_TOGETHER {
        return Err("cannot be read now: the reader still hangs on other damaged PDF files".into());
    }
    let bytes = Arc::new(bytes.to_vec());
    let deadline = Instant::now() + DOCUMENT_TIME;
    let mut found = Reading::default();
    let (mut next, mut given_up, mut characters) = (0, 0, 0);
    let mut reader = Some(start(&bytes, next)?);
    while let Some(receiver) = &reader {
        match receiver.recv_timeout(PAGE_TIME + GRACE) {
            Ok(Message::Refused(reason)) if next == 0 => return Err(reason),
            Ok(Message::Refused(_)) => break,
            Ok(Message::Opened { count, date }) => (found.count, found.date) = (count, date),
            Ok(Message::Page(at, page)) => {
                next = at + 1;
                match page {
                    Ok(page) => {
                        characters += page.glyphs.len() + page.unseen.len();
                        found.pages.push((next, page));
                    }
                    Err(reason) => found.failures.push((next, reason)),
                }
            }
            Err(RecvTimeoutError::Timeout) if found.count == 0 => {
                GIVEN_UP.fetch_add(1, Ordering::Relaxed);
                return Err("cannot be opened: its structure leads the reader in circles".into());
            }
            Err(RecvTimeoutError::Timeout) => {
                GIVEN_UP.fetch_add(1, Ordering::Relaxed);
                given_up += 1;
                next += 1;
                found.failures.push((next, took_too_long()));
                reader = None;
                if given_up < MAX_GIVEN_UP && next < found.count.min(MAX_PAGES) {
                    reader = Some(start(&bytes, next)?);
                }
            }
            // The thread ended: all pages are read.
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if characters > MAX_DOCUMENT_CHARACTERS {
            return Err(format!(
                "has more than the {MAX_DOCUMENT_CHARACTERS} characters a document may have"
            ));
        }
        if Instant::now() > deadline {
            break;
        }
    }
    Ok(found)
}

fn took_too_long() -> String {
    format!("took longer than {} seconds", PAGE_TIME.as_secs())
}

/// Starts a reader at a page, by its index.
fn start(bytes: &Arc<Vec<u8>>, from: usize) -> Result<Receiver<Message>, String> {
    be_quiet_in_readers();
    let (sender, receiver) = sync_channel(4);
    let bytes = Arc::clone(bytes);
    std::thread::Builder::new()
        .name("pdf".into())
        .stack_size(STACK)
        .spawn(move || {
            READS.set(true);
            let all = catch_unwind(AssertUnwindSafe(|| pages(bytes, from, &sender)));
            if all.is_err() {
                let damaged = "is damaged: the reader cannot follow its structure";
                let _ = sender.send(Message::Refused(damaged.into()));
            }
        })
        .map_err(|error| format!("cannot be read: {error}"))?;
    Ok(receiver)
}

/// Sends the pages from an index on; ends when the receiver is gone.
fn pages(bytes: Arc<Vec<u8>>, from: usize, sender: &SyncSender<Message>) {
    let pdf = match Pdf::new(bytes) {
        Ok(pdf) => pdf,
        Err(error) => return drop(sender.send(Message::Refused(reason(error).into()))),
    };
    if let Err(reason) = hazards::check_objects(&pdf) {
        return drop(sender.send(Message::Refused(reason)));
    }
    let metadata = pdf.metadata();
    let date = metadata.modification_date.as_ref().or(metadata.creation_date.as_ref()).map(date);
    let count = pdf.pages().len();
    if sender.send(Message::Opened { count, date }).is_err() {
        return;
    }
    let mut cache = InterpreterCache::new();
    for at in from..count.min(MAX_PAGES) {
        let read = || source::page(&pdf.pages()[at], &cache, &mut Budget::of_page());
        let page = catch_unwind(AssertUnwindSafe(read)).map_err(|payload| {
            payload.downcast_ref::<Exceeded>().map_or_else(
                || "is damaged: the reader cannot follow its commands".to_string(),
                |exceeded| match exceeded {
                    Exceeded::Time => took_too_long(),
                    Exceeded::Operations => {
                        format!("has more than {MAX_OPERATIONS} drawing commands")
                    }
                    Exceeded::Characters => format!("has more than {MAX_CHARACTERS} characters"),
                },
            )
        });
        if page.is_err() {
            // The panic may have left the cache in the middle of a change.
            cache = InterpreterCache::new();
        }
        if sender.send(Message::Page(at, page)).is_err() {
            return;
        }
    }
}

fn reason(error: LoadPdfError) -> &'static str {
    match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => {
            "is encrypted; save it without a password first"
        }
        LoadPdfError::Decryption(_) => {
            "is encrypted in a way malmoi does not know; save it without encryption first"
        }
        LoadPdfError::Invalid => "is damaged: it is no PDF whose pages can be found",
    }
}

/// A date in the form of RFC 3339.
fn date(date: &hayro_interpret::hayro_syntax::object::DateTime) -> String {
    let hayro_interpret::hayro_syntax::object::DateTime {
        year,
        month,
        day,
        hour,
        minute,
        second,
        ..
    } = date;
    let (hours, minutes) = (date.utc_offset_hour, date.utc_offset_minute);
    let sign = if hours < 0 { '-' } else { '+' };
    format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{sign}{:02}:{minutes:02}",
        hours.unsigned_abs()
    )
}

thread_local! {
    /// True in a thread that reads pages.
    static READS: Cell<bool> = const { Cell::new(false) };
}

/// Keeps panics of readers off the terminal; other threads keep the hook that was there.
fn be_quiet_in_readers() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !READS.get() {
                before(panic);
            }
        }));
    });
}
