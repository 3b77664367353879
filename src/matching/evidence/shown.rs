//! Which parts of the deleted video an upload shows, and where in the upload: an extent of either.
//!
//! An alignment says where everything is expected; coverage says of each keypoint whether it was found there. Single
//! keypoints are lost to any encoding, so whole regions are asked: a cell counts as shown when enough of the keypoints
//! in it and around it were found.
//!
//! ```text
//! enough ← half the share found under the whole alignment, within ENOUGH
//! for each half second of the deleted video that the span shows, each cell:
//!     expected, found ← keypoints in the cell and those beside it, seen then
//!     shown if found ≥ enough · expected
//!     without any expected: shown if most other cells are, or if whole frames agree
//! in the upload: each cell of each half second of the span whose place in the deleted video is shown
//! ```
//!
//! What an upload crops away is not expected, so it is not shown. It is not missing either: what is *visible* is noted, and
//! the share is of that (`VisualWeight::of_visible`).

use crate::fingerprint::{Fingerprint, UploadPrint};
use crate::matching::align::consensus::Alignment;
use crate::matching::align::geometry::{DeletedPoint, UploadPoint};
use crate::matching::align::time_map::TimeMap;
use crate::matching::evidence::fitted::FittedAlignment;
use crate::matching::evidence::visual_weight::stands_for;
use crate::model::extent::{BIN_S, CELLS, Extent, WHOLE, bin, cell, cell_centre, grown};
use crate::model::{DeletedSpan, UploadSpan};

/// Bounds of the share of a region's keypoints that must be found. Chance finds one in twenty. Tuned.
const ENOUGH: (f64, f64) = (0.12, 0.3);
/// Share of the alignment's own share that a region must reach. Tuned.
const OF_ALIGNMENT: f64 = 0.5;
/// Share of a half second's cells that must be shown for cells without keypoints to count as shown. Tuned.
const MOST: f64 = 0.5;
/// Nats of a pair of frames that show the same picture in a half second without keypoints. Tuned.
const FRAME_NATS: f64 = 2.0;
/// Half seconds to either side in which an agreeing frame speaks: fingerprints keep one every 0.8 s.
const FRAME_BINS: usize = 1;

/// Parts of both videos that show the same.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shown {
    pub deleted: Extent,
    pub upload: Extent,
    /// Of the deleted video, what the upload does not crop away while it shows it.
    pub visible: Extent,
}

impl Shown {
    /// What a fitted alignment shows.
    pub fn of_alignment(
        upload: &UploadPrint,
        deleted: &Fingerprint,
        fit: &FittedAlignment,
    ) -> Shown {
        let alignment = &fit.alignment;
        let span = alignment.time_map.deleted_span(&fit.span).ascending();
        let regions = Regions::new(deleted, fit);
        let enough = (OF_ALIGNMENT * fit.coverage.share()).clamp(ENOUGH.0, ENOUGH.1);
        let inside = inside(upload, deleted, alignment);
        let framed = framed_bins(upload, fit);
        let (mut shown, mut visible) = (Extent::default(), Extent::default());
        let last_s = f64::from(deleted.duration_s);
        for bin in bins(span.start_s.max(0.0), span.end_s.min(last_s)) {
            shown.add(bin, regions.shown(bin, enough, inside, framed.contains(&bin)));
            visible.add(bin, inside);
        }
        let upload = in_upload(upload, deleted, fit, &shown);
        Shown { deleted: shown, upload, visible }
    }

    /// What a line of whole frames shows: the whole picture on both sides.
    pub fn of_spans(upload: UploadSpan, deleted: DeletedSpan) -> Shown {
        let mut shown = Shown::default();
        let deleted = deleted.ascending();
        bins(deleted.start_s, deleted.end_s).for_each(|bin| shown.deleted.add(bin, WHOLE));
        bins(upload.start_s, upload.end_s).for_each(|bin| shown.upload.add(bin, WHOLE));
        shown.visible = shown.deleted.clone();
        shown
    }

