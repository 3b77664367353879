//! The spool: a folder with the bytes of uploads, written as they arrive, one file per upload, named by its id.
//!
//! A file without an upload (the sender disconnected, or the process was killed before it accepted the upload) is
//! removed on drop or at the next start. Every removal is verified.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use crate::engine::error::{Error, Result};
use crate::model::{ByteDigester, IdentityKey, UploadBytes, UploadId};
use crate::store::Store;

/// The folder in the data folder.
pub const SPOOL_FOLDER: &str = "spool";
/// The name of a spooled file in messages: ids and paths mean nothing to the reader.
pub(in crate::engine) const NAME: &str = "the upload";
/// Files swept in one step at the start.
const FILES_AT_ONCE: usize = 1000;

/// The folder of spooled uploads.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Spool {
    folder: PathBuf,
}

/// A file being written. Dropping it removes the file, unless it was kept.
#[derive(Debug)]
pub struct Spooling {
    pub id: UploadId,
    file: File,
    path: PathBuf,
    digester: ByteDigester,
    size: u64,
    bytes_max: u64,
    kept: bool,
}

/// An error that names the spool instead of a path that no reader knows.
fn failed(source: io::Error) -> Error {
    Error::File { path: PathBuf::from("the spool"), source }
}

impl Spool {
    /// Opens the folder, and creates it if it does not exist.
    ///
    /// # Errors
    /// [`Error::Store`] when the folder cannot be created.
    pub fn open(store: &Store) -> Result<Spool> {
        Ok(Spool { folder: store.folder().make_folder(SPOOL_FOLDER)? })
    }

    pub fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    /// Creates a file.
    ///
    /// # Errors
    /// [`Error::File`] when the file exists or cannot be created.
    pub fn begin(&self, id: UploadId, identity: &IdentityKey, bytes_max: u64) -> Result<Spooling> {
        let path = self.path(id);
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
        let digester = identity.digester();
        Ok(Spooling { id, file, path, digester, size: 0, bytes_max, kept: false })
    }

    /// Opens a file for reading; `None` when it does not exist.
    ///
    /// # Errors
    /// [`Error::File`] when the file cannot be opened.
    pub fn read(&self, id: UploadId) -> Result<Option<File>> {
        match File::open(self.path(id)) {
            Ok(file) => Ok(Some(file)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(failed(e)),
        }
    }

    pub fn path(&self, id: UploadId) -> PathBuf {
        self.folder.join(id.to_string())
    }

    /// Makes created and removed file names durable.
    ///
    /// # Errors
    /// [`Error::File`] when the folder cannot be synced.
    pub fn sync(&self) -> Result<()> {
        File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(failed)
    }

    /// Removes files and verifies that they are gone. Ignores files that do not exist.
    ///
    /// # Errors
    /// [`Error::File`] when a file cannot be removed or still exists afterwards.
    pub fn remove(&self, ids: &[UploadId]) -> Result<()> {
        for id in ids {
            let path = self.path(*id);
            match fs::remove_file(&path) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(failed(e)),
                _ => {}
            }
            if path.try_exists().map_err(failed)? {
                return Err(failed(io::ErrorKind::AlreadyExists.into()));
            }
        }
        if ids.is_empty() { Ok(()) } else { self.sync() }
    }

    /// Removes the orphans of a killed process: files without an upload. Returns their number.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot be read; [`Error::File`] when the spool cannot be read or swept.
    pub fn sweep(&self, store: &Store) -> Result<usize> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            // Leave foreign files alone.
            found.extend(name.to_str().and_then(|name| name.parse::<UploadId>().ok()));
        }
        let mut removed = 0;
        for ids in found.chunks(FILES_AT_ONCE) {
            let kept = store.with_bytes(ids)?;
            let left: Vec<UploadId> = ids.iter().copied().filter(|id| !kept.contains(id)).collect();
            self.remove(&left)?;
            removed += left.len();
        }
        Ok(removed)
    }
}

impl Spooling {
    /// Appends a piece.
    ///
    /// # Errors
    /// [`Error::TooLarge`] above the limit; [`Error::File`] when the file cannot be written.
    pub fn write(&mut self, piece: &[u8]) -> Result<()> {
        let size = self.size + piece.len() as u64;
        if size > self.bytes_max {
            let path = PathBuf::from("the upload");
            return Err(Error::TooLarge { path, bytes: size, bytes_max: self.bytes_max });
        }
        self.file.write_all(piece).map_err(failed)?;
        // A digester accepts every byte.
        let _ = self.digester.write(piece);
        self.size = size;
        Ok(())
    }

    pub fn bytes(&self) -> UploadBytes {
        UploadBytes { digest: self.digester.finish(), size: self.size }
    }

    /// Keeps the file for its accepted upload, and returns a handle to sync it.
    pub(in crate::engine) fn keep(mut self) -> io::Result<File> {
        self.kept = true;
        self.file.try_clone()
    }
}

impl Drop for Spooling {
    fn drop(&mut self) {
        if !self.kept {
            // On failure the next start sweeps it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FixedClock;
    use crate::store::{Folder, Options};

    fn spool() -> (tempfile::TempDir, Store, Spool) {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open_writing(dir.path(), "test", &FixedClock(0)).unwrap();
        let store = Store::open(folder, Options::default()).unwrap();
        let spool = Spool::open(&store).unwrap();
        (dir, store, spool)
    }

    fn id(n: u8) -> UploadId {
        UploadId([n; 16])
    }

    #[test]
    fn dropping_a_file_that_was_not_kept_removes_it() {
        let (_dir, _, spool) = spool();
        let key = IdentityKey::new([1; 32]);
        let mut one = spool.begin(id(1), &key, 100).unwrap();
        one.write(b"half").unwrap();
        assert!(spool.read(id(1)).unwrap().is_some());
        drop(one);
        assert!(spool.read(id(1)).unwrap().is_none());
        let mut two = spool.begin(id(2), &key, 100).unwrap();
        two.write(b"whole").unwrap();
        assert_eq!(two.bytes().size, 5);
        two.keep().unwrap();
        assert!(spool.read(id(2)).unwrap().is_some());
        spool.remove(&[id(2), id(3)]).unwrap();
        assert!(spool.read(id(2)).unwrap().is_none());
    }

    #[test]
    fn a_write_above_the_limit_fails_and_writes_nothing() {
        let (_dir, _, spool) = spool();
        let mut one = spool.begin(id(1), &IdentityKey::new([1; 32]), 10).unwrap();
        one.write(&[0; 10]).unwrap();
        assert!(matches!(one.write(&[0]), Err(Error::TooLarge { bytes: 11, bytes_max: 10, .. })));
        assert_eq!(spool.path(id(1)).metadata().unwrap().len(), 10);
    }

    #[test]
    fn a_sweep_removes_orphans_and_leaves_foreign_files() {
        let (_dir, store, spool) = spool();
        spool.begin(id(1), &IdentityKey::new([1; 32]), 10).unwrap().keep().unwrap();
        fs::write(spool.folder().join("notes.txt"), "mine").unwrap();
        assert_eq!(spool.sweep(&store).unwrap(), 1);
        assert_eq!(fs::read_dir(spool.folder()).unwrap().count(), 1);
    }
}
