//! Hits → the placement and time map that most of them agree with, again and again until nothing is left.
//!
//! Every hit alone proposes a whole placement (scale and turn from the two keypoints, shift from their places): no
//! random sampling is needed. The proposal that most other hits support is fitted by least squares, widened to an affine map
//! so that stretched copies count, and given the time map on which most of its supporters lie. What it explains is
//! taken away and the search repeated: shuffled scenes, a second copy in the same picture.

use crate::fingerprint::{Fingerprint, UploadPrint, Variant, wrap};
use crate::matching::geometry::{Affine, Pair, fit_affine, fit_similarity};
use crate::matching::hits::Hit;
use crate::matching::time_map::{HitTimes, TimeMap, best_time_map, refine};
use rustc_hash::{FxHashMap, FxHashSet};

/// Tolerances of support (DESIGN §5): natural log of scale, radians, upload's long sides.
const SCALE_MISS: f64 = 0.40;
const TURN_MISS: f64 = 0.35;
const PLACE_MISS: f64 = 0.07;
/// After the fit.
const PLACE_MISS_FITTED: f64 = 0.045;
/// Stretching beyond this is not a re-upload's but chance's.
const ANISOTROPY_MAX: f64 = 2.2;
/// Proposals tried for one alignment, and of those how many are fitted.
pub const SEEDS: usize = 240;
/// The same for wide hits: what they add is support, the nearest pairs propose. With 240 the benchmark's answers were the
/// same and the judgement of an upload that matches nothing took 54 ms instead of 20 (with four alignments each).
pub const WIDE_SEEDS: usize = 60;
/// Proposals tried for further ones once an alignment of this many distinct keypoints was found: beside a sure copy only
/// what stands out, another scene or another copy, is worth looking for.
const SEEDS_BESIDE: usize = 60;
pub const SURE_DISTINCT: f64 = 12.0;
const FITTED: usize = 6;
/// Fewest distinct keypoints that make an alignment, and what they must weigh together.
const COUNT_MIN: u32 = 3;
const WEIGHT_MIN: f64 = 1.4;
/// Cells of the upload's picture in which positions count once, along the long side.
const CELLS: f64 = 32.0;

/// A hit with its geometry: the upload's side brought back to the unmirrored, positive picture.
#[derive(Debug, Clone, Copy)]
pub struct PlacedHit {
    pub hit: Hit,
    pub upload: (f64, f64),
    pub deleted: (f64, f64),
    /// ln of upload scale over deleted scale.
    pub scale: f64,
    /// Turn from the deleted to the upload's patch.
    pub turn: f64,
    pub times: HitTimes,
}

/// Arms of a keypoint, long sides of the deleted picture, and what their ends weigh beside its place.
const ARM: f64 = 0.1;
const ARM_WEIGHT: f64 = 0.15;

impl PlacedHit {
    /// Its place, and the ends of two arms that turn and grow with it: so a few keypoints in a row, or close together,
    /// still say how the picture lies.
    pub fn pairs(&self) -> [Pair; 3] {
        let weight = self.times.weight.max(0.01);
        let own = Affine::similarity(self.scale.exp(), self.turn, self.deleted, self.upload);
        let arm = |dx: f64, dy: f64| {
            let from = (self.deleted.0 + dx, self.deleted.1 + dy);
            Pair { from, to: own.apply(from.0, from.1), weight: weight * ARM_WEIGHT }
        };
        [Pair { from: self.deleted, to: self.upload, weight }, arm(ARM, 0.0), arm(0.0, ARM)]
    }
}

/// One placement on one time map with the hits that agree.
#[derive(Debug, Clone)]
pub struct Alignment {
    pub variant: Variant,
    /// Deleted picture → upload's picture, in long sides; for a mirrored variant into the mirrored upload.
    pub map: Affine,
    pub time_map: TimeMap,
    pub agreeing: Vec<PlacedHit>,
    /// Distinct keypoints that agree, each counting by its nearness and by how rare it is.
    pub distinct: f64,
    /// The same, each counting by its nearness alone.
    pub distinct_near: f64,
    /// The same, each counting one.
    pub distinct_plain: u32,
}

impl Alignment {
    /// Gives every agreeing keypoint the weight of its upload keypoint and counts again.
    pub fn reweigh(&mut self, weights: &[f32]) {
        for s in &mut self.agreeing {
            s.times.weight = nearness(s.hit.distance) * f64::from(weights[s.hit.upload as usize]);
        }
        self.distinct = weight_of(&self.agreeing);
    }
}

