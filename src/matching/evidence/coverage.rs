//! Coverage: is what ought to be visible there? Tells a re-upload from chance, and from a shared overlay.
//!
//! # Idea
//!
//! An alignment is a few keypoints that agree. Under it, *every* keypoint of the deleted video has an expected place,
//! size, turn and time in the upload, and can be asked for. Ten that agree in one corner, while none of the other two
//! hundred is there, are a watermark; ten of twelve that are visible are a re-upload. So what is missing is weighed as
//! well as what is found.
//!
//! Around an expected place some upload keypoints are *met*. Each has a likelihood ratio (`likelihood`). In a
//! re-upload one of those met is the same keypoint, by chance none is. The share q of visible keypoints that an upload
//! still has is unknown, because of captions, blur and crops; the evidence takes the q that explains best:
//!
//! ```text
//! for each deleted keypoint that ought to be visible within the span:
//!     met ← upload keypoints of fitting place, size, turn and time
//!     r   ← mean likelihood ratio of those met, 0 where nothing is          divided by its places if it is a pattern
//! nats = max over q in SHARES of  Σ w · ln(1 − q + q · r)                  w: the weight, where the term is positive
//! ```
//!
//! # Overlays
//!
//! A shared watermark differs by place. A *re-upload* has one q all over the picture. An *overlay* has one inside
//! a few cells of a 6 × 6 grid and none elsewhere. It may choose its k cells, which costs ln C(36, k):
//!
//! ```text
//! overlay_nats = max over k ≤ OVERLAY_CELLS of  Σ (k best cells' own best nats) − ln C(36, k)
//! reupload_nats = nats − overlay_nats
//! ```
//!
//! A re-upload that is covered in its middle looks the same in place: it agrees in some cells and not in others. It
//! differs in time. What a watermark's cells show besides the watermark is another video's; what the free cells of a
//! covered re-upload show is the deleted video, one picture after another. So where an overlay explains better, the
//! *passing* keypoints (`passing`) in its cells are asked by themselves:
//!
//! ```text
//! passing_nats = max over q in SHARES of  Σ over passing keypoints in the k cells, without the picture that has most
//! ```
//!
//! Without it, because an end card that both videos have passes as well, once.
//!
//! # Departures from a plain likelihood, and why
//!
//! - *A keypoint counts once.* What stands still in the deleted video is a keypoint of every keyframe (`join_twins`);
//!   what stands still in the upload is found by many keypoints of the deleted video (`keep_likeliest`). Both are one
//!   piece of evidence.
//! - *Patterns count less* (`lookalikes`), *and so does what is shown on a card* (`cards`). The weight of a card applies
//!   to evidence for, never against: that a keypoint is missing is evidence like any other.
//! - *A short span is padded:* a still image lasts less than what a keyframe stands for.

use std::f32::consts::PI;

use crate::fingerprint::{Fingerprint, Keypoint, UploadKeypoint, wrap};
use crate::matching::align::consensus::Alignment;
use crate::matching::align::geometry::{DeletedPoint, PointPair, UploadPoint};
use crate::matching::align::hits::PreparedUpload;
use crate::matching::evidence::cards::weight_of_flatness;
use crate::matching::evidence::likelihood;
use crate::matching::evidence::lookalikes::Lookalikes;
use crate::matching::evidence::passing::passing;
use crate::model::{DeletedSpan, UploadSpan};

