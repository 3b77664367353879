//! Builds one segment of any size in bounded memory.
//!
//! Rows are appended: hashes go straight to the file, the narrower columns to spill files that are copied behind them.
//! Then the finished columns are mapped, and each table is made by a counting sort in several passes:
//!
//! ```text
//! count the keys of each word; write the running sums as offsets
//! for each range of words whose postings fit into `build_bytes_max`:
//!     scan all keys; put the posting of each key whose word is in the range in its place
//!     write the postings of the range
//! ```
//!
//! Scanning the hashes a few times is cheaper than an external sort: 360 M hashes are 2.9 GB, read in order. With several
//! threads, each owns a part of the words, in both phases.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::index::error::Error;
use crate::index::options::Options;
use crate::index::segment::bytes::{Plain, as_bytes, values_at};
use crate::index::segment::files::{Output, discard};
use crate::index::segment::keys::{FrameKeys, Key, frame_key, keypoint_key};
use crate::index::segment::layout::{
    ALIGN, Contents, KEYPOINT_TABLES, Section, SectionExtent, TABLES, write_end, write_header,
};
use crate::index::segment::reader::map;
use crate::index::segment::row::{NOT_FILED, Row};

/// Bytes of a spilled column that are buffered. *Tuned*: segments of a few thousand tombstones need no spill file.
const SPILL_BYTES: usize = 32 << 20;
/// Below this many postings a second thread costs more than it saves. *Tuned.*
const PARALLEL_POSTINGS: usize = 1 << 20;

/// Most threads of one build, whatever the settings: each scans all keys.
const THREADS_MAX: usize = 16;

/// Ordinals are `u32`, and one value is reserved.
const ORDINALS_MAX: u64 = u32::MAX as u64 - 1;

/// A segment that is being written. Dropped unfinished, it leaves no file behind.
pub(crate) struct Builder<'o> {
    output: Option<Output>,
    temporary: PathBuf,
    geometry: Spill,
    frames: Spill,
    slots: Vec<u32>,
    groups: Vec<u32>,
    keypoint_starts: Vec<u32>,
    frame_starts: Vec<u32>,
    contents: Contents,
    options: &'o Options,
}

