//! The audit log as people read it.

use crate::engine::{Engine, Result};
use crate::store::{AuditFilter, AuditLine};

impl Engine {
    /// At most `limit` entries, the latest first, from before `before` on.
    ///
    /// # Errors
    /// The store's refusal.
    pub fn audit(
        &self,
        filter: &AuditFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<AuditLine>> {
        Ok(self.store().audit(filter, before, limit)?)
    }
}
