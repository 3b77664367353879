//! The evidence in a near pair of hashes: ln of how much likelier it is in a re-upload than by chance.
//!
//! # Keypoints
//!
//! A keypoint met where one is expected has four properties: the bits that its hash differs in, and how far it lies
//! off in place, scale and turn. Their likelihood ratios are multiplied, the three of geometry to the power of
//! [`GEOMETRY_WEIGHT`], since they depend on each other:
//!
//! ```text
//! ratio = exp(PATCH_NATS[distance]) · (PLACE(place) · SCALE(scale) · TURN(turn)) ^ GEOMETRY_WEIGHT,  at most e^9
//! ```
//!
//! # Regions of frames
//!
//! A frame's hash covers the whole picture, four halves and four quarters. Each region may be covered by something
//! else (a caption, a face in a corner), and is then no evidence. So a region's ratio is a mixture, and the least that
//! it can be is that of being covered:
//!
//! ```text
//! nats = REGION_WEIGHT · ln((1 − COVERED) · exp(table[distance]) + COVERED)
//! ```
//!
//! # Measurement
//!
//! All tables were measured on the benchmark's clips with its first seed. *Re-uploads*: 552 that were aligned (39 944
//! keypoints met where they were expected, 41 000 regions of frames). *Chance*: a million keypoints met at arbitrary
//! placements of unrelated pairs, and the frames under the 465 placements on which unrelated pairs agreed most. The
//! figures are smoothed, and for chance taken heavier than measured, because things of like build (two faces, two
//! hands) resemble each other more than the mean of all pairs does.

/// ln ratio by Hamming distance of two patch hashes, 0..=32 of 64 bits and beyond (measured). Re-uploads: half within 5
/// bits, nine tenths within 14. Chance: 1 in 10^4 within 10 bits, 1 in 140 within 18, a quarter within 28.
const PATCH_NATS: [f64; 33] = [
    6.5, 6.5, 6.5, 6.5, 6.3, 6.1, 5.9, 5.7, 5.5, 5.2, 4.9, 4.4, 3.9, 3.4, 2.9, 2.4, 1.9, 1.4, 0.9,
    0.4, -0.2, -0.8, -1.4, -2.0, -2.6, -3.2, -3.8, -4.4, -5.0, -5.6, -6.0, -6.0, -6.0,
];
/// Most evidence of one keypoint, nats. With 7 the weakest re-uploads of three benchmarks stand lower by a quarter,
/// with no gain against chance (measured).
pub const KEYPOINT_NATS_MAX: f64 = 9.0;

/// The ratio of a quantity by how far it lies off: `most / (1 + (off / half)²)`, no less than `least`. It has
/// the shape of a Cauchy density, whose heavy tails allow for what moves.
struct Bell {
    /// Ratio where nothing is off.
    most: f64,
    /// Where it has fallen by half.
    half: f64,
    least: f64,
}

/// Off the expected place (long sides), by scale (ln) and by turn (radians), measured. In re-uploads half lie within
/// 0.002, 0.02 and 0.012; by chance they fill the neighbourhood that is searched evenly.
const PLACE: Bell = Bell { most: 12.0, half: 0.004, least: 0.15 };
const SCALE: Bell = Bell { most: 8.0, half: 0.05, least: 0.2 };
const TURN: Bell = Bell { most: 9.0, half: 0.035, least: 0.2 };
/// Exponent on the three together: they depend on each other, and in what moves all are off. Tuned.
const GEOMETRY_WEIGHT: f64 = 0.6;

impl Bell {
    fn ratio(&self, off: f64) -> f64 {
        let x = off / self.half;
        (self.most / (1.0 + x * x)).max(self.least)
    }
}

/// Likelihood ratio of a keypoint met where one is expected, above 0 and at most e^9: `distance` bits of 64 differ, it
/// lies `place` long sides, `scale` (ln) and `turn` (radians) off.
pub fn keypoint(distance: u32, place: f64, scale: f64, turn: f64) -> f64 {
    let bits = PATCH_NATS[(distance as usize).min(PATCH_NATS.len() - 1)].exp();
    let geometry = PLACE.ratio(place) * SCALE.ratio(scale) * TURN.ratio(turn);
    (bits * geometry.powf(GEOMETRY_WEIGHT)).min(KEYPOINT_NATS_MAX.exp())
}

/// ln ratios of a region of a frame by distance (measured): of the whole in steps of 4 bits of 64, of a half and of
/// a quarter in steps of 2 bits of 24.
const WHOLE_NATS: [f64; 10] = [5.0, 5.0, 3.4, 1.9, -0.6, -2.3, -3.0, -3.2, -3.4, -3.6];
const HALF_NATS: [f64; 10] = [3.0, 1.8, -0.1, -1.2, -1.6, -2.0, -2.5, -2.8, -3.0, -3.0];
const QUARTER_NATS: [f64; 10] = [3.0, 2.2, 0.2, -0.9, -1.4, -2.0, -2.4, -2.6, -2.8, -3.0];
/// Share of a re-upload's regions that something else covers. Tuned.
pub const COVERED: f64 = 0.25;
/// Share of their sum that all regions of a frame amount to: they overlap, and neighbours look alike. Tuned.
const REGION_WEIGHT: f64 = 0.35;

/// A region of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Region {
    Whole,
    Half,
    Quarter,
}

/// The evidence in one region, nats; no less than that of a covered one.
pub fn region(region: Region, distance: u32) -> f64 {
    let (table, step) = match region {
        Region::Whole => (&WHOLE_NATS, 4.0),
        Region::Half => (&HALF_NATS, 2.0),
        Region::Quarter => (&QUARTER_NATS, 2.0),
    };
    // Between the middles of two steps.
    let at = ((f64::from(distance) + 0.5) / step - 0.5).clamp(0.0, (table.len() - 1) as f64);
    let (low, part) = (at as usize, at.fract());
    let nats = table[low] + part * (table[(low + 1).min(table.len() - 1)] - table[low]);
    REGION_WEIGHT * ((1.0 - COVERED) * nats.exp() + COVERED).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_farther_off_is_never_more_evidence() {
        let at = |distance, off| keypoint(distance, off * 0.02, off * 0.3, off * 0.3);
        for distance in 0..40 {
            assert!(at(distance + 1, 0.0) <= at(distance, 0.0));
            for off in 0..10 {
                assert!(at(distance, f64::from(off + 1)) <= at(distance, f64::from(off)));
            }
        }
        for kind in [Region::Whole, Region::Half, Region::Quarter] {
            for distance in 0..64 {
                assert!(
                    region(kind, distance + 1) <= region(kind, distance),
                    "{kind:?} {distance}"
                );
            }
        }
    }

    #[test]
    fn near_hashes_in_place_speak_for_a_re_upload_and_far_ones_against() {
        assert!((keypoint(2, 0.001, 0.01, 0.01).ln() - KEYPOINT_NATS_MAX).abs() < 1e-9);
        assert!(keypoint(10, 0.03, 0.5, 0.4) < keypoint(10, 0.001, 0.01, 0.01) / 20.0);
        assert!(keypoint(28, 0.001, 0.01, 0.01) < 1.0);
        assert!(region(Region::Whole, 2) > 1.0 && region(Region::Whole, 26) < -0.3);
    }
}
