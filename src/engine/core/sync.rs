//! Keeps the index in step with the store.
//!
//! The store is the record and is written first. The index records the last entry of the store's change log that it
//! contains. If the process dies between the two writes, [`catch_up`] replays the rest of the log when the folder is
//! next opened.

use std::collections::BTreeMap;

use crate::engine::core::Keys;
use crate::engine::core::known::parse;
use crate::engine::error::{Error, Result};
use crate::index::{self, Index, OwnedTombstoneEntry, TombstoneEntry};
use crate::model::{KeyId, Slot};
use crate::store::{ChangeKind, Store};

/// Log entries replayed at once. Bounds the fingerprints in memory.
const CHANGES_AT_ONCE: usize = 2000;
/// Fingerprints read at once during a rebuild.
const FINGERPRINTS_AT_ONCE: usize = 256;
/// Name of the store's state entry that holds the ids of the two keys of the data folder.
const KEYS_STATE: &str = "keys";

/// Replays into the index the changes of the store that it does not have yet.
///
/// # Errors
/// - [`Error::Store`] if the store cannot be read;
/// - [`Error::Index`] if the index cannot be written;
/// - [`Error::IndexAhead`] if the index is ahead of the store;
/// - [`Error::Fingerprint`] if a stored fingerprint is damaged.
pub(in crate::engine) fn catch_up(store: &Store, index: &Index) -> Result<()> {
    not_ahead(store, index.applied())?;
    loop {
        let changes = store.changes_after(index.applied(), CHANGES_AT_ONCE)?;
        let Some(last) = changes.last() else { return Ok(()) };
        let mut fate = BTreeMap::new();
        for change in &changes {
            fate.insert(change.slot, change.kind);
        }
        let slots = |kind| fate.iter().filter(move |f| *f.1 == kind).map(|f| *f.0);
        let added: Vec<Slot> = slots(ChangeKind::Added).collect();
        let removed: Vec<Slot> = slots(ChangeKind::Removed).collect();
        // If an added slot is gone from the store, a later entry of the log removes it.
        let stored = store.fingerprints(&added)?;
        let fingerprints = stored.iter().map(parse).collect::<Result<Vec<_>>>()?;
        let entries: Vec<TombstoneEntry<'_>> = stored
            .iter()
            .zip(&fingerprints)
            .map(|(s, fingerprint)| TombstoneEntry {
                slot: s.tombstone.slot,
                group: s.tombstone.group,
                fingerprint,
            })
            .collect();
        index.apply(&entries, &removed, last.seq)?;
    }
}

/// The slots of tombstones that were added to the store after the change `applied`, the last one in the index.
pub(in crate::engine) fn unindexed(store: &Store, applied: u64) -> Result<Vec<Slot>> {
    let mut slots = Vec::new();
    let mut seq = applied;
    loop {
        let changes = store.changes_after(seq, CHANGES_AT_ONCE)?;
        let Some(last) = changes.last() else { break };
        seq = last.seq;
        slots.extend(changes.iter().filter(|c| c.kind == ChangeKind::Added).map(|c| c.slot));
    }
    Ok(slots)
}

/// Refuses an index that contains changes which the store never made, as after a restore of the database alone.
///
/// # Errors
/// - [`Error::IndexAhead`] if `applied` is beyond the store's last change;
/// - [`Error::Store`] if the store cannot be read.
pub(in crate::engine) fn not_ahead(store: &Store, applied: u64) -> Result<()> {
    let head = store.log_head()?;
    if applied > head { Err(Error::IndexAhead { applied, head }) } else { Ok(()) }
}

/// Builds a new index from all fingerprints in slot order.
pub(in crate::engine) fn rebuild(store: &Store, options: index::Options) -> Result<Index> {
    // Read before the first page, so that `catch_up` replays what changes during the rebuild.
    let applied = store.log_head()?;
    let mut after = None;
    let pages = std::iter::from_fn(|| match store.all_fingerprints(after, FINGERPRINTS_AT_ONCE) {
        Ok(page) => {
            after = page.last()?.tombstone.slot.into();
            Some(page.iter().map(owned).collect::<Vec<_>>())
        }
        // This ends the iteration too: `Index::rebuild` stops at the first error.
        Err(error) => Some(vec![Err(error.into())]),
    });
    Ok(Index::rebuild(&store.folder().index_path(), options, pages.flatten(), applied)?)
}

fn owned(stored: &crate::store::StoredFingerprint) -> Result<OwnedTombstoneEntry> {
    let (slot, group) = (stored.tombstone.slot, stored.tombstone.group);
    Ok(OwnedTombstoneEntry { slot, group, fingerprint: parse(stored)? })
}

/// Records the keys of a new data folder, and refuses other keys for an existing one: nothing would match, and nobody
/// would notice.
///
/// # Errors
/// - [`Error::OtherKey`] if the folder was created with other keys;
/// - [`Error::Store`] if the store cannot be read or written.
pub(in crate::engine) fn settle_keys(store: &Store, keys: &Keys) -> Result<()> {
    let current = [keys.fingerprint.id(), keys.identity.id()];
    let Some(kept) = store.get_state(KEYS_STATE)? else {
        if store.is_writing() {
            store.put_state(KEYS_STATE, &[current[0].0, current[1].0].concat())?;
        }
        return Ok(());
    };
    for ((which, current), made_with) in
        ["fingerprint", "identity"].into_iter().zip(current).zip(kept.as_chunks::<8>().0)
    {
        let made_with = KeyId(*made_with);
        if made_with != current {
            let path = store.folder().path().to_path_buf();
            return Err(Error::OtherKey { path, which, made_with, current });
        }
    }
    Ok(())
}
