//! What whole frames say: hashed again under a placement, or compared as they are.
//!
//! *Placed*: the keypoints have proposed where the deleted picture sits in the upload's; the upload's small pictures
//! are drawn out of that place and hashed like the deleted video's frames were. A picture-in-picture, a letterboxed,
//! turned, mirrored or stretched copy then compares region by region, and where only a watermark agreed the frames disagree
//! everywhere. Regions that fall outside the upload's picture say nothing.
//!
//! *Unplaced*: for copies too blurred or too small for keypoints, the time × time matrix of the stored views.
//!
//! A frame pair's evidence is a sum over regions of ln of a mixture: covered by something else (ε), or the same with a
//! bit error rate p (research notes P6).

use crate::fingerprint::frame_hash::{
    self, FrameHasher, GRID, Grid, REGION_BITS, REGIONS, WHOLE_BITS,
};
use crate::fingerprint::{Fingerprint, FrameBits, FrameHash, Hasher, UploadPrint};
use crate::matching::consensus::Alignment;
use crate::matching::timeline::Line;
use crate::model::Luma;
use std::sync::LazyLock;

/// Bit error rate of a copy's region, share of regions covered by something else, and how far regions overlap.
const ERROR_RATE: f64 = 0.17;
const COVERED: f64 = 0.25;
const OVERLAP: f64 = 0.5;
/// Frames with less contrast than this say nothing, grey levels.
pub const QUALITY_MIN: u8 = 5;
/// Share of a region that must lie inside the upload's picture to be compared.
const REGION_VISIBLE: f32 = 0.93;
/// A deleted frame is compared with upload frames at most this far off the line, seconds.
const NEAR_S: f64 = 0.3;
/// Frames that differ in fewer bits show the same and count once.
const DISTINCT_BITS: u32 = 44;
/// Frames of the upload hashed again for one placement at most.
const PLACED_MAX: usize = 240;

/// Which regions count: bit 0 the whole, bits 1..=8 the regions.
type Visible = u16;

/// ln likelihood ratio (same picture : unrelated) of two frame hashes over the visible regions.
pub fn pair_nats(a: &FrameBits, b: &FrameBits, visible: Visible) -> f64 {
    let nats = &*NATS;
    let mut sum = 0.0;
    if visible & 1 != 0 {
        sum += nats.whole[(a[0] ^ b[0]).count_ones() as usize];
    }
    let x = [0, a[1] ^ b[1], a[2] ^ b[2], a[3] ^ b[3]];
    for r in 0..REGIONS {
        if visible >> (r + 1) & 1 != 0 {
            sum += nats.region[frame_hash::region(&x, r).count_ones() as usize];
        }
    }
    sum
}

/// What a region says, by distance.
struct Nats {
    whole: [f64; WHOLE_BITS + 1],
    region: [f64; REGION_BITS + 1],
}

static NATS: LazyLock<Nats> = LazyLock::new(|| Nats {
    whole: std::array::from_fn(|d| OVERLAP * region_nats(d, WHOLE_BITS)),
    region: std::array::from_fn(|d| OVERLAP * region_nats(d, REGION_BITS)),
});

fn region_nats(distance: usize, bits: usize) -> f64 {
    let (d, n) = (distance as f64, bits as f64);
    let same = d * (ERROR_RATE / 0.5).ln() + (n - d) * ((1.0 - ERROR_RATE) / 0.5).ln();
    ((1.0 - COVERED) * same.exp() + COVERED).ln()
}

/// What frames say: for each distinct deleted frame that was compared, its best partner in the upload.
#[derive(Debug, Clone, Default)]
pub struct FrameEvidence {
    /// (index of the upload's frame, nats).
    pub pairs: Vec<(usize, f64)>,
    /// Upload frames, around the partners that agree, which show the same.
    pub same: Vec<std::ops::RangeInclusive<usize>>,
}

impl FrameEvidence {
    /// Sum of nats beyond what chance reaches in one picture; what agrees counts by its weight (per upload frame, 0..1).
    pub fn nats(&self, weights: &[f32]) -> f64 {
        let weigh = |(i, nats): &(usize, f64)| {
            let beyond = nats.min(FRAME_NATS_MAX) - FRAME_NATS_CHANCE;
            if *nats > 0.0 { beyond.max(0.0) * f64::from(weights[*i]) } else { *nats }
        };
        self.pairs.iter().map(weigh).sum()
    }

    /// How many distinct deleted frames agree.
    pub fn agreeing(&self) -> u32 {
        self.pairs.iter().filter(|(_, nats)| *nats > AGREES_NATS).count() as u32
    }
}

