//! Hits → alignments: the placements and time maps that many hits agree on.
//!
//! # Idea
//!
//! RANSAC draws random samples of hits because a placement usually takes several of them. Here one hit is enough: two
//! keypoints with a scale and an angle each propose a whole similarity (Philbin, Chum, Isard, Sivic, Zisserman,
//! *Object retrieval with large vocabularies and fast spatial matching*, CVPR 2007). So nothing is drawn: the nearest
//! pairs propose in turn, the proposal with the most support wins, is fitted to its supporters, and is put on the time
//! map that most of them share. Its hits are taken away and the search begins anew, which finds scenes in another
//! order, and a second showing in the same picture.
//!
//! # Pseudo code
//!
//! ```text
//! repeat, at most alignments_max times:
//!     best ← none
//!     for each variant:
//!         for each of the nearest `seeds` hits, no deleted keypoint more than three times:
//!             map ← the similarity that the hit proposes
//!             support ← weight of the distinct deleted keypoints among the hits that agree with map
//!         for the FITTED best supported maps:
//!             agreeing ← the hits that agree with map and lie on the best time map of those
//!             three times:
//!                 map' ← least squares through agreeing: a similarity; affine from the second round and 8 hits on
//!                 agreeing' ← the hits within the narrower tolerance of map' that lie on their best time map
//!                 stop if agreeing' weighs less than 0.8 of agreeing; else map, agreeing ← map', agreeing'
//!             best ← (map, time map, agreeing) if its distinct evidence weighs more
//!     take the hits of best away
//! ```
//!
//! # Departures from the textbook, and why
//!
//! - *Agreement is asked of scale and turn too,* not of the place alone. Chance hits rarely agree in all four.
//! - *The tolerance grows with the scale* ([`SCALE_REACH`]): what was enlarged lies off by so much more.
//! - *Fit and gather in turn* (local optimisation: Chum, Matas, Kittler, *Locally optimized RANSAC*, DAGM 2003), but
//!   only three times, and widened to an affine map after the first round: a stretched re-upload is stretched all
//!   over, and with few hits noise would look like stretch.
//! - *Support is weighed, not counted,* by how near the hashes are ([`hit_weight`](placed_hit::hit_weight)), and
//!   counted once a place ([`distinct_weight`]).
//! - *Time is part of the agreement.* A static overlay agrees in place at all times; a scene agrees on one time map.
//! - *Hits are kept in order of scale,* so that a proposal is held against those of its own scale only, a third of all.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::fingerprint::{Fingerprint, UploadPrint, Variant};
use crate::matching::align::geometry::{Affine, PointPair, fit_affine, fit_similarity};
use crate::matching::align::hits::Hit;
use crate::matching::align::placed_hit::{
    self, KeypointCounter, PlacedHit, distinct_count, distinct_weight,
};
use crate::matching::align::time_map::{self, HitTimes, TimeMap, best_time_map};

/// How far a hit may differ from the placement that it supports: ln of scale (1.5 times), radians (20°), and the
/// upload's long sides. Tuned.
const SCALE_MISS: f64 = 0.40;
const TURN_MISS: f64 = 0.35;
const PLACE_MISS: f64 = 0.07;
/// The place again, once the placement was fitted to many hits rather than proposed by one. Tuned.
const PLACE_MISS_FITTED: f64 = 0.045;
/// Bounds of the factor by which the tolerance of place follows the placement's scale. Tuned.
const SCALE_REACH: (f64, f64) = (0.6, 1.6);
/// Seconds by which a hit may miss the time map on which it counts: the slack of the search, and a rounding. Tuned.
const TIME_MISS_S: f64 = time_map::SLACK_S + 0.05;
/// Ratio of stretches beyond which a placement is chance's and no re-upload's. Tuned.
const ANISOTROPY_MAX: f64 = 2.2;
/// Proposals tried for one alignment by near hits. Tuned.
pub const SEEDS: usize = 240;
/// The same for wide hits, which add support rather than proposals. Measured: with 240 the benchmark's answers were the
/// same, and the judgement of an upload that matches nothing took 54 ms instead of 20 (four alignments each).
pub const WIDE_SEEDS: usize = 60;
/// Proposals tried for further alignments beside one that weighs [`SURE_DISTINCT`]: there only what stands out is worth
/// looking for, another scene or a second showing. Tuned.
const SEEDS_BESIDE: usize = 60;
/// Weight of distinct hits from which an alignment is beyond doubt. Tuned.
pub const SURE_DISTINCT: f64 = 12.0;
/// Proposals by one deleted keypoint. Tuned.
const SEEDS_PER_KEYPOINT: u8 = 3;
/// Proposals of one variant that are fitted. Tuned.
const FITTED: usize = 6;
/// Rounds of fitting and gathering, and the hits from which a fit may be affine. Tuned.
const FIT_ROUNDS: usize = 3;
const AFFINE_HITS_MIN: usize = 8;
/// Share of its weight that a fit must keep. Tuned.
const FIT_KEEPS: f64 = 0.8;
/// Fewest distinct hits of an alignment, and what they must weigh together. With these tolerances two hits agree by
/// chance too often. Tuned.
const COUNT_MIN: u32 = 3;
const WEIGHT_MIN: f64 = 1.4;

