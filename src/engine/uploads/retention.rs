//! Retention of uploads. Erases the bytes at the verdict `allow` or after the time for an appeal, then the client data,
//! and last the record. Also expires tombstones, as the settings say.
//!
//! Bytes count as gone only after a check that the file does not exist. After client data or records are erased, the
//! write-ahead log is checkpointed, so no file of the data folder holds them.

use std::sync::Arc;

use crate::engine::error::Result;
use crate::engine::jobs::{Claim, Job, Source, Take};
use crate::engine::uploads::Uploads;
use crate::model::{DAY_S, UnixSeconds, chain};
use crate::store::RetentionLimits;

/// Uploads whose bytes are erased in one step.
const FILES_AT_ONCE: usize = 500;
/// Rows of each kind erased in one step.
const ROWS_AT_ONCE: usize = 1000;
/// How often client data and records are swept, seconds.
const FORGET_EVERY_S: i64 = 3600;
/// How long a delivered event stays listed, seconds: a week.
const EVENTS_S: i64 = 7 * DAY_S;

/// The key of the only job: one runs at a time.
const KEY: i64 = 0;

struct RetentionSource {
    uploads: Arc<Uploads>,
    forgotten_at: std::sync::atomic::AtomicI64,
}

pub(in crate::engine) fn source(uploads: &Arc<Uploads>) -> Arc<dyn Source> {
    Arc::new(RetentionSource { uploads: uploads.clone(), forgotten_at: i64::MIN.into() })
}

impl Source for RetentionSource {
    fn name(&self) -> &'static str {
        "upload retention"
    }

    fn claim(self: Arc<Self>, take: Take) -> Result<Claim> {
        use std::sync::atomic::Ordering::SeqCst;
        let uploads = &self.uploads;
        let (due, next) = uploads.engine.store().uploads_with_bytes_until(take.now, 1)?;
        let forget_at = self.forgotten_at.load(SeqCst).saturating_add(FORGET_EVERY_S);
        let forget = forget_at <= take.now;
        if due.is_empty() && !forget {
            let next_due_at = next.map_or(forget_at, |at| at.min(forget_at));
            return Ok(Claim { jobs: Vec::new(), next_due_at: Some(next_due_at) });
        }
        let (uploads, source) = (uploads.clone(), self.clone());
        let work = async move {
            let pools = uploads.pools.clone();
            let erased = pools.blocking(move || -> Result<()> {
                uploads.erase_due_bytes()?;
                if forget {
                    uploads.erase_expired()?;
                    uploads.engine.expire_tombstones(&uploads.environment)?;
                    uploads.expire_prints()?;
                    source.forgotten_at.store(take.now, SeqCst);
                }
                Ok(())
            });
            if let Err(error) = erased.await {
                tracing::error!(error = %chain(&error), "upload retention failed; retrying");
                // Pause: the disk may need an operator.
                tokio::time::sleep(std::time::Duration::from_secs(10)).await;
            }
        };
        Ok(Claim { jobs: vec![Job { key: KEY, work: Box::pin(work) }], next_due_at: None })
    }

    fn extend(&self, _: &[i64], _: UnixSeconds) -> Result<()> {
        Ok(())
    }
}

impl Uploads {
    /// Erases the bytes that are due, and records each as gone after verifying it.
    fn erase_due_bytes(&self) -> Result<()> {
        loop {
            let now = self.environment.now();
            let (due, _) = self.engine.store().uploads_with_bytes_until(now, FILES_AT_ONCE)?;
            if due.is_empty() {
                return Ok(());
            }
            self.spool.remove(&due)?;
            metrics::counter!("cenotaph_upload_bytes_gone_total").increment(due.len() as u64);
            self.engine.store().record_erased_bytes(due, now)?;
        }
    }

    fn expire_prints(&self) -> Result<()> {
        if self.engine.expire_prints(self.environment.now())? > 0 {
            self.engine.store().fold_log()?;
        }
        Ok(())
    }

    fn erase_expired(&self) -> Result<()> {
        let now = self.environment.now();
        let limits = RetentionLimits {
            client_data_before: now - self.options.words_s,
            uploads_before: now - self.options.record_s,
            events_before: now - EVENTS_S,
            idempotency_before: now - self.options.idempotency_s,
            now,
            likenesses_before: now,
            limit: ROWS_AT_ONCE,
        };
        let mut any = false;
        loop {
            let gone = self.engine.store().erase_expired(limits)?;
            let most = gone.client_data.max(gone.uploads).max(gone.events);
            let most = most.max(gone.idempotency_keys).max(gone.cases);
            any |= most > 0;
            if most < ROWS_AT_ONCE {
                break;
            }
        }
        if any {
            self.engine.store().fold_log()?;
        }
        Ok(())
    }
}
