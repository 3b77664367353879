//! From rows with many votes to candidates: of the hits of a row, only those that agree count.
//!
//! A re-upload rotates and scales all of a picture alike, and keeps the order of time (or reverses it) at a speed between
//! 1 ÷ 2.2 and 2.2. Chance hits do neither. So each row's hits are tested for weak geometric consistency (Jégou, Douze
//! and Schmid, ECCV 2008), with one hit after another as the reference instead of a histogram of rotations and scales:
//!
//! ```text
//! choose the rows with most votes, few of one content group                  (`diversity`)
//! drop hits whose whole hash is too far                   only now the hash itself is read
//! for each row:
//!     for each of up to REFERENCES hits as the reference:
//!         sum the votes of the hits that agree with it in variant, rotation, scale and time,
//!             each keypoint of the upload and of the tombstone once, capped per second
//!     the row's sum is the best of these, and a little for the hits that disagree,
//!         so that a re-upload that changes over time is not lost
//! the rows with the best sums become candidates, unless better ones explain their hits  (`diversity`)
//! ```
//!
//! Departures from the paper: its histograms take every rotation and scale independently and ignore time; a reference
//! tests all at once, which a sparse row (tens of hits) can afford and needs.

use crate::fingerprint::UploadPrint;
use crate::index::error::Error;
use crate::index::search::diversity::{ChosenRows, diverse};
use crate::index::search::found::{Candidate, FrameHit, KeypointHit};
use crate::index::search::hit::{HitKind, RowHit};
use crate::index::search::query::SearchContext;
use crate::index::search::votes::Votes;
use crate::index::segment::Geometry;
use crate::model::Slot;

/// Largest difference of rotations that agree, 1/256 turn: 25°. *Tuned.*
const ROTATION_TOLERANCE: i32 = 18;
/// Largest difference of scales that agree, 1/16 octave. *Tuned.*
const SCALE_TOLERANCE: i32 = 9;
/// Fastest and, inverted, slowest speed, in tenths.
const SPEED_TENTHS_MAX: i32 = 22;
/// Quarters of a second that the phase of sampling may add to a difference of times. *Tuned.*
const TIME_SLACK: i32 = 5;
/// Hits of a row that serve as the reference, spread over all of them. *Tuned*; bounds the time of one row.
const REFERENCES: usize = 24;
/// Weight of a hit that disagrees with the best reference. *Tuned.*
const DISAGREEING: f32 = 0.1;
/// Votes by which hits that disagree may exceed those that agree. *Tuned.*
const DISAGREEING_EXCESS: f32 = 1.0;
/// Positions of the tombstone's recently used keypoints that are remembered: the hits of one keypoint of the tombstone
/// lie close together. *Tuned.*
const RECENT: usize = 16;
/// Differing bits of 64 at which a hit would weigh nothing. *Tuned.*
const DISTANCE_WEIGHTLESS: u8 = 13;
/// Votes of a frame that was hit, and what all frames of a row may add. *Tuned.*
const FRAME_WEIGHT: f32 = 0.3;
const FRAME_SUM_MAX: f32 = 3.0;
/// Steps of the histogram of votes per vote, and its number of bins.
const HISTOGRAM_STEPS: f32 = 32.0;
const HISTOGRAM_BINS: usize = 2048;
/// Rows that are ranked for each that is refined. *Tuned.*
const GROUPS_AHEAD: usize = 8;
/// Hits by which hashes are prefetched ahead of their use. *Tuned.*
const HASHES_AHEAD: usize = 16;

/// Working memory.
#[derive(Default)]
pub(super) struct Refiner {
    histogram: Vec<u32>,
    chosen: ChosenRows,
    /// Rows and their sums.
    sums: Vec<(u32, f32)>,
    /// Geometry of the upload's keypoints.
    upload: Vec<Geometry>,
    hits: Vec<RowHit>,
    geometries: Vec<HitGeometry>,
}

/// A hit with its vote, and where it places the tombstone in the upload.
#[derive(Debug, Clone, Copy)]
struct HitGeometry {
    item: u32,
    ordinal: u32,
    vote: f32,
    kind: HitKind,
    /// From the tombstone to the upload, 1/256 turn.
    rotation: u8,
    /// From the tombstone to the upload, 1/16 octave.
    scaling: i16,
    /// Quarters of a second.
    upload_at: i16,
    deleted_at: i16,
    /// Either keypoint stands still for so long that its start says nothing about time.
    still: bool,
}

impl Refiner {
    /// Hits that were refined in the last search.
    pub fn hits(&self) -> usize {
        self.hits.len()
    }

