//! Settings of a store, as plain data.

use std::path::PathBuf;
use std::time::Duration;

/// Where Mozilla keeps the translators of Firefox, packed with gzip.
pub const FIREFOX_ENDPOINT: &str =
    "https://storage.googleapis.com/moz-fx-translations-data--303e-prod-translations-data";
/// Where Firefox fetches them from, packed with zstd.
pub const FIREFOX_ATTACHMENTS: &str = "https://firefox-settings-attachments.cdn.mozilla.net";

/// Where a store looks, and what it may do.
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// The Hugging Face cache: the folder with `models--owner--repo`.
    pub cache: PathBuf,
    /// URL of the hub.
    pub endpoint: String,
    /// URL in place of [`FIREFOX_ENDPOINT`]: a mirror.
    pub firefox_endpoint: String,
    /// URL in place of [`FIREFOX_ATTACHMENTS`].
    pub firefox_attachments: String,
    /// Access token of the hub, sent to the hub's own host only.
    pub token: Option<String>,
    /// Never open a connection.
    pub offline: bool,
    /// The Python whose `pip` is run if the hub cannot be reached.
    pub python: String,
    /// Timeout for connecting to the hub and for the first byte of its response.
    pub connect_timeout: Duration,
    /// Idle timeout after which a download is resumed; one minute by default.
    pub idle_timeout: Option<Duration>,
    /// Number of retries if the hub is busy or broken (429, 5xx).
    pub retries: u32,
    /// Delay before the first retry, doubled each time. A `Retry-After` of the hub overrides it.
    pub retry_delay: Duration,
    /// List of computed checksums, best in the folder of cached weights (`sums.json`), where
    /// opening a model looks for it too. By default a list of the store's own, in the cache.
    pub checksums: Option<PathBuf>,
    /// Read every byte of a model before it is opened, also if its files have not changed.
    pub verify: bool,
    /// Bytes of free disk space to assume, instead of asking the system.
    pub free_space: Option<u64>,
}

impl StoreSettings {
    /// The default settings, for a cache folder.
    pub fn new(cache: impl Into<PathBuf>) -> Self {
        Self {
            cache: cache.into(),
            endpoint: "https://huggingface.co".to_string(),
            firefox_endpoint: FIREFOX_ENDPOINT.to_string(),
            firefox_attachments: FIREFOX_ATTACHMENTS.to_string(),
            token: None,
            offline: false,
            python: "python3".to_string(),
            connect_timeout: Duration::from_secs(5),
            idle_timeout: None,
            retries: 4,
            retry_delay: Duration::from_secs(1),
            checksums: None,
            verify: false,
            free_space: None,
        }
    }
}
