//! Listening, and ending in order.
//!
//! Two listeners take requests: a TCP port, and `control.sock` in the data folder, which only this user can open and
//! which needs no key. Ending goes in this order: `/readyz` says no, no further connection is taken, requests and
//! checks under way are waited for as long as the grace lasts, the rest is dropped; what was accepted and not finished
//! stands in the store and is begun anew at the next start.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

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
use crate::http::state::App;

/// Waited after a connection could not be taken: most likely there are no file handles left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Read ahead of each connection at most, and the longest head of a request, bytes. The library would take seven times
/// as much, which counts when hundreds of uploads arrive at once.
const READ_BYTES_MAX: usize = 64 << 10;

/// Open listeners.
pub struct Bound {
    tcp: TcpListener,
    control: Option<ControlSocket>,
}

/// Removes its file when it goes.
struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl Bound {
    /// Opens the port and, when `control` names a place for it, the control socket. The caller holds the data folder's
    /// lock, so a socket that is there already was left by a process that was killed.
    ///
    /// # Errors
    /// The port is taken or not permitted; the socket cannot be made.
    pub async fn bind(listen: SocketAddr, control: Option<&Path>) -> io::Result<Bound> {
        let tcp = TcpListener::bind(listen).await?;
        Ok(Bound { tcp, control: control.map(ControlSocket::bind).transpose()? })
    }

    /// Where it listens; the port is a real one even when 0 was asked for.
    ///
    /// # Errors
    /// The system's refusal.
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
        // The folder is for this user only already; this holds when somebody opens it to others.
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        Ok(ControlSocket { listener, path: path.to_path_buf() })
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Serves until `stop`, then ends in order.
pub async fn serve(app: App, bound: Bound, stop: impl Future<Output = ()>) {
    let grace = Duration::from_secs(app.options().shutdown_grace_s);
    let doors = Arc::new(Semaphore::new(app.options().connections_max));
    let router = routes::router(&app);
    let local = router.clone().layer(axum::Extension(ByControlSocket));
    {
        let mut stop = pin!(stop);
        loop {
            let door = doors.clone().acquire_owned();
            tokio::select! {
                biased;
                () = &mut stop => break,
                () = take_one(&app, &bound, &router, &local, door) => {}
            }
        }
    }
    app.ending().cancel();
    tracing::info!("ending: waiting for what is under way");
    drop(bound);
    app.tasks().close();
    if tokio::time::timeout(grace, app.tasks().wait()).await.is_err() {
        tracing::warn!(
            "the grace has passed; what is not finished is begun anew at the next start"
        );
    }
}

/// Waits for a connection at either door and sees to it in a task of its own.
async fn take_one(
    app: &App,
    bound: &Bound,
    router: &Router,
    local: &Router,
    door: impl Future<Output = Result<OwnedSemaphorePermit, tokio::sync::AcquireError>>,
) {
    let Ok(door) = door.await else { return };
    let by_socket = async {
        match &bound.control {
            Some(control) => control.listener.accept().await,
            None => std::future::pending().await,
        }
    };
    let taken = tokio::select! {
        taken = bound.tcp.accept() => taken.map(|(stream, peer)| {
            // Answers are small and wait for nothing.
            let _ = stream.set_nodelay(true);
            app.tasks().spawn(connection(app.clone(), stream, router.clone(), Some(Peer(peer)), door));
        }),
        taken = by_socket => taken.map(|(stream, _)| {
            app.tasks().spawn(connection(app.clone(), stream, local.clone(), None, door));
        }),
    };
    if let Err(error) = taken {
        tracing::warn!(%error, "a connection could not be taken");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

/// One connection, request after request, until either side ends it.
async fn connection(
    app: App,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    peer: Option<Peer>,
    door: OwnedSemaphorePermit,
) {
    let linger = app.linger().clone();
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let waits = request.headers().contains_key(header::EXPECT);
        let mut request: Request = request.map(|body| Body::new(linger.body(body, waits)));
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
        // The sender went away, or spoke no HTTP.
        tracing::debug!(%error, "a connection broke off");
    }
    drop(door);
}
