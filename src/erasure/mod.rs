//! Carries a deletion through to every copy, and proves it.
//!
//! Flow: `plan` decides, from what is known of a deletion, what its job does next; `copy` erases one copy by way of
//! `remote` and says how that ended; `backoff` says when to try again; `receipt` makes and signs the statement of what
//! went; `retained` folds what is kept for statistics. Decisions here are pure: the job that reads facts, acts and
//! writes down is `engine`'s, the rows are `store`'s.
//!
//! ```text
//! requested → hidden → fingerprinted → purging → erased → (backups due later) → complete
//! before purging → cancelled, and its tombstone goes too
//! any but the last two may be stuck: it says why, is tried again all the same, and can be hurried
//! ```

mod backoff;
mod copy;
mod plan;
mod receipt;
mod retained;

pub use backoff::Backoff;
pub use copy::{CopyTask, erase};
pub use plan::{Step, next};
pub use receipt::{
    Checked, NotAKey, PublicKeys, ReceiptError, ReceiptFacts, ReceiptKey, Receipts, Unverified,
    canonical, issue, verify,
};
pub use retained::{fold, month_start, period_start};

use crate::model::{DeletionReason, UnixSeconds};

/// Settings of the room.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long the main copy stays when it cannot be fingerprinted, seconds. Default 24 hours.
    pub fingerprint_wait_s: u32,
    /// The same for legal deletions. Default 1 hour.
    pub fingerprint_wait_legal_s: u32,
    /// Between the tombstone and the first erasure, seconds: the time in which an owner can still think better of it.
    /// Default 0.
    pub grace_s: u32,
    /// When to try again.
    pub backoff: Backoff,
    /// Failures in a row after which somebody should look. Default 6: some two minutes at the standard back-off.
    pub stuck_after: u32,
    /// Copies of one deletion that are erased at once. Default 8.
    pub copies_at_once: usize,
    /// Videos that a published sum has at least, and by which it changes at least. Default 10.
    pub anonymity_min: u64,
    /// How long after completion things are kept in plain, seconds. Default 90 days.
    pub retention_s: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            fingerprint_wait_s: 24 * 3600,
            fingerprint_wait_legal_s: 3600,
            grace_s: 0,
            backoff: Backoff::default(),
            stuck_after: 6,
            copies_at_once: 8,
            anonymity_min: 10,
            retention_s: 90 * 86_400,
        }
    }
}

impl Options {
    /// When a deletion that was requested now goes on without a fingerprint.
    pub fn fingerprint_by(&self, reason: DeletionReason, now: UnixSeconds) -> UnixSeconds {
        let wait_s = match reason {
            DeletionReason::Legal => self.fingerprint_wait_legal_s.min(self.fingerprint_wait_s),
            DeletionReason::OwnerRequest | DeletionReason::Moderation => self.fingerprint_wait_s,
        };
        now.saturating_add(i64::from(wait_s))
    }
}
