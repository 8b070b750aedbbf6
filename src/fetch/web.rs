//! Feeds by URL, and the pages they link to.
//!
//! The author of a feed chooses its links, so they are restricted to the public web: private
//! addresses are refused after a name is resolved and before a connection is made, for every
//! redirect again. Responses are limited in size and time. Knows no format: returns bytes.

use std::collections::HashMap;
use std::io::Read;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use url::Url;

use super::http::{self, Agent, BadRedirect, Response, header, is_http};
use super::public_address::{PublicResolver, is_private_name, is_public};
use super::robots::Robots;
use crate::error::{Error, Result};
use crate::formats::MAX_BYTES;
use crate::redact::secrets;

/// Time limit of a request, redirects and body included.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Minimum interval between two pages of one host.
const CRAWL_DELAY: Duration = Duration::from_secs(1);
/// Bytes of a robots.txt that are read; RFC 9309 requires at least 500 KiB.
const MAX_ROBOTS: u64 = 512 << 10;

/// A client for feeds and the pages they link to.
pub struct Web {
    agent: Agent,
    allow_private: bool,
    timeout: Duration,
    /// By authority: `example.org:8080`.
    hosts: Mutex<HashMap<String, Host>>,
}

/// The state of a host between requests.
#[derive(Default)]
struct Host {
    robots: Option<Robots>,
    last_request: Option<Instant>,
}

/// The result of a conditional request.
pub enum Fetched {
    /// The version that the validator describes is current.
    NotModified,
    /// Another version.
    New {
        /// The body.
        bytes: Vec<u8>,
        /// Validator of this version, for the next request.
        validator: Option<String>,
    },
}

/// The validator of a version (RFC 9110, 8.8), kept as JSON by callers.
#[derive(Default, Serialize, Deserialize)]
struct Validator {
    etag: Option<String>,
    modified: Option<String>,
}

impl Web {
    /// `allow_private`: permit addresses that are not public, for feeds of the local network.
    pub fn new(allow_private: bool) -> Self {
        Self::with_timeout(allow_private, TIMEOUT)
    }

    fn with_timeout(allow_private: bool, timeout: Duration) -> Self {
        let resolver = PublicResolver::new(allow_private);
        let agent = http::agent_with_resolver(resolver);
        Self { agent, allow_private, timeout, hosts: Mutex::default() }
    }

    /// Reads a URL, unless `validator` shows that it was not modified.
    pub fn get(&self, address: &str, validator: Option<&str>) -> Result<Fetched> {
        self.read(address, validator, MAX_BYTES, &|_| Ok(()))
            .map_err(|failure| unreadable(address, failure.reason))
    }

    /// Reads a page that a feed links to, if the robots.txt of its host allows it. Requests at most
    /// one page of a host per second.
    pub fn page(&self, address: &str) -> Result<Vec<u8>> {
        // For every redirect: its host has rules of its own.
        let check_host = |url: &Url| {
            if !self.allows(url)? {
                return Err("robots.txt does not allow it".to_string());
            }
            self.wait_for_turn(url);
            Ok(())
        };
        match self.read(address, None, MAX_BYTES, &check_host) {
            Ok(Fetched::New { bytes, .. }) => Ok(bytes),
            Ok(Fetched::NotModified) => Err(unreadable(address, "gave nothing".to_string())),
            Err(failure) => Err(unreadable(address, failure.reason)),
        }
    }

    /// True if the robots.txt of its host allows a URL.
    fn allows(&self, url: &Url) -> Result<bool, String> {
        let host = url.authority().to_string();
        if let Some(robots) = self.hosts().get(&host).and_then(|host| host.robots.as_ref()) {
            return Ok(robots.allow(url));
        }
        let address = url.join("/robots.txt").map_err(|error| error.to_string())?;
        let robots = match self.read(address.as_str(), None, MAX_ROBOTS, &|_| Ok(())) {
            Ok(Fetched::New { bytes, .. }) => {
                Robots::read(&String::from_utf8_lossy(&bytes), "malmoi")
            }
            // Without a robots.txt everything is allowed; while it cannot be read, nothing is
            // (RFC 9309, 2.3.1.3 and 2.3.1.4).
            Err(Failure { status: Some(400..500), .. }) => Robots::default(),
            Err(Failure { reason, .. }) => return Err(format!("robots.txt {reason}")),
            Ok(Fetched::NotModified) => return Err("robots.txt gave nothing".to_string()),
        };
        let allowed = robots.allow(url);
        self.hosts().entry(host).or_default().robots = Some(robots);
        Ok(allowed)
    }

