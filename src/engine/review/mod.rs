//! The moderators' review of cases. [`Cases`] is the façade.
//!
//! ```text
//! triage::open: a verdict opens a case or joins one
//!   → list, show, bytes: a moderator reads it
//!   → act, bulk: they change it, by `rules`
//!   → settle (a job): the decision takes effect
//!   → appeal: reopens it; draw (a job) plots the matches
//! ```
//!
//! Invariants:
//! - `rules` decides every change: pure functions, without store and clock.
//! - A decision takes effect only after the time to undo it, and survives a kill before that.
//! - The second of two moderators never sees the first one's blind decision.
//! - Claims and undo times run on a monotonic clock that no operator can set; all other times are wall-clock times.
//!
//! `events` is the feed of what happens, `stats` computes the statistics, `viewing` suggests breaks.

mod act;
mod appeal;
mod bulk;
mod bytes;
mod draw;
mod events;
mod list;
mod rules;
mod settle;
mod show;
mod stats;
mod viewing;

pub use act::CaseAction;
pub use appeal::Appealed;
pub use bulk::{BulkOutcome, BulkRefusal, BulkSurvey, BulkTarget, RefusalKind, SeenCase};
pub use bytes::Viewing;
pub use draw::attend_drawings;
pub use events::CaseNews;
pub use list::{CaseQuery, Whose};
pub use rules::DecisionRequest;
pub use settle::attend_cases;
pub use stats::{CaseDay, CaseNumbers, CaseReviewer};

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::engine::core::Engine;
use crate::engine::error::Result;
use crate::engine::jobs::{MonotonicClock, Wake};
use crate::engine::triage::{CaseChanges, Options};
use crate::engine::uploads::Uploads;
use crate::model::{Actor, Environment, Reviewer, UploadId};
use crate::pools::Pools;
use crate::store::CaseCounts;

/// The dependencies of [`Cases`].
pub struct CaseParts {
    pub engine: Arc<Engine>,
    pub uploads: Arc<Uploads>,
    pub pools: Pools,
    pub environment: Environment,
    pub options: Options,
    /// Shared with the uploads, whose verdicts open cases.
    pub changes: CaseChanges,
}

/// All cases. Share it by `Arc`.
pub struct Cases {
    engine: Arc<Engine>,
    uploads: Arc<Uploads>,
    pools: Pools,
    environment: Environment,
    options: Options,
    monotonic: MonotonicClock,
    changes: CaseChanges,
    wake: Wake,
    wake_drawings: Wake,
    /// Cached counts, with the change number and the monotonic second of the count.
    counts: Mutex<Option<(u64, i64, CaseCounts)>>,
    /// Recent viewings, monotonic seconds. Playing a video makes many requests, and one entry in the audit log.
    viewed: Mutex<HashMap<(Actor, UploadId), i64>>,
}

impl fmt::Debug for Cases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cases")
    }
}

/// The sizes of the queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueCounts {
    pub all: CaseCounts,
    /// Cases claimed by or assigned to the reviewer.
    pub mine: u64,
}

impl Cases {
    /// Opens the review. Shortens claims and undo times that lie too far ahead on this process's monotonic clock.
    ///
    /// # Errors
    /// [`Error::Store`](crate::engine::Error::Store) when the store cannot be written.
    pub fn open(parts: CaseParts) -> Result<Cases> {
        let CaseParts { engine, uploads, pools, environment, options, changes } = parts;
        let monotonic = MonotonicClock::new(&environment);
        let now = monotonic.now();
        engine.store().bound_case_times(
            now + options.lease_s,
            now + options.undo_s,
            now + options.second_s,
        )?;
        Ok(Cases {
            engine,
            uploads,
            pools,
            environment,
            options,
            monotonic,
            changes,
            wake: Wake::default(),
            wake_drawings: Wake::default(),
            counts: Mutex::default(),
            viewed: Mutex::default(),
        })
    }

    pub fn options(&self) -> &Options {
        &self.options
    }

    /// A number that rises with each change to a case. Call [`Cases::counts`] when it does.
    pub fn listen(&self) -> watch::Receiver<u64> {
        self.changes.listen()
    }

    /// The sizes of the queues. Cheap: the totals are cached, and counted again at most once a second.
    ///
    /// # Errors
    /// [`Error::Store`](crate::engine::Error::Store) when the store cannot be read.
    pub fn counts(&self, reviewer: Reviewer) -> Result<QueueCounts> {
        let mine = self.engine.store().cases_of(reviewer.actor, self.monotonic.now())?;
        Ok(QueueCounts { all: self.count_all()?, mine })
    }

    /// Sets the gauges that are computed at each scrape.
    ///
    /// # Errors
    /// [`Error::Store`](crate::engine::Error::Store) when the store cannot be read.
    pub fn measure(&self) -> Result<()> {
        let counts = self.count_all()?;
        metrics::gauge!("cenotaph_cases", "state" => "open").set(counts.open as f64);
        metrics::gauge!("cenotaph_cases", "state" => "escalated").set(counts.escalated as f64);
        Ok(())
    }

    fn count_all(&self) -> Result<CaseCounts> {
        let (number, now) = (self.changes.number(), self.monotonic.now());
        let mut kept = lock(&self.counts);
        match *kept {
            // Cases become overdue without a change, so no count is older than five seconds.
            Some((at, when, counts)) if when == now || (at == number && now - when < 5) => {
                Ok(counts)
            }
            _ => {
                let counts = self.engine.store().case_counts(self.environment.now())?;
                *kept = Some((number, now, counts));
                Ok(counts)
            }
        }
    }

    /// Notifies listeners of a change, and wakes the job that settles decisions.
    pub(in crate::engine) fn changed(&self) {
        self.changes.notify();
        self.wake.wake();
    }
}

pub(in crate::engine) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
