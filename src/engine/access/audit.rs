//! Reading the audit log.

use crate::engine::core::Engine;
use crate::engine::error::Result;
use crate::store::{AuditFilter, AuditLine};

impl Engine {
    /// Up to `limit` entries that precede `before`, newest first.
    ///
    /// # Errors
    /// [`Error::Store`](crate::engine::Error::Store) if the store cannot be read.
    pub fn audit(
        &self,
        filter: &AuditFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<AuditLine>> {
        Ok(self.store().audit(filter, before, limit)?)
    }
}
