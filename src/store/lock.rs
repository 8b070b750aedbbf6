//! Locks between processes, one for each model.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use super::error::{StoreError, io};

/// A lock, held until it is dropped. The system releases it when the process ends or is killed.
pub(super) struct Lock {
    _file: File,
}

/// Why a lock was not acquired at once.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Delay {
    /// Another process holds it.
    Held,
    /// The file system has no locks (NFS without its lock service, Lustre, some SMB mounts); the
    /// caller continues without one.
    Unsupported(String),
}

impl Lock {
    /// Acquires the lock, after any other process that holds it. `on_delay` is called at most once
    /// for each kind of delay.
    pub fn acquire(path: &Path, on_delay: &mut dyn FnMut(Delay)) -> Result<Self, StoreError> {
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(io("create", folder))?;
        // Not truncated, so that the target of a link in its place is not damaged.
        let mut options = OpenOptions::new();
        let file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(io("create", path))?;
        let locked = match file.try_lock() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => {
                on_delay(Delay::Held);
                file.lock()
            }
            // Interrupted by a signal: the waiting call handles that.
            Err(TryLockError::Error(error)) if error.kind() == std::io::ErrorKind::Interrupted => {
                file.lock()
            }
            Err(TryLockError::Error(error)) => Err(error),
        };
        if let Err(error) = locked {
            on_delay(Delay::Unsupported(error.to_string()));
        }
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".locks/model.lock");
        let first = Lock::acquire(&path, &mut |delay| panic!("{delay:?}")).unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            let second = scope.spawn(|| {
                Lock::acquire(&path, &mut |delay| tell.send(delay).unwrap()).map(drop).unwrap();
            });
            assert_eq!(told.recv().unwrap(), Delay::Held);
            drop(first);
            second.join().unwrap();
        });
    }
}
