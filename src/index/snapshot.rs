//! What a reader holds: the segments of one commit and the rows removed from them. It does not change.

use std::sync::{Arc, Mutex};

use crate::fingerprint::UploadPrint;
use crate::index::error::Error;
use crate::index::found::Found;
use crate::index::options::Options;
use crate::index::search::{Scratch, SearchOptions, search};
use crate::index::segment::Segment;

/// A segment and which of its rows are removed.
#[derive(Clone)]
pub(crate) struct Part {
    pub(crate) segment: Arc<Segment>,
    /// A bit a row; empty when none is removed.
    pub(crate) removed: Arc<Vec<u64>>,
    /// Rows of all parts before this one.
    pub(crate) base: usize,
}

impl Part {
    #[inline]
    pub(crate) fn is_removed(&self, row: usize) -> bool {
        self.removed.get(row / 64).is_some_and(|w| w >> (row % 64) & 1 == 1)
    }

    pub(crate) fn live(&self) -> usize {
        self.segment.rows() - self.removed.iter().map(|w| w.count_ones() as usize).sum::<usize>()
    }
}

/// The index as of one commit. Cheap to hold; the files that it needs stay until it is dropped.
pub struct Snapshot {
    pub(crate) parts: Vec<Part>,
    pub(crate) options: Arc<Options>,
    pub(crate) applied: u64,
    pub(crate) generation: u64,
    live: usize,
    rows: usize,
    pool: Arc<ScratchPool>,
}

/// Working memory of searches, kept from one to the next: 12 bytes a row and what the hits need.
#[derive(Default)]
pub(crate) struct ScratchPool(Mutex<Vec<Scratch>>);

impl Snapshot {
    pub(crate) fn new(
        segments: Vec<(Arc<Segment>, Arc<Vec<u64>>)>,
        (generation, applied): (u64, u64),
        options: Arc<Options>,
        pool: Arc<ScratchPool>,
    ) -> Snapshot {
        let mut base = 0;
        let mut parts = Vec::with_capacity(segments.len());
        for (segment, removed) in segments {
            let rows = segment.rows();
            parts.push(Part { segment, removed, base });
            base += rows;
        }
        let live = parts.iter().map(Part::live).sum();
        Snapshot { parts, options, applied, generation, live, rows: base, pool }
    }

    /// Tombstones that can be found.
    pub fn tombstones(&self) -> usize {
        self.live
    }

    /// Sequence number of the store's change log up to which this snapshot reaches.
    pub fn applied(&self) -> u64 {
        self.applied
    }

    /// Rows, removed ones included.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// The tombstones that `upload` may show, and how common its keypoints and frames are.
    ///
    /// # Errors
    /// `Damaged` when a block that the search needs is not what was written: the answer would be incomplete.
    pub fn search(&self, upload: &UploadPrint, options: &SearchOptions) -> Result<Found, Error> {
        let mut scratch = self.pool.take();
        let found = search(self, upload, options, &mut scratch);
        self.pool.give(scratch);
        found
    }
}

impl ScratchPool {
    fn take(&self) -> Scratch {
        let mut pool = self.0.lock().unwrap_or_else(|e| e.into_inner());
        pool.pop().unwrap_or_default()
    }

    fn give(&self, scratch: Scratch) {
        let mut pool = self.0.lock().unwrap_or_else(|e| e.into_inner());
        if pool.len() < 16 {
            pool.push(scratch);
        }
    }
}
