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
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use url::Url;

use crate::fetch::http::{self, Agent, BadRedirect, Body, Response, StatusCode, header, is_http};
use crate::redact;
use crate::store::catalogue::PinnedFile;
use crate::store::error::StoreError;
use crate::store::event::StoreEvent;
use crate::store::names::{Checksum, Commit, FileName};
use crate::store::partial_file::PartialFile;
use crate::store::repo::RepoFile;
use crate::store::settings::StoreSettings;

/// Default idle timeout after which a download is resumed: a slow server is waited for, a silent
/// one is not.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// Limit of API responses in bytes.
const MAX_API_RESPONSE: u64 = 8 << 20;
/// Limit of files without a known size: configurations and vocabularies.
const MAX_UNSIZED: u64 = 64 << 20;
/// Longest delay between two attempts. A hub that asks for more with `Retry-After` is given up.
const MAX_DELAY: Duration = Duration::from_secs(60);

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

type OnEvent<'e> = &'e mut dyn FnMut(StoreEvent);

/// A client for a hub.
pub(crate) struct Hub<'s> {
    settings: &'s StoreSettings,
    endpoint: Url,
    agent: Agent,
}

impl<'s> Hub<'s> {
    pub fn new(settings: &'s StoreSettings) -> Result<Self, StoreError> {
        let endpoint = Url::parse(settings.endpoint.trim_end_matches('/'))
            .ok()
            .filter(|url| is_http(url) && url.host().is_some())
            .ok_or_else(|| {
                bad_response(format!(
                    "has no usable URL: `{}`",
                    redact::foreign(&settings.endpoint)
                ))
            })?;
        let idle = settings.idle_timeout.unwrap_or(IDLE_TIMEOUT);
        let agent = http::agent_with_timeouts(settings.connect_timeout, idle);
        Ok(Self { settings, endpoint, agent })
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
        let mut response = self.get(&url, 0, &what, on_event)?.response;
        let mut text = Vec::new();
        let mut body = response.body_mut().as_reader().take(MAX_API_RESPONSE + 1);
        body.read_to_end(&mut text).map_err(|e| interrupted(&e.to_string()))?;
        if text.len() as u64 > MAX_API_RESPONSE {
            return Err(StoreError::TooLarge {
                what: format!("the list of {what}"),
                limit: MAX_API_RESPONSE,
            });
        }
        let answer: ApiResponse = serde_json::from_slice(&text).map_err(|e| {
            bad_response(format!(
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
        let what = format!("{} in {} at {}", file.name, repo.repo(), repo.revision());
        let mut partial = PartialFile::open(target)?;
        if file.bytes.is_some_and(|bytes| partial.length() > bytes) {
            partial.truncate(0)?;
        }
        let mut expected = file.bytes;
        let mut sha256 = file.sha256.clone();
        let mut furthest = partial.length();
        let mut failures = 0;
        while expected.is_none_or(|bytes| partial.length() < bytes) {
            let before = partial.length();
            let HubResponse { mut response, linked_sha256 } =
                self.get(&url, before, &what, on_event)?;
            if before > 0 && !continues(&response, before) {
                // The server sends the whole file, another range, or nothing (416).
                partial.truncate(0)?;
                if response.status() != StatusCode::OK {
                    continue;
                }
            }
            let announced = header(&response, "content-length")
                .and_then(|length| length.parse::<u64>().ok())
                .map(|length| length.saturating_add(partial.length()));
            if let (Some(expected), Some(announced)) = (expected, announced)
                && announced > expected
            {
                partial.discard()?;
                return Err(StoreError::TooLarge { what, limit: expected });
            }
            expected = expected.or(announced);
            sha256 = sha256.or(linked_sha256);
            let limit = expected.unwrap_or(MAX_UNSIZED);
            match copy(response.body_mut(), &mut partial, limit, on_event) {
                Err(error @ StoreError::Io { .. }) => return Err(error),
                Ok(CopyEnd::TooLong) => {
                    partial.discard()?;
                    return Err(StoreError::TooLarge { what, limit });
                }
                Ok(CopyEnd::Complete) if expected.is_none() => break,
                _ if partial.length() > furthest => {
                    furthest = partial.length();
                    failures = 0;
                }
                // No progress: the server is stuck, not slow.
                end => {
                    failures += 1;
                    let error = end
                        .err()
                        .unwrap_or_else(|| interrupted(&format!("sent nothing more of {what}")));
                    if failures > self.settings.retries {
                        return Err(error);
                    }
                    self.wait(failures, None, &error, on_event);
                }
            }
        }
        partial.finish(file.name.as_str(), expected, sha256.as_ref())
    }

    fn address(&self, path: &str) -> Result<Url, StoreError> {
        let base = self.endpoint.as_str().trim_end_matches('/');
        Url::parse(&format!("{base}/{path}"))
            .map_err(|e| bad_response(format!("has no usable URL: {e}")))
    }

    /// Sends a request, with retries while the hub is busy or broken. The delay is the hub's
    /// `Retry-After`, or grows.
    fn get(
        &self,
        url: &Url,
        from: u64,
        what: &str,
        on_event: OnEvent<'_>,
    ) -> Result<HubResponse, StoreError> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let answer = self.follow(url, from)?;
            let status = answer.response.status();
            let error = match status.as_u16() {
                200..300 => return Ok(answer),
                416 if from > 0 => return Ok(answer),
                401 | 403 => return Err(StoreError::Unauthorized { what: what.to_string() }),
                404 => return Err(StoreError::NotOnHub { what: what.to_string() }),
                408 | 425 | 429 | 500..600 => StoreError::Busy {
                    status: status.to_string(),
                    what: what.to_string(),
                    attempts,
                },
                _ => return Err(bad_response(format!("answered {status} for {what}"))),
            };
            let delay = header(&answer.response, "retry-after")
                .and_then(|text| retry_after(&text, SystemTime::now()));
            if attempts > self.settings.retries || delay.is_some_and(|delay| delay > MAX_DELAY) {
                return Err(error);
            }
            self.wait(attempts, delay, &error, on_event);
        }
    }

    /// Waits before the next attempt, `delay` if the hub named one.
    fn wait(
        &self,
        attempt: u32,
        delay: Option<Duration>,
        error: &StoreError,
        on_event: OnEvent<'_>,
    ) {
        let growing =
            self.settings.retry_delay.saturating_mul(1 << attempt.saturating_sub(1).min(6));
        let delay = delay.unwrap_or(growing).min(MAX_DELAY);
        on_event(StoreEvent::Retry {
            reason: error.to_string(),
            seconds: delay.as_secs_f64().ceil() as u64,
        });
        std::thread::sleep(delay);
    }

    /// Follows redirects. The token is sent only to the hub's own scheme, host and port.
    fn follow(&self, url: &Url, from: u64) -> Result<HubResponse, StoreError> {
        let mut linked_sha256 = None;
        let response = http::follow(url, |address| {
            let mut request = self.agent.get(address.as_str());
            if let Some(token) = &self.settings.token
                && address.origin() == url.origin()
            {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            if from > 0 {
                request = request.header("range", format!("bytes={from}-"));
            }
            let response = request.call().map_err(|error| StoreError::Unreachable {
                reason: http::reason(&error, self.settings.connect_timeout),
            })?;
            // Sent by the hub only, not by the host it redirects to.
            if linked_sha256.is_none() {
                linked_sha256 =
                    header(&response, "x-linked-etag").and_then(|etag| checksum_in(&etag));
            }
            Ok::<_, StoreError>(response)
        })?;
        Ok(HubResponse { response, linked_sha256 })
    }
}

impl From<BadRedirect> for StoreError {
    fn from(redirect: BadRedirect) -> Self {
        bad_response(redirect.to_string())
    }
}

/// A response, and the checksum that the hub sent with it or with a redirect.
struct HubResponse {
    response: Response,
    linked_sha256: Option<Checksum>,
}

/// How the body of a response ended.
enum CopyEnd {
    Complete,
    TooLong,
}

fn copy(
    body: &mut Body,
    partial: &mut PartialFile,
    limit: u64,
    on_event: OnEvent<'_>,
) -> Result<CopyEnd, StoreError> {
    let mut buffer = vec![0; 1 << 18];
    let mut reader = body.as_reader();
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(CopyEnd::Complete),
            Ok(count) if partial.length().saturating_add(count as u64) > limit => {
                return Ok(CopyEnd::TooLong);
            }
            Ok(count) => {
                partial.write(&buffer[..count])?;
                on_event(StoreEvent::Progress { done: partial.length(), total: None });
            }
            Err(error) => return Err(interrupted(&error.to_string())),
        }
    }
}

/// True if a response holds the rest of a file from byte `from` on.
fn continues(response: &Response, from: u64) -> bool {
    let begins = header(response, "content-range").and_then(|range| {
        range.trim().strip_prefix("bytes")?.trim().split('-').next()?.parse::<u64>().ok()
    });
    // Without a range the server is trusted: size and checksum are compared at the end.
    response.status() == StatusCode::PARTIAL_CONTENT && begins.is_none_or(|begins| begins == from)
}

/// The delay of a `Retry-After` header: seconds or a date.
fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = chrono::DateTime::parse_from_rfc2822(text.trim()).ok()?;
    let then = SystemTime::UNIX_EPOCH
        .checked_add(Duration::from_secs(date.timestamp().try_into().ok()?))?;
    Some(then.duration_since(now).unwrap_or_default())
}

