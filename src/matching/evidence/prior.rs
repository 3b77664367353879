//! How unlikely a placement and a time map are before anything was compared.
//!
//! Most re-uploads show the whole picture upright at its own speed. Chance does not: it takes any turn, size, speed and
//! variant, and the odder they are, the more of them there are to choose from. The evidence pays for that choice.
//!
//! All costs are nats, and *tuned*: by judgement, small beside the evidence of a re-upload's keypoints (40 to 800), and
//! about a third of what the best chance placements reach without them (13 to 20).

use crate::matching::align::consensus::Alignment;
use crate::matching::align::time_map::TimeMap;

/// Another speed, and share of the speed within which it is unchanged.
const SPEED_CHANGED: f64 = 3.0;
const SPEED_FREE: f64 = 0.03;
const REVERSED: f64 = 5.0;
const MIRRORED: f64 = 1.0;
const INVERTED: f64 = 3.0;
/// On its side or upside down.
const TURNED: f64 = 1.0;
/// Off the upright by some degrees: in proportion, all of it from `OBLIQUE_DEG` on.
const OBLIQUE: f64 = 2.5;
const OBLIQUE_DEG: f64 = 4.0;
/// Smaller than three quarters of the upload's side, and once more below half.
const SMALL: f64 = 1.5;
const SMALL_BELOW: [f64; 2] = [0.75, 0.45];
/// Stretched: in proportion, all of it where one side has grown by a quarter more than the other.
const STRETCHED: f64 = 1.5;
const STRETCH_FREE: f64 = 1.05;
const STRETCH_FULL: f64 = 1.25;

/// Cost of a time map, nats.
pub fn of_time_map(time_map: &TimeMap) -> f64 {
    if (time_map.speed - 1.0).abs() < SPEED_FREE {
        0.0
    } else if time_map.speed > 0.0 {
        SPEED_CHANGED
    } else {
        REVERSED
    }
}

/// Cost of an alignment's placement and time map, nats.
pub fn of_alignment(alignment: &Alignment) -> f64 {
    let shape = alignment.map.shape();
    let past_quarter = shape.turn.to_degrees().rem_euclid(90.0);
    let oblique = past_quarter.min(90.0 - past_quarter);
    let mut cost = of_time_map(&alignment.time_map);
    cost += (oblique / OBLIQUE_DEG).min(1.0) * OBLIQUE;
    cost += if shape.turn.abs() > std::f64::consts::FRAC_PI_4 { TURNED } else { 0.0 };
    cost += if alignment.variant.mirrored() { MIRRORED } else { 0.0 };
    cost += if alignment.variant.inverted() { INVERTED } else { 0.0 };
    cost += SMALL_BELOW.iter().filter(|below| shape.scale < **below).count() as f64 * SMALL;
    let stretch = (alignment.map.anisotropy() - STRETCH_FREE) / (STRETCH_FULL - STRETCH_FREE);
    cost + stretch.clamp(0.0, 1.0) * STRETCHED
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::Variant;
    use crate::matching::align::geometry::{Affine, DeletedPoint, UploadPoint};
    use crate::matching::tests::scene::alignment;

    #[test]
    fn the_whole_picture_as_it_was_costs_nothing_and_every_change_something() {
        let centre = |k: f64, turn: f64| {
            Affine::similarity(k, turn, DeletedPoint::new(0.5, 0.5), UploadPoint::new(0.5, 0.5))
        };
        let upright = alignment(centre(1.0, 0.0), TimeMap { speed: 1.0, offset_s: 3.0 });
        assert_eq!(of_alignment(&upright), 0.0);
        let stretched = Affine { a: 1.3, ..centre(1.0, 0.0) };
        let changed = [
            (Alignment { variant: Variant::Mirrored, ..upright.clone() }, 1.0),
            (Alignment { variant: Variant::Inverted, ..upright.clone() }, 3.0),
            (Alignment { map: centre(1.0, 0.2), ..upright.clone() }, 2.5),
            (Alignment { map: centre(1.0, std::f64::consts::PI), ..upright.clone() }, 1.0),
            (Alignment { map: centre(0.4, 0.0), ..upright.clone() }, 3.0),
            (Alignment { map: stretched, ..upright.clone() }, 1.5),
            (Alignment { time_map: TimeMap { speed: 1.5, offset_s: 0.0 }, ..upright.clone() }, 3.0),
            (Alignment { time_map: TimeMap { speed: -1.0, offset_s: 9.0 }, ..upright }, 5.0),
        ];
        for (n, (alignment, cost)) in changed.iter().enumerate() {
            assert!((of_alignment(alignment) - cost).abs() < 1e-6, "{n}");
        }
    }
}
