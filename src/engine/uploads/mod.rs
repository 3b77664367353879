//! Uploads, from the first byte to the end of their retention. [`Uploads`] is the façade.
//!
//! ```text
//! admission → accept, announced → spool → source (a job) → check → verdict → show
//!                                                                    ├→ reverse: a retired tombstone
//!                                                                    └→ retention: erase what is due
//! ```
//!
//! Invariants:
//! - An acknowledged upload is durable: `accept` syncs the row and the bytes before it returns.
//! - `admission` bounds the uploads without a verdict.
//! - Every upload gets a verdict. One that cannot be checked gets `review`, never `allow`.
//! - A verdict and its event are committed in one transaction.
//!
//! `verdict_notifier` wakes the requests that wait for a verdict; `key_pictures` decodes stills for moderators.

mod accept;
mod admission;
mod announced;
mod check;
mod key_pictures;
mod retention;
mod reverse;
mod show;
mod source;
mod spool;
mod verdict_notifier;

pub use accept::{Accepted, Arriving, IdempotencyKey};
pub use announced::AnnouncedUpload;
pub use key_pictures::KeyPicture;
pub use reverse::Reversed;
pub use show::UploadQuery;
pub use source::attend_uploads;
pub use spool::SPOOL_FOLDER;

use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;

use crate::engine::core::Engine;
use crate::engine::decoding::Effort;
use crate::engine::decoding::Prints;
use crate::engine::error::{Error, Result};
use crate::engine::jobs::Wake;
use crate::engine::triage::CaseOpening;
use crate::engine::uploads::admission::Admission;
use crate::engine::uploads::spool::Spool;
use crate::engine::uploads::verdict_notifier::VerdictNotifier;
use crate::model::{DAY_S, Environment, Sealed, UploadClientData, UploadId, UploadSeq};
use crate::pools::Pools;
use crate::remote::Remote;
use crate::wire::Unredacted;

/// Settings and limits of uploads.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Largest upload, bytes. Default 8 GiB.
    pub bytes_max: u64,
    /// Uploads without a verdict, including those still arriving; above it, senders are asked to retry later. A
    /// higher bound absorbs larger bursts and fills more of the disk. Default 1000.
    pub undecided_max: usize,
    /// How much of each upload is decoded. Less is faster and misses short excerpts. Default thorough.
    pub effort: Effort,
    /// Allowed prefixes of upload addresses in canonical form, such as `file:///srv/incoming/` or `s3://incoming/`.
    /// Default none: senders must send the bytes.
    pub uri_prefixes: Vec<String>,
    /// Longest uploader or reference, bytes. Default 1024.
    pub word_bytes_max: usize,
    /// Largest metadata, bytes of JSON. Default 16 KiB.
    pub metadata_bytes_max: usize,
    /// Memory for the prints of recent uploads, bytes. Repeats of a cached file skip the decode. Default 64 MiB.
    pub prints_bytes_max: usize,
    /// Attempts to fetch and check an upload before it gets the verdict `review`, unchecked. Default 6, which takes
    /// about 20 minutes.
    pub attempts_max: u32,
    /// Matches recorded per upload, best first. Default 50.
    pub matches_max: usize,
    /// How long the bytes are kept after a verdict other than `allow`, seconds: the time for an appeal.
    /// Default 14 days.
    pub appeal_s: i64,
    /// How long the client data is kept after the verdict, seconds; never before the bytes are gone.
    /// Default 14 days.
    pub words_s: i64,
    /// How long the record of an upload is kept after the verdict, seconds. Default 90 days.
    pub record_s: i64,
    /// How long an `Idempotency-Key` is remembered, seconds. Later repeats become new uploads. Default one day.
    pub idempotency_s: i64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            bytes_max: 8 << 30,
            undecided_max: 1000,
            effort: Effort::Thorough,
            uri_prefixes: Vec::new(),
            word_bytes_max: 1024,
            metadata_bytes_max: 16 << 10,
            prints_bytes_max: 64 << 20,
            attempts_max: 6,
            matches_max: 50,
            appeal_s: 14 * DAY_S,
            words_s: 14 * DAY_S,
            record_s: 90 * DAY_S,
            idempotency_s: DAY_S,
        }
    }
}

/// Why a view always serialises.
const PLAIN_JSON: &str = "its keys are strings, and no field has a serializer that fails";

/// The dependencies of [`Uploads`].
pub struct UploadParts {
    pub engine: Arc<Engine>,
    pub pools: Pools,
    pub remote: Remote,
    pub environment: Environment,
    pub options: Options,
    /// Woken when an event is due.
    pub outbox: Wake,
    /// Opens cases for uploads that need a moderator.
    pub cases: CaseOpening,
}

