//! The job runner: runs durable jobs soon after they are due, a bounded number at a time.
//!
//! The store holds all durable state; the runner holds none. A kind of job is a [`Source`]. The source knows which jobs
//! are due and claims some under a **lease**: until the lease expires, nobody else can claim the job. The job itself
//! records its outcome: done, or due again later. The runner only decides when to call the source:
//!
//! ```text
//! for each source, forever:
//!     claim as many due jobs as there are free slots; start them
//!     wait until a job ends, or `Wake::wake` is called, or the next job is due, or the leases need extending
//! ```
//!
//! A job that panics, or whose process hangs or is killed, loses its lease and is claimed again. Jobs must therefore be
//! idempotent. A starting process owns the data folder alone, so a source may release all leases then instead of
//! waiting for them to expire.
//!
//! To use it, implement [`Source`], pass it to [`Runner::add`], keep the [`Wake`], and call it after each commit that
//! makes a job due.
//!
//! The runner polls a source at most once a second unless a job ended or someone woke it, so an idle service costs
//! almost nothing. After a job ends it claims only once half the slots are free: a claim is a write, and one for many
//! jobs is cheaper than many for one.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::Notify;
use tokio::task::{Id, JoinSet};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::engine::error::Result;
use crate::model::{Clock, UnixSeconds, chain};
use crate::pools::Pools;

/// A job that a source has claimed.
pub struct Job {
    /// The source's key for the job, used to extend its lease.
    pub key: i64,
    /// Does the work and records the outcome, which also ends the lease. Dropped at shutdown when the grace period has
    /// passed.
    pub work: BoxFuture<'static, ()>,
}

/// A request for jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Take {
    pub now: UnixSeconds,
    /// When the leases expire unless they are extended.
    pub lease_until: UnixSeconds,
    /// Maximum number of jobs.
    pub limit: usize,
}

/// The jobs that a source claimed.
#[derive(Default)]
pub struct Claim {
    pub jobs: Vec<Job>,
    /// When the earliest job that was not claimed is due; in the past when the limit was reached.
    pub next_due_at: Option<UnixSeconds>,
}

/// A kind of durable job.
pub trait Source: Send + Sync + 'static {
    /// The name in logs and metrics.
    fn name(&self) -> &'static str;

    /// Leases the due jobs that are not leased, oldest first. Runs on the blocking pool.
    ///
    /// # Errors
    /// [`Error::Store`](crate::engine::Error::Store) if the store cannot be read or written; the runner retries.
    fn claim(self: Arc<Self>, take: Take) -> Result<Claim>;

    /// Extends the leases of running jobs. Runs on the blocking pool.
    ///
    /// # Errors
    /// [`Error::Store`](crate::engine::Error::Store) if the store cannot be written; the runner retries.
    fn extend(&self, keys: &[i64], lease_until: UnixSeconds) -> Result<()>;
}

/// Settings of the runner.
#[derive(Debug, Clone)]
pub struct Options {
    /// Lease length, seconds. Default 600. A running job's lease is extended every third of it. Shorter leases retry
    /// the jobs of a dead process sooner and cost more writes.
    pub lease_s: u32,
    /// Longest time between two claims, seconds. Default 60. It only guards against a missed wake.
    pub idle_s: u32,
    /// Grace period for running jobs at shutdown, seconds. Default 10. Jobs that are cut off run again after the next
    /// start.
    pub grace_s: u32,
}

impl Default for Options {
    fn default() -> Self {
        Options { lease_s: 600, idle_s: 60, grace_s: 10 }
    }
}

/// Wakes the runner because a source may have a due job. Cheap; several calls between two claims count as one.
#[derive(Debug, Clone, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    pub fn wake(&self) {
        self.0.notify_one();
    }
}

/// The sources, before [`Runner::run`] starts them.
pub struct Runner {
    pools: Pools,
    clock: Arc<dyn Clock>,
    options: Options,
    sources: Vec<(Arc<dyn Source>, usize, Wake)>,
}

impl Runner {
    pub fn new(pools: Pools, clock: Arc<dyn Clock>, options: Options) -> Runner {
        Runner { pools, clock, options, sources: Vec::new() }
    }

    /// Adds a source. At most `jobs_max` of its jobs run at once.
    pub fn add(&mut self, source: Arc<dyn Source>, jobs_max: usize) -> Wake {
        let wake = Wake::default();
        self.add_with(source, jobs_max, wake.clone());
        wake
    }

    /// As [`Runner::add`], with an existing `Wake` that the source, or a part created before it, already holds.
    pub fn add_with(&mut self, source: Arc<dyn Source>, jobs_max: usize, wake: Wake) {
        self.sources.push((source, jobs_max.max(1), wake));
    }

