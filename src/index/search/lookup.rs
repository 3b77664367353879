//! Looks words up in all segments: from words to hits.

use std::ops::Range;

use crate::cpu::Cpu;
use crate::index::error::Error;
use crate::index::kernel::{Near, scan};
use crate::index::search::found::Work;
use crate::index::search::hit::{PostingHit, RowHit};
use crate::index::search::parts::SnapshotPart;
use crate::index::search::query::SearchContext;
use crate::index::search::words::{Chosen, Lookup, choose, of_frame, of_keypoint};
use crate::index::segment::KEYPOINT_TABLES;

/// Look-ups whose cache misses overlap. *Tuned*: enough to hide the latency of memory, few enough for the prefetched
/// lines to stay in the first-level cache.
const BATCH: usize = 32;

/// Tables with words of more bits are swept in the order of the file, because their offsets exceed the processor's caches.
/// In that order the sweep meets each page once, and page walks hit the cache; in random order, most of the time went to
/// page walks. *Tuned.*
const SORTED_BITS: u32 = 18;

/// Postings in a row that a sample of a long list takes: 512 bytes, which the processor prefetches by itself. *Tuned.*
const RUN: u64 = 64;

/// Hits by which the hints of rows are prefetched ahead of their use. *Tuned.*
const HINTS_AHEAD: usize = 32;
/// Hits by which the starts of rows are prefetched ahead of their use: after their hints have arrived. *Tuned.*
const STARTS_AHEAD: usize = 16;

/// Working memory of the look-ups.
#[derive(Default)]
pub(super) struct Lookups {
    chosen: Vec<Chosen>,
    lookups: Vec<Lookup>,
    near: Vec<Near>,
    posting_hits: Vec<PostingHit>,
    unordered: Vec<RowHit>,
    pub work: Work,
}

impl Lookups {
    /// Looks up the upload's keypoints. The hits are ordered by keypoint, and those of one keypoint by segment.
    pub fn keypoints(
        &mut self,
        query: &SearchContext<'_>,
        cpu: Cpu,
        hits: &mut Vec<RowHit>,
    ) -> Result<(), Error> {
        self.unordered.clear();
        choose(query.upload, query.index.lookups_per_keyframe, &mut self.chosen);
        for number in 0..query.parts.as_slice().len() as u16 {
            self.lookups.clear();
            for chosen in &self.chosen {
                let segment = &query.parts.get(number).segment;
                of_keypoint(query, *chosen, segment, &mut self.lookups);
            }
            self.sweep(query, number, cpu, query.index.keypoint_check_max)?;
        }
        order_by_item(&mut self.unordered, hits, query.upload.keypoints.len());
        Ok(())
    }

    /// Looks up the upload's frames, unless they are flat. The hits are ordered by frame.
    pub fn frames(
        &mut self,
        query: &SearchContext<'_>,
        cpu: Cpu,
        hits: &mut Vec<RowHit>,
    ) -> Result<(), Error> {
        self.unordered.clear();
        for number in 0..query.parts.as_slice().len() as u16 {
            self.lookups.clear();
            for (item, frame) in query.upload.frames.iter().enumerate() {
                if frame.quality >= query.index.frame_quality_min {
                    let segment = &query.parts.get(number).segment;
                    of_frame(query, item as u32, frame, segment, &mut self.lookups);
                }
            }
            self.sweep(query, number, cpu, query.index.frame_distance_max)?;
        }
        order_by_item(&mut self.unordered, hits, query.upload.frames.len());
        Ok(())
    }

    /// Looks `lookups` up in one segment and appends the hits of rows that are not removed to `unordered`.
    fn sweep(
        &mut self,
        query: &SearchContext<'_>,
        number: u16,
        cpu: Cpu,
        distance_max: u32,
    ) -> Result<(), Error> {
        let part = query.parts.get(number);
        let segment = &part.segment;
        if segment.word_bits() > SORTED_BITS {
            self.lookups.sort_unstable_by_key(|l| u64::from(l.table) << 32 | u64::from(l.word));
        }
        self.work.lookups += self.lookups.len() as u64;
        self.posting_hits.clear();
        let most = query.index.postings_per_word_max;
        let mut ranges = [(0, 0); BATCH];
        for lookups in self.lookups.chunks(BATCH) {
            for lookup in lookups {
                segment.prefetch_offsets(lookup.table.into(), lookup.word);
            }
            for (lookup, range) in lookups.iter().zip(&mut ranges) {
                let found = segment.postings_of(lookup.table.into(), lookup.word)?;
                *range = (found.start, found.end);
                for piece in sample(found, most) {
                    segment.prefetch_postings(lookup.table.into(), piece);
                }
            }
            for (lookup, &(start, end)) in lookups.iter().zip(&ranges) {
                if start == end {
                    continue;
                }
                self.near.clear();
                for range in sample(start..end, most) {
                    let postings = segment.postings(lookup.table.into(), range)?;
                    self.work.postings += postings.len() as u64;
                    scan(cpu, postings, lookup.check, distance_max, &mut self.near);
                }
                self.work.hits += self.near.len() as u64;
                let &Lookup { item, table, kind, .. } = lookup;
                self.posting_hits.extend(self.near.iter().map(|near| {
                    let &Near { ordinal, distance } = near;
                    PostingHit { item, ordinal, table, kind, distance }
                }));
            }
        }
        resolve(part, number, &self.posting_hits, &mut self.unordered)
    }
}

