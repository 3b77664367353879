//! Frames of a deleted video in order of time → `Fingerprint`.

use crate::fingerprint::calm::Calm;
use crate::fingerprint::frame_hash::{FrameHasher, grid_of};
use crate::fingerprint::hasher::{Hasher, distance, quality, shape};
use crate::fingerprint::keypoints::{Detector, Pick};
use crate::fingerprint::thumbs::{Thumbs, flat_share};
use crate::fingerprint::track::Tracks;
use crate::fingerprint::types::{
    Fingerprint, FrameHash, Keyframe, Keypoint, Rect, Spot, UploadKeypoint, UploadPrint, VERSION,
};
use crate::fingerprint::upload::upload_print;
use crate::model::Frame;

/// Seconds a keyframe stands for (DESIGN §3).
const WINDOW_S: f32 = 2.0;
/// Keypoints kept of a keyframe; more where the bytes allow it.
const POINTS: usize = 24;
const POINTS_MAX: usize = 40;
/// Bytes a second that a fingerprint may take (12 KB a minute less its header), and of one keypoint and one frame.
const BYTES_A_SECOND: f32 = 192.0;
const KEYPOINT_BYTES: f32 = 12.2;
const FRAME_BYTES: f32 = 35.0;
/// Distance between two kept keypoints at least, long sides.
const APART: f32 = 0.06;
/// Points of a keyframe described before the active picture is known and the best are chosen.
const POINTS_SEEN: usize = 96;
/// Frame hashes kept a second at most: with 24 keypoints every 2 s, just under 12 KB a minute.
const FRAME_STEP_S: f32 = 0.8;
/// A frame hash this near to the last kept one says nothing new, bits of 256…
const SAME_FRAME_BITS: u32 = 10;
/// …unless that one is this old.
const SAME_FRAME_S: f32 = 4.0;

/// Makes the fingerprint of a deleted video. Memory grows by thumbs (bounded) and keypoints only.
pub struct TombstoneBuilder<'h> {
    hasher: &'h Hasher,
    calm: Calm,
    detector: Detector,
    size: Option<(u32, u32)>,
    keyframes: Vec<Seen>,
}

impl<'h> TombstoneBuilder<'h> {
    pub fn new(hasher: &'h Hasher) -> Self {
        TombstoneBuilder {
            hasher,
            calm: Calm::new(WINDOW_S),
            detector: Detector::new(hasher.cpu()),
            size: None,
            keyframes: Vec::new(),
        }
    }

    /// Takes the next frame, in order of time.
    pub fn push(&mut self, frame: Frame) {
        self.size.get_or_insert((frame.luma.width, frame.luma.height));
        if let Some(keyframe) = self.calm.push(frame) {
            self.keyframe(&keyframe);
        }
    }

    fn keyframe(&mut self, frame: &Frame) {
        // Chosen again inside the active picture at the end; a third of the final distance keeps enough to choose from.
        let pick = Pick {
            inside: None,
            distance_min: APART / 3.0,
            cell_max: usize::MAX,
            second_directions: false,
        };
        let points = self.detector.detect(&frame.luma, POINTS_SEEN, pick);
        let points = points.iter().map(|p| self.hasher.upload_keypoint(p, frame.time_s));
        self.keyframes.push(Seen { time_s: frame.time_s, points: points.collect() });
    }

    /// The fingerprint; `duration_s` as the container or the last frame says.
    pub fn finish(mut self, duration_s: f32) -> Fingerprint {
        self.finish_keyframes();
        self.fingerprint(duration_s)
    }

    /// The fingerprint, and the same video as an upload of its own keyframes would show it: enough to tell whether a
    /// tombstone of the same content is there already.
    pub fn finish_with_print(mut self, duration_s: f32) -> (Fingerprint, UploadPrint) {
        self.finish_keyframes();
        let fingerprint = self.fingerprint(duration_s);
        let mut tracks = Tracks::new();
        let keyframes_s = self.keyframes.iter().map(|seen| seen.time_s).collect();
        self.keyframes.into_iter().for_each(|seen| tracks.push(seen.points));
        let thumbs = self.calm.thumbs;
        let print = upload_print(self.hasher, thumbs, self.size, duration_s, (keyframes_s, tracks));
        (fingerprint, print)
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
        let budget = BYTES_A_SECOND * duration_s.max(2.0) - FRAME_BYTES * frames.len() as f32;
        let most = (budget / KEYPOINT_BYTES).max(POINTS as f32) as usize;
        let tracks = fill(&self.keyframes, &active, most);
        let keyframe = |seen: &Seen| {
            let thumb = thumbs.nearest(seen.time_s);
            let flat = thumb.map_or(0, |t| flat_share(&t.luma, &active));
            Keyframe { time_s: seen.time_s, flat }
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

/// A keyframe's points, heaviest first.
struct Seen {
    time_s: f32,
    points: Vec<UploadKeypoint>,
}

/// Points of all keyframes, as many a keyframe as keep the whole within `most`: a video whose points stand still, or
/// that has few, may keep more of each picture.
fn fill(keyframes: &[Seen], active: &Rect, most: usize) -> Tracks<Keypoint> {
    let with = |each: usize| {
        let mut tracks = Tracks::new();
        keyframes.iter().for_each(|seen| tracks.push(well_spread(&seen.points, active, each)));
        tracks
    };
    let mut each = POINTS_MAX;
    loop {
        let tracks = with(each);
        if tracks.all.len() <= most || each <= 8 {
            return tracks;
        }
        each -= 2;
    }
}

/// The heaviest `each` points inside the active picture: the first 24 far from each other, the rest where there is
/// room.
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

fn frame_hashes(hasher: &FrameHasher, thumbs: &Thumbs, active: &Rect) -> Vec<FrameHash> {
    let mut out: Vec<FrameHash> = Vec::new();
    let mut due_s = 0.0;
    for thumb in &thumbs.kept {
        // A quarter of a sampling step of slack, so that 0.8 s falls on the fourth frame of a 4 fps video.
        if thumb.time_s + 0.0625 < due_s {
            continue;
        }
        due_s = thumb.time_s + FRAME_STEP_S;
        let c = hasher.coefficients(&grid_of(&thumb.luma, active));
        let bits = hasher.bits(&c);
        let same = out.last().is_some_and(|last| {
            thumb.time_s - last.time_s < SAME_FRAME_S
                && distance(&last.bits, &bits) <= SAME_FRAME_BITS
        });
        if !same {
            out.push(FrameHash { time_s: thumb.time_s, bits, quality: quality(&c) });
        }
    }
    out
}
