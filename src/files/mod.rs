//! The ground of everything that reads or writes files: atomic writes, memory maps, checksums,
//! kinds of entries, packed bytes. Knows no format of documents or models, and of this crate only
//! the error type.

mod atomic;
mod checksums;
pub(crate) mod compressed;
mod entry;
mod fingerprint;
mod mapped;
mod unpack;

pub use atomic::{
    check_writable, remove_stale_temporaries, replace, replace_unsynced, sync_folder,
};
pub use entry::{FileKind, is_same_file, kind, open_lock};
pub use mapped::{MappedFile, MappedSlice};

pub(crate) use checksums::{ChecksumCache, Sha256Bytes, hash_into, to_hex};
pub(crate) use entry::size;
pub(crate) use fingerprint::fingerprint;
pub(crate) use unpack::{is_packed, unpack, unpack_zstd};
