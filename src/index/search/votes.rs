//! Counting: distinct groups per item of the upload, and votes per tombstone.
//!
//! A keypoint that occurs in many videos says little about any one of them. Its *rarity* is the inverse document frequency
//! of text search, with groups in place of documents: tombstones of nearly one content are one content
//! group, so that re-uploads do not make a scene look common. With *n* tombstones and *v* groups,
//!
//! ```text
//! rarity = ln((n + 2) / (v + ½)) / ln(n + 2), at least RARITY_MIN
//! ```
//!
//! which is about 1 for an item of one group and near 0 for an item of all. A hit's vote is this rarity × the nearness of
//! the hash: 1 for equal check bits, falling in a straight line.
//!
//! Two caps keep repetition from looking like agreement. A keypoint votes once for a row, however many of the row's
//! keypoints it hits. And one second of the upload gives a row at most `votes_per_keyframe_max`.

use crate::index::search::hit::RowHit;
use crate::index::search::query::SearchContext;
use crate::index::segment::prefetch;

/// Groups are counted up to here: an item of more is as common as can be. *Tuned*; bounds the table of groups.
const GROUPS_MAX: u16 = 1000;
/// Items whose groups are counted together; 5 bits of a [`Votes::counted`] entry.
const BATCH: usize = 16;
/// Entries of the table in which groups are told apart: twice what a batch needs in which all items saturate.
const GROUP_SLOTS: usize = 1 << 15;
/// 2⁶⁴ ÷ golden ratio: Fibonacci hashing spreads keys that differ little (Knuth, TAOCP 3, section 6.4).
const FIBONACCI: u64 = 0x9e37_79b9_7f4a_7c15;

/// Weight of an item that every group has: not 0, so that an upload of nothing but common scenes still has an order.
/// *Tuned.*
const RARITY_MIN: f32 = 0.02;
/// Differing check bits at which a hit would weigh nothing. *Tuned*: near hits are far rarer by chance.
const CHECK_DISTANCE_WEIGHTLESS: u8 = 11;
/// What frames may add to a tombstone's votes: they fill gaps, and never outweigh keypoints. *Tuned.*
const FRAME_VOTES_MAX: f32 = 4.0;
/// A frame's vote before rarity: low, because neighbouring frames repeat it. *Tuned.*
const FRAME_VOTE: f32 = 0.5;
/// Units of [`LastVote::given`] in a vote.
const GIVEN_UNITS: f32 = 1024.0;
/// Hits by which the rows are prefetched ahead of their use. *Tuned.*
const ROWS_AHEAD: usize = 16;

/// Votes per row, and what is needed to cap them.
#[derive(Default)]
pub(super) struct Votes {
    /// By row of the snapshot.
    votes: Vec<f32>,
    last_votes: Vec<LastVote>,
    /// A hash set of the pairs (item of the batch, group) that were counted. An entry is: batch (27 bits), item in the
    /// batch (5 bits), group (32 bits). The number of the batch makes older entries void.
    counted: Vec<u64>,
    batch: u64,
    /// Rarity by number of groups.
    rarities: Vec<f32>,
    /// Distinct groups among the hits of each keypoint; saturates at `GROUPS_MAX`.
    pub keypoint_groups: Vec<u16>,
    /// Likewise of each frame.
    pub frame_groups: Vec<u16>,
}

/// The last vote for a row.
#[derive(Debug, Clone, Copy, Default)]
struct LastVote {
    /// Item that voted, plus one.
    item: u32,
    /// Second of the upload in which the item lies.
    second: u16,
    /// Votes given in this second, in `GIVEN_UNITS`.
    given: u16,
}

impl Votes {
    /// Forgets the last search.
    pub fn begin(&mut self, query: &SearchContext<'_>) {
        let (rows, tombstones) = (query.parts.rows(), query.parts.live());
        self.rarities.clear();
        self.rarities.extend((0..=GROUPS_MAX).map(|groups| rarity(groups, tombstones)));
        self.votes.clear();
        self.votes.resize(rows, 0.0);
        self.last_votes.clear();
        self.last_votes.resize(rows, LastVote::default());
        self.counted.resize(GROUP_SLOTS, 0);
        self.keypoint_groups.clear();
        self.keypoint_groups.resize(query.upload.keypoints.len(), 0);
        self.frame_groups.clear();
        self.frame_groups.resize(query.upload.frames.len(), 0);
    }

    /// The votes of all rows.
    pub fn all(&self) -> &[f32] {
        &self.votes
    }

    /// 1 for a keypoint of one group among many, near 0 for one that all have.
    #[inline]
    pub fn keypoint_rarity(&self, item: u32) -> f32 {
        self.rarities[usize::from(self.keypoint_groups[item as usize])]
    }

    /// Counts the groups of the keypoints and lets their hits vote. `hits` are ordered by keypoint.
    pub fn keypoints(&mut self, query: &SearchContext<'_>, hits: &[RowHit]) {
        let mut groups = std::mem::take(&mut self.keypoint_groups);
        for (first, hits) in batches(hits, groups.len()) {
            let last = (first + BATCH).min(groups.len());
            self.count_groups(query, hits, first, &mut groups[first..last]);
            self.keypoint_votes(query, hits, &groups);
        }
        self.keypoint_groups = groups;
    }

