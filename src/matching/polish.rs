//! A sharper placement, once the time map is known.
//!
//! The alignment's own fit takes every pair within a second of the time map, so in a moving picture its points are off by
//! what moved in between. Here only pairs that meet on the time map count, outliers are trimmed, and the map is widened from
//! similarity to affine only where that explains clearly more: otherwise noise shows as a turn of some degrees.

use crate::matching::consensus::Alignment;
use crate::matching::geometry::{Affine, Pair, fit_affine, fit_similarity};
use crate::matching::time_map::TimeMap;

/// Seconds by which a pair may miss the time map.
const MISS_S: f64 = 0.3;
/// Pairs needed for a similarity, and for an affine map.
const SIMILARITY_MIN: usize = 5;
const AFFINE_MIN: usize = 12;
/// An affine map must leave less than this share of the similarity's mean square miss.
const AFFINE_GAIN: f64 = 0.6;
const ROUNDS: usize = 4;

/// The alignment's map, fitted again; unchanged when too few pairs meet on `time_map`.
pub fn polish(alignment: &Alignment, time_map: &TimeMap) -> Affine {
    let meets = alignment
        .agreeing
        .iter()
        .filter(|s| time_map.miss_s(s.times.upload, s.times.deleted) <= MISS_S)
        .map(|s| Pair { from: s.deleted, to: s.upload, weight: 1.0 });
    trimmed(meets.collect()).unwrap_or(alignment.map)
}

/// The map through what was found where it was expected; `None` when that is too little.
pub fn refit(found: &[Pair]) -> Option<Affine> {
    trimmed(found.to_vec())
}

/// Fits, drops outliers, fits again.
fn trimmed(mut pairs: Vec<Pair>) -> Option<Affine> {
    if pairs.len() < SIMILARITY_MIN {
        return None;
    }
    let mut map = None;
    for _ in 0..ROUNDS {
        let Some(fit) = fit(&pairs) else { break };
        map = Some(fit);
        let mut misses: Vec<f64> = pairs.iter().map(|p| miss_squared(&fit, p)).collect();
        misses.sort_by(f64::total_cmp);
        // Three times the median keeps what is spread like noise.
        let bar = (9.0 * misses[misses.len() / 2]).max(1e-6);
        let kept: Vec<Pair> =
            pairs.iter().filter(|p| miss_squared(&fit, p) <= bar).copied().collect();
        if kept.len() == pairs.len() || kept.len() < SIMILARITY_MIN {
            break;
        }
        pairs = kept;
    }
    map
}

fn fit(pairs: &[Pair]) -> Option<Affine> {
    let simple = fit_similarity(pairs)?;
    let wide = (pairs.len() >= AFFINE_MIN).then(|| fit_affine(pairs)).flatten();
    let total = |map: &Affine| pairs.iter().map(|p| p.weight * miss_squared(map, p)).sum::<f64>();
    let better = wide.filter(|wide| total(wide) < AFFINE_GAIN * total(&simple));
    Some(better.unwrap_or(simple))
}

fn miss_squared(map: &Affine, pair: &Pair) -> f64 {
    let (x, y) = map.apply(pair.from.0, pair.from.1);
    (x - pair.to.0).powi(2) + (y - pair.to.1).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::Variant;
    use crate::matching::consensus::PlacedHit;
    use crate::matching::hits::Hit;
    use crate::matching::time_map::HitTimes;

    #[test]
    fn pairs_that_miss_the_line_do_not_turn_the_placement() {
        let time_map = TimeMap { speed: 1.0, offset_s: 0.0 };
        let pair = |n: usize, late: f64| {
            let at = ((n * 37 % 10) as f64 / 10.0, (n * 53 % 10) as f64 / 18.0);
            let t = n as f64 * 0.1;
            PlacedHit {
                hit: Hit {
                    upload: n as u32,
                    deleted: n as u32,
                    variant: Variant::Plain,
                    distance: 0,
                },
                // Half size, in the middle; what is seen late has moved to the right, and upward on the left side.
                upload: (
                    0.25 + 0.5 * at.0 + 0.05 * late,
                    0.1 + 0.5 * at.1 - 0.1 * late * (1.0 - at.0),
                ),
                deleted: at,
                scale: 0.5f64.ln(),
                turn: 0.0,
                times: HitTimes { upload: (t, t), deleted: (t + late, t + late), weight: 1.0 },
            }
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
        let (scale, turn) = polish(&alignment, &time_map).scale_and_turn();
        assert!((scale - 0.5).abs() < 1e-6 && turn.abs() < 1e-6, "{scale} {turn}");
        let few = Alignment { agreeing: alignment.agreeing[..3].to_vec(), ..alignment };
        assert_eq!(polish(&few, &time_map), rough);
    }
}
