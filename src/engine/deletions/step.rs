//! The job of one deletion: run steps until it must wait or is complete.
//!
//! ```text
//! loop: read the deletion; ask `erasure::next_step`; run the step; record its outcome
//! ```
//!
//! Every step is idempotent, so a job killed anywhere resumes from the store: an existing tombstone is reused, a copy
//! already gone counts as gone, a repeated change of stage does nothing. The order of the steps guarantees that nothing
//! is lost: `Purging` is committed only after the tombstone is durable, and no copy is erased before `Purging` is
//! committed. `copies` erases them.

use std::fs::File;
use std::sync::Arc;

use crate::engine::deletions::Deletions;
use crate::engine::deletions::tombstone::{Undecoded, tombstone_id};
use crate::engine::error::Result;
use crate::engine::tombstones::{Naming, Ready};
use crate::erasure;
use crate::erasure::Step;
use crate::model::{
    ByteDigest, CopyKind, Deletion, DeletionSeq, Stage, StoredCopy, UnixSeconds, chain,
};
use crate::remote::{Address, AddressExtent};
use crate::store;

/// Largest main copy fetched, bytes. The engine's limit on file sizes applies too.
const FETCH_BYTES_MAX: u64 = 64 << 30;
/// Pause before recording a failure again, when the store cannot be written.
const STORE_RETRY: std::time::Duration = std::time::Duration::from_secs(5);

/// The result of fingerprinting the main copies.
enum Decoded {
    Ready(Box<Ready>),
    /// No fingerprint yet.
    Failed {
        why: String,
        digest: Option<ByteDigest>,
    },
}

impl Deletions {
    /// Runs a deletion as far as it can go now, and records when it is due next.
    pub(in crate::engine) async fn run(self: Arc<Self>, seq: DeletionSeq) {
        let failed = match self.clone().run_steps(seq).await {
            Ok(()) => return,
            Err(error) => error,
        };
        tracing::error!(error = %chain(&failed), "a deletion failed; retrying later");
        let full = failed.is_full();
        let why = if full {
            "the disk of the service is full"
        } else {
            "the service failed; see its log"
        };
        while let Err(error) = self.clone().put_off(seq, why.to_owned(), true).await {
            tracing::error!(error = %chain(&error), "cannot record a failed deletion; retrying");
            tokio::time::sleep(STORE_RETRY).await;
        }
    }

    async fn run_steps(self: Arc<Self>, seq: DeletionSeq) -> Result<()> {
        loop {
            let Some((deletion, copies)) =
                self.read(move |d| d.engine.store().deletion_facts(seq)).await?
            else {
                return Ok(());
            };
            let options = &self.options.erasure;
            let now = self.environment.now();
            match erasure::next_step(&deletion, &copies, options.grace_s, now) {
                Step::Hide => self.advance(&deletion, Stage::Hidden).await?,
                Step::Fingerprint => {
                    if !self.clone().fingerprint(&deletion, &copies).await? {
                        return Ok(());
                    }
                }
                Step::Purge => self.advance(&deletion, Stage::Purging).await?,
                Step::EraseCopies(due) => {
                    let due = copies.iter().filter(|copy| due.contains(&copy.place));
                    self.clone().erase_copies(&deletion, due.cloned().collect()).await?;
                }
                Step::Erased => self.advance(&deletion, Stage::Erased).await?,
                Step::Complete => {
                    self.complete(deletion, copies).await?;
                    return Ok(());
                }
                Step::Forget => {
                    self.forget(deletion).await?;
                    return Ok(());
                }
                Step::Wait(until) => {
                    self.read(move |d| d.engine.store().postpone_deletion(seq, until, now)).await?;
                    return Ok(());
                }
            }
        }
    }

