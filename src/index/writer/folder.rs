//! The folder of an index: its lock, the leftovers of crashes, and how a reader notices a commit.

use std::collections::HashSet;
use std::fs::{self, File, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::index::error::Error;
use crate::index::segment::{TEMPORARY, discard, names};
use crate::index::writer::manifest::{Manifest, path_in, segment_path};

/// Identifies one manifest file: every commit makes a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: u64,
    modified_s: i64,
    modified_ns: i64,
    bytes: u64,
}

impl Stamp {
    /// The manifest that is in the folder now. Costs one `stat`.
    ///
    /// # Errors
    /// [`Error::Io`] when there is none.
    pub fn of(dir: &Path) -> Result<Stamp, Error> {
        let path = path_in(dir);
        let meta = fs::metadata(&path).map_err(Error::io("open", &path))?;
        Ok(Stamp {
            inode: meta.ino(),
            modified_s: meta.mtime(),
            modified_ns: meta.mtime_nsec(),
            bytes: meta.len(),
        })
    }
}

/// Locks the folder for writing, and creates it if it does not exist. The lock is released when the file is closed.
///
/// # Errors
/// [`Error::Locked`] when another process holds the lock, [`Error::Io`] from the file system.
pub(super) fn lock(dir: &Path) -> Result<File, Error> {
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

/// Removes segments and temporary files that the manifest does not name: leftovers of a crash.
pub(super) fn remove_strays(dir: &Path, manifest: &Manifest) -> Result<(), Error> {
    let named: HashSet<PathBuf> =
        manifest.segments.iter().map(|s| segment_path(dir, s.id)).collect();
    for name in names(dir)? {
        let path = dir.join(&name);
        let ours = name.starts_with("segment-") || name.starts_with("manifest.");
        let stray = path.extension().is_some_and(|e| e == TEMPORARY)
            || (name.ends_with(".seg") && !named.contains(&path));
        if ours && stray {
            discard(&path);
        }
    }
    Ok(())
}