    /// Counts the groups of the frames and lets their hits vote: once per frame, and at most `FRAME_VOTES_MAX` per row.
    /// `hits` are ordered by frame.
    pub fn frames(&mut self, query: &SearchContext<'_>, hits: &[RowHit]) {
        let mut groups = std::mem::take(&mut self.frame_groups);
        for (first, hits) in batches(hits, groups.len()) {
            let last = (first + BATCH).min(groups.len());
            self.count_groups(query, hits, first, &mut groups[first..last]);
        }
        for hit in hits {
            self.last_votes[hit.row as usize] = LastVote::default();
        }
        for hit in hits {
            let last = &mut self.last_votes[hit.row as usize];
            if last.item == hit.item + 1 {
                continue;
            }
            last.item = hit.item + 1;
            let given = f32::from(last.given) / GIVEN_UNITS;
            let vote = FRAME_VOTE * self.rarities[usize::from(groups[hit.item as usize])];
            let vote = vote.min(FRAME_VOTES_MAX - given).max(0.0);
            last.given = ((given + vote) * GIVEN_UNITS) as u16;
            self.votes[hit.row as usize] += vote;
        }
        self.frame_groups = groups;
    }

    /// Adds to `counts` the distinct groups among `hits`, whose items are numbered from `first`.
    fn count_groups(
        &mut self,
        query: &SearchContext<'_>,
        hits: &[RowHit],
        first: usize,
        counts: &mut [u16],
    ) {
        self.batch += 1;
        if self.batch >= 1 << 27 {
            self.batch = 1;
            self.counted.fill(0);
        }
        let mut part = u16::MAX;
        let mut base = 0;
        let mut groups: &[u32] = &[];
        for (i, hit) in hits.iter().enumerate() {
            if let Some(later) = hits.get(i + ROWS_AHEAD) {
                let row = later.row as usize;
                prefetch(&self.last_votes, row);
                prefetch(&self.votes, row);
                prefetch(groups, row - query.parts.get(later.part).base.min(row));
            }
            if part != hit.part {
                part = hit.part;
                base = query.parts.get(part).base;
                groups = query.parts.get(part).segment.groups();
            }
            let item = hit.item as usize - first;
            if counts[item] >= GROUPS_MAX {
                continue;
            }
            let group = groups[hit.row as usize - base];
            let key = self.batch << 37 | (item as u64) << 32 | u64::from(group);
            let mut at = (key.wrapping_mul(FIBONACCI) >> 49) as usize;
            while self.counted[at] >> 37 == self.batch && self.counted[at] != key {
                at = (at + 1) % GROUP_SLOTS;
            }
            if self.counted[at] != key {
                self.counted[at] = key;
                counts[item] += 1;
            }
        }
    }

    /// Lets the hits of a batch of keypoints vote.
    fn keypoint_votes(&mut self, query: &SearchContext<'_>, hits: &[RowHit], groups: &[u16]) {
        let cap = query.index.votes_per_keyframe_max;
        for hit in hits {
            let last = &mut self.last_votes[hit.row as usize];
            if last.item == hit.item + 1 {
                continue;
            }
            last.item = hit.item + 1;
            let keypoint = &query.upload.keypoints[hit.item as usize];
            let second = keypoint.spot.first_s.clamp(0.0, 65535.0) as u16;
            if last.second != second {
                last.second = second;
                last.given = 0;
            }
            let rarity = self.rarities[usize::from(groups[hit.item as usize])];
            let given = f32::from(last.given) / GIVEN_UNITS;
            let vote = (rarity * nearness_of_check(hit.distance)).min(cap - given).max(0.0);
            last.given = ((given + vote) * GIVEN_UNITS).min(65535.0) as u16;
            self.votes[hit.row as usize] += vote;
        }
    }
}

/// Splits hits, ordered by item, into batches of `BATCH` items: the first item of each, and its hits.
fn batches(hits: &[RowHit], items: usize) -> impl Iterator<Item = (usize, &[RowHit])> {
    let mut rest = hits;
    (0..items).step_by(BATCH).map(move |first| {
        let end = rest.partition_point(|h| (h.item as usize) < first + BATCH);
        let (batch, others) = rest.split_at(end);
        rest = others;
        (first, batch)
    })
}

fn rarity(groups: u16, tombstones: usize) -> f32 {
    let all = tombstones as f32 + 2.0;
    ((all / (f32::from(groups) + 0.5)).ln() / all.ln()).clamp(RARITY_MIN, 1.0)
}

/// Weight of a hit whose word agrees and whose check bits differ in `distance` bits.
fn nearness_of_check(distance: u8) -> f32 {
    let weightless = f32::from(CHECK_DISTANCE_WEIGHTLESS);
    (weightless - f32::from(distance.min(CHECK_DISTANCE_WEIGHTLESS - 1))) / weightless
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_have_every_hit_once_and_in_order() {
        let hit = |item| RowHit { item, ..RowHit::default() };
        let hits: Vec<RowHit> = [0, 3, 15, 16, 16, 47].map(hit).to_vec();
        let found: Vec<(usize, usize)> = batches(&hits, 50).map(|(f, h)| (f, h.len())).collect();
        assert_eq!(found, [(0, 3), (16, 2), (32, 1), (48, 0)]);
    }

    #[test]
    fn rarity_falls_with_groups_and_never_to_zero() {
        let rarities: Vec<f32> = [0, 1, 10, 100, 1000].map(|v| rarity(v, 1000)).to_vec();
        assert!(rarities.windows(2).all(|w| w[0] >= w[1]), "{rarities:?}");
        assert_eq!(rarities[0], 1.0);
        assert!(rarities[1] > 0.9 && rarities[4] == RARITY_MIN, "{rarities:?}");
    }

    #[test]
    fn nearness_is_one_for_equal_bits_and_positive_for_all() {
        assert_eq!(nearness_of_check(0), 1.0);
        assert!(nearness_of_check(32) > 0.0);
    }
}
