//! An alignment put on the time map and the placement that explain most of what ought to be visible, and measured there.
//!
//! ```text
//! for each time map worth trying:          the keypoints' own, the one at unchanged speed, the frames' own
//!     fit the placement to the pairs that meet on it       (`polish`)
//!     from when to when it holds                            (`spans`)
//!     what is found of what ought to be visible             (`coverage`)
//! keep the best, then fit the placement to what was found and look again, as long as more is found
//! while there is doubt: the same a second earlier and later
//! compare whole frames under it                             (`placed`)
//! ```

use crate::fingerprint::{Fingerprint, Hasher};
use crate::matching::consensus::Alignment;
use crate::matching::coverage::{Alike, Coverage, coverage};
use crate::matching::frames::FrameEvidence;
use crate::matching::geometry::Affine;
use crate::matching::hits::Prepared;
use crate::matching::placed::Placed;
use crate::matching::polish::{polish, refit};
use crate::matching::prior;
use crate::matching::score::Measured;
use crate::matching::spans;
use crate::matching::time_map::{HitTimes, TimeMap, best_time_map_unchanged};

/// How often a placement is fitted again to what was found under it.
const REFITS: usize = 3;
/// Seconds before the first and after the last agreeing keypoint in which frames are looked at.
const AROUND_S: f64 = 15.0;
/// Seconds by which an alignment of few keypoints may have missed the time: all that they know of it where little moves.
const BESIDE_S: [f64; 4] = [-1.0, -0.5, 0.5, 1.0];
/// Evidence between which other times are tried, nats: below there is nothing, above nothing is in doubt.
const DOUBTFUL_NATS: std::ops::Range<f64> = 4.0..60.0;
/// A placement that was shifted by more than this, long sides, is looked at anew.
const MOVED: f64 = 0.01;
/// Nats on a time map of the frames' own from which it is worth trying.
const OWN_TIME_MAP_NATS: f64 = 10.0;
/// Evidence beside which a small alignment is neither the best nor a span of its own, nats.
const SURE_NATS: f64 = 80.0;

/// An alignment with its stretch of time and what was measured within it.
pub struct FittedAlignment {
    pub alignment: Alignment,
    /// Upload time, seconds.
    pub span: (f64, f64),
    pub coverage: Coverage,
    pub frames: FrameEvidence,
}

impl FittedAlignment {
    /// Holds `alignment` to the upload; `weights` of its keypoints, 0..1.
    pub fn new(
        hasher: &Hasher,
        prepared: &Prepared<'_>,
        deleted: &Fingerprint,
        alike: &Alike,
        weights: &[f32],
        alignment: &Alignment,
    ) -> FittedAlignment {
        let upload = prepared.print;
        let seen = alignment.agreeing.iter().flat_map(|s| [s.times.upload.0, s.times.upload.1]);
        let (from, to) = seen.fold((f64::MAX, f64::MIN), |(a, b), t| (a.min(t), b.max(t)));
        let around = (from - AROUND_S, to + AROUND_S);
        let mut placed = Placed::new(hasher, upload, deleted, alignment, around);
        let look = |time_map: TimeMap, map: Affine, placed: &Placed| {
            let span = spans::span(upload, deleted, alignment, &time_map, placed);
            let alignment = Alignment { time_map, map, ..alignment.clone() };
            let coverage = coverage(prepared, deleted, alike, &alignment, weights, span);
            Seen { alignment, span, coverage }
        };
        let time_maps = time_maps(deleted, alignment, &placed);
        let mut best = time_maps
            .into_iter()
            .map(|time_map| look(time_map, polish(alignment, &time_map), &placed))
            .reduce(|a, b| if b.worth() > a.worth() { b } else { a })
            .expect("the alignment's own time_map is among them");
        let refitted = |mut best: Seen| {
            for _ in 0..REFITS {
                let Some(map) = refit(&best.coverage.pairs) else { break };
                let again = look(best.alignment.time_map, map, &placed);
                if again.worth() <= best.worth() {
                    break;
                }
                best = again;
            }
            best
        };
        best = refitted(best);
        if DOUBTFUL_NATS.contains(&best.worth()) {
            let TimeMap { speed, offset_s } = best.alignment.time_map;
            let beside = BESIDE_S.map(|late| TimeMap { speed, offset_s: offset_s + late });
            let map = best.alignment.map;
            let tried = beside.into_iter().map(|time_map| look(time_map, map, &placed));
            best = tried.fold(best, |a, b| if b.worth() > a.worth() { b } else { a });
            best = refitted(best);
        }
        if moved(&best.alignment.map, &placed.map) {
            placed = Placed::new(hasher, upload, deleted, &best.alignment, around);
            best = look(best.alignment.time_map, best.alignment.map, &placed);
        }
        let Seen { alignment, span, coverage } = best;
        let frames = placed.along(deleted, &alignment.time_map, span);
        FittedAlignment { alignment, span, coverage, frames }
    }

    /// What was measured; `frame_weights` of the upload's frames, 0..1.
    pub fn measured(&self, frame_weights: &[f32]) -> Measured {
        Measured {
            keypoint_nats: self.coverage.nats,
            copy_nats: self.coverage.copy_nats,
            placed_nats: self.frames.nats(frame_weights),
            unplaced_nats: 0.0,
            prior_nats: prior::of_alignment(&self.alignment),
            supports: self.keyframes().max(self.frames.agreeing()),
        }
    }

    /// Whether no small alignment can outdo it, whatever its frames turn out to weigh.
    pub fn is_sure(&self) -> bool {
        let last = self.frames.pairs.iter().map(|p| p.0).max().unwrap_or(0);
        self.measured(&vec![0.0; last + 1]).evidence() >= SURE_NATS
    }

    /// Keyframes of the deleted video of which at least two agreeing keypoints began there.
    pub fn keyframes(&self) -> u32 {
        let agreeing = &self.alignment.agreeing;
        let mut times: Vec<u64> =
            agreeing.iter().map(|s| (s.times.deleted.0 * 1000.0) as u64).collect();
        times.sort_unstable();
        times.chunk_by(|a, b| a == b).filter(|same| same.len() >= 2).count() as u32
    }
}

/// One look at an alignment.
struct Seen {
    alignment: Alignment,
    span: (f64, f64),
    coverage: Coverage,
}

impl Seen {
    fn worth(&self) -> f64 {
        self.coverage.nats - prior::of_time_map(&self.alignment.time_map)
    }
}

fn moved(a: &Affine, b: &Affine) -> bool {
    [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)].into_iter().any(|(x, y)| {
        let (p, q) = (a.apply(x, y), b.apply(x, y));
        (p.0 - q.0).hypot(p.1 - q.1) > MOVED
    })
}

/// Time maps worth trying: the keypoints' own, the one at unchanged speed, and the frames' own, which know the time
/// better (0.25 s against 1 s).
fn time_maps(deleted: &Fingerprint, alignment: &Alignment, placed: &Placed) -> Vec<TimeMap> {
    let mut out = vec![alignment.time_map];
    let times: Vec<HitTimes> = alignment.agreeing.iter().map(|s| s.times).collect();
    out.extend(best_time_map_unchanged(&times).map(|(time_map, _)| time_map));
    let own = if placed.sees() { placed.own_time_map(deleted) } else { None };
    let own = own.filter(|own| own.sum > OWN_TIME_MAP_NATS && own.picked.len() >= 2);
    out.extend(own.map(|own| own.time_map));
    out
}
