//! Same place, other take: does what happens agree, or only the ground?
//!
//! Of a re-upload, keypoints that pass are found like all others; of another take before the same ground they are not
//! (`passing`). Before a ground that moves itself, a studio's set for one, much passes that is the ground's. Then the
//! story is missing in one piece: a connected part of the picture in which nothing that passes is found, from the first
//! second to the last, while it is found elsewhere.
//!
//! ```text
//! cells   ← of a 6 × 6 grid: passing keypoints expected, and found
//! missing ← the connected cells without any found, of those pieces the one with most keypoints expected,
//!           if chance leaves so many out less than once in CHANCE at the share that is found elsewhere
//! ```
//!
//! A sticker on a re-upload looks the same. That cannot be told apart, so the size of the piece decides, in policy.

use crate::fingerprint::Fingerprint;
use crate::matching::evidence::coverage::{Coverage, GRID, cell};
use crate::matching::evidence::passing::passing;

/// Chance at which a missing piece is taken for an accident: ln of one in ten thousand. Tuned.
const CHANCE_LN: f64 = -9.2;
/// Share found elsewhere that is assumed at most and at least. Tuned.
const FOUND: (f64, f64) = (0.15, 0.9);

/// The passing keypoints of a deleted video that ought to be visible.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moving {
    pub expected: u32,
    pub found: u32,
    /// Of those expected, those in the largest part of the picture in which none is found.
    pub missing_together: u32,
}

impl Moving {
    /// Of what one alignment covers.
    pub fn of(deleted: &Fingerprint, coverage: &Coverage) -> Moving {
        let passing = passing(deleted, coverage.expected.iter().map(|(index, _)| *index));
        let mut passing = passing.into_iter().peekable();
        let mut cells = [(0u32, 0u32); GRID * GRID];
        for (index, found) in &coverage.expected {
            if passing.next_if_eq(index).is_some() {
                let cell = &mut cells[cell(deleted, *index as usize)];
                *cell = (cell.0 + 1, cell.1 + u32::from(*found));
            }
        }
        let (expected, found) = cells.iter().fold((0, 0), |(e, f), c| (e + c.0, f + c.1));
        Moving { expected, found, missing_together: missing_together(&cells) }
    }
}

/// Keypoints expected in the largest connected piece of cells in which none is found, unless chance leaves as many out.
fn missing_together(cells: &[(u32, u32); GRID * GRID]) -> u32 {
    let mut seen = [false; GRID * GRID];
    let mut most = 0;
    for start in 0..cells.len() {
        let mut piece = 0;
        let mut open = vec![start];
        while let Some(at) = open.pop() {
            let (expected, found) = cells[at];
            if seen[at] || expected == 0 || found > 0 {
                continue;
            }
            seen[at] = true;
            piece += expected;
            let (x, y) = (at % GRID, at / GRID);
            open.extend((x > 0).then(|| at - 1));
            open.extend((x + 1 < GRID).then_some(at + 1));
            open.extend((y > 0).then(|| at - GRID));
            open.extend((y + 1 < GRID).then_some(at + GRID));
        }
        most = most.max(piece);
    }
    let (expected, found) = cells.iter().fold((0, 0), |(e, f), c| (e + c.0, f + c.1));
    let elsewhere = f64::from(found) / f64::from((expected - most).max(1));
    let by_chance = f64::from(most) * (1.0 - elsewhere.clamp(FOUND.0, FOUND.1)).ln();
    if by_chance <= CHANCE_LN { most } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two keypoints expected in each cell, both found where `shows` holds.
    fn cells(shows: impl Fn(usize, usize) -> bool) -> [(u32, u32); GRID * GRID] {
        std::array::from_fn(|at| (2, if shows(at % GRID, at / GRID) { 2 } else { 0 }))
    }

    #[test]
    fn the_largest_piece_in_which_nothing_is_found_counts() {
        assert_eq!(missing_together(&cells(|_, _| true)), 0);
        let inset = |x: usize, y: usize| !((3..6).contains(&x) && (1..4).contains(&y));
        assert_eq!(missing_together(&cells(inset)), 18);
        let two = |x: usize, y: usize| inset(x, y) && !(x < 2 && y > 3);
        assert_eq!(missing_together(&cells(two)), 18, "the larger of two");
        let scattered = |x: usize, y: usize| !(x + y).is_multiple_of(2);
        assert_eq!(missing_together(&cells(scattered)), 0, "no piece is connected");
    }
}
