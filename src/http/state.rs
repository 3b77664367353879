//! What all requests share, and the way from a handler to the engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::engine;
use crate::engine::{Cases, Deletions, Engine, Outbox, Pools, Uploads};
use crate::http::Options;
use crate::http::auth::Limiter;
use crate::http::error::Problem;
use crate::http::linger::Linger;
use crate::model::{ApiKeyId, Environment, UploadId};

/// What the service is made of; `cli` puts it together.
pub struct Parts {
    pub engine: Arc<Engine>,
    pub uploads: Arc<Uploads>,
    pub cases: Arc<Cases>,
    pub deletions: Arc<Deletions>,
    pub outbox: Arc<Outbox>,
    pub pools: Pools,
    pub environment: Environment,
    pub options: Options,
    /// The metrics as text for Prometheus.
    pub render_metrics: Box<dyn Fn() -> String + Send + Sync>,
}

/// The running service; clones share it.
#[derive(Clone)]
pub struct App(Arc<Shared>);

struct Shared {
    parts: Parts,
    limiter: Limiter,
    linger: Linger,
    /// One for each stream of events that may be open.
    streams: Arc<Semaphore>,
    /// Distinguishes requests of this start…
    requests: AtomicU64,
    /// …and this start from others.
    start: u32,
    ending: CancellationToken,
    tasks: TaskTracker,
    /// One permit for each password that may be hashed at once.
    passwords: Semaphore,
}

/// Passwords hashed at once: each takes 19 MiB and some 20 ms of a core.
const PASSWORDS_MAX: usize = 2;

impl App {
    pub fn new(parts: Parts) -> App {
        let limiter = Limiter::new(parts.options.rate_per_s, parts.options.rate_burst);
        // Two starts in one second with the same number would only make log lines ambiguous.
        let start = parts.environment.random::<4>().map_or(0, u32::from_le_bytes);
        let streams = Arc::new(Semaphore::new(parts.options.event_streams_max));
        App(Arc::new(Shared {
            parts,
            limiter,
            linger: Linger::default(),
            streams,
            requests: AtomicU64::new(0),
            start,
            ending: CancellationToken::new(),
            tasks: TaskTracker::new(),
            passwords: Semaphore::new(PASSWORDS_MAX),
        }))
    }

    /// For what asks no database and takes no time; everything else goes by `ask`.
    pub fn engine(&self) -> &Engine {
        &self.0.parts.engine
    }

    pub fn uploads(&self) -> &Arc<Uploads> {
        &self.0.parts.uploads
    }

    pub fn cases(&self) -> &Arc<Cases> {
        &self.0.parts.cases
    }

    /// For what is answered from memory or waits; everything else goes by `ask_deletions`.
    pub fn deletions(&self) -> &Arc<Deletions> {
        &self.0.parts.deletions
    }

    /// A place for a stream of events; `None` when too many are open.
    pub(super) fn take_stream(&self) -> Option<OwnedSemaphorePermit> {
        self.0.streams.clone().try_acquire_owned().ok()
    }

    pub fn pools(&self) -> &Pools {
        &self.0.parts.pools
    }

    pub fn environment(&self) -> &Environment {
        &self.0.parts.environment
    }

    pub fn options(&self) -> &Options {
        &self.0.parts.options
    }

    pub(super) fn limiter(&self) -> &Limiter {
        &self.0.limiter
    }

    /// A key was revoked.
    pub(super) fn forget_key(&self, key: ApiKeyId) {
        self.0.limiter.forget(key);
    }

    pub(super) fn linger(&self) -> &Linger {
        &self.0.linger
    }

    pub(super) fn render_metrics(&self) -> String {
        (self.0.parts.render_metrics)()
    }

    /// Runs one method of the engine, off the async threads.
    ///
    /// # Errors
    /// What the engine refused, as a problem.
    pub async fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Engine, &Environment) -> engine::Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let shared = self.0.clone();
        self.blocking(move || job(&shared.parts.engine, &shared.parts.environment)).await
    }

    /// Runs one method of the engine that hashes a password: few of these at once.
    ///
    /// # Errors
    /// What the engine refused, as a problem.
    pub(super) async fn ask_slowly<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Engine, &Environment) -> engine::Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = self.0.passwords.acquire().await;
        let answer = self.ask(job).await;
        drop(permit);
        answer
    }

    /// Runs one method of the uploads, off the async threads.
    ///
    /// # Errors
    /// What the engine refused, as a problem.
    pub async fn ask_uploads<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Uploads) -> engine::Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let uploads = self.0.parts.uploads.clone();
        self.blocking(move || job(&uploads)).await
    }

    /// Runs one method of the cases, off the async threads.
    ///
    /// # Errors
    /// What the engine refused, as a problem.
    pub async fn ask_cases<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Cases) -> engine::Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let cases = self.0.parts.cases.clone();
        self.blocking(move || job(&cases)).await
    }

    /// Runs one method of the deletions, off the async threads.
    ///
    /// # Errors
    /// What the engine refused, as a problem.
    pub async fn ask_deletions<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Deletions) -> engine::Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let deletions = self.0.parts.deletions.clone();
        self.blocking(move || job(&deletions)).await
    }

    /// Runs one method of the outbox, off the async threads.
    ///
    /// # Errors
    /// What the engine refused, as a problem.
    pub async fn ask_outbox<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Outbox) -> engine::Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let outbox = self.0.parts.outbox.clone();
        self.blocking(move || job(&outbox)).await
    }

    /// Waits until an upload has its verdict: so long at most, and not beyond the service's end.
    pub(super) async fn wait_for_verdict(&self, id: UploadId, at_most: Duration) {
        if at_most.is_zero() {
            return;
        }
        tokio::select! {
            () = self.uploads().wait(id, at_most) => {}
            () = self.ending().cancelled() => {}
        }
    }

    /// Brings the gauges up to date.
    ///
    /// # Errors
    /// What the engine refused, as a problem.
    pub(super) async fn measure(&self) -> Result<(), Problem> {
        let shared = self.0.clone();
        self.blocking(move || {
            shared.parts.engine.measure()?;
            shared.parts.uploads.measure()?;
            shared.parts.cases.measure()?;
            shared.parts.deletions.measure()?;
            shared.parts.outbox.measure()
        })
        .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> engine::Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let span = tracing::Span::current();
        Ok(self.0.parts.pools.blocking(move || span.in_scope(job)).await?)
    }

    /// Work that goes on beside requests; the service waits for it when it ends, as long as its grace lasts.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.tasks.spawn(task);
    }

    /// Cancelled when the service begins to end.
    pub fn ending(&self) -> &CancellationToken {
        &self.0.ending
    }

    pub(super) fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }

    /// Unique among all requests of all starts, near enough.
    pub(super) fn new_request_id(&self) -> String {
        let number = self.0.requests.fetch_add(1, Ordering::Relaxed);
        format!("{:08x}-{number:08x}", self.0.start)
    }
}
