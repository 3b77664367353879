//! Working memory of searches, kept from one to the next.

use std::sync::{Mutex, PoisonError};

use crate::cpu::Cpu;
use crate::index::search::hit::RowHit;
use crate::index::search::lookup::Lookups;
use crate::index::search::refine::Refiner;
use crate::index::search::votes::Votes;

/// Working memories that are kept: that of as many concurrent searches. *Tuned.*
const KEPT_MAX: usize = 16;

/// Working memory of one search: 12 bytes per row of the snapshot, and the hits.
#[derive(Default)]
pub(super) struct Scratch {
    /// For the scan of postings.
    pub cpu: Cpu,
    pub lookups: Lookups,
    pub keypoint_hits: Vec<RowHit>,
    pub frame_hits: Vec<RowHit>,
    pub votes: Votes,
    pub refiner: Refiner,
}

/// Working memories that no search uses at present.
#[derive(Default)]
pub(crate) struct ScratchPool(Mutex<Vec<Scratch>>);

impl ScratchPool {
    pub(super) fn take(&self) -> Scratch {
        let mut pool = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pool.pop().unwrap_or_default()
    }

    pub(super) fn put_back(&self, scratch: Scratch) {
        let mut pool = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if pool.len() < KEPT_MAX {
            pool.push(scratch);
        }
    }
}
