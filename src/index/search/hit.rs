//! A near pair of hashes on its way to a candidate.

use crate::fingerprint::Variant;

/// A near posting, found under one word. Its row is not known yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct PostingHit {
    /// Index of the keypoint or frame in the upload.
    pub item: u32,
    /// Ordinal of the keypoint or frame in the segment.
    pub ordinal: u32,
    /// Table in which the posting was found.
    pub table: u8,
    pub kind: HitKind,
    /// Differing check bits.
    pub distance: u8,
}

/// A hit of a tombstone that is not removed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RowHit {
    /// Index of the keypoint or frame in the upload.
    pub item: u32,
    /// Row of the tombstone in the snapshot.
    pub row: u32,
    /// Ordinal of the keypoint or frame in the segment.
    pub ordinal: u32,
    /// Number of the segment in the snapshot.
    pub part: u16,
    pub kind: HitKind,
    /// Differing check bits; after verification, of keypoints, differing bits of the whole hash.
    pub distance: u8,
}

/// As what the upload's item was looked up: the [`Variant`] of a keypoint; of a frame its view in the low two bits, and in
/// bit 2 whether it was inverted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct HitKind(u8);

impl HitKind {
    const INVERTED: u8 = 4;

    pub fn keypoint(variant: Variant) -> HitKind {
        HitKind(variant as u8)
    }

    /// A frame; `view` is an index in `UploadFrame::views`.
    pub fn frame(view: usize, inverted: bool) -> HitKind {
        HitKind(view as u8 | (u8::from(inverted) * HitKind::INVERTED))
    }

    /// Of a keypoint.
    pub fn variant(self) -> Variant {
        Variant::ALL[usize::from(self.0 & 3)]
    }

    /// Of a frame.
    pub fn view(self) -> u8 {
        self.0 & 3
    }

    /// Of a frame.
    pub fn inverted(self) -> bool {
        self.0 & HitKind::INVERTED != 0
    }
}