/// Shares of the visible keypoints that are tried. Tuned.
const SHARES: [f64; 6] = [0.02, 0.05, 0.12, 0.25, 0.45, 0.75];
/// Cells of the grid over the deleted video's active picture, along each side. Tuned.
pub const GRID: usize = 6;
/// Cells that an overlay covers at most: two spots between which a watermark hops, name included. Tuned.
const OVERLAY_CELLS: usize = 8;
/// Neighbourhood of an expected keypoint that is searched: long sides, ln scale, radians. Tuned.
const PLACE: f64 = 0.035;
const SCALE: f64 = 0.55;
const TURN: f64 = 0.5;
/// Bounds of the factor by which the neighbourhood follows the placement's scale. Tuned.
const REACH: (f64, f64) = (0.4, 1.5);
/// Seconds within which keyframes show one picture: an end card lasts for one or two. Tuned.
const ONE_PICTURE_S: f32 = 2.6;
/// Seconds by which the times of two keypoints may miss each other. Tuned.
const TIME_S: f64 = 1.2;
/// Least length of a span, seconds: what a keyframe of a deleted video stands for, and a little. Tuned.
const GLIMPSE_S: f64 = 2.2;
/// Seconds off the time map at which a pair's weight in a fit falls to 1/e, and the least that it falls to: what is
/// seen at another time has moved. Tuned.
const LATE_S: f64 = 0.4;
const LATE_WEIGHT_MIN: f64 = 0.05;
/// ln ratio from which a keypoint counts as found. Tuned.
const FOUND_NATS: f64 = 2.0;
/// Smallest keypoint that an upload's picture can show, long sides: 1.6 px of 360, the detector's first scale, with
/// a little slack.
const SCALE_VISIBLE: f64 = 0.0042;
/// Distance to the upload's edge within which no keypoint is found, long sides: the detector's margin of 5 px of 360,
/// with a little slack.
const MARGIN: f64 = 0.012;
/// Long sides, and bits of 64, within which two keypoints are the same one, seen again. Tuned.
const TWIN_PLACE: f32 = 0.01;
const TWIN_BITS: u32 = 14;

/// The keypoints that ought to be visible, and those that were found.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    /// Distinct keypoints of the deleted video that ought to be visible.
    pub visible: u32,
    /// Of those, how many are there beyond doubt.
    pub found: u32,
    /// Evidence for a re-upload against chance, ≥ 0.
    pub nats: f64,
    /// ln likelihood(re-upload) − ln likelihood(overlay): negative speaks for an overlay.
    pub reupload_nats: f64,
    /// Evidence of the passing keypoints in the cells that an overlay would cover; 0 unless an overlay explains better.
    pub passing_nats: f64,
    /// Of each keypoint found, its place in either picture.
    pub pairs: Vec<PointPair>,
    /// Every keypoint of the deleted video that ought to be visible; those that count once are listed each.
    pub expected: Vec<Asked>,
}

/// A keypoint of the deleted video that ought to be visible.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Asked {
    pub index: u32,
    pub found: bool,
    /// Whether its like is there, even if that is one of many in a pattern.
    pub seen: bool,
    /// Mean likelihood ratio of the upload keypoints met there, pattern or not; 0 where there is none.
    pub ratio: f64,
}

impl Coverage {
    /// Share of the visible keypoints that was found, 0..1.
    pub fn share(&self) -> f64 {
        f64::from(self.found) / f64::from(self.visible.max(1))
    }
}

/// Everything that coverage is measured on.
pub struct CoverageSearch<'a> {
    pub prepared: &'a PreparedUpload<'a>,
    pub deleted: &'a Fingerprint,
    pub lookalikes: &'a Lookalikes,
}

