//! One upload against its candidates: from hits to matches with score, spans, placement and evidence.

use crate::fingerprint::{Fingerprint, Hasher, UploadPrint, Variant};
use crate::matching::consensus::{Alignment, SEEDS, SURE_DISTINCT, WIDE_SEEDS, alignments};
use crate::matching::coverage::Alike;
use crate::matching::diagonal::{Diagonal, unplaced};
use crate::matching::fitted::FittedAlignment;
use crate::matching::hits::{HIT_BITS, Hit, Prepared};
use crate::matching::placement::{of_view, placement};
use crate::matching::score::Measured;
use crate::matching::time_map::TimeMap;
use crate::matching::weights::{FrameVoices, KeypointVoices, within_template};
use crate::model::Agreement;
use crate::model::{Evidence, Placement, Span, SpanPair};

/// Limits of one judgement.
#[derive(Debug, Clone)]
pub struct Options {
    /// Hits of one candidate and variant that are looked at, the nearest first. Default 3000.
    pub hits_max: usize,
    /// Keypoint pairs (upload × deleted × four variants) compared exhaustively before there is an alignment, the
    /// likeliest candidates first; for the others the index's hits must make one. Default 50 million: 10 ms,
    /// and at least the first candidate.
    pub pairs_max: u64,
    /// Candidates whose frames are compared without a placement, the likeliest first. Default 24.
    pub unplaced_max: usize,
    /// Alignments of one candidate that are measured in full, the largest first. Default 6.
    pub alignments_max: usize,
    /// Candidates that are aligned by wide hits too when near ones gave nothing sure, the likeliest first. Default 24.
    pub wide_max: usize,
    /// Further alignments of one candidate by wide hits. Default 2.
    pub wide_alignments_max: usize,
    /// Spans reported of one match. Default 16.
    pub spans_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            hits_max: 3000,
            pairs_max: 50_000_000,
            unplaced_max: 24,
            alignments_max: 6,
            wide_max: 24,
            wide_alignments_max: 2,
            spans_max: 16,
        }
    }
}

/// A tombstone to be looked at.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    pub fingerprint: &'a Fingerprint,
    /// Whose it is: candidates with the same voice (owner, or near-identical content) count once as sharing something.
    pub voice: u32,
    /// What the index found of it; `None` when it was not asked.
    pub found: Option<&'a IndexHits>,
}

/// What a search of the index found of one candidate.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct IndexHits {
    pub keypoints: Vec<(u32, u32, Variant)>,
    /// Whether any frame was hit.
    pub frames: bool,
}

/// What the judgement needs to know of the index as a whole.
#[derive(Debug, Clone, Copy, Default)]
pub struct Background {
    /// Tombstones in the index: the more there are, the more chance matches.
    pub tombstones: usize,
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
    /// What agrees, to be drawn.
    pub agreement: Agreement,
}

/// Judges all candidates; those with any standing, best first.
pub fn judge(
    hasher: &Hasher,
    upload: &UploadPrint,
    candidates: &[Candidate<'_>],
    background: &Background,
    options: &Options,
) -> Vec<Judged> {
    let prepared = Prepared::new(upload, hasher.cpu());
    let found = align_all(&prepared, candidates, options);
    let mut keypoints = KeypointVoices::default();
    for f in &found {
        f.aligned
            .iter()
            .for_each(|a| keypoints.add_alignment(upload, a, candidates[f.index].voice));
    }
    let mut frames = FrameVoices::new(upload);
    let mut fitted: Vec<FittedAlignments<'_>> = Vec::with_capacity(found.len());
    for f in found {
        let c = &candidates[f.index];
        let one =
            FittedAlignments::new(hasher, &prepared, c, &keypoints.weights(upload, c.voice), f);
        frames.add(upload, one.agreeing_frames(), c.voice);
        fitted.push(one);
    }
    let judged = |one: &FittedAlignments<'_>| {
        let weights = frames.weights(candidates[one.candidate].voice);
        one.judge(&weights, background.tombstones, options)
    };
    let mut out: Vec<Judged> = fitted.iter().filter_map(judged).collect();
    out.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.candidate.cmp(&b.candidate)));
    out
}

