//! Group commit of tombstones: those that arrive during one commit share the next.
//!
//! A commit syncs store and index to disk a few times, however many tombstones it covers.

use std::sync::Mutex;

use crate::engine::core::Engine;
use crate::engine::error::{Error, Result};
use crate::engine::tombstones::enrol::Ready;
use crate::store::GroupCommit;

/// Maximum number of tombstones in one commit. Bounds the transaction.
const BATCH_MAX: usize = 64;

/// The queue of waiting tombstones, and the lock of the thread that commits.
pub(in crate::engine) struct TombstoneCommit {
    group: GroupCommit<Ready, Result<()>>,
    turn: Mutex<()>,
}

impl Default for TombstoneCommit {
    fn default() -> TombstoneCommit {
        TombstoneCommit { group: GroupCommit::new(BATCH_MAX), turn: Mutex::default() }
    }
}

impl TombstoneCommit {
    /// Stores a tombstone, which is durable when this returns. Idempotent: an existing tombstone with the same id
    /// counts as stored, because a job that was killed after the commit runs twice.
    ///
    /// # Errors
    /// - [`Error::Store`] if the store cannot be read or written;
    /// - [`Error::Index`] if the index cannot be searched or written. If only the write failed, the tombstone is
    ///   durable and the index catches up later.
    ///
    /// # Panics
    /// When the thread that commits this tombstone panics.
    pub(in crate::engine) fn keep(&self, engine: &Engine, ready: Ready) -> Result<()> {
        let kept = self.group.run(ready, &self.turn, |(), batch| keep_batch(engine, batch));
        kept.expect("the thread that keeps a batch does not panic")
    }
}

/// Stores a batch. Returns one result per tombstone, in order.
fn keep_batch(engine: &Engine, batch: Vec<Ready>) -> Vec<Result<()>> {
    let mut results = Vec::with_capacity(batch.len());
    let (mut fresh, mut places) = (Vec::new(), Vec::new());
    for (place, ready) in batch.into_iter().enumerate() {
        let known = engine.store().get_by_id(&ready.new.id);
        if matches!(known, Ok(None)) {
            fresh.push((0, ready));
            places.push(place);
        }
        results.push(known.map(drop).map_err(Error::from));
    }
    if engine.keep(&mut fresh).is_ok() {
        return results;
    }
    // Either one tombstone or the disk is at fault: retry them one by one, so that each gets its own error.
    for (one, place) in fresh.into_iter().zip(places) {
        results[place] = match engine.keep(&mut [one]) {
            Err(Error::Store(crate::store::Error::IdTaken { .. })) => Ok(()),
            other => other,
        };
    }
    results
}
