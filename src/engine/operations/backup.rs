//! Online backups of a data folder. Only the database needs one: the index can be rebuilt from it. Back up the keys
//! separately.

use std::path::Path;

use crate::engine::core::Engine;
use crate::engine::error::Result;

impl Engine {
    /// Writes a consistent snapshot of the database to a new file while the service keeps running. Returns its size,
    /// bytes. Leaves out the index, which can be rebuilt, and the spooled uploads.
    ///
    /// # Errors
    /// [`Error::Store`](crate::engine::Error::Store) if `path` exists or cannot be written, or the database cannot be
    /// read.
    pub fn backup(&self, path: &Path) -> Result<u64> {
        Ok(self.store().backup_to(path)?)
    }
}
