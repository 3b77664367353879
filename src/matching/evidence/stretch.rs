//! The stretch of a sequence with the largest sum: where evidence for outweighs evidence against.
//!
//! Kadane's algorithm, in one pass (Bentley, *Programming pearls: algorithm design techniques*, CACM 1984):
//!
//! ```text
//! for each value: if sum ≤ 0, begin a new stretch here with sum ← 0
//!                 sum ← sum + value; remember the stretch if its sum is the largest so far
//! ```

use std::ops::Range;

/// The sum and the indices of the stretch with the largest sum, the first of equals; `None` when no value is above 0.
pub fn best_stretch(values: impl Iterator<Item = f64>) -> Option<(f64, Range<usize>)> {
    let (mut sum, mut start) = (0f64, 0usize);
    let mut best: Option<(f64, Range<usize>)> = None;
    for (i, value) in values.enumerate() {
        if sum <= 0.0 {
            (sum, start) = (0.0, i);
        }
        sum += value;
        if sum > best.as_ref().map_or(0.0, |b| b.0) {
            best = Some((sum, start..i + 1));
        }
    }
    best
}
