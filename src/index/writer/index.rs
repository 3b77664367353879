//! The handle of an index: its one writer, and the snapshot that readers take.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;

use crate::fingerprint::Fingerprint;
use crate::index::error::Error;
use crate::index::options::Options;
use crate::index::search::{Removed, ScratchPool, Snapshot, SnapshotPart, SnapshotParts};
use crate::index::segment::{Builder, Columns, Segment, TEMPORARY, discard, names, sync_dir};
use crate::index::writer::folder::{Stamp, lock, remove_strays};
use crate::index::writer::manifest::{Manifest, segment_path};
use crate::model::{Slot, chain};

/// Attempts to open the segments of a manifest. A merge may delete them between reading the manifest and opening them;
/// the next manifest then names others. *Tuned.*
const OPEN_TRIES: usize = 20;

/// A tombstone to be filed.
#[derive(Debug, Clone, Copy)]
pub struct TombstoneEntry<'a> {
    /// Its number in the store. A slot that is in the index already is replaced.
    pub slot: Slot,
    /// Tombstones of one content group count once in the rarity of a keypoint.
    pub group: u32,
    pub fingerprint: &'a Fingerprint,
}

/// An index: its folder, its writer (unless opened for reading) and the current snapshot.
pub struct Index {
    dir: PathBuf,
    pub(super) options: Arc<Options>,
    current: ArcSwap<Snapshot>,
    pool: Arc<ScratchPool>,
    /// Locked while the manifest changes.
    state: Mutex<State>,
    /// Locked during a merge.
    pub(super) merging: Mutex<()>,
    /// The lock on the folder; `None` when the index was opened for reading.
    lock: Option<File>,
}

/// State of the writer beyond the snapshot.
pub(super) struct State {
    /// Id of the next segment. An id is never reused, even when writing its file failed.
    next_id: u64,
    /// The manifest file that `current` was read from.
    stamp: Stamp,
}

impl State {
    /// Reserves the id of a segment.
    pub(super) fn take_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id - 1
    }
}

/// Outcome of [`Index::verify`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerificationReport {
    pub segments: usize,
    /// Blocks of 64 KiB with correct checksums.
    pub blocks: u64,
    /// One line per damaged segment; empty when the index is sound.
    pub damaged: Vec<String>,
}

/// Size and state of an index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Tombstones that can be found.
    pub tombstones: u64,
    /// Tombstones that are removed but take space until a merge.
    pub removed: u64,
    /// Keypoints, removed ones included.
    pub keypoints: u64,
    /// Frames, removed ones included.
    pub frames: u64,
    pub segments: usize,
    /// Bytes of all segments: what is mapped into memory.
    pub mapped_bytes: u64,
    /// Bits of a keypoint's word in the largest segment.
    pub word_bits: u32,
    /// Sequence number of the store's change log up to which the index reaches.
    pub applied: u64,
    /// Number of the last commit.
    pub generation: u64,
}

impl Index {
    /// Opens an index for writing, or creates an empty one in an empty or new folder. Removes leftovers of a crash.
    ///
    /// # Errors
    /// - [`Error::Locked`] when another process writes to it;
    /// - [`Error::Missing`] when there are segments but no manifest;
    /// - [`Error::Damaged`] and [`Error::Newer`] when a file cannot be used;
    /// - [`Error::Io`] from the file system.
    pub fn open(dir: &Path, options: Options) -> Result<Index, Error> {
        let lock = lock(dir)?;
        let manifest = match Manifest::load(dir)? {
            Some(manifest) => manifest,
            None if names(dir)?.iter().any(|n| n.ends_with(".seg")) => {
                return Err(Error::Missing { path: dir.to_path_buf() });
            }
            None => {
                let manifest = Manifest { next_id: 1, ..Manifest::default() };
                manifest.commit(dir, &options.faults).map_err(|e| e.error)?;
                manifest
            }
        };
        remove_strays(dir, &manifest)?;
        Index::with(dir, options, &manifest, Some(lock))
    }

    /// Opens an index for reading, concurrently with any writer.
    ///
    /// # Errors
    /// - [`Error::Missing`] when there is no index;
    /// - [`Error::Damaged`] and [`Error::Newer`] when a file cannot be used;
    /// - [`Error::Io`] from the file system.
    pub fn open_read_only(dir: &Path, options: Options) -> Result<Index, Error> {
        let mut tries = 0;
        loop {
            let missing = || Error::Missing { path: dir.to_path_buf() };
            let manifest = Manifest::load(dir)?.ok_or_else(missing)?;
            match Index::with(dir, options.clone(), &manifest, None) {
                Err(error) if segment_vanished(&error) && tries < OPEN_TRIES => tries += 1,
                done => return done,
            }
        }
    }

