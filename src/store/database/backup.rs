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
    /// Writes the database as it is at this moment; returns the file's size. What was erased is not in it, not even as
    /// unused pages. The file is for this user only; it appears whole or not at all.
    ///
    /// # Errors
    /// There is something at `path` already; the disk's refusal.
    pub fn backup_to(&self, path: &Path) -> Result<u64> {
        let writing = |e| Error::writing(path, "nothing", e);
        if path.symlink_metadata().is_ok() {
            return Err(writing(io::ErrorKind::AlreadyExists.into()));
        }
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // Beside its place, in a folder that nobody else may read, so that neither is it.
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
        // Fails when something has come to be there meanwhile, where a rename would replace it.
        fs::hard_link(&unfinished, path).map_err(writing)?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(writing)?;
        Ok(path.metadata().map_err(writing)?.len())
    }
}
