//! Options of every request, and the two parts of them that editors change while the server runs:
//! findings that are no errors, and terms of the desk's glossary. Each change is on disk before it
//! is in force, and what other programs wrote is read again when the lists are asked for.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use malmoi::checks::{Dismissal, Dismissals};
use malmoi::desk::Desk;
use malmoi::{Error, Glossary, TaskOptions, Term};

use super::log::Log;
use crate::engine::Failure;

/// Dismissals, and terms of the desk, beyond which no more are taken from requests.
const MOST: usize = 100_000;

/// Options of every request, which its own fields change.
pub(crate) struct SharedOptions {
    current: RwLock<TaskOptions>,
    /// Terms of `--glossary`, which come before the desk's.
    given: Glossary,
    /// The file of dismissals.
    dismissals: PathBuf,
    desk: Option<Arc<Desk>>,
    /// Held while a list is changed on disk and in memory.
    changing: Mutex<()>,
}

impl SharedOptions {
    pub fn new(options: TaskOptions, given: Glossary, dismissals: PathBuf) -> Self {
        let desk = options.desk.clone();
        let (current, changing) = (RwLock::new(options), Mutex::default());
        Self { current, given, dismissals, desk, changing }
    }

    /// The options as they are now.
    pub fn now(&self) -> TaskOptions {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Terms of `--glossary`.
    pub fn given(&self) -> &Glossary {
        &self.given
    }

    /// The dismissals, read again.
    pub fn dismissals(&self, log: &Log) -> Result<Dismissals, Failure> {
        self.changed(log, || Ok(())).map(|()| self.now().checks.dismissed)
    }

    /// Keeps a dismissal.
    pub fn dismiss(&self, dismissal: Dismissal, log: &Log) -> Result<(), Failure> {
        if self.now().checks.dismissed.len() >= MOST {
            return Err(Failure::Invalid(format!("there are {MOST} dismissals; end some")));
        }
        self.changed(log, || Dismissals::add(&self.dismissals, dismissal))
    }

    /// Ends a dismissal; false if there is none.
    pub fn end_dismissal(&self, hash: &str, log: &Log) -> Result<bool, Failure> {
        let is_there = self.dismissals(log)?.contains(hash);
        if is_there {
            self.changed(log, || Dismissals::end(&self.dismissals, hash))?;
        }
        Ok(is_there)
    }

    /// Changes the file of dismissals, and reads it.
    fn changed(
        &self,
        log: &Log,
        change: impl FnOnce() -> malmoi::Result<()>,
    ) -> Result<(), Failure> {
        let _alone = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let what = "the dismissals of this server can only be read";
        change().map_err(|error| refused(error, what, log))?;
        let dismissed = Dismissals::read(&self.dismissals).map_err(|error| log.fault(error))?;
        self.current.write().unwrap_or_else(PoisonError::into_inner).checks.dismissed = dismissed;
        Ok(())
    }

    /// The desk's terms, read again; none if it is off.
    pub fn desk_terms(&self, log: &Log) -> Result<Vec<Term>, Failure> {
        let _alone = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        self.read_terms(log)
    }

    fn read_terms(&self, log: &Log) -> Result<Vec<Term>, Failure> {
        let Some(desk) = &self.desk else { return Ok(Vec::new()) };
        let terms = desk.terms().map_err(|error| log.fault(error))?;
        let glossary = self.given.with(&terms);
        self.current.write().unwrap_or_else(PoisonError::into_inner).checks.glossary = glossary;
        Ok(terms)
    }

    /// Adds a term to the desk's glossary, or replaces the one with its words.
    pub fn add_term(&self, term: Term, log: &Log) -> Result<(), Failure> {
        let desk = self.writable_desk()?;
        let _alone = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.read_terms(log)?.len() >= MOST {
            return Err(Failure::Invalid(format!("the glossary has {MOST} terms; remove some")));
        }
        desk.add_terms(&[term]).map_err(|error| log.fault(error))?;
        self.read_terms(log).map(drop)
    }

    /// Removes a term from the desk's glossary; false if it is not there.
    pub fn remove_term(&self, source: &str, target: &str, log: &Log) -> Result<bool, Failure> {
        let desk = self.writable_desk()?;
        let _alone = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let was_there = desk.remove_term(source, target).map_err(|error| log.fault(error))?;
        self.read_terms(log).map(|_| was_there)
    }

    fn writable_desk(&self) -> Result<&Desk, Failure> {
        let desk = self.desk.as_deref().ok_or(Failure::Off("the desk of this server is off"))?;
        if desk.is_read_only() {
            return Err(Failure::Forbidden("the desk of this server can only be read".into()));
        }
        Ok(desk)
    }
}

/// The failure for a change that could not be written. A wrong hash is the client's own fault.
fn refused(error: Error, read_only: &str, log: &Log) -> Failure {
    let is_denied = matches!(&error, Error::Io { source, .. } if matches!(
        source.kind(),
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem
    ));
    if is_denied {
        return Failure::Forbidden(read_only.into());
    }
    log.fault(error)
}
