//! An upload's keypoints by place: those around an expected point are found without a pass over all of them.
//!
//! A grid of square cells; the cell of a point and its eight neighbours hold every keypoint within one cell of it. The
//! widest search is `evidence::coverage`'s, 0.0525 long sides, so a cell of 1/24 misses none that lies within 0.0417
//! and a few of those beyond, at the far side of a picture that was enlarged by more than a fifth.

use crate::fingerprint::UploadPrint;

/// Cells along the long side.
const CELLS: usize = 24;

/// Indices of an upload's keypoints by place.
pub struct KeypointGrid {
    lists: Vec<Vec<u32>>,
}

fn cell(x: f32, y: f32) -> (usize, usize) {
    let at = |v: f32| ((v * CELLS as f32) as usize).min(CELLS - 1);
    (at(x), at(y))
}

impl KeypointGrid {
    pub fn new(upload: &UploadPrint) -> Self {
        let mut lists = vec![Vec::new(); CELLS * CELLS];
        for (i, k) in upload.keypoints.iter().enumerate() {
            let (x, y) = cell(k.spot.x, k.spot.y);
            lists[y * CELLS + x].push(i as u32);
        }
        KeypointGrid { lists }
    }

    /// Indices of the keypoints in the cell of a place (long sides, unmirrored) and the eight around it, row by row.
    pub fn around(&self, x: f64, y: f64) -> impl Iterator<Item = usize> + '_ {
        let (cx, cy) = cell(x as f32, y as f32);
        let near = |c: usize| c.saturating_sub(1)..(c + 2).min(CELLS);
        near(cy)
            .flat_map(move |j| near(cx).map(move |i| j * CELLS + i))
            .flat_map(|c| self.lists[c].iter().map(|i| *i as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::tests::scene::Scene;

    #[test]
    fn every_keypoint_within_a_cell_of_a_place_is_found_once() {
        let upload = Scene::new(3).upload();
        let grid = KeypointGrid::new(&upload);
        for k in &upload.keypoints {
            let (x, y) = (f64::from(k.spot.x), f64::from(k.spot.y));
            let mut found: Vec<usize> = grid.around(x, y).collect();
            let count = found.len();
            found.sort_unstable();
            found.dedup();
            assert_eq!(found.len(), count, "found twice");
            for (i, other) in upload.keypoints.iter().enumerate() {
                let far = (other.spot.x - k.spot.x).abs().max((other.spot.y - k.spot.y).abs());
                assert!(far >= 1.0 / CELLS as f32 || found.contains(&i));
            }
        }
    }
}
