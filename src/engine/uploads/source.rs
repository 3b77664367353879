//! The runner's jobs for uploads: checks and retention.
//!
//! Claims are kept in memory only. This process owns the data folder, so an upload that a killed process was checking
//! is due again after the start.

use std::sync::Arc;

use crate::engine::error::Result;
use crate::engine::jobs::{Claim, Job, Runner, Source, Take};
use crate::engine::uploads::{Uploads, retention};
use crate::model::{UnixSeconds, UploadSeq};

/// Maximum number of uploads that are fetched or committed while others are decoded.
const BESIDE_MAX: usize = 16;

struct UploadSource(Arc<Uploads>);

/// Marks an upload as claimed until dropped.
struct UnderWay {
    uploads: Arc<Uploads>,
    seq: UploadSeq,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.uploads.under_way().remove(&self.seq);
    }
}

impl Source for UploadSource {
    fn name(&self) -> &'static str {
        "uploads"
    }

    fn claim(self: Arc<Self>, take: Take) -> Result<Claim> {
        let uploads = &self.0;
        // Claimed uploads are due too, and are skipped below.
        let limit = take.limit + uploads.under_way().len();
        let (due, next_due_at) = uploads.engine.store().due_uploads(take.now, limit)?;
        let full = due.len() >= limit;
        let mut jobs = Vec::new();
        for upload in due {
            if jobs.len() == take.limit || !uploads.under_way().insert(upload.seq) {
                continue;
            }
            let under_way = UnderWay { uploads: uploads.clone(), seq: upload.seq };
            let key = upload.seq.0;
            let checked = uploads.clone().run(upload);
            let work = async move {
                checked.await;
                drop(under_way);
            };
            jobs.push(Job { key, work: Box::pin(work) });
        }
        Ok(Claim { jobs, next_due_at: if full { Some(take.now) } else { next_due_at } })
    }

    fn extend(&self, _: &[i64], _: UnixSeconds) -> Result<()> {
        Ok(())
    }
}

/// Registers the checks, `decodes_max` at a time, and the retention of uploads with the runner.
pub fn attend_uploads(uploads: &Arc<Uploads>, runner: &mut Runner, decodes_max: usize) {
    let source = Arc::new(UploadSource(uploads.clone()));
    // Twice the decodes: for each one running another waits, so no core idles.
    runner.add_with(source, 2 * decodes_max + BESIDE_MAX, uploads.wake.clone());
    let source = retention::source(uploads);
    runner.add_with(source, 1, uploads.wake_retention.clone());
}
