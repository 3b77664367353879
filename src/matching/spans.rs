//! From when to when: the stretch of the upload in which an alignment holds.
//!
//! Every sampled moment of the upload speaks for or against: a keyframe by the number of agreeing keypoints seen in it, a
//! frame by its hash under the placement. The stretch with the largest sum (Kadane) is the span; its ends are moved
//! half a sampling step outward, and to the upload's own ends when nothing was sampled in between.

use crate::fingerprint::{Fingerprint, UploadPrint};
use crate::matching::consensus::Alignment;
use crate::matching::placed::Placed;
use crate::matching::time_map::TimeMap;

/// What one moment can say at most, for and against.
const FOR_MOST: f64 = 2.0;
const AGAINST_MOST: f64 = -1.2;
/// A keyframe in which no agreeing keypoint is seen, though the deleted video should be shown.
const KEYFRAME_EMPTY: f64 = -0.8;
/// Seconds from a deleted frame to the moment compared with it.
const TRACE_NEAR_S: f64 = 0.45;

/// Upload time `[from, to]`, seconds.
pub fn span(
    upload: &UploadPrint,
    deleted: &Fingerprint,
    alignment: &Alignment,
    time_map: &TimeMap,
    placed: &Placed,
) -> (f64, f64) {
    let mut moments: Vec<(f64, f64)> = Vec::new();
    for (at, nats) in placed.trace(deleted, time_map, TRACE_NEAR_S) {
        if let Some(nats) = nats {
            moments.push((at, (nats / 3.0).clamp(AGAINST_MOST / 2.0, FOR_MOST)));
        }
    }
    let framed = !moments.is_empty();
    for at in &upload.keyframes_s {
        let at = f64::from(*at);
        let wanted = time_map.deleted_s(at);
        if wanted < -1.0 || wanted > f64::from(deleted.duration_s) + 1.0 {
            continue;
        }
        let seen = |s: &&crate::matching::consensus::PlacedHit| {
            s.times.upload.0 <= at + 1e-3 && s.times.upload.1 >= at - 1e-3
        };
        let n = alignment.agreeing.iter().filter(seen).count();
        let says = if n > 0 { (n as f64 * 0.7).min(FOR_MOST) } else { KEYFRAME_EMPTY };
        moments.push((at, if framed && n == 0 { says / 2.0 } else { says }));
    }
    moments.sort_by(|a, b| a.0.total_cmp(&b.0));
    let Some((from, to)) = best_stretch(&moments) else {
        return (0.0, f64::from(upload.duration_s));
    };
    widen(upload, deleted, time_map, &moments, (from, to))
}

fn best_stretch(moments: &[(f64, f64)]) -> Option<(f64, f64)> {
    let (mut sum, mut start) = (0f64, 0f64);
    let mut top: Option<(f64, f64, f64)> = None;
    for (at, says) in moments {
        if sum <= 0.0 {
            (sum, start) = (0.0, *at);
        }
        sum += says;
        if sum > top.map_or(0.0, |t| t.0) {
            top = Some((sum, start, *at));
        }
    }
    top.map(|(_, from, to)| (from, to))
}

/// Half way to the neighbouring moments that do not belong; where there is none, to the end of the upload or as far as
/// the deleted video lasts.
fn widen(
    upload: &UploadPrint,
    deleted: &Fingerprint,
    time_map: &TimeMap,
    moments: &[(f64, f64)],
    (from, to): (f64, f64),
) -> (f64, f64) {
    let end = f64::from(upload.duration_s).max(to);
    let before = moments.iter().map(|m| m.0).filter(|t| *t < from - 1e-6).fold(f64::NAN, f64::max);
    let after = moments.iter().map(|m| m.0).filter(|t| *t > to + 1e-6).fold(f64::NAN, f64::min);
    let from = if before.is_nan() { 0.0 } else { (before + from) / 2.0 };
    let to = if after.is_nan() { end } else { (after + to) / 2.0 };
    // The deleted video does not last for ever.
    let (a, b) = (time_map.upload_s(0.0), time_map.upload_s(f64::from(deleted.duration_s)));
    let (first, last) = (a.min(b) - 0.3, a.max(b) + 0.3);
    let clamped = (from.max(first).clamp(0.0, end), to.min(last).clamp(0.0, end));
    if clamped.1 > clamped.0 { clamped } else { (from.max(0.0), to.min(end)) }
}