/// The upload's frames drawn out of the place where an alignment says the deleted picture is, hashed.
pub struct Placed {
    visible: Visible,
    /// (index of upload frame, its time, hash), by time.
    frames: Vec<(usize, f64, FrameBits)>,
}

impl Placed {
    /// Hashes the upload's frames between `span` of its time; thinned out to at most `PLACED_MAX`.
    pub fn new(
        hasher: &Hasher,
        upload: &UploadPrint,
        deleted: &Fingerprint,
        alignment: &Alignment,
        span: (f64, f64),
    ) -> Placed {
        let place = Place::new(upload, deleted, alignment);
        if place.visible == 0 {
            return Placed { visible: 0, frames: Vec::new() };
        }
        let times = upload.frames.iter().enumerate().map(|(i, f)| (i, f64::from(f.time_s)));
        let wanted: Vec<(usize, f64)> =
            times.filter(|(_, at)| *at >= span.0 && *at <= span.1).collect();
        let step = wanted.len().div_ceil(PLACED_MAX).max(1);
        let inverted = alignment.variant.inverted();
        let mut samples: Option<Samples> = None;
        let mut bits = |thumb: &Luma| {
            let size = (thumb.width, thumb.height);
            if samples.as_ref().is_none_or(|s| s.size != size) {
                samples = Some(place.samples(size.0, size.1));
            }
            samples.as_ref().map_or([0; 4], |s| s.bits(&hasher.frame, thumb, inverted))
        };
        let frames = wanted
            .into_iter()
            .step_by(step)
            .filter(|(i, _)| upload.frames[*i].quality >= QUALITY_MIN)
            .map(|(i, at)| (i, at, bits(&upload.frames[i].thumb)))
            .collect();
        Placed { visible: place.visible, frames }
    }

    /// Whether any region can be compared.
    pub fn sees(&self) -> bool {
        self.visible != 0 && !self.frames.is_empty()
    }

    /// What the frames along `line` between `span` of upload time say.
    pub fn along(&self, deleted: &Fingerprint, line: &Line, span: (f64, f64)) -> FrameEvidence {
        let mut same = Vec::new();
        let pairs = deleted.frames.iter().filter(|f| f.quality >= QUALITY_MIN).filter_map(|f| {
            let at = line.upload_s(f64::from(f.time_s));
            let inside = at >= span.0 - 0.2 && at <= span.1 + 0.2;
            let (k, nats) = inside.then(|| self.best_near(at, f)).flatten()?;
            if nats >= SURE_NATS {
                same.push(self.stretch_around(k, f));
            }
            Some((f, self.frames[k].0, nats))
        });
        let pairs = distinct(pairs);
        FrameEvidence { pairs, same }
    }

    fn best_near(&self, at: f64, frame: &FrameHash) -> Option<(usize, f64)> {
        let first = self.frames.partition_point(|f| f.1 < at - NEAR_S);
        let near = (first..self.frames.len()).take_while(|k| self.frames[*k].1 <= at + NEAR_S);
        near.map(|k| (k, self.nats(k, frame))).max_by(|a, b| a.1.total_cmp(&b.1))
    }

    fn nats(&self, k: usize, frame: &FrameHash) -> f64 {
        pair_nats(&self.frames[k].2, &frame.bits, self.visible)
    }

    /// From first to last of the upload's frames in a row that agree with `frame`, as indices of the upload.
    fn stretch_around(&self, k: usize, frame: &FrameHash) -> std::ops::RangeInclusive<usize> {
        let agrees = |k: &usize| self.nats(*k, frame) >= SURE_NATS;
        let first = (0..k).rev().take_while(agrees).last().unwrap_or(k);
        let last = (k + 1..self.frames.len()).take_while(agrees).last().unwrap_or(k);
        self.frames[first].0..=self.frames[last].0
    }

    /// For each hashed upload frame: its time and what the deleted frames within `near_s` of its time on `line` say;
    /// `None` where the deleted video has none there.
    pub fn trace(
        &self,
        deleted: &Fingerprint,
        line: &Line,
        near_s: f64,
    ) -> Vec<(f64, Option<f64>)> {
        let says = |(_, at, bits): &(usize, f64, FrameBits)| {
            let wanted = line.deleted_s(*at);
            let first = deleted.frames.partition_point(|f| f64::from(f.time_s) < wanted - near_s);
            let near = deleted.frames[first..]
                .iter()
                .take_while(|f| f64::from(f.time_s) <= wanted + near_s)
                .filter(|f| f.quality >= QUALITY_MIN);
            (*at, near.map(|f| pair_nats(bits, &f.bits, self.visible)).max_by(f64::total_cmp))
        };
        self.frames.iter().map(says).collect()
    }

