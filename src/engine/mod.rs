//! The use cases: a deleted video becomes a tombstone, an upload gets its verdict, a folder is scanned, the service
//! measures itself.
//!
//! `Engine` holds a data folder open. `enrol` makes tombstones, `check` gives verdicts, `sync` keeps the index in step
//! with the store (store first, index second, the rest caught up on opening), `known` keeps parsed fingerprints at
//! hand, `look` decodes a file to a print, `parallel` and `walk` serve many files, `report` and `wire` say what came
//! out, `doctor` looks for what is wrong, `eval` measures recall and false positives on a benchmark.
//!
//! Nothing here prints, reads flags or tells the time.

mod api_keys;
mod audit;
mod backup;
mod bell;
mod case_act;
mod case_appeal;
mod case_bulk;
mod case_bytes;
mod case_draw;
mod case_list;
mod case_news;
mod case_open;
mod case_plot;
mod case_rules;
mod case_settle;
mod case_show;
mod case_stats;
pub mod cases;
mod check;
mod deletion_copies;
pub mod deletion_request;
pub mod deletion_show;
mod deletion_source;
mod deletion_step;
mod deletion_tell;
mod deletion_tombstone;
pub mod deletions;
mod doctor;
mod enrol;
mod error;
pub mod eval;
mod gather;
mod grants;
mod known;
mod lock_out;
mod look;
mod measure;
pub mod outbox;
mod parallel;
mod passwords;
mod places;
mod policy;
pub mod pools;
mod prints;
pub mod receipts;
mod replay;
mod report;
pub mod retention;
mod ruled_out;
pub mod runner;
mod sign_in;
mod spool;
mod steady;
mod subscriptions;
mod sync;
mod tombstone_end;
mod upload_accept;
mod upload_check;
mod upload_look;
mod upload_retention;
mod upload_reverse;
mod upload_show;
mod upload_source;
mod upload_told;
pub mod uploads;
mod users;
mod viewing;
pub mod visibility;
mod walk;
pub mod wire;

use std::path::Path;

pub use api_keys::NewApiKey;
pub use case_act::CaseAction;
pub use case_appeal::Appealed;
pub use case_bulk::{BulkOutcome, BulkRefusal, BulkSurvey, BulkTarget, RefusalKind, SeenCase};
pub use case_bytes::Viewing;
pub use case_draw::attend_drawings;
pub use case_list::{CaseQuery, Whose};
pub use case_news::CaseNews;
pub use case_open::CaseOpening;
pub use case_rules::DecisionRequest;
pub use case_settle::attend_cases;
pub use case_stats::{CaseDay, CaseNumbers, CaseReviewer};
pub use cases::{CaseChanges, CaseParts, Cases, QueueCounts};
pub use check::Effort;
pub use deletion_request::{CopyRequest, DeletionClientData, DeletionRequest, Requested};
pub use deletion_source::attend;
pub use deletions::{DeletionParts, Deletions};
pub use doctor::{Finding, diagnose};
pub use enrol::{Enrolled, Enrolment};
pub use error::{Error, Result};
pub use outbox::{Outbox, OutboxParts, attend_outbox};
pub use parallel::each;
pub use policy::Policy;
pub use pools::Pools;
pub use replay::{ReplayCounts, Replayed};
pub use report::{Report, ReportMatch};
pub use sign_in::{SessionOptions, SignIn};
pub use spool::SPOOL_FOLDER;
pub use subscriptions::{NewSubscription, SubscriptionPatch, SubscriptionShown};
pub use tombstone_end::Expiry;
pub use upload_accept::{Accepted, Arriving, IdempotencyKey};
pub use upload_look::KeyPicture;
pub use upload_reverse::Reversed;
pub use upload_show::UploadQuery;
pub use upload_source::attend_uploads;
pub use upload_told::Told;
pub use uploads::{UploadClientData, UploadParts, Uploads};
pub use users::{NewUser, UserPatch};
pub use walk::{Walked, walk};