    /// Chooses rows by their votes and refines them. Returns candidates, best first.
    ///
    /// # Errors
    /// [`Error::Damaged`] when a block with hashes that are needed is damaged.
    pub fn candidates(
        &mut self,
        query: &SearchContext<'_>,
        votes: &Votes,
        keypoint_hits: &[RowHit],
        frame_hits: &mut Vec<RowHit>,
    ) -> Result<Vec<Candidate>, Error> {
        let rows_max = rows_max(query, keypoint_hits.len());
        // A few times as many are ranked, because most of them may be of one content group.
        let least = threshold(votes.all(), GROUPS_AHEAD * rows_max, &mut self.histogram);
        self.chosen.choose(query, votes.all(), (least, rows_max));
        self.upload.clear();
        self.upload.extend(query.upload.keypoints.iter().map(|k| Geometry::of(&k.spot)));
        let rows = &self.chosen;
        let chosen = |hit: &&RowHit| rows.contains(hit.row);
        self.hits.clear();
        self.hits.extend(keypoint_hits.iter().filter(chosen));
        // Stable, so that the hits of a row stay in the order of the upload's keypoints. Before `verify`, so that it
        // reads the hashes of a row together.
        self.hits.sort_by_key(|h| h.row);
        verify(query, &mut self.hits)?;
        frame_hits.retain(|h| chosen(&h));
        frame_hits.sort_by_key(|h| h.row);
        self.sum_rows(query, votes, frame_hits)?;
        self.sums.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let (keypoints, most) = (query.upload.keypoints.len(), query.index.candidates_max);
        let kept = diverse(&self.sums, keypoints, most, |row| of_row(&self.hits, row));
        let candidate = |&(row, sum)| candidate(query, row, sum, &self.hits, frame_hits);
        Ok(kept.iter().map(candidate).collect())
    }

    /// Sums the votes of each row's hits that agree.
    fn sum_rows(
        &mut self,
        query: &SearchContext<'_>,
        votes: &Votes,
        frame_hits: &[RowHit],
    ) -> Result<(), Error> {
        let cap = query.index.votes_per_keyframe_max;
        self.sums.clear();
        let (mut keypoints, mut frames) = (&self.hits[..], frame_hits);
        while let Some(row) =
            keypoints.first().into_iter().chain(frames.first()).map(|h| h.row).min()
        {
            let keypoints_of_row = split_row(&mut keypoints, row);
            let frames_of_row = split_row(&mut frames, row);
            relate(query, votes, &self.upload, keypoints_of_row, &mut self.geometries)?;
            let sum = agreeing(&self.geometries, query.upload, cap) + frame_sum(frames_of_row);
            self.sums.push((row, sum));
        }
        Ok(())
    }
}

/// Rows to refine, so that their hits are about `refined_hits_max`: a row with many votes has about twice the average
/// number of hits, and two more.
fn rows_max(query: &SearchContext<'_>, hits: usize) -> usize {
    let average = hits / query.parts.rows().max(1);
    let rows = query.index.refined_hits_max / (2 * average + 2);
    rows.max(2 * query.index.candidates_max)
}

/// Votes that at most `rows_max` rows reach.
fn threshold(votes: &[f32], rows_max: usize, histogram: &mut Vec<u32>) -> f32 {
    histogram.clear();
    histogram.resize(HISTOGRAM_BINS, 0);
    for &v in votes.iter().filter(|&&v| v > 0.0) {
        histogram[((v * HISTOGRAM_STEPS) as usize).min(HISTOGRAM_BINS - 1)] += 1;
    }
    let mut rows = 0;
    for bin in (0..HISTOGRAM_BINS).rev() {
        rows += histogram[bin] as usize;
        if rows > rows_max {
            return (bin + 1).min(HISTOGRAM_BINS - 1) as f32 / HISTOGRAM_STEPS;
        }
    }
    f32::MIN_POSITIVE
}

/// Drops hits whose whole hashes differ in too many bits.
fn verify(query: &SearchContext<'_>, hits: &mut Vec<RowHit>) -> Result<(), Error> {
    let mut kept = 0;
    for i in 0..hits.len() {
        if let Some(later) = hits.get(i + HASHES_AHEAD) {
            query.parts.get(later.part).segment.prefetch_keypoint(later.ordinal);
        }
        let mut hit = hits[i];
        let segment = &query.parts.get(hit.part).segment;
        let Some(hash) = segment.hash(hit.ordinal)? else { continue };
        let keypoint = &query.upload.keypoints[hit.item as usize];
        hit.distance = (hash ^ keypoint.hashes[hit.kind.variant() as usize]).count_ones() as u8;
        if u32::from(hit.distance) <= query.index.keypoint_distance_max {
            hits[kept] = hit;
            kept += 1;
        }
    }
    hits.truncate(kept);
    Ok(())
}

