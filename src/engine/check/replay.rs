//! Replay: the verdicts that other thresholds would have given to the recorded uploads.
//!
//! Applies a policy to the recorded matches. Nothing is compared again, so tombstones added after an upload do not
//! count.

use serde::Serialize;

use crate::engine::core::Engine;
use crate::engine::error::Result;
use crate::engine::policy::Policy;
use crate::model::{UploadId, UploadSeq, Verdict, VerdictKind};

/// Uploads read at once.
const PAGE: usize = 500;

/// One upload under both policies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Replayed {
    pub upload: UploadId,
    pub recorded: Verdict,
    pub verdict: Verdict,
    /// The score of the best match.
    pub score: Option<f64>,
}

/// Numbers of uploads by recorded verdict (rows) and replayed verdict (columns), in the order allow, review, block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ReplayCounts(pub [[u64; 3]; 3]);

impl ReplayCounts {
    /// The number of uploads.
    pub fn uploads(&self) -> u64 {
        self.0.iter().flatten().sum()
    }

    /// The number of uploads with this recorded and this replayed verdict.
    pub fn of(&self, recorded: VerdictKind, verdict: VerdictKind) -> u64 {
        self.0[recorded as usize][verdict as usize]
    }

    fn add(&mut self, one: &Replayed) {
        self.0[one.recorded.kind as usize][one.verdict.kind as usize] += 1;
    }
}

impl Engine {
    /// Applies `policy` to all recorded uploads, oldest first, and calls `on_upload` with each result.
    ///
    /// # Errors
    /// [`Error::Store`](crate::engine::Error::Store) if the store cannot be read.
    pub fn replay(
        &self,
        policy: &Policy,
        on_upload: &mut dyn FnMut(&Replayed),
    ) -> Result<ReplayCounts> {
        let mut counts = ReplayCounts::default();
        let mut after = UploadSeq::default();
        loop {
            let page = self.store().decided_uploads(after, PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(counts) };
            after = last.seq;
            for (upload, matches) in &page {
                let Some(decision) = &upload.decision else { continue };
                let weighed = matches.iter().map(|one| &one.weighed);
                let scores = matches.iter().map(|one| one.weighed.score);
                let one = Replayed {
                    upload: upload.id,
                    recorded: decision.verdict,
                    verdict: policy.overall(weighed, decision.seen),
                    score: scores.max_by(f64::total_cmp),
                };
                counts.add(&one);
                on_upload(&one);
            }
        }
    }

    /// The policy in force.
    pub fn policy(&self) -> &Policy {
        &self.options().policy
    }
}
