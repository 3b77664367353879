//! The cases of a data folder: what all their use cases share.
//!
//! An upload that is to be looked at opens a case or joins one when it gets its verdict (`case_open`). `case_list` and
//! `case_show` tell moderators of them; `case_act` is what they do, by the rules in `case_rules`; `case_settle` lets
//! decisions take effect once they cannot be undone any more, as a job for the runner; `case_appeal` reopens, and
//! `case_draw` draws what is then missing, another job; `case_bulk` does the same to many, `case_bytes` hands out an
//! upload to be looked at, `case_news` tells what happens, `case_stats` counts.
//!
//! Leases and undo times are on a time line that nobody can set (`steady`); everything else is told by the clock.

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

use crate::engine::jobs::MonotonicClock;
use crate::engine::jobs::Wake;
use crate::engine::triage::CaseChanges;
use crate::engine::triage::Options;
use crate::engine::uploads::Uploads;
use crate::engine::{Engine, Result};
use crate::model::{Actor, Environment, Reviewer, UploadId};
use crate::pools::Pools;
use crate::store::CaseCounts;

/// What cases need.
pub struct CaseParts {
    pub engine: Arc<Engine>,
    pub uploads: Arc<Uploads>,
    pub pools: Pools,
    pub environment: Environment,
    pub options: Options,
    /// The same that the uploads have.
    pub changes: CaseChanges,
}

/// All cases. Share it by `Arc`.
pub struct Cases {
    engine: Arc<Engine>,
    uploads: Arc<Uploads>,
    pools: Pools,
    environment: Environment,
    options: Options,
    steady: MonotonicClock,
    changes: CaseChanges,
    wake: Wake,
    wake_drawings: Wake,
    /// Counts as of a number of changes and a moment.
    counts: Mutex<Option<(u64, i64, CaseCounts)>>,
    /// Who looked at which upload lately, so that playing a video is one entry of the audit log and not a hundred.
    viewed: Mutex<HashMap<(Actor, UploadId), i64>>,
}

impl fmt::Debug for Cases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cases")
    }
}

/// How many cases wait, for whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueCounts {
    pub all: CaseCounts,
    /// Those that this one has claimed, or is to do.
    pub mine: u64,
}

impl Cases {
    /// # Errors
    /// The store's refusal.
    pub fn open(parts: CaseParts) -> Result<Cases> {
        let CaseParts { engine, uploads, pools, environment, options, changes } = parts;
        let steady = MonotonicClock::new(&environment);
        let now = steady.now();
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
            steady,
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

    /// Heard whenever some case has changed: a number that rises. Ask for `counts` then.
    pub fn listen(&self) -> watch::Receiver<u64> {
        self.changes.listen()
    }

    /// How many cases wait. Cheap: counted at most once a second, and only after a change.
    ///
    /// # Errors
    /// The store's refusal.
    pub fn counts(&self, reviewer: Reviewer) -> Result<QueueCounts> {
        let mine = self.engine.store().cases_of(reviewer.actor, self.steady.now())?;
        Ok(QueueCounts { all: self.count_all()?, mine })
    }

    /// Sets the gauges that are only worth their look-up when somebody asks.
    ///
    /// # Errors
    /// The store's refusal.
    pub fn measure(&self) -> Result<()> {
        let counts = self.count_all()?;
        metrics::gauge!("cenotaph_cases", "state" => "open").set(counts.open as f64);
        metrics::gauge!("cenotaph_cases", "state" => "escalated").set(counts.escalated as f64);
        Ok(())
    }

    fn count_all(&self) -> Result<CaseCounts> {
        let (number, now) = (self.changes.number(), self.steady.now());
        let mut kept = lock(&self.counts);
        match *kept {
            // Due times pass without a change: nothing is older than a few seconds.
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

    /// After a change: whoever listens hears of it, and what is to take effect is looked at.
    pub(in crate::engine) fn changed(&self) {
        self.changes.notify();
        self.wake.wake();
    }
}

pub(in crate::engine) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