    /// The line that the frames themselves prefer, with its evidence and the pairs on it.
    pub fn own_line(&self, deleted: &Fingerprint) -> Option<Stretch> {
        let rows: Vec<usize> = (0..deleted.frames.len())
            .filter(|i| deleted.frames[*i].quality >= QUALITY_MIN)
            .collect();
        let times_r: Vec<f64> = rows.iter().map(|i| f64::from(deleted.frames[*i].time_s)).collect();
        let times_c: Vec<f64> = self.frames.iter().map(|f| f.1).collect();
        let mut matrix = Vec::with_capacity(rows.len() * times_c.len());
        for (_, _, bits) in &self.frames {
            let nats = |r: &usize| pair_nats(bits, &deleted.frames[*r].bits, self.visible) as f32;
            matrix.extend(rows.iter().map(nats));
        }
        best_diagonal(&matrix, &times_c, &times_r)
    }
}

/// One picture proves no more than this, however well it agrees: a title on black resembles every title on black.
const FRAME_NATS_MAX: f64 = 24.0;
/// What unrelated pictures of like build (a face in the middle, a table under a wall) reach, in every frame again.
const FRAME_NATS_CHANCE: f64 = 9.0;
/// A frame pair with more than this shows the same thing.
pub const AGREES_NATS: f64 = 3.0;
/// With more than this, beyond chance.
const SURE_NATS: f64 = 8.0;

/// The deleted video's active picture as sample points in the upload's thumb.
struct Place {
    /// Thumb coordinates of grid cell (0, 0), and steps along columns and rows; in long sides.
    origin: (f32, f32),
    column: (f32, f32),
    row: (f32, f32),
    visible: Visible,
}

impl Place {
    fn new(upload: &UploadPrint, deleted: &Fingerprint, alignment: &Alignment) -> Self {
        let map = if alignment.variant.mirrored() {
            alignment.map.mirrored(f64::from(upload.width))
        } else {
            alignment.map
        };
        let a = deleted.active;
        let (w, h) = (f64::from(a.x1 - a.x0) / GRID as f64, f64::from(a.y1 - a.y0) / GRID as f64);
        let at = |i: f64, j: f64| {
            let (x, y) = map.apply(f64::from(a.x0) + i * w, f64::from(a.y0) + j * h);
            (x as f32, y as f32)
        };
        let origin = at(0.5, 0.5);
        let (right, down) = (at(1.5, 0.5), at(0.5, 1.5));
        let mut place = Place {
            origin,
            column: (right.0 - origin.0, right.1 - origin.1),
            row: (down.0 - origin.0, down.1 - origin.1),
            visible: 0,
        };
        place.visible = place.regions_inside(upload.width, upload.height);
        place
    }

    fn point(&self, i: usize, j: usize) -> (f32, f32) {
        let (i, j) = (i as f32, j as f32);
        (
            self.origin.0 + i * self.column.0 + j * self.row.0,
            self.origin.1 + i * self.column.1 + j * self.row.1,
        )
    }

    fn regions_inside(&self, width: f32, height: f32) -> Visible {
        let mut inside = [[0u32; 8]; 8];
        for j in 0..GRID {
            for i in 0..GRID {
                let (x, y) = self.point(i, j);
                let ok = x > -0.004 && y > -0.004 && x < width + 0.004 && y < height + 0.004;
                inside[j / 8][i / 8] += u32::from(ok);
            }
        }
        let share = |xs: std::ops::Range<usize>, ys: std::ops::Range<usize>| {
            let n = (xs.len() * ys.len() * 64) as f32;
            let sum: u32 =
                ys.flat_map(|j| xs.clone().map(move |i| (i, j))).map(|(i, j)| inside[j][i]).sum();
            sum as f32 / n >= REGION_VISIBLE
        };
        let parts = [
            share(0..8, 0..8),
            share(0..8, 0..4),
            share(0..8, 4..8),
            share(0..4, 0..8),
            share(4..8, 0..8),
            share(0..4, 0..4),
            share(4..8, 0..4),
            share(0..4, 4..8),
            share(4..8, 4..8),
        ];
        parts.iter().enumerate().fold(0, |v, (r, yes)| v | (u16::from(*yes) << r))
    }

