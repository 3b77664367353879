//! From rows with many votes to candidates: of a row's hits, those count that agree.
//!
//! A copy turns and scales all of a picture alike, and what was earlier stays earlier (or later, played
//! backwards) at a speed between 0.45 and 2.2. Chance hits do none of that. Each of a row's hits in turn is
//! taken as the measure; the votes of those that agree with it in variant, angle, scale and time are summed,
//! each keypoint of the upload and of the tombstone once, capped for each second. The best sum is the row's.
//! All hits beside it count a little, so that a copy that changes over time is not lost.

use crate::fingerprint::{UploadPrint, Variant};
use crate::index::error::Error;
use crate::index::found::{Candidate, FrameHit, KeypointHit};
use crate::index::keys::Geometry;
use crate::index::search::{Hit, Scratch};
use crate::index::snapshot::Snapshot;
use crate::index::votes::Votes;
use crate::model::Slot;

/// Angle, 1/256 turn: 25°.
const ANGLE_APART: i32 = 18;
/// Scale, 1/16 octave.
const SCALE_APART: i32 = 9;
/// Quarters of a second that a sampling phase may add.
const TIME_SLACK: i32 = 5;
/// Hits of a row that are taken as the measure, spread over all of them.
const MEASURES: usize = 24;
/// What a hit counts that does not agree.
const STRAY: f32 = 0.1;

/// Working memory.
#[derive(Default)]
pub(crate) struct Refiner {
    histogram: Vec<u32>,
    chosen: Vec<(u32, f32)>,
    /// Geometry of the upload's keypoints.
    seen: Vec<Geometry>,
    hits: Vec<Hit>,
    placed: Vec<Placed>,
}

impl Refiner {
    /// Hits that were checked in the last search.
    pub(crate) fn hits(&self) -> usize {
        self.hits.len()
    }
}

/// A hit with what it says about the placement.
#[derive(Debug, Clone, Copy)]
struct Placed {
    item: u32,
    ordinal: u32,
    vote: f32,
    kind: u8,
    turn: u8,
    grown: i16,
    upload_at: i16,
    deleted_at: i16,
    still: bool,
}

/// Chooses and refines; returns candidates, best first.
pub(crate) fn candidates(
    snapshot: &Snapshot,
    upload: &UploadPrint,
    scratch: &mut Scratch,
    voices: &[u16],
) -> Result<Vec<Candidate>, Error> {
    let Scratch { keypoint_hits, frame_hits, votes, refiner, .. } = scratch;
    let rows_max = rows_max(snapshot, keypoint_hits.len());
    let threshold = threshold(&votes.votes, rows_max, &mut refiner.histogram);
    refiner.seen.clear();
    refiner.seen.extend(upload.keypoints.iter().map(|k| Geometry::of(&k.spot)));
    let wanted = |row: u32| votes.votes[row as usize] >= threshold;
    refiner.hits.clear();
    refiner.hits.extend(keypoint_hits.iter().filter(|h| wanted(h.row)));
    // Stable, so that a row's hits stay in the order of the upload's keypoints. Before `verify`, so that it
    // reads a row's hashes together.
    refiner.hits.sort_by_key(|h| h.row);
    verify(snapshot, upload, &mut refiner.hits)?;
    frame_hits.retain(|h| wanted(h.row));
    frame_hits.sort_by_key(|h| h.row);
    refiner.chosen.clear();
    let (mut keypoints, mut frames) = (&refiner.hits[..], &frame_hits[..]);
    while let Some(row) = keypoints.first().into_iter().chain(frames.first()).map(|h| h.row).min() {
        let of_row = split_row(&mut keypoints, row);
        let in_frames = split_row(&mut frames, row);
        place(snapshot, &refiner.seen, of_row, (votes, voices), &mut refiner.placed)?;
        let cap = snapshot.options.votes_per_keyframe_max;
        let sum = agreeing(&refiner.placed, upload, cap) + frame_sum(in_frames);
        refiner.chosen.push((row, sum));
    }
    refiner.chosen.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    refiner.chosen.truncate(snapshot.options.candidates_max);
    let chosen = refiner.chosen.iter();
    Ok(chosen.map(|&(row, sum)| candidate(snapshot, row, sum, &refiner.hits, frame_hits)).collect())
}

