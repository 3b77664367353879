//! Retention: erases bytes' traces, client data, uploads, events and cases when their time is over. It stands here
//! because one transaction reaches from uploads over events to cases.

use rusqlite::{Connection, params};

use crate::model::{UnixSeconds, UploadId};
use crate::store::database::columns;
use crate::store::uploads::retention;
use crate::store::webhooks::outbox;
use crate::store::{Result, Store};

/// Counts of erased rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ErasedCounts {
    /// Uploads whose client data was erased.
    pub client_data: usize,
    /// Erased uploads.
    pub uploads: usize,
    /// Erased events, without pending deliveries.
    pub events: usize,
    pub idempotency_keys: usize,
    /// Erased cases, likenesses or appeal statements, whichever were most.
    pub cases: usize,
}

/// Limits of the retention: everything that ended before its limit is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionLimits {
    pub client_data_before: UnixSeconds,
    pub uploads_before: UnixSeconds,
    pub events_before: UnixSeconds,
    pub idempotency_before: UnixSeconds,
    /// The time of this call.
    pub now: UnixSeconds,
    /// Likenesses of cases that could be joined until then.
    pub likenesses_before: UnixSeconds,
    /// Largest number of rows of each kind in one call.
    pub limit: usize,
}

impl Store {
    /// Records that these uploads' bytes are gone, and erases the data that is useless without them.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn record_erased_bytes(&self, uploads: Vec<UploadId>, now: UnixSeconds) -> Result<()> {
        self.write_grouped(move |c| {
            for id in uploads {
                retention::record_erased_bytes(c, id, now)?;
                c.prepare_cached(
                    "DELETE FROM case_plots WHERE upload = (SELECT seq FROM uploads WHERE id = ?1)",
                )?
                .execute([id.0])?;
                c.prepare_cached(
                    "UPDATE case_members SET content = NULL WHERE content IS NOT NULL \
                     AND upload = (SELECT seq FROM uploads WHERE id = ?1)",
                )?
                .execute([id.0])?;
            }
            Ok(())
        })
    }

    /// Erases everything past its retention. An upload stays as long as its bytes are in the spool.
    ///
    /// # Errors
    /// A read-only store, a full or failing disk; nothing is changed then: see [writes](crate::store::Error#writes).
    pub fn erase_expired(&self, limits: RetentionLimits) -> Result<ErasedCounts> {
        let RetentionLimits {
            client_data_before, uploads_before, events_before, now, limit, ..
        } = limits;
        self.write(|c| {
            let client_data = retention::erase_client_data(c, client_data_before, limit)?;
            let uploads = retention::erase_uploads(c, uploads_before, limit)?;
            // Events contain client data, so one that waits for a paused subscriber does not wait for ever.
            outbox::expire_deliveries(c, client_data_before.min(events_before), now)?;
            let events = outbox::erase_events(c, events_before, limit)?;
            let idempotency_keys =
                retention::erase_idempotency_keys(c, limits.idempotency_before, limit)?;
            let cases = erase_cases(c, &limits)?;
            Ok(ErasedCounts { client_data, uploads, events, idempotency_keys, cases })
        })
    }
}

/// Erases closed cases, likenesses past their time to join, and appeal statements.
fn erase_cases(c: &Connection, limits: &RetentionLimits) -> rusqlite::Result<usize> {
    let limit = columns::row_limit(limits.limit);
    let cases = c.execute(
        "DELETE FROM cases WHERE seq IN (SELECT seq FROM cases WHERE closed_at < ?1 LIMIT ?2)",
        params![limits.uploads_before, limit],
    )?;
    let appeals = c.execute(
        "UPDATE cases SET appeal_statement = NULL WHERE seq IN (SELECT seq FROM cases \
         WHERE closed_at < ?1 AND appeal_statement IS NOT NULL LIMIT ?2)",
        params![limits.client_data_before, limit],
    )?;
    let likenesses = c.execute(
        "DELETE FROM case_likenesses WHERE case_seq IN (SELECT case_seq FROM case_likenesses \
         WHERE join_until < ?1 LIMIT ?2)",
        params![limits.likenesses_before, limit],
    )?;
    Ok(cases.max(appeals).max(likenesses))
}
