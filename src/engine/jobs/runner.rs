//! The job runner: carries out durable work of every kind, a bounded number at a time, soon after it is due.
//!
//! What is durable stays in the store; the runner keeps nothing that matters. A kind of work is a `Source`: it knows
//! which jobs are due, takes some under a **lease** (a job whose lease has not run out is taken by nobody else), and
//! records itself how each went: done, or due again later. The runner only calls it at the right times:
//!
//! ```text
//! for each source, for ever:
//!     claim as many due jobs as there is room for; start them
//!     wait until: one ends, or somebody calls `Wake::wake`, or the next job is due, or leases want to be extended
//! ```
//!
//! A job that panics, hangs with its process or is killed with it loses its lease and is claimed again. So whatever a
//! job does must be safe to do twice; at the start of a process, which owns the data folder alone, a source may release
//! all leases at once instead of waiting for them to run out.
//!
//! To use it: implement `Source`, `Runner::add` it, keep the `Wake` and call it after a commit that makes something due.
//!
//! It never asks a source more than once a second unless something ended or somebody woke it, so an idle service costs
//! nothing; and it does not ask for a few jobs when half its places will soon be free: claiming is a write.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::Notify;
use tokio::task::{Id, JoinSet};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::engine::Result;
use crate::model::{Clock, UnixSeconds, chain};
use crate::pools::Pools;

/// One piece of work that was taken from a source.
pub struct Job {
    /// The source's own name for it, for extending its lease.
    pub key: i64,
    /// Does it and records how it went, which also ends the lease. Dropped when the runner is told to stop and the
    /// grace has passed.
    pub work: BoxFuture<'static, ()>,
}

/// What a source is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Take {
    pub now: UnixSeconds,
    /// What is taken belongs to the taker until then.
    pub lease_until: UnixSeconds,
    /// Jobs at most.
    pub limit: usize,
}

/// What a source gave.
#[derive(Default)]
pub struct Claim {
    pub jobs: Vec<Job>,
    /// When the earliest job that was not taken will be due; in the past when the limit was reached.
    pub next_due_at: Option<UnixSeconds>,
}

/// A kind of durable work.
pub trait Source: Send + Sync + 'static {
    /// For logs and metrics.
    fn name(&self) -> &'static str;

    /// Takes jobs that are due and not leased, oldest first, and leases them. Called on the blocking pool.
    ///
    /// # Errors
    /// The store's refusal; the runner asks again later.
    fn claim(self: Arc<Self>, take: Take) -> Result<Claim>;

    /// Extends the leases of jobs that still run. Called on the blocking pool.
    ///
    /// # Errors
    /// The store's refusal; the runner asks again later.
    fn extend(&self, keys: &[i64], lease_until: UnixSeconds) -> Result<()>;
}

/// How the runner runs.
#[derive(Debug, Clone)]
pub struct Options {
    /// A lease's length, seconds; extended at a third of it for as long as the job runs. Default 600.
    pub lease_s: u32,
    /// How often a source is asked at the least, seconds. Default 60: a guard against a missed wake only.
    pub idle_s: u32,
    /// What running jobs get to end by themselves when the service stops, seconds. Default 10; what is cut off then is
    /// taken up again at the next start.
    pub grace_s: u32,
}

impl Default for Options {
    fn default() -> Self {
        Options { lease_s: 600, idle_s: 60, grace_s: 10 }
    }
}

/// Tells the runner that a source may have something to do. Cheap; calls between two looks count once.
#[derive(Debug, Clone, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    pub fn wake(&self) {
        self.0.notify_one();
    }
}

/// Sources, ready to be attended to.
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

    /// Adds a source of which at most `jobs_max` run at once.
    pub fn add(&mut self, source: Arc<dyn Source>, jobs_max: usize) -> Wake {
        let wake = Wake::default();
        self.add_with(source, jobs_max, wake.clone());
        wake
    }

    /// The same with a `Wake` that exists already, because the source or somebody before it holds it.
    pub fn add_with(&mut self, source: Arc<dyn Source>, jobs_max: usize, wake: Wake) {
        self.sources.push((source, jobs_max.max(1), wake));
    }

    /// Attends to all sources until `stop`; then takes nothing more and returns when the running jobs have ended or the
    /// grace has passed.
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
            // A full house is looked at again when somebody leaves.
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

    /// Claims and starts jobs; returns how long to wait before looking again.
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
                tracing::error!(source = name, error = %chain(&error), "cannot look for work; trying again");
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
                // What it was about stays in the store, and its lease will run out.
                tracing::error!(
                    source = self.source.name(),
                    "a job panicked; it is taken up again"
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
            tracing::error!(source = self.source.name(), error = %chain(&error), "cannot extend leases");
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
