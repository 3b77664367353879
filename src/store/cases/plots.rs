//! Time plots: where upload and deleted video agree in time. A case gets them when it opens, or later.

use rusqlite::{Connection, params};

use crate::model::{UploadId, UploadSeq};
use crate::store::database::columns;
use crate::store::{Result, Store};

/// The rank of a match, and its plot.
pub type RankedPlot = (u32, Vec<u8>);

impl Store {
    /// Up to `limit` uploads without plots whose cases wait after an appeal, and whose bytes are still stored.
    ///
    /// # Errors
    /// A failing disk or a damaged database: see [reads](crate::store::Error#reads).
    pub fn uploads_to_draw(&self, limit: usize) -> Result<Vec<UploadId>> {
        self.read(|c| {
            c.prepare_cached(
                "SELECT u.id FROM cases c JOIN uploads u ON u.seq = c.upload \
                 WHERE c.state IN ('open', 'escalated') AND c.appealed_at IS NOT NULL \
                 AND c.tombstone <> '' AND u.bytes_gone_at IS NULL \
                 AND NOT EXISTS (SELECT 1 FROM case_plots p WHERE p.upload = c.upload) LIMIT ?1",
            )?
            .query_map([columns::row_limit(limit)], |row| row.get(0).map(UploadId))?
            .collect()
        })
    }

    /// Adds plots to an upload; returns false if it has been erased.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn add_case_plots(&self, upload: UploadId, plots: Vec<RankedPlot>) -> Result<bool> {
        self.write_grouped(move |c| {
            let seq = c
                .prepare_cached("SELECT seq FROM uploads WHERE id = ?1")?
                .query_map([upload.0], |row| row.get::<_, UploadSeq>(0))?
                .next()
                .transpose()?;
            let Some(seq) = seq else { return Ok(false) };
            add(c, seq, &plots).map(|()| true)
        })
    }
}

/// Adds plots in the caller's transaction.
pub(in crate::store) fn add(
    c: &Connection,
    upload: UploadSeq,
    plots: &[RankedPlot],
) -> rusqlite::Result<()> {
    for (rank, plot) in plots {
        c.prepare_cached(
            "INSERT OR REPLACE INTO case_plots (upload, rank, plot) VALUES (?1, ?2, ?3)",
        )?
        .execute(params![upload, rank, plot])?;
    }
    Ok(())
}
