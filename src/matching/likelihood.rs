//! What a near pair of hashes tells: ln of how much likelier it is in a copy than by chance.
//!
//! Measured on the benchmark's clips with the first seed: *copy*, 552 aligned copies (39 944 keypoints met where they were
//! expected, 41 000 regions of frames); *chance*, a million keypoints met at arbitrary placements of unrelated
//! pairs, and the frames under the 465 placements on which unrelated pairs agreed most. The figures are smoothed, and for
//! chance taken heavier than measured, because things of like build (two faces, two hands) resemble each other more than
//! the mean of all pairs does.

/// ln ratio by Hamming distance of two patch hashes, 0..=32 of 64 bits and beyond. Copies: half within 5 bits, nine tenths
/// within 14. Chance: 1 in 10^4 within 10 bits, 1 in 140 within 18, a quarter within 28.
const PATCH_NATS: [f64; 33] = [
    6.5, 6.5, 6.5, 6.5, 6.3, 6.1, 5.9, 5.7, 5.5, 5.2, 4.9, 4.4, 3.9, 3.4, 2.9, 2.4, 1.9, 1.4, 0.9,
    0.4, -0.2, -0.8, -1.4, -2.0, -2.6, -3.2, -3.8, -4.4, -5.0, -5.6, -6.0, -6.0, -6.0,
];
/// No keypoint tells more than this, nats. With 7 the weakest copies of three benchmarks stand lower by a quarter, with no
/// gain against chance.
pub const KEYPOINT_NATS_MAX: f64 = 9.0;

/// How a quantity lies: ratio where it is nought, at what it has fallen by half, and at the least.
struct Lies {
    most: f64,
    half: f64,
    least: f64,
}

/// Off the expected place (long sides), by scale (ln) and by turn (radians). In copies half lie within 0.002, 0.02 and
/// 0.012; by chance they fill what is looked at evenly.
const PLACE: Lies = Lies { most: 12.0, half: 0.004, least: 0.15 };
const SCALE: Lies = Lies { most: 8.0, half: 0.05, least: 0.2 };
const TURN: Lies = Lies { most: 9.0, half: 0.035, least: 0.2 };
/// Exponent on the three together: they depend on each other, and in what moves all are off.
const GEOMETRY_WEIGHT: f64 = 0.6;

impl Lies {
    fn ratio(&self, off: f64) -> f64 {
        let x = off / self.half;
        (self.most / (1.0 + x * x)).max(self.least)
    }
}

/// Likelihood ratio of a keypoint met where one is expected, at most e^9: `distance` bits of 64 differ, it lies `place`
/// long sides, `scale` (ln) and `turn` (radians) off.
pub fn keypoint(distance: u32, place: f64, scale: f64, turn: f64) -> f64 {
    let bits = PATCH_NATS[(distance as usize).min(PATCH_NATS.len() - 1)].exp();
    let geometry = PLACE.ratio(place) * SCALE.ratio(scale) * TURN.ratio(turn);
    (bits * geometry.powf(GEOMETRY_WEIGHT)).min(KEYPOINT_NATS_MAX.exp())
}

/// ln ratios of a region of a frame by distance: of the whole in steps of 4 bits of 64, of a half and of a quarter in
/// steps of 2 bits of 24.
const WHOLE_NATS: [f64; 10] = [5.0, 5.0, 3.4, 1.9, -0.6, -2.3, -3.0, -3.2, -3.4, -3.6];
const HALF_NATS: [f64; 10] = [3.0, 1.8, -0.1, -1.2, -1.6, -2.0, -2.5, -2.8, -3.0, -3.0];
const QUARTER_NATS: [f64; 10] = [3.0, 2.2, 0.2, -0.9, -1.4, -2.0, -2.4, -2.6, -2.8, -3.0];
/// Share of regions that something else covers.
const COVERED: f64 = 0.25;
/// Regions overlap and neighbours look alike: together they tell this share of their sum.
const REGION_WEIGHT: f64 = 0.35;

/// A region of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Region {
    Whole,
    Half,
    Quarter,
}

/// What a region tells, nats: at the least that it is covered.
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
    fn what_is_farther_off_never_tells_more() {
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
    fn near_hashes_in_place_speak_for_a_copy_and_far_ones_against() {
        assert!((keypoint(2, 0.001, 0.01, 0.01).ln() - KEYPOINT_NATS_MAX).abs() < 1e-9);
        assert!(keypoint(10, 0.03, 0.5, 0.4) < keypoint(10, 0.001, 0.01, 0.01) / 20.0);
        assert!(keypoint(28, 0.001, 0.01, 0.01) < 1.0);
        assert!(region(Region::Whole, 2) > 1.0 && region(Region::Whole, 26) < -0.3);
    }
}