/// Rows to be refined, so that their hits are about `refined_hits_max`: rows with many votes have twice the
/// hits of the average and two more.
fn rows_max(snapshot: &Snapshot, hits: usize) -> usize {
    let average = hits / snapshot.rows().max(1);
    let rows = snapshot.options.refined_hits_max / (2 * average + 2);
    rows.max(2 * snapshot.options.candidates_max)
}

/// Votes that at most `rows_max` rows reach.
fn threshold(votes: &[f32], rows_max: usize, histogram: &mut Vec<u32>) -> f32 {
    const STEPS: f32 = 32.0;
    const BINS: usize = 2048;
    histogram.clear();
    histogram.resize(BINS, 0);
    for &v in votes.iter().filter(|&&v| v > 0.0) {
        histogram[((v * STEPS) as usize).min(BINS - 1)] += 1;
    }
    let mut rows = 0;
    for bin in (0..BINS).rev() {
        rows += histogram[bin] as usize;
        if rows > rows_max {
            return (bin + 1).min(BINS - 1) as f32 / STEPS;
        }
    }
    f32::MIN_POSITIVE
}

/// Drops hits whose whole distance is too large.
fn verify(snapshot: &Snapshot, upload: &UploadPrint, hits: &mut Vec<Hit>) -> Result<(), Error> {
    let mut kept = 0;
    for i in 0..hits.len() {
        if let Some(later) = hits.get(i + 16) {
            snapshot.parts[usize::from(later.part)].segment.prefetch_keypoint(later.ordinal);
        }
        let mut hit = hits[i];
        let segment = &snapshot.parts[usize::from(hit.part)].segment;
        let Some(hash) = segment.hash(hit.ordinal)? else { continue };
        let wanted = upload.keypoints[hit.item as usize].hashes[usize::from(hit.kind)];
        hit.distance = (hash ^ wanted).count_ones() as u8;
        if u32::from(hit.distance) <= snapshot.options.keypoint_distance_max {
            hits[kept] = hit;
            kept += 1;
        }
    }
    hits.truncate(kept);
    Ok(())
}

/// Takes the hits of `row` off the front.
fn split_row<'h>(hits: &mut &'h [Hit], row: u32) -> &'h [Hit] {
    let (own, rest) = hits.split_at(hits.partition_point(|h| h.row <= row));
    *hits = rest;
    own
}

fn place(
    snapshot: &Snapshot,
    upload: &[Geometry],
    hits: &[Hit],
    (votes, voices): (&Votes, &[u16]),
    placed: &mut Vec<Placed>,
) -> Result<(), Error> {
    placed.clear();
    for hit in hits {
        let variant = Variant::ALL[usize::from(hit.kind & 3)];
        let seen = upload[hit.item as usize].in_variant(variant);
        let segment = &snapshot.parts[usize::from(hit.part)].segment;
        let deleted = Geometry::unpack(segment.packed_geometry(hit.ordinal)?.unwrap_or(0));
        placed.push(Placed {
            item: hit.item,
            ordinal: hit.ordinal,
            vote: votes.rarity(voices[hit.item as usize]) * nearness(hit.distance),
            kind: hit.kind,
            turn: seen.angle.wrapping_sub(deleted.angle),
            grown: i16::from(seen.scale) - i16::from(deleted.scale),
            upload_at: seen.start as i16,
            deleted_at: deleted.start as i16,
            still: seen.still || deleted.still,
        });
    }
    Ok(())
}

