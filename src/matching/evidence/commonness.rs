//! The weight of an item of the upload: material that several owners' videos share is no evidence for any one of them.
//!
//! # Idea
//!
//! Text search weighs a word by how rare it is among documents; image search took that over (Sivic, Zisserman, *Video
//! Google*, ICCV 2003). Here the documents are voices and the count is of *agreement*, not of resemblance. Among a
//! million tombstones every keypoint resembles some by chance, but chance hits do not agree on a placement. A
//! watermark, an end card or a template does, with everybody's.
//!
//! A *voice* is an owner, or a set of near-identical videos: a wave of re-uploads, each deleted by its own uploader,
//! must not weaken the first tombstone.
//!
//! ```text
//! for each alignment of each candidate:
//!     note the candidate's voice at the place and second of every agreeing keypoint
//! weight of a keypoint, for a candidate of voice v = 1 / (1 + n / HALF_AT)^1.5
//!     n: voices other than v at its place, or at one beside it, in one of its seconds
//! ```
//!
//! Departures from the textbook, and why:
//!
//! - *By place and second, not by keypoint.* The letters of a watermark are found anew in every keyframe, and each time
//!   a different few of them hit.
//! - *A candidate's own voice does not count,* so the weight is asked anew for each candidate.
//! - *Most of a keyframe common means all of it common* ([`within_template`]): the line of an end card that no other
//!   tombstone happens to share belongs to the card.

use rustc_hash::FxHashMap;

use crate::fingerprint::{Spot, UploadPrint, distance};
use crate::matching::align::consensus::Alignment;

/// Distinct hits below which an alignment is chance and makes nothing common: the least that an alignment has. Tuned.
const AGREEING_MIN: u32 = 3;
/// Sets how fast the weight falls: one other voice leaves 0.23, two 0.11. Tuned.
const HALF_AT: f32 = 0.6;
/// Cells along the long side; a keypoint shares the fate of its cell and the eight around it. Tuned.
const CELLS: f32 = 24.0;
/// Seconds of a spot that are noted, from its first; bounds the work for what stands still for hours.
const SECONDS_MAX: i32 = 60;
/// Voices that are counted at one place; beyond so many the weight is below 0.003.
const VOICES_MAX: usize = 32;
/// Bits of 256 by which two of the upload's frames may differ and show the same. Tuned.
const SAME_FRAME_BITS: u32 = 28;
/// Mean weight of the agreeing keypoints of a keyframe below which the whole picture belongs to a template. Tuned.
const TEMPLATE_WEIGHT: f64 = 0.6;

/// Distinct voices, a short list.
type Voices = Vec<u32>;

fn add(voices: &mut Voices, voice: u32) {
    if voices.len() < VOICES_MAX && !voices.contains(&voice) {
        voices.push(voice);
    }
}

fn others(voices: &Voices, voice: u32) -> usize {
    voices.iter().filter(|v| **v != voice).count()
}

/// Weight by the number of other voices: 1, 0.23, 0.11, 0.07, 0.05, 0.04 (five others), …
fn weight(others: usize) -> f32 {
    let x = 1.0 + others as f32 / HALF_AT;
    1.0 / (x * x.sqrt())
}

/// Where and when in the upload which voices' tombstones align.
#[derive(Debug, Default)]
pub struct KeypointVoices {
    cells: FxHashMap<(i32, i32, i32), Voices>,
}

impl KeypointVoices {
    /// Notes the keypoints of an alignment that is not chance.
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