impl CoverageSearch<'_> {
    /// Measures the coverage of one alignment within `span`.
    pub fn coverage(&self, alignment: &Alignment, span: &UploadSpan) -> Coverage {
        let mut counted: Vec<(usize, Met)> = Vec::new();
        let mut asked: Vec<Asked> = Vec::new();
        for (index, keypoint) in self.deleted.keypoints.iter().enumerate() {
            if let Some(expected) = self.expected(keypoint, alignment, span) {
                let met = self.met(index, &expected, alignment);
                let found = met.best > FOUND_NATS.exp();
                asked.push(Asked {
                    index: index as u32,
                    found,
                    seen: met.seen,
                    ratio: met.ratio_alone,
                });
                self.join_twins(&mut counted, index, met);
            }
        }
        keep_likeliest(&self.prepared.print.keypoints, &mut counted);
        Coverage { expected: asked, ..summary(self.deleted, &counted) }
    }

    /// The evidence of the passing keypoints in the cells that have most evidence; see [`Coverage::passing_nats`].
    pub fn passing_nats(&self, alignment: &Alignment, span: &UploadSpan) -> f64 {
        let keypoints = self.deleted.keypoints.iter().enumerate();
        let expected: Vec<(u32, Expected)> = keypoints
            .filter_map(|(index, k)| Some((index as u32, self.expected(k, alignment, span)?)))
            .collect();
        let passing = passing(self.deleted, expected.iter().map(|(index, _)| *index));
        let mut cells: Vec<Vec<Met>> = vec![Vec::new(); GRID * GRID];
        let mut passed: Vec<(usize, f32, Met)> = Vec::new();
        for (index, expected) in &expected {
            let met = self.met(*index as usize, expected, alignment);
            let cell = cell(self.deleted, *index as usize);
            if passing.binary_search(index).is_ok() {
                passed.push((cell, self.deleted.keypoints[*index as usize].spot.first_s, met));
            }
            cells[cell].push(met);
        }
        let of = |cell: &usize| best_share(&mut cells[*cell].iter());
        let mut best: Vec<usize> = (0..cells.len()).collect();
        best.sort_by(|a, b| of(b).total_cmp(&of(a)));
        best.truncate(OVERLAY_CELLS);
        passed.retain(|(cell, ..)| best.contains(cell));
        beside_the_best_picture(&passed)
    }

    /// Where, when and how a keypoint is expected in the upload; `None` when it is not visible there.
    fn expected(
        &self,
        keypoint: &Keypoint,
        alignment: &Alignment,
        span: &UploadSpan,
    ) -> Option<Expected> {
        let (upload, spot) = (self.prepared.print, &keypoint.spot);
        let seen = DeletedSpan::new(f64::from(spot.first_s), f64::from(spot.last_s));
        let shown = alignment.time_map.upload_span(&seen);
        let pad = ((GLIMPSE_S - span.duration_s()) / 2.0).max(0.0);
        if shown.end_s < span.start_s - pad || shown.start_s > span.end_s + pad {
            return None;
        }
        let at = alignment.map.apply(DeletedPoint::new(f64::from(spot.x), f64::from(spot.y)));
        let (w, h) = (f64::from(upload.width), f64::from(upload.height));
        let mirrored = alignment.variant.mirrored();
        let (x, y) = (if mirrored { w - at.x } else { at.x }, at.y);
        if x < MARGIN || y < MARGIN || x > w - MARGIN || y > h - MARGIN {
            return None;
        }
        let shape = alignment.map.shape();
        let size = f64::from(spot.scale) * shape.scale;
        if size < SCALE_VISIBLE {
            return None;
        }
        let mut angle = spot.angle + shape.turn as f32;
        if alignment.variant.inverted() {
            angle += PI;
        }
        if mirrored {
            angle = PI - angle;
        }
        let (least, most) = REACH;
        let reach = PLACE * shape.scale.clamp(least, most);
        Some(Expected { x, y, size, angle: wrap(wrap(angle)), reach, shown })
    }

    /// The upload keypoints met where deleted keypoint `index` is expected.
    fn met(&self, index: usize, expected: &Expected, alignment: &Alignment) -> Met {
        let (upload, keypoint) = (self.prepared.print, &self.deleted.keypoints[index]);
        let mirrored = alignment.variant.mirrored();
        let ground = weight_of_flatness(self.deleted.flat_near(keypoint.spot.first_s));
        let mut out = Met::default();
        for i in self.prepared.grid.around(expected.x, expected.y) {
            let u = &upload.keypoints[i];
            let Some(off) = expected.off(u) else { continue };
            let distance = (u.hashes[alignment.variant as usize] ^ keypoint.hash).count_ones();
            let ratio = likelihood::keypoint(distance, off.place, off.scale, off.turn);
            out.count += 1;
            out.ratios += ratio;
            if ratio > out.best {
                let (x, y) = (f64::from(u.spot.x), f64::from(u.spot.y));
                let early_s = f64::from(u.spot.first_s) - expected.shown.end_s;
                let late_s = expected.shown.start_s - f64::from(u.spot.last_s);
                out.best = ratio;
                out.upload = i as u32;
                out.weight = ground;
                let x = if mirrored { f64::from(upload.width) - x } else { x };
                out.at = UploadPoint::new(x, y);
                out.late_s = early_s.max(late_s).max(0.0);
            }
        }
        out.seen = out.best > FOUND_NATS.exp();
        out.ratio_alone = out.ratio();
        if out.best > 1.0 {
            let met = out.upload as usize;
            let elsewhere = self.lookalikes.elsewhere(index, alignment.variant, met, upload);
            let share = 1.0 / (1.0 + f64::from(elsewhere));
            out.best *= share;
            out.ratios *= share;
        }
        out
    }

    /// Adds what was met for a keypoint. One that was seen before at the same place is joined with that: having been
    /// found once is enough.
    fn join_twins(&self, counted: &mut Vec<(usize, Met)>, index: usize, met: Met) {
        let own = &self.deleted.keypoints[index];
        let twin = counted.iter_mut().find(|(i, _)| {
            let other = &self.deleted.keypoints[*i];
            (other.spot.x - own.spot.x).abs() < TWIN_PLACE
                && (other.spot.y - own.spot.y).abs() < TWIN_PLACE
                && (other.hash ^ own.hash).count_ones() <= TWIN_BITS
        });
        match twin {
            Some((_, before)) => before.join(&met),
            None => counted.push((index, met)),
        }
    }
}

