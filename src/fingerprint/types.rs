//! The shapes that the rest of the project handles: `Fingerprint` of a deleted video (kept), `UploadPrint` of an
//! upload (richer, kept only while the upload is). Made in `tombstone` and `upload`, written and read as bytes in `format`.

use crate::model::{KeyId, Luma};

/// Version of the algorithm that made a fingerprint; it rises whenever any hash bit would change.
pub const VERSION: u16 = 1;

/// Bits of a `PatchHash`.
pub const PATCH_BITS: u32 = 64;

/// The four ways an upload's patch is hashed so that a mirrored or inverted copy is found by look-up alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Variant {
    Plain = 0,
    Mirrored = 1,
    Inverted = 2,
    MirroredInverted = 3,
}

impl Variant {
    pub const ALL: [Variant; 4] =
        [Variant::Plain, Variant::Mirrored, Variant::Inverted, Variant::MirroredInverted];

    pub fn mirrored(self) -> bool {
        matches!(self, Variant::Mirrored | Variant::MirroredInverted)
    }

    pub fn inverted(self) -> bool {
        matches!(self, Variant::Inverted | Variant::MirroredInverted)
    }
}

/// Where a keypoint lies and while which time it stands still.
///
/// Lengths are in units of the picture's long side, `x` and `y` from the top left of the displayed picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot {
    pub x: f32,
    pub y: f32,
    /// Standard deviation of the Gaussian at which the point was found.
    pub scale: f32,
    /// Dominant gradient direction, radians, −π..π, y downward.
    pub angle: f32,
    /// First and last keyframe in which it was seen at this place, seconds; equal for a point seen once.
    pub first_s: f32,
    pub last_s: f32,
}

/// A keypoint of a deleted video.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Keypoint {
    pub spot: Spot,
    pub hash: u64,
}

/// A keyframe of a deleted video.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Keyframe {
    pub time_s: f32,
    /// Share of its active picture that shows nothing at all, 0..=255: cards (text on a flat ground) have nearly three
    /// quarters and more, what a camera has seen less than half.
    pub flat: u8,
}

/// A keypoint of an upload, hashed in every `Variant` (index: `Variant as usize`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UploadKeypoint {
    pub spot: Spot,
    pub hashes: [u64; 4],
    /// Of the plain and of the mirrored hash: the bits that were decided most narrowly, and so are the likeliest to
    /// differ in a copy.
    pub unsure: [Unsure; 2],
}

/// Bits of a hash that were decided most narrowly, the narrowest first: `WEAK_BITS` of the low `WEAK_WITHIN` bits of
/// its low half and of its high half, counted within the half.
pub type Unsure = [[u8; WEAK_BITS]; 2];
pub const WEAK_BITS: usize = 3;
/// The index files a hash under at most so many bits of a half.
pub const WEAK_WITHIN: usize = 26;

/// 256 bits of one frame: word 0 the whole picture; words 1–3 hold the eight regions' 24 bits one behind the other
/// (region r of 1..=8 occupies bits `24 * (r - 1) ..` of the 192).
pub type FrameBits = [u64; 4];

/// The regional hash of one frame of a deleted video, taken inside the active picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FrameHash {
    pub time_s: f32,
    pub bits: FrameBits,
    /// Contrast of the frame, 0 (flat: carries no evidence) to 255.
    pub quality: u8,
}

/// One sampled frame of an upload.
#[derive(Debug, Clone, PartialEq)]
pub struct UploadFrame {
    pub time_s: f32,
    /// The raw frame, the raw frame mirrored, the active picture, the active picture mirrored.
    pub views: [FrameBits; 4],
    pub quality: u8,
    /// The picture at `THUMB_LONG` px: from it the frame is hashed again under a proposed placement.
    pub thumb: Luma,
}

/// A rectangle in units of the picture's long side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rect {
    pub x0: f32,
    pub y0: f32,
    pub x1: f32,
    pub y1: f32,
}

/// What stays of a deleted video.
#[derive(Debug, Clone, PartialEq)]
pub struct Fingerprint {
    pub version: u16,
    pub key_id: KeyId,
    pub duration_s: f32,
    /// Width and height of the displayed picture in units of its long side: one of them is 1.
    pub width: f32,
    pub height: f32,
    /// The picture without black or flat borders.
    pub active: Rect,
    /// The frames from which keypoints were kept, ascending.
    pub keyframes: Vec<Keyframe>,
    /// Ordered by `first_s`; first and last sight are times of keyframes.
    pub keypoints: Vec<Keypoint>,
    /// Ordered by time.
    pub frames: Vec<FrameHash>,
}

impl Fingerprint {
    /// Share of the active picture that shows nothing in the keyframe nearest to a time, 0..1.
    pub fn flat_near(&self, time_s: f32) -> f32 {
        let at = self.keyframes.partition_point(|k| k.time_s < time_s);
        let near = [at.checked_sub(1), Some(at)].into_iter().flatten();
        let nearest = near
            .filter_map(|i| self.keyframes.get(i))
            .min_by(|a, b| (a.time_s - time_s).abs().total_cmp(&(b.time_s - time_s).abs()));
        nearest.map_or(0.0, |k| f32::from(k.flat) / 255.0)
    }
}

/// What is looked at of an upload.
#[derive(Debug, Clone, PartialEq)]
pub struct UploadPrint {
    pub version: u16,
    pub key_id: KeyId,
    pub duration_s: f32,
    pub width: f32,
    pub height: f32,
    pub active: Rect,
    /// Times of the frames from which keypoints were taken, ascending.
    pub keyframes_s: Vec<f32>,
    /// Ordered by `first_s`.
    pub keypoints: Vec<UploadKeypoint>,
    pub frames: Vec<UploadFrame>,
}
