//! The Hugging Face hub: which files a revision has, and their bytes.
//!
//! Plain HTTP over `ureq` and not the `hf-hub` crate: its 1.0 brings an asynchronous runtime and Xet (about 490 crates in all), and
//! none of its versions continues a broken download, checks the sums it is told, or lets its time-outs be set. What is left to do
//! is this file; the layout on disk is the same, so that both find each other's files. Proxy variables are honoured by `ureq`.
//!
//! API: <https://huggingface.co/docs/hub/api>.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use ureq::http::{Response, StatusCode, Uri};
use ureq::{Agent, Body};

use crate::store::arrival::Arrival;
use crate::store::{RepoFile, Settings, StoreError};

/// A download is asked for again, from where it is, after this long: that a server is slow is no reason to give up, that nothing
/// came in all this time is.
const STRETCH: Duration = Duration::from_secs(60);
/// Redirections followed.
const HOPS: usize = 5;
/// Answers of the API are small.
const MAX_ANSWER: u64 = 8 << 20;

/// A file of a revision.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub name: String,
    pub bytes: Option<u64>,
    /// Large files are known by their sum.
    pub sha256: Option<String>,
}

/// A connection to a hub.
pub(crate) struct Hub<'s> {
    settings: &'s Settings,
    agent: Agent,
}