    /// Runs all sources until `stop` is cancelled. Then it claims nothing more, and returns when the running jobs have
    /// ended or the grace period has passed.
    pub async fn run(self, stop: CancellationToken) {
        let mut loops = JoinSet::new();
        for (source, jobs_max, wake) in self.sources {
            let attendant = Attendant {
                source,
                jobs_max,
                wake,
                pools: self.pools.clone(),
                clock: self.clock.clone(),
                options: self.options.clone(),
                running: JoinSet::new(),
                keys: HashMap::new(),
            };
            loops.spawn(attendant.run(stop.clone()));
        }
        while loops.join_next().await.is_some() {}
    }
}

/// The loop of one source.
struct Attendant {
    source: Arc<dyn Source>,
    jobs_max: usize,
    wake: Wake,
    pools: Pools,
    clock: Arc<dyn Clock>,
    options: Options,
    running: JoinSet<()>,
    keys: HashMap<Id, i64>,
}

impl Attendant {
    async fn run(mut self, stop: CancellationToken) {
        let third = Duration::from_secs(u64::from(self.options.lease_s.max(3)) / 3);
        let mut extend_at = Instant::now() + third;
        let mut look_at = Some(Instant::now());
        loop {
            if look_at.is_some_and(|at| at <= Instant::now()) && self.room() > 0 {
                look_at = Some(Instant::now() + self.look().await);
            }
            // With no free slot, the end of a job is what triggers the next claim.
            let asleep = self.room() == 0;
            let wake_at = look_at.unwrap_or_else(Instant::now);
            tokio::select! {
                () = stop.cancelled() => break,
                Some(ended) = self.running.join_next_with_id() => {
                    self.note(ended);
                    while let Some(ended) = self.running.try_join_next_with_id() {
                        self.note(ended);
                    }
                    if self.room() * 2 >= self.jobs_max {
                        look_at = Some(Instant::now());
                    }
                }
                () = self.wake.0.notified() => look_at = Some(Instant::now()),
                () = sleep_until(wake_at), if !asleep => look_at = Some(wake_at),
                () = sleep_until(extend_at) => {
                    self.extend().await;
                    extend_at = Instant::now() + third;
                }
            }
        }
        self.finish().await;
    }

    fn room(&self) -> usize {
        self.jobs_max - self.running.len().min(self.jobs_max)
    }

    /// Claims and starts jobs. Returns how long to wait before the next claim.
    async fn look(&mut self) -> Duration {
        let idle = Duration::from_secs(u64::from(self.options.idle_s.max(1)));
        let now = self.clock.now();
        let lease_until = now + i64::from(self.options.lease_s);
        let take = Take { now, lease_until, limit: self.room() };
        let source = self.source.clone();
        let claim = match self.pools.blocking(move || source.claim(take)).await {
            Ok(claim) => claim,
            Err(error) => {
                let name = self.source.name();
                let error = chain(&error);
                tracing::error!(source = name, %error, "cannot claim jobs; will retry");
                return idle;
            }
        };
        for job in claim.jobs {
            let handle = self.running.spawn(job.work);
            self.keys.insert(handle.id(), job.key);
        }
        let wait_s = claim.next_due_at.map(|at| (at - self.clock.now()).max(1).cast_unsigned());
        wait_s.map_or(idle, |wait_s| Duration::from_secs(wait_s).min(idle))
    }

    fn note(&mut self, ended: std::result::Result<(Id, ()), tokio::task::JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                // The job stays in the store, and its lease expires.
                tracing::error!(
                    source = self.source.name(),
                    "a job panicked; it will be retried when its lease expires"
                );
                error.id()
            }
        };
        self.keys.remove(&id);
    }

    async fn extend(&self) {
        if self.keys.is_empty() {
            return;
        }
        let keys: Vec<i64> = self.keys.values().copied().collect();
        let lease_until = self.clock.now() + i64::from(self.options.lease_s);
        let source = self.source.clone();
        if let Err(error) = self.pools.blocking(move || source.extend(&keys, lease_until)).await {
            let (source, error) = (self.source.name(), chain(&error));
            tracing::error!(source, %error, "cannot extend leases; will retry");
        }
    }

    async fn finish(mut self) {
        let end = Instant::now() + Duration::from_secs(u64::from(self.options.grace_s));
        let all = async { while self.running.join_next().await.is_some() {} };
        let _ = tokio::time::timeout_at(end, all).await;
    }
}

#[cfg(test)]
mod tests;