/// Finds the row of each posting, and drops hits of removed rows.
fn resolve(
    part: &SnapshotPart,
    number: u16,
    found: &[PostingHit],
    hits: &mut Vec<RowHit>,
) -> Result<(), Error> {
    let segment = &part.segment;
    let (keypoint_starts, frame_starts) = (segment.keypoint_starts(), segment.frame_starts());
    let starts_of = |table| if table < KEYPOINT_TABLES { keypoint_starts } else { frame_starts };
    for (i, hit) in found.iter().enumerate() {
        if let Some(later) = found.get(i + HINTS_AHEAD) {
            segment.prefetch_row(later.table.into(), later.ordinal);
        }
        if let Some(later) = found.get(i + STARTS_AHEAD) {
            let table = later.table.into();
            segment.prefetch_start(starts_of(table), table, later.ordinal);
        }
        let &PostingHit { item, ordinal, table, kind, distance } = hit;
        let table = usize::from(table);
        let Some(row) = segment.row_of(starts_of(table), table, ordinal) else {
            return Err(Error::damaged(segment.path(), "a posting names no keypoint or frame"));
        };
        if !part.removed.contains(row) {
            let row = (part.base + row) as u32;
            hits.push(RowHit { item, row, ordinal, part: number, kind, distance });
        }
    }
    Ok(())
}

/// Moves hits from `from` to `to`, ordered by item (a counting sort). Stable: hits of one item stay grouped by part.
fn order_by_item(from: &mut Vec<RowHit>, to: &mut Vec<RowHit>, items: usize) {
    let mut next = vec![0u32; items + 1];
    from.iter().for_each(|h| next[h.item as usize + 1] += 1);
    (0..items).for_each(|i| next[i + 1] += next[i]);
    to.clear();
    to.resize(from.len(), RowHit::default());
    for hit in from.drain(..) {
        let at = &mut next[hit.item as usize];
        to[*at as usize] = hit;
        *at += 1;
    }
}

/// The whole list, or runs of `RUN` postings spread evenly over it, about `most` in total.
fn sample(range: Range<u32>, most: usize) -> impl Iterator<Item = Range<u32>> {
    let length = u64::from(range.end - range.start);
    let most = (most as u64).max(RUN);
    let (pieces, size) = if length <= most { (1, length) } else { (most / RUN, RUN) };
    (0..pieces).map(move |i| {
        let start = range.start + (i * (length - size) / pieces.max(2).saturating_sub(1)) as u32;
        start..start + size as u32
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_sampled_from_end_to_end() {
        let all: Vec<_> = sample(100..164, 512).collect();
        assert_eq!((all.len(), all[0].clone()), (1, 100..164));
        let some: Vec<_> = sample(1000..1_001_000, 512).collect();
        assert_eq!(some.len(), 8);
        assert_eq!((some[0].start, some[7].end), (1000, 1_001_000));
        assert!(some.windows(2).all(|w| w[0].end <= w[1].start));
    }

    #[test]
    fn hits_are_ordered_by_item_and_stay_in_order_within_one() {
        let hit = |(item, ordinal)| RowHit { item, ordinal, ..RowHit::default() };
        let mut from: Vec<RowHit> = [(2, 0), (0, 1), (2, 2), (1, 3), (0, 4)].map(hit).to_vec();
        let mut to = Vec::new();
        order_by_item(&mut from, &mut to, 3);
        assert!(from.is_empty());
        let ordered: Vec<_> = to.iter().map(|h| (h.item, h.ordinal)).collect();
        assert_eq!(ordered, [(0, 1), (0, 4), (1, 3), (2, 0), (2, 2)]);
    }
}
