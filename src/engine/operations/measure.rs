//! Liveness of the database, and gauges for the metrics.

use crate::engine::core::Engine;
use crate::engine::error::Result;

impl Engine {
    /// Checks that the database answers a query.
    ///
    /// # Errors
    /// [`Error::Store`](crate::engine::Error::Store) if it cannot be read.
    pub fn ping(&self) -> Result<()> {
        self.store().log_head()?;
        Ok(())
    }

    /// Updates the gauges that cost a query. Called when metrics are scraped.
    ///
    /// # Errors
    /// None: the index has its numbers in memory.
    pub fn measure(&self) -> Result<()> {
        if let Some(stats) = self.index_stats() {
            metrics::gauge!("cenotaph_index_tombstones").set(stats.tombstones as f64);
            metrics::gauge!("cenotaph_index_mapped_bytes").set(stats.mapped_bytes as f64);
        }
        Ok(())
    }
}