    /// Adds what another alignment shows.
    pub fn add(&mut self, other: &Shown) {
        self.deleted.add_all(&other.deleted);
        self.upload.add_all(&other.upload);
        self.visible.add_all(&other.visible);
    }
}

/// Bins whose middle lies within an interval; at least the one that it begins in.
fn bins(from_s: f64, to_s: f64) -> std::ops::Range<usize> {
    let first = bin(from_s + BIN_S / 2.0);
    first..bin(to_s + BIN_S / 2.0).max(first + 1)
}

/// Cells of the deleted picture whose centres lie inside the upload's picture.
fn inside(upload: &UploadPrint, deleted: &Fingerprint, alignment: &Alignment) -> u64 {
    let (w, h) = (f64::from(upload.width), f64::from(upload.height));
    let is_inside = |cell: &usize| {
        let at = alignment.map.apply(deleted_point(deleted, *cell));
        (0.0..=w).contains(&at.x) && (0.0..=h).contains(&at.y)
    };
    (0..CELLS).filter(is_inside).fold(0, |cells, cell| cells | 1 << cell)
}

fn deleted_point(deleted: &Fingerprint, cell: usize) -> DeletedPoint {
    let (x, y) = cell_centre(cell);
    DeletedPoint::new(x * f64::from(deleted.width), y * f64::from(deleted.height))
}

/// Half seconds of the deleted video in which whole frames agree.
fn framed_bins(upload: &UploadPrint, fit: &FittedAlignment) -> Vec<usize> {
    let agreeing = fit.frames.pairs.iter().filter(|(_, nats)| *nats >= FRAME_NATS);
    let at = |frame: usize| {
        fit.alignment.time_map.deleted_s(f64::from(upload.frames[frame].time_s)).max(0.0)
    };
    let around = |(frame, _): &(usize, f64)| {
        let bin = bin(at(*frame));
        bin.saturating_sub(FRAME_BINS)..=bin + FRAME_BINS
    };
    agreeing.flat_map(around).collect()
}

/// Of each half second, each cell: keypoints expected in the upload, and found.
struct Regions {
    bins: Vec<[(u16, u16); CELLS]>,
}

impl Regions {
    fn new(deleted: &Fingerprint, fit: &FittedAlignment) -> Regions {
        let duration_s = f64::from(deleted.duration_s);
        let keyframes_s: Vec<f64> = deleted.keyframes.iter().map(|k| f64::from(k.time_s)).collect();
        let mut bins = vec![[(0u16, 0u16); CELLS]; bin(duration_s) + 1];
        let last = bins.len() - 1;
        for asked in &fit.coverage.expected {
            let spot = &deleted.keypoints[asked.index as usize].spot;
            let (x, y) = (spot.x / deleted.width, spot.y / deleted.height);
            let at = cell(f64::from(x), f64::from(y));
            let (from_s, to_s) = stands_for(&keyframes_s, spot, duration_s);
            for counts in &mut bins[bin(from_s).min(last)..=bin(to_s).min(last)] {
                counts[at].0 = counts[at].0.saturating_add(1);
                counts[at].1 = counts[at].1.saturating_add(u16::from(asked.found));
            }
        }
        Regions { bins }
    }

    /// The cells of one half second that are shown.
    fn shown(&self, bin: usize, enough: f64, inside: u64, framed: bool) -> u64 {
        let Some(counts) = self.bins.get(bin) else { return 0 };
        let (mut shown, mut silent, mut asked) = (0u64, 0u64, 0u32);
        for cell in (0..CELLS).filter(|cell| inside >> cell & 1 != 0) {
            let around = grown(1 << cell);
            let (mut expected, mut found) = (0u32, 0u32);
            for beside in (0..CELLS).filter(|beside| around >> beside & 1 != 0) {
                expected += u32::from(counts[beside].0);
                found += u32::from(counts[beside].1);
            }
            if expected == 0 {
                silent |= 1 << cell;
            } else {
                asked += 1;
                let enough = (enough * f64::from(expected)).max(1.0);
                shown |= u64::from(f64::from(found) >= enough) << cell;
            }
        }
        let most = f64::from(shown.count_ones()) >= MOST * f64::from(asked);
        let agrees = if asked == 0 { framed } else { most && shown != 0 };
        if agrees { shown | silent } else { shown }
    }
}

