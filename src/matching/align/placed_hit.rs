//! A hit with its geometry, and how much evidence several of them are.
//!
//! # What a hit counts
//!
//! Two numbers are asked of a set of hits: how many *distinct* pieces of evidence it holds, and what they weigh. A
//! caption, a logo or a wall that stands still is found anew in every keyframe; it is one piece of evidence, not one a
//! second. So both pictures are divided into cells, a cell counts once with the heaviest hit in it, and of the two
//! pictures the one with the smaller sum decides ([`distinct_weight`], [`distinct_count`]).

use rustc_hash::FxHashMap;

use crate::fingerprint::{Fingerprint, UploadPrint, wrap};
use crate::matching::align::geometry::{
    Affine, DeletedPoint, PicturePoint, PointPair, UploadPoint,
};
use crate::matching::align::hits::Hit;
use crate::matching::align::time_map::HitTimes;
use crate::model::{DeletedSpan, UploadSpan};

/// Weight of a hit: `(NEAR_ZERO − distance) / NEAR_RANGE` within `NEAR_LIMITS`. Chance hits lie at the rim of what is
/// a hit (9 bits and beyond: 0.5 and less), two thirds of a re-upload's at 5 bits and less (1.0). Tuned. The index has
/// two weights of its own, one for votes and one for refined votes: these rank candidates, so they fall to nearly 0 at
/// the most bits that the index compares, while a hit that supports an alignment always counts something.
const NEAR_ZERO: f64 = 13.0;
const NEAR_RANGE: f64 = 8.0;
const NEAR_LIMITS: (f64, f64) = (0.1, 1.0);
/// Length of a keypoint's arms, long sides of the deleted picture, and what each end weighs beside the keypoint itself.
/// Tuned.
const ARM: f64 = 0.1;
const ARM_WEIGHT: f64 = 0.15;
/// Least weight in a fit: a hit whose keypoint is common still lies where it lies. Guards a division.
const FIT_WEIGHT_MIN: f64 = 0.01;
/// Cells along the long side in which positions count once. Tuned.
const CELLS: f64 = 32.0;

/// A hit with its geometry: the upload's side brought back to the unmirrored, positive picture.
#[derive(Debug, Clone, Copy)]
pub struct PlacedHit {
    pub hit: Hit,
    pub upload: UploadPoint,
    pub deleted: DeletedPoint,
    /// ln of the upload keypoint's scale over the deleted one's.
    pub ln_scale: f64,
    /// Turn from the deleted to the upload's patch, radians, −π..π.
    pub turn: f64,
    /// When both are seen, and the hit's weight.
    pub times: HitTimes,
}

impl PlacedHit {
    pub fn new(upload: &UploadPrint, deleted: &Fingerprint, hit: &Hit) -> PlacedHit {
        let q = &upload.keypoints[hit.upload as usize].spot;
        let r = &deleted.keypoints[hit.deleted as usize].spot;
        let (x, angle) = if hit.variant.mirrored() {
            (upload.width - q.x, std::f32::consts::PI - q.angle)
        } else {
            (q.x, q.angle)
        };
        // A negative exchanges light and dark: all gradients point the other way.
        let angle = if hit.variant.inverted() { angle + std::f32::consts::PI } else { angle };
        let turn = wrap(wrap(wrap(angle) - r.angle));
        PlacedHit {
            hit: *hit,
            upload: UploadPoint::new(f64::from(x), f64::from(q.y)),
            deleted: DeletedPoint::new(f64::from(r.x), f64::from(r.y)),
            ln_scale: f64::from(q.scale / r.scale).ln(),
            turn: f64::from(turn),
            times: HitTimes {
                upload: UploadSpan::new(f64::from(q.first_s), f64::from(q.last_s)),
                deleted: DeletedSpan::new(f64::from(r.first_s), f64::from(r.last_s)),
                weight: hit_weight(hit.distance),
            },
        }
    }

    /// The similarity that this hit alone proposes.
    pub fn proposal(&self) -> Affine {
        Affine::similarity(self.ln_scale.exp(), self.turn, self.deleted, self.upload)
    }

    /// Its place, and the ends of two arms that turn and grow with it: so a few keypoints in a row, or close together,
    /// still determine how the picture lies.
    pub fn point_pairs(&self) -> [PointPair; 3] {
        let weight = self.times.weight.max(FIT_WEIGHT_MIN);
        let own = self.proposal();
        let arm = |dx: f64, dy: f64| {
            let from = DeletedPoint::new(self.deleted.x + dx, self.deleted.y + dy);
            PointPair { from, to: own.apply(from), weight: weight * ARM_WEIGHT }
        };
        [PointPair { from: self.deleted, to: self.upload, weight }, arm(ARM, 0.0), arm(0.0, ARM)]
    }
}

