//! Backups of a data folder, online. The database is all that cannot be made again; keys are backed up apart.

use std::path::Path;

use crate::engine::{Engine, Result};

impl Engine {
    /// Writes the database as it is at this moment to a file, beside whatever goes on. The index is not in it, since it
    /// is made again; nor are the bytes of uploads.
    ///
    /// # Errors
    /// There is something at `path`; it cannot be written.
    pub fn backup(&self, path: &Path) -> Result<u64> {
        Ok(self.store().backup_to(path)?)
    }
}
