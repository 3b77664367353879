//! Whole frames without a placement: the time × time matrix of the stored views, for copies too blurred or too small for
//! keypoints; and time maps through such a matrix.

use crate::fingerprint::{Fingerprint, FrameBits, FrameHash, UploadPrint, frame_hash};
use crate::matching::frames::{
    FrameEvidence, NEAR_S, QUALITY_MIN, SURE_NATS, VISIBLE_ALL, distinct, evidence_nats, on_ground,
    pair_nats,
};
use crate::matching::time_map::TimeMap;

/// The best diagonal of the time × time matrix of one view.
#[derive(Debug, Clone)]
pub struct Diagonal {
    pub frames: FrameEvidence,
    pub time_map: TimeMap,
    pub upload_s: (f64, f64),
    /// 0 raw, 1 raw mirrored, 2 active picture, 3 active picture mirrored.
    pub view: u8,
    pub inverted: bool,
}

const SPEEDS: [f64; 11] = [1.0, 1.1, 0.9, 1.25, 0.8, 1.5, 0.67, 2.0, 0.5, -1.0, 1.75];
/// A frame that disagrees takes away at most this much.
const GAP_NATS: f64 = -1.0;

/// A pair of frames whose whole pictures differ in more bits of 64 is not compared region by region.
const WHOLE_APART: u32 = 26;
/// What such a pair says, as far as a time map is concerned.
const APART_NATS: f32 = GAP_NATS as f32;
/// A view without a pair that agrees better than this is not searched.
const TOP_MIN: f32 = 4.0;

/// Searches all views.
pub fn unplaced(upload: &UploadPrint, deleted: &Fingerprint) -> Option<Diagonal> {
    let rows: Vec<&FrameHash> =
        deleted.frames.iter().filter(|f| f.quality >= QUALITY_MIN).collect();
    let columns: Vec<usize> =
        (0..upload.frames.len()).filter(|i| upload.frames[*i].quality >= QUALITY_MIN).collect();
    if rows.is_empty() || columns.is_empty() {
        return None;
    }
    let whole = upload.frames.iter().all(|f| f.views[0] == f.views[2]);
    let times_r: Vec<f64> = rows.iter().map(|f| f64::from(f.time_s)).collect();
    let times_c: Vec<f64> = columns.iter().map(|i| f64::from(upload.frames[*i].time_s)).collect();
    let mut best: Option<(f64, Diagonal)> = None;
    let mut matrix = vec![0f32; rows.len() * columns.len()];
    for view in 0..if whole { 2u8 } else { 4 } {
        for inverted in [false, true] {
            let bits_of = |column: usize| {
                let bits = upload.frames[column].views[usize::from(view)];
                if inverted { frame_hash::complement(&bits) } else { bits }
            };
            let top = fill(&mut matrix, columns.iter().map(|c| bits_of(*c)), &rows);
            if top < TOP_MIN {
                continue;
            }
            let Some(found) = best_diagonal(&matrix, &times_c, &times_r) else { continue };
            if best.as_ref().is_some_and(|(sum, _)| found.sum <= *sum) {
                continue;
            }
            let told = found.picked.iter().map(|(r, at, nats)| {
                let column = columns[times_c.partition_point(|t| *t < at - 1e-9)];
                let told = evidence_nats(&bits_of(column), &rows[*r].bits, VISIBLE_ALL);
                (rows[*r], column, on_ground(told, deleted, rows[*r]), *nats)
            });
            let told: Vec<_> = told.collect();
            let sure = told.iter().filter(|t| t.3 >= SURE_NATS);
            let same = sure.map(|t| t.1..=t.1).collect();
            let pairs = distinct(told.iter().map(|t| (t.0, t.1, t.2)));
            let frames = FrameEvidence { pairs, same };
            let (time_map, upload_s) = (found.time_map, found.upload_s);
            best = Some((found.sum, Diagonal { frames, time_map, upload_s, view, inverted }));
        }
    }
    best.map(|(_, diagonal)| diagonal)
}

/// Compares every upload frame (column) with every deleted one (row); returns the best agreement.
fn fill(matrix: &mut [f32], columns: impl Iterator<Item = FrameBits>, rows: &[&FrameHash]) -> f32 {
    let mut top = 0f32;
    for (bits, cells) in columns.zip(matrix.chunks_exact_mut(rows.len())) {
        for (cell, row) in cells.iter_mut().zip(rows) {
            let apart = (bits[0] ^ row.bits[0]).count_ones() > WHOLE_APART;
            *cell = match apart {
                true => APART_NATS,
                false => pair_nats(&bits, &row.bits, VISIBLE_ALL) as f32,
            };
            top = top.max(*cell);
        }
    }
    top
}

/// A stretch of a time map through the matrix.
pub struct Stretch {
    pub sum: f64,
    pub time_map: TimeMap,
    pub upload_s: (f64, f64),
    /// Of the deleted frames on it: row, upload time, nats.
    pub picked: Vec<(usize, f64, f64)>,
}

/// Lines through strong cells; along each, every deleted frame takes its best neighbour in time, and the stretch of
/// largest sum wins (Kadane).
pub fn best_diagonal(matrix: &[f32], columns: &[f64], rows: &[f64]) -> Option<Stretch> {
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
            let time_map = TimeMap { speed, offset_s: rows[r] - speed * columns[c] };
            let found = along(matrix, columns, rows, time_map);
            if found.sum > best.as_ref().map_or(0.0, |b| b.sum * 1.03) {
                best = Some(found);
            }
        }
    }
    best
}

fn along(matrix: &[f32], columns: &[f64], rows: &[f64], time_map: TimeMap) -> Stretch {
    let n = rows.len();
    let mut order: Vec<usize> = (0..n).collect();
    if time_map.speed < 0.0 {
        order.reverse();
    }
    // (deleted frame, its upload time, nats) of all that have a neighbour in the upload.
    let met: Vec<(usize, f64, f64)> = order
        .into_iter()
        .filter_map(|r| {
            let at = time_map.upload_s(rows[r]);
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
    Stretch { sum: top.0, time_map, upload_s: (low, high), picked }
}
