//! The deletions of a data folder: what all their use cases share.
//!
//! `deletion_request` accepts them, calls them off and hurries them; `deletion_step` carries one through, as the job
//! that `deletion_source` hands to the runner; `deletion_show` tells how far they are; `visibility` says what may still
//! be shown; `retention` forgets what need not be kept any longer; `receipts` hands out what was proved.

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

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{Semaphore, watch};

use crate::engine::deletions::visibility::Hidden;
use crate::engine::jobs::Wake;
use crate::engine::tombstones::TombstoneCommit;
use crate::engine::{Engine, Error, Result, SPOOL_FOLDER};
use crate::erasure;
use crate::erasure::ReceiptKey;
use crate::model::{DeletionState, Environment, Sealed};
use crate::pools::Pools;
use crate::remote::Remote;

/// Settings and limits of deletions.
#[derive(Debug, Clone)]
pub struct Options {
    pub erasure: erasure::Options,
    /// Deletions carried through at once. Default 64: most of the time they wait for others.
    pub jobs_max: usize,
    /// Main copies that lie in the spool at once. Default 4.
    pub fetches_max: usize,
    /// For so long after completion the same request is taken for a repetition of the first and not for a new video of
    /// the same id, seconds. Default 600.
    pub repeat_s: u32,
    /// Longest id of a video or owner, bytes. Default 512.
    pub id_bytes_max: usize,
    /// Longest address, bytes. Default 4096.
    pub uri_bytes_max: usize,
    /// Copies of one deletion. Default 100.
    pub copies_max: usize,
    /// Largest metadata of a deletion, bytes of JSON. Default 16 KiB.
    pub metadata_bytes_max: usize,
    /// Deletions in one request for a whole account. Default 1000.
    pub bulk_max: usize,
    /// Videos asked about at once. Default 500.
    pub visibility_batch_max: usize,
    /// For tests.
    pub pauses: Pauses,
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
            pauses: Pauses::default(),
        }
    }
}

/// Called at each step of a job with its name, so that a test can stop the process there.
#[derive(Clone, Default)]
pub struct Pauses(Option<Arc<dyn Fn(&'static str) + Send + Sync>>);

impl Pauses {
    pub fn new(at: impl Fn(&'static str) + Send + Sync + 'static) -> Pauses {
        Pauses(Some(Arc::new(at)))
    }

    pub(in crate::engine) fn at(&self, step: &'static str) {
        if let Some(pause) = &self.0 {
            pause(step);
        }
    }
}

impl fmt::Debug for Pauses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Pauses(set)" } else { "Pauses" })
    }
}

/// What deletions need beside the engine.
pub struct DeletionParts {
    pub engine: Arc<Engine>,
    pub remote: Remote,
    pub pools: Pools,
    pub environment: Environment,
    pub receipt_key: ReceiptKey,
    pub options: Options,
    /// Tells the outbox that there is something to send.
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
    /// Counts changes, for whoever watches.
    changes: watch::Sender<u64>,
    wake: Wake,
    /// The same for what forgets.
    forget_wake: Wake,
}

impl Deletions {
    /// Takes up what the last process left: its leases are ended, and what is hidden is known before anybody asks.
    ///
    /// # Errors
    /// The store's refusal; the spool cannot be made.
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

    /// Sets the gauges that are only worth their look-up when somebody asks.
    ///
    /// # Errors
    /// The store's refusal.
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

    /// Changes whenever something happens to any deletion.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// What tells the runner that there may be something to do.
    pub fn wake(&self) -> &Wake {
        &self.wake
    }

    /// What tells the runner that there may be something to forget.
    pub fn forget_wake(&self) -> &Wake {
        &self.forget_wake
    }

    /// Something happened.
    pub(in crate::engine) fn touch(&self) {
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }

    pub(in crate::engine) fn seal(&self, words: &[u8]) -> Result<Sealed> {
        let sealed = self.engine.keys().identity.seal(words, &self.environment);
        sealed.map_err(|source| Error::NoEntropy { source })
    }

    /// Opens sealed text.
    pub(in crate::engine) fn unseal(&self, sealed: &Sealed) -> Result<String> {
        let words = self.engine.keys().identity.open(sealed)?;
        Ok(String::from_utf8_lossy(&words).into_owned())
    }
}
