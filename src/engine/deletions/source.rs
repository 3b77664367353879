//! The runner's jobs for deletions.

use std::sync::Arc;

use crate::engine::deletions::{Deletions, retention};
use crate::engine::error::Result;
use crate::engine::jobs::{Claim, Job, Runner, Source, Take};
use crate::model::{DeletionSeq, UnixSeconds};

/// Claims due deletions under leases in the store.
struct DeletionSource(Arc<Deletions>);

impl Source for DeletionSource {
    fn name(&self) -> &'static str {
        "deletions"
    }

    fn claim(self: Arc<Self>, take: Take) -> Result<Claim> {
        let taken = self.0.engine.store().take_deletions(take.now, take.lease_until, take.limit)?;
        let job = |seq: DeletionSeq| Job { key: seq.0, work: Box::pin(self.0.clone().run(seq)) };
        let jobs = taken.seqs.into_iter().map(job).collect();
        Ok(Claim { jobs, next_due_at: taken.next_due_at })
    }

    fn extend(&self, keys: &[i64], lease_until: UnixSeconds) -> Result<()> {
        let seqs: Vec<DeletionSeq> = keys.iter().copied().map(DeletionSeq).collect();
        Ok(self.0.engine.store().extend_deletion_leases(&seqs, lease_until)?)
    }
}

/// Registers the deletions and their retention with the runner.
pub fn attend(deletions: &Arc<Deletions>, runner: &mut Runner) {
    let source = Arc::new(DeletionSource(deletions.clone()));
    runner.add_with(source, deletions.options.jobs_max, deletions.wake().clone());
    runner.add_with(retention::source(deletions), 1, deletions.forget_wake().clone());
}
