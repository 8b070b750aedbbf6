//! Feeds by their address, and the pages they link to.
//!
//! An address in a feed is whatever its author wrote, so it may lead nowhere but to the public web:
//! private addresses are refused after the name is resolved and before a connection is made, for
//! every redirection again. What comes is limited in size and time. Knows no formats: bytes are
//! given as they are.

use std::collections::HashMap;
use std::io::Read;
use std::net::{IpAddr, Ipv6Addr, ToSocketAddrs};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use ureq::http::{Response, Uri};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Body};
use url::Url;

use super::robots::Robots;
use crate::error::{Error, Result};
use crate::formats::MAX_BYTES;
use crate::redact::secrets;

/// Redirections followed.
const HOPS: usize = 5;
/// A whole answer takes no longer than this, redirections included.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two pages of one host.
const PAUSE: Duration = Duration::from_secs(1);
/// What is read of a robots.txt, as RFC 9309 asks for at least.
const MAX_ROBOTS: u64 = 512 << 10;
const AGENT: &str = concat!("malmoi/", env!("CARGO_PKG_VERSION"));

/// The web, as far as feeds need it.
pub struct Web {
    agent: Agent,
    private: bool,
    patience: Duration,
    /// What each host allows, and when a page of it was last asked for.
    hosts: Mutex<HashMap<String, Host>>,
}

#[derive(Default)]
struct Host {
    robots: Option<Robots>,
    asked: Option<Instant>,
}

/// What an address gave.
pub enum Got {
    /// The same as when the mark was made.
    Same,
    /// Something.
    New {
        /// What it gave.
        bytes: Vec<u8>,
        /// What to show next time, so that the server can say that it is the same.
        mark: Option<String>,
    },
}

/// What a server says of a version.
#[derive(Default, Serialize, Deserialize)]
struct Mark {
    etag: Option<String>,
    modified: Option<String>,
}

impl Web {
    /// `private`: whether addresses that are not public may be used, for feeds of one's own house.
    pub fn new(private: bool) -> Self {
        Self::patient(private, PATIENCE)
    }

    fn patient(private: bool, patience: Duration) -> Self {
        let config = Agent::config_builder()
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(AGENT)
            .build();
        let resolver = Public { private, inner: DefaultResolver::default() };
        let agent = Agent::with_parts(config, DefaultConnector::default(), resolver);
        Self { agent, private, patience, hosts: Mutex::default() }
    }

    /// Reads an address, unless it is the same as when `mark` was made.
    pub fn get(&self, address: &str, mark: Option<&str>) -> Result<Got> {
        let each = |_: &Url| Ok(());
        self.read(address, mark, MAX_BYTES, &each)
            .map_err(|refusal| refused(address, refusal.reason))
    }

    /// Reads a page that a feed links to, where its host lets programs do so (robots.txt), one page
    /// of a host a second.
    pub fn page(&self, address: &str) -> Result<Vec<u8>> {
        // Wherever it leads: the host of a redirection has its own rules.
        let each = |url: &Url| {
            if !self.allows(url)? {
                return Err("robots.txt does not allow it".to_string());
            }
            self.wait_for(url);
            Ok(())
        };
        match self
            .read(address, None, MAX_BYTES, &each)
            .map_err(|refusal| refused(address, refusal.reason))?
        {
            Got::New { bytes, .. } => Ok(bytes),
            Got::Same => Err(refused(address, "gave nothing".to_string())),
        }
    }

