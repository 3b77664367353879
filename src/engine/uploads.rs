//! The uploads of a data folder: what all their use cases share.
//!
//! `upload_accept` takes them, into the `spool`, `upload_told` those that others tell of; `upload_check` brings them to a
//! verdict, as the job that `upload_source` hands to the runner; `upload_show` tells what came of them; `upload_reverse`
//! takes verdicts back; `upload_retention` lets bytes, words and records go when their time has come.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::engine::bell::Bell;
use crate::engine::case_open::CaseOpening;
use crate::engine::places::Places;
use crate::engine::prints::Prints;
use crate::engine::runner::Wake;
use crate::engine::spool::Spool;
use crate::engine::{Effort, Engine, Error, Pools, Result};
use crate::model::{Environment, Sealed, UploadId};
use crate::remote::Remote;

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

const DAY_S: i64 = 86_400;

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

/// What the platform says with an upload; given back in answers and events. Kept sealed, and not for ever.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct UploadWords {
    /// Who uploads it, as the platform calls that person.
    pub uploader: Option<String>,
    /// What the platform calls the upload.
    pub reference: Option<String>,
    pub metadata: Option<Map<String, Value>>,
    /// Where the bytes are, when they were not sent.
    pub uri: Option<String>,
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
    pub(super) engine: Arc<Engine>,
    pub(super) pools: Pools,
    pub(super) remote: Remote,
    pub(super) environment: Environment,
    pub(super) options: Options,
    pub(super) spool: Spool,
    pub(super) places: Places,
    pub(super) decided: Bell,
    pub(super) prints: Prints,
    /// Uploads up to this one were accepted before this start.
    pub(super) last_before: i64,
    /// Uploads under way in this process; it owns the folder, so nobody else has any.
    under_way: Mutex<HashSet<i64>>,
    pub(super) wake: Wake,
    pub(super) wake_retention: Wake,
    pub(super) wake_outbox: Wake,
    pub(super) cases: CaseOpening,
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
        let spool = Spool::open(&engine.store)?;
        spool.sweep(&engine.store)?;
        let undecided = engine.store.undecided_uploads()?;
        Ok(Uploads {
            places: Places::new(options.undecided_max, usize::try_from(undecided).unwrap_or(0)),
            decided: Bell::default(),
            prints: Prints::new(options.prints_bytes_max),
            last_before: engine.store.last_upload()?,
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

    /// Waits until an upload has its verdict, so long at most.
    pub async fn wait(&self, id: UploadId, at_most: Duration) {
        let mut listener = self.decided.listen(id);
        // It may have been decided before anybody listened.
        if !self.is_decided(id).await {
            let _ = tokio::time::timeout(at_most, listener.wait_for(|rung| *rung)).await;
        }
        self.decided.leave(id, listener);
    }

    async fn is_decided(&self, id: UploadId) -> bool {
        let engine = self.engine.clone();
        let found = self.pools.blocking(move || engine.store.upload(id)).await;
        // Whoever asks next is told what is wrong with the store.
        found.map_or(true, |upload| upload.is_none_or(|upload| upload.decision.is_some()))
    }

    /// Sets the gauges that are only worth their look-up when somebody asks.
    ///
    /// # Errors
    /// The store's refusal.
    pub fn measure(&self) -> Result<()> {
        metrics::gauge!("cenotaph_uploads_undecided").set(self.places.taken() as f64);
        metrics::gauge!("cenotaph_uploads_under_way").set(self.under_way().len() as f64);
        Ok(())
    }

    pub(super) fn under_way(&self) -> MutexGuard<'_, HashSet<i64>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the platform said; nothing when it went already.
    pub(super) fn words(&self, sealed: Option<&Sealed>) -> Result<UploadWords> {
        let Some(sealed) = sealed else { return Ok(UploadWords::default()) };
        let text = self.engine.keys.identity.open(sealed)?;
        // A seal that opens was made here.
        Ok(serde_json::from_slice(&text).unwrap_or_default())
    }

    pub(super) fn seal<T: Serialize>(&self, words: &T) -> Result<Sealed> {
        let text = serde_json::to_vec(words).unwrap_or_default();
        let sealed = self.engine.keys.identity.seal(&text, &self.environment);
        sealed.map_err(|source| Error::NoEntropy { source })
    }
}
