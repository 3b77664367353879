//! The core: one open data folder.
//!
//! `Engine` holds the store, the index derived from it, the hasher and the keys. The store is the record; the index is
//! written second and caught up on opening (`sync`), so a crash between the two loses nothing. `known` caches parsed
//! fingerprints. The fields are private: the other rooms of the engine reach them by the accessors at the end.

mod key_ring;
mod known;
mod lock_out;
mod options;
pub(in crate::engine) mod sync;

pub(in crate::engine) use known::KnownTombstone;

use std::path::Path;

pub use options::{Expiry, Keys, Options, SessionOptions};

use crate::engine::Result;
use crate::engine::core::key_ring::KeyRing;
use crate::engine::core::known::Known;
use crate::engine::core::lock_out::LockOut;
use crate::fingerprint::{Hasher, Secret};
use crate::index;
use crate::index::Index;
use crate::model::{Clock, Slot, TombstoneId};
use crate::store::{Folder, Stats, Store, Tombstone};

/// A data folder, open. Share it between threads by reference.
pub struct Engine {
    options: Options,
    keys: Keys,
    hasher: Hasher,
    known: Known,
    key_ring: KeyRing,
    lock_out: LockOut,
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
        engine.key_ring.load(&engine.store)?;
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
        let known = Known::new(options.fingerprints_kept);
        let key_ring = KeyRing::default();
        let lock_out = LockOut::default();
        Engine { options, keys, hasher, known, key_ring, lock_out, index, store }
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

    pub(in crate::engine) fn store(&self) -> &Store {
        &self.store
    }

    pub(in crate::engine) fn index(&self) -> Option<&Index> {
        self.index.as_ref()
    }

    pub(in crate::engine) fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    pub(in crate::engine) fn keys(&self) -> &Keys {
        &self.keys
    }

    pub(in crate::engine) fn options(&self) -> &Options {
        &self.options
    }

    pub(in crate::engine) fn known(&self) -> &Known {
        &self.known
    }

    pub(in crate::engine) fn key_ring(&self) -> &KeyRing {
        &self.key_ring
    }

    pub(in crate::engine) fn lock_out(&self) -> &LockOut {
        &self.lock_out
    }
}
