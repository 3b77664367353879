//! An open segment: the mapped file, and the checks between its bytes and their use.
//!
//! Opening reads the footer and the columns of rows. Everything else is checked block by block on first use; one bit per
//! block remembers that it was checked.

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use memmap2::Mmap;

use crate::index::error::Error;
use crate::index::segment::bytes::{Plain, prefetch, values_at};
use crate::index::segment::files::{BLOCK, discard};
use crate::index::segment::keys::FrameKeys;
use crate::index::segment::layout::{
    Contents, KEYPOINT_TABLES, Section, TABLES, TRAILER, read, u64_at,
};
use crate::index::segment::row::Row;

/// Ordinals between two entries of a hint table. *Tuned*: about a row and a half, so that the hints and starts of a
/// million rows fit the processor's cache together.
const HINT: u32 = 512;

/// Postings in a cache line.
const POSTINGS_PER_LINE: usize = 8;
/// Cache lines of a list of postings that are prefetched; the processor's own prefetcher continues from there. *Tuned.*
const LINES_PREFETCHED: usize = 6;

/// Location of a table in the file.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Table {
    pub(crate) bits: u32,
    offsets_at: u64,
    postings_at: u64,
    postings: u64,
}

/// An open segment.
pub(crate) struct Segment {
    pub(crate) id: u64,
    path: PathBuf,
    bytes: Mmap,
    contents: Contents,
    block_crcs: Vec<u32>,
    checked: Vec<AtomicU64>,
    tables: [Table; TABLES],
    hashes_at: u64,
    geometry_at: u64,
    keypoint_hints: Vec<u32>,
    frame_hints: Vec<u32>,
    /// Set when a merge has replaced it: the last reader deletes the file.
    doomed: AtomicBool,
}

/// Maps a whole file for reading.
#[expect(unsafe_code, reason = "mapping a file")]
pub(crate) fn map(file: &File, path: &Path) -> Result<Mmap, Error> {
    // SAFETY: files of the index are written once, under a temporary name, and never changed or shortened afterwards. A
    // process that truncates one from outside causes a SIGBUS here, not undefined behaviour.
    unsafe { Mmap::map(file) }.map_err(Error::io("map", path))
}

impl Segment {
    /// Opens a segment file.
    ///
    /// # Errors
    /// [`Error::Damaged`] when header, footer or columns of rows are inconsistent, [`Error::Newer`] for a newer format,
    /// [`Error::Io`] when the file cannot be opened.
    pub(crate) fn open(path: &Path, id: u64) -> Result<Segment, Error> {
        let file = File::open(path).map_err(Error::io("open", path))?;
        let bytes = map(&file, path)?;
        let opened = read(path, &bytes)?;
        let blocks = opened.block_crcs.len();
        let mut segment = Segment {
            id,
            path: path.to_path_buf(),
            bytes,
            contents: opened.contents,
            block_crcs: opened.block_crcs,
            checked: (0..blocks.div_ceil(64)).map(|_| AtomicU64::new(0)).collect(),
            tables: [Table::default(); TABLES],
            hashes_at: 0,
            geometry_at: 0,
            keypoint_hints: Vec::new(),
            frame_hints: Vec::new(),
            doomed: AtomicBool::new(false),
        };
        // The checksums cover everything before themselves.
        debug_assert!(blocks * BLOCK >= opened.data_bytes as usize);
        segment.check_columns()?;
        segment.hashes_at = segment.start_of(Section::Hashes);
        segment.geometry_at = segment.start_of(Section::Geometry);
        for t in 0..TABLES {
            segment.tables[t] = segment.table_at(t)?;
        }
        let (keypoints, frames) = (segment.contents.keypoints, segment.contents.frames);
        segment.keypoint_hints = segment.hints(Section::KeypointStarts, keypoints)?;
        segment.frame_hints = segment.hints(Section::FrameStarts, frames)?;
        Ok(segment)
    }