/// The parts of the upload that show `shown` of the deleted video.
fn in_upload(
    upload: &UploadPrint,
    deleted: &Fingerprint,
    fit: &FittedAlignment,
    shown: &Extent,
) -> Extent {
    let Alignment { map, variant, .. } = &fit.alignment;
    let (w, h) = (f64::from(upload.width), f64::from(upload.height));
    let mut out = Extent::default();
    let Some(back) = map.inverse() else { return out };
    // The deleted cell that each of the upload's cells shows.
    let source: Vec<Option<usize>> = (0..CELLS)
        .map(|at| {
            let (x, y) = cell_centre(at);
            let x = if variant.mirrored() { 1.0 - x } else { x };
            let from = back.deleted(UploadPoint::new(x * w, y * h));
            let (x, y) = (from.x / f64::from(deleted.width), from.y / f64::from(deleted.height));
            let inside = (0.0..=1.0).contains(&x) && (0.0..=1.0).contains(&y);
            inside.then(|| cell(x, y))
        })
        .collect();
    // A picture smaller than a cell holds no cell's centre: it counts as the cell it lies in.
    let tiny = source.iter().all(Option::is_none);
    let middle = map.apply(deleted_point(deleted, cell(0.5, 0.5)));
    let at = |x: f64| if variant.mirrored() { w - x } else { x };
    let tiny = if tiny { 1u64 << cell(at(middle.x) / w, middle.y / h) } else { 0 };
    for upload_bin in bins(fit.span.start_s, fit.span.end_s) {
        let cells = shown.cells(shown_bin(&fit.alignment.time_map, upload_bin, shown));
        let of =
            |(at, from): (usize, &Option<usize>)| from.map_or(0, |from| (cells >> from & 1) << at);
        let seen = source.iter().enumerate().map(of).fold(0, |all, one| all | one);
        out.add(upload_bin, if cells == 0 { 0 } else { seen | tiny });
    }
    out
}

/// The half second of the deleted video that one of the upload shows; where rounding leads beside what is shown, the
/// neighbour.
fn shown_bin(time_map: &TimeMap, upload_bin: usize, shown: &Extent) -> usize {
    let at = bin(time_map.deleted_s((upload_bin as f64 + 0.5) * BIN_S));
    let beside = [at, at + 1, at.saturating_sub(1)];
    beside.into_iter().find(|bin| shown.cells(*bin) != 0).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::evidence::visual_weight::VisualWeight;
    use crate::matching::tests::scene::Scene;

    fn shares(scene: &Scene) -> (f64, f64) {
        let (deleted, upload) = (scene.deleted(), scene.upload());
        let alignment = &scene.alignments(&deleted, &upload)[0];
        let fit = scene.fit(&deleted, &upload, alignment);
        let shown = Shown::of_alignment(&upload, &deleted, &fit);
        let whole = VisualWeight::of_deleted(&deleted);
        (whole.share(&shown.deleted), VisualWeight::of_upload(&upload).share(&shown.upload))
    }

    #[test]
    fn the_whole_video_in_a_corner_is_the_whole_of_it_and_a_part_of_the_upload() {
        let (small, part) = shares(&Scene { scale: 0.5, ..Scene::framed(61) });
        let (large, most) = shares(&Scene::framed(61));
        assert!(small > 0.7 && large > 0.7, "{small} {large}");
        assert!(part < 0.85 * most, "{part} {most}");
    }
}
