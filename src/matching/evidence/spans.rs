//! From when to when: the stretch of the upload in which an alignment holds.
//!
//! Every sampled moment of the upload votes for or against. A keyframe votes by the number of agreeing keypoints seen
//! in it, a frame by its hash under the placement. The stretch with the largest sum is the span; its ends are moved
//! half a sampling step outward, and to the upload's own ends where nothing was sampled in between.
//!
//! ```text
//! votes ← for each frame with a deleted frame at its moment: pair_nats / FRAME_NATS_PER_VOTE, within limits
//!         for each keyframe within the deleted video:        KEYPOINT_VOTE · agreeing keypoints, at most FOR_MAX;
//!                                                            KEYFRAME_EMPTY without any, half of it beside frames
//! span  ← the stretch with the largest sum (`stretch`), widened to halfway to its neighbours
//!         and cut to as long as the deleted video lasts
//! ```
//!
//! Votes are limited on both sides, so that a black frame or a caption does not cut a span in two, and one
//! perfect frame does not reach across a gap.

use crate::fingerprint::{Fingerprint, UploadPrint};
use crate::matching::align::consensus::Alignment;
use crate::matching::align::placed_hit::PlacedHit;
use crate::matching::align::time_map::TimeMap;
use crate::matching::evidence::placed_frames::PlacedFrames;
use crate::matching::evidence::stretch::best_stretch;
use crate::model::{DeletedSpan, UploadSpan};

/// Limits of one moment's vote, for and against. Tuned.
const FOR_MAX: f64 = 2.0;
const AGAINST_MAX: f64 = -1.2;
/// Vote of one agreeing keypoint in its keyframe. Tuned.
const KEYPOINT_VOTE: f64 = 0.7;
/// A keyframe without an agreeing keypoint, though the deleted video should be shown. Tuned.
const KEYFRAME_EMPTY: f64 = -0.8;
/// Nats of a frame that make one vote. Tuned.
const FRAME_NATS_PER_VOTE: f64 = 3.0;
/// Seconds from a deleted frame to the moment compared with it: nearly the 0.5 s between deleted frames. Tuned.
const TRACE_NEAR_S: f64 = 0.45;
/// Seconds before the deleted video's beginning and after its end in which a keyframe still votes. Tuned.
const ENDS_S: f64 = 1.0;
/// Seconds by which a span may outlast the deleted video. Tuned.
const OUTLAST_S: f64 = 0.3;
/// Seconds by which times may differ that are the same moment; the second compares with a moment of a float32.
const MOMENT_EPSILON_S: f64 = 1e-6;
const KEYFRAME_EPSILON_S: f64 = 1e-3;

/// A sampled moment of the upload and its vote.
#[derive(Debug, Clone, Copy)]
struct Moment {
    at_s: f64,
    vote: f64,
}

/// The stretch of the upload in which `alignment` holds on `time_map`; all of the upload when no moment speaks for it.
///
/// The result is ascending and lies within the upload, whose end is its duration or the last sampled moment.
pub fn span(
    upload: &UploadPrint,
    deleted: &Fingerprint,
    alignment: &Alignment,
    time_map: &TimeMap,
    placed: &PlacedFrames,
) -> UploadSpan {
    let mut moments: Vec<Moment> = Vec::new();
    for (at_s, nats) in placed.trace(deleted, time_map, TRACE_NEAR_S) {
        if let Some(nats) = nats {
            let vote = (nats / FRAME_NATS_PER_VOTE).clamp(AGAINST_MAX / 2.0, FOR_MAX);
            moments.push(Moment { at_s, vote });
        }
    }
    let framed = !moments.is_empty();
    let lasts = DeletedSpan::new(0.0, f64::from(deleted.duration_s)).padded(ENDS_S);
    for at_s in upload.keyframes_s.iter().map(|at| f64::from(*at)) {
        if !lasts.contains_s(time_map.deleted_s(at_s)) {
            continue;
        }
        let seen = |s: &&PlacedHit| s.times.upload.padded(KEYFRAME_EPSILON_S).contains_s(at_s);
        let n = alignment.agreeing.iter().filter(seen).count();
        let vote = match n {
            0 if framed => KEYFRAME_EMPTY / 2.0,
            0 => KEYFRAME_EMPTY,
            n => (n as f64 * KEYPOINT_VOTE).min(FOR_MAX),
        };
        moments.push(Moment { at_s, vote });
    }
    moments.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    let Some((_, stretch)) = best_stretch(moments.iter().map(|m| m.vote)) else {
        return UploadSpan::new(0.0, f64::from(upload.duration_s));
    };
    let held = UploadSpan::new(moments[stretch.start].at_s, moments[stretch.end - 1].at_s);
    widened(upload, deleted, time_map, &moments, held)
}

/// Half way to the neighbouring moments that do not belong; where there is none, to the end of the upload or as far as
/// the deleted video lasts.
fn widened(
    upload: &UploadPrint,
    deleted: &Fingerprint,
    time_map: &TimeMap,
    moments: &[Moment],
    held: UploadSpan,
) -> UploadSpan {
    let end = f64::from(upload.duration_s).max(held.end_s);
    let (before, after) = (held.start_s - MOMENT_EPSILON_S, held.end_s + MOMENT_EPSILON_S);
    let times = moments.iter().map(|m| m.at_s);
    let before = times.clone().filter(|t| *t < before).fold(f64::NAN, f64::max);
    let after = times.filter(|t| *t > after).fold(f64::NAN, f64::min);
    let from = if before.is_nan() { 0.0 } else { (before + held.start_s) / 2.0 };
    let to = if after.is_nan() { end } else { (after + held.end_s) / 2.0 };
    let whole = DeletedSpan::new(0.0, f64::from(deleted.duration_s));
    let lasts = time_map.upload_span(&whole).padded(OUTLAST_S);
    let cut = UploadSpan::new(
        from.max(lasts.start_s).clamp(0.0, end),
        to.min(lasts.end_s).clamp(0.0, end),
    );
    if cut.end_s > cut.start_s { cut } else { UploadSpan::new(from.max(0.0), to.min(end)) }
}
