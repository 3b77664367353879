//! The uploads of a data folder: what all their use cases share.
//!
//! `upload_accept` takes them, into the `spool`, `upload_told` those that others tell of; `upload_check` brings them to a
//! verdict, as the job that `upload_source` hands to the runner; `upload_show` tells what came of them; `upload_reverse`
//! takes verdicts back; `upload_retention` lets bytes, words and records go when their time has come.

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

use crate::engine::decoding::Prints;
use crate::engine::jobs::Wake;
use crate::engine::triage::CaseOpening;
use crate::engine::uploads::admission::Admission;
use crate::engine::uploads::spool::Spool;
use crate::engine::uploads::verdict_notifier::VerdictNotifier;
use crate::engine::{Effort, Engine, Error, Result};
use crate::model::{DAY_S, Environment, Sealed, UploadClientData, UploadId, UploadSeq};
use crate::pools::Pools;
use crate::remote::Remote;
use crate::wire::Unredacted;

/// Settings and limits of uploads.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Largest upload, bytes. Default 8 GiB.
    pub bytes_max: u64,
    /// Uploads without a verdict at once, those that still arrive included; beyond, senders are told to come back.
    /// Default 1000.
    pub undecided_max: usize,
    /// How much of each upload is decoded. Default thorough.
    pub effort: Effort,
    /// What addresses of uploads must begin with, in their one form: `file:///srv/incoming/`, `s3://incoming/`. Default
    /// none: bytes must be sent.
    pub uri_prefixes: Vec<String>,
    /// Longest uploader or reference, bytes. Default 1024.
    pub word_bytes_max: usize,
    /// Largest metadata, bytes of JSON. Default 16 KiB.
    pub metadata_bytes_max: usize,
    /// Bytes of prints of the latest uploads kept in memory, so that exact repeats need no decoding. Default 64 MiB.
    pub prints_bytes_max: usize,
    /// Tries to fetch and check an upload before a moderator has to look at it unchecked. Default 6: some 20 minutes.
    pub attempts_max: u32,
    /// Matches recorded of one upload, the best first. Default 50.
    pub matches_max: usize,
    /// For so long after a verdict other than `allow` the bytes are kept, seconds. Default 14 days.
    pub appeal_s: i64,
    /// For so long after the verdict what the platform said with an upload is kept, once the bytes are gone, seconds.
    /// Default 14 days.
    pub words_s: i64,
    /// For so long after the verdict an upload is remembered at all, seconds. Default 90 days.
    pub record_s: i64,
    /// For so long an `Idempotency-Key` is remembered, seconds. Default one day.
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

/// What uploads need.
pub struct UploadParts {
    pub engine: Arc<Engine>,
    pub pools: Pools,
    pub remote: Remote,
    pub environment: Environment,
    pub options: Options,
    /// Woken when there is something to tell subscribers.
    pub outbox: Wake,
    /// How cases are opened.
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
    /// Uploads up to this one were accepted before this start.
    last_before: UploadSeq,
    /// Uploads under way in this process; it owns the folder, so nobody else has any.
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
    /// Opens the spool, and sweeps out of it what a killed process left.
    ///
    /// # Errors
    /// The store's or the disk's refusal.
    pub fn open(parts: UploadParts) -> Result<Uploads> {
        let UploadParts { engine, pools, remote, environment, options, outbox, cases } = parts;
        let spool = Spool::open(engine.store())?;
        spool.sweep(engine.store())?;
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

    /// Verdicts have changed: their events are due, and perhaps bytes can go.
    pub(in crate::engine) fn wake_after_verdicts(&self) {
        self.wake_outbox.wake();
        self.wake_retention.wake();
    }

    /// Waits until an upload has its verdict, so long at most.
    pub async fn wait(&self, id: UploadId, at_most: Duration) {
        let mut listener = self.verdicts.listen(id);
        // It may have been decided before anybody listened.
        if !self.is_decided(id).await {
            let _ = tokio::time::timeout(at_most, listener.wait_for(|rung| *rung)).await;
        }
        self.verdicts.unlisten(id, listener);
    }

    async fn is_decided(&self, id: UploadId) -> bool {
        let engine = self.engine.clone();
        let found = self.pools.blocking(move || engine.store().upload(id)).await;
        // Whoever asks next is told what is wrong with the store.
        found.map_or(true, |upload| upload.is_none_or(|upload| upload.decision.is_some()))
    }

    /// Sets the gauges that are only worth their look-up when somebody asks.
    ///
    /// # Errors
    /// The store's refusal.
    pub fn measure(&self) -> Result<()> {
        metrics::gauge!("cenotaph_uploads_undecided").set(self.admission.taken() as f64);
        metrics::gauge!("cenotaph_uploads_under_way").set(self.under_way().len() as f64);
        Ok(())
    }

    pub(in crate::engine) fn under_way(&self) -> MutexGuard<'_, HashSet<UploadSeq>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the platform said; nothing when it went already.
    pub(in crate::engine) fn client_data(
        &self,
        sealed: Option<&Sealed>,
    ) -> Result<UploadClientData> {
        let Some(sealed) = sealed else { return Ok(UploadClientData::default()) };
        let text = self.engine.keys().identity.open(sealed)?;
        // A seal that opens was made here.
        Ok(serde_json::from_slice(&text).unwrap_or_default())
    }

    /// Seals an event with all that it says; the outbox redacts it for each subscriber.
    pub(in crate::engine) fn seal_event<T: Serialize>(
        &self,
        event: &Unredacted<T>,
    ) -> Result<Sealed> {
        self.seal_bytes(&event.to_record().unwrap_or_default())
    }

    pub(in crate::engine) fn seal<T: Serialize>(&self, client_data: &T) -> Result<Sealed> {
        let text = serde_json::to_vec(client_data).unwrap_or_default();
        self.seal_bytes(&text)
    }

    fn seal_bytes(&self, text: &[u8]) -> Result<Sealed> {
        let sealed = self.engine.keys().identity.seal(text, &self.environment);
        sealed.map_err(|source| Error::NoEntropy { source })
    }
}
