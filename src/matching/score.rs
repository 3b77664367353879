//! Evidence → score.
//!
//! Evidence is a sum of ln likelihood ratios, nats: of the keypoints that ought to be visible (`coverage`), of whole frames
//! (`placed`, `diagonal`), less what the placement costs beforehand (`prior`). What the sum is worth was measured on pairs
//! of videos that have nothing to do with each other (`null` keeps the figures and how they were made). The score is
//! −log10 of the number of chance matches as good as this that one upload meets in an index of this size
//! (a-contrario reasoning: Desolneux, Moisan, Morel, 2000).

use crate::matching::null::{NULL_AT, NULL_LOG10, NULL_SLOPE};

/// What frames take away at most (a wall of text covers them all) and add at most, nats.
const FRAMES_AGAINST_MAX: f64 = 4.0;
const FRAMES_FOR_MAX: f64 = 40.0;
/// What the best of many lines and views is granted; unrelated videos were seen to reach 1.9.
const UNPLACED_FREE: f64 = 4.0;
/// What agrees in one picture only may be a card or a title.
const SINGLE_COSTS: f64 = 3.0;
/// When an overlay explains what was found better than a copy does, and frames do not object, this share remains…
const OVERLAY_SHARE: f64 = 0.35;
/// …all of it being lost between these nats (copy against overlay).
const OVERLAY_NATS: (f64, f64) = (0.0, -12.0);
/// Frames that outweigh the overlay explanation, nats.
const FRAMES_OBJECT: f64 = 3.0;

/// What was measured of a candidate, ready to be weighed.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Measured {
    /// Keypoints that ought to be visible: copy against chance.
    pub keypoint_nats: f64,
    /// The same: copy against an overlay that both videos have.
    pub copy_nats: f64,
    /// Whole frames under the placement.
    pub placed_nats: f64,
    /// Whole frames without one.
    pub unplaced_nats: f64,
    /// Cost of placement and time map.
    pub prior_nats: f64,
    /// Distinct pictures of the deleted video that agree: keyframes or frames, whichever are more.
    pub supports: u32,
}

impl Measured {
    /// Evidence, nats.
    pub fn evidence(&self) -> f64 {
        let placed = self.placed_nats.clamp(-FRAMES_AGAINST_MAX, FRAMES_FOR_MAX);
        let unplaced = (self.unplaced_nats - UNPLACED_FREE).clamp(0.0, FRAMES_FOR_MAX);
        let frames = placed.max(unplaced);
        let single = if self.supports < 2 { SINGLE_COSTS } else { 0.0 };
        self.keypoint_nats * self.copy_share() + frames - self.prior_nats - single
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

    /// The score in an index of `tombstones`.
    pub fn score(&self, tombstones: usize) -> f64 {
        let chance = NULL_LOG10 - NULL_SLOPE * (self.evidence() - NULL_AT);
        -chance - (tombstones.max(1) as f64).log10()
    }
}
