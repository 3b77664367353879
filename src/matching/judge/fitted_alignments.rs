//! One candidate's alignments, fitted, and the match that they make.
//!
//! The evidence is that of the best alignment: alignments of one candidate overlap too much to be added up. All that
//! stand by themselves are spans. Whole frames without a placement lead only where keypoints found next to nothing,
//! since they know no placement.
//!
//! ```text
//! for each alignment, near ones first:
//!     fit it, unless it is small and the first one is sure          (`evidence::fitted`)
//! best     ← the fitted alignment with the most evidence
//! measured ← what best measured, and the line of unplaced frames
//! no match when the evidence is below STANDING_NATS
//! spans    ← the unplaced line if it has twice the evidence of best;
//!            else best and every alignment of SPAN_DISTINCT that is not half inside a stronger one
//! ```

use crate::fingerprint::{Fingerprint, Hasher, UploadPrint};
use crate::matching::align::hits::PreparedUpload;
use crate::matching::align::time_map::TimeMap;
use crate::matching::evidence::coverage::CoverageSearch;
use crate::matching::evidence::fitted::{FittedAlignment, Fitter};
use crate::matching::evidence::moving::Moving;
use crate::matching::evidence::score::Measured;
use crate::matching::evidence::shown::Shown;
use crate::matching::evidence::slides;
use crate::matching::evidence::unplaced_frames::UnplacedFrames;
use crate::matching::evidence::visual_weight::VisualWeight;
use crate::matching::judge::alignments::Alignments;
use crate::matching::judge::candidate::{Candidate, Options};
use crate::matching::judge::judged::Judged;
use crate::matching::judge::placement;
use crate::model::{
    Agreement, DeletedSpan, Evidence, Extent, Placement, Share, SpanPair, UploadSpan,
};

/// Weight of distinct hits from which an alignment is a span of its own beside the best one. Tuned.
const SPAN_DISTINCT: f64 = 3.0;
/// Share of an alignment's time within a stronger one from which it is no span of its own. Tuned.
const INSIDE: f64 = 0.5;
/// Evidence below which a candidate has no standing, nats. Tuned.
const STANDING_NATS: f64 = 1.0;
/// How many times the evidence of the best alignment an unplaced line must have to lead. Tuned.
const UNPLACED_LEADS: f64 = 2.0;
/// Seconds from either end of the upload within which an unplaced line reaches that end, and by which it is widened
/// elsewhere: a keyframe's distance, and most of one between frames. Tuned.
const ENDS_S: f64 = 1.0;
const WIDENED_S: f64 = 0.2;

/// One candidate with everything that was found of it.
pub struct FittedAlignments<'a> {
    /// Index into the candidates.
    pub candidate: usize,
    upload: &'a UploadPrint,
    deleted: &'a Fingerprint,
    common: Option<&'a Extent>,
    fitted: Vec<FittedAlignment>,
    unplaced: Option<UnplacedFrames>,
}

impl<'a> FittedAlignments<'a> {
    /// Fits what was found.
    pub fn new(
        hasher: &Hasher,
        prepared: &PreparedUpload<'a>,
        candidate: &Candidate<'a>,
        found: Alignments,
    ) -> Self {
        let (upload, deleted) = (prepared.print, candidate.fingerprint);
        let common = candidate.common;
        let lookalikes = &found.lookalikes;
        let mut fitted: Vec<FittedAlignment> = Vec::with_capacity(found.near.len());
        for mut alignment in found.near.into_iter().chain(found.wide) {
            alignment.weigh_by_distance();
            let sure = fitted.first().is_some_and(FittedAlignment::is_sure);
            if alignment.distinct >= SPAN_DISTINCT || !sure {
                let search = CoverageSearch { prepared, deleted, lookalikes };
                fitted.push(Fitter { hasher, search }.fit(&alignment));
            }
        }
        let Alignments { candidate, unplaced, .. } = found;
        FittedAlignments { candidate, upload, deleted, common, fitted, unplaced }
    }

    /// The match that it makes in an index of this many tombstones; `whole` weighs the upload's parts. `None` when it
    /// has no standing.
    pub fn judge(
        &self,
        whole: &VisualWeight,
        tombstones: usize,
        options: &Options,
    ) -> Option<Judged> {
        let evidence_of = |f: &FittedAlignment| f.measured().evidence();
        let best = self.fitted.iter().max_by(|a, b| evidence_of(a).total_cmp(&evidence_of(b)));
        let mut measured = best.map(|f| f.measured()).unwrap_or_default();
        let placed_evidence = measured.evidence();
        let unplaced = self.unplaced.as_ref();
        measured.unplaced_nats = unplaced.map_or(0.0, |u| u.frames.nats());
        if let Some(u) = unplaced.filter(|_| measured.evidence() > placed_evidence) {
            measured.supports = measured.supports.max(u.frames.agreeing());
        }
        if measured.evidence() < STANDING_NATS {
            return None;
        }
        let leads = measured.evidence() > placed_evidence * UNPLACED_LEADS;
        let leading = unplaced.filter(|_| leads);
        let (spans, shown) = match leading {
            Some(unplaced) => {
                let pair = self.unplaced_span(unplaced);
                let shown = Shown::of_spans(pair.upload, pair.deleted);
                (vec![pair], shown)
            }
            None => self.spans(best, options),
        };
        let share = self.share(&shown, whole);
        let moving = best.map(|b| Moving::of(self.deleted, &b.coverage)).unwrap_or_default();
        Some(Judged {
            candidate: self.candidate,
            score: measured.score(tombstones),
            supports: measured.supports,
            evidence: evidence(best, &measured, &share, moving),
            agreement: self.agreement(leading),
            spans,
            share,
            shown,
            moving,
            slides: slides::nothing_passes(self.deleted)
                .then(|| best.map(|b| b.changes).unwrap_or_default()),
            measured,
        })
    }

