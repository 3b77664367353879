//! Tombstones of many deletions at once: those that arrive while others are being kept share the next commit.
//!
//! Keeping costs a few syncs of the disk, for the store and for the index, however many tombstones it covers.

use std::sync::Mutex;

use crate::engine::tombstones::enrol::Ready;
use crate::engine::{Engine, Error, Result};
use crate::store::GroupCommit;

/// Tombstones in one commit at most: bounds what is in one transaction.
const BATCH_MAX: usize = 64;

/// The queue and its turn.
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
    /// Keeps a tombstone; it is durable when this returns. Idempotent: an existing tombstone with the same id counts as
    /// kept, because a job that was killed in between comes here twice.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Index`]. After the latter the tombstone is kept, and the index catches up later.
    ///
    /// # Panics
    /// When the thread that commits this tombstone panics.
    pub(in crate::engine) fn keep(&self, engine: &Engine, ready: Ready) -> Result<()> {
        let kept = self.group.run(ready, &self.turn, |(), batch| keep_batch(engine, batch));
        kept.expect("the thread that keeps a batch does not panic")
    }
}

/// Keeps a batch, and returns each one's result in order.
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
    // One of them is to blame, or the disk is: each by itself gets an error of its own.
    for (one, place) in fresh.into_iter().zip(places) {
        results[place] = match engine.keep(&mut [one]) {
            Err(Error::Store(crate::store::Error::IdTaken { .. })) => Ok(()),
            other => other,
        };
    }
    results
}