    fn allows(&self, url: &Url) -> Result<bool, String> {
        let host = url.authority().to_string();
        let known = |hosts: &HashMap<String, Host>| {
            hosts.get(&host).and_then(|host| Some(host.robots.as_ref()?.allow(url)))
        };
        if let Some(allowed) = known(&self.hosts()) {
            return Ok(allowed);
        }
        let address = url.join("/robots.txt").map_err(|error| error.to_string())?;
        let robots = match self.read(address.as_str(), None, MAX_ROBOTS, &|_| Ok(())) {
            Ok(Got::New { bytes, .. }) => Robots::read(&String::from_utf8_lossy(&bytes), "malmoi"),
            // A host that has none allows everything; one that cannot say allows nothing (RFC 9309,
            // 2.3.1.3 and 2.3.1.4).
            Err(Refusal { status: Some(400..500), .. }) => Robots::default(),
            Err(Refusal { reason, .. }) => return Err(format!("robots.txt {reason}")),
            Ok(Got::Same) => return Err("robots.txt gave nothing".to_string()),
        };
        let allowed = robots.allow(url);
        self.hosts().entry(host).or_default().robots = Some(robots);
        Ok(allowed)
    }

    /// Waits for this host's turn, and takes it.
    fn wait_for(&self, url: &Url) {
        let turn = {
            let mut hosts = self.hosts();
            let host = hosts.entry(url.authority().to_string()).or_default();
            let now = Instant::now();
            let turn = host.asked.map_or(now, |asked| now.max(asked + PAUSE));
            host.asked = Some(turn);
            turn
        };
        std::thread::sleep(turn.saturating_duration_since(Instant::now()));
    }

    fn hosts(&self) -> std::sync::MutexGuard<'_, HashMap<String, Host>> {
        self.hosts.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Reads an address; `each` is asked about it, and about every other that it redirects to.
    fn read(
        &self,
        address: &str,
        mark: Option<&str>,
        most: u64,
        each: &Each<'_>,
    ) -> Result<Got, Refusal> {
        let mark: Mark = mark.and_then(|mark| serde_json::from_str(mark).ok()).unwrap_or_default();
        let mut url = parse(address)?;
        let mut left = self.patience;
        for _ in 0..=HOPS {
            self.check(&url)?;
            each(&url)?;
            let asked = Instant::now();
            let mut request =
                self.agent.get(url.as_str()).config().timeout_global(Some(left)).build();
            if let Some(etag) = &mark.etag {
                request = request.header("if-none-match", etag);
            }
            if let Some(modified) = &mark.modified {
                request = request.header("if-modified-since", modified);
            }
            let mut response = request.call().map_err(|error| self.reason(&error))?;
            let status = response.status();
            if status == 304 && (mark.etag.is_some() || mark.modified.is_some()) {
                return Ok(Got::Same);
            }
            if status.is_redirection() {
                let target = header(&response, "location")
                    .ok_or_else(|| "redirects to nowhere".to_string())?;
                let next = url.join(&target).map_err(|e| format!("redirects to {target}: {e}"))?;
                if url.scheme() == "https" && next.scheme() != "https" {
                    return Err(format!(
                        "redirects to {next}, which anybody on the way could change"
                    )
                    .into());
                }
                url = next;
                left = left.saturating_sub(asked.elapsed());
                if left.is_zero() {
                    return Err(self.reason(&ureq::Error::Timeout(ureq::Timeout::Global)).into());
                }
                continue;
            }
            if !status.is_success() {
                return Err(Refusal {
                    status: Some(status.as_u16()),
                    reason: format!("answered {status}"),
                });
            }
            let mut bytes = Vec::new();
            let mut body = response.body_mut().as_reader().take(most + 1);
            let mut piece = vec![0; 1 << 16];
            loop {
                // A server that sends a byte now and then never lets one read run out of time.
                if asked.elapsed() > left {
                    return Err(self.endless(bytes.len()).into());
                }
                match body.read(&mut piece) {
                    Ok(0) => break,
                    Ok(count) => bytes.extend_from_slice(&piece[..count]),
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(_) if asked.elapsed() >= left => {
                        return Err(self.endless(bytes.len()).into());
                    }
                    Err(error) => {
                        return Err(
                            format!("broke off after {}: {error}", size(bytes.len())).into()
                        );
                    }
                }
            }
            if bytes.len() as u64 > most && most == MAX_ROBOTS {
                bytes.truncate(most as usize);
            }
            if bytes.len() as u64 > most {
                return Err(format!("is larger than {} MB", most >> 20).into());
            }
            let mark = Mark {
                etag: header(&response, "etag"),
                modified: header(&response, "last-modified"),
            };
            let known = mark.etag.is_some() || mark.modified.is_some();
            return Ok(Got::New {
                bytes,
                mark: serde_json::to_string(&mark).ok().filter(|_| known),
            });
        }
        Err(format!("redirects more than {HOPS} times").into())
    }

