//! The segments of one commit, in order, and the rows removed from them.

use std::collections::HashSet;
use std::sync::Arc;

use crate::index::segment::Segment;

/// The removed rows of a segment: a bit set, empty when no row is removed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Removed(Arc<Vec<u64>>);

impl Removed {
    /// From the words of the bit set, as the manifest lists them.
    pub(crate) fn from_words(words: Vec<u64>) -> Removed {
        Removed(Arc::new(words))
    }

    pub(crate) fn words(&self) -> &[u64] {
        &self.0
    }

    #[inline]
    pub(crate) fn contains(&self, row: usize) -> bool {
        self.0.get(row / 64).is_some_and(|w| w >> (row % 64) & 1 == 1)
    }

    pub(crate) fn count(&self) -> usize {
        self.0.iter().map(|w| w.count_ones() as usize).sum()
    }

    /// These rows, and the rows of `segment` whose slots are in `slots`.
    pub(crate) fn and_slots(&self, segment: &Segment, slots: &HashSet<u32>) -> Removed {
        let rows = segment.slots().iter().enumerate();
        let mut bits = None;
        for (row, _) in rows.filter(|(_, slot)| slots.contains(slot)) {
            let bits = bits.get_or_insert_with(|| {
                let mut bits = self.0.to_vec();
                bits.resize(segment.rows().div_ceil(64), 0);
                bits
            });
            bits[row / 64] |= 1 << (row % 64);
        }
        bits.map_or_else(|| self.clone(), Removed::from_words)
    }
}

/// A segment of a snapshot.
#[derive(Clone)]
pub(crate) struct SnapshotPart {
    pub(crate) segment: Arc<Segment>,
    pub(crate) removed: Removed,
    /// Rows of all parts before this one.
    pub(crate) base: usize,
}

impl SnapshotPart {
    /// Rows that are not removed.
    pub(crate) fn live(&self) -> usize {
        self.segment.rows() - self.removed.count()
    }
}

/// The segments of one commit. A row of a snapshot is a row of a part, plus the part's `base`.
pub(crate) struct SnapshotParts {
    list: Vec<SnapshotPart>,
    rows: usize,
    live: usize,
}

impl SnapshotParts {
    pub(crate) fn new(segments: Vec<(Arc<Segment>, Removed)>) -> SnapshotParts {
        let mut rows = 0;
        let mut list = Vec::with_capacity(segments.len());
        for (segment, removed) in segments {
            let base = rows;
            rows += segment.rows();
            list.push(SnapshotPart { segment, removed, base });
        }
        let live = list.iter().map(SnapshotPart::live).sum();
        SnapshotParts { list, rows, live }
    }

    pub(crate) fn as_slice(&self) -> &[SnapshotPart] {
        &self.list
    }

    /// The part with this number.
    #[inline]
    pub(crate) fn get(&self, number: u16) -> &SnapshotPart {
        &self.list[usize::from(number)]
    }

    /// The part that contains a row of the snapshot.
    pub(crate) fn of_row(&self, row: u32) -> &SnapshotPart {
        &self.list[self.list.partition_point(|p| p.base <= row as usize) - 1]
    }

    /// Rows, removed ones included.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Rows that are not removed: tombstones that can be found.
    pub(crate) fn live(&self) -> usize {
        self.live
    }
}
