//! The Hugging Face hub: which files a revision has, and their bytes.
//!
//! The layout on disk is `hf-hub`'s (see `store/cache.rs`), its downloader is not used. The
//! synchronous one of 0.5 continues a broken download, but has no time-outs, appends a whole file
//! to what is there where a server ignores `Range` (200 instead of 206), computes no SHA-256, joins
//! etags and commits of the server to paths as they come, and gives a file its name in the shared
//! cache before anything could check it. 1.0 begins broken downloads anew, checks no sums either,
//! and brings an asynchronous runtime and some 120 crates. Here every request has time-outs, 206
//! and its range are checked, sizes bound what is read, sums are compared before a file has its
//! name, and names are checked before they are paths. Proxy variables are honoured by `ureq`.
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
use crate::store::partial_file::PartialFile;
use crate::store::{Checksum, Commit, FileName, RepoFile, Settings, StoreError, StoreEvent};

/// Default idle timeout after which a download is resumed: a slow server is waited for, a silent
/// one is not.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// Answers of the API are small.
const MAX_ANSWER: u64 = 8 << 20;
/// Bytes of a file whose size neither the listing nor the server gives: configurations and
/// vocabularies.
const MAX_UNSIZED: u64 = 64 << 20;
/// Longest wait between two attempts; a hub that asks for more by `Retry-After` is given up.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// A file to fetch.
#[derive(Debug, Clone)]
pub(crate) struct RemoteFile {
    pub name: FileName,
    pub bytes: Option<u64>,
    /// Large files are known by their sum.
    pub sum: Option<Checksum>,
}

impl From<&PinnedFile> for RemoteFile {
    fn from(file: &PinnedFile) -> Self {
        Self { name: file.name.clone(), bytes: Some(file.bytes), sum: Some(file.sha256.clone()) }
    }
}

/// What the hub says of a revision.
pub(crate) struct Revision {
    pub commit: Commit,
    pub files: Vec<ListedFile>,
}

/// A file as the hub describes it: nothing of it is checked.
pub(crate) struct ListedFile {
    pub name: String,
    pub bytes: Option<u64>,
    sha256: Option<String>,
}

impl ListedFile {
    pub fn sum(&self) -> Result<Option<Checksum>, StoreError> {
        self.sha256.as_deref().map(Checksum::parse).transpose()
    }
}

/// Receiver of events.
type OnEvent<'e> = &'e mut dyn FnMut(StoreEvent);

/// A connection to a hub.
pub(crate) struct Hub<'s> {
    settings: &'s Settings,
    endpoint: Url,
    agent: Agent,
}

impl<'s> Hub<'s> {
    pub fn new(settings: &'s Settings) -> Result<Self, StoreError> {
        let endpoint = Url::parse(settings.endpoint.trim_end_matches('/'))
            .ok()
            .filter(|url| is_http(url) && url.host().is_some())
            .ok_or_else(|| {
                bad_answer(format!(
                    "has no usable address: `{}`",
                    redact::foreign(&settings.endpoint)
                ))
            })?;
        let idle = settings.idle_timeout.unwrap_or(IDLE_TIMEOUT);
        let agent = http::agent_with_timeouts(settings.connect_timeout, idle);
        Ok(Self { settings, endpoint, agent })
    }

