//! The types that the rest of the project handles: the [`Fingerprint`] of a deleted video and the [`UploadPrint`] of an
//! upload. `tombstone` and `upload` make them; `format` writes and reads fingerprints as bytes.

use crate::model::{KeyId, Luma};

/// Version of the algorithm. It rises whenever any bit of a hash would change.
pub const VERSION: u16 = 1;

/// The four ways in which an upload's patch is hashed, so that a mirrored or inverted re-upload is found by look-up
/// alone.
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

/// The place of a keypoint, and the time during which it stays there.
///
/// Lengths are in units of the picture's long side; `x` and `y` are measured from the top left of the displayed
/// picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot {
    pub x: f32,
    pub y: f32,
    /// Standard deviation of the Gaussian at which the point was found, long sides.
    pub scale: f32,
    /// Dominant gradient direction, radians, −π..π, y downward.
    pub angle: f32,
    /// Time of the first keyframe that shows the point at this place, seconds.
    pub first_s: f32,
    /// Time of the last such keyframe, seconds; equal to `first_s` for a point of one keyframe.
    pub last_s: f32,
}

/// A keypoint of a deleted video.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Keypoint {
    pub spot: Spot,
    /// The patch hash, 64 bits.
    pub hash: u64,
}

/// A keyframe of a deleted video.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Keyframe {
    pub time_s: f32,
    /// Share of the active picture that is flat, 0..=255. Cards (text on a flat ground) have nearly three quarters or
    /// more, camera pictures less than half.
    pub flat: u8,
}

/// A keypoint of an upload.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UploadKeypoint {
    pub spot: Spot,
    /// The patch hash in every variant; the index is `Variant as usize`.
    pub hashes: [u64; 4],
    /// The unsure bits of the plain and of the mirrored hash.
    pub unsure: [Unsure; 2],
}

/// The bits of a hash with the smallest margins, which are the likeliest to differ in a re-upload: [`WEAK_BITS`] bits
/// of the low half and as many of the high half, smallest margin first. Bits are counted within their half, from the
/// lowest, and lie below [`WEAK_WITHIN`].
pub type Unsure = [[u8; WEAK_BITS]; 2];
/// Unsure bits of each half of a hash.
pub const WEAK_BITS: usize = 3;
/// Low bits of each half among which unsure bits are sought: the index files a hash under no more bits of a half.
pub const WEAK_WITHIN: usize = 26;

/// 256 bits of one frame. Word 0 is the whole picture; words 1–3 hold the 24 bits of each of the eight regions, one
/// region after the other: region r of 1..=8 occupies bits `24 * (r - 1)..24 * r` of the 192.
pub type FrameBits = [u64; 4];

/// Contrast below which a frame shows nothing that could be compared with one candidate's frame, grey levels.
pub const CONTRAST_COMPARED_MIN: u8 = 5;
/// Contrast below which a frame is neither filed in the index nor searched for in it, grey levels. Higher than
/// [`CONTRAST_COMPARED_MIN`], because a search compares a frame with every tombstone's at once: a dim one resembles many.
pub const CONTRAST_INDEXED_MIN: u8 = 8;

/// The hash of one frame of a deleted video, taken inside the active picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FrameHash {
    pub time_s: f32,
    pub bits: FrameBits,
    /// Standard deviation of the frame, grey levels; 0 for a flat frame, which is no evidence.
    pub quality: u8,
}

/// One sampled frame of an upload.
#[derive(Debug, Clone, PartialEq)]
pub struct UploadFrame {
    pub time_s: f32,
    /// Hashes of the raw frame, the raw frame mirrored, the active picture, the active picture mirrored.
    pub views: [FrameBits; 4],
    /// Standard deviation of the raw frame, grey levels.
    pub quality: u8,
    /// The picture with a long side of 128 pixels, from which a proposed placement is hashed.
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

impl Rect {
    /// The whole of a square picture.
    pub const SQUARE: Rect = Rect { x0: 0.0, y0: 0.0, x1: 1.0, y1: 1.0 };
}

/// The fingerprint of a deleted video: the only description of its content that is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Fingerprint {
    /// The [`VERSION`] that made it.
    pub version: u16,
    /// The key that its hashes are made with.
    pub key_id: KeyId,
    pub duration_s: f32,
    /// Width of the displayed picture, long sides; 1 unless the picture is upright.
    pub width: f32,
    /// Height of the displayed picture, long sides.
    pub height: f32,
    /// The picture without black or flat borders.
    pub active: Rect,
    /// The frames from which keypoints were kept, in order of time.
    pub keyframes: Vec<Keyframe>,
    /// Ordered by `first_s`; both times of each are times of keyframes.
    pub keypoints: Vec<Keypoint>,
    /// In order of time.
    pub frames: Vec<FrameHash>,
}

impl Fingerprint {
    /// An empty fingerprint, which matches nothing: a square picture without borders. Tests build theirs on it.
    pub fn empty(key_id: KeyId) -> Fingerprint {
        Fingerprint {
            version: VERSION,
            key_id,
            duration_s: 0.0,
            width: 1.0,
            height: 1.0,
            active: Rect::SQUARE,
            keyframes: Vec::new(),
            keypoints: Vec::new(),
            frames: Vec::new(),
        }
    }

    /// The flat share (0.0..=1.0) of the active picture in the keyframe nearest to a time, seconds; 0 without
    /// keyframes.
    pub fn flat_near(&self, time_s: f32) -> f32 {
        let at = self.keyframes.partition_point(|k| k.time_s < time_s);
        let near = [at.checked_sub(1), Some(at)].into_iter().flatten();
        let nearest = near
            .filter_map(|i| self.keyframes.get(i))
            .min_by(|a, b| (a.time_s - time_s).abs().total_cmp(&(b.time_s - time_s).abs()));
        nearest.map_or(0.0, |k| f32::from(k.flat) / 255.0)
    }
}

/// The description of an upload that is compared with fingerprints.
#[derive(Debug, Clone, PartialEq)]
pub struct UploadPrint {
    /// The [`VERSION`] that made it.
    pub version: u16,
    /// The key that its hashes are made with.
    pub key_id: KeyId,
    pub duration_s: f32,
    /// Width of the displayed picture, long sides; 1 unless the picture is upright.
    pub width: f32,
    /// Height of the displayed picture, long sides.
    pub height: f32,
    /// The picture without black or flat borders.
    pub active: Rect,
    /// Times of the frames from which keypoints were taken, ascending.
    pub keyframes_s: Vec<f32>,
    /// Ordered by `first_s`.
    pub keypoints: Vec<UploadKeypoint>,
    /// In order of time.
    pub frames: Vec<UploadFrame>,
}

impl UploadPrint {
    /// An empty print, which matches nothing: a square picture without borders. Tests build theirs on it.
    pub fn empty(key_id: KeyId) -> UploadPrint {
        UploadPrint {
            version: VERSION,
            key_id,
            duration_s: 0.0,
            width: 1.0,
            height: 1.0,
            active: Rect::SQUARE,
            keyframes_s: Vec::new(),
            keypoints: Vec::new(),
            frames: Vec::new(),
        }
    }
}
