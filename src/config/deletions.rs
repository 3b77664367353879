//! `[deletions]` of the settings: as it is typed, and validated.

use serde::{Deserialize, Serialize};

use crate::config::settings::{DAY_S, HOUR_S, at_least, bad, seconds};
use crate::config::{Error, Result};
use crate::engine::deletions::Options;
use crate::erasure;
use crate::erasure::Backoff;

/// `[deletions]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Deletions {
    pub fingerprint_wait_hours: f64,
    pub fingerprint_wait_legal_hours: f64,
    pub grace_s: u32,
    pub retry_first_s: u32,
    pub retry_most_s: u32,
    pub stuck_after: u32,
    pub retention_days: f64,
    pub anonymity_min: u64,
    pub repeat_s: u32,
    pub jobs_max: usize,
    pub copies_at_once: usize,
    pub fetches_max: usize,
    pub copies_max: usize,
    pub id_bytes_max: usize,
    pub uri_bytes_max: usize,
    pub metadata_bytes_max: usize,
    pub bulk_max: usize,
    pub visibility_batch_max: usize,
}

impl Default for Deletions {
    fn default() -> Self {
        let of = Options::default();
        Deletions {
            fingerprint_wait_hours: f64::from(of.erasure.fingerprint_wait_s) / HOUR_S,
            fingerprint_wait_legal_hours: f64::from(of.erasure.fingerprint_wait_legal_s) / HOUR_S,
            grace_s: of.erasure.grace_s,
            retry_first_s: of.erasure.backoff.first_s,
            retry_most_s: of.erasure.backoff.max_s,
            stuck_after: of.erasure.stuck_after,
            retention_days: of.erasure.retention_s as f64 / DAY_S,
            anonymity_min: of.erasure.anonymity_min,
            repeat_s: of.repeat_s,
            jobs_max: of.jobs_max,
            copies_at_once: of.erasure.copies_at_once,
            fetches_max: of.fetches_max,
            copies_max: of.copies_max,
            id_bytes_max: of.id_bytes_max,
            uri_bytes_max: of.uri_bytes_max,
            metadata_bytes_max: of.metadata_bytes_max,
            bulk_max: of.bulk_max,
            visibility_batch_max: of.visibility_batch_max,
        }
    }
}

pub(super) fn options(typed: &Deletions) -> Result<Options> {
    let counts = [
        ("deletions.retry_first_s", u64::from(typed.retry_first_s)),
        ("deletions.stuck_after", typed.stuck_after.into()),
        ("deletions.jobs_max", typed.jobs_max as u64),
        ("deletions.copies_at_once", typed.copies_at_once as u64),
        ("deletions.fetches_max", typed.fetches_max as u64),
        ("deletions.copies_max", typed.copies_max as u64),
        ("deletions.id_bytes_max", typed.id_bytes_max as u64),
        ("deletions.uri_bytes_max", typed.uri_bytes_max as u64),
        ("deletions.bulk_max", typed.bulk_max as u64),
        ("deletions.visibility_batch_max", typed.visibility_batch_max as u64),
    ];
    for (name, value) in counts {
        at_least(name, value, 1)?;
    }
    // A sum of one video would tell of that video.
    at_least("deletions.anonymity_min", typed.anonymity_min, 2)?;
    if typed.retry_most_s < typed.retry_first_s {
        return bad("deletions.retry_most_s", "it is less than `retry_first_s`");
    }
    let hours = |name, hours| -> Result<u32> {
        let whole = seconds(name, hours, HOUR_S)?;
        u32::try_from(whole).map_err(|_| Error::BadSetting { name, why: "it is too long".into() })
    };
    let retention_s = seconds("deletions.retention_days", typed.retention_days, DAY_S)?;
    Ok(Options {
        erasure: erasure::Options {
            fingerprint_wait_s: hours(
                "deletions.fingerprint_wait_hours",
                typed.fingerprint_wait_hours,
            )?,
            fingerprint_wait_legal_s: hours(
                "deletions.fingerprint_wait_legal_hours",
                typed.fingerprint_wait_legal_hours,
            )?,
            grace_s: typed.grace_s,
            backoff: Backoff { first_s: typed.retry_first_s, max_s: typed.retry_most_s },
            stuck_after: typed.stuck_after,
            copies_at_once: typed.copies_at_once,
            anonymity_min: typed.anonymity_min,
            retention_s: retention_s.cast_unsigned(),
        },
        jobs_max: typed.jobs_max,
        fetches_max: typed.fetches_max,
        repeat_s: typed.repeat_s,
        id_bytes_max: typed.id_bytes_max,
        uri_bytes_max: typed.uri_bytes_max,
        copies_max: typed.copies_max,
        metadata_bytes_max: typed.metadata_bytes_max,
        bulk_max: typed.bulk_max,
        visibility_batch_max: typed.visibility_batch_max,
        ..Options::default()
    })
}