/// One placement on one time map, with the hits that agree.
#[derive(Debug, Clone)]
pub struct Alignment {
    pub variant: Variant,
    /// Deleted picture → upload's picture; for a mirrored variant into the mirrored upload.
    pub map: Affine,
    pub time_map: TimeMap,
    pub agreeing: Vec<PlacedHit>,
    /// Weight of distinct hits: how near their hashes are, times how rare their keypoints are.
    pub distinct: f64,
    /// The same without the rarity.
    pub distinct_near: f64,
    /// The same, each counting one.
    pub distinct_plain: u32,
}

impl Alignment {
    /// Weighs every agreeing hit by its distance alone. Rarity among the hits guides the search; where an alignment
    /// stands, a keypoint says as much as another.
    pub fn weigh_by_distance(&mut self) {
        for s in &mut self.agreeing {
            s.times.weight = placed_hit::hit_weight(s.hit.distance);
        }
        self.distinct = distinct_weight(&self.agreeing);
    }

    /// When the agreeing hits are seen in upload and deleted video.
    pub fn times(&self) -> Vec<HitTimes> {
        self.agreeing.iter().map(|s| s.times).collect()
    }
}

/// Limits of one search.
#[derive(Debug, Clone, Copy)]
pub struct SearchLimits {
    /// Alignments of one candidate.
    pub alignments_max: usize,
    /// Hits of each variant that propose.
    pub seeds: usize,
}