    /// Sleeps until the host may be asked again, and reserves that time.
    fn wait_for_turn(&self, url: &Url) {
        let turn = {
            let mut hosts = self.hosts();
            let host = hosts.entry(url.authority().to_string()).or_default();
            let now = Instant::now();
            let turn = host.last_request.map_or(now, |last| now.max(last + CRAWL_DELAY));
            host.last_request = Some(turn);
            turn
        };
        std::thread::sleep(turn.saturating_duration_since(Instant::now()));
    }

    fn hosts(&self) -> std::sync::MutexGuard<'_, HashMap<String, Host>> {
        self.hosts.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Reads a URL. `check_host` is called before the URL and every redirect is requested; the time
    /// it takes is not counted.
    fn read(
        &self,
        address: &str,
        validator: Option<&str>,
        max_bytes: u64,
        check_host: &CheckUrl<'_>,
    ) -> Result<Fetched, Failure> {
        let known: Validator =
            validator.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
        let mut left = self.timeout;
        let mut start = Instant::now();
        let mut was_https = false;
        let mut response = http::follow(&parse(address)?, |url| {
            if was_https && url.scheme() != "https" {
                return Err(format!("redirects to {url}, which is not encrypted").into());
            }
            was_https = url.scheme() == "https";
            left = left.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Err(self.reason(&ureq::Error::Timeout(ureq::Timeout::Global)).into());
            }
            self.check(url)?;
            check_host(url)?;
            start = Instant::now();
            self.send(url, &known, left)
        })?;
        let status = response.status();
        if status == http::StatusCode::NOT_MODIFIED && known.is_some() {
            return Ok(Fetched::NotModified);
        }
        if !status.is_success() {
            let reason = format!("answered {status}");
            return Err(Failure { status: Some(status.as_u16()), reason });
        }
        let bytes = self.body(&mut response, max_bytes, start + left)?;
        let validator = Validator {
            etag: header(&response, "etag"),
            modified: header(&response, "last-modified"),
        };
        let validator = serde_json::to_string(&validator).ok().filter(|_| validator.is_some());
        Ok(Fetched::New { bytes, validator })
    }

    /// One request, without its redirects.
    fn send(&self, url: &Url, known: &Validator, timeout: Duration) -> Result<Response, Failure> {
        let mut request =
            self.agent.get(url.as_str()).config().timeout_global(Some(timeout)).build();
        if let Some(etag) = &known.etag {
            request = request.header("if-none-match", etag);
        }
        if let Some(modified) = &known.modified {
            request = request.header("if-modified-since", modified);
        }
        request.call().map_err(|error| self.reason(&error).into())
    }

    /// Reads a body up to a size and a time. A robots.txt is cut at the size instead of refused.
    fn body(
        &self,
        response: &mut Response,
        max_bytes: u64,
        deadline: Instant,
    ) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        let mut body = response.body_mut().as_reader().take(max_bytes + 1);
        let mut buffer = vec![0; 1 << 16];
        loop {
            // A server that sends a byte now and then never lets a single read time out.
            if Instant::now() > deadline {
                return Err(self.too_slow(bytes.len()));
            }
            match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => bytes.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) if Instant::now() >= deadline => return Err(self.too_slow(bytes.len())),
                Err(error) => {
                    return Err(format!("broke off after {}: {error}", size(bytes.len())));
                }
            }
        }
        if bytes.len() as u64 > max_bytes && max_bytes == MAX_ROBOTS {
            bytes.truncate(max_bytes as usize);
        }
        if bytes.len() as u64 > max_bytes {
            return Err(format!("is larger than {} MB", max_bytes >> 20));
        }
        Ok(bytes)
    }

    fn reason(&self, error: &ureq::Error) -> String {
        match error {
            ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                PRIVATE.to_string()
            }
            other => http::reason(other, self.timeout),
        }
    }

    fn too_slow(&self, received: usize) -> String {
        let seconds = self.timeout.as_secs();
        format!("was not complete after {seconds} s: {} had arrived", size(received))
    }

    /// Refuses URLs that must not be requested. Names are checked by the resolver. Behind a proxy
    /// it does not see them, so they are looked up here: names that this machine resolves to
    /// private addresses are refused, names that only the proxy can resolve are left to it.
    fn check(&self, url: &Url) -> Result<(), String> {
        if !is_http(url) {
            return Err("is not a web address".to_string());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("contains a user name or a password; remove it".to_string());
        }
        let private = match url.host() {
            Some(url::Host::Ipv4(address)) => !is_public(IpAddr::V4(address)),
            Some(url::Host::Ipv6(address)) => !is_public(IpAddr::V6(address)),
            Some(url::Host::Domain(name)) => {
                let name = name.trim_end_matches('.');
                let is_local = name == "localhost" || name.ends_with(".localhost");
                is_local || (self.agent.config().proxy().is_some() && is_private_name(name))
            }
            None => return Err("names no host".to_string()),
        };
        if private && !self.allow_private { Err(PRIVATE.to_string()) } else { Ok(()) }
    }
}