    /// The commit of a revision, and its files.
    pub fn list(&self, repo: &RepoFile, on_event: OnEvent<'_>) -> Result<Revision, StoreError> {
        #[derive(Deserialize)]
        struct Answer {
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
        let mut body = response.body_mut().as_reader().take(MAX_ANSWER + 1);
        body.read_to_end(&mut text).map_err(|e| broken_off(&e.to_string()))?;
        if text.len() as u64 > MAX_ANSWER {
            return Err(StoreError::TooLarge {
                what: format!("the list of {what}"),
                most: MAX_ANSWER,
            });
        }
        let answer: Answer = serde_json::from_slice(&text).map_err(|e| {
            bad_answer(format!(
                "gave an answer that cannot be read: {}",
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

    /// Brings a file to `target`, continuing what is there. Returns its sum.
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
        let mut sum = file.sum.clone();
        let mut furthest = partial.length();
        let mut failures = 0;
        while expected.is_none_or(|bytes| partial.length() < bytes) {
            let before = partial.length();
            let HubResponse { mut response, linked } = self.get(&url, before, &what, on_event)?;
            if before > 0 && !continues(&response, before) {
                // The whole file comes, another part than was asked for, or none (416).
                partial.truncate(0)?;
                if response.status() != StatusCode::OK {
                    continue;
                }
            }
            let coming = header(&response, "content-length").and_then(|n| n.parse::<u64>().ok());
            let coming = coming.map(|n| n.saturating_add(partial.length()));
            if let (Some(expected), Some(coming)) = (expected, coming)
                && coming > expected
            {
                partial.discard()?;
                return Err(StoreError::TooLarge { what, most: expected });
            }
            expected = expected.or(coming);
            sum = sum.or(linked);
            let most = expected.unwrap_or(MAX_UNSIZED);
            let ended = copy(response.body_mut(), &mut partial, most, on_event);
            match ended {
                Err(error @ StoreError::Io { .. }) => return Err(error),
                Ok(Copied::TooMuch) => {
                    partial.discard()?;
                    return Err(StoreError::TooLarge { what, most });
                }
                Ok(Copied::All) if expected.is_none() => break,
                _ if partial.length() > furthest => {
                    furthest = partial.length();
                    failures = 0;
                }
                // Nothing came that was not there: the server has stopped, not slowed down.
                ended => {
                    failures += 1;
                    let error = ended
                        .err()
                        .unwrap_or_else(|| broken_off(&format!("sent nothing more of {what}")));
                    if failures > self.settings.retries {
                        return Err(error);
                    }
                    self.pause(failures, None, &error, on_event);
                }
            }
        }
        partial.finish(file.name.as_str(), expected, sum.as_ref())
    }

    fn address(&self, path: &str) -> Result<Url, StoreError> {
        let base = self.endpoint.as_str().trim_end_matches('/');
        Url::parse(&format!("{base}/{path}"))
            .map_err(|e| bad_answer(format!("has no usable address: {e}")))
    }

    /// Asks again where the hub is busy or broken, after the time it names or a growing one.
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
            let got = self.follow(url, from)?;
            let status = got.response.status();
            let error = match status.as_u16() {
                200..300 => return Ok(got),
                416 if from > 0 => return Ok(got),
                401 | 403 => return Err(StoreError::Unauthorized { what: what.to_string() }),
                404 => return Err(StoreError::NotOnHub { what: what.to_string() }),
                408 | 425 | 429 | 500..600 => StoreError::Busy {
                    status: status.to_string(),
                    what: what.to_string(),
                    attempts,
                },
                _ => return Err(bad_answer(format!("answered {status} for {what}"))),
            };
            let asked = header(&got.response, "retry-after")
                .and_then(|text| retry_after(&text, SystemTime::now()));
            if attempts > self.settings.retries || asked.is_some_and(|asked| asked > MAX_PAUSE) {
                return Err(error);
            }
            self.pause(attempts, asked, &error, on_event);
        }
    }

    /// Waits before the attempt after this one.
    fn pause(
        &self,
        attempt: u32,
        asked: Option<Duration>,
        why: &StoreError,
        on_event: OnEvent<'_>,
    ) {
        let growing =
            self.settings.retry_delay.saturating_mul(1 << attempt.saturating_sub(1).min(6));
        let pause = asked.unwrap_or(growing).min(MAX_PAUSE);
        on_event(StoreEvent::Retry {
            reason: why.to_string(),
            seconds: pause.as_secs_f64().ceil() as u64,
        });
        std::thread::sleep(pause);
    }

    /// Follows redirects. The token is sent only to the hub's own scheme, host and port.
    fn follow(&self, url: &Url, from: u64) -> Result<HubResponse, StoreError> {
        let mut linked = None;
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
            // Only the hub names the sum, not the host it redirects to.
            if linked.is_none() {
                linked = header(&response, "x-linked-etag").and_then(|etag| checksum_in(&etag));
            }
            Ok::<_, StoreError>(response)
        })?;
        Ok(HubResponse { response, linked })
    }
}

impl From<BadRedirect> for StoreError {
    fn from(redirect: BadRedirect) -> Self {
        bad_answer(redirect.to_string())
    }
}

/// A response, and the sum of the file that the hub named in it or in a redirect.
struct HubResponse {
    response: Response,
    linked: Option<Checksum>,
}

/// How a body ended.
enum Copied {
    All,
    TooMuch,
}

fn copy(
    body: &mut Body,
    partial: &mut PartialFile,
    most: u64,
    on_event: OnEvent<'_>,
) -> Result<Copied, StoreError> {
    let mut buffer = vec![0; 1 << 18];
    let mut reader = body.as_reader();
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(Copied::All),
            Ok(count) if partial.length().saturating_add(count as u64) > most => {
                return Ok(Copied::TooMuch);
            }
            Ok(count) => {
                partial.write(&buffer[..count])?;
                on_event(StoreEvent::Progress { done: partial.length(), total: None });
            }
            Err(error) => return Err(broken_off(&error.to_string())),
        }
    }
}

/// Whether an answer holds the rest of a file from `from` on.
fn continues(response: &Response, from: u64) -> bool {
    let begins = header(response, "content-range").and_then(|range| {
        range.trim().strip_prefix("bytes")?.trim().split('-').next()?.parse::<u64>().ok()
    });
    // A server that names no range is believed: sizes and sums are compared in the end.
    response.status() == StatusCode::PARTIAL_CONTENT && begins.is_none_or(|begins| begins == from)
}

/// Seconds, or a date.
fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = chrono::DateTime::parse_from_rfc2822(text.trim()).ok()?;
    let then = SystemTime::UNIX_EPOCH
        .checked_add(Duration::from_secs(date.timestamp().try_into().ok()?))?;
    Some(then.duration_since(now).unwrap_or_default())
}

fn bad_answer(reason: String) -> StoreError {
    StoreError::BadResponse { reason }
}

fn broken_off(reason: &str) -> StoreError {
    StoreError::Unreachable { reason: format!("broke off: {}", redact::foreign(reason)) }
}

/// The SHA-256 in an etag; small files have other sums there.
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
    fn etags_that_are_sums_are_told_from_others() {
        let sum = "ab".repeat(32);
        assert_eq!(checksum_in(&format!("\"{sum}\"")).unwrap().as_str(), sum);
        assert_eq!(checksum_in(&format!("W/\"{sum}\"")).unwrap().as_str(), sum);
        assert!(checksum_in("\"../../x\"").is_none() && checksum_in("\"0123\"").is_none());
    }
}
