//! The server: HTTP before models that are loaded once. Handlers read requests and write answers;
//! the [`engine`](crate::engine) does the work. An API is a file in `api` and a line in [`router`].
//!
//! Nothing of a request becomes a path of this machine, and no text of an article is logged.

mod api;
mod app;
mod caller;
mod connections;
mod deliveries;
mod fetcher;
mod glossaries;
mod guard;
mod in_flight;
mod incoming;
mod jobs;
mod keys;
mod log;
mod metrics;
mod monitor;
mod page;
mod recorder;
mod shared_options;
mod upload;
mod wishes;
mod work;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use axum::Router;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::header::{self, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

pub(crate) use app::{App, RequestLimits};
pub(crate) use deliveries::Deliveries;
pub(crate) use fetcher::Fetcher;
pub(crate) use glossaries::Glossaries;
pub(crate) use guard::Guard;
pub(crate) use in_flight::InFlight;
pub(crate) use jobs::{JobLimits, Jobs, Runner};
pub(crate) use keys::Keys;
pub(crate) use log::{Log, now};
pub(crate) use metrics::Metrics;
pub(crate) use monitor::ServerMonitor;
pub(crate) use recorder::Recorder;
pub(crate) use shared_options::SharedOptions;

use crate::engine::Failure;
use app::KeyName;
use caller::Caller;
use log::Access;

/// Addresses that are listened on.
pub(crate) struct Listening {
    listeners: Vec<TcpListener>,
    pub addresses: Vec<SocketAddr>,
}

impl Listening {
    /// Binds addresses.
    pub fn bind(addresses: &[SocketAddr]) -> Result<Self> {
        let mut listening = Self { listeners: Vec::new(), addresses: Vec::new() };
        for address in addresses {
            let listener = TcpListener::bind(address)
                .with_context(|| format!("cannot listen on {address}"))?;
            listener.set_nonblocking(true)?;
            listening.addresses.push(listener.local_addr()?);
            listening.listeners.push(listener);
        }
        Ok(listening)
    }
}

/// Serves in threads of its own until `stop` is notified and the answers under way are sent, or
/// until `grace` is over.
pub(crate) fn start(
    app: App,
    listening: Listening,
    tls: Option<TlsAcceptor>,
    stop: Arc<Notify>,
    grace: Duration,
) -> Result<std::thread::JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("malmoi-http")
        .enable_all()
        .build()
        .context("cannot start the server's threads")?;
    let router = router(Arc::new(app));
    let thread = std::thread::Builder::new().name("malmoi-serve".into()).spawn(move || {
        runtime.block_on(async {
            let listeners = listening.listeners.into_iter();
            let listeners =
                listeners.filter_map(|listener| tokio::net::TcpListener::from_std(listener).ok());
            connections::serve(listeners.collect(), tls, router, stop, grace).await;
        });
        runtime.shutdown_timeout(Duration::from_secs(1));
    })?;
    Ok(thread)
}

fn router(app: Arc<App>) -> Router {
    let routes = Router::new()
        .merge(api::health::routes())
        .merge(api::v1::routes())
        .merge(api::desk::routes())
        .merge(api::jobs::routes())
        .merge(api::dismissals::routes())
        .merge(api::glossaries::routes())
        .merge(api::export::routes())
        .merge(api::articles::routes())
        .merge(api::libretranslate::routes())
        .merge(api::deepl::routes())
        .merge(api::extensions::routes())
        .merge(api::openai::routes())
        .merge(page::routes());
    routes
        .fallback(|| async { Failure::NotFound("nothing is here".into()).into_response() })
        .method_not_allowed_fallback(|| async { Failure::Method.into_response() })
        .layer(axum::middleware::from_fn_with_state(app.clone(), around))
        .with_state(app)
}

/// Around every request: hosts, origins, the log, counts, and headers of every answer.
async fn around(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = app.requests.fetch_add(1, Ordering::Relaxed) + 1;
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("unknown".to_string(), |path| path.as_str().to_string());
    let caller = Caller::new(format!("{method} {route}"));
    let client = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let origin = app.guard.check(&method, request.uri(), request.headers());
    let mut response = match &origin {
        Err(failure) => failure.clone().into_response(),
        Ok(Some(_)) if method == Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
        Ok(_) => caller::scope(Some(caller.clone()), next.run(request)).await,
    };
    // What is refused is recorded as well, or not answered.
    if response.status().is_client_error() || response.status().is_server_error() {
        let kind = response.status().as_u16().to_string();
        if let Err(failure) = app.recorder.failure(&caller.asker(), kind) {
            response = failure.into_response();
        }
    }
    if let Ok(Some(origin)) = origin {
        allow(&mut response, origin);
    }
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert("x-request-id", HeaderValue::from(id));
    let status = response.status().as_u16();
    app.metrics.answered(&route, status, began.elapsed());
    app.log.access(&Access {
        time: log::now(),
        id,
        client: client.map(|client| client.to_string()),
        key: response.extensions().get::<KeyName>().map(|key| key.0.as_str()),
        method: method.as_str(),
        route: &route,
        status,
        milliseconds: began.elapsed().as_millis() as u64,
    });
    response
}

/// Lets the page of an allowed origin read the answer.
fn allow(response: &mut Response, origin: HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    let methods = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE");
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    let allowed = HeaderValue::from_static("authorization, content-type, x-api-key");
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
}

impl IntoResponse for Failure {
    /// The answer in our own API: `{"error": "…"}`, as in LibreTranslate's.
    fn into_response(self) -> Response {
        let body = axum::Json(serde_json::json!({ "error": self.to_string() }));
        self.with_body(body.into_response())
    }
}

impl Failure {
    /// The status of HTTP.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::Key => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Busy { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::NotReady(_) | Self::Off(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Late { .. } => StatusCode::GATEWAY_TIMEOUT,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Seconds after which it may be tried again.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Busy { seconds } => Some(*seconds),
            Self::NotReady(_) => Some(5),
            _ => None,
        }
    }

    /// A response with this failure's status and headers.
    pub fn with_body(&self, mut response: Response) -> Response {
        *response.status_mut() = self.status();
        if let Some(seconds) = self.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
