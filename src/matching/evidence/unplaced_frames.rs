//! Whole frames without a placement: for re-uploads that are too blurred or too small for keypoints.
//!
//! Without keypoints the only placements that can be tried are the views that are hashed anyway: the whole picture or
//! the picture without its borders, each plain or mirrored, each positive or negative. For every view the matrix of all
//! pairs is filled and the best line through it is taken (`frame_matrix`); the view with the best line wins.
//!
//! ```text
//! for each of 4 views and their negatives:
//!     fill the matrix with pair_nats; a pair that differs in WHOLE_APART bits of the whole is not compared by region
//!     next view unless some cell exceeds LINE_NATS
//!     line ← the best line; keep it if its sum is the largest so far
//! measure the pairs on it by evidence_nats
//! ```
//!
//! The best of eight matrices and many lines is granted less than a placed alignment: `score` takes 4 nats off.

use crate::fingerprint::{
    CONTRAST_COMPARED_MIN, Fingerprint, FrameBits, FrameHash, UploadPrint, frame_hash,
};
use crate::matching::align::time_map::TimeMap;
use crate::matching::evidence::frame_matrix::{FrameMatrix, GAP_NATS, LINE_NATS, MatrixLine};
use crate::matching::evidence::frames::{
    FrameEvidence, VISIBLE_ALL, distinct, evidence_nats, on_ground, pair_nats,
};
use crate::model::UploadSpan;

/// Bits of 64 in which two whole pictures may differ and still be compared region by region. Tuned.
const WHOLE_APART: u32 = 26;

/// The best line of all views.
#[derive(Debug, Clone)]
pub struct UnplacedFrames {
    pub frames: FrameEvidence,
    pub time_map: TimeMap,
    /// From the first to the last frame that agrees.
    pub upload: UploadSpan,
    pub view: View,
}

/// A view of the upload's frames.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// Index into `UploadFrame::views`: 0 raw, 1 raw mirrored, 2 active picture, 3 active picture mirrored.
    pub index: u8,
    pub inverted: bool,
}

impl View {
    /// The active picture rather than the whole.
    pub fn is_active(self) -> bool {
        self.index >= 2
    }

    pub fn is_mirrored(self) -> bool {
        self.index % 2 == 1
    }

    fn bits(self, upload: &UploadPrint, frame: usize) -> FrameBits {
        let bits = upload.frames[frame].views[usize::from(self.index)];
        if self.inverted { frame_hash::complement(&bits) } else { bits }
    }
}

/// Compares all frames of two videos, under every view. `None` when no view has a line.
pub fn unplaced_frames(upload: &UploadPrint, deleted: &Fingerprint) -> Option<UnplacedFrames> {
    let rows: Vec<&FrameHash> =
        deleted.frames.iter().filter(|f| f.quality >= CONTRAST_COMPARED_MIN).collect();
    let columns: Vec<usize> = (0..upload.frames.len())
        .filter(|i| upload.frames[*i].quality >= CONTRAST_COMPARED_MIN)
        .collect();
    if rows.is_empty() || columns.is_empty() {
        return None;
    }
    let mut matrix = FrameMatrix {
        upload_s: columns.iter().map(|i| f64::from(upload.frames[*i].time_s)).collect(),
        deleted_s: rows.iter().map(|f| f64::from(f.time_s)).collect(),
        nats: vec![0f32; rows.len() * columns.len()],
    };
    let borderless = upload.frames.iter().all(|f| f.views[0] == f.views[2]);
    let mut best: Option<(View, MatrixLine)> = None;
    for index in 0..if borderless { 2u8 } else { 4 } {
        for inverted in [false, true] {
            let view = View { index, inverted };
            let bits = columns.iter().map(|frame| view.bits(upload, *frame));
            if fill(&mut matrix.nats, bits, &rows) < LINE_NATS {
                continue;
            }
            let Some(found) = matrix.best_line() else { continue };
            if best.as_ref().is_none_or(|(_, b)| found.sum > b.sum) {
                best = Some((view, found));
            }
        }
    }
    let (view, line) = best?;
    let frames = measured(upload, deleted, (&columns, &rows), view, &line);
    Some(UnplacedFrames { frames, time_map: line.time_map, upload: line.upload, view })
}

/// The evidence in the pairs on a line; `columns` and `rows` are the frames that the matrix compared.
fn measured(
    upload: &UploadPrint,
    deleted: &Fingerprint,
    (columns, rows): (&[usize], &[&FrameHash]),
    view: View,
    line: &MatrixLine,
) -> FrameEvidence {
    let pairs = line.picked.iter().map(|picked| {
        let (frame, row) = (columns[picked.column], rows[picked.row]);
        let nats = evidence_nats(&view.bits(upload, frame), &row.bits, VISIBLE_ALL);
        (row, frame, on_ground(nats, deleted, row))
    });
    FrameEvidence { pairs: distinct(pairs) }
}

/// Compares every upload frame (column) with every deleted one (row); returns the best agreement, 0 at the least.
fn fill(nats: &mut [f32], columns: impl Iterator<Item = FrameBits>, rows: &[&FrameHash]) -> f32 {
    let mut top = 0f32;
    for (bits, cells) in columns.zip(nats.chunks_exact_mut(rows.len())) {
        for (cell, row) in cells.iter_mut().zip(rows) {
            let apart = (bits[0] ^ row.bits[0]).count_ones() > WHOLE_APART;
            *cell = if apart {
                GAP_NATS as f32
            } else {
                pair_nats(&bits, &row.bits, VISIBLE_ALL) as f32
            };
            top = top.max(*cell);
        }
    }
    top
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::frame_hash::complement;
    use crate::matching::tests::scene::Scene;

    #[test]
    fn the_view_in_which_the_deleted_video_is_shown_is_found_with_its_time() {
        let scene = Scene::framed(41);
        let deleted = scene.deleted();
        for index in 0..4u8 {
            for inverted in [false, true] {
                let mut upload = scene.upload();
                // Each view shows something of its own; one shows the deleted frames, 1.5 s late.
                for (n, frame) in upload.frames.iter_mut().enumerate() {
                    frame.views = [1, 2, 3, 4].map(|v| scene.noise_bits(1000 * v + n as u64));
                    let shown =
                        deleted.frames.iter().find(|f| (f.time_s + 1.5 - frame.time_s).abs() < 0.2);
                    if let Some(shown) = shown {
                        let bits = if inverted { complement(&shown.bits) } else { shown.bits };
                        frame.views[usize::from(index)] = bits;
                    }
                }
                let found = unplaced_frames(&upload, &deleted).unwrap();
                assert_eq!((found.view.index, found.view.inverted), (index, inverted));
                assert_eq!(found.time_map.speed, 1.0);
                assert!((found.time_map.offset_s + 1.5).abs() < 0.3, "{:?}", found.time_map);
                assert!(found.frames.nats() > 20.0);
            }
        }
    }

    #[test]
    fn frames_without_contrast_are_not_compared() {
        let scene = Scene::framed(42);
        let mut deleted = scene.deleted();
        deleted.frames.iter_mut().for_each(|f| f.quality = CONTRAST_COMPARED_MIN - 1);
        assert!(unplaced_frames(&scene.upload(), &deleted).is_none());
    }
}
