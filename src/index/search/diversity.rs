//! Few tombstones of one content: what many tombstones have in common must not crowd out the rest of an upload.
//!
//! A video that was re-uploaded and deleted a thousand times has a thousand tombstones, and all of them have more votes
//! than the second deleted video in the same upload. Judging all would say the same a thousand times. So two bounds hold:
//!
//! - *Rows to refine*: at most [`GROUP_ROWS_MAX`] of one content group, those with most votes.
//! - *Candidates*: a row is skipped when most of the upload's keypoints that it hits are hit by [`EXPLAINED_BY`] better
//!   rows already. That holds for compilations, too, which are no group: a thousand of them contain one clip.
//!
//! The second is a greedy cover, as in diversified search (Agrawal, Gollapudi, Halverson, Ieong, *Diversifying search
//! results*, WSDM 2009).

use rustc_hash::FxHashMap;

use crate::index::search::hit::RowHit;
use crate::index::search::query::SearchContext;

/// Rows of one content group that are refined. *Tuned*: a few are excerpts of the rest.
const GROUP_ROWS_MAX: u32 = 16;
/// Better rows that must hit a keypoint for it to be explained. *Tuned*: matching judges as many of one content.
const EXPLAINED_BY: u8 = 12;
/// Share of a row's keypoints that must be explained for it to be skipped. *Tuned*.
const EXPLAINED_SHARE: f32 = 0.8;

/// The rows to refine: of those with at least `least` votes, at most [`GROUP_ROWS_MAX`] of a group.
#[derive(Default)]
pub(super) struct ChosenRows {
    chosen: Vec<bool>,
    ranked: Vec<(f32, u32)>,
    of_group: FxHashMap<u32, u32>,
}

impl ChosenRows {
    /// Chooses at most `rows_max` rows.
    pub fn choose(
        &mut self,
        query: &SearchContext<'_>,
        votes: &[f32],
        (least, rows_max): (f32, usize),
    ) {
        self.chosen.clear();
        self.chosen.resize(votes.len(), false);
        self.ranked.clear();
        let ranked = votes.iter().zip(0u32..).filter(|(votes, _)| **votes >= least);
        self.ranked.extend(ranked.map(|(votes, row)| (*votes, row)));
        self.ranked.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        self.of_group.clear();
        let mut left = rows_max;
        for (_, row) in &self.ranked {
            let part = query.parts.of_row(*row);
            let group = part.segment.groups()[*row as usize - part.base];
            let of_group = self.of_group.entry(group).or_default();
            if left > 0 && *of_group < GROUP_ROWS_MAX {
                *of_group += 1;
                left -= 1;
                self.chosen[*row as usize] = true;
            }
        }
    }

    /// Whether a row was chosen.
    #[inline]
    pub fn contains(&self, row: u32) -> bool {
        self.chosen[row as usize]
    }
}

/// Of rows and their sums, best first: at most `most` that are not explained by better ones. `hits` of a row, by row.
pub(super) fn diverse<'h>(
    sums: &[(u32, f32)],
    keypoints: usize,
    most: usize,
    hits: impl Fn(u32) -> &'h [RowHit],
) -> Vec<(u32, f32)> {
    let mut times = vec![0u8; keypoints];
    let mut out = Vec::new();
    for &(row, sum) in sums {
        if out.len() >= most {
            break;
        }
        let mut items: Vec<u32> = hits(row).iter().map(|hit| hit.item).collect();
        items.dedup();
        let explained = items.iter().filter(|item| times[**item as usize] >= EXPLAINED_BY).count();
        if !items.is_empty() && explained as f32 >= EXPLAINED_SHARE * items.len() as f32 {
            continue;
        }
        items
            .iter()
            .for_each(|item| times[*item as usize] = times[*item as usize].saturating_add(1));
        out.push((row, sum));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_rows_of_one_content_leave_room_for_another() {
        let hit = |row: u32, item: u32| RowHit { row, item, ..RowHit::default() };
        // Rows 0..1000 hit keypoints 0..50; row 1000 hits 50..60; row 1001 some of both.
        let hits: Vec<Vec<RowHit>> = (0..1002u32)
            .map(|row| match row {
                1000 => (50..60).map(|item| hit(row, item)).collect(),
                1001 => (45..55).map(|item| hit(row, item)).collect(),
                _ => (0..50).map(|item| hit(row, item)).collect(),
            })
            .collect();
        let sums: Vec<(u32, f32)> = (0..1002).map(|row| (row, 2000.0 - row as f32)).collect();
        let kept = diverse(&sums, 60, 100, |row| &hits[row as usize][..]);
        let rows: Vec<u32> = kept.iter().map(|(row, _)| *row).collect();
        assert_eq!(rows, (0..12).chain([1000, 1001]).collect::<Vec<u32>>());
        assert_eq!(diverse(&sums, 60, 5, |row| &hits[row as usize][..]).len(), 5);
    }

    #[test]
    fn rows_that_only_frames_hit_are_kept() {
        let sums = [(0, 2.0), (1, 1.0)];
        assert_eq!(diverse(&sums, 9, 100, |_| &[]), sums);
    }
}
