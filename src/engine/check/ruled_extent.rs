//! How far a ruling reaches: the spans, placement and evidence of the match that the moderator saw.
//!
//! Another match is within it if it shows no other seconds of either video, in the same placement, with about the same
//! evidence: more evidence means that more of the deleted video is shown.

use crate::engine::check::ruled_samples::MISS_S;
use crate::model::{DeletedSpan, Evidence, Span, SpanPair, UploadSpan};
use crate::wire;

/// Farthest that a corner of the deleted picture may lie from where it was ruled on, share of the picture's width or
/// height.
const CORNER_MISS: f64 = 0.1;
/// Evidence that another match may have: this multiple of the ruled one, and some nats more.
const EVIDENCE_SHARE: f64 = 1.25;
const EVIDENCE_MORE_NATS: f64 = 5.0;

/// The extent of a match.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine) struct Extent {
    spans: Vec<SpanPair>,
    nats: f64,
}

/// A stretch that two deleted videos share, on the clock of each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::engine) struct SharedStretch {
    /// In the video that the upload matches.
    pub matched: DeletedSpan,
    /// In the video that was ruled on.
    pub ruled: DeletedSpan,
}

impl SharedStretch {
    /// A moment of the matched video on the clock of the ruled one, seconds.
    fn ruled_s(&self, matched_s: f64) -> f64 {
        let rate = self.ruled.duration_s() / self.matched.duration_s();
        let rate = if rate.is_finite() { rate } else { 1.0 };
        self.ruled.start_s + rate * (matched_s - self.matched.start_s)
    }
}

impl Extent {
    /// The extent of a match. No other match is as strong as the same bytes.
    pub fn new(spans: &[SpanPair], evidence: &Evidence) -> Extent {
        let nats = evidence.keypoints_nats.max(0.0) + evidence.frames_nats.max(0.0);
        let nats = if evidence.same_bytes { f64::INFINITY } else { nats };
        Extent { spans: spans.to_vec(), nats }
    }

    /// The extent of a recorded match, from its detail. `None` for the same bytes, whose spans and evidence were not
    /// measured, and without spans.
    pub fn recorded(detail: &str) -> Option<Extent> {
        let (spans, evidence) = wire::recorded_match(detail)?;
        let measured = !evidence.same_bytes && !spans.is_empty();
        measured.then(|| Extent::new(&spans, &evidence))
    }

    /// The seconds of the upload.
    pub fn upload_spans(&self) -> Vec<UploadSpan> {
        self.spans.iter().map(|span| span.upload).collect()
    }

    /// Whether another match is within this one. Where the other match is with another deleted video, `shared` says
    /// which stretches that has in common with the ruled one; it is empty for the ruled video itself. Two videos of one
    /// content need not have the same frame, so corners are compared for the ruled video only.
    pub fn covers(&self, other: &Extent, shared: &[SharedStretch]) -> bool {
        self.is_about_as_strong(other)
            && !other.spans.is_empty()
            && other.spans.iter().all(|span| self.covers_span(span, shared))
    }

    /// Whether another match has about the same evidence, or less.
    pub fn is_about_as_strong(&self, other: &Extent) -> bool {
        other.nats <= EVIDENCE_SHARE * self.nats + EVIDENCE_MORE_NATS
    }

    fn covers_span(&self, other: &SpanPair, shared: &[SharedStretch]) -> bool {
        let Some(deleted) = on_the_ruled_clock(&other.deleted.ascending(), shared) else {
            return false;
        };
        let is_alike = |ruled: &&SpanPair| {
            let same_frame = !shared.is_empty() || same_corners(ruled, other);
            ruled.placement.mirrored == other.placement.mirrored
                && ruled.placement.inverted == other.placement.inverted
                && same_frame
                && meet(&ruled.upload, &other.upload)
                && meet(&ruled.deleted.ascending(), &deleted)
        };
        let alike: Vec<&SpanPair> = self.spans.iter().filter(is_alike).collect();
        within(&other.upload, alike.iter().map(|ruled| ruled.upload))
            && within(&deleted, alike.iter().map(|ruled| ruled.deleted.ascending()))
    }
}

/// The seconds of the matched video on the clock of the ruled one; `None` if they are not shared.
fn on_the_ruled_clock(span: &DeletedSpan, shared: &[SharedStretch]) -> Option<DeletedSpan> {
    if shared.is_empty() {
        return Some(*span);
    }
    let holds = |one: &&SharedStretch| {
        let stretch = one.matched.ascending().padded(MISS_S);
        stretch.contains_s(span.start_s) && stretch.contains_s(span.end_s)
    };
    let one = shared.iter().find(holds)?;
    Some(Span::new(one.ruled_s(span.start_s), one.ruled_s(span.end_s)).ascending())
}

fn same_corners(a: &SpanPair, b: &SpanPair) -> bool {
    let both = a.placement.quad.iter().zip(&b.placement.quad);
    both.into_iter()
        .all(|(a, b)| (a.x - b.x).abs() <= CORNER_MISS && (a.y - b.y).abs() <= CORNER_MISS)
}