/// Up to `most` alignments of one candidate, strongest first; every keypoint weighs by its nearness alone. The `seeds`
/// nearest hits of each variant propose.
pub fn alignments(
    upload: &UploadPrint,
    deleted: &Fingerprint,
    hits: &[Hit],
    (most, seeds): (usize, usize),
) -> Vec<Alignment> {
    let mut hits: Vec<PlacedHit> = hits.iter().map(|h| place(upload, deleted, h)).collect();
    // In order of scale, so that a proposal is held against those of its own scale only: a third of all.
    hits.sort_by(|a, b| a.scale.total_cmp(&b.scale));
    let mut out: Vec<Alignment> = Vec::new();
    while out.len() < most {
        let mut best: Option<Alignment> = None;
        let sure = out.first().is_some_and(|a| a.distinct >= SURE_DISTINCT);
        let most_seeds = if sure { SEEDS_BESIDE } else { seeds };
        for variant in Variant::ALL {
            let pool: Vec<PlacedHit> =
                hits.iter().filter(|s| s.hit.variant == variant).copied().collect();
            for found in of_variant(variant, &pool, deleted, best.as_ref(), most_seeds) {
                if best.as_ref().is_none_or(|b| found.distinct > b.distinct) {
                    best = Some(found);
                }
            }
        }
        let Some(found) = best else { break };
        let used: FxHashSet<(u32, u32)> =
            found.agreeing.iter().map(|s| (s.hit.upload, s.hit.deleted)).collect();
        hits.retain(|s| !used.contains(&(s.hit.upload, s.hit.deleted)));
        out.push(found);
    }
    out
}

fn place(upload: &UploadPrint, deleted: &Fingerprint, hit: &Hit) -> PlacedHit {
    let q = &upload.keypoints[hit.upload as usize].spot;
    let r = &deleted.keypoints[hit.deleted as usize].spot;
    let (x, angle) = if hit.variant.mirrored() {
        (upload.width - q.x, std::f32::consts::PI - q.angle)
    } else {
        (q.x, q.angle)
    };
    let angle = if hit.variant.inverted() { angle + std::f32::consts::PI } else { angle };
    let turn = wrap(wrap(wrap(angle) - r.angle));
    PlacedHit {
        hit: *hit,
        upload: (f64::from(x), f64::from(q.y)),
        deleted: (f64::from(r.x), f64::from(r.y)),
        scale: f64::from(q.scale / r.scale).ln(),
        turn: f64::from(turn),
        times: HitTimes {
            upload: (f64::from(q.first_s), f64::from(q.last_s)),
            deleted: (f64::from(r.first_s), f64::from(r.last_s)),
            weight: nearness(hit.distance),
        },
    }
}

/// What a hit counts: chance hits lie at the rim of what is a hit (9 or 10 bits and beyond), those of a copy mostly within
/// (two thirds at 5 bits and less).
fn nearness(distance: u8) -> f64 {
    ((13.0 - f64::from(distance)) / 8.0).clamp(0.1, 1.0)
}

/// The best few alignments of one variant that could beat `standing`.
fn of_variant(
    variant: Variant,
    pool: &[PlacedHit],
    deleted: &Fingerprint,
    standing: Option<&Alignment>,
    most_seeds: usize,
) -> Vec<Alignment> {
    if pool.len() < COUNT_MIN as usize {
        return Vec::new();
    }
    let bar = standing.map_or(WEIGHT_MIN, |a| a.distinct);
    let mut counter = Counter::new(deleted.keypoints.len());
    let mut proposals: Vec<(f64, Affine, (f64, f64))> = seeds(pool, most_seeds)
        .into_iter()
        .map(|i| {
            let s = &pool[i];
            let map = Affine::similarity(s.scale.exp(), s.turn, s.deleted, s.upload);
            let shape = (s.scale, s.turn);
            let first = pool.partition_point(|p| p.scale < s.scale - SCALE_MISS);
            let after = pool.partition_point(|p| p.scale <= s.scale + SCALE_MISS);
            let like = &pool[first..after];
            (counter.weight(like.iter().filter(|p| agrees(p, &map, shape, PLACE_MISS))), map, shape)
        })
        .filter(|(weight, ..)| *weight >= bar)
        .collect();
    proposals.sort_by(|a, b| b.0.total_cmp(&a.0));
    proposals.truncate(FITTED);
    let mut out: Vec<Alignment> = Vec::new();
    for (weight, map, shape) in proposals {
        if out.iter().any(|a| a.distinct >= weight) {
            break;
        }
        out.extend(fitted(variant, pool, &map, shape).filter(|a| a.distinct >= bar));
    }
    out
}

/// Which hits propose: the nearest pairs first, no keypoint more than three times.
fn seeds(pool: &[PlacedHit], most: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..pool.len()).collect();
    order.sort_by(|a, b| {
        let key = |i: usize| (pool[i].hit.distance, pool[i].hit.deleted, pool[i].hit.upload);
        (key(*a)).cmp(&key(*b))
    });
    let mut times = FxHashMap::default();
    order.retain(|i| {
        let n = times.entry(pool[*i].hit.deleted).or_insert(0u8);
        *n += 1;
        *n <= 3
    });
    order.truncate(most);
    order
}

