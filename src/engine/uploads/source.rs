//! Uploads as work for the runner: those without a verdict, and bytes, words and records whose time has come.
//!
//! Who has taken an upload is known in memory only: this process owns the data folder, so an upload that a killed one
//! had under way is simply due.

use std::sync::Arc;

use crate::engine::Result;
use crate::engine::jobs::{Claim, Job, Runner, Source, Take};
use crate::engine::uploads::{Uploads, retention};
use crate::model::{UnixSeconds, UploadSeq};

/// Beside those that are decoded, so many may be fetched or recorded at once.
const BESIDE_MAX: usize = 16;

struct UploadSource(Arc<Uploads>);

/// An upload that is under way until this is dropped.
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
        // Those under way are due too, and are passed over.
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

/// Has the runner bring uploads to their verdicts, `decodes_max` at a time, and let go what is no longer needed.
pub fn attend_uploads(uploads: &Arc<Uploads>, runner: &mut Runner, decodes_max: usize) {
    let source = Arc::new(UploadSource(uploads.clone()));
    // One more than decode at once waits, so that no core does.
    runner.add_with(source, 2 * decodes_max + BESIDE_MAX, uploads.wake.clone());
    let source = retention::source(uploads);
    runner.add_with(source, 1, uploads.wake_retention.clone());
}
