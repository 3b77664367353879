//! Rebuilds the whole index from the store's tombstones, in one stream.

use std::path::Path;
use std::sync::Arc;

use crate::fingerprint::Fingerprint;
use crate::index::error::Error;
use crate::index::options::Options;
use crate::index::segment::{Builder, Columns, Segment, TEMPORARY, discard, names, sync_dir};
use crate::index::writer::folder::{lock, remove_strays};
use crate::index::writer::index::Index;
use crate::index::writer::manifest::{Manifest, segment_path};
use crate::model::Slot;

/// A tombstone to be filed during a rebuild; see [`TombstoneEntry`](crate::index::TombstoneEntry).
#[derive(Debug, Clone)]
pub struct OwnedTombstoneEntry {
    pub slot: Slot,
    pub group: u32,
    pub fingerprint: Fingerprint,
}

impl Index {
    /// Builds the index in `dir` from `entries`, each slot once, and opens it for writing. The old index, damaged or not,
    /// serves until the new one is committed. Memory is bounded by `build_bytes_max` and the offsets of one table,
    /// however many entries there are.
    ///
    /// # Errors
    /// - [`Error::Source`] when the iterator yields an error; the old index then stays;
    /// - [`Error::Locked`] when another process writes to the index;
    /// - [`Error::Io`] from the disk, [`Error::Limit`] when one tombstone has too many keypoints.
    pub fn rebuild<I, E>(
        dir: &Path,
        options: Options,
        entries: I,
        applied: u64,
    ) -> Result<Index, Error>
    where
        I: IntoIterator<Item = Result<OwnedTombstoneEntry, E>>,
        E: std::error::Error + Send + Sync + 'static,
    {
        let lock = lock(dir)?;
        let old = match Manifest::load(dir) {
            Ok(manifest) => manifest.unwrap_or_default(),
            // An unreadable index is what a rebuild is for.
            Err(Error::Damaged { .. } | Error::Newer { .. }) => Manifest::default(),
            Err(error) => return Err(error),
        };
        let mut manifest = Manifest {
            generation: old.generation + 1,
            applied,
            next_id: free_id(dir)?.max(old.next_id).max(1),
            segments: Vec::new(),
        };
        let built = build(dir, &options, entries, &mut manifest);
        let discard_new =
            || manifest.segments.iter().for_each(|s| discard(&segment_path(dir, s.id)));
        if let Err(error) = built {
            discard_new();
            return Err(error);
        }
        if let Err(failed) = manifest.commit(dir, &options.faults) {
            if !failed.maybe_visible {
                discard_new();
            }
            return Err(failed.error);
        }
        remove_strays(dir, &manifest)?;
        Index::with(dir, options, &manifest, Some(lock))
    }
}

/// Writes as many segments as `segment_keypoints_max` requires, and lists them in `manifest`.
fn build<I, E>(
    dir: &Path,
    options: &Options,
    entries: I,
    manifest: &mut Manifest,
) -> Result<(), Error>
where
    I: IntoIterator<Item = Result<OwnedTombstoneEntry, E>>,
    E: std::error::Error + Send + Sync + 'static,
{
    let mut columns = Columns::default();
    let mut open: Option<Builder<'_>> = None;
    for entry in entries {
        let entry = entry.map_err(|e| Error::Source(Box::new(e)))?;
        let row =
            columns.row(entry.slot.0, entry.group, &entry.fingerprint, options.frame_quality_min);
        if let Some(full) = open.take_if(|b| !b.fits(&row)) {
            finish(dir, full, manifest)?;
        }
        let builder = match &mut open {
            Some(builder) => builder,
            None => {
                let temporary = segment_path(dir, manifest.next_id).with_extension(TEMPORARY);
                open.insert(Builder::create(&temporary, options)?)
            }
        };
        builder.push(row)?;
    }
    if let Some(last) = open {
        finish(dir, last, manifest)?;
    }
    sync_dir(dir, &options.faults)
}

fn finish(dir: &Path, builder: Builder<'_>, manifest: &mut Manifest) -> Result<(), Error> {
    let id = manifest.next_id;
    manifest.next_id += 1;
    let path = segment_path(dir, id);
    builder.finish(&path)?;
    let segment = Arc::new(Segment::open(&path, id)?);
    manifest.list(&segment, &[]);
    Ok(())
}

/// An id greater than that of every segment file in the folder, whether a manifest names it or not.
fn free_id(dir: &Path) -> Result<u64, Error> {
    let ids = names(dir)?.into_iter().filter_map(|name| {
        name.strip_prefix("segment-")?.strip_suffix(".seg")?.parse::<u64>().ok()
    });
    Ok(ids.max().map_or(1, |id| id + 1))
}