/// Takes the hits of `row` off the front.
fn split_row<'h>(hits: &mut &'h [RowHit], row: u32) -> &'h [RowHit] {
    let (own, rest) = hits.split_at(hits.partition_point(|h| h.row <= row));
    *hits = rest;
    own
}

/// The geometries of the hits of one row.
fn relate(
    query: &SearchContext<'_>,
    votes: &Votes,
    upload: &[Geometry],
    hits: &[RowHit],
    geometries: &mut Vec<HitGeometry>,
) -> Result<(), Error> {
    geometries.clear();
    for hit in hits {
        let shown = upload[hit.item as usize].in_variant(hit.kind.variant());
        let segment = &query.parts.get(hit.part).segment;
        let deleted = Geometry::unpack(segment.packed_geometry(hit.ordinal)?.unwrap_or(0));
        geometries.push(HitGeometry {
            item: hit.item,
            ordinal: hit.ordinal,
            vote: votes.keypoint_rarity(hit.item) * nearness(hit.distance),
            kind: hit.kind,
            rotation: shown.angle.wrapping_sub(deleted.angle),
            scaling: i16::from(shown.scale) - i16::from(deleted.scale),
            upload_at: shown.start as i16,
            deleted_at: deleted.start as i16,
            still: shown.still || deleted.still,
        });
    }
    Ok(())
}

/// The best sum of votes that agree, and a little for the rest.
fn agreeing(geometries: &[HitGeometry], upload: &UploadPrint, cap: f32) -> f32 {
    let all: f32 = geometries.iter().map(|r| r.vote).sum();
    let step = geometries.len().div_ceil(REFERENCES).max(1);
    let best = geometries
        .iter()
        .step_by(step)
        .map(|reference| sum_with(reference, geometries, upload, cap))
        .fold(0.0, f32::max);
    best + DISAGREEING * (all - best).clamp(0.0, best + DISAGREEING_EXCESS)
}

fn sum_with(
    reference: &HitGeometry,
    geometries: &[HitGeometry],
    upload: &UploadPrint,
    cap: f32,
) -> f32 {
    let (mut sum, mut in_second, mut second, mut last_item) = (0.0f32, 0.0f32, i32::MIN, u32::MAX);
    let mut used = [u32::MAX; RECENT];
    for (i, r) in geometries.iter().enumerate() {
        if r.item == last_item || !agree(reference, r) || used.contains(&r.ordinal) {
            continue;
        }
        last_item = r.item;
        used[i % RECENT] = r.ordinal;
        let at = upload.keypoints[r.item as usize].spot.first_s as i32;
        if at != second {
            second = at;
            in_second = 0.0;
        }
        let vote = r.vote.min(cap - in_second).max(0.0);
        in_second += vote;
        sum += vote;
    }
    sum
}

fn agree(a: &HitGeometry, b: &HitGeometry) -> bool {
    let rotation = i32::from(a.rotation.wrapping_sub(b.rotation) as i8).abs();
    let scaling = (i32::from(a.scaling) - i32::from(b.scaling)).abs();
    if a.kind != b.kind || rotation > ROTATION_TOLERANCE || scaling > SCALE_TOLERANCE {
        return false;
    }
    let in_upload = (i32::from(a.upload_at) - i32::from(b.upload_at)).abs();
    let in_deleted = (i32::from(a.deleted_at) - i32::from(b.deleted_at)).abs();
    let slack = TIME_SLACK * 10;
    a.still
        || b.still
        || (in_deleted * 10 <= in_upload * SPEED_TENTHS_MAX + slack
            && in_upload * 10 <= in_deleted * SPEED_TENTHS_MAX + slack)
}

/// Weight of a hit whose whole hashes differ in `distance` bits of 64.
fn nearness(distance: u8) -> f32 {
    let weightless = f32::from(DISTANCE_WEIGHTLESS);
    (weightless - f32::from(distance.min(DISTANCE_WEIGHTLESS - 1))) / weightless
}

fn frame_sum(hits: &[RowHit]) -> f32 {
    let mut frames = 0;
    let mut last = u32::MAX;
    for hit in hits {
        frames += i32::from(hit.item != last);
        last = hit.item;
    }
    (frames as f32 * FRAME_WEIGHT).min(FRAME_SUM_MAX)
}

