//! How unlikely a placement and a time map are before anything was compared.
//!
//! Most re-uploads show the whole picture upright at its own speed. Chance does not: it takes any turn, size, speed and
//! variant, and has the more to choose from the odder they are. The figures are nats by judgement, small beside what a
//! copy's keypoints tell (40 to 800), and a third of what the best chance placements reach without them (13 to 20).

use crate::matching::consensus::Alignment;
use crate::matching::time_map::TimeMap;

const SPEED_CHANGED: f64 = 3.0;
const REVERSED: f64 = 5.0;
const MIRRORED: f64 = 1.0;
const INVERTED: f64 = 3.0;
/// On its side or upside down.
const TURNED: f64 = 1.0;
/// Off the upright by some degrees: all of it from `OBLIQUE_DEG` on.
const OBLIQUE: f64 = 2.5;
const OBLIQUE_DEG: f64 = 4.0;
/// Smaller than three quarters of the upload's side, and once more below half.
const SMALL: f64 = 1.5;
const SMALL_BELOW: [f64; 2] = [0.75, 0.45];
/// Stretched: all of it where one side has grown by a quarter more than the other.
const STRETCHED: f64 = 1.5;
const STRETCH_FREE: f64 = 1.05;
const STRETCH_FULL: f64 = 1.25;

/// Cost of a time map, nats.
pub fn of_time_map(time_map: &TimeMap) -> f64 {
    if (time_map.speed - 1.0).abs() < 0.03 {
        0.0
    } else if time_map.speed > 0.0 {
        SPEED_CHANGED
    } else {
        REVERSED
    }
}

/// Cost of an alignment's placement and time map, nats.
pub fn of_alignment(alignment: &Alignment) -> f64 {
    let (scale, turn) = alignment.map.scale_and_turn();
    let past_quarter = turn.to_degrees().rem_euclid(90.0);
    let oblique = past_quarter.min(90.0 - past_quarter);
    let mut cost = of_time_map(&alignment.time_map);
    cost += (oblique / OBLIQUE_DEG).min(1.0) * OBLIQUE;
    cost += if turn.abs() > std::f64::consts::FRAC_PI_4 { TURNED } else { 0.0 };
    cost += if alignment.variant.mirrored() { MIRRORED } else { 0.0 };
    cost += if alignment.variant.inverted() { INVERTED } else { 0.0 };
    cost += SMALL_BELOW.iter().filter(|below| scale < **below).count() as f64 * SMALL;
    let stretch = (alignment.map.anisotropy() - STRETCH_FREE) / (STRETCH_FULL - STRETCH_FREE);
    cost + stretch.clamp(0.0, 1.0) * STRETCHED
}
