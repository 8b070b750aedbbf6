//! Files at addresses of their own, packed with gzip or zstd or as they are: Mozilla publishes the
//! translators of Firefox so, in two places.
//!
//! The packed bytes are kept until they are unpacked, so that an interrupted download is resumed.
//! No token is sent. Redirects are followed, as the checksum decides what is kept.

use std::path::Path;

use url::Url;

use super::client::{Client, OnEvent, Wanted};
use crate::files;
use crate::redact;
use crate::store::catalogue::PinnedFile;
use crate::store::error::{Server, StoreError};
use crate::store::event::StoreEvent;
use crate::store::packed::{most_packed, packed_path, unpack_into};
use crate::store::partial_file::{PartialFile, partial_path};
use crate::store::settings::{FIREFOX_ATTACHMENTS, FIREFOX_ENDPOINT, StoreSettings};

/// Downloads a file to `target`, which appears once it is unpacked and verified. Progress is in
/// bytes of the unpacked file, in proportion to the packed ones.
pub(in crate::store) fn pull(
    settings: &StoreSettings,
    address: &str,
    file: &PinnedFile,
    target: &Path,
    on_event: OnEvent<'_>,
) -> Result<(), StoreError> {
    let address = mirrored(settings, address);
    let shown = redact::foreign(&address);
    let url = Url::parse(&address).map_err(|error| StoreError::BadResponse {
        server: Server::Host(shown.clone()),
        reason: format!("is not a usable address: {error}"),
    })?;
    let client = Client::new(settings, Server::Host(host(&url)));
    let what = format!("{} ({shown})", file.name);
    let limit = most_packed(file.bytes);
    let wanted = Wanted {
        url: &url,
        what: &what,
        bytes: None,
        most_announced: limit,
        most_unannounced: limit,
    };
    let mut tell = |event| match event {
        StoreEvent::Progress { done, total } => {
            on_event(StoreEvent::Progress { done: share(file.bytes, done, total), total: None });
        }
        other => on_event(other),
    };
    let packed = packed_path(target);
    let downloaded = client.download(&wanted, PartialFile::open(&packed)?, &mut tell);
    if downloaded.is_err() && files::size(&partial_path(&packed)) == Some(0) {
        // Nothing came, so that there is nothing to resume.
        let _ = std::fs::remove_file(partial_path(&packed));
    }
    let (partial, _) = downloaded?;
    match unpack_into(partial.reader()?, &what, file, target) {
        // A fault of this machine: the packed bytes are still good.
        Err(error @ StoreError::Io { .. }) => Err(error),
        unpacked => partial.discard().and(unpacked),
    }
}

/// The address at the mirror that the settings name.
fn mirrored(settings: &StoreSettings, address: &str) -> String {
    let mirrors = [
        (FIREFOX_ENDPOINT, &settings.firefox_endpoint),
        (FIREFOX_ATTACHMENTS, &settings.firefox_attachments),
    ];
    let path = |usual| address.strip_prefix(usual).filter(|path: &&str| path.starts_with('/'));
    let mirror = mirrors.into_iter().find_map(|(usual, mirror)| Some((mirror, path(usual)?)));
    mirror.map_or_else(
        || address.to_string(),
        |(mirror, path)| format!("{}{path}", mirror.trim_end_matches('/')),
    )
}

/// Host and port of an address.
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_string(), |port| format!("{host}:{port}"))
}

/// Bytes of an unpacked file for `done` of `total` packed ones.
fn share(bytes: u64, done: u64, total: Option<u64>) -> u64 {
    let share = total.filter(|total| *total > 0).map_or_else(
        || u128::from(done),
        |total| u128::from(bytes) * u128::from(done) / u128::from(total),
    );
    u64::try_from(share).unwrap_or(bytes).min(bytes)
}
