//! Erases the copies of a deletion: several at once, each by its kind, and records each outcome as it arrives.

use std::sync::Arc;

use futures::{FutureExt, StreamExt};

use crate::engine::deletions::Deletions;
use crate::engine::deletions::step::seed;
use crate::engine::error::{Error, Result};
use crate::erasure;
use crate::erasure::CopyTask;
use crate::model::{
    CopyKind, CopyOutcome, CopyState, Deletion, DeletionSeq, StoredCopy, UnixSeconds, rfc3339,
};
use crate::remote::{Address, AddressExtent};
use crate::store::CopyAttempt;

/// Outcomes recorded per transaction.
const RECORDED_AT_ONCE: usize = 16;

impl Deletions {
    /// Erases copies concurrently and records each outcome as it arrives.
    pub(in crate::engine) async fn erase_copies(
        self: Arc<Self>,
        deletion: &Deletion,
        due: Vec<StoredCopy>,
    ) -> Result<()> {
        let seq = deletion.seq;
        let client_data = self.callback_body(deletion, &due).await?;
        let mut tasks = Vec::with_capacity(due.len());
        for copy in &due {
            let Some(address) = self.address(copy)? else { continue };
            tasks.push((
                copy.place,
                CopyTask {
                    kind: copy.kind,
                    address,
                    extent: AddressExtent::from_prefix_flag(copy.prefix),
                    failures: copy.failures,
                    seed: seed(deletion, copy.place),
                    message_id: format!("{}.{}", deletion.id, copy.place),
                    message: client_data.clone(),
                },
            ));
        }
        let now = self.environment.now();
        let each = tasks
            .into_iter()
            .map(|(place, task)| self.clone().erase_copy(place, task, now).boxed());
        let at_once = self.options.erasure.copies_at_once.max(1);
        let mut ended =
            futures::stream::iter(each).buffer_unordered(at_once).ready_chunks(RECORDED_AT_ONCE);
        let video = deletion.video;
        while let Some(tries) = ended.next().await {
            let caches = tries
                .iter()
                .any(|one| due.iter().any(|c| c.place == one.place && c.kind == CopyKind::Cache));
            let deletions = self.clone();
            self.pools
                .blocking(move || {
                    deletions.record(seq, tries)?;
                    if caches {
                        deletions.hidden.refresh(deletions.engine.store(), video)?;
                    }
                    deletions.touch();
                    Ok::<_, Error>(())
                })
                .await?;
        }
        Ok(())
    }

    async fn erase_copy(
        self: Arc<Self>,
        place: u32,
        task: CopyTask,
        now: UnixSeconds,
    ) -> CopyAttempt {
        let outcome = erasure::erase(&self.remote, &task, &self.options.erasure, now).await;
        CopyAttempt { place, outcome }
    }

    /// The JSON body for callbacks; empty when no copy is a callback.
    async fn callback_body(
        self: &Arc<Self>,
        deletion: &Deletion,
        due: &[StoredCopy],
    ) -> Result<Vec<u8>> {
        if due.iter().all(|copy| copy.kind != CopyKind::Callback) {
            return Ok(Vec::new());
        }
        let (deletions, seq) = (self.clone(), deletion.seq);
        let client_data = self.pools.blocking(move || deletions.client_data(seq)).await?;
        let client_data = client_data.ok_or(Error::Sealed(crate::model::NotOurs))?;
        let message = serde_json::json!({
            "type": "deletion.forget",
            "timestamp": rfc3339(deletion.requested_at),
            "data": {
                "deletion": deletion.id.to_string(),
                "video": client_data.video,
                "owner": client_data.owner,
                "reason": deletion.reason,
                "metadata": client_data.metadata,
            },
        });
        Ok(message.to_string().into_bytes())
    }

    /// Records the outcomes of attempts, with an event for subscribers when one of them got stuck.
    fn record(&self, seq: DeletionSeq, tries: Vec<CopyAttempt>) -> Result<()> {
        let now = self.environment.now();
        let facts = if tries.iter().any(|one| stuck_error(one).is_some()) {
            self.engine.store().deletion_facts(seq)?
        } else {
            None
        };
        let event = match facts {
            Some((mut deletion, mut copies)) => {
                for one in &tries {
                    let copy = copies.iter_mut().find(|copy| copy.place == one.place);
                    if let (Some(copy), Some(error)) = (copy, stuck_error(one)) {
                        copy.state = CopyState::Stuck;
                        copy.last_error = Some(error.to_owned());
                    }
                }
                let first = copies.iter().find(|copy| copy.state == CopyState::Stuck);
                deletion.stuck_why = first.map(StoredCopy::stuck_words);
                Some(self.stuck_event(&deletion, copies, now)?)
            }
            None => None,
        };
        self.engine.store().record_copies(seq, tries, event, now)?;
        self.outbox.wake();
        Ok(())
    }

    /// The address of a copy; `None` once the copy is gone.
    pub(in crate::engine) fn address(&self, copy: &StoredCopy) -> Result<Option<Address>> {
        if copy.state == CopyState::Gone {
            return Ok(None);
        }
        let Some(sealed) = &copy.sealed else { return Ok(None) };
        let uri = self.unseal(sealed)?;
        // It parsed when the deletion was accepted.
        Ok(Some(Address::parse(&uri).map_err(|_| Error::Sealed(crate::model::NotOurs))?))
    }
}

/// The error of an attempt that got stuck and needs an operator.
fn stuck_error(tried: &CopyAttempt) -> Option<&str> {
    match &tried.outcome {
        CopyOutcome::Failed { error, stuck: true, .. } => Some(error),
        CopyOutcome::Failed { .. } | CopyOutcome::Gone { .. } | CopyOutcome::Held { .. } => None,
    }
}