/// Weight of a hit by the bits that differ, 0.1..1.
pub fn hit_weight(distance: u8) -> f64 {
    let (least, most) = NEAR_LIMITS;
    ((NEAR_ZERO - f64::from(distance)) / NEAR_RANGE).clamp(least, most)
}

/// Weight of the distinct evidence in hits.
pub fn distinct_weight(hits: &[PlacedHit]) -> f64 {
    let (mut from, mut to) = (Cells::default(), Cells::default());
    for s in hits {
        from.add(s.deleted, s.times.weight);
        to.add(s.upload, s.times.weight);
    }
    from.sum().min(to.sum())
}

/// Number of distinct pieces of evidence in hits.
pub fn distinct_count(hits: &[PlacedHit]) -> u32 {
    let (mut from, mut to) = (Cells::default(), Cells::default());
    for s in hits {
        from.add(s.deleted, 1.0);
        to.add(s.upload, 1.0);
    }
    from.0.len().min(to.0.len()) as u32
}

#[derive(Default)]
struct Cells(FxHashMap<(i32, i32), f64>);

impl Cells {
    fn add<V>(&mut self, at: PicturePoint<V>, weight: f64) {
        let cell = ((at.x * CELLS).floor() as i32, (at.y * CELLS).floor() as i32);
        let w = self.0.entry(cell).or_insert(0.0);
        *w = w.max(weight);
    }

    fn sum(&self) -> f64 {
        self.0.values().sum()
    }
}

/// The weight of distinct deleted keypoints, without cells: a quick upper estimate for ranking many proposals.
/// Its memory is reused from one set of hits to the next.
pub struct KeypointCounter {
    stamp: u32,
    seen: Vec<(u32, f64)>,
}

impl KeypointCounter {
    /// For a fingerprint with this many keypoints.
    pub fn new(keypoints: usize) -> Self {
        KeypointCounter { stamp: 0, seen: vec![(0, 0.0); keypoints] }
    }

    /// Sums the weights of hits, each deleted keypoint once, by its best hit.
    pub fn weight<'a>(&mut self, hits: impl Iterator<Item = &'a PlacedHit>) -> f64 {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::Variant;
    use crate::matching::tests::scene::{Scene, placed_hit};

    #[test]
    fn the_weight_falls_with_the_distance_and_stays_within_its_limits() {
        assert_eq!((hit_weight(0), hit_weight(5), hit_weight(64)), (1.0, 1.0, 0.1));
        for distance in 0..64 {
            assert!(hit_weight(distance + 1) <= hit_weight(distance));
        }
    }

    #[test]
    fn a_hit_that_stands_still_is_one_piece_of_evidence() {
        let still: Vec<PlacedHit> =
            (0..20).map(|n| placed_hit(n, (0.5, 0.4), (0.31, 0.2))).collect();
        assert_eq!((distinct_count(&still), distinct_weight(&still)), (1, 1.0));
        // Twenty places in the one picture, one in the other: a wall of letters that one keypoint resembles.
        let spread: Vec<PlacedHit> =
            (0..20).map(|n| placed_hit(n, (f64::from(n) / 20.0, 0.4), (0.31, 0.2))).collect();
        assert_eq!((distinct_count(&spread), distinct_weight(&spread)), (1, 1.0));
        let both: Vec<PlacedHit> = (0..20)
            .map(|n| placed_hit(n, (f64::from(n) / 20.0, 0.4), (0.2, f64::from(n) / 20.0)))
            .collect();
        assert_eq!((distinct_count(&both), distinct_weight(&both)), (20, 20.0));
    }

    #[test]
    fn each_variant_is_brought_back_to_the_plain_picture() {
        for variant in Variant::ALL {
            let scene = Scene { variant, ..Scene::new(9) };
            let (deleted, upload) = (scene.deleted(), scene.upload());
            let hits = scene.hits(&deleted, &upload);
            for hit in hits.iter().filter(|h| h.variant == variant && h.distance < 5) {
                let placed = PlacedHit::new(&upload, &deleted, hit);
                let miss =
                    placed.upload.distance_squared(&scene.map().apply(placed.deleted)).sqrt();
                let turned = wrap((placed.turn - scene.turn) as f32).abs();
                assert!(miss < 0.02 && turned < 0.1, "{variant:?}: {miss} {turned}");
                assert!((placed.ln_scale - scene.scale.ln()).abs() < 0.1);
            }
        }
    }
}
