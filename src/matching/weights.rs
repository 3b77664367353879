//! How much a hash of the upload tells: what several owners' videos share is no evidence (DESIGN §5, commonness).
//!
//! Counted is agreement, not resemblance: for each keypoint and frame of the upload, in how many distinct voices'
//! tombstones it takes part in an alignment. Among a million tombstones every keypoint resembles some by chance, but
//! chance hits do not agree on a placement; a watermark, an end card or a template does, with everybody's. A *voice*
//! is an owner, or a set of near-identical videos: a wave of re-uploads, each deleted by its own uploader, leaves the
//! first tombstone as strong as before.

use crate::matching::consensus::Alignment;

/// Alignments smaller than this are chance and do not make their keypoints common.
const AGREEING_MIN: u32 = 4;
/// Sets how fast: one other voice halves the information.
const HALF_AT: f32 = 1.5;

/// Distinct voices by item (keypoint or frame of the upload).
#[derive(Debug)]
pub struct Voices {
    seen: Vec<Vec<u32>>,
}

/// Beyond this many voices an item says nothing anyway.
const VOICES_MAX: usize = 32;

impl Voices {
    pub fn new(items: usize) -> Self {
        Voices { seen: vec![Vec::new(); items] }
    }

    pub fn add(&mut self, item: usize, voice: u32) {
        let Some(seen) = self.seen.get_mut(item) else { return };
        if seen.len() < VOICES_MAX && !seen.contains(&voice) {
            seen.push(voice);
        }
    }

    /// Adds all keypoints of an alignment that is not chance.
    pub fn add_alignment(&mut self, alignment: &Alignment, voice: u32) {
        if alignment.distinct_plain >= AGREEING_MIN {
            alignment.agreeing.iter().for_each(|s| self.add(s.hit.upload as usize, voice));
        }
    }

    /// Weight of every item for a candidate of this voice: 1 when nobody else has it.
    pub fn weights(&self, voice: u32) -> Vec<f32> {
        let others = |seen: &Vec<u32>| seen.iter().filter(|v| **v != voice).count() as f32;
        self.seen.iter().map(|seen| weight(others(seen))).collect()
    }
}

/// 1, 0.46, 0.28, 0.19, 0.11 (5 others), 0.05 (10), …
fn weight(others: f32) -> f32 {
    let x = 1.0 + others / HALF_AT;
    1.0 / (x * x.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_have_too_weighs_less_the_more_they_are_and_the_own_voice_does_not_count() {
        let mut voices = Voices::new(1);
        let mut last = 1.1;
        for other in 0..12 {
            let now = voices.weights(99)[0];
            assert!(now < last, "{other} others: {now}");
            last = now;
            voices.add(0, other);
            voices.add(0, other);
        }
        assert!(last < 0.07);
        let mut own = Voices::new(1);
        own.add(0, 99);
        assert_eq!(own.weights(99), [1.0]);
    }
}