    pub(crate) fn rows(&self) -> usize {
        self.contents.rows as usize
    }

    pub(crate) fn keypoints(&self) -> u64 {
        self.contents.keypoints
    }

    pub(crate) fn frames(&self) -> u64 {
        self.contents.frames
    }

    pub(crate) fn file_bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Bits of a keypoint's word.
    pub(crate) fn word_bits(&self) -> u32 {
        self.tables[0].bits
    }

    pub(crate) fn table(&self, t: usize) -> &Table {
        &self.tables[t]
    }

    pub(crate) fn slots(&self) -> &[u32] {
        self.column(Section::Slots, self.contents.rows)
    }

    pub(crate) fn groups(&self) -> &[u32] {
        self.column(Section::Groups, self.contents.rows)
    }

    pub(crate) fn hashes(&self) -> &[u64] {
        self.column(Section::Hashes, self.contents.keypoints)
    }

    pub(crate) fn geometry(&self) -> &[u32] {
        self.column(Section::Geometry, self.contents.keypoints)
    }

    pub(crate) fn keypoint_starts(&self) -> &[u32] {
        self.column(Section::KeypointStarts, self.contents.rows + 1)
    }

    pub(crate) fn frame_starts(&self) -> &[u32] {
        self.column(Section::FrameStarts, self.contents.rows + 1)
    }

    fn frame_keys(&self) -> &[FrameKeys] {
        self.column(Section::Frames, self.contents.frames)
    }