const PRIVATE: &str = "is a private address (--allow-private reads feeds of your own network)";

/// Permission to request a URL, or the reason against it.
type CheckUrl<'e> = dyn Fn(&Url) -> Result<(), String> + 'e;

/// Why a URL could not be read, and the HTTP status if that is the reason.
struct Failure {
    status: Option<u16>,
    reason: String,
}

impl From<String> for Failure {
    fn from(reason: String) -> Self {
        Self { status: None, reason }
    }
}

impl From<BadRedirect> for Failure {
    fn from(redirect: BadRedirect) -> Self {
        redirect.to_string().into()
    }
}

impl Validator {
    fn is_some(&self) -> bool {
        self.etag.is_some() || self.modified.is_some()
    }
}

fn parse(address: &str) -> Result<Url, String> {
    Url::parse(address).map_err(|error| format!("is not a web address: {error}"))
}

fn unreadable(address: &str, reason: String) -> Error {
    Error::unreadable(secrets(address), secrets(&reason))
}

fn size(bytes: usize) -> String {
    if bytes < 1 << 20 { format!("{} KB", bytes >> 10) } else { format!("{} MB", bytes >> 20) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_refused_before_a_request_is_sent() {
        let web = Web::new(false);
        let message = |address: &str| {
            web.get(address, None).err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(
            message("http://127.0.0.1:9/feed"),
            format!("http://127.0.0.1:9/feed {PRIVATE}"),
        );
        for inside in [
            "http://localhost/",
            "http://localhost./",
            "http://[::1]/",
            "http://2130706433/",
            "http://0x7f.1/",
        ] {
            assert!(message(inside).contains("private address"), "{inside}: {}", message(inside));
        }
        assert!(message("file:///etc/passwd").contains("is not a web address"));
        assert!(message("https://a:b@example.org/").contains("password"));
        assert!(message("feed").contains("is not a web address"));
    }

    /// A server that handles every connection with `serve`.
    fn server(
        serve: impl Fn(std::net::TcpStream) -> std::io::Result<()> + Send + Sync + 'static,
    ) -> String {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let serve = std::sync::Arc::new(serve);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let serve = serve.clone();
                std::thread::spawn(move || {
                    let _ = stream.read(&mut [0; 4096]);
                    // The client may close the connection early.
                    let _ = serve(stream);
                });
            }
        });
        address
    }

    #[test]
    fn servers_that_are_slow_or_never_end_are_given_up_with_a_reason() {
        use std::io::Write;
        const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n<rss>";
        let drip = server(|mut stream| {
            stream.write_all(HEAD)?;
            loop {
                std::thread::sleep(Duration::from_millis(20));
                stream.write_all(b" ")?;
            }
        });
        let silent = server(|mut stream| {
            stream.write_all(HEAD)?;
            std::thread::sleep(Duration::from_secs(20));
            Ok(())
        });
        let mute = server(|_| {
            std::thread::sleep(Duration::from_secs(20));
            Ok(())
        });
        let slow_hops = server(|mut stream| {
            std::thread::sleep(Duration::from_millis(400));
            stream.write_all(
                b"HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            )
        });
        let flood = server(|mut stream| {
            stream.write_all(HEAD)?;
            let piece = vec![b' '; 1 << 20];
            loop {
                stream.write_all(&piece)?;
            }
        });
        let web = Web::with_timeout(true, Duration::from_secs(1));
        let began = Instant::now();
        for (address, reason) in [
            (&drip, "was not complete after 1 s"),
            (&silent, "was not complete after 1 s"),
            (&mute, "did not answer within 1 s"),
            (&slow_hops, "did not answer within 1 s"),
        ] {
            let message =
                web.get(address, None).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(message.contains(reason), "{message}");
        }
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        let message = Web::new(true)
            .get(&flood, None)
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default();
        assert!(message.contains("is larger than 64 MB"), "{message}");
    }

    #[test]
    fn secrets_in_addresses_are_not_shown() {
        let redirects = server(|mut stream| {
            use std::io::Write;
            stream.write_all(
                b"HTTP/1.1 302 Found\r\nlocation: ftp://han:sea@h.example/?token=sesame\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            )
        });
        let web = Web::new(true);
        for address in [
            "https://han:sesame@h.example/rss",
            "https://han:ses/ame@h.example/rss",
            "ftp://h.example/?key=sesame",
            "http://127.0.0.1:9/rss?api_key=sesame",
            &format!("{redirects}/?access_token=sesame"),
        ] {
            for message in [web.get(address, None).err(), web.page(address).err()] {
                let message = message.map(|error| error.to_string()).unwrap_or_default();
                assert!(message.contains("***"), "{message}");
                assert!(!message.contains("ses") && !message.contains("sea@"), "{message}");
            }
        }
    }
}
