//! An alignment, put on the time map and the placement that explain most of what ought to be visible, and measured
//! there.
//!
//! The consensus knows time to a second and place to a twentieth of the picture. Coverage, which decides, needs both
//! more exactly: keypoints are expected within 0.035 long sides. So the alignment is tried on several time maps, and
//! its placement is fitted to what is found:
//!
//! ```text
//! for each time map worth trying:           the keypoints' own, the one at unchanged speed, the frames' own
//!     fit the placement to the hits that meet on it         (`align::polish`)
//!     find from when to when it holds                       (`spans`)
//!     measure what is found of what ought to be visible     (`coverage`)
//! best ← the trial with the largest worth: coverage, less the cost of its time map
//! up to REFITS times, while the worth grows: fit the placement to what was found, try again
//! if the worth is in doubt: try the best a second and half a second earlier and later, and refit
//! if the placement has moved: draw the frames anew and try once more
//! at another speed: take the video's own instead, unless that explains clearly less
//! where an overlay explains better, ask what passes         (`coverage`)
//! measure whole frames on the best                          (`placed_frames`)
//! ```
//!
//! This is coordinate ascent from several starts. It may end in a local maximum; the starts are those in which
//! re-uploads were found to lie.

use crate::fingerprint::{Fingerprint, Hasher};
use crate::matching::align::consensus::Alignment;
use crate::matching::align::geometry::{Affine, DeletedPoint};
use crate::matching::align::polish::{polish, refit};
use crate::matching::align::time_map::{TimeMap, best_time_map_unchanged};
use crate::matching::evidence::coverage::{Coverage, CoverageSearch};
use crate::matching::evidence::frames::FrameEvidence;
use crate::matching::evidence::placed_frames::PlacedFrames;
use crate::matching::evidence::score::Measured;
use crate::matching::evidence::slides::Changes;
use crate::matching::evidence::{prior, spans};
use crate::model::UploadSpan;

/// How often a placement is fitted again to what was found under it. Tuned.
const REFITS: usize = 3;
/// Seconds before the first and after the last agreeing hit in which frames are hashed. Tuned.
const AROUND_S: f64 = 15.0;
/// Seconds by which an alignment of few keypoints may have missed the time. Where little moves, that is all that they
/// know of it. Tuned.
const BESIDE_S: [f64; 4] = [-1.0, -0.5, 0.5, 1.0];
/// Worth between which other times are tried, nats: below there is nothing, above nothing is in doubt. Tuned.
const DOUBTFUL_NATS: std::ops::Range<f64> = 4.0..60.0;
/// Long sides by which a placement may move before the frames are drawn anew. Tuned.
const MOVED: f64 = 0.01;
/// Nats, and frames, on a line of the frames' own from which its time map is worth trying. Tuned.
const OWN_LINE_NATS: f64 = 10.0;
const OWN_LINE_FRAMES: usize = 2;
/// Evidence beside which a small alignment is neither the best nor a span of its own, nats. Tuned.
const SURE_NATS: f64 = 80.0;
/// Nats by which another speed must explain more than the deleted video's own, beyond its cost. Tuned.
const UNCHANGED_NATS: f64 = 6.0;
/// Agreeing hits that date a moment from which the time is known. Tuned.
const DATED_MIN: usize = 3;
/// Agreeing hits that begin in a keyframe of the deleted video from which that keyframe supports the match. Tuned.
const KEYFRAME_HITS_MIN: usize = 2;

/// An alignment with its stretch of time and what was measured within it.
pub struct FittedAlignment {
    pub alignment: Alignment,
    pub span: UploadSpan,
    pub coverage: Coverage,
    pub frames: FrameEvidence,
    /// Of the pictures that follow each other.
    pub changes: Changes,
}

/// One trial of an alignment.
struct Trial {
    alignment: Alignment,
    span: UploadSpan,
    coverage: Coverage,
}

impl Trial {
    fn worth(&self) -> f64 {
        self.coverage.nats - prior::of_time_map(&self.alignment.time_map)
    }

    fn better(self, other: Trial) -> Trial {
        if other.worth() > self.worth() { other } else { self }
    }
}

