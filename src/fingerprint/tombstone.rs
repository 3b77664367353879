//! Makes the [`Fingerprint`] of a deleted video from its frames.
//!
//! The active picture, and so which points lie inside it, is known only at the end. Therefore each keyframe is
//! described with more points than are kept, and the choice is made in [`TombstoneBuilder::finish`]: as many points of
//! each keyframe as fit into the bytes allowed for the video's duration.

use crate::fingerprint::calm::Calm;
use crate::fingerprint::frame_hash::{FrameHasher, grid_of};
use crate::fingerprint::hasher::{Hasher, distance, quality, shape};
use crate::fingerprint::keypoints::{Detector, Directions, Pick};
use crate::fingerprint::reencode::ReencodeBuilder;
use crate::fingerprint::thumbs::{Thumbs, flat_share};
use crate::fingerprint::track::Tracks;
use crate::fingerprint::types::{
    Fingerprint, FrameBits, FrameHash, Keyframe, Keypoint, Rect, Spot, UploadKeypoint, UploadPrint,
    VERSION,
};
use crate::fingerprint::upload::{Keyframes, upload_print};
use crate::model::Frame;

/// Time that a keyframe represents, seconds: twice that of an upload's, which is cheap to describe densely.
pub(super) const WINDOW_S: f32 = 2.0;
/// Keypoints of a keyframe that are spread over the picture.
pub(super) const POINTS: usize = 24;
/// Most keypoints of a keyframe, where the bytes allow it.
pub(super) const POINTS_MAX: usize = 40;
/// Fewest keypoints of a keyframe, even where the bytes do not allow it.
pub(super) const POINTS_MIN: usize = 8;
/// Bytes of a fingerprint for each second of video: 12 KB a minute less the header.
const BYTES_A_SECOND: f32 = 192.0;
/// Bytes of one keypoint, on average.
const KEYPOINT_BYTES: f32 = 12.2;
/// Bytes of one frame hash, on average.
const FRAME_BYTES: f32 = 35.0;
/// Smallest distance between two of the first [`POINTS`] keypoints, long sides.
pub(super) const APART: f32 = 0.06;
/// Points of a keyframe that are described, before the active picture is known and the best are chosen.
const POINTS_DESCRIBED: usize = 96;
/// Interval of frame hashes, seconds: with 24 keypoints every 2 s, just under 12 KB a minute.
const FRAME_STEP_S: f32 = 0.8;
/// A frame hash within this distance of the last kept one is dropped as a repetition, bits of 256…
const SAME_FRAME_BITS: u32 = 10;
/// …unless the last kept one is this old, seconds.
const SAME_FRAME_S: f32 = 4.0;

/// Makes the fingerprint of a deleted video. Its memory grows by thumbs, whose number is bounded, and by keypoints.
pub struct TombstoneBuilder<'h> {
    hasher: &'h Hasher,
    calm: Calm,
    detector: Detector,
    size: Option<(u32, u32)>,
    keyframes: Vec<DescribedKeyframe>,
    reencode: Option<Reencode>,
}

/// What becomes of a deleted video's frames.
pub struct DeletedPrints {
    pub fingerprint: Fingerprint,
    /// The print of the same keyframes as if the video were an upload, with which to find tombstones of the same
    /// content.
    pub print: UploadPrint,
    /// The print that a poor re-encode of the video would have. Empty unless the builder was made to make it.
    pub reencode: UploadPrint,
}

struct Reencode {
    builder: ReencodeBuilder,
    /// Time from which the next frame hash is due, seconds.
    due_s: f32,
}

impl<'h> TombstoneBuilder<'h> {
    /// A builder without frames.
    pub fn new(hasher: &'h Hasher) -> Self {
        TombstoneBuilder {
            hasher,
            calm: Calm::new(WINDOW_S),
            detector: Detector::new(hasher.cpu()),
            size: None,
            keyframes: Vec::new(),
            reencode: None,
        }
    }

    /// A builder that makes the print of a poor re-encode, too.
    pub fn with_reencode(hasher: &'h Hasher) -> Self {
        let reencode = Some(Reencode { builder: ReencodeBuilder::new(), due_s: 0.0 });
        TombstoneBuilder { reencode, ..TombstoneBuilder::new(hasher) }
    }

    /// Takes the next frame, in order of time.
    pub fn push(&mut self, frame: Frame) {
        self.size.get_or_insert((frame.luma.width, frame.luma.height));
        if let Some(reencode) = &mut self.reencode
            && is_due(frame.time_s, &mut reencode.due_s)
        {
            reencode.builder.frame(&frame);
        }
        if let Some(keyframe) = self.calm.push(frame) {
            self.keyframe(&keyframe);
        }
    }

    fn keyframe(&mut self, frame: &Frame) {
        // The final choice is made inside the active picture. A third of the final distance leaves enough to choose
        // from.
        let pick =
            Pick { distance_min: APART / 3.0, cell_max: usize::MAX, directions: Directions::First };
        let points = self.detector.detect(&frame.luma, POINTS_DESCRIBED, pick);
        let points = points.iter().map(|p| self.hasher.upload_keypoint(p, frame.time_s));
        self.keyframes.push(DescribedKeyframe { time_s: frame.time_s, points: points.collect() });
        if let Some(reencode) = &mut self.reencode {
            reencode.builder.keyframe(self.hasher, &mut self.detector, frame);
        }
    }

    /// The fingerprint. `duration_s` is the duration of the video, as the container or the last frame states it.
    pub fn finish(mut self, duration_s: f32) -> Fingerprint {
        self.finish_keyframes();
        self.fingerprint(duration_s)
    }

