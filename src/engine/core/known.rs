//! A cache of parsed fingerprints, so that a scan does not read the same candidates from the database for every file.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::core::common::{common_parts, minor_for_owners};
use crate::engine::error::{Error, Result};
use crate::fingerprint::Fingerprint;
use crate::model::{Extent, Slot, TemplateStretch};
use crate::store::{Relation, Store, StoredFingerprint, Tombstone};

/// Tombstones read from the store at once when all are needed.
const PAGE: usize = 256;

/// A tombstone with its fingerprint, and what it has in common with others.
#[derive(Debug)]
pub(in crate::engine) struct KnownTombstone {
    pub tombstone: Tombstone,
    pub fingerprint: Fingerprint,
    /// The parts that other owners' tombstones have as well; `None` if there are none.
    pub common: Option<Extent>,
    /// Owners in whose deleted videos most of this one is a minor part.
    pub minor_for_owners: u32,
}

/// The cache. Any change of the tombstones, and any ruling about a stretch of one, empties it: an erased tombstone never
/// matches again.
pub(in crate::engine) struct Known {
    state: Mutex<State>,
    kept_max: usize,
}

#[derive(Default)]
struct State {
    /// The state of the store when the cache was last emptied.
    head: (u64, u64),
    by_slot: HashMap<Slot, Arc<KnownTombstone>>,
    /// All tombstones in slot order, once someone has requested them.
    all: Option<Arc<Vec<Arc<KnownTombstone>>>>,
}

impl Known {
    pub fn new(kept_max: usize) -> Known {
        Known { state: Mutex::default(), kept_max }
    }

    /// The tombstones in these slots, in the order given. Skips the slots of erased tombstones.
    pub fn get(&self, store: &Store, slots: &[Slot]) -> Result<Vec<Arc<KnownTombstone>>> {
        let head = (store.log_head()?, store.stretches_head()?);
        let kept: Vec<Option<Arc<KnownTombstone>>> =
            self.with(head, |state| slots.iter().map(|s| state.by_slot.get(s).cloned()).collect());
        let missing: Vec<Slot> =
            slots.iter().zip(&kept).filter(|(_, kept)| kept.is_none()).map(|(s, _)| *s).collect();
        let mut read = HashMap::with_capacity(missing.len());
        for known in with_relations(store, store.fingerprints(&missing)?)? {
            read.insert(known.tombstone.slot, known);
        }
        self.with(head, |state| {
            if state.by_slot.len() + read.len() > self.kept_max {
                state.by_slot.clear();
            }
            state.by_slot.extend(read.iter().map(|(slot, known)| (*slot, known.clone())));
        });
        let pairs = slots.iter().zip(kept);
        Ok(pairs.filter_map(|(slot, kept)| kept.or_else(|| read.get(slot).cloned())).collect())
    }

    /// All tombstones. For small stores only: they stay in memory, whatever `kept_max` is.
    pub fn all(&self, store: &Store) -> Result<Arc<Vec<Arc<KnownTombstone>>>> {
        let head = (store.log_head()?, store.stretches_head()?);
        if let Some(all) = self.with(head, |state| state.all.clone()) {
            return Ok(all);
        }
        let mut all: Vec<Arc<KnownTombstone>> = Vec::new();
        loop {
            let page = store.all_fingerprints(all.last().map(|k| k.tombstone.slot), PAGE)?;
            if page.is_empty() {
                break;
            }
            all.extend(with_relations(store, page)?);
        }
        let all = Arc::new(all);
        self.with(head, |state| state.all = Some(all.clone()));
        Ok(all)
    }

    /// Runs `job` on the cache, after emptying it if it does not belong to the store's state `head`.
    fn with<T>(&self, head: (u64, u64), job: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.head != head {
            *state = State { head, ..State::default() };
        }
        job(&mut state)
    }
}

fn with_relations(
    store: &Store,
    stored: Vec<StoredFingerprint>,
) -> Result<Vec<Arc<KnownTombstone>>> {
    let slots: Vec<Slot> = stored.iter().map(|one| one.tombstone.slot).collect();
    let relations = store.relations(&slots)?;
    let known = |(stored, relations): (StoredFingerprint, Vec<Relation>)| {
        let ruled = store.template_stretches(stored.tombstone.slot)?;
        Ok(Arc::new(known(stored, &relations, &ruled)?))
    };
    stored.into_iter().zip(relations).map(known).collect()
}

fn known(
    stored: StoredFingerprint,
    relations: &[Relation],
    ruled: &[TemplateStretch],
) -> Result<KnownTombstone> {
    let fingerprint = parse(&stored)?;
    let owner = stored.tombstone.owner;
    Ok(KnownTombstone {
        common: common_parts(&fingerprint, owner, relations, ruled),
        minor_for_owners: minor_for_owners(owner, relations),
        tombstone: stored.tombstone,
        fingerprint,
    })
}

/// Parses the bytes of a stored fingerprint.
pub(in crate::engine) fn parse(stored: &StoredFingerprint) -> Result<Fingerprint> {
    Fingerprint::from_bytes(&stored.bytes)
        .map_err(|source| Error::Fingerprint { id: stored.tombstone.id.clone(), source })
}
