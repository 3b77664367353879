//! Streams upload bodies into the spool; at most a piece of a body is in memory.
//!
//! Upload routes have no time or size limit of their own, so [`watch`] enforces both for every kind of body: it limits
//! the pauses, and the length of everything that is not a file (JSON, the text between the parts of a form).

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};

use crate::engine::{Arriving, Uploads};
use crate::http::error::{Kind, Problem};
use crate::http::state::App;
use crate::pools::Pools;

/// Size of a write, bytes; smaller pieces from the network are collected up to it. Every arriving upload holds two such
/// buffers: with four times the size, 200 simultaneous uploads took 100 MB for them alone.
const PIECE_BYTES: usize = 1 << 16;

/// Why a watched body was ended early.
#[derive(Debug, thiserror::Error)]
enum Unwatched {
    #[error("nothing was received for {0} seconds")]
    Pause(u64),
    #[error("the parts besides the file have more than {0} bytes")]
    TooMuch(usize),
    #[error(transparent)]
    Broken(axum::Error),
}

/// Counts the bytes of a request body that have arrived and are not part of the file.
#[derive(Clone, Default)]
pub struct Watch(Arc<AtomicUsize>);

impl Watch {
    /// Resets the count: the bytes so far were part of the file.
    pub fn taken(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

/// Enforces the limits on pauses and on bytes outside the file.
pub fn watch(app: &App, request: Request) -> (Request, Watch) {
    let pause_s = app.options().upload_pause_s;
    let bytes_max = app.options().json_bytes_max;
    let watch = Watch::default();
    let (parts, body) = request.into_parts();
    let state = (body.into_data_stream(), watch.clone());
    let watched = futures::stream::try_unfold(state, move |(mut body, watch)| async move {
        let next = tokio::time::timeout(Duration::from_secs(pause_s), body.next()).await;
        let next = next.map_err(|_| Unwatched::Pause(pause_s))?;
        let Some(bytes) = next.transpose().map_err(Unwatched::Broken)? else { return Ok(None) };
        let untaken = watch.0.fetch_add(bytes.len(), Ordering::Relaxed);
        // A piece may hold the end of the file and the start of another part, so the last piece does not count.
        if untaken > bytes_max {
            return Err(Unwatched::TooMuch(bytes_max));
        }
        Ok(Some((bytes, (body, watch))))
    });
    (Request::from_parts(parts, Body::from_stream(watched)), watch)
}

/// An arriving upload. Dropping it removes a file, which must not happen on an async thread.
struct Held {
    arriving: Option<Arriving>,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(arriving) = self.arriving.take() {
            tokio::task::spawn_blocking(move || drop(arriving));
        }
    }
}

/// Streams a body into the spool.
///
/// # Errors
/// [`Kind::Busy`] if the spool has no room, [`Kind::TooLarge`] at the size limit, [`Kind::TimedOut`] when the sender
/// pauses too long, [`Kind::Malformed`] if the body ends early.
pub async fn receive<E: std::error::Error + 'static>(
    app: &App,
    watch: &Watch,
    mut body: impl Stream<Item = Result<Bytes, E>> + Unpin,
) -> Result<Arriving, Problem> {
    let begun = begin(app.pools(), app.uploads().clone()).await?;
    let mut held = Held { arriving: Some(begun) };
    let mut piece = BytesMut::with_capacity(PIECE_BYTES);
    loop {
        let next = body.next().await;
        watch.taken();
        let ended = next.is_none();
        if let Some(bytes) = next {
            piece.extend_from_slice(&bytes.map_err(|error| broken(&error))?);
        }
        if piece.len() >= PIECE_BYTES || (ended && !piece.is_empty()) {
            let full = std::mem::replace(&mut piece, BytesMut::with_capacity(PIECE_BYTES));
            let arriving = held.arriving.take();
            held.arriving = write(app.pools(), arriving, full.freeze()).await?;
        }
        if ended {
            let arriving = held.arriving.take();
            return arriving.ok_or_else(|| {
                Problem::new(Kind::Internal, "The upload was dropped while it arrived.")
            });
        }
    }
}

async fn begin(pools: &Pools, uploads: Arc<Uploads>) -> Result<Arriving, Problem> {
    Ok(pools.blocking(move || uploads.begin()).await?)
}

async fn write(
    pools: &Pools,
    arriving: Option<Arriving>,
    piece: Bytes,
) -> Result<Option<Arriving>, Problem> {
    let written = pools.blocking(move || {
        let Some(mut arriving) = arriving else { return Ok(None) };
        arriving.write(&piece)?;
        Ok::<_, crate::engine::Error>(Some(arriving))
    });
    Ok(written.await?)
}

/// The problem for a body that failed while it was read.
pub fn broken(error: &(dyn std::error::Error + 'static)) -> Problem {
    let mut cause = Some(error);
    while let Some(this) = cause {
        match this.downcast_ref::<Unwatched>() {
            Some(pause @ Unwatched::Pause(_)) => {
                return Problem::new(Kind::TimedOut, format!("The request body stalled: {pause}."));
            }
            Some(much @ Unwatched::TooMuch(_)) => {
                return Problem::new(
                    Kind::TooLarge,
                    format!("The request body is too large: {much}."),
                );
            }
            Some(Unwatched::Broken(_)) => {
                return Problem::new(Kind::Malformed, "The request body ended early.");
            }
            None => cause = this.source(),
        }
    }
    // Everything else is a malformed form.
    let what = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    Problem::new(Kind::Malformed, format!("The form is malformed: {what}."))
}
