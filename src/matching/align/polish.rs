//! A sharper placement, once the time map is known.
//!
//! The consensus takes every hit within a second of its time map, so in a moving picture its points are off by what
//! moved in that second. Here only pairs that meet on the time map count, outliers are trimmed, and the fit is widened
//! to an affine map only where that explains clearly more: otherwise noise shows as a turn of some degrees.
//!
//! ```text
//! four times, or until nothing is trimmed:
//!     map ← least-squares similarity; the affine map instead if it leaves less than 0.6 of the squared misses
//!     drop the pairs that miss by more than three times the median
//! ```
//!
//! This is iterated least trimmed squares with the spread estimated by the median (Rousseeuw, *Least median of squares
//! regression*, JASA 1984), started from a fit that is already near, so without the random starts.

use crate::matching::align::consensus::Alignment;
use crate::matching::align::geometry::{Affine, PointPair, fit_affine, fit_similarity};
use crate::matching::align::time_map::TimeMap;

/// Seconds by which a pair may miss the time map. Tuned.
const MISS_S: f64 = 0.3;
/// Pairs needed for a similarity, and for an affine map. Tuned.
const SIMILARITY_MIN: usize = 5;
const AFFINE_MIN: usize = 12;
/// Share of the similarity's squared misses below which an affine map must stay. Tuned.
const AFFINE_GAIN: f64 = 0.6;
/// Rounds of trimming. Tuned.
const ROUNDS: usize = 4;
/// Squared misses, as multiples of their median, beyond which a pair is an outlier. Three times the median miss keeps
/// what is spread like noise. Tuned.
const OUTLIER_SQUARED: f64 = 9.0;
/// Squared miss that is never an outlier, square long sides: 0.001, a third of a pixel of 360.
const MISS_SQUARED_FREE: f64 = 1e-6;

/// The alignment's map, fitted again to the hits that meet on `time_map`; unchanged when these are too few.
pub fn polish(alignment: &Alignment, time_map: &TimeMap) -> Affine {
    let meets = alignment
        .agreeing
        .iter()
        .filter(|s| time_map.miss_s(&s.times) <= MISS_S)
        .map(|s| PointPair { from: s.deleted, to: s.upload, weight: 1.0 });
    trimmed(meets.collect()).unwrap_or(alignment.map)
}

/// The map through keypoints that were found where they were expected; `None` when these are too few.
pub fn refit(found: &[PointPair]) -> Option<Affine> {
    trimmed(found.to_vec())
}

/// Fits, drops outliers, fits again.
fn trimmed(mut pairs: Vec<PointPair>) -> Option<Affine> {
    if pairs.len() < SIMILARITY_MIN {
        return None;
    }
    let mut map = None;
    for _ in 0..ROUNDS {
        let Some(fit) = fit(&pairs) else { break };
        map = Some(fit);
        let mut misses: Vec<f64> = pairs.iter().map(|p| p.miss_squared(&fit)).collect();
        misses.sort_by(f64::total_cmp);
        let bar = (OUTLIER_SQUARED * misses[misses.len() / 2]).max(MISS_SQUARED_FREE);
        let kept: Vec<PointPair> =
            pairs.iter().filter(|p| p.miss_squared(&fit) <= bar).copied().collect();
        if kept.len() == pairs.len() || kept.len() < SIMILARITY_MIN {
            break;
        }
        pairs = kept;
    }
    map
}

fn fit(pairs: &[PointPair]) -> Option<Affine> {
    let simple = fit_similarity(pairs)?;
    let wide = (pairs.len() >= AFFINE_MIN).then(|| fit_affine(pairs)).flatten();
    let total = |map: &Affine| pairs.iter().map(|p| p.weight * p.miss_squared(map)).sum::<f64>();
    let better = wide.filter(|wide| total(wide) < AFFINE_GAIN * total(&simple));
    Some(better.unwrap_or(simple))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::Variant;
    use crate::matching::align::placed_hit::PlacedHit;
    use crate::matching::tests::scene::placed_hit;
    use crate::model::{DeletedSpan, UploadSpan};

    #[test]
    fn pairs_that_miss_the_time_map_do_not_turn_the_placement() {
        let time_map = TimeMap { speed: 1.0, offset_s: 0.0 };
        let pair = |n: u32, late: f64| {
            let at = (f64::from(n * 37 % 10) / 10.0, f64::from(n * 53 % 10) / 18.0);
            let t = f64::from(n) * 0.1;
            // Half size, in the middle; what is seen late has moved to the right, and upward on the left side.
            let to =
                (0.25 + 0.5 * at.0 + 0.05 * late, 0.1 + 0.5 * at.1 - 0.1 * late * (1.0 - at.0));
            let mut hit = placed_hit(n, at, to);
            hit.times.upload = UploadSpan::new(t, t);
            hit.times.deleted = DeletedSpan::new(t + late, t + late);
            hit
        };
        let agreeing: Vec<PlacedHit> =
            (0..40).map(|n| pair(n, if n % 2 == 0 { 0.0 } else { 0.9 })).collect();
        let rough = Affine { a: 0.45, b: 0.05, c: 0.2, d: -0.05, e: 0.45, f: 0.1 };
        let alignment = Alignment {
            variant: Variant::Plain,
            map: rough,
            time_map,
            agreeing,
            distinct: 40.0,
            distinct_near: 40.0,
            distinct_plain: 40,
        };
        let shape = polish(&alignment, &time_map).shape();
        assert!((shape.scale - 0.5).abs() < 1e-6 && shape.turn.abs() < 1e-6, "{shape:?}");
        let few = Alignment { agreeing: alignment.agreeing[..3].to_vec(), ..alignment };
        assert_eq!(polish(&few, &time_map), rough);
    }
}
