//! What one search is asked, and what all of its steps read.

use crate::fingerprint::UploadPrint;
use crate::index::options::Options;
use crate::index::search::parts::SnapshotParts;

/// What one search looks for.
#[derive(Debug, Clone)]
pub struct SearchOptions {
    /// Which variants of keypoints and frames are looked up, indexed by `Variant as usize`. Default: all.
    pub variants: [bool; 4],
    /// Whether frames are looked up. Default true.
    pub frames: bool,
}

impl Default for SearchOptions {
    fn default() -> Self {
        SearchOptions { variants: [true; 4], frames: true }
    }
}

/// What every step of one search reads.
#[derive(Clone, Copy)]
pub(super) struct SearchContext<'a> {
    pub parts: &'a SnapshotParts,
    pub index: &'a Options,
    pub search: &'a SearchOptions,
    pub upload: &'a UploadPrint,
}
