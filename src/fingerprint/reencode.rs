//! Makes the print that a poor re-encode of a deleted video would have, from the frames of the video itself.
//!
//! It answers one question, which strength the tombstone has, and so takes less of a video than the print of a real
//! upload does: keypoints of the tombstone's own keyframes, one each two seconds, and frame hashes at the times of the
//! tombstone's own. What else a check would see shows the same pictures again. Of a long video the keyframes and frames
//! are thinned out evenly, which can only lower the evidence.

use crate::fingerprint::degrade::degraded;
use crate::fingerprint::hasher::Hasher;
use crate::fingerprint::keypoints::Detector;
use crate::fingerprint::thumbs::{Thumbs, thumb_of};
use crate::fingerprint::types::{UploadKeypoint, UploadPrint};
use crate::fingerprint::upload::{Keyframes, PICK, POINTS, upload_print};
use crate::model::Frame;

/// Most keyframes: a minute and a half of video. Bounds the work for long ones.
const KEYFRAMES_MAX: usize = 48;
/// Most frames: as many as `matching` compares under one placement.
const FRAMES_MAX: usize = 240;

/// Makes the print of a video's poor re-encode.
pub struct ReencodeBuilder {
    keyframes: Thinned<(f32, Vec<UploadKeypoint>)>,
    frames: Thinned<Frame>,
}

impl ReencodeBuilder {
    pub fn new() -> Self {
        let (keyframes, frames) = (Thinned::new(KEYFRAMES_MAX), Thinned::new(FRAMES_MAX));
        ReencodeBuilder { keyframes, frames }
    }

    /// Takes a frame of which the tombstone has a hash, in order of time.
    pub fn frame(&mut self, frame: &Frame) {
        let small = || Frame { time_s: frame.time_s, luma: thumb_of(&degraded_frame(frame)).luma };
        self.frames.push(small);
    }

    /// Takes a keyframe of the tombstone, in order of time.
    pub fn keyframe(&mut self, hasher: &Hasher, detector: &mut Detector, frame: &Frame) {
        self.keyframes.push(|| {
            let points = detector.detect(&degraded_frame(frame).luma, POINTS, PICK);
            let points = points.iter().map(|p| hasher.upload_keypoint(p, frame.time_s));
            (frame.time_s, points.collect())
        });
    }

    /// The print; `size` of the video's first frame, pixels.
    pub fn finish(self, hasher: &Hasher, size: Option<(u32, u32)>, duration_s: f32) -> UploadPrint {
        let mut keyframes = Keyframes::new();
        for (time_s, points) in self.keyframes.kept {
            keyframes.push(time_s, points);
        }
        let mut thumbs = Thumbs::default();
        self.frames.kept.iter().for_each(|frame| thumbs.push(thumb_of(frame)));
        upload_print(hasher, thumbs, size, keyframes, duration_s)
    }
}

fn degraded_frame(frame: &Frame) -> Frame {
    Frame { time_s: frame.time_s, luma: degraded(&frame.luma) }
}

/// At most `most` of the items offered, evenly spread.
struct Thinned<T> {
    most: usize,
    kept: Vec<T>,
    /// One of this many offered items is kept.
    every: usize,
    offered: usize,
}

impl<T> Thinned<T> {
    fn new(most: usize) -> Self {
        Thinned { most, kept: Vec::new(), every: 1, offered: 0 }
    }

    /// Makes and keeps an item, if its turn has come.
    fn push(&mut self, item: impl FnOnce() -> T) {
        if self.offered.is_multiple_of(self.every) {
            if self.kept.len() == self.most {
                let mut index = 0;
                self.kept.retain(|_| {
                    index += 1;
                    index % 2 == 1
                });
                self.every *= 2;
            }
            if self.offered.is_multiple_of(self.every) {
                self.kept.push(item());
            }
        }
        self.offered += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_items_some_are_kept_evenly() {
        let mut some = Thinned::new(8);
        let mut made = 0;
        for n in 0..1000 {
            some.push(|| {
                made += 1;
                n
            });
        }
        assert_eq!(some.kept, [0, 128, 256, 384, 512, 640, 768, 896]);
        assert!(made < 48, "what is not kept is not made: {made}");
    }
}
