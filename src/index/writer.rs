//! How the index changes: the one writer, and the snapshot that readers take.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use arc_swap::ArcSwap;

use crate::fingerprint::Fingerprint;
use crate::index::build::{Builder, Columns};
use crate::index::error::Error;
use crate::index::files::{TEMPORARY, discard, names, sync_dir};
use crate::index::manifest::{Manifest, path_in, segment_path};
use crate::index::options::Options;
use crate::index::segment::Segment;
use crate::index::snapshot::{ScratchPool, Snapshot};
use crate::model::{Slot, chain};

/// A tombstone to be filed.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Its number in the store. One that is in the index already is replaced.
    pub slot: Slot,
    /// Tombstones of one voice (one owner, or nearly the same content) count once where it is counted how
    /// common something is.
    pub voice: u32,
    pub fingerprint: &'a Fingerprint,
}

/// An index: its folder, its writer (unless opened for reading) and the current snapshot.
pub struct Index {
    pub(crate) dir: PathBuf,
    pub(crate) options: Arc<Options>,
    pub(crate) current: ArcSwap<Snapshot>,
    pub(crate) pool: Arc<ScratchPool>,
    /// Held while the manifest changes.
    pub(crate) state: Mutex<State>,
    /// Held during a merge.
    pub(crate) merging: Mutex<()>,
    /// The lock on the folder; `None` when opened for reading.
    lock: Option<File>,
}

/// What the holder of the folder knows beyond the snapshot.
pub(crate) struct State {
    /// Never given to two files, even when the first failed.
    pub(crate) next_id: u64,
    /// The manifest file that `current` was made from.
    stamp: Stamp,
}

/// Tells one manifest file from the next: each is a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Stamp(u64, i64, i64, u64);

/// What `verify` has read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub segments: usize,
    /// Blocks of 64 KiB whose checksums agree.
    pub blocks: u64,
    /// What is wrong, one line a damaged segment; empty when all is well.
    pub damaged: Vec<String>,
}

/// The index in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Tombstones that can be found.
    pub tombstones: u64,
    /// Tombstones that are removed but still take room until a merge.
    pub removed: u64,
    /// Keypoints and frames, removed ones included.
    pub keypoints: u64,
    pub frames: u64,
    pub segments: usize,
    /// Bytes of all segments: what is mapped.
    pub mapped_bytes: u64,
    /// Bits of a keypoint's word in the largest segment.
    pub word_bits: u32,
    pub applied: u64,
    pub generation: u64,
}

impl Index {
    /// Opens for writing; makes an empty index in an empty or new folder. Removes what a crash left behind.
    ///
    /// # Errors
    /// `Locked` when another process writes; `Missing` when there are segments but no manifest; `Damaged`,
    /// `Newer`, `Io`.
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

    /// Opens for reading, beside any writer.
    ///
    /// # Errors
    /// `Missing` when there is no index; `Damaged`, `Newer`, `Io`.
    pub fn open_read_only(dir: &Path, options: Options) -> Result<Index, Error> {
        let mut tries = 0;
        loop {
            let missing = || Error::Missing { path: dir.to_path_buf() };
            let manifest = Manifest::load(dir)?.ok_or_else(missing)?;
            match Index::with(dir, options.clone(), &manifest, None) {
                // The writer has merged between our reading the manifest and opening what it names.
                Err(Error::Io { source, .. })
                    if source.kind() == std::io::ErrorKind::NotFound && tries < 20 =>
                {
                    tries += 1;
                }
                done => return done,
            }
        }
    }

