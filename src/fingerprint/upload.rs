//! Makes the [`UploadPrint`] of an upload from its frames.

use crate::fingerprint::calm::Calm;
use crate::fingerprint::frame_hash::{Coefficients, grid_of};
use crate::fingerprint::hasher::{Hasher, quality, shape};
use crate::fingerprint::keypoints::{Detector, Directions, Pick};
use crate::fingerprint::thumbs::{Thumb, Thumbs};
use crate::fingerprint::track::Tracks;
use crate::fingerprint::types::{Rect, UploadFrame, UploadKeypoint, UploadPrint, VERSION};
use crate::model::Frame;

/// Time that a keyframe represents, seconds.
const WINDOW_S: f32 = 1.0;
/// Most keypoints of a keyframe.
pub(crate) const POINTS: usize = 400;
/// Most keypoints of one cell of a keyframe's 8 × 8 grid.
const POINTS_A_CELL: usize = 12;
/// Which keypoints of a keyframe.
pub(crate) const PICK: Pick =
    Pick { distance_min: 0.0, cell_max: POINTS_A_CELL, directions: Directions::All };

/// Makes the print of an upload.
pub struct UploadBuilder<'h> {
    hasher: &'h Hasher,
    calm: Calm,
    detector: Detector,
    size: Option<(u32, u32)>,
    keyframes: Keyframes,
}

impl<'h> UploadBuilder<'h> {
    /// A builder without frames.
    pub fn new(hasher: &'h Hasher) -> Self {
        UploadBuilder {
            hasher,
            calm: Calm::new(WINDOW_S),
            detector: Detector::new(hasher.cpu()),
            size: None,
            keyframes: Keyframes::new(),
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
        let points = self.detector.detect(&frame.luma, POINTS, PICK);
        let points = points.iter().map(|p| self.hasher.upload_keypoint(p, frame.time_s));
        self.keyframes.push(frame.time_s, points.collect());
    }

    /// The print. `duration_s` is the duration of the video, as the container or the last frame states it.
    pub fn finish(mut self, duration_s: f32) -> UploadPrint {
        if let Some(last) = self.calm.finish() {
            self.keyframe(&last);
        }
        upload_print(self.hasher, self.calm.thumbs, self.size, self.keyframes, duration_s)
    }
}

/// The times of a video's keyframes, and their points with those that stay in place joined.
pub(crate) struct Keyframes {
    times_s: Vec<f32>,
    tracks: Tracks<UploadKeypoint>,
}

impl Keyframes {
    pub fn new() -> Self {
        Keyframes { times_s: Vec::new(), tracks: Tracks::new() }
    }

    /// Adds a keyframe, in order of time, and its points.
    pub fn push(&mut self, time_s: f32, points: Vec<UploadKeypoint>) {
        self.times_s.push(time_s);
        self.tracks.push(points);
    }
}

/// Puts the print together from the keyframes and the thumbs of all frames. `size` is that of the first frame, pixels.
pub(crate) fn upload_print(
    hasher: &Hasher,
    thumbs: Thumbs,
    size: Option<(u32, u32)>,
    keyframes: Keyframes,
    duration_s: f32,
) -> UploadPrint {
    let (width, height) = shape(thumbs.kept.first(), size);
    let active = thumbs.active(width, height);
    let whole = Rect { x0: 0.0, y0: 0.0, x1: width, y1: height };
    let frames = thumbs.kept.into_iter().map(|thumb| upload_frame(hasher, thumb, &whole, &active));
    UploadPrint {
        version: VERSION,
        key_id: hasher.key_id(),
        duration_s,
        width,
        height,
        active,
        keyframes_s: keyframes.times_s,
        keypoints: keyframes.tracks.all,
        frames: frames.collect(),
    }
}

fn upload_frame(hasher: &Hasher, thumb: Thumb, whole: &Rect, active: &Rect) -> UploadFrame {
    let hasher = &hasher.frame;
    let views = |c: &Coefficients| (hasher.bits(c), hasher.bits(&hasher.mirrored(c)));
    let raw = hasher.coefficients(&grid_of(&thumb.luma, whole));
    let (plain, mirror) = views(&raw);
    let (inner, inner_mirror) = if active == whole {
        (plain, mirror)
    } else {
        views(&hasher.coefficients(&grid_of(&thumb.luma, active)))
    };
    UploadFrame {
        time_s: thumb.time_s,
        views: [plain, mirror, inner, inner_mirror],
        quality: quality(&raw),
        thumb: thumb.luma,
    }
}
