//! Keeping the index in step with the store.
//!
//! The store is the record of truth and is written first. The index says up to which entry of the store's change log
//! it reaches, so whatever happens between the two writes is made good at the next opening: `catch_up` replays the
//! log from there on.

use std::collections::BTreeMap;

use crate::engine::core::known::parse;
use crate::engine::{Error, Keys, Result};
use crate::index::{self, Index, OwnedTombstoneEntry, TombstoneEntry};
use crate::model::{KeyId, Slot};
use crate::store::{ChangeKind, Store};

/// Log entries replayed in one go; bounds the fingerprints in memory.
const CHANGES_AT_ONCE: usize = 2000;
/// Fingerprints read at once during a rebuild.
const FINGERPRINTS_AT_ONCE: usize = 256;
/// The store's name for the ids of the two keys that its tombstones were made with.
const KEYS_STATE: &str = "keys";

/// Replays the store's change log into the index from where the index stands.
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
        // A slot that was added here and is gone from the store is removed by a later entry.
        let stored = store.fingerprints(&added)?;
        let fingerprints = stored.iter().map(parse).collect::<Result<Vec<_>>>()?;
        let entries: Vec<TombstoneEntry<'_>> = stored
            .iter()
            .zip(&fingerprints)
            .map(|(s, fingerprint)| TombstoneEntry {
                slot: s.tombstone.slot,
                voice: s.tombstone.voice,
                fingerprint,
            })
            .collect();
        index.apply(&entries, &removed, last.seq)?;
    }
}

/// The slots that the store has and the index, which reaches up to `applied`, has not.
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

/// # Errors
/// `IndexAhead`: the index has heard of changes that this store never made.
pub(in crate::engine) fn not_ahead(store: &Store, applied: u64) -> Result<()> {
    let head = store.log_head()?;
    if applied > head { Err(Error::IndexAhead { applied, head }) } else { Ok(()) }
}

/// Makes the index anew, from all fingerprints in order of their slots.
pub(in crate::engine) fn rebuild(store: &Store, options: index::Options) -> Result<Index> {
    // Before the first page, so that what changes meanwhile is caught up afterwards.
    let applied = store.log_head()?;
    let mut after = None;
    let pages = std::iter::from_fn(|| match store.all_fingerprints(after, FINGERPRINTS_AT_ONCE) {
        Ok(page) => {
            after = page.last()?.tombstone.slot.into();
            Some(page.iter().map(owned).collect::<Vec<_>>())
        }
        // Ends the stream too: `Index::rebuild` stops at the first error.
        Err(error) => Some(vec![Err(error.into())]),
    });
    Ok(Index::rebuild(&store.folder().index_path(), options, pages.flatten(), applied)?)
}

fn owned(stored: &crate::store::StoredFingerprint) -> Result<OwnedTombstoneEntry> {
    let (slot, voice) = (stored.tombstone.slot, stored.tombstone.voice);
    Ok(OwnedTombstoneEntry { slot, voice, fingerprint: parse(stored)? })
}

/// Sees to it that a data folder is only ever used with the keys that it began with: with others nothing would match,
/// and nobody would notice.
///
/// # Errors
/// `OtherKey`.
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
