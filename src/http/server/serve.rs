//! Listening, and graceful shutdown.
//!
//! Two listeners accept requests: a TCP port, and `control.sock` in the data folder, which only the service's own user
//! can open and which needs no key. Shutdown goes in this order: `/readyz` fails; no new connection is accepted;
//! requests and checks in progress get the grace period to finish; the rest is dropped. Accepted uploads that were not
//! finished are in the store and start over at the next start.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::ServiceExt;

use crate::http::request::sender::{ByControlSocket, Peer};
use crate::http::routes;
use crate::http::server::linger::Sending;
use crate::http::state::App;

/// Pause after a failed `accept`, whose usual cause is a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Read buffer of a connection, and so the longest request head, bytes. The library's default is seven times as large,
/// which matters when hundreds of uploads arrive at once.
const READ_BYTES_MAX: usize = 64 << 10;

/// Open listeners.
pub struct Bound {
    tcp: TcpListener,
    control: Option<ControlSocket>,
}

/// The control socket; dropping it removes its file.
struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl Bound {
    /// Binds the port and, if `control` has its path, the control socket. The caller holds the data folder's lock, so
    /// an existing socket was left behind by a process that was killed.
    ///
    /// # Errors
    /// The [`io::Error`] of binding the port, or of creating the socket.
    pub async fn bind(listen: SocketAddr, control: Option<&Path>) -> io::Result<Bound> {
        let tcp = TcpListener::bind(listen).await?;
        Ok(Bound { tcp, control: control.map(ControlSocket::bind).transpose()? })
    }

    /// The address that the service listens on, with the actual port if port 0 was requested.
    ///
    /// # Errors
    /// The [`io::Error`] of asking the system.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

impl ControlSocket {
    fn bind(path: &Path) -> io::Result<ControlSocket> {
        match fs::remove_file(path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        // The folder is private already; this protects the socket if someone makes the folder public.
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        Ok(ControlSocket { listener, path: path.to_path_buf() })
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Serves until `stop`, then shuts down gracefully.
pub async fn serve(app: App, bound: Bound, stop: impl Future<Output = ()>) {
    let grace = Duration::from_secs(app.options().shutdown_grace_s);
    let permits = Arc::new(Semaphore::new(app.options().connections_max));
    let router = routes::router(&app);
    let local = router.clone().layer(axum::Extension(ByControlSocket));
    {
        let mut stop = pin!(stop);
        loop {
            let permit = permits.clone().acquire_owned();
            tokio::select! {
                biased;
                () = &mut stop => break,
                () = accept_one(&app, &bound, &router, &local, permit) => {}
            }
        }
    }
    app.ending().cancel();
    tracing::info!("shutting down: waiting for requests and checks in progress");
    drop(bound);
    app.tasks().close();
    if tokio::time::timeout(grace, app.tasks().wait()).await.is_err() {
        tracing::warn!("the grace period is over; unfinished checks start over at the next start");
    }
}

/// Accepts one connection from either listener and serves it in its own task.
async fn accept_one(
    app: &App,
    bound: &Bound,
    router: &Router,
    local: &Router,
    permit: impl Future<Output = Result<OwnedSemaphorePermit, tokio::sync::AcquireError>>,
) {
    let Ok(permit) = permit.await else { return };
    let by_socket = async {
        match &bound.control {
            Some(control) => control.listener.accept().await,
            None => std::future::pending().await,
        }
    };
    let taken = tokio::select! {
        taken = bound.tcp.accept() => taken.map(|(stream, peer)| {
            // Responses are small; Nagle's algorithm would only delay them.
            let _ = stream.set_nodelay(true);
            let peer = Some(Peer(peer));
            app.tasks().spawn(connection(app.clone(), stream, router.clone(), peer, permit));
        }),
        taken = by_socket => taken.map(|(stream, _)| {
            app.tasks().spawn(connection(app.clone(), stream, local.clone(), None, permit));
        }),
    };
    if let Err(error) = taken {
        tracing::warn!(%error, "cannot accept a connection");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

/// Serves the requests of one connection until either side closes it.
async fn connection(
    app: App,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    peer: Option<Peer>,
    permit: OwnedSemaphorePermit,
) {
    let linger = app.linger().clone();
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let sending = if request.headers().contains_key(header::EXPECT) {
            Sending::AfterContinue
        } else {
            Sending::AtOnce
        };
        let mut request: Request = request.map(|body| Body::new(linger.body(body, sending)));
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        router.clone().oneshot(request)
    });
    let head_timeout = Duration::from_secs(app.options().head_timeout_s);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout)
        .max_buf_size(READ_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = app.ending().cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // The client went away, or did not speak HTTP.
        tracing::debug!(%error, "a connection failed");
    }
    drop(permit);
}