fn agrees(s: &PlacedHit, map: &Affine, (scale, turn): (f64, f64), miss: f64) -> bool {
    // What was enlarged lies off by so much more.
    let miss = miss * scale.exp().clamp(0.6, 1.6);
    if (s.scale - scale).abs() > SCALE_MISS {
        return false;
    }
    let off = (s.turn - turn).abs();
    if off.min(std::f64::consts::TAU - off) > TURN_MISS {
        return false;
    }
    let (x, y) = map.apply(s.deleted.0, s.deleted.1);
    let (dx, dy) = (x - s.upload.0, y - s.upload.1);
    dx * dx + dy * dy <= miss * miss
}

/// Fit, widen, put on a time map.
fn fitted(
    variant: Variant,
    pool: &[PlacedHit],
    map: &Affine,
    shape: (f64, f64),
) -> Option<Alignment> {
    let near = |map: &Affine, shape, miss| -> Vec<PlacedHit> {
        pool.iter().filter(|s| agrees(s, map, shape, miss)).copied().collect()
    };
    let first = near(map, shape, PLACE_MISS);
    let time_map = on_time_map(&first)?;
    let (mut map, mut kept) = (*map, time_map.1);
    for round in 0..3 {
        let pairs: Vec<Pair> = kept.iter().flat_map(PlacedHit::pairs).collect();
        let affine = if round > 0 && kept.len() >= 8 { fit_affine(&pairs) } else { None };
        let affine = affine.filter(|m| m.anisotropy() <= ANISOTROPY_MAX);
        let Some(next) = affine.or_else(|| fit_similarity(&pairs)) else { break };
        let (k, turn) = next.scale_and_turn();
        let around = near(&next, (k.max(1e-6).ln(), turn), PLACE_MISS_FITTED);
        let Some((_, agreeing)) = on_time_map(&around) else { break };
        if weight_of(&agreeing) < weight_of(&kept) * 0.8 {
            break;
        }
        (map, kept) = (next, agreeing);
    }
    let (time_map, agreeing) = on_time_map(&kept)?;
    let distinct = weight_of(&agreeing);
    let distinct_plain = count_of(&agreeing);
    if distinct_plain < COUNT_MIN {
        return None;
    }
    let distinct_near = distinct;
    Some(Alignment { variant, map, time_map, agreeing, distinct, distinct_near, distinct_plain })
}

/// The best time map through the times and those that lie on it.
fn on_time_map(hits: &[PlacedHit]) -> Option<(TimeMap, Vec<PlacedHit>)> {
    let times: Vec<HitTimes> = hits.iter().map(|s| s.times).collect();
    let (time_map, _) = best_time_map(&times)?;
    let slack = crate::matching::time_map::SLACK_S + 0.05;
    let on = |time_map: &TimeMap| -> Vec<PlacedHit> {
        let meets = |s: &&PlacedHit| time_map.miss_s(s.times.upload, s.times.deleted) <= slack;
        hits.iter().filter(meets).copied().collect()
    };
    let kept = on(&time_map);
    let refined = refine(time_map, &kept.iter().map(|s| s.times).collect::<Vec<_>>());
    let again = on(&refined);
    if again.len() >= kept.len() { Some((refined, again)) } else { Some((time_map, kept)) }
}

/// Quick distinct count for proposals: each deleted keypoint once, by its best hit.
struct Counter {
    stamp: u32,
    seen: Vec<(u32, f64)>,
}

impl Counter {
    fn new(keypoints: usize) -> Self {
        Counter { stamp: 0, seen: vec![(0, 0.0); keypoints] }
    }

    fn weight<'a>(&mut self, hits: impl Iterator<Item = &'a PlacedHit>) -> f64 {
        self.stamp += 1;
        let mut sum = 0.0;
        for s in hits {
            let (stamp, best) = &mut self.seen[s.hit.deleted as usize];
            let before = if *stamp == self.stamp { *best } else { 0.0 };
            if s.times.weight > before {
                sum += s.times.weight - before;
                (*stamp, *best) = (self.stamp, s.times.weight);
            }
        }
        sum
    }
}

/// Distinct evidence: places in the deleted picture and places in the upload's count once each, whichever are fewer.
/// So a caption, a logo or a wall that stands still is one piece of evidence, not one a second.
fn weight_of(agreeing: &[PlacedHit]) -> f64 {
    let (mut from, mut to) = (Cells::default(), Cells::default());
    for s in agreeing {
        from.add(s.deleted, s.times.weight);
        to.add(s.upload, s.times.weight);
    }
    from.sum().min(to.sum())
}

fn count_of(agreeing: &[PlacedHit]) -> u32 {
    let (mut from, mut to) = (Cells::default(), Cells::default());
    for s in agreeing {
        from.add(s.deleted, 1.0);
        to.add(s.upload, 1.0);
    }
    from.0.len().min(to.0.len()) as u32
}

#[derive(Default)]
struct Cells(FxHashMap<(i32, i32), f64>);

impl Cells {
    fn add(&mut self, at: (f64, f64), weight: f64) {
        let cell = ((at.0 * CELLS).floor() as i32, (at.1 * CELLS).floor() as i32);
        let w = self.0.entry(cell).or_insert(0.0);
        *w = w.max(weight);
    }

    fn sum(&self) -> f64 {
        self.0.values().sum()
    }
}
