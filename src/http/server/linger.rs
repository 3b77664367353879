//! Drains the bodies of refused requests, within limits.
//!
//! If a server closes a connection while the client still sends, the kernel resets it, and the reset can overtake the
//! response: the client sees a broken connection instead of 413 or 503. So a body that is dropped before its end is
//! drained by a task. A client that waits for `100 Continue` gets none and sends nothing.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::sync::Semaphore;

/// Bytes drained from one body; beyond this, the connection is closed.
const BYTES_MAX: u64 = 256 << 20;
/// Longest time to drain a body.
const TIME_MAX: Duration = Duration::from_secs(30);
/// Longest pause of a body that is drained.
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// Bodies drained at the same time.
const BODIES_MAX: usize = 256;

/// Shared by all bodies of a server.
#[derive(Clone)]
pub struct Linger(Arc<Semaphore>);

impl Default for Linger {
    fn default() -> Self {
        Linger(Arc::new(Semaphore::new(BODIES_MAX)))
    }
}

/// When a client sends the body of its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sending {
    /// Right after the head.
    AtOnce,
    /// After the server's `100 Continue`, which the first read of the body sends.
    AfterContinue,
}

/// A request body that is drained when it is dropped before its end.
pub struct LingeringBody {
    inner: Option<Incoming>,
    linger: Linger,
    /// The client waits for `100 Continue` before it sends the body.
    held_back: bool,
}

impl Linger {
    /// Wraps the body of a request.
    pub fn body(&self, body: Incoming, sending: Sending) -> LingeringBody {
        LingeringBody {
            inner: Some(body),
            linger: self.clone(),
            held_back: sending == Sending::AfterContinue,
        }
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
        // Without a runtime there is no connection to drain.
        let (Ok(turn), Ok(runtime)) =
            (self.linger.0.clone().try_acquire_owned(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        runtime.spawn(async move {
            let _ = tokio::time::timeout(TIME_MAX, drain(body)).await;
            drop(turn);
        });
    }
}

async fn drain(mut body: Incoming) {
    let mut bytes = 0;
    while bytes <= BYTES_MAX {
        let next = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context));
        let Ok(Some(Ok(frame))) = tokio::time::timeout(PAUSE_MAX, next).await else { break };
        bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
    }
}
