//! How much a hash of the upload tells: what several owners' videos share is no evidence (DESIGN §5, commonness).
//!
//! Counted is agreement, not resemblance: for each keypoint and frame of the upload, in how many distinct voices'
//! tombstones it takes part in an alignment. Among a million tombstones every keypoint resembles some by chance, but
//! chance hits do not agree on a placement; a watermark, an end card or a template does, with everybody's. A *voice*
//! is an owner, or a set of near-identical videos: a wave of re-uploads, each deleted by its own uploader, leaves the
//! first tombstone as strong as before.

use crate::fingerprint::{Spot, UploadPrint};
use crate::matching::consensus::Alignment;
use rustc_hash::FxHashMap;

/// Alignments smaller than this are chance and do not make their keypoints common.
const AGREEING_MIN: u32 = 3;
/// Sets how fast: one other voice halves the information.
const HALF_AT: f32 = 0.6;

/// Cells along the long side; a keypoint shares the fate of its cell and the eight around it.
const CELLS: f32 = 24.0;
/// Beyond this many voices an item says nothing anyway.
const VOICES_MAX: usize = 32;
/// Upload frames that differ in fewer bits show the same.
const SAME_FRAME_BITS: u32 = 28;

/// Distinct voices, a short list.
type Seen = Vec<u32>;

fn add(seen: &mut Seen, voice: u32) {
    if seen.len() < VOICES_MAX && !seen.contains(&voice) {
        seen.push(voice);
    }
}

fn others(seen: &Seen, voice: u32) -> usize {
    seen.iter().filter(|v| **v != voice).count()
}

/// Where and when in the upload which voices' tombstones align. By place and second rather than by keypoint: the
/// letters of a watermark are found anew in every keyframe, and each time a different few of them hit.
#[derive(Debug, Default)]
pub struct KeypointVoices {
    cells: FxHashMap<(i32, i32, i32), Seen>,
}

impl KeypointVoices {
    /// Adds all keypoints of an alignment that is not chance.
    pub fn add_alignment(&mut self, upload: &UploadPrint, alignment: &Alignment, voice: u32) {
        if alignment.distinct_plain < AGREEING_MIN {
            return;
        }
        for s in &alignment.agreeing {
            let spot = &upload.keypoints[s.hit.upload as usize].spot;
            let (x, y) = cell(spot);
            for second in seconds(spot) {
                add(self.cells.entry((x, y, second)).or_default(), voice);
            }
        }
    }

    /// Weight of every upload keypoint for a candidate of this voice: 1 where nobody else aligns.
    pub fn weights(&self, upload: &UploadPrint, voice: u32) -> Vec<f32> {
        let counts: FxHashMap<(i32, i32, i32), usize> = self
            .cells
            .iter()
            .map(|(k, seen)| (*k, others(seen, voice)))
            .filter(|(_, n)| *n > 0)
            .collect();
        if counts.is_empty() {
            return vec![1.0; upload.keypoints.len()];
        }
        let most = |spot: &Spot| {
            let (x, y) = cell(spot);
            let around = |second: i32| {
                (-1..=1).flat_map(move |dy| (-1..=1).map(move |dx| (x + dx, y + dy, second)))
            };
            seconds(spot).flat_map(around).filter_map(|k| counts.get(&k)).max().copied()
        };
        upload.keypoints.iter().map(|k| weight(most(&k.spot).unwrap_or(0))).collect()
    }
}

/// Flat share of a picture up to which it counts in full, and from which it is a card. On the benchmark's clips what a
/// camera has seen reaches 0.6, end cards begin at 0.72, animations on a flat ground lie between.
const FLAT_OF_A_CARD: (f32, f32) = (0.62, 0.70);
/// What a card's keypoints and frames weigh: text on a flat ground is made to be shared, so one card alone is no evidence,
/// while the many cards of a slide show still add up.
const WEIGHT_OF_A_CARD: f32 = 0.1;

/// Weight of what the deleted video shows while so much of its picture is flat.
pub fn of_flatness(flat: f32) -> f64 {
    let (none, card) = FLAT_OF_A_CARD;
    let x = ((flat - none) / (card - none)).clamp(0.0, 1.0);
    f64::from(1.0 + x * (WEIGHT_OF_A_CARD - 1.0))
}

