//! The Hugging Face hub: lists the files of a revision, and downloads them.
//!
//! The layout on disk follows `hf-hub` (`store/cache.rs`); its downloader is not used. The
//! synchronous one of version 0.5 resumes downloads, but has no timeouts, appends a whole file if a
//! server ignores `Range` (200 instead of 206), computes no SHA-256, joins etags and commits of the
//! server to paths unchecked, and renames a file before it could be verified. Version 1.0 restarts
//! interrupted downloads, compares no checksums either, and adds an asynchronous runtime and some
//! 120 crates. Here every request has timeouts, status 206 and its range are checked, sizes limit
//! what is read, checksums are compared before a file is renamed, and names are validated before
//! they are used in paths. `ureq` reads the proxy variables.
//!
//! API: <https://huggingface.co/docs/hub/api>.

use std::io::Read;
use std::path::Path;

use serde::Deserialize;
use url::Url;

use super::client::{Client, OnEvent, Wanted};
use crate::fetch::http::is_http;
use crate::redact;
use crate::store::catalogue::PinnedFile;
use crate::store::error::{Server, StoreError};
use crate::store::names::{Checksum, Commit, FileName};
use crate::store::partial_file::PartialFile;
use crate::store::repo::RepoFile;
use crate::store::settings::StoreSettings;

/// Limit of API responses in bytes.
const MAX_API_RESPONSE: u64 = 8 << 20;
/// Limit of files without a known size: configurations and vocabularies.
const MAX_UNSIZED: u64 = 64 << 20;

/// A file to fetch.
#[derive(Debug, Clone)]
pub(crate) struct RemoteFile {
    pub name: FileName,
    pub bytes: Option<u64>,
    /// The hub gives it for large files.
    pub sha256: Option<Checksum>,
}

impl From<&PinnedFile> for RemoteFile {
    fn from(file: &PinnedFile) -> Self {
        Self { name: file.name.clone(), bytes: Some(file.bytes), sha256: Some(file.sha256.clone()) }
    }
}

/// A revision as the hub lists it.
pub(crate) struct Revision {
    pub commit: Commit,
    pub files: Vec<ListedFile>,
}

/// A file as the hub lists it, not validated.
pub(crate) struct ListedFile {
    pub name: String,
    pub bytes: Option<u64>,
    sha256: Option<String>,
}

impl ListedFile {
    pub fn sha256(&self) -> Result<Option<Checksum>, StoreError> {
        self.sha256.as_deref().map(Checksum::parse).transpose()
    }
}

/// A client for a hub.
pub(crate) struct Hub<'s> {
    client: Client<'s>,
    endpoint: Url,
}

impl<'s> Hub<'s> {
    pub fn new(settings: &'s StoreSettings) -> Result<Self, StoreError> {
        let client = Client::new(settings, Server::Hub);
        let endpoint = Url::parse(settings.endpoint.trim_end_matches('/'))
            .ok()
            .filter(|url| is_http(url) && url.host().is_some());
        let endpoint = endpoint.ok_or_else(|| {
            let given = redact::foreign(&settings.endpoint);
            client.bad_response(format!("has no usable URL: `{given}`"))
        })?;
        Ok(Self { client, endpoint })
    }

    /// Lists the files of a revision.
    pub fn list(&self, repo: &RepoFile, on_event: OnEvent<'_>) -> Result<Revision, StoreError> {
        #[derive(Deserialize)]
        struct ApiResponse {
            sha: String,
            siblings: Vec<Sibling>,
        }
        #[derive(Deserialize)]
        struct Sibling {
            rfilename: String,
            size: Option<u64>,
            lfs: Option<Lfs>,
        }
        #[derive(Deserialize)]
        struct Lfs {
            #[serde(alias = "oid")]
            sha256: Option<String>,
            size: Option<u64>,
        }
        let revision = repo.revision().replace('/', "%2F");
        let url =
            self.address(&format!("api/models/{}/revision/{revision}?blobs=true", repo.repo()))?;
        let what = format!("{} at {}", repo.repo(), repo.revision());
        let mut response = self.client.get(&url, 0, &what, on_event)?.response;
        let mut text = Vec::new();
        let mut body = response.body_mut().as_reader().take(MAX_API_RESPONSE + 1);
        body.read_to_end(&mut text).map_err(|e| self.client.interrupted(&e.to_string()))?;
        if text.len() as u64 > MAX_API_RESPONSE {
            return Err(StoreError::TooLarge {
                what: format!("the list of {what}"),
                limit: MAX_API_RESPONSE,
            });
        }
        let answer: ApiResponse = serde_json::from_slice(&text).map_err(|e| {
            self.client.bad_response(format!(
                "gave a response that cannot be read: {}",
                redact::foreign(&e.to_string())
            ))
        })?;
        let commit = Commit::parse(&answer.sha)?;
        let files =
            answer.siblings.into_iter().map(|Sibling { rfilename, size, lfs }| ListedFile {
                name: rfilename,
                bytes: lfs.as_ref().and_then(|lfs| lfs.size).or(size),
                sha256: lfs.and_then(|lfs| lfs.sha256),
            });
        Ok(Revision { commit, files: files.collect() })
    }

    /// Downloads a file to `target`, resuming an interrupted download. Returns its checksum.
    pub fn download(
        &self,
        repo: &RepoFile,
        file: &RemoteFile,
        target: &Path,
        on_event: OnEvent<'_>,
    ) -> Result<Checksum, StoreError> {
        let revision = repo.revision().replace('/', "%2F");
        let url = self.address(&format!("{}/resolve/{revision}/{}", repo.repo(), file.name))?;
        let wanted = Wanted {
            url: &url,
            what: &format!("{} in {} at {}", file.name, repo.repo(), repo.revision()),
            bytes: file.bytes,
            most_announced: u64::MAX,
            most_unannounced: MAX_UNSIZED,
        };
        let partial = PartialFile::open(target)?;
        let (partial, received) = self.client.download(&wanted, partial, on_event)?;
        let sha256 = file.sha256.clone().or(received.linked_sha256);
        partial.finish(file.name.as_str(), received.bytes, sha256.as_ref())
    }

    fn address(&self, path: &str) -> Result<Url, StoreError> {
        let base = self.endpoint.as_str().trim_end_matches('/');
        Url::parse(&format!("{base}/{path}"))
            .map_err(|e| self.client.bad_response(format!("has no usable URL: {e}")))
    }
}