    /// Where in thumbs of this size the grid's values lie: the same for all frames of an upload.
    fn samples(&self, width: u32, height: u32) -> Samples {
        let long = width.max(height) as f32;
        let (right, bottom) = ((width - 1) as f32, (height - 1) as f32);
        let stride = width as usize;
        let mut of = Vec::with_capacity(GRID * GRID);
        for j in 0..GRID {
            for i in 0..GRID {
                let (x, y) = self.point(i, j);
                let x = (x * long - 0.5).clamp(0.0, right);
                let y = (y * long - 0.5).clamp(0.0, bottom);
                let (xi, yi) = (x as usize, y as usize);
                of.push(Sample {
                    first: (yi * stride + xi) as u32,
                    right: u32::from(xi + 1 < stride),
                    down: if yi + 1 < height as usize { width } else { 0 },
                    across: x - xi as f32,
                    along: y - yi as f32,
                });
            }
        }
        Samples { size: (width, height), of }
    }
}

/// A value of the grid: between which pixels of the thumb, and how far between.
#[derive(Debug, Clone, Copy)]
struct Sample {
    /// Index of the upper left pixel, and steps to its neighbours: 0 at the edges.
    first: u32,
    right: u32,
    down: u32,
    across: f32,
    along: f32,
}

/// A place as samples of thumbs of one size.
struct Samples {
    size: (u32, u32),
    of: Vec<Sample>,
}

impl Samples {
    /// Draws the place out of a thumb and hashes it.
    fn bits(&self, hasher: &FrameHasher, thumb: &Luma, inverted: bool) -> FrameBits {
        let mut grid: Grid = [0.0; GRID * GRID];
        let pixels = &thumb.pixels[..];
        for (out, s) in grid.iter_mut().zip(&self.of) {
            let p = |n: u32| f32::from(pixels[n as usize]);
            let (upper, lower) = (s.first, s.first + s.down);
            let a = p(upper) + s.across * (p(upper + s.right) - p(upper));
            let b = p(lower) + s.across * (p(lower + s.right) - p(lower));
            *out = a + s.along * (b - a);
        }
        let bits = hasher.bits(&hasher.coefficients(&grid));
        if inverted { frame_hash::complement(&bits) } else { bits }
    }
}

/// The best diagonal of the time × time matrix of one view.
#[derive(Debug, Clone)]
pub struct Diagonal {
    pub frames: FrameEvidence,
    pub line: Line,
    pub upload_s: (f64, f64),
    /// 0 raw, 1 raw mirrored, 2 active picture, 3 active picture mirrored.
    pub view: u8,
    pub inverted: bool,
}

const VISIBLE_ALL: Visible = 0x1ff;
const SPEEDS: [f64; 11] = [1.0, 1.1, 0.9, 1.25, 0.8, 1.5, 0.67, 2.0, 0.5, -1.0, 1.75];
/// A frame that disagrees takes away at most this much.
const GAP_NATS: f64 = -1.0;

/// Searches all views.
pub fn unplaced(upload: &UploadPrint, deleted: &Fingerprint) -> Option<Diagonal> {
    let rows: Vec<usize> =
        (0..deleted.frames.len()).filter(|i| deleted.frames[*i].quality >= QUALITY_MIN).collect();
    let columns: Vec<usize> =
        (0..upload.frames.len()).filter(|i| upload.frames[*i].quality >= QUALITY_MIN).collect();
    if rows.is_empty() || columns.is_empty() {
        return None;
    }
    let whole = upload.frames.iter().all(|f| f.views[0] == f.views[2]);
    let mut best: Option<Diagonal> = None;
    let mut most = 0f64;
    let mut matrix = vec![0f32; rows.len() * columns.len()];
    for view in 0..if whole { 2u8 } else { 4 } {
        for inverted in [false, true] {
            let mut top = 0f32;
            for (c, column) in columns.iter().enumerate() {
                let bits = upload.frames[*column].views[usize::from(view)];
                let bits = if inverted { frame_hash::complement(&bits) } else { bits };
                for (r, row) in rows.iter().enumerate() {
                    let nats = pair_nats(&bits, &deleted.frames[*row].bits, VISIBLE_ALL) as f32;
                    matrix[c * rows.len() + r] = nats;
                    top = top.max(nats);
                }
            }
            if top < 4.0 {
                continue;
            }
            let times_r: Vec<f64> =
                rows.iter().map(|i| f64::from(deleted.frames[*i].time_s)).collect();
            let times_c: Vec<f64> =
                columns.iter().map(|i| f64::from(upload.frames[*i].time_s)).collect();
            let Some(found) = best_diagonal(&matrix, &times_c, &times_r) else { continue };
            let partner = |at: f64| columns[times_c.partition_point(|t| *t < at - 1e-9)];
            let picked = found.picked.iter();
            let pairs =
                picked.map(|(r, at, nats)| (&deleted.frames[rows[*r]], partner(*at), *nats));
            let pairs = distinct(pairs);
            let sure = pairs.iter().filter(|(_, nats)| *nats >= SURE_NATS);
            let same = sure.map(|(i, _)| *i..=*i).collect();
            let frames = FrameEvidence { pairs, same };
            let nats: f64 = frames.pairs.iter().map(|p| p.1).sum();
            if nats > most {
                most = nats;
                let (line, upload_s) = (found.line, found.upload_s);
                best = Some(Diagonal { frames, line, upload_s, view, inverted });
            }
        }
    }
    best
}

