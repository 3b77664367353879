//! Frames in order of time → `Fingerprint` (deleted video) or `UploadPrint` (upload).

use crate::fingerprint::calm::Calm;
use crate::fingerprint::cpu::Cpu;
use crate::fingerprint::frame_hash::{Coefficients, FrameHasher, grid_of};
use crate::fingerprint::key::Secret;
use crate::fingerprint::keypoints::{Described, Detector, Pick};
use crate::fingerprint::patch_hash::PatchHasher;
use crate::fingerprint::thumbs::{Thumb, Thumbs, flat_share};
use crate::fingerprint::track::{Tracked, Tracks};
use crate::fingerprint::types::{
    Fingerprint, FrameHash, Keyframe, Keypoint, Rect, Spot, UploadFrame, UploadKeypoint,
    UploadPrint, VERSION,
};
use crate::model::{Frame, KeyId};

/// Seconds a keyframe stands for: at deletion, at upload (DESIGN §3).
const DELETED_WINDOW_S: f32 = 2.0;
const UPLOAD_WINDOW_S: f32 = 1.0;
/// Keypoints kept of a keyframe; more where the bytes allow it.
const DELETED_POINTS: usize = 24;
const DELETED_POINTS_MAX: usize = 40;
/// Bytes a second that a fingerprint may take (12 KB a minute less its header), and of one keypoint and one frame.
const BYTES_A_SECOND: f32 = 192.0;
const KEYPOINT_BYTES: f32 = 12.2;
const FRAME_BYTES: f32 = 35.0;
const UPLOAD_POINTS: usize = 400;
const UPLOAD_POINTS_A_CELL: usize = 12;
/// Distance between two kept keypoints at least, long sides.
const DELETED_APART: f32 = 0.06;
/// Points of a deleted keyframe described before the active picture is known and the best are chosen.
const DELETED_POINTS_SEEN: usize = 96;
/// Frame hashes kept a second at most: with 24 keypoints every 2 s, just under 12 KB a minute.
const FRAME_STEP_S: f32 = 0.8;
/// A frame hash this near to the last kept one says nothing new, bits of 256…
const SAME_FRAME_BITS: u32 = 10;
/// …unless that one is this old.
const SAME_FRAME_S: f32 = 4.0;

/// The keyed hashing of one deployment; shared by all extractions.
pub struct Hasher {
    cpu: Cpu,
    key_id: KeyId,
    patch: PatchHasher,
    pub(crate) frame: FrameHasher,
}

impl Hasher {
    pub fn new(secret: &Secret) -> Self {
        Hasher::with_cpu(secret, Cpu::new())
    }

    /// For tests: no wider instructions than `cpu` has.
    pub fn with_cpu(secret: &Secret, cpu: Cpu) -> Self {
        Hasher {
            cpu,
            key_id: secret.id(),
            patch: PatchHasher::new(cpu, secret),
            frame: FrameHasher::new(cpu, secret),
        }
    }

    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    pub fn cpu(&self) -> Cpu {
        self.cpu
    }
}

impl Tracked for Keypoint {
    fn spot(&self) -> &Spot {
        &self.spot
    }
    fn spot_mut(&mut self) -> &mut Spot {
        &mut self.spot
    }
    fn hash(&self) -> u64 {
        self.hash
    }
}

impl Tracked for UploadKeypoint {
    fn spot(&self) -> &Spot {
        &self.spot
    }
    fn spot_mut(&mut self) -> &mut Spot {
        &mut self.spot
    }
    fn hash(&self) -> u64 {
        self.hashes[0]
    }
}

/// Width and height in long sides.
fn shape(first: Option<&Thumb>, frame: Option<(u32, u32)>) -> (f32, f32) {
    let size = frame.or(first.map(|t| (t.luma.width, t.luma.height)));
    let (w, h) = size.unwrap_or((1, 1));
    let long = w.max(h) as f32;
    (w as f32 / long, h as f32 / long)
}

/// Makes the fingerprint of a deleted video. Memory grows by thumbs (bounded) and keypoints only.
pub struct TombstoneBuilder<'h> {
    hasher: &'h Hasher,
    calm: Calm,
    detector: Detector,
    size: Option<(u32, u32)>,
    keyframes: Vec<(f32, Vec<(f32, Keypoint)>)>,
}

impl<'h> TombstoneBuilder<'h> {
    pub fn new(hasher: &'h Hasher) -> Self {
        TombstoneBuilder {
            hasher,
            calm: Calm::new(DELETED_WINDOW_S),
            detector: Detector::new(hasher.cpu),
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
            distance_min: DELETED_APART / 3.0,
            cell_max: usize::MAX,
            second_directions: false,
        };
        let points = self.detector.detect(&frame.luma, DELETED_POINTS_SEEN, pick);
        let hash = |p: &Described| {
            let spot = Spot { first_s: frame.time_s, last_s: frame.time_s, ..p.spot };
            (p.weight, Keypoint { spot, hash: self.hasher.patch.hash(&p.descriptor) })
        };
        self.keyframes.push((frame.time_s, points.iter().map(hash).collect()));
    }

