//! Deletions, from the request to the signed receipt. [`Deletions`] is the façade.
//!
//! ```text
//! request → source (a job) → step: hide → fingerprint (tombstone) → purge → copies → erased → complete
//!                                                                                    ├→ receipts, notify
//!                                                                                    └→ retention (a job)
//! ```
//!
//! Invariants:
//! - An accepted deletion is durable, and its video is hidden before the caller gets a response.
//! - No copy is erased before its tombstone is durable.
//! - Every step is idempotent: after a kill it runs again from the store.
//! - A copy counts as gone only after the erasure is verified.
//! - After the retention no file of the data folder holds the ids and addresses.
//!
//! `visibility` answers from memory what may still be shown; `show` reads the progress.

mod copies;
mod notify;
mod receipts;
mod request;
mod retention;
mod show;
mod source;
mod step;
mod tombstone;
mod visibility;

pub use receipts::Receipt;
pub use request::{CopyRequest, DeletionRequest, Requested, too_late_words};
pub use show::ListFilter;
pub use source::attend;
pub use visibility::Shown;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{Semaphore, watch};

use crate::engine::core::Engine;
use crate::engine::deletions::visibility::Hidden;
use crate::engine::error::{Error, Result};
use crate::engine::jobs::Wake;
use crate::engine::tombstones::TombstoneCommit;
use crate::engine::uploads::SPOOL_FOLDER;
use crate::erasure;
use crate::erasure::ReceiptKey;
use crate::model::{DeletionState, Environment, Sealed};
use crate::pools::Pools;
use crate::remote::Remote;

/// Settings and limits of deletions.
#[derive(Debug, Clone)]
pub struct Options {
    pub erasure: erasure::Options,
    /// Deletions that run at once. They mostly wait for other services, so many can share a core. Default 64.
    pub jobs_max: usize,
    /// Main copies spooled at once. Each may fill the disk up to its size. Default 4.
    pub fetches_max: usize,
    /// How long after completion the same request returns the same deletion, seconds. After that the platform has
    /// reused the id, and the request deletes another video. Default 600.
    pub repeat_s: u32,
    /// Longest id of a video or an owner, bytes. Default 512.
    pub id_bytes_max: usize,
    /// Longest address, bytes. Default 4096.
    pub uri_bytes_max: usize,
    /// Most copies per deletion. Default 100.
    pub copies_max: usize,
    /// Largest metadata of a deletion, bytes of JSON. Default 16 KiB.
    pub metadata_bytes_max: usize,
    /// Most deletions per request for an account. Default 1000.
    pub bulk_max: usize,
    /// Most videos per request for visibility. Default 500.
    pub visibility_batch_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            erasure: erasure::Options::default(),
            jobs_max: 64,
            fetches_max: 4,
            repeat_s: 600,
            id_bytes_max: 512,
            uri_bytes_max: 4096,
            copies_max: 100,
            metadata_bytes_max: 16 << 10,
            bulk_max: 1000,
            visibility_batch_max: 500,
        }
    }
}

/// The dependencies of [`Deletions`].
pub struct DeletionParts {
    pub engine: Arc<Engine>,
    pub remote: Remote,
    pub pools: Pools,
    pub environment: Environment,
    pub receipt_key: ReceiptKey,
    pub options: Options,
    /// Wakes the outbox when an event is due.
    pub outbox: Wake,
}

/// The deletions of an open data folder.
pub struct Deletions {
    engine: Arc<Engine>,
    remote: Remote,
    pools: Pools,
    environment: Environment,
    receipt_key: ReceiptKey,
    options: Options,
    outbox: Wake,
    hidden: Hidden,
    tombstones: TombstoneCommit,
    fetches: Semaphore,
    spool: PathBuf,
    /// Rises with each change to a deletion.
    changes: watch::Sender<u64>,
    wake: Wake,
    /// Wakes retention.
    forget_wake: Wake,
}

impl Deletions {
    /// Opens the deletions of a data folder. Releases the leases of an earlier process, so that its deletions resume,
    /// and loads what is hidden before the first request.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot be read or written, or the spool cannot be created.
    pub fn open(parts: DeletionParts) -> Result<Arc<Deletions>> {
        let DeletionParts { engine, remote, pools, environment, receipt_key, options, outbox } =
            parts;
        engine.store().release_deletion_leases()?;
        let public = receipt_key.public();
        engine.store().remember_receipt_key(&receipt_key.id(), &public, environment.now())?;
        let spool = engine.store().folder().make_folder(SPOOL_FOLDER)?;
        let hidden = Hidden::load(engine.store())?;
        let fetches = Semaphore::new(options.fetches_max.max(1));
        let changes = watch::Sender::new(0);
        Ok(Arc::new(Deletions {
            engine,
            remote,
            pools,
            environment,
            receipt_key,
            options,
            outbox,
            hidden,
            tombstones: TombstoneCommit::default(),
            fetches,
            spool,
            changes,
            wake: Wake::default(),
            forget_wake: Wake::default(),
        }))
    }

    /// Sets the gauges that are computed at each scrape.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot be read.
    pub fn measure(&self) -> Result<()> {
        let counts = self.engine.store().deletion_counts()?;
        let open = DeletionState::ALL.iter().filter(|state| !state.is_final());
        for state in open {
            let found = counts.iter().find(|(counted, _)| counted == state);
            let count = found.map_or(0, |(_, count)| *count);
            metrics::gauge!("cenotaph_deletions", "state" => state.as_str()).set(count as f64);
        }
        Ok(())
    }

    pub fn options(&self) -> &Options {
        &self.options
    }

    /// A number that rises with each change to a deletion.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Wakes the runner when a deletion may be due.
    pub fn wake(&self) -> &Wake {
        &self.wake
    }

    /// Wakes the runner when a retention may have ended.
    pub fn forget_wake(&self) -> &Wake {
        &self.forget_wake
    }

    /// Notifies listeners of a change.
    pub(in crate::engine) fn touch(&self) {
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }

    pub(in crate::engine) fn seal(&self, plain: &[u8]) -> Result<Sealed> {
        let sealed = self.engine.keys().identity.seal(plain, &self.environment);
        sealed.map_err(|source| Error::NoEntropy { source })
    }

    /// Opens sealed text.
    pub(in crate::engine) fn unseal(&self, sealed: &Sealed) -> Result<String> {
        let plain = self.engine.keys().identity.open(sealed)?;
        Ok(String::from_utf8_lossy(&plain).into_owned())
    }
}