/// What was found of a candidate before anything is weighed.
struct Alignments {
    index: usize,
    aligned: Vec<Alignment>,
    alike: Alike,
    /// By wide hits. They make nothing common: by chance, too, some of them agree.
    wide: Vec<Alignment>,
    diagonal: Option<Diagonal>,
}

/// Aligns the candidates and compares frames; those with neither are left out.
fn align_all(
    prepared: &Prepared<'_>,
    candidates: &[Candidate<'_>],
    options: &Options,
) -> Vec<Alignments> {
    let upload = prepared.print;
    let (mut pairs, mut compared, mut widened) = (0u64, 0usize, 0usize);
    let mut out = Vec::new();
    for (index, c) in candidates.iter().enumerate() {
        let size = 4 * upload.keypoints.len() as u64 * c.fingerprint.keypoints.len() as u64;
        pairs += size;
        // Few of the index's hits that agree are worth a full search; without any, as far as the budget goes.
        let worth = pairs <= options.pairs_max || index == 0 || {
            let named = c.found.map(|l| prepared.index_hits(c.fingerprint, l)).unwrap_or_default();
            !alignments(upload, c.fingerprint, &named, (1, SEEDS)).is_empty()
        };
        let (mut aligned, mut wide, mut hits) = (Vec::new(), Vec::new(), Vec::new());
        if worth {
            hits = prepared.hits(c.fingerprint, options.hits_max);
            let near: Vec<Hit> =
                hits.iter().filter(|h| u32::from(h.distance) <= HIT_BITS).copied().collect();
            aligned = alignments(upload, c.fingerprint, &near, (options.alignments_max, SEEDS));
            let sure = aligned.first().is_some_and(|a| a.distinct >= SURE_DISTINCT);
            if !sure && widened < options.wide_max {
                widened += 1;
                wide = alignments(
                    upload,
                    c.fingerprint,
                    &hits,
                    (options.wide_alignments_max, WIDE_SEEDS),
                );
            }
        }
        let placed = !aligned.is_empty() || !wide.is_empty();
        let promising = placed || c.found.is_none_or(|l| l.frames);
        let mut diagonal = None;
        if promising && compared < options.unplaced_max {
            compared += 1;
            diagonal = unplaced(upload, c.fingerprint);
        }
        if placed || diagonal.is_some() {
            let alike = Alike::new(c.fingerprint, &hits);
            out.push(Alignments { index, aligned, wide, alike, diagonal });
        }
    }
    out
}

/// Weight of distinct keypoints of an alignment that is a span of its own beside the best one.
const SPAN_DISTINCT: f64 = 3.0;
/// Evidence below which a candidate has no standing, nats.
const STANDING_NATS: f64 = 1.0;

/// One candidate with all that was found.
struct FittedAlignments<'a> {
    candidate: usize,
    upload: &'a UploadPrint,
    deleted: &'a Fingerprint,
    fitted: Vec<FittedAlignment>,
    diagonal: Option<Diagonal>,
}

impl<'a> FittedAlignments<'a> {
    fn new(
        hasher: &Hasher,
        prepared: &Prepared<'a>,
        candidate: &Candidate<'a>,
        weights: &[f32],
        found: Alignments,
    ) -> Self {
        let deleted = candidate.fingerprint;
        let mut fitted: Vec<FittedAlignment> = Vec::with_capacity(found.aligned.len());
        for mut a in found.aligned.into_iter().chain(found.wide) {
            let weights = within_template(weights, prepared.print, &a);
            a.reweigh(&weights);
            // Beside a sure alignment a small one is neither the best nor a span of its own.
            let needed = a.distinct >= SPAN_DISTINCT
                || !fitted.first().is_some_and(FittedAlignment::is_sure);
            if needed {
                fitted.push(FittedAlignment::new(
                    hasher,
                    prepared,
                    deleted,
                    &found.alike,
                    &weights,
                    &a,
                ));
            }
        }
        let upload = prepared.print;
        FittedAlignments {
            candidate: found.index,
            upload,
            deleted,
            fitted,
            diagonal: found.diagonal,
        }
    }