fn candidate(
    query: &SearchContext<'_>,
    row: u32,
    votes: f32,
    hits: &[RowHit],
    frames: &[RowHit],
) -> Candidate {
    let part = query.parts.of_row(row);
    let local = row as usize - part.base;
    let segment = &part.segment;
    let (first_keypoint, first_frame) =
        (segment.keypoint_starts()[local], segment.frame_starts()[local]);
    let mut keypoint_hits: Vec<_> = of_row(hits, row)
        .iter()
        .map(|h| KeypointHit {
            upload: h.item,
            deleted: h.ordinal - first_keypoint,
            variant: h.kind.variant(),
        })
        .collect();
    // A pair is found once per word that agrees.
    keypoint_hits.sort_by_key(|h| (h.upload, h.deleted, h.variant));
    keypoint_hits.dedup();
    let mut frame_hits: Vec<_> = of_row(frames, row)
        .iter()
        .map(|h| FrameHit {
            upload: h.item,
            deleted: h.ordinal - first_frame,
            view: h.kind.view(),
            inverted: h.kind.inverted(),
        })
        .collect();
    frame_hits.sort_by_key(|h| (h.upload, h.deleted, h.view, h.inverted));
    frame_hits.dedup();
    Candidate { slot: Slot(segment.slots()[local]), votes, keypoint_hits, frame_hits }
}

/// The hits of one row among hits that are ordered by row.
fn of_row(hits: &[RowHit], row: u32) -> &[RowHit] {
    let from = hits.partition_point(|h| h.row < row);
    let length = hits[from..].partition_point(|h| h.row == row);
    &hits[from..from + length]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::Variant;

    /// A hit at a time of the upload and of the tombstone, in quarters of a second.
    fn geometry_at(upload_at: i16, deleted_at: i16) -> HitGeometry {
        HitGeometry {
            item: 0,
            ordinal: 0,
            vote: 1.0,
            kind: HitKind::keypoint(Variant::Plain),
            rotation: 0,
            scaling: 0,
            upload_at,
            deleted_at,
            still: false,
        }
    }

    #[test]
    fn hits_agree_up_to_the_fastest_and_the_slowest_speed() {
        let reference = geometry_at(0, 0);
        for (upload_at, deleted_at) in [(100, 100), (100, 220), (220, 100), (100, -100), (2, 7)] {
            assert!(agree(&reference, &geometry_at(upload_at, deleted_at)), "{upload_at}");
        }
        for (upload_at, deleted_at) in [(100, 240), (240, 100), (0, 10)] {
            assert!(!agree(&reference, &geometry_at(upload_at, deleted_at)), "{upload_at}");
        }
        assert!(agree(&reference, &HitGeometry { still: true, ..geometry_at(0, 500) }));
    }

    #[test]
    fn hits_of_another_variant_rotation_or_scale_disagree() {
        let reference = geometry_at(0, 0);
        let mirrored = HitGeometry { kind: HitKind::keypoint(Variant::Mirrored), ..reference };
        // Across the zero of the circle.
        let (turned, upside_down) = (
            HitGeometry { rotation: 240, ..reference },
            HitGeometry { rotation: 128, ..reference },
        );
        let (larger, twice) =
            (HitGeometry { scaling: 9, ..reference }, HitGeometry { scaling: 16, ..reference });
        assert!(agree(&reference, &turned) && agree(&reference, &larger));
        for other in [mirrored, upside_down, twice] {
            assert!(!agree(&reference, &other), "{other:?}");
        }
    }

    #[test]
    fn at_most_so_many_rows_reach_the_threshold() {
        let votes: Vec<f32> = (0..1000).map(|i| i as f32 / 50.0).collect();
        for rows_max in [1, 10, 500, 2000] {
            let reached = threshold(&votes, rows_max, &mut Vec::new());
            let rows = votes.iter().filter(|&&v| v >= reached).count();
            assert!(rows <= rows_max && (rows + 3 >= rows_max.min(999)), "{rows} of {rows_max}");
        }
    }

    #[test]
    fn a_frame_counts_once_and_all_of_them_are_capped() {
        let hits = |items: &[u32]| -> Vec<RowHit> {
            items.iter().map(|&item| RowHit { item, ..RowHit::default() }).collect()
        };
        assert_eq!(frame_sum(&hits(&[])), 0.0);
        assert_eq!(frame_sum(&hits(&[1, 1, 1])), FRAME_WEIGHT);
        assert_eq!(frame_sum(&hits(&(0..50).collect::<Vec<_>>())), FRAME_SUM_MAX);
    }
}
