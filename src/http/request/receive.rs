//! Bodies of uploads, streamed into the spool piece by piece: never more than a piece in memory.
//!
//! The routes of uploads have no limit on time and size of their own, so `watch` keeps both for whatever the body is: no
//! pause is too long, and what is not a file (JSON, what stands between the parts of a form) is short.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};

use crate::engine::{Arriving, Pools, Uploads};
use crate::http::error::{Kind, Problem};
use crate::http::state::App;

/// Written at once; small pieces of the network are gathered up to it. Two of them are in memory for each upload that
/// arrives: with four times as much, 200 uploads at once took 100 MB for this alone.
const PIECE_BYTES: usize = 1 << 16;

/// Why a watched body ends early.
#[derive(Debug, thiserror::Error)]
enum Unwatched {
    #[error("nothing came for {0} seconds")]
    Pause(u64),
    #[error("what is not the file has more than {0} bytes")]
    TooMuch(usize),
    #[error(transparent)]
    Broken(axum::Error),
}

/// How much came of a watched body that nobody has taken as part of a file.
#[derive(Clone, Default)]
pub struct Watch(Arc<AtomicUsize>);

impl Watch {
    /// So far all is well: the count begins anew.
    pub fn taken(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

/// Keeps the limits of a body whatever it holds.
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
        // A piece may hold the end of one thing and the beginning of the next: it is not counted itself.
        if untaken > bytes_max {
            return Err(Unwatched::TooMuch(bytes_max));
        }
        Ok(Some((bytes, (body, watch))))
    });
    (Request::from_parts(parts, Body::from_stream(watched)), watch)
}

/// An upload that arrives. It is dropped off the async threads, since that removes a file.
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

/// Takes a body into the spool.
///
/// # Errors
/// 503 when there is no place, 413 at the limit, 408 when nothing comes any more, 400 when the body breaks off.
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
            return arriving.ok_or_else(|| Problem::new(Kind::Internal, "The upload was lost."));
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

/// Says what is wrong with a body that broke off.
pub fn broken(error: &(dyn std::error::Error + 'static)) -> Problem {
    let mut cause = Some(error);
    while let Some(this) = cause {
        match this.downcast_ref::<Unwatched>() {
            Some(pause @ Unwatched::Pause(_)) => {
                return Problem::new(Kind::TooSlow, format!("The body broke off: {pause}."));
            }
            Some(much @ Unwatched::TooMuch(_)) => {
                return Problem::new(Kind::TooLarge, format!("The body is too large: {much}."));
            }
            Some(Unwatched::Broken(_)) => {
                return Problem::new(Kind::Malformed, "The body ended early.");
            }
            None => cause = this.source(),
        }
    }
    // What is left is a form that is none.
    let what = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    Problem::new(Kind::Malformed, format!("The form cannot be read to its end: {what}."))
}