    /// The fingerprint; `duration_s` as the container or the last frame says.
    pub fn finish(mut self, duration_s: f32) -> Fingerprint {
        if let Some(last) = self.calm.finish() {
            self.keyframe(&last);
        }
        let thumbs = &self.calm.thumbs;
        let (width, height) = shape(thumbs.kept.first(), self.size);
        let active = thumbs.active(width, height);
        let frames = frame_hashes(&self.hasher.frame, thumbs, &active);
        let keyframes = std::mem::take(&mut self.keyframes);
        let budget = BYTES_A_SECOND * duration_s.max(2.0) - FRAME_BYTES * frames.len() as f32;
        let most = (budget / KEYPOINT_BYTES).max(DELETED_POINTS as f32) as usize;
        let tracks = fill(&keyframes, &active, most);
        let keyframe = |(time_s, _): &(f32, Vec<Weighted>)| {
            let thumb = thumbs.nearest(*time_s);
            Keyframe { time_s: *time_s, flat: thumb.map_or(0, |t| flat_share(&t.luma, &active)) }
        };
        Fingerprint {
            version: VERSION,
            key_id: self.hasher.key_id,
            duration_s,
            width,
            height,
            active,
            keyframes: keyframes.iter().map(keyframe).collect(),
            keypoints: tracks.all,
            frames,
        }
    }
}

type Weighted = (f32, Keypoint);

/// Points of all keyframes, as many a keyframe as keep the whole within `most`: a video whose points stand still, or
/// that has few, may keep more of each picture.
fn fill(keyframes: &[(f32, Vec<Weighted>)], active: &Rect, most: usize) -> Tracks<Keypoint> {
    let with = |each: usize| {
        let mut tracks = Tracks::new();
        for (_, points) in keyframes {
            tracks.push(well_spread(points, active, each));
        }
        tracks
    };
    let mut each = DELETED_POINTS_MAX;
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
fn well_spread(points: &[Weighted], active: &Rect, each: usize) -> Vec<Keypoint> {
    let mut kept: Vec<Keypoint> = Vec::with_capacity(each);
    for (apart, upto) in [(DELETED_APART, DELETED_POINTS.min(each)), (DELETED_APART / 2.0, each)] {
        for (_, point) in points {
            let Spot { x, y, .. } = point.spot;
            let inside = active.x0 <= x && x < active.x1 && active.y0 <= y && y < active.y1;
            let free = kept.iter().all(|k| {
                let (dx, dy) = (k.spot.x - x, k.spot.y - y);
                dx * dx + dy * dy > apart * apart
            });
            if inside && free && kept.len() < upto {
                kept.push(*point);
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

fn quality(c: &Coefficients) -> u8 {
    c.contrast.clamp(0.0, 255.0) as u8
}

/// Hamming distance of two frame hashes, 0..=256.
pub fn distance(a: &[u64; 4], b: &[u64; 4]) -> u32 {
    a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum()
}

/// Makes the print of an upload.
pub struct UploadBuilder<'h> {
    hasher: &'h Hasher,
    calm: Calm,
    detector: Detector,
    size: Option<(u32, u32)>,
    keyframes_s: Vec<f32>,
    tracks: Tracks<UploadKeypoint>,
}

impl<'h> UploadBuilder<'h> {
    pub fn new(hasher: &'h Hasher) -> Self {
        UploadBuilder {
            hasher,
            calm: Calm::new(UPLOAD_WINDOW_S),
            detector: Detector::new(hasher.cpu),
            size: None,
            keyframes_s: Vec::new(),
            tracks: Tracks::new(),
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
        let pick = Pick {
            inside: None,
            distance_min: 0.0,
            cell_max: UPLOAD_POINTS_A_CELL,
            second_directions: true,
        };
        let points = self.detector.detect(&frame.luma, UPLOAD_POINTS, pick);
        self.keyframes_s.push(frame.time_s);
        let hash = |p: &Described| {
            let spot = Spot { first_s: frame.time_s, last_s: frame.time_s, ..p.spot };
            let (hashes, unsure) = self.hasher.patch.variants(&p.descriptor);
            UploadKeypoint { spot, hashes, unsure }
        };
        self.tracks.push(points.iter().map(hash).collect());
    }

    /// The print; `duration_s` as the container or the last frame says.
    pub fn finish(mut self, duration_s: f32) -> UploadPrint {
        if let Some(last) = self.calm.finish() {
            self.keyframe(&last);
        }
        let thumbs = std::mem::take(&mut self.calm.thumbs);
        let (width, height) = shape(thumbs.kept.first(), self.size);
        let active = thumbs.active(width, height);
        let whole = Rect { x0: 0.0, y0: 0.0, x1: width, y1: height };
        let hasher = &self.hasher.frame;
        let frames = thumbs
            .kept
            .into_iter()
            .map(|thumb| {
                let raw = hasher.coefficients(&grid_of(&thumb.luma, &whole));
                let (plain, mirror) = (hasher.bits(&raw), hasher.bits(&hasher.mirrored(&raw)));
                let (inner, inner_mirror) = if active == whole {
                    (plain, mirror)
                } else {
                    let c = hasher.coefficients(&grid_of(&thumb.luma, &active));
                    (hasher.bits(&c), hasher.bits(&hasher.mirrored(&c)))
                };
                UploadFrame {
                    time_s: thumb.time_s,
                    views: [plain, mirror, inner, inner_mirror],
                    quality: quality(&raw),
                    thumb: thumb.luma,
                }
            })
            .collect();
        UploadPrint {
            version: VERSION,
            key_id: self.hasher.key_id,
            duration_s,
            width,
            height,
            active,
            keyframes_s: self.keyframes_s,
            keypoints: self.tracks.all,
            frames,
        }
    }
}