impl<'s> Hub<'s> {
    pub fn new(settings: &'s Settings) -> Self {
        let patience = Some(settings.patience);
        let agent = Agent::config_builder()
            .timeout_resolve(patience)
            .timeout_connect(patience)
            .timeout_recv_response(patience)
            .timeout_recv_body(Some(settings.stretch.unwrap_or(STRETCH)))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(concat!("malmoi/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Self { settings, agent }
    }

    /// The commit of a revision, and its files.
    pub fn list(&self, repo: &RepoFile) -> Result<(String, Vec<Listed>), StoreError> {
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
        let url = format!(
            "{}/api/models/{}/revision/{}?blobs=true",
            self.settings.endpoint, repo.repo, repo.revision
        );
        let mut response = self.get(&url, 0, &format!("{} at {}", repo.repo, repo.revision))?;
        let mut text = Vec::new();
        let mut body = response.body_mut().as_reader().take(MAX_ANSWER);
        body.read_to_end(&mut text).map_err(|e| broken(&e.to_string()))?;
        let answer: Answer = serde_json::from_slice(&text)
            .map_err(|e| broken(&format!("gave an answer that cannot be read: {e}")))?;
        let listed = answer.siblings.into_iter().map(|sibling| {
            let lfs = sibling.lfs;
            Listed {
                name: sibling.rfilename,
                bytes: lfs.as_ref().and_then(|lfs| lfs.size).or(sibling.size),
                sha256: lfs.and_then(|lfs| lfs.sha256),
            }
        });
        Ok((answer.sha, listed.collect()))
    }

    /// Brings a file to `target`, continuing what is there. Returns its sum.
    pub fn download(
        &self,
        repo: &RepoFile,
        file: &Listed,
        target: &Path,
        progress: &mut dyn FnMut(u64),
    ) -> Result<String, StoreError> {
        let url = format!("{}/{}/resolve/{}/{}", self.settings.endpoint, repo.repo, repo.revision, file.name);
        let what = format!("{} in {} at {}", file.name, repo.repo, repo.revision);
        let mut arrival = Arrival::begin(target)?;
        if file.bytes.is_some_and(|bytes| arrival.length() > bytes) {
            arrival.restart_at(0)?;
        }
        let mut expected = file.bytes;
        let mut linked = file.sha256.clone();
        while expected.is_none_or(|bytes| arrival.length() < bytes) {
            let before = arrival.length();
            let mut response = self.get(&url, before, &what)?;
            if before > 0 && response.status() != StatusCode::PARTIAL_CONTENT {
                // The server sends the whole file whatever was asked for.
                arrival.restart_at(0)?;
            }
            let remaining = header(&response, "content-length").and_then(|n| n.parse::<u64>().ok());
            expected = expected.or(remaining.map(|n| n + arrival.length()));
            linked = linked.or_else(|| header(&response, "x-linked-etag").and_then(|etag| sum_in(&etag)));
            let ended = copy(response.body_mut(), &mut arrival, progress);
            match ended {
                Err(error @ StoreError::Io { .. }) => return Err(error),
                // Nothing came at all: the server has stopped, not slowed down.
                Err(error) if arrival.length() == before => return Err(error),
                Ok(()) if expected.is_none() => break,
                Ok(()) if arrival.length() == before => {
                    return Err(broken(&format!("sent nothing more of {what}")));
                }
                _ => {}
            }
        }
        arrival.finish(expected, linked.as_deref())
    }

    /// Follows redirections by hand: the token goes to the hub's own host and nowhere else.
    fn get(&self, url: &str, from: u64, what: &str) -> Result<Response<Body>, StoreError> {
        let home = url.parse::<Uri>().map_err(|e| broken(&format!("has no usable address {url}: {e}")))?;
        let mut address = home.clone();
        let mut linked = None;
        for _ in 0..HOPS {
            let mut request = self.agent.get(address.clone());
            if let Some(token) =
                self.settings.token.as_ref().filter(|_| address.authority() == home.authority())
            {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            if from > 0 {
                request = request.header("range", format!("bytes={from}-"));
            }
            let mut response = request.call().map_err(|e| self.unreachable(&e))?;
            linked = linked.or_else(|| header(&response, "x-linked-etag"));
            let status = response.status();
            if status.is_redirection() {
                let location = header(&response, "location").ok_or_else(|| broken("redirects to nowhere"))?;
                address = resolve(&address, &location)?;
                continue;
            }
            return match status.as_u16() {
                200..300 => {
                    // The file's own host does not repeat what the hub said of it.
                    if let Some(value) = linked.and_then(|etag| etag.parse().ok()) {
                        response.headers_mut().insert("x-linked-etag", value);
                    }
                    Ok(response)
                }
                401 | 403 => Err(StoreError::Unauthorized { what: what.to_string() }),
                404 => Err(StoreError::NotOnHub { what: what.to_string() }),
                _ => Err(broken(&format!("answered {status} for {what}"))),
            };
        }
        Err(broken(&format!("redirected more than {HOPS} times")))
    }

    fn unreachable(&self, error: &ureq::Error) -> StoreError {
        let patience = self.settings.patience.as_secs();
        match error {
            ureq::Error::Timeout(_) => broken(&format!("did not answer within {patience} s")),
            other => broken(&format!("could not be reached: {other}")),
        }
    }
}

fn copy(body: &mut Body, arrival: &mut Arrival, progress: &mut dyn FnMut(u64)) -> Result<(), StoreError> {
    let mut buffer = vec![0; 1 << 18];
    let mut reader = body.as_reader();
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => {
                arrival.write(&buffer[..count])?;
                progress(arrival.length());
            }
            Err(error) => return Err(broken(&format!("broke off: {error}"))),
        }
    }
}

fn broken(reason: &str) -> StoreError {
    StoreError::Hub { reason: reason.to_string() }
}

fn header(response: &Response<Body>, name: &str) -> Option<String> {
    response.headers().get(name)?.to_str().ok().map(str::to_string)
}

/// The sha256 in an etag; small files have other sums there.
fn sum_in(etag: &str) -> Option<String> {
    let sum = etag.trim_start_matches("W/").trim_matches('"');
    (sum.len() == 64 && sum.bytes().all(|b| b.is_ascii_hexdigit())).then(|| sum.to_lowercase())
}

/// A redirection's target: a whole address, or a path on the same host.
fn resolve(from: &Uri, location: &str) -> Result<Uri, StoreError> {
    let whole = if location.starts_with('/') {
        let scheme = from.scheme_str().unwrap_or("https");
        let authority = from.authority().map_or("", |authority| authority.as_str());
        format!("{scheme}://{authority}{location}")
    } else {
        location.to_string()
    };
    whole.parse().map_err(|e| broken(&format!("redirects to {location}, which is no address: {e}")))
}
