//! The sparse [`Fingerprint`] of an upload, from its print and without decoding it again: what is kept of an accepted
//! upload for a while, so that a later deletion can tell who had it first.
//!
//! It is what `tombstone` makes of the same frames, as near as the print allows: a keyframe every 2 s instead of every
//! second, and of each the strongest well-spread points of the up to 400 that an upload has. It has no pictures.

use crate::fingerprint::thumbs::flat_share;
use crate::fingerprint::tombstone::{
    APART, POINTS, POINTS_MAX, POINTS_MIN, WINDOW_S, keypoints_max, thinned,
};
use crate::fingerprint::types::{Fingerprint, Keyframe, Keypoint, Rect, UploadFrame, UploadPrint};

/// Share of a tombstone's window after which the next keyframe of an upload is taken: the calmest frame of a window is
/// anywhere in it.
const WINDOW_SLACK: f32 = 0.75;
/// View of an upload's frame that a tombstone's frame hash has: the active picture, as it is.
const ACTIVE_VIEW: usize = 2;

impl UploadPrint {
    /// The fingerprint that a tombstone of the same video would have, nearly.
    pub fn sparse(&self) -> Fingerprint {
        let frames = thinned(self.frames.iter().map(|frame| (frame.time_s, frame)), |frame| {
            (frame.views[ACTIVE_VIEW], frame.quality)
        });
        let keyframes_s = keyframes_s(self);
        let keypoints = fill(self, &keyframes_s, keypoints_max(self.duration_s, frames.len()));
        let keyframe = |time_s: &f32| {
            let flat = nearest(&self.frames, *time_s);
            let flat = flat.map_or(0, |frame| flat_share(&frame.thumb, &self.active));
            Keyframe { time_s: *time_s, flat }
        };
        Fingerprint {
            version: self.version,
            key_id: self.key_id,
            duration_s: self.duration_s,
            width: self.width,
            height: self.height,
            active: self.active,
            keyframes: keyframes_s.iter().map(keyframe).collect(),
            keypoints,
            frames,
        }
    }
}

fn keyframes_s(print: &UploadPrint) -> Vec<f32> {
    let mut kept: Vec<f32> = Vec::new();
    for time_s in &print.keyframes_s {
        if kept.last().is_none_or(|last| time_s - last >= WINDOW_SLACK * WINDOW_S) {
            kept.push(*time_s);
        }
    }
    kept
}

fn nearest(frames: &[UploadFrame], time_s: f32) -> Option<&UploadFrame> {
    let at = frames.partition_point(|frame| frame.time_s < time_s);
    let near = frames[at.saturating_sub(1)..(at + 1).min(frames.len())].iter();
    near.min_by(|a, b| (a.time_s - time_s).abs().total_cmp(&(b.time_s - time_s).abs()))
}

/// As many points of each keyframe as keep their number within `most`.
fn fill(print: &UploadPrint, keyframes_s: &[f32], most: usize) -> Vec<Keypoint> {
    let mut each = POINTS_MAX;
    loop {
        let points = with(print, keyframes_s, each);
        if points.len() <= most || each <= POINTS_MIN {
            return points;
        }
        each -= 2;
    }
}

/// The points of all keyframes, `each` at most. One that stays in place is kept once, and takes its place in every
/// keyframe that shows it.
fn with(print: &UploadPrint, keyframes_s: &[f32], each: usize) -> Vec<Keypoint> {
    let mut kept = vec![false; print.keypoints.len()];
    // Points that the keyframe shows. They are ordered by their first time, and those of one time by strength.
    let (mut shown, mut next) = (Vec::new(), 0);
    for time_s in keyframes_s {
        while print.keypoints.get(next).is_some_and(|point| point.spot.first_s <= *time_s) {
            shown.push(next);
            next += 1;
        }
        shown.retain(|at: &usize| print.keypoints[*at].spot.last_s >= *time_s);
        choose(print, &shown, &mut kept, each);
    }
    let chosen = print.keypoints.iter().zip(&kept).filter(|(_, kept)| **kept);
    let mut out: Vec<Keypoint> = chosen
        .map(|(point, _)| {
            // Both times of a stored point are times of kept keyframes; it was chosen in one of them.
            let first = keyframes_s.partition_point(|s| *s < point.spot.first_s);
            let last = keyframes_s.partition_point(|s| *s <= point.spot.last_s).max(1) - 1;
            let mut spot = point.spot;
            (spot.first_s, spot.last_s) = (keyframes_s[first], keyframes_s[last.max(first)]);
            Keypoint { spot, hash: point.hashes[0] }
        })
        .collect();
    out.sort_by(|a, b| a.spot.first_s.total_cmp(&b.spot.first_s));
    out
}

