//! Evidence → score.
//!
//! The evidence of keypoints, coverage and frames is summed to one number; what that number is worth was measured on pairs of
//! videos that have nothing to do with each other (`null.rs` keeps the figures and how they were made). The score is
//! −log10 of the number of chance matches as good as this that one upload meets in an index of this size
//! (a-contrario reasoning: Desolneux, Moisan, Morel, 2000).

use crate::matching::null::{NULL_AT, NULL_LOG10, NULL_SLOPE};

/// Worth of an agreeing keypoint, and of a tenfold unlikelier coverage. Of the pairs tried these part copies from
/// chance best while the tail of chance stays steep (0.99 of the copies found at one false match in 10^5; 1 and 0.7:
/// 0.988).
const KEYPOINT_WORTH: f64 = 0.7;
const COVERAGE_WORTH: f64 = 1.3;
/// Keypoints that a placement is chosen by.
const CHOOSING: f64 = 3.0;
/// What agrees in one picture only may be a card or a title; it must be surer by this much.
const SINGLE_COSTS: f64 = 2.0;
/// Frame nats that chance reaches under an alignment, nats to a unit of evidence, and what frames may weigh at most.
const PLACED_FREE: f64 = 2.0;
const PLACED_NATS: f64 = 4.0;
const PLACED_MOST: f64 = 14.0;
/// The same without an alignment; unrelated videos were seen to reach 3.
const UNPLACED_FREE: f64 = 6.0;
const UNPLACED_NATS: f64 = 4.0;
const UNPLACED_MOST: f64 = 14.0;
/// When an overlay explains what was found better than a copy does, and frames do not object, this share remains.
const OVERLAY_SHARE: f64 = 0.35;
/// The full share is lost between these nats (copy against overlay).
const OVERLAY_NATS: (f64, f64) = (1.0, -4.0);
/// Frames that outweigh the overlay explanation.
const FRAMES_OBJECT: f64 = 5.0;

/// What was measured of a candidate, ready to be weighed.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Measured {
    /// Distinct agreeing keypoints, weighted.
    pub distinct: f64,
    pub visible: u32,
    pub found_weight: f64,
    /// Chance that a visible keypoint is found where none belongs.
    pub chance: f64,
    pub copy_nats: f64,
    pub placed_nats: f64,
    pub unplaced_nats: f64,
    /// Distinct pictures of the deleted video that agree: keyframes or frames, whichever are more.
    pub supports: u32,
}

impl Measured {
    /// Evidence, a sum without unit.
    pub fn evidence(&self) -> f64 {
        // The keypoints that chose the placement are found under it by construction.
        let found = self.found_weight - CHOOSING;
        let visible = self.visible.saturating_sub(CHOOSING as u32);
        let coverage = tail_log10(found, visible, self.chance.clamp(1e-3, 0.9));
        let points = KEYPOINT_WORTH * self.distinct + COVERAGE_WORTH * coverage;
        let placed = ((self.placed_nats - PLACED_FREE) / PLACED_NATS).clamp(0.0, PLACED_MOST);
        let unplaced =
            ((self.unplaced_nats - UNPLACED_FREE) / UNPLACED_NATS).clamp(0.0, UNPLACED_MOST);
        let single = if self.supports < 2 { SINGLE_COSTS } else { 0.0 };
        points * self.copy_share() + placed.max(unplaced) - single
    }

    /// 1 for a copy, less when what agrees is better explained by an overlay that both videos share.
    fn copy_share(&self) -> f64 {
        if self.placed_nats >= FRAMES_OBJECT {
            return 1.0;
        }
        let (full, none) = OVERLAY_NATS;
        let x = ((self.copy_nats - none) / (full - none)).clamp(0.0, 1.0);
        OVERLAY_SHARE + (1.0 - OVERLAY_SHARE) * x
    }

    /// The score in an index of `voices` distinct tombstones.
    pub fn score(&self, voices: usize) -> f64 {
        let chance = NULL_LOG10 - NULL_SLOPE * (self.evidence() - NULL_AT);
        -chance - (voices.max(1) as f64).log10()
    }
}

/// −log10 of the chance to find `n` or more of `m` at rate `p` (upper bound by Chernoff; n may be fractional).
fn tail_log10(n: f64, m: u32, p: f64) -> f64 {
    let m = f64::from(m);
    if m <= 0.0 || n <= m * p {
        return 0.0;
    }
    let x = (n / m).min(1.0);
    let other = if x < 1.0 { (1.0 - x) * ((1.0 - x) / (1.0 - p)).ln() } else { 0.0 };
    m * (x * (x / p).ln() + other) / std::f64::consts::LN_10
}
