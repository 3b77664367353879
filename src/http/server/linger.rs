//! Bodies that are refused are read to their end and thrown away, within limits.
//!
//! A server that closes a connection while the other side still sends makes the system reset it, and the reset can
//! overtake the answer: the sender would see a broken connection where it was told 413 or 503. So whoever drops a body
//! before its end leaves the rest to a task here. A sender that waits for `100 Continue` gets none and sends nothing.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::sync::Semaphore;

/// Thrown away of one body at most; a sender of more has the connection closed.
const BYTES_MAX: u64 = 256 << 20;
/// …for so long at most…
const TIME_MAX: Duration = Duration::from_secs(30);
/// …and with pauses no longer than this.
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// Bodies thrown away at once.
const BODIES_MAX: usize = 256;

/// Shared by all bodies of a server.
#[derive(Clone)]
pub struct Linger(Arc<Semaphore>);

impl Default for Linger {
    fn default() -> Self {
        Linger(Arc::new(Semaphore::new(BODIES_MAX)))
    }
}

/// A request's body whose rest is read even when nobody wants it.
pub struct LingeringBody {
    inner: Option<Incoming>,
    linger: Linger,
    /// The sender holds its body back until it is asked for it.
    held_back: bool,
}

impl Linger {
    pub fn body(&self, body: Incoming, expects_continue: bool) -> LingeringBody {
        LingeringBody { inner: Some(body), linger: self.clone(), held_back: expects_continue }
    }
}

impl Body for LingeringBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.held_back = false;
        match &mut self.inner {
            Some(inner) => Pin::new(inner).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

impl Drop for LingeringBody {
    fn drop(&mut self) {
        let Some(body) = self.inner.take() else { return };
        let announced = body.size_hint().lower();
        if body.is_end_stream() || self.held_back || announced > BYTES_MAX {
            return;
        }
        // Outside a runtime there is no connection either.
        let (Ok(turn), Ok(runtime)) =
            (self.linger.0.clone().try_acquire_owned(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        runtime.spawn(async move {
            let _ = tokio::time::timeout(TIME_MAX, throw_away(body)).await;
            drop(turn);
        });
    }
}

async fn throw_away(mut body: Incoming) {
    let mut bytes = 0;
    while bytes <= BYTES_MAX {
        let next = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context));
        let Ok(Some(Ok(frame))) = tokio::time::timeout(PAUSE_MAX, next).await else { break };
        bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
    }
}
