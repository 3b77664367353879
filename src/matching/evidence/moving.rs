//! Same place, other take: does what happens agree, or only the ground?
//!
//! Of a re-upload, keypoints that pass are found like all others; of another take before the same ground they are not
//! (`passing`). Before a ground that moves itself, a studio's set for one, much passes that is the ground's. Then the
//! story is missing in one piece: a connected part of the picture in which nothing that passes is found, from the first
//! second to the last, while it is found elsewhere.
//!
//! ```text
//! cells   ← of a 6 × 6 grid: passing keypoints expected, and found
//! empty   ← cells without any found, and with one by chance: most cells around are empty
//! missing ← the connected empty cells, of those pieces the one with most keypoints expected,
//!           if chance leaves so many out less than once in CHANCE at the share that is found elsewhere,
//!           and what is met there is no evidence
//! ```
//!
//! The last, because water, crowds and leaves lose their keypoints in one piece when they are mirrored and cropped.
//! Each is then too far off to count as found, but together they lie where they should more often than by chance.
//!
//! A sticker on a re-upload looks the same. That cannot be told apart, so the size of the piece decides, in policy.

use crate::fingerprint::Fingerprint;
use crate::matching::evidence::coverage::{Coverage, GRID, cell, nats_of_ratios};
use crate::matching::evidence::passing::passing;

/// Chance at which a missing piece is taken for an accident: ln of one in ten thousand. Tuned.
const CHANCE_LN: f64 = -9.2;
/// Empty cells around one in which a keypoint is found by chance. Tuned.
const EMPTY_AROUND_MIN: usize = 3;
/// Share found elsewhere that is assumed at most and at least. Tuned.
const FOUND: (f64, f64) = (0.15, 0.9);
/// Evidence from which a piece is there after all, nats. Measured with four keys: another story's piece has 0 to 6.5, and
/// 0 in half of the cases; what mirrored crops lose in one piece has 4.4 to 14.8.
const THERE_NATS: f64 = 7.0;

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
        let passing = passing(deleted, coverage.expected.iter().map(|asked| asked.index));
        let mut passing = passing.into_iter().peekable();
        let mut cells = [Cell::default(); GRID * GRID];
        let mut ratios: Vec<(usize, f64)> = Vec::new();
        for asked in &coverage.expected {
            let at = cell(deleted, asked.index as usize);
            if passing.next_if_eq(&asked.index).is_some() {
                cells[at].expected += 1;
                cells[at].found += u32::from(asked.seen);
                ratios.push((at, asked.ratio));
            }
        }
        let all = Cell::sum(cells.iter());
        let missing = missing_piece(&cells);
        let met = ratios.iter().filter(|(at, _)| missing.contains(at)).map(|(_, ratio)| *ratio);
        let is_there = nats_of_ratios(met) >= THERE_NATS;
        let missing_together = if is_there { 0 } else { expected_in(&cells, &missing) };
        Moving { expected: all.expected, found: all.found, missing_together }
    }
}

/// The passing keypoints that are expected in one cell, and found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Cell {
    expected: u32,
    found: u32,
}

impl Cell {
    fn sum<'c>(cells: impl Iterator<Item = &'c Cell>) -> Cell {
        cells.fold(Cell::default(), |all, one| Cell {
            expected: all.expected + one.expected,
            found: all.found + one.found,
        })
    }
}

/// The cells in which nothing is found, or one keypoint by chance.
fn empty(cells: &[Cell; GRID * GRID]) -> [bool; GRID * GRID] {
    let nothing = |at: usize| cells[at].expected > 0 && cells[at].found == 0;
    let around = |at: usize| {
        let (x, y) = (at % GRID, at / GRID);
        let beside = |a: usize, b: usize| a.abs_diff(b) <= 1;
        (0..cells.len())
            .filter(move |other| beside(other % GRID, x) && beside(other / GRID, y))
            .filter(move |other| *other != at && cells[*other].expected > 0)
    };
    let by_chance = |at: usize| {
        let (all, without) = (around(at).count(), around(at).filter(|at| nothing(*at)).count());
        cells[at].found == 1 && without >= EMPTY_AROUND_MIN && 2 * without > all
    };
    std::array::from_fn(|at| nothing(at) || by_chance(at))
}

fn expected_in(cells: &[Cell; GRID * GRID], piece: &[usize]) -> u32 {
    piece.iter().map(|at| cells[*at].expected).sum()
}

/// The connected cells in which none is found that have most keypoints expected; none if chance leaves as many out.
fn missing_piece(cells: &[Cell; GRID * GRID]) -> Vec<usize> {
    let empty = empty(cells);
    let mut seen = [false; GRID * GRID];
    let mut largest: Vec<usize> = Vec::new();
    for start in 0..cells.len() {
        let mut piece = Vec::new();
        let mut open = vec![start];
        while let Some(at) = open.pop() {
            if seen[at] || !empty[at] {
                continue;
            }
            seen[at] = true;
            piece.push(at);
            let (x, y) = (at % GRID, at / GRID);
            open.extend((x > 0).then(|| at - 1));
            open.extend((x + 1 < GRID).then_some(at + 1));
            open.extend((y > 0).then(|| at - GRID));
            open.extend((y + 1 < GRID).then_some(at + GRID));
        }
        if expected_in(cells, &piece) > expected_in(cells, &largest) {
            largest = piece;
        }
    }
    let rest = (0..cells.len()).filter(|at| !largest.contains(at));
    let rest = Cell::sum(rest.map(|at| &cells[at]));
    let elsewhere = f64::from(rest.found) / f64::from(rest.expected.max(1));
    let most = f64::from(expected_in(cells, &largest));
    let by_chance = most * (1.0 - elsewhere.clamp(FOUND.0, FOUND.1)).ln();
    if by_chance <= CHANCE_LN { largest } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two keypoints expected in each cell, both found where `shows` holds.
    fn cells(shows: impl Fn(usize, usize) -> bool) -> [Cell; GRID * GRID] {
        std::array::from_fn(|at| {
            let found = if shows(at % GRID, at / GRID) { 2 } else { 0 };
            Cell { expected: 2, found }
        })
    }

    fn missing_together(cells: &[Cell; GRID * GRID]) -> u32 {
        expected_in(cells, &missing_piece(cells))
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
        let mut chance = cells(inset);
        chance[2 * GRID + 4].found = 1;
        assert_eq!(missing_together(&chance), 18, "one is found by chance");
    }
}
