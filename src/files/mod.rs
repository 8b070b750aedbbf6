//! The ground of everything that reads or writes files: atomic writes, memory maps, kinds of
//! entries. Knows no format and no module above it but the error type.

mod atomic;
mod entry;
mod mapped;

pub use atomic::{
    check_writable, remove_stale_temporaries, replace, replace_unsynced, sync_folder,
};
pub use entry::{Kind, is_same_file, kind, open_lock};
pub use mapped::{MappedFile, MappedSlice};

pub(crate) use mapped::Stamp;
