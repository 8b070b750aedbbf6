//! Which hosts and origins are served. A page elsewhere can make a browser send requests to this
//! machine, or rename this machine to its own host (DNS rebinding): both are refused.

use axum::http::header::{HOST, HeaderMap, ORIGIN};
use axum::http::{HeaderValue, Method, Uri};

use crate::engine::Failure;

/// The hosts and origins that are served.
#[derive(Debug, Clone, Default)]
pub(crate) struct Guard {
    /// Names with their ports, in lower case.
    hosts: Vec<String>,
    /// Origins of other pages and of browser extensions; a pattern may end with `*`.
    origins: Vec<String>,
}

impl Guard {
    /// Serves the given addresses (`name:port`), and requests of pages with the given origins.
    pub fn new(hosts: impl IntoIterator<Item = String>, origins: Vec<String>) -> Self {
        let hosts = hosts.into_iter().map(|host| host.to_lowercase()).collect();
        Self { hosts, origins }
    }

    /// Checks a request; returns the origin that may read the answer, if it has another one.
    pub fn check(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<Option<HeaderValue>, Failure> {
        let refuse = |message: &str| Failure::Forbidden(message.into());
        let mut hosts = headers.get_all(HOST).iter();
        let host = match (hosts.next(), hosts.next()) {
            (Some(host), None) => host.to_str().unwrap_or_default().to_lowercase(),
            _ => return Err(refuse("the request must name one host")),
        };
        let is_served = |host: &str| self.hosts.iter().any(|served| served == host);
        if !is_served(&host) || uri.authority().is_some_and(|name| !is_served(name.as_str())) {
            return Err(refuse("this host is not served here; see --allow-host"));
        }
        let Some(origin) = headers.get(ORIGIN) else {
            let is_foreign = headers
                .get("sec-fetch-site")
                .is_some_and(|site| site != "same-origin" && site != "none");
            // A link from elsewhere may open the page, and nothing more.
            let is_navigation = method == Method::GET
                && headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate");
            if is_foreign && !is_navigation {
                return Err(refuse("requests of other pages are not served"));
            }
            return Ok(None);
        };
        let text = origin.to_str().unwrap_or_default();
        let own = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
        if own.is_some_and(|own| own.eq_ignore_ascii_case(&host)) {
            return Ok(None);
        }
        if self.origins.iter().any(|pattern| fits(pattern, text)) {
            return Ok(Some(origin.clone()));
        }
        Err(refuse("this origin is not served here; see --allow-origin"))
    }
}

/// True if a pattern, which may end with `*`, fits an origin.
fn fits(pattern: &str, origin: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => origin.starts_with(beginning),
        None => origin.eq_ignore_ascii_case(pattern),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: Method, headers: &[(&'static str, &'static str)]) -> Result<bool, Failure> {
        let hosts = ["127.0.0.1:7171", "localhost:7171"].map(String::from);
        let guard = Guard::new(hosts, vec!["moz-extension://*".into(), "https://desk.test".into()]);
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        guard.check(&method, &Uri::from_static("/translate"), &map).map(|origin| origin.is_some())
    }

    #[test]
    fn only_own_hosts_are_served() {
        for host in ["127.0.0.1:7171", "LOCALHOST:7171"] {
            assert_eq!(check(Method::GET, &[("host", host)]), Ok(false), "{host}");
        }
        for host in ["evil.test:7171", "127.0.0.1", "127.0.0.1:80", "localhost.evil.test:7171"] {
            assert!(check(Method::GET, &[("host", host)]).is_err(), "{host}");
        }
        assert!(check(Method::GET, &[]).is_err());
        let twice = [("host", "127.0.0.1:7171"), ("host", "evil.test")];
        assert!(check(Method::GET, &twice).is_err());
    }

    #[test]
    fn pages_elsewhere_are_refused_unless_allowed() {
        let own = ("host", "127.0.0.1:7171");
        let ask = |origin| check(Method::POST, &[own, ("origin", origin)]);
        assert_eq!(ask("http://127.0.0.1:7171"), Ok(false));
        assert_eq!(ask("moz-extension://3f1c"), Ok(true));
        assert_eq!(ask("https://desk.test"), Ok(true));
        for origin in ["null", "https://desk.test.evil.test", "http://127.0.0.1:8080"] {
            assert!(ask(origin).is_err(), "{origin}");
        }
    }

    #[test]
    fn a_link_from_elsewhere_opens_the_page_and_nothing_more() {
        let from_elsewhere = [("host", "127.0.0.1:7171"), ("sec-fetch-site", "cross-site")];
        let link = [from_elsewhere[0], from_elsewhere[1], ("sec-fetch-mode", "navigate")];
        assert_eq!(check(Method::GET, &link), Ok(false));
        assert!(check(Method::POST, &link).is_err());
        assert!(check(Method::GET, &from_elsewhere).is_err());
    }
}