    /// How much of either video is shown; `whole` weighs the upload's parts.
    fn share(&self, shown: &Shown, whole: &VisualWeight) -> Share {
        let deleted = VisualWeight::of_deleted(self.deleted);
        let weight_s = |part: &Extent| deleted.of_visible(part, &shown.visible);
        let deleted_s = weight_s(&shown.deleted);
        let outside = self.common.map(|common| shown.deleted.without(&common.padded()));
        Share {
            deleted: (deleted_s / deleted.total_s()).clamp(0.0, 1.0),
            deleted_s,
            outside_common_s: outside.map_or(deleted_s, |outside| weight_s(&outside)),
            upload: whole.share(&shown.upload),
        }
    }

    /// The moments that agree, of every alignment that stands by itself, and of whole frames where these lead.
    fn agreement(&self, leading: Option<&UnplacedFrames>) -> Agreement {
        let standing = self.fitted.iter().filter(|f| f.alignment.distinct >= SPAN_DISTINCT);
        let mut all = Agreement::of(standing, self.upload);
        if let Some(u) = leading {
            all.add_frames(self.upload, &u.time_map, &u.frames.pairs);
        }
        all
    }

    /// The spans of all alignments that stand by themselves, by start in the upload, and what they show.
    fn spans(&self, best: Option<&FittedAlignment>, options: &Options) -> (Vec<SpanPair>, Shown) {
        let is_best = |f: &FittedAlignment| best.is_some_and(|b| std::ptr::eq(b, f));
        let others = self.fitted.iter().filter(|f| f.alignment.distinct >= SPAN_DISTINCT);
        let mut kept: Vec<&FittedAlignment> = best.into_iter().collect();
        for f in others.filter(|f| !is_best(f)) {
            let within = |k: &&FittedAlignment| f.span.overlap_s(&k.span);
            let inside = kept.iter().any(|k| within(k) > INSIDE * f.span.duration_s());
            if !inside && kept.len() < options.spans_max {
                kept.push(f);
            }
        }
        let pair = |f: &FittedAlignment| {
            let placement = placement::of_alignment(self.upload, self.deleted, &f.alignment);
            let pair = self.pair(&f.alignment.time_map, f.span, placement);
            SpanPair { time_sure: f.knows_time(), ..pair }
        };
        let mut shown = Shown::default();
        let parts = kept.iter().map(|f| Shown::of_alignment(self.upload, self.deleted, f));
        parts.for_each(|part| shown.add(&part));
        let mut out: Vec<SpanPair> = kept.into_iter().map(pair).collect();
        out.sort_by(|a, b| a.upload.start_s.total_cmp(&b.upload.start_s));
        (out, shown)
    }

    /// A span with what it shows of the deleted video, which does not reach beyond its ends.
    fn pair(&self, time_map: &TimeMap, upload: UploadSpan, placement: Placement) -> SpanPair {
        let end = f64::from(self.deleted.duration_s);
        let shown = time_map.deleted_span(&upload);
        let deleted = DeletedSpan::new(shown.start_s.clamp(0.0, end), shown.end_s.clamp(0.0, end));
        SpanPair { upload, deleted, speed: time_map.speed, time_sure: true, placement }
    }

    fn unplaced_span(&self, unplaced: &UnplacedFrames) -> SpanPair {
        let placement = placement::of_view(self.upload, self.deleted, unplaced.view);
        let (found, end) = (unplaced.upload, f64::from(self.upload.duration_s));
        let from = if found.start_s < ENDS_S { 0.0 } else { found.start_s - WIDENED_S };
        let to = if found.end_s > end - ENDS_S { end } else { found.end_s + WIDENED_S };
        self.pair(&unplaced.time_map, UploadSpan::new(from, to), placement)
    }
}

fn evidence(
    best: Option<&FittedAlignment>,
    measured: &Measured,
    share: &Share,
    moving: Moving,
) -> Evidence {
    let outside = share.outside_common_s / share.deleted_s.max(f64::MIN_POSITIVE);
    let common = if share.deleted_s > 0.0 { (1.0 - outside).clamp(0.0, 1.0) } else { 0.0 };
    let Some(b) = best else {
        let frames_nats = measured.unplaced_nats;
        return Evidence { frames_nats, common, ..Evidence::default() };
    };
    Evidence {
        same_bytes: false,
        keypoints: b.coverage.found.max(b.alignment.distinct_plain),
        keypoints_nats: b.coverage.nats,
        coverage: b.coverage.share(),
        keyframes: b.keyframes(),
        frames_nats: measured.placed_nats.max(measured.unplaced_nats),
        passing: moving.expected,
        passing_found: moving.found,
        passing_missing: moving.missing_together,
        common,
    }
}
