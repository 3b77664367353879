//! Frames of an upload in order of time → `UploadPrint`.

use crate::fingerprint::calm::Calm;
use crate::fingerprint::frame_hash::{Coefficients, grid_of};
use crate::fingerprint::hasher::{Hasher, quality, shape};
use crate::fingerprint::keypoints::{Detector, Pick};
use crate::fingerprint::thumbs::{Thumb, Thumbs};
use crate::fingerprint::track::Tracks;
use crate::fingerprint::types::{Rect, UploadFrame, UploadKeypoint, UploadPrint, VERSION};
use crate::model::Frame;

/// Seconds a keyframe stands for (DESIGN §3).
const WINDOW_S: f32 = 1.0;
/// Keypoints kept of a keyframe, and of one cell of its 8 × 8 grid.
const POINTS: usize = 400;
const POINTS_A_CELL: usize = 12;

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
            calm: Calm::new(WINDOW_S),
            detector: Detector::new(hasher.cpu()),
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
            cell_max: POINTS_A_CELL,
            second_directions: true,
        };
        let points = self.detector.detect(&frame.luma, POINTS, pick);
        self.keyframes_s.push(frame.time_s);
        let points = points.iter().map(|p| self.hasher.upload_keypoint(p, frame.time_s));
        self.tracks.push(points.collect());
    }

    /// The print; `duration_s` as the container or the last frame says.
    pub fn finish(mut self, duration_s: f32) -> UploadPrint {
        if let Some(last) = self.calm.finish() {
            self.keyframe(&last);
        }
        let keypoints = (self.keyframes_s, self.tracks);
        upload_print(self.hasher, self.calm.thumbs, self.size, duration_s, keypoints)
    }
}

/// Puts the print together: times of the keyframes and their joined points, and the thumbs of all frames.
pub(crate) fn upload_print(
    hasher: &Hasher,
    thumbs: Thumbs,
    size: Option<(u32, u32)>,
    duration_s: f32,
    (keyframes_s, tracks): (Vec<f32>, Tracks<UploadKeypoint>),
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
        keyframes_s,
        keypoints: tracks.all,
        frames: frames.collect(),
    }
}

fn upload_frame(hasher: &Hasher, thumb: Thumb, whole: &Rect, active: &Rect) -> UploadFrame {
    let hasher = &hasher.frame;
    let views = |c: &Coefficients| (hasher.bits(c), hasher.bits(&hasher.mirrored(c)));
    let raw = hasher.coefficients(&grid_of(&thumb.luma, whole));
    let (plain, mirror) = views(&raw);
    let (inner, inner_mirror) = match active == whole {
        true => (plain, mirror),
        false => views(&hasher.coefficients(&grid_of(&thumb.luma, active))),
    };
    UploadFrame {
        time_s: thumb.time_s,
        views: [plain, mirror, inner, inner_mirror],
        quality: quality(&raw),
        thumb: thumb.luma,
    }
}
