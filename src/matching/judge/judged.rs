//! The results of a judgement, and the thresholds on them.

use crate::matching::evidence::moving::Moving;
use crate::matching::evidence::score::Measured;
use crate::matching::evidence::shown::Shown;
use crate::matching::evidence::slides::Changes;
use crate::model::{Agreement, Evidence, Share, SpanPair, Strength};

/// Distinct pictures that a block needs: a single one may be a card that no template names yet. Tuned.
pub const SUPPORTS_TO_BLOCK: u32 = 2;
/// Evidence on intra frames alone from which the rest is worth decoding, nats. One unrelated pair in
/// a thousand has it (`evidence::null`).
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

/// A candidate with any standing.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Index into the candidates that were handed in.
    pub candidate: usize,
    /// −log10 of the number of equally good chance matches expected for one upload against the whole index.
    pub score: f64,
    /// By start in the upload; at least one.
    pub spans: Vec<SpanPair>,
    pub evidence: Evidence,
    /// Distinct pictures of the deleted video that speak for it.
    pub supports: u32,
    /// How much of either video it covers.
    pub share: Share,
    /// Which parts of either it covers.
    pub shown: Shown,
    /// What agrees beside the ground.
    pub moving: Moving,
    /// Of a deleted video in which nothing passes, the changes from one picture to the next.
    pub slides: Option<Changes>,
    pub measured: Measured,
    /// The moments that agree, to be drawn.
    pub agreement: Agreement,
}

impl Judged {
    /// Whether this match may block an upload, however low the operator sets the threshold: two distinct pictures speak
    /// for it, and its tombstone is not unmatchable. A tombstone that promises a review may block if an upload turns out
    /// to show more of it than a poor re-encode does.
    pub fn may_block(&self, strength: Strength) -> bool {
        self.supports >= SUPPORTS_TO_BLOCK && strength != Strength::Unmatchable
    }

    /// Whether the evidence, found on intra frames alone, makes the rest worth decoding.
    pub fn is_suspicious(&self) -> bool {
        self.measured.evidence() >= SUSPICIOUS_NATS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(supports: u32, keypoint_nats: f64) -> Judged {
        let measured = Measured { keypoint_nats, supports, ..Measured::default() };
        Judged {
            candidate: 0,
            score: f64::INFINITY,
            spans: Vec::new(),
            evidence: Evidence::default(),
            supports,
            share: Share::whole(1.0),
            shown: Shown::default(),
            moving: Moving::default(),
            slides: None,
            measured,
            agreement: Agreement::default(),
        }
    }

    #[test]
    fn a_block_needs_two_pictures_and_a_tombstone_that_can_be_matched() {
        assert!(judged(2, 90.0).may_block(Strength::Block));
        assert!(!judged(1, 90.0).may_block(Strength::Block));
        assert!(judged(9, 90.0).may_block(Strength::Review));
        assert!(!judged(9, 90.0).may_block(Strength::Unmatchable));
    }

    #[test]
    fn five_nats_are_suspicious_and_four_are_not() {
        assert!(judged(2, 5.0).is_suspicious() && !judged(2, 4.0).is_suspicious());
        assert!(!judged(1, 5.0).is_suspicious(), "one picture only costs three");
    }
}
