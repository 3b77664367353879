//! What other thresholds would have made of the uploads that were recorded.
//!
//! It asks policy again, of what was recorded of each upload's matches. What an upload was compared with is as it was:
//! tombstones that came later are not asked.

use serde::Serialize;

use crate::engine::{Engine, Policy, Result};
use crate::model::{UploadId, UploadSeq, Verdict, VerdictKind};

/// Uploads read at once.
const PAGE: usize = 500;

/// One upload under both policies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Replayed {
    pub upload: UploadId,
    pub recorded: Verdict,
    pub verdict: Verdict,
    /// Of its best match.
    pub score: Option<f64>,
}

/// Uploads by what was recorded and what would have come, both in the order allow, review, block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ReplayCounts(pub [[u64; 3]; 3]);

impl ReplayCounts {
    pub fn uploads(&self) -> u64 {
        self.0.iter().flatten().sum()
    }

    pub fn of(&self, recorded: VerdictKind, verdict: VerdictKind) -> u64 {
        self.0[recorded as usize][verdict as usize]
    }

    fn add(&mut self, one: &Replayed) {
        self.0[one.recorded.kind as usize][one.verdict.kind as usize] += 1;
    }
}

impl Engine {
    /// Judges all recorded uploads anew and tells `on_upload` of each.
    ///
    /// # Errors
    /// The store's refusal.
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
