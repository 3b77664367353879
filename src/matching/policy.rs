//! What is made of a match: thresholds, and what a tombstone is good for.

use crate::fingerprint::Fingerprint;
use crate::matching::frames::QUALITY_MIN;
use crate::matching::judge::Judged;
use crate::model::Strength;

/// Distinct pictures that a block needs (DESIGN §5).
const SUPPORTS_TO_BLOCK: u32 = 2;
/// Distinct keypoints below which a tombstone can only send to review, or is good for nothing.
const KEYPOINTS_TO_BLOCK: usize = 16;
const KEYPOINTS_TO_MATCH: usize = 6;
/// Below this evidence a fast look is believed, nats: one unrelated pair in a thousand has it.
const SUSPICIOUS_NATS: f64 = 5.0;

/// Thresholds on the score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// Default 8: one wrong block in 10^8 uploads.
    pub block: f64,
    /// Default 4.
    pub review: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds { block: 8.0, review: 4.0 }
    }
}

impl Judged {
    /// Whether this match may block an upload, however low the operator sets the threshold: two distinct pictures speak
    /// for it, and its tombstone has the strength to block.
    pub fn may_block(&self, strength: Strength) -> bool {
        self.supports >= SUPPORTS_TO_BLOCK && strength == Strength::Block
    }
}

/// Whether a look at intra frames alone gives reason to decode the rest.
pub fn suspicious(judged: &[Judged]) -> bool {
    judged.iter().any(|j| j.measured.evidence() >= SUSPICIOUS_NATS)
}

/// What a tombstone is good for, and why, in plain words.
pub fn strength(fingerprint: &Fingerprint) -> (Strength, String) {
    let telling = fingerprint.frames.iter().filter(|f| f.quality >= QUALITY_MIN).count();
    let points = fingerprint.keypoints.len();
    if points < KEYPOINTS_TO_MATCH && telling == 0 {
        let why = "no frame of it shows anything: only the same bytes are recognised".to_owned();
        return (Strength::Unmatchable, why);
    }
    let mut starts: Vec<u64> =
        fingerprint.keypoints.iter().map(|k| (k.spot.first_s * 1000.0) as u64).collect();
    starts.dedup();
    if points < KEYPOINTS_TO_BLOCK {
        let why = format!("only {points} distinct keypoints: a copy is sent to review");
        (Strength::Review, why)
    } else if starts.len() < 2 && telling < 2 {
        (Strength::Review, "it shows one picture only: a copy is sent to review".to_owned())
    } else {
        (Strength::Block, format!("{points} distinct keypoints, {telling} telling frames"))
    }
}
