//! Backups: one consistent state of the database, written to a file while others read and write.

use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::store::database::connection;
use crate::store::database::error::{Error, Result};
use crate::store::database::store::Store;

impl Store {
    /// Writes a copy of the database as it is now, and returns its size in bytes. Erased data is not in it, not even in
    /// unused pages. Only this user may read the file; it appears complete or not at all.
    ///
    /// # Errors
    /// [`Error::InTheWay`] if `path` exists; [`Error::Unwritable`] or [`Error::Full`] if it cannot be written; and
    /// [reads](crate::store::Error#reads).
    pub fn backup_to(&self, path: &Path) -> Result<u64> {
        let writing = |e| Error::writing(path, "nothing", e);
        if path.symlink_metadata().is_ok() {
            return Err(writing(io::ErrorKind::AlreadyExists.into()));
        }
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // In a private folder beside the target, so that no other user can read the unfinished file.
        let beside = tempfile::Builder::new().prefix(".backup-").tempdir_in(folder);
        let beside = beside.map_err(writing)?;
        let unfinished = beside.path().join("cenotaph.db");
        let connection = connection::open_reader(&self.folder().database_path())?;
        let name = unfinished.as_os_str().as_bytes();
        let name = std::str::from_utf8(name)
            .map_err(|_| writing(io::Error::new(io::ErrorKind::InvalidInput, "not UTF-8")))?;
        connection
            .execute("VACUUM INTO ?1", [name])
            .map_err(|error| Error::from_sqlite(&unfinished, error))?;
        fs::set_permissions(&unfinished, fs::Permissions::from_mode(0o600)).map_err(writing)?;
        File::open(&unfinished).and_then(|file| file.sync_all()).map_err(writing)?;
        // A hard link fails if the target has appeared meanwhile; a rename would replace it.
        fs::hard_link(&unfinished, path).map_err(writing)?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(writing)?;
        Ok(path.metadata().map_err(writing)?.len())
    }
}
