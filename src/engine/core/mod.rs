//! The core: one open data folder.
//!
//! [`Engine`] holds the store, the index derived from it, the hasher and the keys.
//!
//! - The store is the record and is written first. The index is written second, and `sync` catches it up when the
//!   folder is opened, so a crash between the two writes loses nothing.
//! - A data folder belongs to one pair of keys for good; `sync` refuses any other pair.
//! - `known` (parsed fingerprints), `key_ring` (valid API keys) and `lock_out` (failed sign-ins) live in memory only.
//!
//! The fields are private. The other rooms of the engine use the accessors at the end of the file.

mod common;
mod key_ring;
mod known;
mod lock_out;
mod options;
mod prints;
#[cfg(test)]
mod stretch_model;
pub(in crate::engine) mod sync;

pub(in crate::engine) use known::KnownTombstone;
pub(in crate::engine) use prints::parse_print;

use std::path::Path;

pub use options::{Expiry, Keys, Options, SessionOptions};

use crate::engine::core::key_ring::KeyRing;
use crate::engine::core::known::Known;
use crate::engine::core::lock_out::LockOut;
use crate::engine::core::prints::PrintIndex;
use crate::engine::error::{Error, Result};
use crate::fingerprint::{Hasher, Secret};
use crate::index;
use crate::index::Index;
use crate::model::{Clock, Slot, TombstoneId};
use crate::store::{Folder, Stats, Store, Tombstone};

/// An open data folder. Share it between threads by reference.
pub struct Engine {
    options: Options,
    keys: Keys,
    hasher: Hasher,
    known: Known,
    key_ring: KeyRing,
    lock_out: LockOut,
    /// `None` if the folder was opened for reading before its index was first written.
    index: Option<Index>,
    prints: PrintIndex,
    store: Store,
}

impl Engine {
    /// Opens a data folder for writing, creates it if it does not exist, and catches the index up with the store.
    /// A second writer is refused with an error that names `program` as the holder.
    ///
    /// # Errors
    /// - [`Error::Store`] if another process has the folder open for writing, or the folder or its database cannot be
    ///   opened;
    /// - [`Error::Index`] if the index cannot be opened or written;
    /// - [`Error::OtherKey`] if the folder was created with other keys;
    /// - [`Error::IndexAhead`] if the index has changes that the store does not have;
    /// - [`Error::Fingerprint`] if a stored fingerprint is damaged.
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

    /// Opens a data folder for reading; a writer may have it open too. Checks compare uploads one by one with the
    /// tombstones that the index does not have yet.
    ///
    /// # Errors
    /// - [`Error::Store`] if the folder or its database does not exist or cannot be opened;
    /// - [`Error::Index`] if there is an index and it cannot be opened;
    /// - [`Error::OtherKey`] if the folder was created with other keys.
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
        let prints = PrintIndex::default();
        Engine { options, keys, hasher, known, key_ring, lock_out, index, prints, store }
    }

    /// Rebuilds the index of a data folder from its store and opens both for writing. The state of the old index does
    /// not matter.
    ///
    /// # Errors
    /// As [`Engine::open_writing`], except that a damaged old index is no error.
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
        // The index of prints is made again when it is next needed.
        let prints = store.folder().prints_path();
        match std::fs::remove_dir_all(&prints) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::File { path: prints, source: error });
            }
            _ => {}
        }
        let index = sync::rebuild(&store, options.index.clone())?;
        sync::catch_up(&store, &index)?;
        Ok(Engine::with(store, Some(index), keys, options))
    }

    /// Erases tombstones. Returns for each id whether the tombstone existed.
    ///
    /// # Errors
    /// - [`Error::Store`] if the store cannot be written: nothing was erased;
    /// - [`Error::Index`] if the index cannot be written: the tombstones are erased and never match again, because the
    ///   store decides, and the index drops them when the folder is next opened.
    pub fn remove(&self, ids: &[TombstoneId]) -> Result<Vec<bool>> {
        let removed = self.store.remove(ids)?;
        if let Some(index) = &self.index {
            sync::catch_up(&self.store, index)?;
        }
        Ok(removed.iter().map(Option::is_some).collect())
    }

    /// The tombstone with this id.
    ///
    /// # Errors
    /// [`Error::Store`] if the store cannot be read.
    pub fn tombstone(&self, id: &TombstoneId) -> Result<Option<Tombstone>> {
        Ok(self.store.get_by_id(id)?.map(|one| self.promising(one)))
    }

    /// Up to `limit` tombstones that follow `after`, oldest first.
    ///
    /// # Errors
    /// [`Error::Store`] if the store cannot be read.
    pub fn tombstones(&self, after: Option<Slot>, limit: usize) -> Result<Vec<Tombstone>> {
        Ok(self.store.list(after, limit)?.into_iter().map(|one| self.promising(one)).collect())
    }

    /// The numbers of keypoints and frames in a tombstone's fingerprint. `None` if it has been erased meanwhile.
    ///
    /// # Errors
    /// - [`Error::Store`] if the store cannot be read;
    /// - [`Error::Fingerprint`] if the stored fingerprint is damaged.
    pub fn hash_counts(&self, tombstone: &Tombstone) -> Result<Option<(usize, usize)>> {
        let stored = self.store.fingerprints(&[tombstone.slot])?;
        let Some(stored) = stored.first() else { return Ok(None) };
        let fingerprint = known::parse(stored)?;
        Ok(Some((fingerprint.keypoints.len(), fingerprint.frames.len())))
    }

    /// A tombstone with the numbers of keypoints and frames in its fingerprint.
    ///
    /// # Errors
    /// As [`Engine::hash_counts`].
    pub fn tombstone_with_counts(
        &self,
        id: &TombstoneId,
    ) -> Result<Option<(Tombstone, (usize, usize))>> {
        let Some(tombstone) = self.tombstone(id)? else { return Ok(None) };
        let counts = self.hash_counts(&tombstone)?;
        Ok(counts.map(|counts| (tombstone, counts)))
    }

    /// Looks `text` up as a tombstone's id, then as the platform's id of a deleted video, whose latest tombstone it
    /// returns.
    ///
    /// # Errors
    /// As [`Engine::hash_counts`].
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

    /// Counts of what the store holds.
    ///
    /// # Errors
    /// [`Error::Store`] if the store cannot be read.
    pub fn store_stats(&self) -> Result<Stats> {
        Ok(self.store.stats_under(&|found, reason| self.strength_of(found, reason).0)?)
    }

    /// Counts of what the index holds. `None` if no index has been written yet.
    pub fn index_stats(&self) -> Option<index::Stats> {
        self.index.as_ref().map(Index::stats)
    }

    pub(in crate::engine) fn store(&self) -> &Store {
        &self.store
    }

    pub(in crate::engine) fn index(&self) -> Option<&Index> {
        self.index.as_ref()
    }

    pub(in crate::engine) fn prints(&self) -> &PrintIndex {
        &self.prints
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