/// Adds points of one keyframe up to `each`, as `tombstone` chooses them.
fn choose(print: &UploadPrint, shown: &[usize], kept: &mut [bool], each: usize) {
    let at = |index: usize| (print.keypoints[index].spot.x, print.keypoints[index].spot.y);
    let Rect { x0, y0, x1, y1 } = print.active;
    let mut places: Vec<(f32, f32)> =
        shown.iter().filter(|index| kept[**index]).map(|index| at(*index)).collect();
    for (apart, upto) in [(APART, POINTS.min(each)), (APART / 2.0, each)] {
        for index in shown {
            if kept[*index] || places.len() >= upto {
                continue;
            }
            let (x, y) = at(*index);
            let inside = x0 <= x && x < x1 && y0 <= y && y < y1;
            let free = places.iter().all(|(px, py)| {
                let (dx, dy) = (px - x, py - y);
                dx * dx + dy * dy > apart * apart
            });
            if inside && free {
                kept[*index] = true;
                places.push((x, y));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::types::{Spot, UploadKeypoint};
    use crate::model::{KeyId, Luma};

    fn point(n: u16, first_s: f32, last_s: f32) -> UploadKeypoint {
        let (x, y) = (f32::from(n % 20) / 20.0, f32::from(n / 20 % 20) / 20.0);
        let spot = Spot { x, y, scale: 0.05, angle: 0.0, first_s, last_s };
        let hash = u64::from(n);
        UploadKeypoint { spot, hashes: [hash, !hash, 0, 1], unsure: [[[0; 3]; 2]; 2] }
    }

    /// A print with 400 points of its own each second, or the same all the time.
    fn print(seconds: u16, still: bool) -> UploadPrint {
        let times = || (0..seconds).map(|n| f32::from(n) + 0.5);
        let last_s = f32::from(seconds) - 0.5;
        let keypoints = if still {
            (0..400).map(|n| point(n, 0.5, last_s)).collect()
        } else {
            times().flat_map(|at| (0..400).map(move |n| point(n, at, at))).collect()
        };
        let frame = |n: u16| UploadFrame {
            time_s: f32::from(n) / 4.0,
            views: [
                [1; 4],
                [2; 4],
                [0x9e37_79b9_7f4a_7c15u64.wrapping_mul(u64::from(n)); 4],
                [3; 4],
            ],
            quality: 30,
            thumb: Luma { width: 4, height: 4, pixels: vec![0; 16] },
        };
        UploadPrint {
            duration_s: f32::from(seconds),
            keyframes_s: times().collect(),
            keypoints,
            frames: (0..4 * seconds).map(frame).collect(),
            ..UploadPrint::empty(KeyId([1; 8]))
        }
    }

    #[test]
    fn a_minute_takes_at_most_twelve_kilobytes_and_survives_its_bytes() {
        let sparse = print(60, false).sparse();
        let bytes = sparse.to_bytes();
        assert!(bytes.len() <= 12_000, "{} bytes", bytes.len());
        let back = Fingerprint::from_bytes(&bytes).unwrap();
        assert_eq!(back.keyframes.len(), 30);
        assert_eq!(back.keypoints.len(), sparse.keypoints.len());
        assert!(back.keypoints.len() >= 30 * 20, "{} keypoints", back.keypoints.len());
        assert_eq!(back.frames.len(), 80, "one of three, at 4 a second");
    }

    #[test]
    fn points_are_well_spread_and_one_that_stays_is_kept_once() {
        let sparse = print(10, true).sparse();
        assert_eq!(sparse.keypoints.len(), POINTS_MAX);
        for (n, a) in sparse.keypoints.iter().enumerate() {
            assert_eq!((a.spot.first_s, a.spot.last_s), (0.5, 8.5), "times of kept keyframes");
            for b in &sparse.keypoints[..n] {
                assert!((a.spot.x - b.spot.x).hypot(a.spot.y - b.spot.y) > APART / 2.0);
            }
        }
        assert!(print(0, false).sparse().keypoints.is_empty());
    }
}
