//! A client for servers of models: retries, redirects, resumed downloads, limits of what is read.
//! Knows neither repositories nor catalogues.

use std::io::Read;
use std::time::{Duration, SystemTime};

use url::Url;

use crate::fetch::http::{self, Agent, BadRedirect, Body, Response, StatusCode, header};
use crate::redact;
use crate::store::error::{Server, StoreError};
use crate::store::event::StoreEvent;
use crate::store::names::Checksum;
use crate::store::partial_file::PartialFile;
use crate::store::settings::StoreSettings;

/// Default idle timeout after which a download is resumed: a slow server is waited for, a silent
/// one is not.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// Longest delay between two attempts. A server that asks for more with `Retry-After` is given up.
const MAX_DELAY: Duration = Duration::from_secs(60);

pub(super) type OnEvent<'e> = &'e mut dyn FnMut(StoreEvent);

/// A client for one server.
pub(super) struct Client<'s> {
    settings: &'s StoreSettings,
    server: Server,
    agent: Agent,
}

/// A file to download.
pub(super) struct Wanted<'w> {
    pub url: &'w Url,
    /// The file in errors.
    pub what: &'w str,
    /// Its exact size, if known; otherwise the size that the server announces.
    pub bytes: Option<u64>,
    /// Most bytes that the server may announce.
    pub most_announced: u64,
    /// Most bytes that are read if it announces none.
    pub most_unannounced: u64,
}

/// What a server said of a file it sent.
pub(super) struct Received {
    /// The exact or announced size.
    pub bytes: Option<u64>,
    /// The checksum that the hub sent.
    pub linked_sha256: Option<Checksum>,
}

/// A response, and the checksum that the hub sent with it or with a redirect.
pub(super) struct Answer {
    pub response: Response,
    linked_sha256: Option<Checksum>,
}

impl<'s> Client<'s> {
    pub fn new(settings: &'s StoreSettings, server: Server) -> Self {
        let idle = settings.idle_timeout.unwrap_or(IDLE_TIMEOUT);
        let agent = http::agent_with_timeouts(settings.connect_timeout, idle);
        Self { settings, server, agent }
    }

    /// Appends the rest of a file to an incomplete one, resuming an interrupted download. What is
    /// too long is discarded.
    pub fn download(
        &self,
        wanted: &Wanted<'_>,
        mut partial: PartialFile,
        on_event: OnEvent<'_>,
    ) -> Result<(PartialFile, Received), StoreError> {
        let what = wanted.what;
        if wanted.bytes.is_some_and(|bytes| partial.length() > bytes) {
            partial.truncate(0)?;
        }
        let mut received = Received { bytes: wanted.bytes, linked_sha256: None };
        let mut furthest = partial.length();
        let mut failures = 0;
        while received.bytes.is_none_or(|bytes| partial.length() < bytes) {
            let before = partial.length();
            let Answer { mut response, linked_sha256 } =
                self.get(wanted.url, before, what, on_event)?;
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
            let limit = received.bytes.unwrap_or(wanted.most_announced);
            if announced.is_some_and(|announced| announced > limit) {
                partial.discard()?;
                return Err(StoreError::TooLarge { what: what.to_string(), limit });
            }
            received.bytes = received.bytes.or(announced);
            received.linked_sha256 = received.linked_sha256.or(linked_sha256);
            let limit = received.bytes.unwrap_or(wanted.most_unannounced);
            match self.copy(response.body_mut(), &mut partial, limit, received.bytes, on_event) {
                Err(error @ StoreError::Io { .. }) => return Err(error),
                Ok(CopyEnd::TooLong) => {
                    partial.discard()?;
                    return Err(StoreError::TooLarge { what: what.to_string(), limit });
                }
                Ok(CopyEnd::Complete) if received.bytes.is_none() => break,
                _ if partial.length() > furthest => {
                    furthest = partial.length();
                    failures = 0;
                }
                // No progress: the server is stuck, not slow.
                end => {
                    failures += 1;
                    let error = end.err().unwrap_or_else(|| {
                        self.interrupted(&format!("sent nothing more of {what}"))
                    });
                    if failures > self.settings.retries {
                        return Err(error);
                    }
                    self.wait(failures, None, &error, on_event);
                }
            }
        }
        Ok((partial, received))
    }