    /// The fingerprint and the prints. `duration_s` as for [`TombstoneBuilder::finish`].
    pub fn finish_with_prints(mut self, duration_s: f32) -> DeletedPrints {
        self.finish_keyframes();
        let fingerprint = self.fingerprint(duration_s);
        let mut keyframes = Keyframes::new();
        for DescribedKeyframe { time_s, points } in self.keyframes {
            keyframes.push(time_s, points);
        }
        let thumbs = self.calm.thumbs;
        let (hasher, size) = (self.hasher, self.size);
        let print = upload_print(hasher, thumbs, size, keyframes, duration_s);
        let reencode = match self.reencode {
            Some(reencode) => reencode.builder.finish(hasher, size, duration_s),
            None => UploadPrint::empty(hasher.key_id()),
        };
        DeletedPrints { fingerprint, print, reencode }
    }

    fn finish_keyframes(&mut self) {
        if let Some(last) = self.calm.finish() {
            self.keyframe(&last);
        }
    }

    fn fingerprint(&self, duration_s: f32) -> Fingerprint {
        let thumbs = &self.calm.thumbs;
        let (width, height) = shape(thumbs.kept.first(), self.size);
        let active = thumbs.active(width, height);
        let frames = frame_hashes(&self.hasher.frame, thumbs, &active);
        let most = keypoints_max(duration_s, frames.len());
        let tracks = fill(&self.keyframes, &active, most);
        let keyframe = |keyframe: &DescribedKeyframe| {
            let thumb = thumbs.nearest(keyframe.time_s);
            let flat = thumb.map_or(0, |t| flat_share(&t.luma, &active));
            Keyframe { time_s: keyframe.time_s, flat }
        };
        Fingerprint {
            version: VERSION,
            key_id: self.hasher.key_id(),
            duration_s,
            width,
            height,
            active,
            keyframes: self.keyframes.iter().map(keyframe).collect(),
            keypoints: tracks.all,
            frames,
        }
    }
}

/// A keyframe and its points, heaviest first.
struct DescribedKeyframe {
    time_s: f32,
    points: Vec<UploadKeypoint>,
}

/// The points of all keyframes, with as many from each as keep their number within `most`. A video with few points, or
/// with points that stay in place and so are kept once, keeps more from each keyframe.
fn fill(keyframes: &[DescribedKeyframe], active: &Rect, most: usize) -> Tracks<Keypoint> {
    let with = |each: usize| {
        let mut tracks = Tracks::new();
        keyframes
            .iter()
            .for_each(|keyframe| tracks.push(well_spread(&keyframe.points, active, each)));
        tracks
    };
    let mut each = POINTS_MAX;
    loop {
        let tracks = with(each);
        if tracks.all.len() <= most || each <= POINTS_MIN {
            return tracks;
        }
        each -= 2;
    }
}

/// The heaviest `each` points inside the active picture. The first [`POINTS`] are at least [`APART`] from each other,
/// the others half as far.
fn well_spread(points: &[UploadKeypoint], active: &Rect, each: usize) -> Vec<Keypoint> {
    let mut kept: Vec<Keypoint> = Vec::with_capacity(each);
    for (apart, upto) in [(APART, POINTS.min(each)), (APART / 2.0, each)] {
        for point in points {
            let Spot { x, y, .. } = point.spot;
            let inside = active.x0 <= x && x < active.x1 && active.y0 <= y && y < active.y1;
            let free = kept.iter().all(|k| {
                let (dx, dy) = (k.spot.x - x, k.spot.y - y);
                dx * dx + dy * dy > apart * apart
            });
            if inside && free && kept.len() < upto {
                kept.push(Keypoint { spot: point.spot, hash: point.hashes[0] });
            }
        }
    }
    kept
}

/// Keypoints that fit into the bytes allowed for a video, next to its frame hashes.
pub(super) fn keypoints_max(duration_s: f32, frames: usize) -> usize {
    let budget = BYTES_A_SECOND * duration_s.max(2.0) - FRAME_BYTES * frames as f32;
    (budget / KEYPOINT_BYTES).max(POINTS as f32) as usize
}

/// The hashes of the thumbs at steps of [`FRAME_STEP_S`], without repetitions.
fn frame_hashes(hasher: &FrameHasher, thumbs: &Thumbs, active: &Rect) -> Vec<FrameHash> {
    thinned(thumbs.kept.iter().map(|thumb| (thumb.time_s, thumb)), |thumb| {
        let c = hasher.coefficients(&grid_of(&thumb.luma, active));
        (hasher.bits(&c), quality(&c))
    })
}

/// The hashes of frames, in order of time, at steps of [`FRAME_STEP_S`], without repetitions.
pub(super) fn thinned<T>(
    frames: impl Iterator<Item = (f32, T)>,
    hash: impl Fn(T) -> (FrameBits, u8),
) -> Vec<FrameHash> {
    let mut out: Vec<FrameHash> = Vec::new();
    let mut due_s = 0.0;
    for (time_s, frame) in frames {
        if !is_due(time_s, &mut due_s) {
            continue;
        }
        let (bits, quality) = hash(frame);
        let same = out.last().is_some_and(|last| {
            time_s - last.time_s < SAME_FRAME_S && distance(&last.bits, &bits) <= SAME_FRAME_BITS
        });
        if !same {
            out.push(FrameHash { time_s, bits, quality });
        }
    }
    out
}

/// Whether a frame at `time_s` is the next to be hashed; if so, sets the time of the one after.
fn is_due(time_s: f32, due_s: &mut f32) -> bool {
    // Slack of a quarter of a sampling step, so that 0.8 s falls on the fourth frame of a video at 4 a second.
    let due = time_s + 0.0625 >= *due_s;
    if due {
        *due_s = time_s + FRAME_STEP_S;
    }
    due
}