    fn reason(&self, error: &ureq::Error) -> String {
        match error {
            ureq::Error::Timeout(_) => {
                format!("did not answer within {} s", self.patience.as_secs())
            }
            ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                PRIVATE.to_string()
            }
            other => format!("could not be reached: {other}"),
        }
    }

    fn endless(&self, came: usize) -> String {
        format!("was not whole after {} s: {} had come", self.patience.as_secs(), size(came))
    }

    /// An address that may be asked for. The resolver sees the rest; behind a proxy it does not see
    /// names, so that they are looked up here first: what this machine knows to be inside is
    /// refused, what only the proxy knows is the proxy's to judge.
    fn check(&self, url: &Url) -> Result<(), String> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("{} is no address of the web", url.scheme()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("holds a name or a password, which do not belong there".to_string());
        }
        let private = match url.host() {
            Some(url::Host::Ipv4(address)) => !is_public(IpAddr::V4(address)),
            Some(url::Host::Ipv6(address)) => !is_public(IpAddr::V6(address)),
            Some(url::Host::Domain(name)) => {
                let name = name.trim_end_matches('.');
                let is_local = name == "localhost" || name.ends_with(".localhost");
                is_local || (self.agent.config().proxy().is_some() && leads_inside(name))
            }
            None => return Err("names no host".to_string()),
        };
        if private && !self.private { Err(PRIVATE.to_string()) } else { Ok(()) }
    }
}

const PRIVATE: &str = "is a private address (--allow-private lets feeds of your own house in)";

/// Asked about every address before it is read.
type Each<'e> = dyn Fn(&Url) -> Result<(), String> + 'e;

/// Why an address gave nothing, and what its host answered where that was the reason.
struct Refusal {
    status: Option<u16>,
    reason: String,
}

impl From<String> for Refusal {
    fn from(reason: String) -> Self {
        Self { status: None, reason }
    }
}

/// Whether a name means a private address, as far as this machine knows.
fn leads_inside(name: &str) -> bool {
    let found = (name, 80).to_socket_addrs();
    found.is_ok_and(|mut found| found.any(|address| !is_public(address.ip())))
}

fn parse(address: &str) -> Result<Url, String> {
    Url::parse(address).map_err(|error| format!("is no address: {error}"))
}

fn refused(address: &str, reason: String) -> Error {
    Error::unreadable(secrets(address), secrets(&reason))
}

fn size(bytes: usize) -> String {
    if bytes < 1 << 20 { format!("{} KB", bytes >> 10) } else { format!("{} MB", bytes >> 20) }
}

fn header(response: &Response<Body>, name: &str) -> Option<String> {
    response.headers().get(name)?.to_str().ok().map(str::to_string)
}

/// A resolver that gives public addresses only. The connection is made to what it gives, so that a
/// name cannot mean something else a moment later.
#[derive(Debug)]
struct Public {
    private: bool,
    inner: DefaultResolver,
}

impl Resolver for Public {
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        // The way out of the house is the house's own business.
        let is_proxy = config.proxy().is_some_and(|proxy| {
            Some(proxy.host()) == uri.host() && Some(proxy.port()) == uri.port_u16()
        });
        if self.private || is_proxy {
            return Ok(found);
        }
        let mut public = self.empty();
        found
            .iter()
            .filter(|address| is_public(address.ip()))
            .for_each(|address| public.push(*address));
        match public.is_empty() {
            true => Err(ureq::Error::Io(std::io::ErrorKind::PermissionDenied.into())),
            false => Ok(public),
        }
    }
}