/// Fits the alignments of one candidate.
pub struct Fitter<'a> {
    pub hasher: &'a Hasher,
    pub search: CoverageSearch<'a>,
}

impl Fitter<'_> {
    /// Fits one alignment.
    pub fn fit(&self, alignment: &Alignment) -> FittedAlignment {
        let deleted = self.search.deleted;
        let seen = alignment.agreeing.iter().map(|s| s.times.upload);
        let from = seen.clone().fold(f64::MAX, |from, span| from.min(span.start_s));
        let to = seen.fold(f64::MIN, |to, span| to.max(span.end_s));
        let around = UploadSpan::new(from, to).padded(AROUND_S);
        let mut placed = self.placed(alignment, around);
        let mut best = time_maps(deleted, alignment, &placed)
            .into_iter()
            .map(|time_map| {
                let map = polish(alignment, &time_map);
                self.trial(alignment, time_map, map, &placed)
            })
            .reduce(Trial::better)
            .expect("the alignment's own time map is among them");
        best = self.refitted(alignment, best, &placed);
        if DOUBTFUL_NATS.contains(&best.worth()) {
            let TimeMap { speed, offset_s } = best.alignment.time_map;
            let map = best.alignment.map;
            for late_s in BESIDE_S {
                let beside = TimeMap { speed, offset_s: offset_s + late_s };
                best = best.better(self.trial(alignment, beside, map, &placed));
            }
            best = self.refitted(alignment, best, &placed);
        }
        if moved(&best.alignment.map, &placed.map) {
            placed = self.placed(&best.alignment, around);
            let Alignment { time_map, map, .. } = best.alignment;
            best = self.trial(alignment, time_map, map, &placed);
        }
        best = self.unchanged_if_as_good(deleted, best, &placed);
        let Trial { alignment, span, mut coverage } = best;
        if coverage.reupload_nats < 0.0 {
            coverage.passing_nats = self.search.passing_nats(&alignment, &span);
        }
        let frames = placed.along(deleted, &alignment.time_map, &span);
        let changes = placed.changes(deleted, &alignment.time_map, &span);
        FittedAlignment { alignment, span, coverage, frames, changes }
    }

    fn placed(&self, alignment: &Alignment, around: UploadSpan) -> PlacedFrames {
        let (upload, deleted) = (self.search.prepared.print, self.search.deleted);
        PlacedFrames::new(self.hasher, upload, deleted, alignment, around)
    }

    fn trial(
        &self,
        alignment: &Alignment,
        time_map: TimeMap,
        map: Affine,
        placed: &PlacedFrames,
    ) -> Trial {
        let (upload, deleted) = (self.search.prepared.print, self.search.deleted);
        let span = spans::span(upload, deleted, alignment, &time_map, placed);
        let alignment = Alignment { time_map, map, ..alignment.clone() };
        let coverage = self.search.coverage(&alignment, &span);
        Trial { alignment, span, coverage }
    }

    /// The same at the deleted video's own speed, unless another speed explains more by [`UNCHANGED_NATS`]: over a few
    /// seconds many speeds explain the keypoints.
    fn unchanged_if_as_good(
        &self,
        deleted: &Fingerprint,
        best: Trial,
        placed: &PlacedFrames,
    ) -> Trial {
        let own = &best.alignment;
        if prior::of_time_map(&own.time_map) == 0.0 {
            return best;
        }
        let Some(unchanged) = best_time_map_unchanged(&own.times()) else { return best };
        let explained = |t: &Trial| {
            t.coverage.nats + placed.along(deleted, &t.alignment.time_map, &t.span).nats()
        };
        let other = self.trial(own, unchanged, own.map, placed);
        if explained(&other) >= explained(&best) - UNCHANGED_NATS { other } else { best }
    }

    /// Fits the placement to what was found, as long as more is found.
    fn refitted(&self, alignment: &Alignment, mut best: Trial, placed: &PlacedFrames) -> Trial {
        for _ in 0..REFITS {
            let Some(map) = refit(&best.coverage.pairs) else { break };
            let again = self.trial(alignment, best.alignment.time_map, map, placed);
            if again.worth() <= best.worth() {
                break;
            }
            best = again;
        }
        best
    }
}

