//! What a reader holds: the index as of one commit. It does not change.

use std::sync::Arc;

use crate::fingerprint::UploadPrint;
use crate::index::error::Error;
use crate::index::options::Options;
use crate::index::search::found::{Found, Work};
use crate::index::search::parts::SnapshotParts;
use crate::index::search::query::{SearchContext, SearchOptions};
use crate::index::search::scratch::{Scratch, ScratchPool};

/// The index as of one commit. Cheap to hold; the files that it needs stay until it is dropped.
pub struct Snapshot {
    parts: SnapshotParts,
    options: Arc<Options>,
    applied: u64,
    generation: u64,
    pool: Arc<ScratchPool>,
}

impl Snapshot {
    /// The parts of commit number `generation`, which reaches up to `applied` in the store's change log.
    pub(crate) fn new(
        parts: SnapshotParts,
        generation: u64,
        applied: u64,
        options: Arc<Options>,
        pool: Arc<ScratchPool>,
    ) -> Snapshot {
        Snapshot { parts, options, applied, generation, pool }
    }

    pub(crate) fn parts(&self) -> &SnapshotParts {
        &self.parts
    }

    /// Tombstones that can be found.
    pub fn tombstones(&self) -> usize {
        self.parts.live()
    }

    /// Sequence number of the store's change log up to which this snapshot reaches.
    pub fn applied(&self) -> u64 {
        self.applied
    }

    /// Number of the commit.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// The tombstones that `upload` may show, and how common its keypoints and frames are.
    ///
    /// # Errors
    /// [`Error::Damaged`] when a block that the search needs is damaged: the answer would be incomplete.
    pub fn search(&self, upload: &UploadPrint, options: &SearchOptions) -> Result<Found, Error> {
        let query =
            SearchContext { parts: &self.parts, index: &self.options, search: options, upload };
        if self.tombstones() == 0 {
            return Ok(Found {
                candidates: Vec::new(),
                keypoint_groups: vec![0; upload.keypoints.len()],
                frame_groups: vec![0; upload.frames.len()],
                work: Work::default(),
            });
        }
        let mut scratch = self.pool.take();
        let found = search(&query, &mut scratch);
        self.pool.put_back(scratch);
        found
    }
}

/// One search; see the room's documentation.
fn search(query: &SearchContext<'_>, scratch: &mut Scratch) -> Result<Found, Error> {
    let Scratch { cpu, lookups, keypoint_hits, frame_hits, votes, refiner } = scratch;
    let cpu = *cpu;
    lookups.work = Work::default();
    votes.begin(query);
    lookups.keypoints(query, cpu, keypoint_hits)?;
    votes.keypoints(query, keypoint_hits);
    frame_hits.clear();
    if query.search.frames {
        lookups.frames(query, cpu, frame_hits)?;
        votes.frames(query, frame_hits);
    }
    let candidates = refiner.candidates(query, votes, keypoint_hits, frame_hits)?;
    Ok(Found {
        candidates,
        keypoint_groups: std::mem::take(&mut votes.keypoint_groups),
        frame_groups: std::mem::take(&mut votes.frame_groups),
        work: Work { refined: refiner.hits() as u64, ..lookups.work },
    })
}