/// A keypoint of the deleted video as it is expected in the upload.
struct Expected {
    /// Long sides of the upload's picture, unmirrored.
    x: f64,
    y: f64,
    size: f64,
    angle: f32,
    /// How far off it is searched for, long sides.
    reach: f64,
    shown: UploadSpan,
}

/// How far a keypoint lies off what was expected: long sides, ln scale, radians.
struct Off {
    place: f64,
    scale: f64,
    turn: f64,
}

impl Expected {
    /// `None` when a keypoint lies outside the neighbourhood that is searched.
    fn off(&self, keypoint: &UploadKeypoint) -> Option<Off> {
        let spot = &keypoint.spot;
        let (dx, dy) = (f64::from(spot.x) - self.x, f64::from(spot.y) - self.y);
        let squared = dx * dx + dy * dy;
        if squared > self.reach * self.reach
            || f64::from(spot.first_s) > self.shown.end_s + TIME_S
            || f64::from(spot.last_s) < self.shown.start_s - TIME_S
        {
            return None;
        }
        let scale = (f64::from(spot.scale) / self.size).ln();
        let turn = f64::from(wrap(wrap(spot.angle - self.angle)));
        let near = scale.abs() <= SCALE && turn.abs() <= TURN;
        near.then(|| Off { place: squared.sqrt(), scale, turn })
    }
}

/// The upload keypoints met where a keypoint is expected.
#[derive(Debug, Clone, Copy)]
struct Met {
    /// Upload keypoints of fitting place, size, turn and time, whatever their hash.
    count: u32,
    /// Sum of their likelihood ratios.
    ratios: f64,
    /// Of the likeliest: its ratio, its index, its weight, its place (unmirrored).
    best: f64,
    /// Whether that was one beyond doubt, before it was divided by its lookalikes.
    seen: bool,
    /// Mean ratio before it was divided.
    ratio_alone: f64,
    upload: u32,
    weight: f64,
    at: UploadPoint,
    /// Seconds by which it is seen too early or too late.
    late_s: f64,
}

impl Default for Met {
    fn default() -> Self {
        let at = UploadPoint::new(0.0, 0.0);
        Met {
            count: 0,
            ratios: 0.0,
            best: 0.0,
            seen: false,
            ratio_alone: 0.0,
            upload: 0,
            weight: 0.0,
            at,
            late_s: 0.0,
        }
    }
}

impl Met {
    fn join(&mut self, other: &Met) {
        let best = if other.best > self.best { *other } else { *self };
        *self = Met { count: self.count + other.count, ratios: self.ratios + other.ratios, ..best };
    }

    /// Mean likelihood ratio; 0 where nothing is met.
    fn ratio(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.ratios / f64::from(self.count) }
    }

    /// The evidence when the share `q` of the keypoints is found again.
    fn nats(&self, q: f64) -> f64 {
        let nats = (1.0 - q + q * self.ratio()).ln();
        if nats > 0.0 { nats * self.weight } else { nats }
    }
}

/// Of several deleted keypoints that met the same upload keypoint, or one that stands still there, the likeliest keeps
/// it; the others are taken out, as if they were not visible.
fn keep_likeliest(keypoints: &[UploadKeypoint], counted: &mut Vec<(usize, Met)>) {
    let mut order: Vec<usize> = (0..counted.len()).collect();
    order.sort_by(|a, b| counted[*b].1.best.total_cmp(&counted[*a].1.best).then(a.cmp(b)));
    let mut taken: Vec<u32> = Vec::new();
    let mut again = vec![false; counted.len()];
    for i in order {
        let met = &counted[i].1;
        if met.count == 0 {
            continue;
        }
        let own = &keypoints[met.upload as usize];
        let same = |t: &u32| {
            let k = &keypoints[*t as usize];
            *t == met.upload
                || ((k.spot.x - own.spot.x).abs() < TWIN_PLACE
                    && (k.spot.y - own.spot.y).abs() < TWIN_PLACE
                    && (k.hashes[0] ^ own.hashes[0]).count_ones() <= TWIN_BITS)
        };
        again[i] = met.best > 1.0 && taken.iter().any(same);
        if !again[i] {
            taken.push(met.upload);
        }
    }
    let mut again = again.into_iter();
    counted.retain(|_| !again.next().unwrap_or(false));
}