impl FittedAlignment {
    /// The measurements.
    pub fn measured(&self) -> Measured {
        Measured {
            keypoint_nats: self.coverage.nats,
            reupload_nats: self.coverage.reupload_nats,
            passing_nats: self.coverage.passing_nats,
            placed_nats: self.frames.nats(),
            unplaced_nats: 0.0,
            prior_nats: prior::of_alignment(&self.alignment),
            supports: self.keyframes().max(self.frames.agreeing()),
        }
    }

    /// Whether no small alignment can outdo it.
    pub fn is_sure(&self) -> bool {
        self.measured().evidence() >= SURE_NATS
    }

    /// Whether enough of the agreeing hits date a moment.
    pub fn knows_time(&self) -> bool {
        self.alignment.agreeing.iter().filter(|s| s.times.is_moving()).count() >= DATED_MIN
    }

    /// Keyframes of the deleted video that support the match.
    pub fn keyframes(&self) -> u32 {
        let agreeing = &self.alignment.agreeing;
        let mut times_ms: Vec<u64> =
            agreeing.iter().map(|s| (s.times.deleted.start_s * 1000.0) as u64).collect();
        times_ms.sort_unstable();
        let same = times_ms.chunk_by(|a, b| a == b);
        same.filter(|same| same.len() >= KEYFRAME_HITS_MIN).count() as u32
    }
}

/// Whether two placements put a corner of the picture at different places.
fn moved(a: &Affine, b: &Affine) -> bool {
    [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)].into_iter().any(|(x, y)| {
        let corner = DeletedPoint::new(x, y);
        let (p, q) = (a.apply(corner), b.apply(corner));
        (p.x - q.x).hypot(p.y - q.y) > MOVED
    })
}

/// Time maps worth trying: the keypoints' own, the one at unchanged speed, and the frames' own, which know the time
/// better (0.25 s against 1 s).
fn time_maps(deleted: &Fingerprint, alignment: &Alignment, placed: &PlacedFrames) -> Vec<TimeMap> {
    let mut out = vec![alignment.time_map];
    out.extend(best_time_map_unchanged(&alignment.times()));
    let own = if placed.sees() { placed.own_line(deleted) } else { None };
    let own = own.filter(|own| own.sum > OWN_LINE_NATS && own.picked.len() >= OWN_LINE_FRAMES);
    out.extend(own.map(|own| own.time_map));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::tests::scene::Scene;

    #[test]
    fn a_rough_alignment_is_brought_to_the_planted_place_and_time() {
        let scene = Scene { scale: 0.6, turn: 0.1, ..Scene::framed(71) };
        let (deleted, upload) = (scene.deleted(), scene.upload());
        let mut alignment = scene.alignments(&deleted, &upload)[0].clone();
        alignment.map.c += 0.02;
        alignment.time_map.offset_s += 0.8;
        let fitted = scene.fit(&deleted, &upload, &alignment);
        for corner in [(0.1, 0.1), (0.9, 0.1), (0.5, 0.5)] {
            let corner = DeletedPoint::new(corner.0, corner.1);
            let (at, planted) = (fitted.alignment.map.apply(corner), scene.map().apply(corner));
            let miss = at.distance_squared(&planted).sqrt();
            assert!(miss < 0.006, "{miss}");
        }
        let late = fitted.alignment.time_map.offset_s - scene.time_map().offset_s;
        assert!(late.abs() <= 0.5, "{late}");
        assert!(fitted.coverage.share() > 0.5, "{:?}", fitted.coverage.share());
        assert!(fitted.is_sure() && fitted.keyframes() >= 2);
    }

    #[test]
    fn a_fit_is_never_worth_less_than_the_alignment_as_it_came() {
        for seed in 72..76 {
            let scene = Scene::framed(seed);
            let (deleted, upload) = (scene.deleted(), scene.upload());
            let alignment = scene.alignments(&deleted, &upload)[0].clone();
            let whole = UploadSpan::new(0.0, f64::from(upload.duration_s));
            let before = scene.coverage(&deleted, &upload, &alignment, &whole);
            let fitted = scene.fit(&deleted, &upload, &alignment);
            // Over the whole upload nothing is missing that the span leaves out.
            assert!(fitted.coverage.nats >= 0.9 * before.nats, "{seed}");
        }
    }
}
