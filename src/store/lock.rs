//! One process at a time on a model, where the file system can tell.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use super::error::{StoreError, io};

/// Held until it is dropped; the system lets go of it when the process ends, however it ends.
pub(super) struct Lock {
    _file: File,
}

/// Why a lock is not held at once.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Delay {
    /// Another process holds it.
    Held,
    /// The file system has no locks (NFS without its lock service, Lustre, some SMB mounts): the
    /// work is done without one.
    Unsupported(String),
}

impl Lock {
    /// Waits until no other process holds the lock. `told` is called at most once of each kind.
    pub fn acquire(path: &Path, told: &mut dyn FnMut(Delay)) -> Result<Self, StoreError> {
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(io("create", folder))?;
        // Never truncated: a link in its place costs its target nothing.
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
                told(Delay::Held);
                file.lock()
            }
            // A signal came between: waiting handles that.
            Err(TryLockError::Error(error)) if error.kind() == std::io::ErrorKind::Interrupted => {
                file.lock()
            }
            Err(TryLockError::Error(error)) => Err(error),
        };
        if let Err(error) = locked {
            told(Delay::Unsupported(error.to_string()));
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