    /// Upload frames that agree with this candidate's.
    fn agreeing_frames(&self) -> impl Iterator<Item = usize> + '_ {
        let placed = self.fitted.iter().flat_map(|h| &h.frames.same);
        let unplaced = self.diagonal.iter().flat_map(|d| &d.frames.same);
        placed.chain(unplaced).flat_map(Clone::clone)
    }

    fn judge(&self, frame_weights: &[f32], tombstones: usize, options: &Options) -> Option<Judged> {
        let evidence_of = |h: &FittedAlignment| h.measured(frame_weights).evidence();
        let best = self.fitted.iter().max_by(|a, b| evidence_of(a).total_cmp(&evidence_of(b)));
        let mut measured = best.map(|h| h.measured(frame_weights)).unwrap_or_default();
        let placed_evidence = measured.evidence();
        measured.unplaced_nats =
            self.diagonal.as_ref().map_or(0.0, |d| d.frames.nats(frame_weights));
        if let Some(d) = self.diagonal.as_ref().filter(|_| measured.evidence() > placed_evidence) {
            measured.supports = measured.supports.max(d.frames.agreeing());
        }
        if measured.evidence() < STANDING_NATS {
            return None;
        }
        // Whole frames lead only where keypoints found next to nothing: they know no placement.
        let leading =
            self.diagonal.as_ref().filter(|_| measured.evidence() > placed_evidence * 2.0);
        let spans = match leading {
            Some(d) => vec![self.diagonal_span(d)],
            None => self.spans(best, options),
        };
        Some(Judged {
            candidate: self.candidate,
            score: measured.score(tombstones),
            supports: measured.supports,
            common: best.is_some_and(|b| own_share(&b.alignment) < SHARE_OF_ITS_OWN),
            evidence: evidence(best, &measured),
            agreement: self.agreement(leading),
            spans,
            measured,
        })
    }

    /// What agrees, by every alignment that stands by itself, or by whole frames where these lead.
    fn agreement(&self, leading: Option<&Diagonal>) -> Agreement {
        let standing = self.fitted.iter().filter(|h| h.alignment.distinct >= SPAN_DISTINCT);
        let mut all = Agreement::of(standing, self.upload);
        if let Some(d) = leading {
            all.add_frames(self.upload, &d.time_map, &d.frames.pairs);
        }
        all
    }

    /// All alignments that stand by themselves, strongest first, without those inside a stronger one.
    fn spans(&self, best: Option<&FittedAlignment>, options: &Options) -> Vec<SpanPair> {
        let is_best = |h: &FittedAlignment| best.is_some_and(|b| std::ptr::eq(b, h));
        let strong = |h: &&FittedAlignment| h.alignment.distinct >= SPAN_DISTINCT || is_best(h);
        let mut kept: Vec<&FittedAlignment> = best.into_iter().collect();
        for h in self.fitted.iter().filter(strong).filter(|h| !is_best(h)) {
            let inside = kept.iter().any(|k| {
                let overlap = (h.span.1.min(k.span.1) - h.span.0.max(k.span.0)).max(0.0);
                overlap > 0.5 * (h.span.1 - h.span.0)
            });
            if !inside && kept.len() < options.spans_max {
                kept.push(h);
            }
        }
        let pair = |h: &FittedAlignment| {
            self.pair(
                &h.alignment.time_map,
                h.span,
                placement(self.upload, self.deleted, &h.alignment),
            )
        };
        let mut out: Vec<SpanPair> = kept.into_iter().map(pair).collect();
        out.sort_by(|a, b| a.upload.start_s.total_cmp(&b.upload.start_s));
        out
    }

    fn pair(&self, time_map: &TimeMap, span: (f64, f64), placement: Placement) -> SpanPair {
        let end = f64::from(self.deleted.duration_s);
        SpanPair {
            upload: Span { start_s: span.0, end_s: span.1 },
            deleted: Span {
                start_s: time_map.deleted_s(span.0).clamp(0.0, end),
                end_s: time_map.deleted_s(span.1).clamp(0.0, end),
            },
            speed: time_map.speed,
            placement,
        }
    }

    /// The placement that a view stands for: whole or active picture, mirrored or not.
    fn diagonal_span(&self, d: &Diagonal) -> SpanPair {
        let place = of_view(self.upload, self.deleted, d.view, d.inverted);
        let end = f64::from(self.upload.duration_s);
        let from = if d.upload_s.0 < 1.0 { 0.0 } else { d.upload_s.0 - 0.2 };
        let to = if d.upload_s.1 > end - 1.0 { end } else { d.upload_s.1 + 0.2 };
        self.pair(&d.time_map, (from, to), place)
    }
}