impl<'o> Builder<'o> {
    pub(crate) fn create(temporary: &Path, options: &'o Options) -> Result<Builder<'o>, Error> {
        let mut output = Output::create(temporary, &options.faults)?;
        write_header(&mut output)?;
        Ok(Builder {
            output: Some(output),
            temporary: temporary.to_path_buf(),
            geometry: Spill::new(&temporary.with_extension("geometry.tmp")),
            frames: Spill::new(&temporary.with_extension("frames.tmp")),
            slots: Vec::new(),
            groups: Vec::new(),
            keypoint_starts: vec![0],
            frame_starts: vec![0],
            contents: Contents::default(),
            options,
        })
    }

    /// Whether `row` may be pushed without exceeding `segment_keypoints_max`. The first row always may.
    pub(in crate::index) fn fits(&self, row: &Row<'_>) -> bool {
        let limit = self.options.segment_keypoints_max;
        let (keypoints, frames) = self.counts_with(row);
        self.contents.rows == 0 || (keypoints <= limit && frames <= limit)
    }

    /// Keypoints and frames after `row` is pushed.
    fn counts_with(&self, row: &Row<'_>) -> (u64, u64) {
        let c = &self.contents;
        (c.keypoints + row.hashes.len() as u64, c.frames + row.frames.len() as u64)
    }

    /// Appends a tombstone.
    ///
    /// # Errors
    /// [`Error::Limit`] when the ordinals would overflow, [`Error::Io`] from the disk.
    pub(crate) fn push(&mut self, row: Row<'_>) -> Result<(), Error> {
        let (keypoints, frames) = self.counts_with(&row);
        if keypoints.max(frames) > ORDINALS_MAX {
            return Err(Error::Limit { what: "the keypoints of one segment", limit: ORDINALS_MAX });
        }
        assert_eq!(row.hashes.len(), row.geometry.len(), "columns of a row disagree");
        self.output.as_mut().expect("present until finished").write_values(row.hashes)?;
        self.geometry.write(row.geometry)?;
        self.frames.write(row.frames)?;
        self.contents.rows += 1;
        self.contents.keypoints = keypoints;
        self.contents.frames = frames;
        self.slots.push(row.slot);
        self.groups.push(row.group);
        self.keypoint_starts.push(keypoints as u32);
        self.frame_starts.push(frames as u32);
        Ok(())
    }

    /// Writes the tables and the footer, syncs the file and renames it to `name`. The caller syncs the folder.
    pub(crate) fn finish(mut self, name: &Path) -> Result<(), Error> {
        let mut output = self.output.take().expect("finished once");
        let mut contents = std::mem::take(&mut self.contents);
        let hashes = SectionExtent {
            id: Section::Hashes as u32,
            offset: ALIGN,
            bytes: contents.keypoints * 8,
        };
        contents.extents.push(hashes);
        let geometry = begin(&mut output, Section::Geometry as u32)?;
        self.geometry.copy_to(&mut output)?;
        end(&output, geometry, &mut contents);
        let frames = begin(&mut output, Section::Frames as u32)?;
        self.frames.copy_to(&mut output)?;
        end(&output, frames, &mut contents);
        for (section, column) in [
            (Section::Slots, &self.slots),
            (Section::Groups, &self.groups),
            (Section::KeypointStarts, &self.keypoint_starts),
            (Section::FrameStarts, &self.frame_starts),
        ] {
            let at = begin(&mut output, section as u32)?;
            output.write_values(column)?;
            end(&output, at, &mut contents);
        }
        self.tables(&mut output, &mut contents)?;
        write_end(&mut output, &contents)?;
        output.publish(name)
    }

    fn tables(&self, output: &mut Output, contents: &mut Contents) -> Result<(), Error> {
        let path = output.path().to_path_buf();
        let columns = map(output.flush()?, &path)?;
        let lost = || Error::damaged(&path, "a column just written");
        let at = |section: Section| {
            contents.extents.iter().find(|e| e.id == section as u32).map_or(0, |e| e.offset)
        };
        let hashes: &[u64] =
            values_at(&columns, at(Section::Hashes), contents.keypoints).ok_or_else(lost)?;
        let frames: &[FrameKeys] =
            values_at(&columns, at(Section::Frames), contents.frames).ok_or_else(lost)?;
        for table in 0..TABLES {
            if table < KEYPOINT_TABLES {
                let bits = self.options.keypoint_word_bits(contents.keypoints);
                contents.word_bits[table] = bits;
                let key = |i: usize| Some(keypoint_key(hashes[i], table));
                write_table(output, contents, table, hashes.len(), key, self.options)?;
            } else {
                let bits = self.options.frame_word_bits(contents.frames);
                contents.word_bits[table] = bits;
                let part = table - KEYPOINT_TABLES;
                let key = |i: usize| (frames[i] != NOT_FILED).then(|| frame_key(&frames[i], part));
                write_table(output, contents, table, frames.len(), key, self.options)?;
            }
        }
        Ok(())
    }
}

impl Drop for Builder<'_> {
    fn drop(&mut self) {
        discard(&self.temporary);
    }
}

fn begin(output: &mut Output, id: u32) -> Result<SectionExtent, Error> {
    output.align(ALIGN)?;
    Ok(SectionExtent { id, offset: output.position(), bytes: 0 })
}

fn end(output: &Output, mut extent: SectionExtent, contents: &mut Contents) {
    extent.bytes = output.position() - extent.offset;
    contents.extents.push(extent);
}