    /// Weight of every upload keypoint, 0..1, for a candidate of this voice: 1 where nobody else aligns.
    pub fn weights(&self, upload: &UploadPrint, voice: u32) -> Vec<f32> {
        let counts: FxHashMap<(i32, i32, i32), usize> = self
            .cells
            .iter()
            .map(|(k, voices)| (*k, others(voices, voice)))
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

fn cell(spot: &Spot) -> (i32, i32) {
    ((spot.x * CELLS) as i32, (spot.y * CELLS) as i32)
}

fn seconds(spot: &Spot) -> std::ops::RangeInclusive<i32> {
    let first = spot.first_s as i32;
    first..=(spot.last_s as i32).min(first + SECONDS_MAX)
}

/// The weights as far as one alignment is concerned: where most of what agrees in a keyframe is common, the rest of
/// that picture is taken for common too.
pub fn within_template(weights: &[f32], upload: &UploadPrint, alignment: &Alignment) -> Vec<f32> {
    let mut keyframes: Vec<KeyframeWeight> = Vec::new();
    for s in &alignment.agreeing {
        let index = s.hit.upload as usize;
        let (at_s, weight) = (upload.keypoints[index].spot.first_s, f64::from(weights[index]));
        match keyframes.iter_mut().find(|k| k.at_s == at_s) {
            Some(k) => (k.sum, k.count) = (k.sum + weight, k.count + 1.0),
            None => keyframes.push(KeyframeWeight { at_s, sum: weight, count: 1.0 }),
        }
    }
    keyframes.retain(|k| k.sum / k.count < TEMPLATE_WEIGHT);
    let mut out = weights.to_vec();
    for (weight, point) in out.iter_mut().zip(&upload.keypoints) {
        if let Some(k) = keyframes.iter().find(|k| k.at_s == point.spot.first_s) {
            *weight *= (k.sum / k.count / TEMPLATE_WEIGHT).powi(2) as f32;
        }
    }
    out
}

/// Weight of the agreeing keypoints that begin in one keyframe.
struct KeyframeWeight {
    at_s: f32,
    sum: f64,
    count: f64,
}

/// Which voices' tombstones show the same as each frame of the upload.
#[derive(Debug)]
pub struct FrameVoices {
    voices: Vec<Voices>,
}

impl FrameVoices {
    pub fn new(upload: &UploadPrint) -> Self {
        FrameVoices { voices: vec![Vec::new(); upload.frames.len()] }
    }

    /// Notes frames that agree, by index, and those of the upload that show the same picture.
    pub fn add(&mut self, upload: &UploadPrint, agreeing: impl Iterator<Item = usize>, voice: u32) {
        let mut done = vec![false; self.voices.len()];
        for frame in agreeing {
            if std::mem::replace(&mut done[frame], true) {
                continue;
            }
            let bits = upload.frames[frame].views[0];
            for (i, f) in upload.frames.iter().enumerate() {
                if !done[i] && distance(&f.views[0], &bits) < SAME_FRAME_BITS {
                    done[i] = true;
                }
            }
        }
        for (voices, _) in self.voices.iter_mut().zip(done).filter(|(_, done)| *done) {
            add(voices, voice);
        }
    }

    /// Weight of every upload frame, 0..1, for a candidate of this voice.
    pub fn weights(&self, voice: u32) -> Vec<f32> {
        self.voices.iter().map(|voices| weight(others(voices, voice))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::tests::scene::Scene;

    #[test]
    fn more_voices_weigh_less_and_the_own_voice_does_not_count() {
        assert_eq!(weight(0), 1.0);
        for n in 1..12 {
            assert!(weight(n) < weight(n - 1));
        }
        assert!(weight(1) < 0.5 && weight(10) < 0.06);
        let mut voices = Voices::new();
        [3, 7, 3, 7, 9].iter().for_each(|v| add(&mut voices, *v));
        assert_eq!(others(&voices, 7), 2);
        assert_eq!(others(&voices, 8), 3);
    }

    #[test]
    fn what_another_voice_aligns_with_weighs_less_there_and_nowhere_else() {
        let scene = Scene::new(21);
        let (deleted, upload) = (scene.deleted(), scene.upload());
        let alignment = &scene.alignments(&deleted, &upload)[0];
        let mut voices = KeypointVoices::default();
        voices.add_alignment(&upload, alignment, 1);
        assert!(voices.weights(&upload, 1).iter().all(|w| *w == 1.0), "its own voice");
        let for_others = voices.weights(&upload, 2);
        for s in &alignment.agreeing {
            assert_eq!(for_others[s.hit.upload as usize], weight(1));
        }
        let untouched = for_others.iter().filter(|w| **w == 1.0).count();
        assert!(untouched > 0, "clutter that nobody aligns with keeps its weight");
    }

    #[test]
    fn a_keyframe_that_is_mostly_common_is_common_as_a_whole() {
        let scene = Scene::new(22);
        let (deleted, upload) = (scene.deleted(), scene.upload());
        let alignment = &scene.alignments(&deleted, &upload)[0];
        let common = vec![0.3; upload.keypoints.len()];
        let within = within_template(&common, &upload, alignment);
        let of = &alignment.agreeing[0];
        assert!((within[of.hit.upload as usize] - 0.3 * 0.25).abs() < 1e-6);
        let own = vec![0.9; upload.keypoints.len()];
        assert_eq!(within_template(&own, &upload, alignment), own);
    }

    #[test]
    fn frames_that_show_the_same_are_common_together() {
        let upload = Scene::framed(23).upload();
        let mut voices = FrameVoices::new(&upload);
        voices.add(&upload, [2usize].into_iter(), 1);
        let weights = voices.weights(2);
        for (frame, w) in upload.frames.iter().zip(&weights) {
            let same = distance(&frame.views[0], &upload.frames[2].views[0]) < SAME_FRAME_BITS;
            assert_eq!(*w < 1.0, same);
        }
        assert!(weights.iter().any(|w| *w < 1.0) && weights.contains(&1.0));
    }
}
