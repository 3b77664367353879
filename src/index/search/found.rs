//! What a search returns.

use crate::fingerprint::Variant;
use crate::model::Slot;

/// The outcome of one search.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// Best first, at most `Options::candidates_max`.
    pub candidates: Vec<Candidate>,
    /// For each keypoint of the upload: the number of distinct groups among the tombstones that it hit; saturates at 1000.
    pub keypoint_groups: Vec<u16>,
    /// For each frame of the upload, likewise.
    pub frame_groups: Vec<u16>,
    /// How much work the search did.
    pub work: Work,
}

/// How much work a search did, for metrics and benches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// Words looked up, over all segments.
    pub lookups: u64,
    /// Postings compared.
    pub postings: u64,
    /// Postings that were near.
    pub hits: u64,
    /// Hits that were tested for agreement.
    pub refined: u64,
}

/// A tombstone that the upload may show.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    pub slot: Slot,
    /// Sum of the hits' weights (rarity × nearness) as far as they agree in rotation, scale and time.
    pub votes: f32,
    /// Ordered by keypoint of the upload.
    pub keypoint_hits: Vec<KeypointHit>,
    /// Ordered by frame of the upload.
    pub frame_hits: Vec<FrameHit>,
}

/// A near pair of patch hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeypointHit {
    /// Index in `UploadPrint::keypoints`.
    pub upload: u32,
    /// Index in `Fingerprint::keypoints`.
    pub deleted: u32,
    pub variant: Variant,
}

/// A near pair of frame hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHit {
    /// Index in `UploadPrint::frames`.
    pub upload: u32,
    /// Index in `Fingerprint::frames`.
    pub deleted: u32,
    /// Index in `UploadFrame::views`.
    pub view: u8,
    pub inverted: bool,
}