/// Deleted frames that show the same count once, with their best partner.
fn distinct<'a>(frames: impl Iterator<Item = (&'a FrameHash, usize, f64)>) -> Vec<(usize, f64)> {
    let mut kept: Vec<(&FrameHash, usize, f64)> = Vec::new();
    for (f, i, nats) in frames {
        let same = kept
            .iter_mut()
            .find(|(k, ..)| crate::fingerprint::distance(&k.bits, &f.bits) < DISTINCT_BITS);
        match same {
            Some(before) if nats > before.2 => (before.1, before.2) = (i, nats),
            Some(_) => {}
            None => kept.push((f, i, nats)),
        }
    }
    kept.into_iter().map(|(_, i, nats)| (i, nats)).collect()
}

/// A stretch of a line through the matrix.
pub struct Stretch {
    pub sum: f64,
    pub line: Line,
    pub upload_s: (f64, f64),
    /// Of the deleted frames on it: row, upload time, nats.
    pub picked: Vec<(usize, f64, f64)>,
}

/// Lines through strong cells; along each, every deleted frame takes its best neighbour in time, and the stretch of
/// largest sum wins (Kadane).
fn best_diagonal(matrix: &[f32], columns: &[f64], rows: &[f64]) -> Option<Stretch> {
    let n = rows.len();
    let mut strong: Vec<(f32, usize, usize)> = Vec::new();
    for c in 0..columns.len() {
        for r in 0..n {
            if matrix[c * n + r] > 4.0 {
                strong.push((matrix[c * n + r], c, r));
            }
        }
    }
    strong.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    strong.truncate(24);
    let mut best: Option<Stretch> = None;
    for (_, c, r) in strong {
        for speed in SPEEDS {
            let line = Line { speed, offset_s: rows[r] - speed * columns[c] };
            let found = along(matrix, columns, rows, line);
            if found.sum > best.as_ref().map_or(0.0, |b| b.sum * 1.03) {
                best = Some(found);
            }
        }
    }
    best
}

fn along(matrix: &[f32], columns: &[f64], rows: &[f64], line: Line) -> Stretch {
    let n = rows.len();
    let mut order: Vec<usize> = (0..n).collect();
    if line.speed < 0.0 {
        order.reverse();
    }
    // (deleted frame, its upload time, nats) of all that have a neighbour in the upload.
    let met: Vec<(usize, f64, f64)> = order
        .into_iter()
        .filter_map(|r| {
            let at = line.upload_s(rows[r]);
            let first = columns.partition_point(|t| *t < at - NEAR_S);
            let near = (first..columns.len()).take_while(|c| columns[*c] <= at + NEAR_S);
            let best = near.map(|c| (matrix[c * n + r], c)).max_by(|a, b| a.0.total_cmp(&b.0));
            best.map(|(nats, c)| (r, columns[c], f64::from(nats).max(GAP_NATS)))
        })
        .collect();
    let (mut sum, mut start) = (0f64, 0usize);
    let mut top = (0f64, 0usize, 0usize);
    for (k, (_, _, nats)) in met.iter().enumerate() {
        if sum <= 0.0 {
            (sum, start) = (0.0, k);
        }
        sum += nats;
        if sum > top.0 {
            top = (sum, start, k + 1);
        }
    }
    let stretch = &met[top.1..top.2];
    let low = stretch.iter().map(|m| m.1).fold(f64::INFINITY, f64::min);
    let high = stretch.iter().map(|m| m.1).fold(f64::NEG_INFINITY, f64::max);
    let picked = stretch.to_vec();
    Stretch { sum: top.0, line, upload_s: (low, high), picked }
}
