//! Events of a pull, as plain data.

use std::path::PathBuf;

use serde::Serialize;

use super::error::StoreError;

/// Something that happens during a pull.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum StoreEvent {
    /// The license of the model; sent before the first request.
    #[serde(rename = "licence")]
    License {
        /// The model.
        model: String,
        /// Its license, with conditions.
        #[serde(rename = "licence")]
        license: String,
    },
    /// Another process is pulling the same model; this one waits.
    Waiting {
        /// The model.
        model: String,
    },
    /// The file system of the cache has no locks: two pulls of one model at the same time would
    /// damage each other.
    Unlocked {
        /// The model.
        model: String,
        /// The system's reason.
        reason: String,
    },
    /// Checksums of installed files are being computed.
    Checking {
        /// The model.
        model: String,
    },
    /// An installed file is damaged and will be fetched again.
    Damaged {
        /// The file.
        path: PathBuf,
        /// The damage.
        reason: String,
    },
    /// A source is asked for the model.
    Source {
        /// `hub: …`, `pip: …`, `web: …` or `folder: …`.
        source: String,
    },
    /// A source is busy; it is asked again after a delay.
    Retry {
        /// Its answer.
        reason: String,
        /// Seconds until the next request.
        seconds: u64,
    },
    /// A source did not provide the model; the next one is asked.
    SourceFailed {
        /// The source.
        source: String,
        /// The reason.
        #[serde(rename = "reason", serialize_with = "as_text")]
        error: StoreError,
    },
    /// Progress of the download, at least twice a second.
    Progress {
        /// Bytes on disk; from pip, also those still on their way. Of a packed file, the bytes that
        /// it will have.
        done: u64,
        /// Bytes of the whole model, if known.
        total: Option<u64>,
    },
    /// The model is installed.
    Installed {
        /// The file or folder to open.
        path: PathBuf,
        /// True if its bytes match the catalogue; otherwise only the checksums given by its source
        /// were compared.
        pinned: bool,
    },
}

fn as_text<S: serde::Serializer>(error: &StoreError, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(error)
}