fn meet<V: Copy>(a: &Span<V>, b: &Span<V>) -> bool {
    let a = a.padded(MISS_S);
    a.start_s <= b.end_s && b.start_s <= a.end_s
}

/// Whether an ascending span lies within some others and what a match may reach beyond them.
fn within<V: Copy>(span: &Span<V>, others: impl Iterator<Item = Span<V>>) -> bool {
    let mut others: Vec<Span<V>> = others.map(|other| other.padded(MISS_S)).collect();
    others.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
    let mut covered_s = span.start_s;
    for other in others {
        if other.start_s <= covered_s && other.end_s >= span.start_s {
            covered_s = covered_s.max(other.end_s);
            if covered_s >= span.end_s {
                return true;
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Placement, Point};

    const WHOLE: [(f64, f64); 4] = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)];

    fn pair(upload: (f64, f64), deleted: (f64, f64)) -> SpanPair {
        let quad = WHOLE.map(|(x, y)| Point { x, y });
        let placement =
            Placement { mirrored: false, inverted: false, rotation_deg: 0.0, scale: 1.0, quad };
        SpanPair {
            upload: Span::new(upload.0, upload.1),
            deleted: Span::new(deleted.0, deleted.1),
            speed: 1.0,
            time_sure: true,
            placement,
        }
    }

    fn extent(spans: &[SpanPair], nats: f64) -> Extent {
        Extent { spans: spans.to_vec(), nats }
    }

    fn ruled() -> Extent {
        extent(&[pair((5.0, 7.5), (1.0, 3.5)), pair((20.0, 22.0), (30.0, 32.0))], 40.0)
    }

    #[track_caller]
    fn covered(spans: &[SpanPair], nats: f64, expected: bool) {
        assert_eq!(ruled().covers(&extent(spans, nats), &[]), expected);
    }

    #[test]
    fn spans_within_a_second_of_the_ruled_ones_are_covered_in_both_videos() {
        covered(&[pair((5.0, 7.5), (1.0, 3.5))], 40.0, true);
        covered(&[pair((4.1, 8.4), (0.1, 4.4)), pair((20.5, 21.0), (30.5, 31.0))], 40.0, true);
        covered(&[pair((3.9, 7.5), (1.0, 3.5))], 40.0, false);
        covered(&[pair((5.0, 7.5), (1.0, 4.6))], 40.0, false);
        covered(&[pair((5.0, 7.5), (1.0, 3.5)), pair((12.0, 14.0), (30.0, 32.0))], 40.0, false);
        covered(&[pair((5.0, 7.0), (30.0, 32.0))], 40.0, false);
        covered(&[pair((5.0, 22.0), (1.0, 32.0))], 40.0, false);
        covered(&[], 1.0, false);
    }

    #[test]
    fn more_evidence_shows_more_of_the_deleted_video() {
        covered(&[pair((5.0, 7.5), (1.0, 3.5))], 55.0, true);
        covered(&[pair((5.0, 7.5), (1.0, 3.5))], 55.1, false);
        let same = Evidence { same_bytes: true, ..Evidence::default() };
        let bytes = Extent::new(&[pair((5.0, 7.5), (1.0, 3.5))], &same);
        assert!(!ruled().covers(&bytes, &[]));
    }

    #[test]
    fn another_placement_was_not_ruled_on() {
        let plain = pair((5.0, 7.5), (1.0, 3.5));
        let moved = |by: f64| {
            let quad = plain.placement.quad.map(|p| Point { x: p.x + by, y: p.y });
            SpanPair { placement: Placement { quad, ..plain.placement }, ..plain }
        };
        covered(&[moved(0.09)], 40.0, true);
        covered(&[moved(0.11)], 40.0, false);
        let mirrored = Placement { mirrored: true, ..plain.placement };
        covered(&[SpanPair { placement: mirrored, ..plain }], 40.0, false);
        let inverted = Placement { inverted: true, ..plain.placement };
        covered(&[SpanPair { placement: inverted, ..plain }], 40.0, false);
    }

    #[test]
    fn a_match_with_another_video_of_the_content_is_read_on_the_ruled_videos_clock() {
        let shared =
            SharedStretch { matched: Span::new(100.0, 140.0), ruled: Span::new(0.0, 40.0) };
        let one = extent(&[pair((5.0, 7.5), (101.0, 103.5))], 40.0);
        assert!(ruled().covers(&one, &[shared]));
        assert!(!ruled().covers(&one, &[]));
        let elsewhere = extent(&[pair((5.0, 7.5), (111.0, 113.5))], 40.0);
        assert!(!ruled().covers(&elsewhere, &[shared]));
        let not_shared = extent(&[pair((5.0, 7.5), (1.0, 3.5))], 40.0);
        assert!(!ruled().covers(&not_shared, &[shared]));
    }

    #[test]
    fn a_match_that_plays_backwards_covers_the_same_seconds() {
        let ruled = extent(&[pair((5.0, 7.5), (3.5, 1.0))], 40.0);
        assert!(ruled.covers(&extent(&[pair((5.0, 7.5), (3.6, 0.9))], 40.0), &[]));
    }
}