/// Writes the offsets and postings of one table over `count` keys. A key of `None` is not filed.
fn write_table<K>(
    output: &mut Output,
    contents: &mut Contents,
    table: usize,
    count: usize,
    key: K,
    options: &Options,
) -> Result<(), Error>
where
    K: Fn(usize) -> Option<Key> + Sync,
{
    let words = 1usize << contents.word_bits[table];
    let mask = words as u32 - 1;
    let threads =
        if count < PARALLEL_POSTINGS { 1 } else { options.build_threads.clamp(1, THREADS_MAX) };
    let word_of = |i: usize| key(i).map(|k| (k.word & mask) as usize);
    let mut ends = vec![0u32; words + 1];
    let part = words.div_ceil(threads);
    std::thread::scope(|scope| {
        for (n, counts) in ends[1..].chunks_mut(part).enumerate() {
            let word_of = &word_of;
            scope.spawn(move || {
                for word in (0..count).filter_map(word_of) {
                    if let Some(c) = counts.get_mut(word.wrapping_sub(n * part)) {
                        *c += 1;
                    }
                }
            });
        }
    });
    let mut sum = 0;
    for end in &mut ends {
        sum += *end;
        *end = sum;
    }
    let at = begin(output, Section::Offsets as u32 + table as u32)?;
    output.write_values(&ends)?;
    end(output, at, contents);
    let at = begin(output, Section::Postings as u32 + table as u32)?;
    let room = (options.build_bytes_max / 8).max(1);
    let mut postings = vec![0u64; room.min(sum as usize)];
    let mut first = 0;
    while first < words {
        let base = ends[first];
        let fits = |w: usize| (ends[w] - base) as usize <= room;
        // A single word with more postings than fit gets a larger buffer.
        let last = (first + 1).max(partition(first + 1, words + 1, fits) - 1);
        let filled = (ends[last] - base) as usize;
        if filled > postings.len() {
            postings.resize(filled, 0);
        }
        place(&mut postings[..filled], &ends, first..last, threads, count, &key, mask);
        output.write_values(&postings[..filled])?;
        first = last;
    }
    end(output, at, contents);
    Ok(())
}

/// The first of `from..to` for which `holds` is false; it must be true for all before.
fn partition(mut from: usize, mut to: usize, holds: impl Fn(usize) -> bool) -> usize {
    while from < to {
        let middle = from + (to - from) / 2;
        if holds(middle) { from = middle + 1 } else { to = middle }
    }
    from
}

/// Puts the postings of `words` in their places in `postings`; each thread does those of its own words.
fn place<K>(
    postings: &mut [u64],
    ends: &[u32],
    words: std::ops::Range<usize>,
    threads: usize,
    count: usize,
    key: &K,
    mask: u32,
) where
    K: Fn(usize) -> Option<Key> + Sync,
{
    let per_thread = words.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let mut rest = postings;
        for first in words.clone().step_by(per_thread) {
            let last = (first + per_thread).min(words.end);
            let base = ends[first];
            let (own, others) = rest.split_at_mut((ends[last] - base) as usize);
            rest = others;
            scope.spawn(move || {
                let mut next: Vec<u32> = ends[first..last].iter().map(|&e| e - base).collect();
                for i in 0..count {
                    let Some(Key { word, check }) = key(i) else { continue };
                    if let Some(at) = next.get_mut(((word & mask) as usize).wrapping_sub(first)) {
                        own[*at as usize] = i as u64 | u64::from(check) << 32;
                        *at += 1;
                    }
                }
            });
        }
    });
}

/// A column that waits until the hashes are written: in memory while it is small, otherwise in a file.
struct Spill {
    path: PathBuf,
    memory: Vec<u8>,
    file: Option<File>,
}

impl Spill {
    fn new(path: &Path) -> Spill {
        Spill { path: path.to_path_buf(), memory: Vec::new(), file: None }
    }

    fn write<T: Plain>(&mut self, values: &[T]) -> Result<(), Error> {
        self.memory.extend_from_slice(as_bytes(values));
        if self.memory.len() < SPILL_BYTES {
            return Ok(());
        }
        if self.file.is_none() {
            let create =
                File::options().create(true).truncate(true).read(true).write(true).open(&self.path);
            self.file = Some(create.map_err(Error::io("create", &self.path))?);
        }
        if let Some(file) = &mut self.file {
            file.write_all(&self.memory).map_err(Error::io("write", &self.path))?;
            self.memory.clear();
        }
        Ok(())
    }

    fn copy_to(&mut self, output: &mut Output) -> Result<(), Error> {
        if let Some(file) = &mut self.file {
            file.rewind().map_err(Error::io("read", &self.path))?;
            let mut part = vec![0; 1 << 20];
            loop {
                let n = file.read(&mut part).map_err(Error::io("read", &self.path))?;
                if n == 0 {
                    break;
                }
                output.write(&part[..n])?;
            }
        }
        output.write(&self.memory)
    }
}

impl Drop for Spill {
    fn drop(&mut self) {
        if self.file.is_some() {
            discard(&self.path);
        }
    }
}
