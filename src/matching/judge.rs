//! One upload against its candidates: from hits to matches with score, spans, placement and evidence.

use crate::fingerprint::{Fingerprint, Hasher, UploadPrint};
use crate::matching::consensus::{Alignment, alignments};
use crate::matching::coverage::{Coverage, coverage};
use crate::matching::frames::{self, Diagonal, FrameEvidence, Placed};
use crate::matching::hits::{Hit, Prepared};
use crate::matching::placement::placement;
use crate::matching::score::Measured;
use crate::matching::spans;
use crate::matching::timeline::Line;
use crate::matching::weights::Weights;
use crate::model::{Evidence, Span, SpanPair};

/// Limits of one judgement.
#[derive(Debug, Clone)]
pub struct Options {
    /// Hits of one candidate and variant that are looked at, the nearest first. Default 3000.
    pub hits_max: usize,
    /// Candidates whose frames are compared without a placement, the strongest first. Default 40.
    pub unplaced_max: usize,
    /// Spans reported of one match. Default 16.
    pub spans_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options { hits_max: 3000, unplaced_max: 40, spans_max: 16 }
    }
}

/// What the index knows of how common the upload's hashes are.
#[derive(Debug, Clone, Default)]
pub struct Background {
    /// Distinct voices in the index.
    pub voices: usize,
    /// For each upload keypoint: in how many distinct voices' tombstones it was hit.
    pub keypoint_voices: Vec<u16>,
    /// For each upload frame, likewise.
    pub frame_voices: Vec<u16>,
}

/// A candidate with any standing.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Index into the candidates that were handed in.
    pub candidate: usize,
    pub score: f64,
    pub spans: Vec<SpanPair>,
    pub evidence: Evidence,
    /// Distinct pictures of the deleted video that speak for it.
    pub supports: u32,
    /// Most of what agrees is shared by many owners' videos.
    pub common: bool,
    pub measured: Measured,
}

/// Judges all candidates; those with any standing, best first.
pub fn judge(
    hasher: &Hasher,
    upload: &UploadPrint,
    candidates: &[&Fingerprint],
    background: &Background,
    options: &Options,
) -> Vec<Judged> {
    let prepared = Prepared::new(upload, hasher.cpu());
    let hits: Vec<Vec<Hit>> =
        candidates.iter().map(|c| prepared.hits(c, options.hits_max)).collect();
    let weights = Weights::new(upload, background, &hits);
    let mut out: Vec<Judged> = Vec::new();
    for (candidate, (deleted, hits)) in candidates.iter().zip(&hits).enumerate() {
        let case = Case {
            hasher,
            prepared: &prepared,
            deleted,
            keypoint_weights: weights.keypoints(hits),
            frame_weights: weights.frames(),
        };
        let unplaced = candidate < options.unplaced_max;
        out.extend(case.judge(candidate, hits, unplaced, background.voices, options));
    }
    out.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.candidate.cmp(&b.candidate)));
    out
}

/// One candidate and all that is needed to judge it.
struct Case<'a> {
    hasher: &'a Hasher,
    prepared: &'a Prepared<'a>,
    deleted: &'a Fingerprint,
    keypoint_weights: Vec<f32>,
    frame_weights: &'a [f32],
}

/// An alignment with its stretch of time and what was measured within it.
struct Held {
    alignment: Alignment,
    line: Line,
    span: (f64, f64),
    coverage: Coverage,
    frames: FrameEvidence,
}

