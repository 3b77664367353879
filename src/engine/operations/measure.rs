//! How the service is doing: whether it works at all, and numbers for the metrics.

use crate::engine::{Engine, Result};

impl Engine {
    /// Touches the database.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn ping(&self) -> Result<()> {
        self.store().log_head()?;
        Ok(())
    }

    /// Sets the gauges that are only worth their look-up when somebody asks.
    ///
    /// # Errors
    /// The store's refusal.
    pub fn measure(&self) -> Result<()> {
        if let Some(stats) = self.index_stats() {
            metrics::gauge!("cenotaph_index_tombstones").set(stats.tombstones as f64);
            metrics::gauge!("cenotaph_index_mapped_bytes").set(stats.mapped_bytes as f64);
        }
        Ok(())
    }
}
