//! Forgetting: when the retention of a deletion ends, its names, addresses, events and nameless row go; before that,
//! rows are folded into sums. What is left names nobody.
//!
//! Erased rows are overwritten (`secure_delete`), and the write-ahead log is folded in and emptied after each sweep, so
//! that no file of the data folder has them. A reader in the way delays that to the next try, some seconds later.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::engine::Result;
use crate::engine::deletions::Deletions;
use crate::engine::jobs::{Claim, Job, Source, Take};
use crate::erasure;
use crate::model::{DAY_S, Grain, RetainedBucket, UnixSeconds, chain};

/// How often is looked at least, seconds: months end on their own.
const SWEEP_S: i64 = 3600;
/// When a reader stood in the way of emptying the log, seconds.
const AGAIN_S: i64 = 5;
/// Deletions forgotten in one transaction.
const FORGOTTEN_AT_ONCE: usize = 500;
/// Rows folded together at most; more make the next fold, of at least as many again.
const FOLDED_AT_ONCE: usize = 1_000_000;

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Deletions that were forgotten.
    pub forgotten: u64,
    /// Rows that were folded into sums.
    pub folded: u64,
    /// Whether the log was emptied, so that what was forgotten is in no file any more.
    pub clean: bool,
}

impl Deletions {
    /// Forgets what is due.
    ///
    /// # Errors
    /// The store's refusal; what was forgotten before it is.
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

    /// The published sums of one length of period, oldest first, from behind the one that begins on the day `after` on.
    /// Periods that are not over are left out.
    ///
    /// # Errors
    /// The store's refusal.
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

/// Sweeps now and then.
struct Sweeper {
    deletions: Arc<Deletions>,
    next_at: AtomicI64,
    /// After a sweep that did not get through: what is due stays due, and must not be tried without a pause.
    not_before: AtomicI64,
}

/// Work for the runner.
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
        // Not before this sweep has ended and said when.
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
                tracing::error!(error = %chain(&error), "what is due to be forgotten could not be; it is tried again");
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

/// When to sweep: at the end of the next retention, at the latest when a sweep is due anyway, and not before a failed one
/// may be tried again.
fn due_at(ends: Option<UnixSeconds>, next_at: UnixSeconds, not_before: UnixSeconds) -> UnixSeconds {
    ends.map_or(next_at, |ends| next_at.min(ends)).max(not_before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_that_failed_is_tried_again_after_a_pause_though_its_work_is_overdue() {
        assert_eq!(due_at(None, 3600, 0), 3600);
        assert_eq!(due_at(Some(100), 3600, 0), 100);
        assert_eq!(due_at(Some(100), 205, 205), 205);
        // The pause is over, and a later end is waited for as ever.
        assert_eq!(due_at(Some(300), 3805, 205), 300);
    }
}