impl Case<'_> {
    fn judge(
        &self,
        candidate: usize,
        hits: &[Hit],
        unplaced: bool,
        voices: usize,
        options: &Options,
    ) -> Option<Judged> {
        let upload = self.prepared.print;
        let found = alignments(upload, self.deleted, hits, &self.keypoint_weights);
        let held: Vec<Held> = found.into_iter().map(|a| self.hold(a)).collect();
        let measured = |h: &Held| Measured {
            distinct: h.alignment.distinct,
            visible: h.coverage.visible,
            found_weight: h.coverage.found_weight,
            copy_nats: h.coverage.copy_nats,
            placed_nats: h.frames.nats,
            unplaced_nats: 0.0,
        };
        let best = held
            .iter()
            .max_by(|a, b| measured(a).evidence().total_cmp(&measured(b).evidence()));
        let diagonal = if unplaced {
            frames::unplaced(upload, self.deleted, self.frame_weights)
        } else {
            None
        };
        let mut measure = best.map(measured).unwrap_or_default();
        measure.unplaced_nats = diagonal.as_ref().map_or(0.0, |d| d.nats);
        if measure.evidence() <= 0.0 {
            return None;
        }
        let by_frames = diagonal.filter(|_| {
            let placed = Measured { unplaced_nats: 0.0, ..measure };
            measure.evidence() > placed.evidence() * 2.0
        });
        let spans = match &by_frames {
            Some(d) => vec![self.diagonal_span(d)],
            None => self.spans(&held, best, options),
        };
        Some(Judged {
            candidate,
            score: measure.score(voices),
            supports: self.supports(best, by_frames.as_ref()),
            common: best.is_some_and(|b| is_common(&b.alignment)),
            evidence: evidence(best, &measure),
            spans,
            measured: measure,
        })
    }

    /// Puts an alignment on its final time line and measures it there.
    fn hold(&self, alignment: Alignment) -> Held {
        let upload = self.prepared.print;
        let seen = alignment.agreeing.iter().flat_map(|s| [s.sight.upload.0, s.sight.upload.1]);
        let (from, to) = seen.fold((f64::MAX, f64::MIN), |(a, b), t| (a.min(t), b.max(t)));
        let around = (from - 15.0, to + 15.0);
        let placed = Placed::new(self.hasher, upload, self.deleted, &alignment, around);
        let line = self.line(&alignment, &placed);
        let span = spans::span(upload, self.deleted, &alignment, &line, &placed);
        let alignment = Alignment { line, ..alignment };
        let weights = &self.keypoint_weights;
        let coverage = coverage(self.prepared, self.deleted, &alignment, weights, span);
        let frames = placed.along(self.deleted, &line, span, self.frame_weights);
        Held { alignment, line, span, coverage, frames }
    }

    /// Frames know the time better than keypoints do (0.25 s against 1 s); they are believed where most keypoints
    /// agree with them.
    fn line(&self, alignment: &Alignment, placed: &Placed) -> Line {
        if !placed.sees() {
            return alignment.line;
        }
        let Some(own) = placed.own_line(self.deleted) else { return alignment.line };
        let agree = |line: &Line| {
            let on = |s: &&crate::matching::consensus::Sighted| {
                line.miss_s(s.sight.upload, s.sight.deleted) <= 1.4
            };
            alignment.agreeing.iter().filter(on).count()
        };
        let enough = agree(&own.line) * 10 >= alignment.agreeing.len() * 7;
        if own.sum > 10.0 && own.picked.len() >= 2 && enough { own.line } else { alignment.line }
    }

    /// All alignments that stand by themselves, strongest first, without those inside a stronger one.
    fn spans(&self, held: &[Held], best: Option<&Held>, options: &Options) -> Vec<SpanPair> {
        let strong = |h: &&Held| {
            h.alignment.distinct >= 4.0
                || h.frames.nats >= 15.0
                || best.is_some_and(|b| std::ptr::eq(b, *h))
        };
        let mut kept: Vec<&Held> = Vec::new();
        for h in held.iter().filter(strong) {
            let inside = kept.iter().any(|k| {
                let overlap = (h.span.1.min(k.span.1) - h.span.0.max(k.span.0)).max(0.0);
                overlap > 0.5 * (h.span.1 - h.span.0)
            });
            if !inside && kept.len() < options.spans_max {
                kept.push(h);
            }
        }
        let mut out: Vec<SpanPair> = kept.into_iter().map(|h| self.span_pair(h)).collect();
        out.sort_by(|a, b| a.upload.start_s.total_cmp(&b.upload.start_s));
        out
    }

    fn span_pair(&self, held: &Held) -> SpanPair {
        let place = placement(self.prepared.print, self.deleted, &held.alignment);
        self.pair(&held.line, held.span, place)
    }

    fn pair(&self, line: &Line, span: (f64, f64), place: crate::model::Placement) -> SpanPair {
        let end = f64::from(self.deleted.duration_s);
        SpanPair {
            upload: Span { start_s: span.0, end_s: span.1 },
            deleted: Span {
                start_s: line.deleted_s(span.0).clamp(0.0, end),
                end_s: line.deleted_s(span.1).clamp(0.0, end),
            },
            speed: line.speed,
            placement: place,
        }
    }

    /// The placement that a view stands for: whole or active picture, mirrored or not.
    fn diagonal_span(&self, d: &Diagonal) -> SpanPair {
        let upload = self.prepared.print;
        let place = crate::matching::placement::of_view(upload, self.deleted, d.view, d.inverted);
        let end = f64::from(upload.duration_s);
        let from = if d.upload_s.0 < 1.0 { 0.0 } else { d.upload_s.0 - 0.2 };
        let to = if d.upload_s.1 > end - 1.0 { end } else { d.upload_s.1 + 0.2 };
        self.pair(&d.line, (from, to), place)
    }

    /// Distinct keyframes with agreeing keypoints, or distinct agreeing frames, whichever are more.
    fn supports(&self, best: Option<&Held>, by_frames: Option<&Diagonal>) -> u32 {
        let keyframes = best.map_or(0, |b| keyframes(&b.alignment));
        let frames = best.map_or(0, |b| b.frames.agreeing);
        keyframes.max(frames).max(by_frames.map_or(0, |d| d.distinct))
    }
}

/// Keyframes of the deleted video of which at least two agreeing keypoints began there.
fn keyframes(alignment: &Alignment) -> u32 {
    let mut times: Vec<u64> =
        alignment.agreeing.iter().map(|s| (s.sight.deleted.0 * 1000.0) as u64).collect();
    times.sort_unstable();
    times.chunk_by(|a, b| a == b).filter(|same| same.len() >= 2).count() as u32
}

fn is_common(alignment: &Alignment) -> bool {
    alignment.distinct < 0.4 * f64::from(alignment.distinct_plain)
}

fn evidence(best: Option<&Held>, measure: &Measured) -> Evidence {
    let Some(b) = best else {
        return Evidence { frames_nats: measure.unplaced_nats, ..Evidence::default() };
    };
    let plain = f64::from(b.alignment.distinct_plain).max(1.0);
    Evidence {
        same_bytes: false,
        keypoints: b.alignment.distinct_plain,
        coverage: f64::from(b.coverage.found) / f64::from(b.coverage.visible.max(1)),
        keyframes: keyframes(&b.alignment),
        frames_nats: measure.placed_nats.max(measure.unplaced_nats),
        common: (1.0 - b.alignment.distinct / plain).clamp(0.0, 1.0),
    }
}
