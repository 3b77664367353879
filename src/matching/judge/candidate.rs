//! The input of a judgement: candidates, the size of the index, and limits.

use crate::fingerprint::Fingerprint;
use crate::matching::align::hits::IndexHits;
use crate::model::Extent;

/// A tombstone that the upload may show.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    pub fingerprint: &'a Fingerprint,
    /// The parts of it that other deleted videos have as well; `None` if nothing is known to be.
    pub common: Option<&'a Extent>,
    /// The hits that the index found; `None` when the index was not searched.
    pub found: Option<&'a IndexHits>,
}

/// The index as a whole.
#[derive(Debug, Clone, Copy, Default)]
pub struct Background {
    /// Tombstones in the index: the more there are, the more chance matches.
    pub tombstones: usize,
}

/// Limits of one judgement. Candidates are ordered likeliest first; a limit cuts off the unlikelier ones.
#[derive(Debug, Clone)]
pub struct Options {
    /// Hits of one candidate and variant that are considered, the nearest first. Default 3000.
    pub hits_max: usize,
    /// Keypoint pairs (upload × deleted × four variants) that are compared before there is an alignment. Candidates
    /// beyond the limit are compared only if the index's hits align. The first candidate always is. Default 50
    /// million: 10 ms.
    pub pairs_max: u64,
    /// Candidates whose frames are compared without a placement. Default 24.
    pub unplaced_max: usize,
    /// Alignments of one candidate that are measured in full, the largest first. Default 6.
    pub alignments_max: usize,
    /// Candidates that are aligned by wide hits too, when near ones gave nothing sure. Default 24.
    pub wide_max: usize,
    /// Further alignments of one candidate by wide hits. Default 2.
    pub wide_alignments_max: usize,
    /// Spans reported of one match. Default 16.
    pub spans_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            hits_max: 3000,
            pairs_max: 50_000_000,
            unplaced_max: 24,
            alignments_max: 6,
            wide_max: 24,
            wide_alignments_max: 2,
            spans_max: 16,
        }
    }
}