    pub(crate) fn with(
        dir: &Path,
        options: Options,
        manifest: &Manifest,
        lock: Option<File>,
    ) -> Result<Index, Error> {
        let options = Arc::new(options);
        let pool = Arc::new(ScratchPool::default());
        let stamp = stamp(dir)?;
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

    /// The index as it is now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Sequence number of the store's change log up to which the index reaches.
    pub fn applied(&self) -> u64 {
        self.current.load().applied
    }

    /// Adds and removes tombstones. When this returns, the change is durable and the next `snapshot` has it.
    /// A slot that is added and was there is replaced; one that is removed and was not there is ignored, so
    /// that a change may be applied again.
    ///
    /// # Errors
    /// `ReadOnly`; `Io` when the disk refuses, and then nothing has changed for readers.
    pub fn apply(&self, add: &[Entry<'_>], remove: &[Slot], applied: u64) -> Result<(), Error> {
        if self.current.load().parts.len() >= self.options.segments_max {
            self.merge()?;
        }
        let mut state = self.writable()?;
        let snapshot = self.snapshot();
        let leaving: HashSet<u32> =
            remove.iter().map(|s| s.0).chain(add.iter().map(|e| e.slot.0)).collect();
        let mut segments: Vec<_> = snapshot
            .parts
            .iter()
            .map(|p| (p.segment.clone(), without(&p.segment, &p.removed, &leaving)))
            .collect();
        if !add.is_empty() {
            let id = state.next_id;
            state.next_id += 1;
            let mut columns = Columns::default();
            let quality_min = self.options.frame_quality_min;
            // A slot given twice counts with its last entry.
            let last: HashMap<Slot, usize> =
                add.iter().enumerate().map(|(i, e)| (e.slot, i)).collect();
            let segment = self.write_segment(id, |builder| {
                let entries = add.iter().enumerate().filter(|(i, e)| last.get(&e.slot) == Some(i));
                for (_, entry) in entries {
                    let print = entry.fingerprint;
                    builder.push(columns.row(entry.slot.0, entry.voice, print, quality_min))?;
                }
                Ok(())
            })?;
            segments.push((Arc::new(segment), Arc::default()));
        }
        self.commit(&mut state, segments, applied)
    }

    /// Looks whether another process has committed, and if so takes its state. Returns whether it did.
    /// Costs a `stat` when nothing has changed.
    ///
    /// # Errors
    /// As for `open_read_only`; the snapshot stays what it was.
    pub fn refresh(&self) -> Result<bool, Error> {
        let mut state = self.state.lock().unwrap_or_else(|e| e.into_inner());
        let mut tries = 0;
        loop {
            let now = stamp(&self.dir)?;
            if now == state.stamp {
                return Ok(false);
            }
            let missing = || Error::Missing { path: self.dir.clone() };
            let manifest = Manifest::load(&self.dir)?.ok_or_else(missing)?;
            let known: Vec<_> =
                self.current.load().parts.iter().map(|p| p.segment.clone()).collect();
            match open_snapshot(&self.dir, &manifest, &known, &self.options, &self.pool) {
                Ok(snapshot) => {
                    self.current.store(Arc::new(snapshot));
                    state.next_id = state.next_id.max(manifest.next_id);
                    state.stamp = now;
                    return Ok(true);
                }
                Err(Error::Io { source, .. })
                    if source.kind() == std::io::ErrorKind::NotFound && tries < 20 =>
                {
                    tries += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Checks every checksum of every segment.
    ///
    /// # Errors
    /// None at present; damage is in the report.
    pub fn verify(&self) -> Result<Report, Error> {
        let snapshot = self.snapshot();
        let mut report = Report { segments: snapshot.parts.len(), ..Report::default() };
        for part in &snapshot.parts {
            match part.segment.verify() {
                Ok(blocks) => report.blocks += blocks,
                Err(error) => report.damaged.push(chain(&error)),
            }
        }
        Ok(report)
    }

    /// The index in numbers.
    pub fn stats(&self) -> Stats {
        let snapshot = self.snapshot();
        let largest = snapshot.parts.iter().max_by_key(|p| p.segment.keypoints());
        let sum = |of: fn(&Segment) -> u64| snapshot.parts.iter().map(|p| of(&p.segment)).sum();
        Stats {
            tombstones: snapshot.tombstones() as u64,
            removed: (snapshot.rows() - snapshot.tombstones()) as u64,
            keypoints: sum(Segment::keypoints),
            frames: sum(Segment::frames),
            segments: snapshot.parts.len(),
            mapped_bytes: sum(Segment::file_bytes),
            word_bits: largest.map_or(0, |p| p.segment.word_bits()),
            applied: snapshot.applied,
            generation: snapshot.generation,
        }
    }

    /// The right to change the manifest.
    pub(crate) fn writable(&self) -> Result<MutexGuard<'_, State>, Error> {
        if self.lock.is_none() {
            return Err(Error::ReadOnly { path: self.dir.clone() });
        }
        Ok(self.state.lock().unwrap_or_else(|e| e.into_inner()))
    }

    /// Writes segment `id` durably and opens it; a failure leaves no file.
    pub(crate) fn write_segment(
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

    /// Commits `segments` and shows them to readers. Segments without a live row are left out.
    pub(crate) fn commit(
        &self,
        state: &mut State,
        segments: Vec<(Arc<Segment>, Arc<Vec<u64>>)>,
        applied: u64,
    ) -> Result<(), Error> {
        let before = self.snapshot();
        let generation = before.generation + 1;
        let (segments, empty): (Vec<_>, Vec<_>) = segments.into_iter().partition(|(s, removed)| {
            s.rows() > removed.iter().map(|w| w.count_ones() as usize).sum()
        });
        let mut manifest =
            Manifest { generation, applied, next_id: state.next_id, segments: Vec::new() };
        segments.iter().for_each(|(segment, removed)| manifest.list(segment, removed));
        if let Err(failed) = manifest.commit(&self.dir, &self.options.faults) {
            // Perhaps the new manifest is in place: its segments must then stay. The next commit, or the next
            // opening, settles which state holds.
            if !failed.maybe_visible {
                let old: HashSet<u64> = before.parts.iter().map(|p| p.segment.id).collect();
                segments.iter().filter(|(s, _)| !old.contains(&s.id)).for_each(|(s, _)| s.doom());
            }
            return Err(failed.error);
        }
        state.stamp = stamp(&self.dir)?;
        let kept: HashSet<u64> = segments.iter().map(|(s, _)| s.id).collect();
        let snapshot =
            Snapshot::new(segments, (generation, applied), self.options.clone(), self.pool.clone());
        self.current.store(Arc::new(snapshot));
        let gone = before.parts.iter().map(|p| &p.segment).chain(empty.iter().map(|(s, _)| s));
        gone.filter(|s| !kept.contains(&s.id)).for_each(|s| s.doom());
        Ok(())
    }
}

/// Takes the folder's lock, making the folder if need be.
pub(crate) fn lock(dir: &Path) -> Result<File, Error> {
    fs::create_dir_all(dir).map_err(Error::io("create", dir))?;
    let path = dir.join("lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(Error::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Locked { path: dir.to_path_buf() }),
        Err(TryLockError::Error(source)) => Err(Error::io("lock", &path)(source)),
    }
}

/// Removes files of ours that the manifest does not name.
pub(crate) fn remove_strays(dir: &Path, manifest: &Manifest) -> Result<(), Error> {
    let named: HashSet<PathBuf> =
        manifest.segments.iter().map(|s| segment_path(dir, s.id)).collect();
    for name in names(dir)? {
        let path = dir.join(&name);
        let ours = name.starts_with("segment-") || name.starts_with("manifest.");
        let stray = name.ends_with(".tmp") || (name.ends_with(".seg") && !named.contains(&path));
        if ours && stray {
            discard(&path);
        }
    }
    Ok(())
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
            return Err(Error::damaged(segment.path(), "it is not the one that was committed"));
        }
        segments.push((segment, Arc::new(listed.removed.clone())));
    }
    let at = (manifest.generation, manifest.applied);
    Ok(Snapshot::new(segments, at, options.clone(), pool.clone()))
}

/// `removed` and the rows whose slots are in `leaving`.
pub(crate) fn without(
    segment: &Segment,
    removed: &Arc<Vec<u64>>,
    leaving: &HashSet<u32>,
) -> Arc<Vec<u64>> {
    let rows = segment.slots().iter().enumerate();
    let mut bits = None;
    for (row, _) in rows.filter(|(_, slot)| leaving.contains(slot)) {
        let bits = bits.get_or_insert_with(|| {
            let mut bits = removed.to_vec();
            bits.resize(segment.rows().div_ceil(64), 0);
            bits
        });
        bits[row / 64] |= 1 << (row % 64);
    }
    bits.map_or_else(|| removed.clone(), Arc::new)
}

fn stamp(dir: &Path) -> Result<Stamp, Error> {
    let path = path_in(dir);
    let meta = fs::metadata(&path).map_err(Error::io("open", &path))?;
    Ok(Stamp(meta.ino(), meta.mtime(), meta.mtime_nsec(), meta.len()))
}