    /// Runs a short job on the blocking pool.
    pub(in crate::engine) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        job: impl FnOnce(&Deletions) -> store::Result<T> + Send + 'static,
    ) -> Result<T> {
        let deletions = self.clone();
        Ok(self.pools.blocking(move || job(&deletions)).await?)
    }

    /// Moves a deletion to its next stage, unless it was cancelled concurrently; the next loop sees that.
    async fn advance(self: &Arc<Self>, deletion: &Deletion, to: Stage) -> Result<()> {
        let (seq, from, video) = (deletion.seq, deletion.stage, deletion.video);
        self.read(move |d| {
            d.engine.store().advance_deletion(seq, from, to, d.environment.now())?;
            if to.visibility() != from.visibility() {
                d.hidden.refresh(d.engine.store(), video)?;
            }
            d.touch();
            Ok(())
        })
        .await
    }

    /// Creates the tombstone; false when it must wait for a fingerprint.
    async fn fingerprint(
        self: Arc<Self>,
        deletion: &Deletion,
        copies: &[StoredCopy],
    ) -> Result<bool> {
        let naming = Naming {
            id: tombstone_id(deletion.video, deletion.turn),
            owner: deletion.owner,
            reason: deletion.reason,
            deleted_at: deletion.requested_at,
            uploaded_at: deletion.uploaded_at,
            original: deletion.original,
        };
        if naming.is_doubtful() {
            tracing::warn!(
                deletion = %deletion.id,
                "`uploaded_at` is the time of the deletion; it counts as unknown"
            );
        }
        let id = naming.id.clone();
        let wanted = id.clone();
        if self.read(move |d| d.engine.store().get_by_id(&wanted)).await?.is_none() {
            let ready = match self.decode_main_copies(&naming, copies).await? {
                Decoded::Ready(ready) => *ready,
                Decoded::Failed { why, digest } => {
                    let now = self.environment.now();
                    let none = !copies.iter().any(|copy| copy.kind == CopyKind::Main);
                    if now < deletion.fingerprint_by && !none {
                        self.put_off(deletion.seq, why, false).await?;
                        return Ok(false);
                    }
                    self.engine.prepare_unfingerprinted(digest, naming, &why, now)
                }
            };
            let deletions = self.clone();
            self.pools
                .blocking(move || deletions.tombstones.keep(&deletions.engine, ready))
                .await?;
        }
        let seq = deletion.seq;
        self.read(move |d| {
            d.engine.store().set_tombstone(seq, &id, d.environment.now())?;
            d.touch();
            Ok(())
        })
        .await?;
        Ok(true)
    }

    /// Decodes main copies in the order of the request until one yields a fingerprint.
    async fn decode_main_copies(
        self: &Arc<Self>,
        naming: &Naming,
        copies: &[StoredCopy],
    ) -> Result<Decoded> {
        let mut why = "no main copy was named".to_owned();
        let mut digest = None;
        for copy in copies.iter().filter(|copy| copy.kind == CopyKind::Main) {
            let Some(address) = self.address(copy)? else { continue };
            // Bound the spooled copies: each may fill the disk.
            let _fetch = match address {
                Address::File(_) => None,
                _ => Some(self.fetches.acquire().await.expect("the semaphore is never closed")),
            };
            let extent = AddressExtent::from_prefix_flag(copy.prefix);
            let opened = self.remote.open(&address, extent, &self.spool, FETCH_BYTES_MAX).await;
            let file = match opened {
                Ok(file) => file,
                Err(error) => {
                    why = error.to_string();
                    continue;
                }
            };
            match self.decode(file, naming.clone()).await {
                Ok(ready) => return Ok(Decoded::Ready(Box::new(ready))),
                Err(undecoded) => {
                    why = chain(&undecoded.error);
                    digest = digest.or(undecoded.digest);
                }
            }
        }
        Ok(Decoded::Failed { why, digest })
    }

    async fn decode(
        self: &Arc<Self>,
        file: File,
        naming: Naming,
    ) -> std::result::Result<Ready, Box<Undecoded>> {
        let (deletions, now) = (self.clone(), self.environment.now());
        self.pools.decode(move || deletions.engine.prepare_deleted(&file, naming, now)).await
    }

    async fn complete(self: &Arc<Self>, deletion: Deletion, copies: Vec<StoredCopy>) -> Result<()> {
        let deletions = self.clone();
        self.pools
            .blocking(move || {
                let now = deletions.environment.now();
                let receipt = deletions.make_receipt(&deletion, &copies, now)?;
                let retention_s =
                    i64::try_from(deletions.options.erasure.retention_s).unwrap_or(i64::MAX);
                let until = now.saturating_add(retention_s);
                let event = deletions.complete_event(&deletion, copies, now, until)?;
                let store = deletions.engine.store();
                store.complete_deletion(deletion.seq, receipt, event, now, until)?;
                deletions.outbox.wake();
                // A short retention may end before the next regular sweep.
                deletions.forget_wake().wake();
                deletions.hidden.refresh(deletions.engine.store(), deletion.video)?;
                deletions.touch();
                metrics::counter!("cenotaph_deletions_complete_total").increment(1);
                Ok(())
            })
            .await
    }

    /// Erases a cancelled deletion: its tombstone and its client data.
    async fn forget(self: &Arc<Self>, deletion: Deletion) -> Result<()> {
        let deletions = self.clone();
        self.pools
            .blocking(move || {
                let id = tombstone_id(deletion.video, deletion.turn);
                deletions.engine.remove(&[id])?;
                deletions.engine.store().forget_cancelled(deletion.seq)?;
                deletions.touch();
                Ok(())
            })
            .await
    }

    /// Records a failure and the time of the next attempt, at the latest the time at which the deletion continues
    /// without a fingerprint.
    async fn put_off(self: Arc<Self>, seq: DeletionSeq, why: String, stuck: bool) -> Result<()> {
        let deletions = self.clone();
        self.pools.blocking(move || deletions.put_off_now(seq, &why, stuck)).await
    }

    fn put_off_now(&self, seq: DeletionSeq, why: &str, stuck: bool) -> Result<()> {
        let Some((deletion, copies)) = self.engine.store().deletion_facts(seq)? else {
            return Ok(());
        };
        let (now, options) = (self.environment.now(), &self.options.erasure);
        let failures = deletion.failures.saturating_add(1);
        let again_at = options.backoff.retry_at(now, failures, seed(&deletion, u32::MAX), None);
        let deadline = Some(deletion.fingerprint_by).filter(|_| deletion.stage == Stage::Hidden);
        let due_at = again_at.min(deadline.unwrap_or(UnixSeconds::MAX)).max(now + 1);
        let stuck = stuck && failures >= options.stuck_after;
        let event = if stuck {
            let stuck_why = Some(why.to_owned());
            Some(self.stuck_event(&Deletion { stuck_why, ..deletion }, copies, now)?)
        } else {
            None
        };
        self.engine.store().fail_deletion(seq, why, event, due_at, now)?;
        self.outbox.wake();
        self.touch();
        Ok(())
    }
}

/// The seed of the jitter that spreads retries.
pub(in crate::engine) fn seed(deletion: &Deletion, place: u32) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&deletion.id.0[8..]);
    u64::from_le_bytes(bytes) ^ u64::from(place)
}
