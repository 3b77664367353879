//! The time × time matrix of frames, and the best line through it.
//!
//! Every frame of the upload (column) is compared with every frame of the deleted video (row). A re-upload shows as
//! a line of strong cells, whose slope is the speed.
//!
//! ```text
//! for each of the LINES strongest cells, and each speed of FRAME_SPEEDS:
//!     line ← through that cell at that speed
//!     for each row in order of upload time: its best cell within NEAR_S of the line
//!     stretch ← the rows with the largest sum in a row, a row that disagrees costing at most GAP_NATS
//!     keep the line whose stretch has the largest sum; a later one must surpass an earlier one by LINE_GAIN
//! ```
//!
//! This is sequence alignment without gaps: a cut ends one line and begins another.

use crate::matching::align::time_map::{FRAME_SPEEDS, TimeMap};
use crate::matching::evidence::frames::NEAR_S;
use crate::matching::evidence::stretch::best_stretch;
use crate::model::UploadSpan;

/// Nats of a cell from which a line may be drawn through it, and the lines drawn at most. Tuned.
pub const LINE_NATS: f32 = 4.0;
const LINES: usize = 24;
/// Factor by which a later line must surpass an earlier one: lines through stronger cells and at likelier speeds are
/// tried first. Tuned.
const LINE_GAIN: f64 = 1.03;
/// Least evidence of a frame on a line: one that disagrees (a caption, a flash) must not end the stretch. Tuned.
pub const GAP_NATS: f64 = -1.0;

/// The evidence of every pair of frames.
pub struct FrameMatrix {
    /// Times of the upload's frames, ascending.
    pub upload_s: Vec<f64>,
    /// Times of the deleted frames, ascending.
    pub deleted_s: Vec<f64>,
    /// Nats, all deleted frames for each of the upload's.
    pub nats: Vec<f32>,
}

/// A stretch of a line through a matrix.
pub struct MatrixLine {
    pub sum: f64,
    pub time_map: TimeMap,
    /// From the first to the last of its frames.
    pub upload: UploadSpan,
    /// Its deleted frames, in order of upload time.
    pub picked: Vec<Picked>,
}

/// A deleted frame on a line.
#[derive(Debug, Clone, Copy)]
pub struct Picked {
    /// Index of the deleted frame, as a row.
    pub row: usize,
    /// Index of the upload's frame that it agrees with best, as a column.
    pub column: usize,
    pub nats: f64,
}

impl FrameMatrix {
    fn at(&self, column: usize, row: usize) -> f32 {
        self.nats[column * self.deleted_s.len() + row]
    }

    /// The best line; `None` when no stretch of any has evidence.
    pub fn best_line(&self) -> Option<MatrixLine> {
        let mut best: Option<MatrixLine> = None;
        for (column, row) in self.strongest() {
            for speed in FRAME_SPEEDS {
                let offset_s = self.deleted_s[row] - speed * self.upload_s[column];
                let Some(found) = self.along(TimeMap { speed, offset_s }) else { continue };
                if found.sum > best.as_ref().map_or(0.0, |b| b.sum * LINE_GAIN) {
                    best = Some(found);
                }
            }
        }
        best
    }

    /// Column and row of the strongest cells.
    fn strongest(&self) -> Vec<(usize, usize)> {
        let mut strong: Vec<(f32, usize, usize)> = Vec::new();
        for column in 0..self.upload_s.len() {
            for row in 0..self.deleted_s.len() {
                if self.at(column, row) > LINE_NATS {
                    strong.push((self.at(column, row), column, row));
                }
            }
        }
        strong.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        strong.truncate(LINES);
        strong.into_iter().map(|(_, column, row)| (column, row)).collect()
    }

    /// The best stretch of one line.
    fn along(&self, time_map: TimeMap) -> Option<MatrixLine> {
        let mut order: Vec<usize> = (0..self.deleted_s.len()).collect();
        if time_map.speed < 0.0 {
            order.reverse();
        }
        let met: Vec<Picked> = order
            .into_iter()
            .filter_map(|row| {
                let at = time_map.upload_s(self.deleted_s[row]);
                let first = self.upload_s.partition_point(|t| *t < at - NEAR_S);
                let columns = first..self.upload_s.len();
                let near = columns.take_while(|c| self.upload_s[*c] <= at + NEAR_S);
                let (nats, column) =
                    near.map(|c| (self.at(c, row), c)).max_by(|a, b| a.0.total_cmp(&b.0))?;
                Some(Picked { row, column, nats: f64::from(nats).max(GAP_NATS) })
            })
            .collect();
        let (sum, stretch) = best_stretch(met.iter().map(|m| m.nats))?;
        let picked = met[stretch].to_vec();
        let times = picked.iter().map(|m| self.upload_s[m.column]);
        let low = times.clone().fold(f64::INFINITY, f64::min);
        let high = times.fold(f64::NEG_INFINITY, f64::max);
        Some(MatrixLine { sum, time_map, upload: UploadSpan::new(low, high), picked })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Upload frames every 0.25 s for 10 s, deleted ones every 0.5 s for 10 s; `agrees` where a pair shows the same.
    fn matrix(agrees: impl Fn(f64, f64) -> bool) -> FrameMatrix {
        let upload_s: Vec<f64> = (0..40).map(|n| f64::from(n) * 0.25).collect();
        let deleted_s: Vec<f64> = (0..20).map(|n| f64::from(n) * 0.5).collect();
        let nats = upload_s
            .iter()
            .flat_map(|u| deleted_s.iter().map(|d| if agrees(*u, *d) { 9.0 } else { -3.0 }))
            .collect();
        FrameMatrix { upload_s, deleted_s, nats }
    }

    #[test]
    fn a_planted_line_is_found_with_its_speed_and_its_stretch() {
        for (speed, offset_s) in [(1.0, 0.0), (1.0, 2.0), (2.0, -4.0), (0.5, 3.0), (-1.0, 9.0)] {
            let on =
                |u: f64, d: f64| (2.0..8.0).contains(&u) && (speed * u + offset_s - d).abs() < 0.26;
            let line = matrix(on).best_line().unwrap();
            assert_eq!(line.time_map.speed, speed, "{offset_s}");
            assert!((line.time_map.offset_s - offset_s).abs() <= 0.5, "{:?}", line.time_map);
            // No moment of the upload is outside what was planted.
            assert!(line.upload.start_s >= 2.0 && line.upload.end_s < 8.0, "{:?}", line.upload);
            assert!(line.picked.len() >= 5);
        }
    }

    #[test]
    fn one_frame_that_disagrees_does_not_end_the_stretch() {
        let on = |u: f64, d: f64| (u - d).abs() < 0.26 && d != 5.0;
        let line = matrix(on).best_line().unwrap();
        assert!(line.upload.duration_s() > 8.0, "{:?}", line.upload);
    }

    #[test]
    fn without_a_strong_cell_there_is_no_line() {
        assert!(matrix(|_, _| false).best_line().is_none());
    }
}