/// All uploads. Share it by `Arc`.
pub struct Uploads {
    engine: Arc<Engine>,
    pools: Pools,
    remote: Remote,
    environment: Environment,
    options: Options,
    spool: Spool,
    admission: Admission,
    verdicts: VerdictNotifier,
    prints: Prints,
    /// Uploads up to this one were accepted by an earlier process.
    last_before: UploadSeq,
    /// Uploads being checked. This process owns the data folder, so no other process checks any.
    under_way: Mutex<HashSet<UploadSeq>>,
    wake: Wake,
    wake_retention: Wake,
    wake_outbox: Wake,
    cases: CaseOpening,
}

impl fmt::Debug for Uploads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Uploads")
    }
}

impl Uploads {
    /// Opens the spool and removes the orphans that a killed process left in it.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot be read; [`Error::File`] when the spool cannot be read or swept.
    pub fn open(parts: UploadParts) -> Result<Uploads> {
        let UploadParts { engine, pools, remote, environment, options, outbox, cases } = parts;
        let spool = Spool::open(engine.store())?;
        spool.sweep(engine.store())?;
        engine.begin_prints(environment.now())?;
        let undecided = engine.store().undecided_uploads()?;
        Ok(Uploads {
            admission: Admission::new(
                options.undecided_max,
                usize::try_from(undecided).unwrap_or(0),
            ),
            verdicts: VerdictNotifier::default(),
            prints: Prints::new(options.prints_bytes_max),
            last_before: engine.store().last_upload()?,
            under_way: Mutex::default(),
            wake: Wake::default(),
            wake_retention: Wake::default(),
            wake_outbox: outbox,
            cases,
            spool,
            engine,
            pools,
            remote,
            environment,
            options,
        })
    }

    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The stored bytes of an upload; `None` when they are gone.
    ///
    /// # Errors
    /// [`Error::File`] when the spool cannot be read.
    pub(in crate::engine) fn spooled(&self, id: UploadId) -> Result<Option<File>> {
        self.spool.read(id)
    }

    pub(in crate::engine) fn case_opening(&self) -> &CaseOpening {
        &self.cases
    }

    /// Wakes the outbox and retention after verdicts changed: events are due, and bytes may be too.
    pub(in crate::engine) fn wake_after_verdicts(&self) {
        self.wake_outbox.wake();
        self.wake_retention.wake();
    }

    /// Waits until an upload has its verdict, for `at_most`.
    pub async fn wait(&self, id: UploadId, at_most: Duration) {
        let mut listener = self.verdicts.listen(id);
        // The verdict may have come before this request listened.
        if !self.is_decided(id).await {
            let _ = tokio::time::timeout(at_most, listener.wait_for(|decided| *decided)).await;
        }
        self.verdicts.unlisten(id, listener);
    }

    async fn is_decided(&self, id: UploadId) -> bool {
        let engine = self.engine.clone();
        let found = self.pools.blocking(move || engine.store().upload(id)).await;
        // Stop waiting on an error: the caller's next read of the store reports it.
        found.map_or(true, |upload| upload.is_none_or(|upload| upload.decision.is_some()))
    }

    /// Sets the gauges that are computed at each scrape.
    ///
    /// # Errors
    /// None at present: the counts are in memory.
    pub fn measure(&self) -> Result<()> {
        metrics::gauge!("cenotaph_uploads_undecided").set(self.admission.taken() as f64);
        metrics::gauge!("cenotaph_uploads_under_way").set(self.under_way().len() as f64);
        Ok(())
    }

    pub(in crate::engine) fn under_way(&self) -> MutexGuard<'_, HashSet<UploadSeq>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Unseals the client data; the default when it was erased.
    pub(in crate::engine) fn client_data(
        &self,
        sealed: Option<&Sealed>,
    ) -> Result<UploadClientData> {
        let Some(sealed) = sealed else { return Ok(UploadClientData::default()) };
        let text = self.engine.keys().identity.open(sealed)?;
        // A seal that opens was written by this service.
        Ok(serde_json::from_slice(&text).unwrap_or_default())
    }

    /// Seals an unredacted event. The outbox redacts it for each subscriber.
    pub(in crate::engine) fn seal_event<T: Serialize>(
        &self,
        event: &Unredacted<T>,
    ) -> Result<Sealed> {
        self.seal_bytes(&event.to_record().expect(PLAIN_JSON))
    }

    pub(in crate::engine) fn seal<T: Serialize>(&self, client_data: &T) -> Result<Sealed> {
        let text = serde_json::to_vec(client_data).expect(PLAIN_JSON);
        self.seal_bytes(&text)
    }

    fn seal_bytes(&self, text: &[u8]) -> Result<Sealed> {
        let sealed = self.engine.keys().identity.seal(text, &self.environment);
        sealed.map_err(|source| Error::NoEntropy { source })
    }
}
