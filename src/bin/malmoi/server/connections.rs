//! Accepts connections and serves HTTP/1 on each. Bounds their number and the time that the head of
//! a request may take, so that slow clients cannot keep others out.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

/// Connections at the same time, on all addresses.
const MAX_CONNECTIONS: usize = 1024;
/// Time for the head of a request, and for the handshake of TLS.
const HEAD_TIME: Duration = Duration::from_secs(10);

/// Time for the last answers to go out, at least.
const LEAST_GRACE: Duration = Duration::from_secs(1);

/// Serves until `stop` is notified, then waits until the answers under way are sent, at most for
/// `grace`.
pub(crate) async fn serve(
    listeners: Vec<TcpListener>,
    tls: Option<TlsAcceptor>,
    router: Router,
    stop: Arc<Notify>,
    grace: Duration,
) {
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let (stream, client) = tokio::select! {
            biased;
            () = stop.notified() => break,
            accepted = accept(&listeners) => match accepted {
                Ok(accepted) => accepted,
                Err(_) => {
                    // No file descriptor is free: connections that end will free some.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        // Without room the connection is closed at once.
        let Ok(permit) = room.clone().try_acquire_owned() else { continue };
        let (router, tls, watcher) = (router.clone(), tls.clone(), graceful.watcher());
        tokio::spawn(async move {
            let _permit = permit;
            // An answer goes out whole; waiting for more would only delay it.
            let _ = stream.set_nodelay(true);
            match tls {
                None => connection(stream, client, router, watcher).await,
                Some(tls) => {
                    let handshake = tokio::time::timeout(HEAD_TIME, tls.accept(stream));
                    if let Ok(Ok(stream)) = handshake.await {
                        connection(stream, client, router, watcher).await;
                    }
                }
            }
        });
    }
    drop(listeners);
    // What is left belongs to clients that do not read their answers.
    let _ = tokio::time::timeout(grace.max(LEAST_GRACE), graceful.shutdown()).await;
}

/// The next connection of any listener.
async fn accept(listeners: &[TcpListener]) -> io::Result<(TcpStream, SocketAddr)> {
    std::future::poll_fn(|context| {
        for listener in listeners {
            if let std::task::Poll::Ready(accepted) = listener.poll_accept(context) {
                return std::task::Poll::Ready(accepted);
            }
        }
        std::task::Poll::Pending
    })
    .await
}

async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    client: SocketAddr,
    router: Router,
    watcher: hyper_util::server::graceful::Watcher,
) {
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(ConnectInfo(client));
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_headers(100)
        .serve_connection(TokioIo::new(stream), service);
    // An error concerns this client alone.
    let _ = watcher.watch(connection).await;
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    #[test]
    fn a_client_that_does_not_read_its_answer_does_not_keep_the_server() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        // More than the buffers of a connection take.
        let answer = || async { vec![0u8; 64 << 20] };
        let router = Router::new().route("/", axum::routing::get(answer));
        let stop = Arc::new(Notify::new());
        let server = serve(vec![listener], None, router, stop.clone(), Duration::ZERO);
        let server = runtime.spawn(server);
        let mut client = std::net::TcpStream::connect(address).unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
        client.read_exact(&mut [0; 16]).unwrap();
        stop.notify_one();
        let limit = Duration::from_secs(60);
        let ended = runtime.block_on(async { tokio::time::timeout(limit, server).await });
        assert!(ended.is_ok(), "the server waits for the client");
    }
}
