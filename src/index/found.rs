//! What a search returns.

use crate::fingerprint::Variant;
use crate::model::Slot;

/// The outcome of one search.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// Best first, at most `Options::candidates_max`.
    pub candidates: Vec<Candidate>,
    /// For each keypoint of the upload: in how many distinct voices' tombstones it was hit; saturates.
    pub keypoint_voices: Vec<u16>,
    /// For each frame of the upload, likewise.
    pub frame_voices: Vec<u16>,
    /// What the search has done.
    pub work: Work,
}

/// What a search has done, for metrics and benches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// Words looked up, over all segments.
    pub lookups: u64,
    /// Postings compared.
    pub postings: u64,
    /// Those that were near.
    pub hits: u64,
    /// Hits that were checked for agreement.
    pub refined: u64,
}

/// A tombstone that the upload may show.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    pub slot: Slot,
    /// Votes: hits weighted by rarity and nearness, as far as they agree in angle, scale and time.
    pub votes: f32,
    /// Ordered by upload keypoint.
    pub keypoint_hits: Vec<KeypointHit>,
    /// Ordered by upload frame.
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