fn summary(deleted: &Fingerprint, counted: &[(usize, Met)]) -> Coverage {
    let mut cells: Vec<Vec<&Met>> = vec![Vec::new(); GRID * GRID];
    let mut out = Coverage { visible: counted.len() as u32, ..Coverage::default() };
    for (index, met) in counted {
        let s = &deleted.keypoints[*index].spot;
        cells[cell(deleted, *index)].push(met);
        if met.best > FOUND_NATS.exp() {
            out.found += 1;
            let weight = met.best.ln() / likelihood::KEYPOINT_NATS_MAX
                * (-(met.late_s / LATE_S).powi(2)).exp().max(LATE_WEIGHT_MIN);
            let from = DeletedPoint::new(f64::from(s.x), f64::from(s.y));
            out.pairs.push(PointPair { from, to: met.at, weight });
        }
    }
    out.nats = best_share(&mut counted.iter().map(|(_, met)| met));
    out.reupload_nats = out.nats - overlay(&cells);
    out
}

/// The cell of the active picture in which a keypoint lies.
pub fn cell(deleted: &Fingerprint, index: usize) -> usize {
    let (a, s) = (deleted.active, &deleted.keypoints[index].spot);
    let at = |v: f32, low: f32, high: f32| {
        (((v - low) / (high - low).max(1e-6) * GRID as f32) as usize).min(GRID - 1)
    };
    at(s.y, a.y0, a.y1) * GRID + at(s.x, a.x0, a.x1)
}

/// Evidence of keypoints that pass, without those of the picture that has most: a card at the end passes as well.
fn beside_the_best_picture(passed: &[(usize, f32, Met)]) -> f64 {
    let near = |a: f32, b: f32| (a - b).abs() <= ONE_PICTURE_S;
    let of = |at_s: f32| {
        best_share(&mut passed.iter().filter(|one| near(one.1, at_s)).map(|(.., met)| met))
    };
    let mut times: Vec<f32> = passed.iter().map(|one| one.1).collect();
    times.dedup();
    let pictures = times.into_iter().map(|at_s| (at_s, of(at_s)));
    let best = pictures.max_by(|a, b| a.1.total_cmp(&b.1));
    let Some((best_s, _)) = best else { return 0.0 };
    let others = passed.iter().filter(|one| !near(one.1, best_s));
    best_share(&mut others.map(|(.., met)| met))
}

/// Evidence under the share that explains best.
fn best_share(met: &mut dyn Iterator<Item = &Met>) -> f64 {
    best_of_shares(met.map(|m| |q| m.nats(q)))
}

/// Evidence of keypoints that ought to be visible, by their mean likelihood ratios, under the share that explains best;
/// ≥ 0.
pub fn nats_of_ratios(ratios: impl Iterator<Item = f64>) -> f64 {
    best_of_shares(ratios.map(|ratio| move |q: f64| (1.0 - q + q * ratio).ln()))
}

fn best_of_shares(nats: impl Iterator<Item = impl Fn(f64) -> f64>) -> f64 {
    let mut sums = [0.0; SHARES.len()];
    for nats in nats {
        for (sum, q) in sums.iter_mut().zip(SHARES) {
            *sum += nats(q);
        }
    }
    sums.into_iter().fold(0.0, f64::max)
}

/// Evidence for an overlay in the cells that have most of it.
fn overlay(cells: &[Vec<&Met>]) -> f64 {
    let mut each: Vec<f64> =
        cells.iter().map(|cell| best_share(&mut cell.iter().copied())).collect();
    each.sort_by(|a, b| b.total_cmp(a));
    let (mut sum, mut choice, mut best) = (0.0, 0.0f64, 0.0f64);
    for (k, nats) in each.iter().take(OVERLAY_CELLS).enumerate() {
        sum += nats;
        choice += ((GRID * GRID - k) as f64 / (k + 1) as f64).ln();
        best = best.max(sum - choice);
    }
    best
}

#[cfg(test)]
mod tests;
