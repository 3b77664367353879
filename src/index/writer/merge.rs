//! Folds small segments into larger ones, and drops removed tombstones.
//!
//! Segments fall into tiers by size, each `merge_factor` times the one before (a log-structured merge). A tier with
//! `merge_factor` segments is merged, together with all smaller ones, so that there are about
//! `merge_factor × log(size)` segments. A segment of which more than a third is removed is rewritten, so that the hashes
//! of a removed tombstone do not stay on disk for ever.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};

use crate::index::error::Error;
use crate::index::search::{Removed, SnapshotPart};
use crate::index::segment::Segment;
use crate::index::writer::index::Index;

/// Segments with fewer keypoints are all in one tier. *Tuned*: some fifty tombstones.
const SMALLEST: u64 = 1 << 14;
/// A segment is rewritten when fewer than this share of its rows, numerator and denominator, are live. *Tuned.*
const LIVE_MIN: (usize, usize) = (2, 3);

/// Outcome of [`Index::merge`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MergeReport {
    /// Segments that were replaced.
    pub merged: usize,
    /// Segments that replace them.
    pub written: usize,
    /// Removed tombstones whose hashes are no longer on the disk.
    pub dropped: usize,
}

impl Index {
    /// Merges until no tier is full. Searches and [`Index::apply`] continue meanwhile.
    ///
    /// # Errors
    /// - [`Error::ReadOnly`] when the index was opened for reading;
    /// - [`Error::Damaged`] when a block to be copied is damaged;
    /// - [`Error::Io`] from the disk.
    ///
    /// The index is then as it was before the step that failed.
    pub fn merge(&self) -> Result<MergeReport, Error> {
        drop(self.writable()?);
        let _one_at_a_time = self.merging.lock().unwrap_or_else(PoisonError::into_inner);
        let mut report = MergeReport::default();
        loop {
            let snapshot = self.snapshot();
            let limit = self.options.segment_keypoints_max;
            let chosen =
                choose(snapshot.parts().as_slice(), self.options.merge_factor.max(2), limit);
            if chosen.is_empty() {
                return Ok(report);
            }
            self.replace(&chosen, &mut report)?;
        }
    }

    /// Writes the live rows of `chosen` as one segment and commits it in their place.
    fn replace(&self, chosen: &[SnapshotPart], report: &mut MergeReport) -> Result<(), Error> {
        for part in chosen {
            part.segment.verify()?;
        }
        let id = self.writable()?.take_id();
        let mut dropped = 0;
        let live: usize = chosen.iter().map(SnapshotPart::live).sum();
        let merged = match live {
            0 => None,
            _ => Some(Arc::new(self.write_segment(id, |builder| {
                for part in chosen {
                    for row in 0..part.segment.rows() {
                        if part.removed.contains(row) {
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
            now.parts().as_slice().iter().partition(|p| ids.contains(&p.segment.id));
        let mut segments = Vec::with_capacity(kept.len() + 1);
        if let Some(segment) = &merged {
            let since = removed_since(chosen, &replaced);
            let removed = Removed::default().and_slots(segment, &since);
            segments.push((segment.clone(), removed));
        }
        segments.extend(kept.iter().map(|p| (p.segment.clone(), p.removed.clone())));
        self.commit(&mut state, segments, now.applied())?;
        report.merged += chosen.len();
        report.written += usize::from(merged.is_some());
        report.dropped += dropped;
        Ok(())
    }
}

/// Slots that were live in `before` and no longer are in `now`. A segment that is missing from `now` lost all its rows.
fn removed_since(before: &[SnapshotPart], now: &[&SnapshotPart]) -> HashSet<u32> {
    let mut slots = HashSet::new();
    for part in before {
        let after = now.iter().find(|p| p.segment.id == part.segment.id);
        for (row, &slot) in part.segment.slots().iter().enumerate() {
            if !part.removed.contains(row) && after.is_none_or(|p| p.removed.contains(row)) {
                slots.insert(slot);
            }
        }
    }
    slots
}

/// The segments to merge into one; empty when nothing is worth merging.
fn choose(parts: &[SnapshotPart], factor: usize, keypoints_max: u64) -> Vec<SnapshotPart> {
    let size = |s: &Segment| s.keypoints().max(s.frames());
    let mut by_size: Vec<&SnapshotPart> = parts.iter().collect();
    by_size.sort_by_key(|p| size(&p.segment));
    let tier = |part: &SnapshotPart| (size(&part.segment) / SMALLEST).checked_ilog(factor as u64);
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
    let chosen: Vec<SnapshotPart> = fitting.map(|&p| p.clone()).collect();
    if chosen.len() > 1 {
        return chosen;
    }
    let (numerator, denominator) = LIVE_MIN;
    let wasteful = |p: &&SnapshotPart| p.live() * denominator < p.segment.rows() * numerator;
    parts.iter().find(wasteful).map(|p| vec![p.clone()]).unwrap_or_default()
}
