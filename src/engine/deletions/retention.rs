//! Retention of deletions. First folds the anonymous rows into sums; at the end of the retention, erases the ids,
//! addresses, events and the row of a deletion. The rest identifies nobody.
//!
//! Erased rows are overwritten (`secure_delete`), and the write-ahead log is checkpointed and truncated after each
//! sweep, so no file of the data folder holds them. A concurrent reader delays that to the next attempt, seconds later.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::engine::deletions::Deletions;
use crate::engine::error::Result;
use crate::engine::jobs::{Claim, Job, Source, Take};
use crate::erasure;
use crate::model::{DAY_S, Grain, RetainedBucket, UnixSeconds, chain};

/// Longest pause between sweeps, seconds. The end of a month makes rows due without any event.
const SWEEP_S: i64 = 3600;
/// Pause after a failed sweep, or a reader that kept the log from being truncated, seconds.
const AGAIN_S: i64 = 5;
/// Deletions erased per transaction.
const FORGOTTEN_AT_ONCE: usize = 500;
/// Rows folded per transaction.
const FOLDED_AT_ONCE: usize = 1_000_000;

/// The result of a sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Deletions erased.
    pub forgotten: u64,
    /// Rows folded into sums.
    pub folded: u64,
    /// Whether the log was truncated, so that no file holds the erased rows.
    pub clean: bool,
}

impl Deletions {
    /// Folds and erases what is due.
    ///
    /// # Errors
    /// [`Error::Store`](crate::engine::Error::Store) when the store cannot be read or written. Transactions before the
    /// error stay committed.
    pub fn sweep(&self) -> Result<Swept> {
        let (store, now) = (self.engine.store(), self.environment.now());
        let mut swept = Swept::default();
        let month = erasure::month_start(now.div_euclid(DAY_S));
        loop {
            let rows = store.retained_to_fold(month, now, FOLDED_AT_ONCE)?;
            if rows.is_empty() {
                break;
            }
            let pool = store.retained_pool()?;
            store.fold_retained(erasure::fold(&rows, pool, self.options.erasure.anonymity_min))?;
            swept.folded += rows.len() as u64;
        }
        loop {
            let ended = store.retention_ended(now, FORGOTTEN_AT_ONCE)?;
            if ended.is_empty() {
                break;
            }
            swept.forgotten += ended.len() as u64;
            store.end_retention(ended)?;
        }
        swept.clean = store.fold_log()?;
        Ok(swept)
    }

    /// Up to `limit` published sums per period, oldest first, after the period that begins on the day `after`. Leaves
    /// out the current period.
    ///
    /// # Errors
    /// [`Error::Store`](crate::engine::Error::Store) when the store cannot be read.
    pub fn retained(
        &self,
        grain: Grain,
        after: Option<i64>,
        limit: usize,
    ) -> Result<Vec<RetainedBucket>> {
        let today = self.environment.now().div_euclid(DAY_S);
        let begun = erasure::period_start(grain, today);
        Ok(self.engine.store().retained_buckets(grain, after, begun, limit)?)
    }
}

/// The sweep as a job.
struct Sweeper {
    deletions: Arc<Deletions>,
    next_at: AtomicI64,
    /// Earliest next sweep. After a failed one the rows stay due, and must not be retried without a pause.
    not_before: AtomicI64,
}

/// The sweep as a source of the runner.
pub(in crate::engine) fn source(deletions: &Arc<Deletions>) -> Arc<dyn Source> {
    let (next_at, not_before) = (AtomicI64::new(0), AtomicI64::new(0));
    Arc::new(Sweeper { deletions: deletions.clone(), next_at, not_before })
}

impl Source for Sweeper {
    fn name(&self) -> &'static str {
        "retention"
    }

    fn claim(self: Arc<Self>, take: Take) -> Result<Claim> {
        let ends = self.deletions.engine.store().next_retention_end()?;
        let next_at = self.next_at.load(Ordering::Relaxed);
        let due_at = due_at(ends, next_at, self.not_before.load(Ordering::Relaxed));
        if due_at > take.now {
            return Ok(Claim { jobs: Vec::new(), next_due_at: Some(due_at) });
        }
        // Until this sweep ends and sets its own time.
        self.next_at.store(take.now + SWEEP_S, Ordering::Relaxed);
        let job = Job { key: 0, work: Box::pin(self.clone().sweep()) };
        Ok(Claim { jobs: vec![job], next_due_at: Some(take.now + SWEEP_S) })
    }

    fn extend(&self, _: &[i64], _: UnixSeconds) -> Result<()> {
        Ok(())
    }
}

impl Sweeper {
    async fn sweep(self: Arc<Self>) {
        let deletions = self.deletions.clone();
        let swept = deletions.pools.clone().blocking(move || deletions.sweep()).await;
        match swept {
            Ok(Swept { clean: true, .. }) => {}
            Ok(_) => self.soon(),
            Err(error) => {
                tracing::error!(error = %chain(&error), "deletion retention failed; retrying");
                self.soon();
            }
        }
    }

    fn soon(&self) {
        let again_at = self.deletions.environment.now() + AGAIN_S;
        self.next_at.store(again_at, Ordering::Relaxed);
        self.not_before.store(again_at, Ordering::Relaxed);
    }
}

/// The time of the next sweep: the next end of a retention or the regular time, whichever is earlier, but not before
/// the pause after a failure is over.
fn due_at(ends: Option<UnixSeconds>, next_at: UnixSeconds, not_before: UnixSeconds) -> UnixSeconds {
    ends.map_or(next_at, |ends| next_at.min(ends)).max(not_before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_sweep_is_retried_after_a_pause_although_its_work_is_overdue() {
        assert_eq!(due_at(None, 3600, 0), 3600);
        assert_eq!(due_at(Some(100), 3600, 0), 100);
        assert_eq!(due_at(Some(100), 205, 205), 205);
        // After the pause the next end of a retention counts again.
        assert_eq!(due_at(Some(300), 3805, 205), 300);
    }
}