/// The best sum of votes that agree, and a little for the rest.
fn agreeing(placed: &[Placed], upload: &UploadPrint, cap: f32) -> f32 {
    let all: f32 = placed.iter().map(|p| p.vote).sum();
    let step = placed.len().div_ceil(MEASURES).max(1);
    let best = placed
        .iter()
        .step_by(step)
        .map(|measure| sum_with(measure, placed, upload, cap))
        .fold(0.0, f32::max);
    best + STRAY * (all - best).clamp(0.0, best + 1.0)
}

fn sum_with(measure: &Placed, placed: &[Placed], upload: &UploadPrint, cap: f32) -> f32 {
    let (mut sum, mut in_second, mut second, mut last_item) = (0.0f32, 0.0f32, i32::MIN, u32::MAX);
    let mut used = [u32::MAX; 16];
    for (i, p) in placed.iter().enumerate() {
        if p.item == last_item || !agree(measure, p) || used.contains(&p.ordinal) {
            continue;
        }
        last_item = p.item;
        used[i % used.len()] = p.ordinal;
        let at = upload.keypoints[p.item as usize].spot.first_s as i32;
        if at != second {
            second = at;
            in_second = 0.0;
        }
        let vote = p.vote.min(cap - in_second).max(0.0);
        in_second += vote;
        sum += vote;
    }
    sum
}

fn agree(a: &Placed, b: &Placed) -> bool {
    let turned = i32::from(a.turn.wrapping_sub(b.turn) as i8).abs();
    let grown = (i32::from(a.grown) - i32::from(b.grown)).abs();
    if a.kind != b.kind || turned > ANGLE_APART || grown > SCALE_APART {
        return false;
    }
    let in_upload = (i32::from(a.upload_at) - i32::from(b.upload_at)).abs();
    let in_deleted = (i32::from(a.deleted_at) - i32::from(b.deleted_at)).abs();
    a.still
        || b.still
        || (in_deleted * 10 <= in_upload * 22 + TIME_SLACK * 10
            && in_upload * 10 <= in_deleted * 22 + TIME_SLACK * 10)
}

/// Weight of a hit at `distance` bits of 64.
fn nearness(distance: u8) -> f32 {
    (13.0 - f32::from(distance.min(12))) / 13.0
}

fn frame_sum(hits: &[Hit]) -> f32 {
    let mut frames = 0;
    let mut last = u32::MAX;
    for hit in hits {
        frames += i32::from(hit.item != last);
        last = hit.item;
    }
    (frames as f32 * 0.3).min(3.0)
}

fn candidate(snapshot: &Snapshot, row: u32, votes: f32, hits: &[Hit], frames: &[Hit]) -> Candidate {
    let part = snapshot.parts.partition_point(|p| p.base <= row as usize) - 1;
    let part = &snapshot.parts[part];
    let local = row as usize - part.base;
    let segment = &part.segment;
    let (first_keypoint, first_frame) =
        (segment.keypoint_starts()[local], segment.frame_starts()[local]);
    let of_row = |all: &[Hit]| {
        let from = all.partition_point(|h| h.row < row);
        from..from + all[from..].partition_point(|h| h.row == row)
    };
    let mut keypoint_hits: Vec<_> = hits[of_row(hits)]
        .iter()
        .map(|h| KeypointHit {
            upload: h.item,
            deleted: h.ordinal - first_keypoint,
            variant: Variant::ALL[usize::from(h.kind & 3)],
        })
        .collect();
    // Both words of a pair may agree, and then it was found twice.
    keypoint_hits.sort_by_key(|h| (h.upload, h.deleted, h.variant));
    keypoint_hits.dedup();
    let mut frame_hits: Vec<_> = frames[of_row(frames)]
        .iter()
        .map(|h| FrameHit {
            upload: h.item,
            deleted: h.ordinal - first_frame,
            view: h.kind & 3,
            inverted: h.kind & 4 != 0,
        })
        .collect();
    frame_hits.sort_by_key(|h| (h.upload, h.deleted, h.view, h.inverted));
    frame_hits.dedup();
    Candidate { slot: Slot(segment.slots()[local]), votes, keypoint_hits, frame_hits }
}
