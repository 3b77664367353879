//! Tombstones of many deletions at once: those that come while others are being kept go with the next ones.
//!
//! Keeping costs a few syncs of the disk, for the store and for the index, whatever the number kept; so threads put what
//! they have in a queue, wait for their turn, and whoever gets it keeps all that stands there.

use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::tombstones::enrol::Ready;
use crate::engine::{Engine, Error, Result};

/// Kept at once at most: bounds what is in one transaction.
const AT_ONCE_MAX: usize = 64;

type Outcome = Arc<Mutex<Option<Result<()>>>>;

/// The queue and the turn.
#[derive(Default)]
pub(in crate::engine) struct Gather {
    queue: Mutex<Vec<(Ready, Outcome)>>,
    turn: Mutex<()>,
}

impl Engine {
    /// Keeps a tombstone; it is durable when this returns. One of the same id that is there already is taken for it:
    /// a job that was killed in between does this twice.
    ///
    /// # Errors
    /// The store's or the index's refusal. After the index's the tombstone is kept, and the index hears of it later.
    pub(in crate::engine) fn keep_together(&self, ready: Ready) -> Result<()> {
        let outcome = Outcome::default();
        lock(&self.gather().queue).push((ready, outcome.clone()));
        let turn = lock(&self.gather().turn);
        while lock(&outcome).is_none() {
            let batch: Vec<(Ready, Outcome)> = {
                let mut queue = lock(&self.gather().queue);
                let count = queue.len().min(AT_ONCE_MAX);
                queue.drain(..count).collect()
            };
            // Empty only when a thread that took ours along has panicked.
            assert!(!batch.is_empty(), "whoever keeps a tombstone leaves an outcome");
            self.keep_batch(batch);
        }
        drop(turn);
        let outcome = lock(&outcome).take();
        outcome.expect("the loop ends when it is there")
    }

    fn keep_batch(&self, batch: Vec<(Ready, Outcome)>) {
        let mut fresh = Vec::with_capacity(batch.len());
        let mut outcomes = Vec::with_capacity(batch.len());
        for (ready, outcome) in batch {
            match self.store().get_by_id(&ready.new.id) {
                Ok(Some(_)) => *lock(&outcome) = Some(Ok(())),
                Ok(None) => {
                    fresh.push((0, ready));
                    outcomes.push(outcome);
                }
                Err(error) => *lock(&outcome) = Some(Err(error.into())),
            }
        }
        if self.keep(&mut fresh).is_ok() {
            outcomes.iter().for_each(|outcome| *lock(outcome) = Some(Ok(())));
            return;
        }
        // One of them is to blame, or the disk is: each by itself gets an error of its own.
        for (one, outcome) in fresh.into_iter().zip(outcomes) {
            let kept = match self.keep(&mut [one]) {
                Err(Error::Store(crate::store::Error::IdTaken { .. })) => Ok(()),
                other => other,
            };
            *lock(&outcome) = Some(kept);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