use crate::fingerprint::{Hasher, Secret};
use crate::index;
use crate::index::Index;
use crate::matching;
use crate::media;
use crate::model::{Clock, FingerprintKey, IdentityKey, Slot, TombstoneId};
use crate::store;
use crate::store::{Folder, Stats, Store, Tombstone};

/// The two secrets of a deployment.
#[derive(Debug, Clone)]
pub struct Keys {
    pub fingerprint: FingerprintKey,
    pub identity: IdentityKey,
}

/// Settings of the rooms below, and the engine's own.
#[derive(Debug, Clone)]
pub struct Options {
    pub media: media::Options,
    pub store: store::Options,
    pub index: index::Options,
    pub matching: matching::Options,
    pub policy: Policy,
    /// How long tombstones are kept. Default: until they are retired.
    pub expiry: Expiry,
    /// Up to so many tombstones an upload is compared with all of them, beyond only with those that the index finds.
    /// Default 500: it costs some ten milliseconds then, and no candidate is lost.
    pub exhaustive_max: usize,
    /// Largest file that is looked at, bytes. Default 64 GiB.
    pub file_bytes_max: u64,
    /// Share of both durations that must agree, at a score that blocks, for two tombstones to count as one content
    /// where it is counted how common something is, 0..1. Default 0.7.
    pub same_content_min: f64,
    /// Parsed fingerprints kept in memory. Default 4096, some 30 MB for short clips.
    pub fingerprints_kept: usize,
    /// When people who signed in have to do so again.
    pub sessions: SessionOptions,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            media: media::Options::default(),
            store: store::Options::default(),
            index: index::Options::default(),
            matching: matching::Options::default(),
            policy: Policy::default(),
            expiry: Expiry::default(),
            exhaustive_max: 500,
            file_bytes_max: 64 << 30,
            same_content_min: 0.7,
            fingerprints_kept: 4096,
            sessions: SessionOptions::default(),
        }
    }
}

/// A data folder, open. Share it between threads by reference.
pub struct Engine {
    options: Options,
    keys: Keys,
    hasher: Hasher,
    known: known::Known,
    ring: api_keys::KeyRing,
    gather: gather::Gather,
    lock_out: lock_out::LockOut,
    /// `None` when opened for reading before an index was written.
    index: Option<Index>,
    store: Store,
}

impl Engine {
    /// Opens a data folder for writing, making it when there is none, and brings the index up to date. `program` is
    /// what a second writer is told.
    ///
    /// # Errors
    /// Another process writes; the folder, the database or the index cannot be used; the keys are not those that its
    /// tombstones were made with.
    pub fn open_writing(
        data: &Path,
        keys: Keys,
        options: Options,
        program: &str,
        clock: &dyn Clock,
    ) -> Result<Engine> {
        let folder = Folder::open_writing(data, program, clock)?;
        let store = Store::open(folder, options.store.clone())?;
        sync::settle_keys(&store, &keys)?;
        let index = Index::open(&store.folder().index_path(), options.index.clone())?;
        sync::catch_up(&store, &index)?;
        let engine = Engine::with(store, Some(index), keys, options);
        engine.ring.load(&engine.store)?;
        Ok(engine)
    }

