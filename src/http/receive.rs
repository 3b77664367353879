//! Bodies of uploads, streamed into the spool piece by piece: never more than a piece in memory.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};

use crate::engine::{Arriving, Pools, Uploads};
use crate::http::error::{Kind, Problem};
use crate::http::state::App;

/// Written at once; small pieces of the network are gathered up to it.
const PIECE_BYTES: usize = 1 << 18;

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
    mut body: impl Stream<Item = Result<Bytes, E>> + Unpin,
) -> Result<Arriving, Problem> {
    let pause = Duration::from_secs(app.options().upload_pause_s);
    let begun = begin(app.pools(), app.uploads().clone()).await?;
    let mut held = Held { arriving: Some(begun) };
    let mut piece = BytesMut::with_capacity(PIECE_BYTES);
    loop {
        let next = tokio::time::timeout(pause, body.next()).await.map_err(|_| {
            let detail = format!("Nothing came for {} seconds.", pause.as_secs());
            Problem::new(Kind::TooSlow, detail)
        })?;
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
        if this.to_string().contains("length limit exceeded") {
            return Problem::new(Kind::TooLarge, "The body is larger than allowed.");
        }
        cause = this.source();
    }
    let what = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    Problem::new(Kind::Malformed, format!("The body cannot be read to its end: {what}."))
}