/// Mean weight of what agrees in a keyframe below which the whole picture is taken for a template's.
const MEAN_WEIGHT_OF_A_COPY: f64 = 0.6;

/// The weights as far as one alignment is concerned: where most of what agrees in a keyframe is common, the rest of that
/// picture belongs to the same template (the line of an end card that other tombstones happen not to share).
pub fn within_template(weights: &[f32], upload: &UploadPrint, alignment: &Alignment) -> Vec<f32> {
    // By keyframe, in which nothing but its time is the same: sum of weights, and how many.
    let mut keyframes: Vec<(f32, f64, f64)> = Vec::new();
    for s in &alignment.agreeing {
        let index = s.hit.upload as usize;
        let (at, weight) = (upload.keypoints[index].spot.first_s, f64::from(weights[index]));
        match keyframes.iter_mut().find(|k| k.0 == at) {
            Some(k) => (k.1, k.2) = (k.1 + weight, k.2 + 1.0),
            None => keyframes.push((at, weight, 1.0)),
        }
    }
    keyframes.retain(|(_, sum, n)| sum / n < MEAN_WEIGHT_OF_A_COPY);
    let mut out = weights.to_vec();
    for (weight, k) in out.iter_mut().zip(&upload.keypoints) {
        if let Some((_, sum, n)) = keyframes.iter().find(|of| of.0 == k.spot.first_s) {
            *weight *= (sum / n / MEAN_WEIGHT_OF_A_COPY).powi(2) as f32;
        }
    }
    out
}

fn cell(spot: &Spot) -> (i32, i32) {
    ((spot.x * CELLS) as i32, (spot.y * CELLS) as i32)
}

/// The seconds in which a spot stands, at most a minute of them.
fn seconds(spot: &Spot) -> std::ops::RangeInclusive<i32> {
    let first = spot.first_s as i32;
    first..=(spot.last_s as i32).min(first + 60)
}

/// Which voices' tombstones show the same as each frame of the upload.
#[derive(Debug)]
pub struct FrameVoices {
    seen: Vec<Seen>,
}

impl FrameVoices {
    pub fn new(upload: &UploadPrint) -> Self {
        FrameVoices { seen: vec![Vec::new(); upload.frames.len()] }
    }

    /// Adds frames that agree, and those that show the same picture.
    pub fn add(&mut self, upload: &UploadPrint, agreeing: impl Iterator<Item = usize>, voice: u32) {
        let mut done = vec![false; self.seen.len()];
        for frame in agreeing {
            if std::mem::replace(&mut done[frame], true) {
                continue;
            }
            let bits = upload.frames[frame].views[0];
            for (i, f) in upload.frames.iter().enumerate() {
                if !done[i] && crate::fingerprint::distance(&f.views[0], &bits) < SAME_FRAME_BITS {
                    done[i] = true;
                }
            }
        }
        for (seen, _) in self.seen.iter_mut().zip(done).filter(|(_, done)| *done) {
            add(seen, voice);
        }
    }

    /// Weight of every upload frame for a candidate of this voice.
    pub fn weights(&self, voice: u32) -> Vec<f32> {
        self.seen.iter().map(|seen| weight(others(seen, voice))).collect()
    }
}

/// 1, 0.23 (one other), 0.11, 0.07, 0.05, 0.04 (5 others), …
fn weight(others: usize) -> f32 {
    let x = 1.0 + others as f32 / HALF_AT;
    1.0 / (x * x.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_have_too_weighs_less_the_more_they_are_and_the_own_voice_does_not_count() {
        assert_eq!(weight(0), 1.0);
        for n in 1..12 {
            assert!(weight(n) < weight(n - 1));
        }
        assert!(weight(1) < 0.5 && weight(10) < 0.06);
        let mut seen = Seen::new();
        [3, 7, 3, 7, 9].iter().for_each(|v| add(&mut seen, *v));
        assert_eq!(others(&seen, 7), 2);
        assert_eq!(others(&seen, 8), 3);
    }
}