/// The alignments of one candidate, strongest first. Hits weigh by their hashes alone.
pub fn alignments(
    upload: &UploadPrint,
    deleted: &Fingerprint,
    hits: &[Hit],
    limits: SearchLimits,
) -> Vec<Alignment> {
    let mut hits: Vec<PlacedHit> =
        hits.iter().map(|h| PlacedHit::new(upload, deleted, h)).collect();
    hits.sort_by(|a, b| a.ln_scale.total_cmp(&b.ln_scale));
    let mut out: Vec<Alignment> = Vec::new();
    while out.len() < limits.alignments_max {
        let mut best: Option<Alignment> = None;
        let sure = out.first().is_some_and(|a| a.distinct >= SURE_DISTINCT);
        let seeds_max = if sure { SEEDS_BESIDE } else { limits.seeds };
        for variant in Variant::ALL {
            let pool: Vec<PlacedHit> =
                hits.iter().filter(|s| s.hit.variant == variant).copied().collect();
            for found in of_variant(variant, &pool, deleted, best.as_ref(), seeds_max) {
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

/// A placement, with the scale and turn that hits are held against.
#[derive(Debug, Clone, Copy)]
struct Proposal {
    map: Affine,
    ln_scale: f64,
    turn: f64,
}

impl Proposal {
    fn of_hit(hit: &PlacedHit) -> Proposal {
        Proposal { map: hit.proposal(), ln_scale: hit.ln_scale, turn: hit.turn }
    }

    fn of_map(map: Affine) -> Proposal {
        let shape = map.shape();
        Proposal { map, ln_scale: shape.scale.max(1e-6).ln(), turn: shape.turn }
    }

    /// Whether a hit agrees, its place within `miss` long sides.
    fn is_supported_by(&self, hit: &PlacedHit, miss: f64) -> bool {
        let (least, most) = SCALE_REACH;
        let miss = miss * self.ln_scale.exp().clamp(least, most);
        if (hit.ln_scale - self.ln_scale).abs() > SCALE_MISS {
            return false;
        }
        let off = (hit.turn - self.turn).abs();
        if off.min(std::f64::consts::TAU - off) > TURN_MISS {
            return false;
        }
        self.map.apply(hit.deleted).distance_squared(&hit.upload) <= miss * miss
    }

    fn supporters(&self, pool: &[PlacedHit], miss: f64) -> Vec<PlacedHit> {
        pool.iter().filter(|s| self.is_supported_by(s, miss)).copied().collect()
    }
}

/// The best few alignments of one variant that could beat `standing`.
fn of_variant(
    variant: Variant,
    pool: &[PlacedHit],
    deleted: &Fingerprint,
    standing: Option<&Alignment>,
    seeds_max: usize,
) -> Vec<Alignment> {
    if pool.len() < COUNT_MIN as usize {
        return Vec::new();
    }
    let bar = standing.map_or(WEIGHT_MIN, |a| a.distinct);
    let mut counter = KeypointCounter::new(deleted.keypoints.len());
    let mut proposals: Vec<(f64, Proposal)> = seeds(pool, seeds_max)
        .into_iter()
        .map(|i| {
            let own = Proposal::of_hit(&pool[i]);
            let first = pool.partition_point(|p| p.ln_scale < own.ln_scale - SCALE_MISS);
            let after = pool.partition_point(|p| p.ln_scale <= own.ln_scale + SCALE_MISS);
            let of_its_scale = &pool[first..after];
            let support = of_its_scale.iter().filter(|p| own.is_supported_by(p, PLACE_MISS));
            (counter.weight(support), own)
        })
        .filter(|(weight, _)| *weight >= bar)
        .collect();
    proposals.sort_by(|a, b| b.0.total_cmp(&a.0));
    proposals.truncate(FITTED);
    let mut out: Vec<Alignment> = Vec::new();
    for (weight, proposal) in proposals {
        if out.iter().any(|a| a.distinct >= weight) {
            break;
        }
        out.extend(fitted(variant, pool, &proposal).filter(|a| a.distinct >= bar));
    }
    out
}

/// Which hits propose: the nearest pairs first.
fn seeds(pool: &[PlacedHit], seeds_max: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..pool.len()).collect();
    order.sort_by_key(|i| (pool[*i].hit.distance, pool[*i].hit.deleted, pool[*i].hit.upload));
    let mut proposed = FxHashMap::default();
    order.retain(|i| {
        let n = proposed.entry(pool[*i].hit.deleted).or_insert(0u8);
        *n += 1;
        *n <= SEEDS_PER_KEYPOINT
    });
    order.truncate(seeds_max);
    order
}

/// The alignment that a proposal leads to, if enough agrees with it.
fn fitted(variant: Variant, pool: &[PlacedHit], proposal: &Proposal) -> Option<Alignment> {
    let (_, mut kept) = on_time_map(&proposal.supporters(pool, PLACE_MISS))?;
    let mut map = proposal.map;
    for round in 0..FIT_ROUNDS {
        let pairs: Vec<PointPair> = kept.iter().flat_map(PlacedHit::point_pairs).collect();
        let affine =
            if round > 0 && kept.len() >= AFFINE_HITS_MIN { fit_affine(&pairs) } else { None };
        let affine = affine.filter(|m| m.anisotropy() <= ANISOTROPY_MAX);
        let Some(next) = affine.or_else(|| fit_similarity(&pairs)) else { break };
        let around = Proposal::of_map(next).supporters(pool, PLACE_MISS_FITTED);
        let Some((_, agreeing)) = on_time_map(&around) else { break };
        if distinct_weight(&agreeing) < distinct_weight(&kept) * FIT_KEEPS {
            break;
        }
        (map, kept) = (next, agreeing);
    }
    let (time_map, agreeing) = on_time_map(&kept)?;
    let (distinct, distinct_plain) = (distinct_weight(&agreeing), distinct_count(&agreeing));
    (distinct_plain >= COUNT_MIN).then_some(Alignment {
        variant,
        map,
        time_map,
        agreeing,
        distinct,
        distinct_near: distinct,
        distinct_plain,
    })
}

/// The best time map of hits, refined where that loses none, and the hits that lie on it.
fn on_time_map(hits: &[PlacedHit]) -> Option<(TimeMap, Vec<PlacedHit>)> {
    let times = |hits: &[PlacedHit]| -> Vec<HitTimes> { hits.iter().map(|s| s.times).collect() };
    let on = |time_map: &TimeMap| -> Vec<PlacedHit> {
        let meets = |s: &&PlacedHit| time_map.miss_s(&s.times) <= TIME_MISS_S;
        hits.iter().filter(meets).copied().collect()
    };
    let found = best_time_map(&times(hits))?;
    let kept = on(&found);
    let refined = time_map::refine(found, &times(&kept));
    let on_refined = on(&refined);
    Some(if on_refined.len() >= kept.len() { (refined, on_refined) } else { (found, kept) })
}
