//! The state that all requests share, and how a handler calls the engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::engine;
use crate::engine::{Cases, Deletions, Engine, Outbox, Uploads};
use crate::http::Options;
use crate::http::error::Problem;
use crate::http::middleware::rate::Limiter;
use crate::http::server::linger::Linger;
use crate::model::{ApiKeyId, Environment, UploadId};
use crate::pools::Pools;

/// The parts of the service; the command line assembles them.
pub struct Parts {
    pub engine: Arc<Engine>,
    pub uploads: Arc<Uploads>,
    pub cases: Arc<Cases>,
    pub deletions: Arc<Deletions>,
    pub outbox: Arc<Outbox>,
    pub pools: Pools,
    pub environment: Environment,
    pub options: Options,
    /// Renders the metrics in the Prometheus text format.
    pub render_metrics: Box<dyn Fn() -> String + Send + Sync>,
}

/// The running service; clones share it.
#[derive(Clone)]
pub struct App(Arc<Shared>);

struct Shared {
    parts: Parts,
    limiter: Limiter,
    linger: Linger,
    /// One permit for each event stream that may be open.
    streams: Arc<Semaphore>,
    /// Number of requests since the start: the second part of a request's id.
    requests: AtomicU64,
    /// Random number of this start: the first part of a request's id.
    start: u32,
    ending: CancellationToken,
    tasks: TaskTracker,
    /// One permit for each password that may be hashed at the same time.
    passwords: Semaphore,
}

/// Passwords hashed at the same time: each takes 19 MiB and about 20 ms of a core.
const PASSWORDS_MAX: usize = 2;

impl App {
    pub fn new(parts: Parts) -> App {
        let limiter = Limiter::new(parts.options.rate_per_s, parts.options.rate_burst);
        // Two starts with the same number would only make log lines ambiguous.
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

    /// For methods that do not block; call all others through [`App::ask`].
    pub fn engine(&self) -> &Engine {
        &self.0.parts.engine
    }

    pub fn uploads(&self) -> &Arc<Uploads> {
        &self.0.parts.uploads
    }

    pub fn cases(&self) -> &Arc<Cases> {
        &self.0.parts.cases
    }

    /// For methods that do not block; call all others through [`App::ask_deletions`].
    pub fn deletions(&self) -> &Arc<Deletions> {
        &self.0.parts.deletions
    }

    /// A permit for an event stream; `None` when too many are open.
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

    /// Drops the rate limit of a revoked key.
    pub(super) fn forget_key(&self, key: ApiKeyId) {
        self.0.limiter.forget(key);
    }

    pub(super) fn linger(&self) -> &Linger {
        &self.0.linger
    }

    pub(super) fn render_metrics(&self) -> String {
        (self.0.parts.render_metrics)()
    }

    /// Runs a method of the engine off the async threads.
    ///
    /// # Errors
    /// The method's error, as a [`Problem`].
    pub async fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Engine, &Environment) -> engine::Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let shared = self.0.clone();
        self.blocking(move || job(&shared.parts.engine, &shared.parts.environment)).await
    }

    /// Runs a method of the engine that hashes a password; [`PASSWORDS_MAX`] run at the same time.
    ///
    /// # Errors
    /// The method's error, as a [`Problem`].
    pub(super) async fn ask_with_password<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Engine, &Environment) -> engine::Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = self.0.passwords.acquire().await;
        let answer = self.ask(job).await;
        drop(permit);
        answer
    }

    /// Runs a method of [`Uploads`] off the async threads.
    ///
    /// # Errors
    /// The method's error, as a [`Problem`].
    pub async fn ask_uploads<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Uploads) -> engine::Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let uploads = self.0.parts.uploads.clone();
        self.blocking(move || job(&uploads)).await
    }

    /// Runs a method of [`Cases`] off the async threads.
    ///
    /// # Errors
    /// The method's error, as a [`Problem`].
    pub async fn ask_cases<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Cases) -> engine::Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let cases = self.0.parts.cases.clone();
        self.blocking(move || job(&cases)).await
    }

    /// Runs a method of [`Deletions`] off the async threads.
    ///
    /// # Errors
    /// The method's error, as a [`Problem`].
    pub async fn ask_deletions<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Deletions) -> engine::Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let deletions = self.0.parts.deletions.clone();
        self.blocking(move || job(&deletions)).await
    }

    /// Runs a method of [`Outbox`] off the async threads.
    ///
    /// # Errors
    /// The method's error, as a [`Problem`].
    pub async fn ask_outbox<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Outbox) -> engine::Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let outbox = self.0.parts.outbox.clone();
        self.blocking(move || job(&outbox)).await
    }

    /// Waits until an upload has its verdict, `at_most` has passed, or the service shuts down.
    pub(super) async fn wait_for_verdict(&self, id: UploadId, at_most: Duration) {
        if at_most.is_zero() {
            return;
        }
        tokio::select! {
            () = self.uploads().wait(id, at_most) => {}
            () = self.ending().cancelled() => {}
        }
    }

    /// Updates the gauges.
    ///
    /// # Errors
    /// The method's error, as a [`Problem`].
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

    /// Runs a task in the background. Shutdown waits for it within the grace period.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.tasks.spawn(task);
    }

    /// Cancelled when shutdown begins.
    pub fn ending(&self) -> &CancellationToken {
        &self.0.ending
    }

    pub(super) fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }

    /// A request id that is unique, barring two starts with the same random number.
    pub(super) fn new_request_id(&self) -> String {
        let number = self.0.requests.fetch_add(1, Ordering::Relaxed);
        format!("{:08x}-{number:08x}", self.0.start)
    }
}
