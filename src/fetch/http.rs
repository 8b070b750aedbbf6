//! The HTTP client shared by the hub and by feeds: user agent, redirects, headers, reasons of
//! failures. Knows neither hubs nor feeds.

use std::time::Duration;

use ureq::config::ConfigBuilder;
pub(crate) use ureq::http::StatusCode;
use ureq::typestate::AgentScope;
use ureq::unversioned::resolver::Resolver;
use ureq::unversioned::transport::DefaultConnector;
pub(crate) use ureq::{Agent, Body};
use url::Url;

use crate::redact;

/// Redirects that are followed.
const MAX_REDIRECTS: usize = 5;
/// User agent of every request.
const USER_AGENT: &str = concat!("malmoi/", env!("CARGO_PKG_VERSION"));

/// A response whose body is not read yet.
pub(crate) type Response = ureq::http::Response<Body>;

/// A client with a timeout for each step of a request: `connect` for the name, the connection and
/// the headers of the response, `idle` for the body.
pub(crate) fn agent_with_timeouts(connect: Duration, idle: Duration) -> Agent {
    let config = config()
        .timeout_resolve(Some(connect))
        .timeout_connect(Some(connect))
        .timeout_recv_response(Some(connect))
        .timeout_recv_body(Some(idle));
    config.build().new_agent()
}

/// A client that connects only to addresses of this resolver.
pub(crate) fn agent_with_resolver(resolver: impl Resolver) -> Agent {
    Agent::with_parts(config().build(), DefaultConnector::default(), resolver)
}

/// Redirects are followed by [`follow`], which lets its caller see every address.
fn config() -> ConfigBuilder<AgentScope> {
    Agent::config_builder()
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .user_agent(USER_AGENT)
}

/// Requests a URL and every URL that it redirects to, with `send`. Returns the first response that
/// is not a redirect.
pub(crate) fn follow<E: From<BadRedirect>>(
    url: &Url,
    mut send: impl FnMut(&Url) -> Result<Response, E>,
) -> Result<Response, E> {
    let mut url = url.clone();
    for _ in 0..=MAX_REDIRECTS {
        let response = send(&url)?;
        let status = response.status();
        if !status.is_redirection() || status == StatusCode::NOT_MODIFIED {
            return Ok(response);
        }
        let location = header(&response, "location").ok_or(BadRedirect::NoLocation)?;
        let target = url.join(&location).ok().filter(is_http);
        url = target.ok_or(BadRedirect::Unusable(location))?;
    }
    Err(BadRedirect::TooMany.into())
}

/// A redirect that is not followed. Its text is a predicate of the server.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadRedirect {
    /// It has no `Location`.
    #[error("redirects to nowhere")]
    NoLocation,
    /// Its target is not a URL, or not one of HTTP.
    #[error("redirects to `{}`, which is not a web address", redact::foreign(_0))]
    Unusable(String),
    /// There are more than [`MAX_REDIRECTS`].
    #[error("redirects more than {MAX_REDIRECTS} times")]
    TooMany,
}

/// True for `http` and `https`.
pub(crate) fn is_http(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// The value of a header, if it is ASCII text.
pub(crate) fn header(response: &Response, name: &str) -> Option<String> {
    response.headers().get(name)?.to_str().ok().map(str::to_string)
}

/// Why a request got no response, as a predicate of the server.
pub(crate) fn reason(error: &ureq::Error, timeout: Duration) -> String {
    match error {
        ureq::Error::Timeout(_) => format!("did not answer within {} s", timeout.as_secs()),
        other => format!("could not be reached: {}", redact::foreign(&other.to_string())),
    }
}