/// Share of the agreeing keypoints' weight that must be left for a match not to be a template's.
const SHARE_OF_ITS_OWN: f64 = 0.4;

fn own_share(alignment: &Alignment) -> f64 {
    (alignment.distinct / alignment.distinct_near.max(1e-6)).clamp(0.0, 1.0)
}

fn evidence(best: Option<&FittedAlignment>, measured: &Measured) -> Evidence {
    let Some(b) = best else {
        return Evidence { frames_nats: measured.unplaced_nats, ..Evidence::default() };
    };
    Evidence {
        same_bytes: false,
        keypoints: b.coverage.found.max(b.alignment.distinct_plain),
        keypoints_nats: b.coverage.nats,
        coverage: f64::from(b.coverage.found) / f64::from(b.coverage.visible.max(1)),
        keyframes: b.keyframes(),
        frames_nats: measured.placed_nats.max(measured.unplaced_nats),
        common: 1.0 - own_share(&b.alignment),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::{Keypoint, Rect, Secret, Spot, UploadKeypoint, VERSION};

    /// Bits of their own for each number.
    fn mixed(n: u64) -> u64 {
        let digest = blake3::hash(&n.to_le_bytes());
        u64::from_le_bytes(digest.as_bytes()[..8].try_into().unwrap())
    }

    /// Twelve keypoints of one picture, and an upload that shows them: two nearly as they were, the others 13 bits off.
    fn blurred(hasher: &Hasher) -> (Fingerprint, UploadPrint) {
        let active = Rect { x0: 0.0, y0: 0.0, x1: 1.0, y1: 1.0 };
        let spot = |n: u64| {
            let (x, y) = ((n % 4) as f32 * 0.22 + 0.15, (n / 4) as f32 * 0.3 + 0.15);
            Spot { x, y, scale: 0.02, angle: 0.3, first_s: 1.0, last_s: 1.0 }
        };
        let off = |n: u64| if n < 2 { 0b11 } else { (1 << 13) - 1 };
        let seen = |n: u64| {
            let hashes = [mixed(n) ^ off(n), mixed(n + 100), mixed(n + 200), mixed(n + 300)];
            UploadKeypoint { spot: spot(n), hashes, unsure: [[[0; 3]; 2]; 2] }
        };
        let deleted = Fingerprint {
            version: VERSION,
            key_id: hasher.key_id(),
            duration_s: 2.0,
            width: 1.0,
            height: 1.0,
            active,
            keyframes: Vec::new(),
            keypoints: (0..12).map(|n| Keypoint { spot: spot(n), hash: mixed(n) }).collect(),
            frames: Vec::new(),
        };
        let upload = UploadPrint {
            version: VERSION,
            key_id: hasher.key_id(),
            duration_s: 2.0,
            width: 1.0,
            height: 1.0,
            active,
            keyframes_s: vec![1.0],
            keypoints: (0..12).map(seen).collect(),
            frames: Vec::new(),
        };
        (deleted, upload)
    }

    #[test]
    fn two_near_pairs_propose_no_placement_but_with_wide_ones_beside_them_they_do() {
        let hasher = Hasher::new(&Secret([7; 32]));
        let (deleted, upload) = blurred(&hasher);
        let candidates = [Candidate { fingerprint: &deleted, voice: 0, found: None }];
        let judged = |wide_max| {
            let options = Options { wide_max, ..Options::default() };
            judge(&hasher, &upload, &candidates, &Background { tombstones: 1 }, &options)
        };
        assert_eq!(judged(0), []);
        let found = judged(1);
        assert!(found.len() == 1 && found[0].measured.keypoint_nats > 20.0, "{found:?}");
    }
}