    /// Sends a request, with retries while the server is busy or broken. The delay is the server's
    /// `Retry-After`, or grows.
    pub fn get(
        &self,
        url: &Url,
        from: u64,
        what: &str,
        on_event: OnEvent<'_>,
    ) -> Result<Answer, StoreError> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let answer = self.follow(url, from)?;
            let status = answer.response.status();
            let error = match status.as_u16() {
                200..300 => return Ok(answer),
                416 if from > 0 => return Ok(answer),
                401 | 403 | 404 | 410 => return Err(self.refused(status, what)),
                408 | 425 | 429 | 500..600 => StoreError::Busy {
                    server: self.server.clone(),
                    status: status.to_string(),
                    what: what.to_string(),
                    attempts,
                },
                _ => return Err(self.bad_response(format!("answered {status} for {what}"))),
            };
            let delay = header(&answer.response, "retry-after")
                .and_then(|text| retry_after(&text, SystemTime::now()));
            if attempts > self.settings.retries || delay.is_some_and(|delay| delay > MAX_DELAY) {
                return Err(error);
            }
            self.wait(attempts, delay, &error, on_event);
        }
    }

    /// Waits before the next attempt, `delay` if the server named one.
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

    /// Follows redirects. The token is sent only to the hub, by its own scheme, host and port.
    fn follow(&self, url: &Url, from: u64) -> Result<Answer, StoreError> {
        let mut linked_sha256 = None;
        let response = http::follow(url, |address| {
            let mut request = self.agent.get(address.as_str());
            if let Some(token) = &self.settings.token
                && self.server == Server::Hub
                && address.origin() == url.origin()
            {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            if from > 0 {
                request = request.header("range", format!("bytes={from}-"));
            }
            let response = request.call().map_err(|error| {
                Refusal::Store(StoreError::Unreachable {
                    server: self.server.clone(),
                    reason: http::reason(&error, self.settings.connect_timeout),
                })
            })?;
            // Sent by the hub only, not by the host it redirects to.
            if linked_sha256.is_none() {
                linked_sha256 =
                    header(&response, "x-linked-etag").and_then(|etag| checksum_in(&etag));
            }
            Ok::<_, Refusal>(response)
        });
        let response = response.map_err(|refusal| match refusal {
            Refusal::Redirect(redirect) => self.bad_response(redirect.to_string()),
            Refusal::Store(error) => error,
        })?;
        Ok(Answer { response, linked_sha256 })
    }

    /// The error of a file that the server does not give.
    fn refused(&self, status: StatusCode, what: &str) -> StoreError {
        let what = what.to_string();
        match (&self.server, status.as_u16()) {
            // Storages refuse strangers what they do not have.
            (Server::Host(_), _) => {
                StoreError::NotOnServer { server: self.server.clone(), file: what }
            }
            (Server::Hub, 404 | 410) => StoreError::NotOnHub { what },
            (Server::Hub, _) => StoreError::Unauthorized { what },
        }
    }

    pub fn bad_response(&self, reason: String) -> StoreError {
        StoreError::BadResponse { server: self.server.clone(), reason }
    }

    pub fn interrupted(&self, reason: &str) -> StoreError {
        let reason = format!("broke off: {}", redact::foreign(reason));
        StoreError::Unreachable { server: self.server.clone(), reason }
    }

    /// Appends a body to an incomplete file. `total` is the size of the whole file, if known.
    fn copy(
        &self,
        body: &mut Body,
        partial: &mut PartialFile,
        limit: u64,
        total: Option<u64>,
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
                    on_event(StoreEvent::Progress { done: partial.length(), total });
                }
                Err(error) => return Err(self.interrupted(&error.to_string())),
            }
        }
    }
}

/// Why a request or a redirect has no response.
enum Refusal {
    Redirect(BadRedirect),
    Store(StoreError),
}

impl From<BadRedirect> for Refusal {
    fn from(redirect: BadRedirect) -> Self {
        Self::Redirect(redirect)
    }
}

/// How the body of a response ended.
enum CopyEnd {
    Complete,
    TooLong,
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