    /// Opens a data folder for reading, beside any writer. What the index does not have yet is looked at one by one.
    ///
    /// # Errors
    /// There is no such folder or no database in it; else as `open_writing`.
    pub fn open_reading(data: &Path, keys: Keys, options: Options) -> Result<Engine> {
        let store = Store::open(Folder::open_reading(data)?, options.store.clone())?;
        sync::settle_keys(&store, &keys)?;
        let opened = Index::open_read_only(&store.folder().index_path(), options.index.clone());
        let index = match opened {
            Ok(index) => Some(index),
            Err(index::Error::Missing { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        Ok(Engine::with(store, index, keys, options))
    }

    fn with(store: Store, index: Option<Index>, keys: Keys, options: Options) -> Engine {
        let hasher = Hasher::new(&Secret(*keys.fingerprint.secret()));
        let known = known::Known::new(options.fingerprints_kept);
        let ring = api_keys::KeyRing::default();
        let gather = gather::Gather::default();
        let lock_out = lock_out::LockOut::default();
        Engine { options, keys, hasher, known, ring, gather, lock_out, index, store }
    }

    /// Makes the index of a data folder anew from its store, whatever state the old one is in, and opens both for
    /// writing.
    ///
    /// # Errors
    /// As `open_writing`, but for what is wrong with the old index.
    pub fn rebuild(
        data: &Path,
        keys: Keys,
        options: Options,
        program: &str,
        clock: &dyn Clock,
    ) -> Result<Engine> {
        let folder = Folder::open_writing(data, program, clock)?;
        let store = Store::open(folder, options.store.clone())?;
        sync::settle_keys(&store, &keys)?;
        let index = sync::rebuild(&store, options.index.clone())?;
        sync::catch_up(&store, &index)?;
        Ok(Engine::with(store, Some(index), keys, options))
    }

    /// Erases tombstones; the answer says for each id whether there was one.
    ///
    /// # Errors
    /// The store's refusal: nothing was removed. The index's: they are removed and never match again, as the store
    /// decides, and the index drops them at the next opening.
    pub fn remove(&self, ids: &[TombstoneId]) -> Result<Vec<bool>> {
        let removed = self.store.remove(ids)?;
        if let Some(index) = &self.index {
            sync::catch_up(&self.store, index)?;
        }
        Ok(removed.iter().map(Option::is_some).collect())
    }

    /// # Errors
    /// The database's refusal.
    pub fn tombstone(&self, id: &TombstoneId) -> Result<Option<Tombstone>> {
        Ok(self.store.get_by_id(id)?)
    }

    /// At most `limit` tombstones in the order of their making, from behind `after` on.
    ///
    /// # Errors
    /// The database's refusal.
    pub fn tombstones(&self, after: Option<Slot>, limit: usize) -> Result<Vec<Tombstone>> {
        Ok(self.store.list(after, limit)?)
    }

    /// The numbers of keypoints and frames in a tombstone's fingerprint.
    ///
    /// # Errors
    /// The database's refusal, or bytes that are not a fingerprint.
    pub fn hash_counts(&self, tombstone: &Tombstone) -> Result<Option<(usize, usize)>> {
        let stored = self.store.fingerprints(&[tombstone.slot])?;
        let Some(stored) = stored.first() else { return Ok(None) };
        let fingerprint = known::parse(stored)?;
        Ok(Some((fingerprint.keypoints.len(), fingerprint.frames.len())))
    }

    /// A tombstone with the numbers of keypoints and frames in its fingerprint.
    ///
    /// # Errors
    /// As `hash_counts`.
    pub fn tombstone_with_counts(
        &self,
        id: &TombstoneId,
    ) -> Result<Option<(Tombstone, (usize, usize))>> {
        let Some(tombstone) = self.store.get_by_id(id)? else { return Ok(None) };
        let counts = self.hash_counts(&tombstone)?;
        Ok(counts.map(|counts| (tombstone, counts)))
    }

    /// The tombstone of this id, or the latest one of the video that the platform called so.
    ///
    /// # Errors
    /// As `hash_counts`.
    pub fn find_tombstone(&self, text: &str) -> Result<Option<(Tombstone, (usize, usize))>> {
        if let Some(found) = self.tombstone_with_counts(&TombstoneId(text.to_owned()))? {
            return Ok(Some(found));
        }
        let latest = self.store.latest_deletion(self.keys.identity.video(text))?;
        let Some(id) = latest.and_then(|deletion| deletion.tombstone) else { return Ok(None) };
        self.tombstone_with_counts(&id)
    }

    /// How long tombstones are kept.
    pub fn expiry(&self) -> &Expiry {
        &self.options.expiry
    }

    /// # Errors
    /// The database's refusal.
    pub fn store_stats(&self) -> Result<Stats> {
        Ok(self.store.stats()?)
    }

    /// `None` when no index was written yet.
    pub fn index_stats(&self) -> Option<index::Stats> {
        self.index.as_ref().map(Index::stats)
    }
}
