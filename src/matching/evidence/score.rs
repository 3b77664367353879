//! Evidence → score.
//!
//! Evidence is a sum of ln likelihood ratios, nats: of the keypoints that ought to be visible (`coverage`), of whole
//! frames (`placed_frames`, `unplaced_frames`), less what placement and time map cost beforehand (`prior`):
//!
//! ```text
//! evidence = keypoint_nats · share + frames − prior − SINGLE_COSTS if one picture only
//!     frames: placed, which may speak against; or unplaced − UNPLACED_FREE where that says more
//!     share: 1 for a re-upload, down to OVERLAY_SHARE where an overlay explains the keypoints better
//!            and neither the frames object nor what passes in its cells
//! score    = −log10 P(chance ≥ evidence) − log10(tombstones)
//! ```
//!
//! The score answers an a-contrario question (Desolneux, Moisan, Morel, *Meaningful alignments*, IJCV 2000): how many
//! chance matches at least as good as this does one upload meet in an index of this size? It is −log10 of that number,
//! so 8 means one false match in 10^8 uploads. The probability comes from the evidence that unrelated videos were seen
//! to reach ([`null`](super::null)), not from the likelihoods themselves, whose independence is a fiction.
//!
//! Departures from summing everything, and why:
//!
//! - *Frames are limited on both sides.* A wall of text covers them all, and a long still shot repeats one picture.
//! - *Keypoints that an overlay explains count a third.* Both videos may carry a platform's watermark.
//! - *Evidence in one picture only costs extra.* The picture may be a card or a title.

use crate::matching::evidence::null::{NULL_AT, NULL_LOG10, NULL_SLOPE};

/// Most that frames take away, and most that they add, nats. Tuned.
const FRAMES_AGAINST_MAX: f64 = 4.0;
const FRAMES_FOR_MAX: f64 = 40.0;
/// Nats that the best of many lines and views is not credited with. Measured: unrelated videos reach 1.9.
const UNPLACED_FREE: f64 = 4.0;
/// Cost of evidence in a single picture, nats. Tuned.
const SINGLE_COSTS: f64 = 3.0;
/// Share of the keypoints' evidence that is left where an overlay explains them, and the nats (re-upload against
/// overlay) at which nothing is lost and at which all but that share is. Tuned.
const OVERLAY_SHARE: f64 = 0.35;
const OVERLAY_NATS: (f64, f64) = (0.0, -12.0);
/// Nats of passing keypoints in an overlay's cells from which it is in doubt, and at which it is none. Tuned.
const PASSING_NATS: (f64, f64) = (3.0, 10.0);
/// Nats of placed frames that outweigh the overlay explanation. Tuned.
const FRAMES_OBJECT: f64 = 3.0;

/// The measurements of one candidate, ready to be weighed; all but `supports` in nats.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Measured {
    /// Keypoints that ought to be visible: re-upload against chance.
    pub keypoint_nats: f64,
    /// The same: re-upload against an overlay that both videos have.
    pub reupload_nats: f64,
    /// Passing keypoints in the cells that an overlay would cover.
    pub passing_nats: f64,
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
        let frames = if unplaced > 0.0 { placed.max(unplaced) } else { placed };
        let single = if self.supports < 2 { SINGLE_COSTS } else { 0.0 };
        self.keypoint_nats * self.reupload_share() + frames - self.prior_nats - single
    }

    /// 1 for a re-upload, less where an overlay that both videos share explains better what agrees.
    fn reupload_share(&self) -> f64 {
        if self.placed_nats >= FRAMES_OBJECT {
            return 1.0;
        }
        let (full, none) = OVERLAY_NATS;
        let by_place = ((self.reupload_nats - none) / (full - none)).clamp(0.0, 1.0);
        let (doubt, sure) = PASSING_NATS;
        let by_time = ((self.passing_nats - doubt) / (sure - doubt)).clamp(0.0, 1.0);
        let x = by_place.max(by_time);
        OVERLAY_SHARE + (1.0 - OVERLAY_SHARE) * x
    }

    /// The score in an index of this many tombstones; an empty one counts as one.
    pub fn score(&self, tombstones: usize) -> f64 {
        score_of(self.evidence(), tombstones)
    }
}

/// The score of this evidence (nats) in an index of this many tombstones; an empty one counts as one.
pub fn score_of(evidence: f64, tombstones: usize) -> f64 {
    let chance = NULL_LOG10 - NULL_SLOPE * (evidence - NULL_AT);
    -chance - (tombstones.max(1) as f64).log10()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::matching::tests::scene::cases;

    fn measured() -> impl Strategy<Value = Measured> {
        let keypoints = (0.0f64..300.0, -200.0f64..200.0, 0.0f64..30.0);
        let nats = (keypoints, -30.0f64..60.0, 0.0f64..60.0, 0.0f64..15.0);
        (nats, 0u32..20).prop_map(|((keypoints, placed, unplaced, prior), supports)| {
            let (keypoints, overlay, passing) = keypoints;
            Measured {
                keypoint_nats: keypoints,
                reupload_nats: overlay,
                passing_nats: passing,
                placed_nats: placed,
                unplaced_nats: unplaced,
                prior_nats: prior,
                supports,
            }
        })
    }

    proptest! {
        #![proptest_config(cases(512))]

        #[test]
        fn the_score_falls_by_one_with_every_tenfold_index(
            m in measured(),
            size in 1usize..1_000_000,
        ) {
            prop_assert!((m.score(size) - m.score(10 * size) - 1.0).abs() < 1e-9);
            prop_assert!(m.score(size + 1) < m.score(size));
            prop_assert_eq!(m.score(0), m.score(1));
        }

        #[test]
        fn more_evidence_never_lowers_the_score(m in measured(), more in 0.0f64..50.0) {
            let raised = [
                Measured { keypoint_nats: m.keypoint_nats + more, ..m },
                Measured { reupload_nats: m.reupload_nats + more, ..m },
                Measured { passing_nats: m.passing_nats + more, ..m },
                Measured { placed_nats: m.placed_nats + more, ..m },
                Measured { unplaced_nats: m.unplaced_nats + more, ..m },
                Measured { prior_nats: m.prior_nats - more, ..m },
                Measured { supports: m.supports + 1, ..m },
            ];
            for better in raised {
                prop_assert!(better.score(1000) >= m.score(1000) - 1e-9, "{better:?}");
            }
        }

        #[test]
        fn frames_alone_are_limited_on_both_sides(m in measured()) {
            let without = Measured { placed_nats: 0.0, unplaced_nats: 0.0, ..m };
            let gained = m.evidence() - without.evidence();
            // Frames that object to an overlay give the keypoints their share back as well.
            let given_back = m.keypoint_nats * (1.0 - OVERLAY_SHARE);
            prop_assert!(gained >= -FRAMES_AGAINST_MAX - 1e-9, "{gained}");
            prop_assert!(gained <= FRAMES_FOR_MAX + given_back + 1e-9, "{gained}");
        }
    }
}
