//! One tombstone's share of a segment.

use crate::fingerprint::{Fingerprint, FrameHash};
use crate::index::segment::keys::{FrameKeys, Geometry, frame_keys};

/// The keys of a frame that is stored but not filed.
pub(super) const NOT_FILED: FrameKeys = [0; 3];

/// What a segment stores of one tombstone.
#[derive(Debug, Clone, Copy)]
pub(in crate::index) struct Row<'a> {
    pub(crate) slot: u32,
    pub(crate) group: u32,
    pub(crate) hashes: &'a [u64],
    pub(crate) geometry: &'a [u32],
    pub(crate) frames: &'a [FrameKeys],
}

/// The columns of one fingerprint, reused from row to row.
#[derive(Default)]
pub(crate) struct Columns {
    hashes: Vec<u64>,
    geometry: Vec<u32>,
    frames: Vec<FrameKeys>,
}

impl Columns {
    /// The row of a tombstone. Frames with less contrast than `quality_min` are stored as zeros, and are not filed.
    pub(crate) fn row(
        &mut self,
        slot: u32,
        group: u32,
        print: &Fingerprint,
        quality_min: u8,
    ) -> Row<'_> {
        self.hashes.clear();
        self.hashes.extend(print.keypoints.iter().map(|k| k.hash));
        self.geometry.clear();
        self.geometry.extend(print.keypoints.iter().map(|k| Geometry::of(&k.spot).pack()));
        self.frames.clear();
        let filed = |f: &FrameHash| f.quality >= quality_min;
        let keys = |f| if filed(f) { frame_keys(&f.bits) } else { NOT_FILED };
        self.frames.extend(print.frames.iter().map(keys));
        Row { slot, group, hashes: &self.hashes, geometry: &self.geometry, frames: &self.frames }
    }
}