    /// Everything that is stored of one row, for a merge. [`Segment::verify`] must have succeeded before.
    pub(in crate::index) fn row(&self, row: usize) -> Row<'_> {
        let span = |starts: &[u32]| starts[row] as usize..starts[row + 1] as usize;
        let keypoints = span(self.keypoint_starts());
        Row {
            slot: self.slots()[row],
            group: self.groups()[row],
            hashes: &self.hashes()[keypoints.clone()],
            geometry: &self.geometry()[keypoints],
            frames: &self.frame_keys()[span(self.frame_starts())],
        }
    }

    /// The row of a keypoint's (frame's) ordinal in table `t`; `None` when there is no such ordinal.
    #[inline]
    pub(crate) fn row_of(&self, starts: &[u32], t: usize, ordinal: u32) -> Option<usize> {
        let hints = if t < KEYPOINT_TABLES { &self.keypoint_hints } else { &self.frame_hints };
        let mut row = *hints.get((ordinal / HINT) as usize)? as usize;
        while *starts.get(row + 1)? <= ordinal {
            row += 1;
        }
        Some(row)
    }

    /// Prefetches the hint for the row of an ordinal.
    #[inline]
    pub(crate) fn prefetch_row(&self, t: usize, ordinal: u32) {
        let hints = if t < KEYPOINT_TABLES { &self.keypoint_hints } else { &self.frame_hints };
        prefetch(hints, (ordinal / HINT) as usize);
    }

    /// Prefetches the start of the row of an ordinal, after [`Segment::prefetch_row`] has fetched its hint.
    #[inline]
    pub(crate) fn prefetch_start(&self, starts: &[u32], t: usize, ordinal: u32) {
        let hints = if t < KEYPOINT_TABLES { &self.keypoint_hints } else { &self.frame_hints };
        if let Some(&row) = hints.get((ordinal / HINT) as usize) {
            prefetch(starts, row as usize);
        }
    }

    /// Prefetches the offsets of a word.
    #[inline]
    pub(crate) fn prefetch_offsets(&self, t: usize, word: u32) {
        prefetch(&self.bytes, self.tables[t].offsets_at as usize + word as usize * 4);
    }

    /// The postings of `word` in table `t`, as a range of indices.
    #[inline]
    pub(crate) fn postings_of(&self, t: usize, word: u32) -> Result<Range<u32>, Error> {
        let table = &self.tables[t];
        let at = table.offsets_at + u64::from(word) * 4;
        self.ensure(at, at + 8)?;
        let ends: &[u32] = values_at(&self.bytes, at, 2).unwrap_or(&[0, 0]);
        let (from, to) = (ends[0], ends[1]);
        if from > to || u64::from(to) > table.postings {
            return Err(Error::damaged(&self.path, "its offsets are not ascending"));
        }
        Ok(from..to)
    }

    /// Prefetches the first cache lines of a range of postings.
    #[inline]
    pub(crate) fn prefetch_postings(&self, t: usize, range: Range<u32>) {
        let start = self.tables[t].postings_at as usize;
        let range = range.start as usize..range.end as usize;
        for at in range.step_by(POSTINGS_PER_LINE).take(LINES_PREFETCHED) {
            prefetch(&self.bytes, start + at * 8);
        }
    }

    /// Postings of table `t`: ordinal in the low half, check bits in the high half.
    #[inline]
    pub(crate) fn postings(&self, t: usize, range: Range<u32>) -> Result<&[u64], Error> {
        let at = self.tables[t].postings_at + u64::from(range.start) * 8;
        let count = u64::from(range.end - range.start);
        self.ensure(at, at + count * 8)?;
        values_at(&self.bytes, at, count)
            .ok_or_else(|| Error::damaged(&self.path, "it has postings outside the file"))
    }

    /// The hash of a keypoint; `None` when there is no such ordinal.
    #[inline]
    pub(crate) fn hash(&self, ordinal: u32) -> Result<Option<u64>, Error> {
        self.keypoint_value(self.hashes_at, ordinal)
    }

    /// The packed geometry of a keypoint; `None` when there is no such ordinal.
    #[inline]
    pub(crate) fn packed_geometry(&self, ordinal: u32) -> Result<Option<u32>, Error> {
        self.keypoint_value(self.geometry_at, ordinal)
    }

    /// Prefetches the hash and the geometry of a keypoint.
    #[inline]
    pub(crate) fn prefetch_keypoint(&self, ordinal: u32) {
        prefetch(&self.bytes, self.hashes_at as usize + ordinal as usize * 8);
        prefetch(&self.bytes, self.geometry_at as usize + ordinal as usize * 4);
    }

    #[inline]
    fn keypoint_value<T: Plain>(&self, column_at: u64, ordinal: u32) -> Result<Option<T>, Error> {
        if u64::from(ordinal) >= self.contents.keypoints {
            return Ok(None);
        }
        let size = size_of::<T>() as u64;
        let at = column_at + u64::from(ordinal) * size;
        self.ensure(at, at + size)?;
        Ok(values_at(&self.bytes, at, 1).map(|v| v[0]))
    }

    /// Checks every block. Returns their number.
    ///
    /// # Errors
    /// [`Error::Damaged`] at the first block whose checksum is wrong.
    pub(crate) fn verify(&self) -> Result<u64, Error> {
        for block in 0..self.block_crcs.len() {
            self.check_block(block)?;
        }
        Ok(self.block_crcs.len() as u64)
    }

    /// Lets the last reader delete the file.
    pub(crate) fn doom(&self) {
        self.doomed.store(true, Ordering::Release);
    }

    /// Checks the blocks of the bytes `from..to` that were not checked yet.
    #[inline]
    fn ensure(&self, from: u64, to: u64) -> Result<(), Error> {
        if from >= to {
            return Ok(());
        }
        let blocks = from as usize / BLOCK..=(to - 1) as usize / BLOCK;
        for block in blocks {
            let known = self.checked.get(block / 64).map_or(0, |w| w.load(Ordering::Relaxed));
            if known >> (block % 64) & 1 == 0 {
                self.check_block(block)?;
            }
        }
        Ok(())
    }

    #[cold]
    fn check_block(&self, block: usize) -> Result<(), Error> {
        let from = block * BLOCK;
        let data = self.data_bytes();
        let part = self.bytes.get(from..(from + BLOCK).min(data)).unwrap_or(&[]);
        if self.block_crcs.get(block) != Some(&crc32fast::hash(part)) || part.is_empty() {
            return Err(Error::damaged(
                &self.path,
                format!("the checksum of block {block} is wrong"),
            ));
        }
        self.checked[block / 64].fetch_or(1 << (block % 64), Ordering::Relaxed);
        Ok(())
    }

    /// Bytes under block checksums: the first field of the trailer, whose bounds `layout::read` has checked.
    fn data_bytes(&self) -> usize {
        u64_at(&self.bytes, self.bytes.len() - TRAILER) as usize
    }

    fn extent(&self, id: u32) -> Option<(u64, u64)> {
        self.contents.extents.iter().find(|e| e.id == id).map(|e| (e.offset, e.bytes))
    }

    fn start_of(&self, section: Section) -> u64 {
        self.extent(section as u32).map_or(0, |e| e.0)
    }

    /// A column whose length `check_columns` has checked.
    fn column<T: Plain>(&self, section: Section, count: u64) -> &[T] {
        let at = self.start_of(section);
        values_at(&self.bytes, at, count).unwrap_or(&[])
    }

    /// Checks the lengths of all columns, and the content of those that are used without a further check.
    fn check_columns(&self) -> Result<(), Error> {
        let c = &self.contents;
        for (section, bytes) in [
            (Section::Slots, c.rows * 4),
            (Section::Groups, c.rows * 4),
            (Section::KeypointStarts, (c.rows + 1) * 4),
            (Section::FrameStarts, (c.rows + 1) * 4),
            (Section::Hashes, c.keypoints * 8),
            (Section::Geometry, c.keypoints * 4),
            (Section::Frames, c.frames * 24),
        ] {
            match self.extent(section as u32) {
                Some((at, found)) if found == bytes => {
                    if !matches!(section, Section::Hashes | Section::Geometry | Section::Frames) {
                        self.ensure(at, at + bytes)?;
                    }
                }
                _ => {
                    return Err(Error::damaged(
                        &self.path,
                        format!("the length of {section:?} is wrong"),
                    ));
                }
            }
        }
        for (starts, end) in
            [(self.keypoint_starts(), c.keypoints), (self.frame_starts(), c.frames)]
        {
            let ascending = starts.is_sorted();
            if !ascending
                || starts.first() != Some(&0)
                || starts.last().copied() != Some(end as u32)
            {
                return Err(Error::damaged(&self.path, "its rows are not ascending"));
            }
        }
        Ok(())
    }

    fn table_at(&self, t: usize) -> Result<Table, Error> {
        let bits = self.contents.word_bits[t];
        let offsets = self.extent(Section::Offsets as u32 + t as u32);
        let postings = self.extent(Section::Postings as u32 + t as u32);
        match (offsets, postings) {
            (Some((offsets_at, bytes)), Some((postings_at, posting_bytes)))
                if bytes == ((1u64 << bits) + 1) * 4 && posting_bytes % 8 == 0 =>
            {
                Ok(Table { bits, offsets_at, postings_at, postings: posting_bytes / 8 })
            }
            _ => Err(Error::damaged(&self.path, format!("table {t} is inconsistent"))),
        }
    }

    /// The row of each multiple of `HINT` ordinals.
    fn hints(&self, section: Section, count: u64) -> Result<Vec<u32>, Error> {
        let starts: &[u32] = self.column(section, self.contents.rows + 1);
        let mut hints = Vec::with_capacity((count / u64::from(HINT)) as usize + 1);
        let mut row = 0;
        for ordinal in (0..count).step_by(HINT as usize) {
            while u64::from(starts[row + 1]) <= ordinal {
                row += 1;
            }
            hints.push(row as u32);
        }
        Ok(hints)
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        if self.doomed.load(Ordering::Acquire) {
            discard(&self.path);
        }
    }
}