    /// The index that a manifest describes.
    pub(super) fn with(
        dir: &Path,
        options: Options,
        manifest: &Manifest,
        lock: Option<File>,
    ) -> Result<Index, Error> {
        let options = Arc::new(options);
        let pool = Arc::new(ScratchPool::default());
        let stamp = Stamp::of(dir)?;
        let snapshot = open_snapshot(dir, manifest, &[], &options, &pool)?;
        Ok(Index {
            dir: dir.to_path_buf(),
            options,
            current: ArcSwap::from_pointee(snapshot),
            pool,
            state: Mutex::new(State { next_id: manifest.next_id, stamp }),
            merging: Mutex::new(()),
            lock,
        })
    }

    /// The index as of the last commit that this handle knows.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Sequence number of the store's change log up to which the index reaches.
    pub fn applied(&self) -> u64 {
        self.current.load().applied()
    }

    /// Adds and removes tombstones. When this returns, the change is durable, and the next [`Index::snapshot`] has it.
    /// Idempotent: adding a slot that exists replaces it, removing one that does not exist does nothing. Of a slot that is
    /// added twice, the last entry counts. `applied` is the sequence number of the change in the store's log.
    ///
    /// # Errors
    /// - [`Error::ReadOnly`] when the index was opened for reading;
    /// - [`Error::Io`] from the disk; nothing has changed for readers then;
    /// - [`Error::Damaged`] when the merge that many segments cause meets a damaged block;
    /// - [`Error::Limit`] when a segment would have too many keypoints.
    pub fn apply(
        &self,
        add: &[TombstoneEntry<'_>],
        remove: &[Slot],
        applied: u64,
    ) -> Result<(), Error> {
        if self.current.load().parts().as_slice().len() >= self.options.segments_max {
            self.merge()?;
        }
        let mut state = self.writable()?;
        let snapshot = self.snapshot();
        let leaving: HashSet<u32> =
            remove.iter().map(|s| s.0).chain(add.iter().map(|e| e.slot.0)).collect();
        let without_leaving =
            |p: &SnapshotPart| (p.segment.clone(), p.removed.and_slots(&p.segment, &leaving));
        let mut segments: Vec<_> =
            snapshot.parts().as_slice().iter().map(without_leaving).collect();
        if !add.is_empty() {
            let id = state.take_id();
            let mut columns = Columns::default();
            let quality_min = self.options.frame_quality_min;
            let last: HashMap<Slot, usize> =
                add.iter().enumerate().map(|(i, e)| (e.slot, i)).collect();
            let segment = self.write_segment(id, |builder| {
                let entries = add.iter().enumerate().filter(|(i, e)| last.get(&e.slot) == Some(i));
                for (_, entry) in entries {
                    let print = entry.fingerprint;
                    builder.push(columns.row(entry.slot.0, entry.group, print, quality_min))?;
                }
                Ok(())
            })?;
            segments.push((Arc::new(segment), Removed::default()));
        }
        self.commit(&mut state, segments, applied)
    }

    /// Adopts the last commit of another process. Returns whether there was a new one. Costs one `stat` when there was not.
    ///
    /// # Errors
    /// Those of [`Index::open_read_only`]; the snapshot then stays as it was.
    pub fn refresh(&self) -> Result<bool, Error> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tries = 0;
        loop {
            let now = Stamp::of(&self.dir)?;
            if now == state.stamp {
                return Ok(false);
            }
            let missing = || Error::Missing { path: self.dir.clone() };
            let manifest = Manifest::load(&self.dir)?.ok_or_else(missing)?;
            let current = self.current.load();
            let known: Vec<_> =
                current.parts().as_slice().iter().map(|p| p.segment.clone()).collect();
            match open_snapshot(&self.dir, &manifest, &known, &self.options, &self.pool) {
                Ok(snapshot) => {
                    self.current.store(Arc::new(snapshot));
                    state.next_id = state.next_id.max(manifest.next_id);
                    state.stamp = now;
                    return Ok(true);
                }
                Err(error) if segment_vanished(&error) && tries < OPEN_TRIES => tries += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Checks every checksum of every segment.
    pub fn verify(&self) -> VerificationReport {
        let snapshot = self.snapshot();
        let parts = snapshot.parts().as_slice();
        let mut report =
            VerificationReport { segments: parts.len(), ..VerificationReport::default() };
        for part in parts {
            match part.segment.verify() {
                Ok(blocks) => report.blocks += blocks,
                Err(error) => report.damaged.push(chain(&error)),
            }
        }
        report
    }

    /// Size and state of the index.
    pub fn stats(&self) -> Stats {
        let snapshot = self.snapshot();
        let parts = snapshot.parts();
        let largest = parts.as_slice().iter().max_by_key(|p| p.segment.keypoints());
        let sum = |of: fn(&Segment) -> u64| parts.as_slice().iter().map(|p| of(&p.segment)).sum();
        Stats {
            tombstones: parts.live() as u64,
            removed: (parts.rows() - parts.live()) as u64,
            keypoints: sum(Segment::keypoints),
            frames: sum(Segment::frames),
            segments: parts.as_slice().len(),
            mapped_bytes: sum(Segment::file_bytes),
            word_bits: largest.map_or(0, |p| p.segment.word_bits()),
            applied: snapshot.applied(),
            generation: snapshot.generation(),
        }
    }

    /// Permission to change the manifest.
    ///
    /// # Errors
    /// [`Error::ReadOnly`] when the index was opened for reading.
    pub(super) fn writable(&self) -> Result<MutexGuard<'_, State>, Error> {
        if self.lock.is_none() {
            return Err(Error::ReadOnly { path: self.dir.clone() });
        }
        Ok(self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes segment `id` durably and opens it. A failure leaves no file.
    pub(super) fn write_segment(
        &self,
        id: u64,
        fill: impl FnOnce(&mut Builder<'_>) -> Result<(), Error>,
    ) -> Result<Segment, Error> {
        let path = segment_path(&self.dir, id);
        let write = || {
            let mut builder = Builder::create(&path.with_extension(TEMPORARY), &self.options)?;
            fill(&mut builder)?;
            builder.finish(&path)?;
            sync_dir(&self.dir, &self.options.faults)?;
            Segment::open(&path, id)
        };
        write().inspect_err(|_| discard(&path))
    }

    /// Commits `segments` and publishes them to readers. Segments without a live row are left out.
    pub(super) fn commit(
        &self,
        state: &mut State,
        segments: Vec<(Arc<Segment>, Removed)>,
        applied: u64,
    ) -> Result<(), Error> {
        let before = self.snapshot();
        let generation = before.generation() + 1;
        let (segments, empty): (Vec<_>, Vec<_>) =
            segments.into_iter().partition(|(s, removed)| s.rows() > removed.count());
        let mut manifest =
            Manifest { generation, applied, next_id: state.next_id, segments: Vec::new() };
        segments.iter().for_each(|(segment, removed)| manifest.list(segment, removed.words()));
        if let Err(failed) = manifest.commit(&self.dir, &self.options.faults) {
            // The new manifest may be in place all the same: then its segments must stay. The next commit, or the next
            // opening, settles which state is current.
            if !failed.maybe_visible {
                let before = before.parts().as_slice();
                let old: HashSet<u64> = before.iter().map(|p| p.segment.id).collect();
                segments.iter().filter(|(s, _)| !old.contains(&s.id)).for_each(|(s, _)| s.doom());
            }
            return Err(failed.error);
        }
        state.stamp = Stamp::of(&self.dir)?;
        let kept: HashSet<u64> = segments.iter().map(|(s, _)| s.id).collect();
        let (parts, options) = (SnapshotParts::new(segments), self.options.clone());
        let snapshot = Snapshot::new(parts, generation, applied, options, self.pool.clone());
        self.current.store(Arc::new(snapshot));
        let gone = before
            .parts()
            .as_slice()
            .iter()
            .map(|p| &p.segment)
            .chain(empty.iter().map(|(s, _)| s));
        gone.filter(|s| !kept.contains(&s.id)).for_each(|s| s.doom());
        Ok(())
    }
}

/// Whether a segment was deleted by a merge after its manifest was read.
fn segment_vanished(error: &Error) -> bool {
    matches!(error, Error::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound)
}

/// Opens the segments that a manifest names, reusing those in `known`.
fn open_snapshot(
    dir: &Path,
    manifest: &Manifest,
    known: &[Arc<Segment>],
    options: &Arc<Options>,
    pool: &Arc<ScratchPool>,
) -> Result<Snapshot, Error> {
    let mut segments = Vec::with_capacity(manifest.segments.len());
    for listed in &manifest.segments {
        let segment = match known.iter().find(|s| s.id == listed.id) {
            Some(segment) => segment.clone(),
            None => Arc::new(Segment::open(&segment_path(dir, listed.id), listed.id)?),
        };
        if segment.file_bytes() != listed.file_bytes || segment.rows() != listed.rows as usize {
            return Err(Error::damaged(segment.path(), "it is not the file that was committed"));
        }
        segments.push((segment, Removed::from_words(listed.removed.clone())));
    }
    let &Manifest { generation, applied, .. } = manifest;
    let (options, pool) = (options.clone(), pool.clone());
    Ok(Snapshot::new(SnapshotParts::new(segments), generation, applied, options, pool))
}
