//! Folds small segments into larger ones, and drops what was removed.
//!
//! Segments fall into tiers by size, each `merge_factor` times the one before. A tier that holds
//! `merge_factor` segments is merged, together with all that is smaller; so there are about
//! `merge_factor × log(size)` segments. A segment of which more than a third is removed is rewritten, so that
//! the hashes of a removed tombstone do not stay for ever.

use std::collections::HashSet;
use std::sync::Arc;

use crate::index::error::Error;
use crate::index::segment::Segment;
use crate::index::snapshot::Part;
use crate::index::writer::{Index, without};

/// Segments smaller than this (in keypoints) are all of one tier.
const SMALLEST: u64 = 1 << 14;

/// What a merge has done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MergeReport {
    /// Segments that were replaced.
    pub merged: usize,
    /// Segments that replace them.
    pub written: usize,
    /// Tombstones whose hashes are gone from the disk for good.
    pub dropped: usize,
}

impl Index {
    /// Merges until nothing is worth merging. Searches and `apply` go on meanwhile.
    ///
    /// # Errors
    /// `ReadOnly`; `Damaged` when a block to be copied is not what was written; `Io`. The index is then as it
    /// was before the step that failed.
    pub fn merge(&self) -> Result<MergeReport, Error> {
        drop(self.writable()?);
        let _one_at_a_time = self.merging.lock().unwrap_or_else(|e| e.into_inner());
        let mut report = MergeReport::default();
        loop {
            let snapshot = self.snapshot();
            let limit = self.options.segment_keypoints_max;
            let chosen = choose(&snapshot.parts, self.options.merge_factor.max(2), limit);
            if chosen.is_empty() {
                return Ok(report);
            }
            self.replace(&chosen, &mut report)?;
        }
    }

    /// Writes the live rows of `chosen` as one segment and commits it in their place.
    fn replace(&self, chosen: &[Part], report: &mut MergeReport) -> Result<(), Error> {
        for part in chosen {
            part.segment.verify()?;
        }
        let id = {
            let mut state = self.writable()?;
            state.next_id += 1;
            state.next_id - 1
        };
        let mut dropped = 0;
        let live: usize = chosen.iter().map(Part::live).sum();
        let merged = match live {
            0 => None,
            _ => Some(Arc::new(self.write_segment(id, |builder| {
                for part in chosen {
                    for row in 0..part.segment.rows() {
                        if part.is_removed(row) {
                            dropped += 1;
                        } else {
                            builder.push(part.segment.row(row))?;
                        }
                    }
                }
                Ok(())
            })?)),
        };
        let mut state = self.writable()?;
        let now = self.snapshot();
        let ids: HashSet<u64> = chosen.iter().map(|p| p.segment.id).collect();
        let (replaced, kept): (Vec<_>, Vec<_>) =
            now.parts.iter().partition(|p| ids.contains(&p.segment.id));
        let mut segments = Vec::with_capacity(kept.len() + 1);
        if let Some(segment) = &merged {
            let removed = without(segment, &Arc::default(), &removed_since(chosen, &replaced));
            segments.push((segment.clone(), removed));
        }
        segments.extend(kept.iter().map(|p| (p.segment.clone(), p.removed.clone())));
        self.commit(&mut state, segments, now.applied)?;
        report.merged += chosen.len();
        report.written += usize::from(merged.is_some());
        report.dropped += dropped;
        Ok(())
    }
}

/// Slots that were live in `before` and are not in `now`. A segment that is gone from `now` lost all its rows.
fn removed_since(before: &[Part], now: &[&Part]) -> HashSet<u32> {
    let mut slots = HashSet::new();
    for part in before {
        let after = now.iter().find(|p| p.segment.id == part.segment.id);
        for (row, &slot) in part.segment.slots().iter().enumerate() {
            if !part.is_removed(row) && after.is_none_or(|p| p.is_removed(row)) {
                slots.insert(slot);
            }
        }
    }
    slots
}

/// Segments to be merged into one; empty when all is well.
fn choose(parts: &[Part], factor: usize, keypoints_max: u64) -> Vec<Part> {
    let size = |s: &Segment| s.keypoints().max(s.frames());
    let mut by_size: Vec<&Part> = parts.iter().collect();
    by_size.sort_by_key(|p| size(&p.segment));
    let tier = |part: &Part| (size(&part.segment) / SMALLEST).checked_ilog(factor as u64);
    let mut start = 0;
    let mut last_full = 0;
    while start < by_size.len() {
        let this = tier(by_size[start]);
        let end = start + by_size[start..].iter().take_while(|p| tier(p) == this).count();
        if end - start >= factor {
            last_full = end;
        }
        start = end;
    }
    let mut sum = 0;
    let fitting = by_size[..last_full].iter().take_while(|p| {
        sum += size(&p.segment);
        sum <= keypoints_max
    });
    let chosen: Vec<Part> = fitting.map(|&p| p.clone()).collect();
    if chosen.len() > 1 {
        return chosen;
    }
    let mostly_removed = |p: &&Part| p.live() * 3 < p.segment.rows() * 2;
    parts.iter().find(mostly_removed).map(|p| vec![p.clone()]).unwrap_or_default()
}