fn bad_response(reason: String) -> StoreError {
    StoreError::BadResponse { reason }
}

fn interrupted(reason: &str) -> StoreError {
    StoreError::Unreachable { reason: format!("broke off: {}", redact::foreign(reason)) }
}

/// The SHA-256 in an etag; etags of small files are other hashes.
fn checksum_in(etag: &str) -> Option<Checksum> {
    Checksum::parse(etag.trim_start_matches("W/").trim_matches('"')).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_445_412_475);
        for (text, seconds) in [
            ("7", Some(7)),
            (" 0 ", Some(0)),
            ("Wed, 21 Oct 2015 07:28:00 GMT", Some(5)),
            ("Wed, 21 Oct 2015 07:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
            ("99999999999999999999999", None),
        ] {
            assert_eq!(retry_after(text, now), seconds.map(Duration::from_secs), "{text}");
        }
    }

    #[test]
    fn etags_with_a_checksum_are_recognized() {
        let digits = "ab".repeat(32);
        assert_eq!(checksum_in(&format!("\"{digits}\"")).unwrap().as_str(), digits);
        assert_eq!(checksum_in(&format!("W/\"{digits}\"")).unwrap().as_str(), digits);
        assert!(checksum_in("\"../../x\"").is_none() && checksum_in("\"0123\"").is_none());
    }
}