/// Whether an address can be reached by anybody: not of this machine, this network or a special
/// purpose.
///
/// Registries: <https://www.iana.org/assignments/iana-ipv4-special-registry>, `…/iana-ipv6-special-registry`.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_documentation()
                || v4.is_multicast()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0 && c == 0)
                || (a == 192 && b == 88 && c == 99)
                || (a == 198 && (18..20).contains(&b)))
        }
        IpAddr::V6(v6) => match embedded(v6) {
            Some(v4) => is_public(IpAddr::V4(v4)),
            // Global unicast is 2000::/3, less the documentation's and the tunnels' parts.
            None => {
                let segments = v6.segments();
                let documentation = segments[0] == 0x2001 && segments[1] == 0x0db8;
                let special = segments[0] == 0x2001 && segments[1] < 0x0200;
                (segments[0] & 0xe000) == 0x2000
                    && !documentation
                    && !special
                    && segments[0] != 0x3fff
            }
        },
    }
}

/// The IPv4 address that an IPv6 address leads to: mapped, compatible, translated (64:ff9b::/96),
/// 6to4.
fn embedded(v6: Ipv6Addr) -> Option<std::net::Ipv4Addr> {
    let segments = v6.segments();
    let [.., a, b, c, d] = v6.octets();
    let leads = segments[..5] == [0; 5] && matches!(segments[5], 0 | 0xffff)
        || segments[..6] == [0x64, 0xff9b, 0, 0, 0, 0];
    if segments[0] == 0x2002 {
        let [_, _, a, b, c, d, ..] = v6.octets();
        return Some(std::net::Ipv4Addr::new(a, b, c, d));
    }
    leads.then(|| std::net::Ipv4Addr::new(a, b, c, d))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_public() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "ff02::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in
            ["1.1.1.1", "203.252.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
        {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn addresses_that_lead_inside_are_refused_before_anything_is_sent() {
        let web = Web::new(false);
        let said =
            |address: &str| web.get(address, None).err().map(|e| e.to_string()).unwrap_or_default();
        assert_eq!(said("http://127.0.0.1:9/feed"), format!("http://127.0.0.1:9/feed {PRIVATE}"),);
        for inside in [
            "http://localhost/",
            "http://localhost./",
            "http://[::1]/",
            "http://2130706433/",
            "http://0x7f.1/",
        ] {
            assert!(said(inside).contains("private address"), "{inside}: {}", said(inside));
        }
        assert!(said("file:///etc/passwd").contains("no address of the web"));
        assert!(said("https://a:b@example.org/").contains("password"));
        assert!(said("feed").contains("is no address"));
    }

    /// A server that answers every connection by `serve`.
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
                    // A client that has enough goes away.
                    let _ = serve(stream);
                });
            }
        });
        address
    }

    #[test]
    fn servers_that_are_slow_or_never_end_are_left_with_a_reason() {
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
        let web = Web::patient(true, Duration::from_secs(1));
        let began = Instant::now();
        for (address, reason) in [
            (&drip, "was not whole after 1 s"),
            (&silent, "was not whole after 1 s"),
            (&mute, "did not answer within 1 s"),
            (&slow_hops, "did not answer within 1 s"),
        ] {
            let said =
                web.get(address, None).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(said.contains(reason), "{said}");
        }
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        let said = Web::new(true)
            .get(&flood, None)
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default();
        assert!(said.contains("is larger than 64 MB"), "{said}");
    }

    #[test]
    fn secrets_in_addresses_are_not_said() {
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
            for said in [web.get(address, None).err(), web.page(address).err()] {
                let said = said.map(|error| error.to_string()).unwrap_or_default();
                assert!(said.contains("***"), "{said}");
                assert!(!said.contains("ses") && !said.contains("sea@"), "{said}");
            }
        }
    }
}
